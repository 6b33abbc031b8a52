"""How far apart two prices are, and how much that says among the prices there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from samesku.candidates.similarity import Ends
from samesku.catalog.catalog import Catalog
from samesku.catalog.currencies import rates
from samesku.runtime.arrays import Doubles, Ints
from samesku.scoring.features.table import Column, both_ways

# Logs of prices closer than this are one price: a float's last digits.
ROUNDING = 1e-6


def log_prices(catalog: Catalog) -> tuple[Doubles, Doubles]:
    """Natural logarithms of the prices, and of what a euro is worth in each one's currency.

    Float64 ``(n,)`` each; NaN where unknown.
    """
    prices: Doubles = catalog.frame["price"].cast(float).fill_null(np.nan).to_numpy()
    return np.log(prices), np.log(rates(catalog.frame))


def spread(logs: Doubles, log_rates: Doubles) -> tuple[Doubles, Ints]:
    """The logarithms of the different prices, ascending, and how many postings ask each."""
    in_euros = logs - np.nan_to_num(log_rates)
    return np.unique(in_euros[~np.isnan(in_euros)], return_counts=True)


@dataclass(frozen=True, eq=False)
class Prices:
    """The prices of postings, and how the prices of a catalogue are spread, in logarithms.

    Prices in two currencies are compared in euros; one whose currency is unknown as it stands.
    """

    logs: Doubles  # (n,), NaN where unknown
    log_rates: Doubles  # (n,), of the currency to the euro, NaN where unknown
    values: Doubles  # the different prices of the whole catalogue in euros, ascending
    below: Ints  # how many postings ask less than each, and last how many have one

    @classmethod
    def of(cls, catalog: Catalog) -> Prices:
        """Read the prices of a catalogue."""
        logs = log_prices(catalog)
        return cls.among(logs, *spread(*logs))

    @classmethod
    def among(
        cls,
        logs: tuple[Doubles, Doubles],
        values: Doubles,
        counts: Ints,
    ) -> Prices:
        """Prices beside those of a whole catalogue: its different ones, and how many ask each."""
        return cls(*logs, values, np.concatenate([[0], np.cumsum(counts)]))

    def gap(self, left: Ends, right: Ends) -> Doubles:
        """How far the prices of pairs lie apart, float64 ``(m,)``, NaN where one is unknown."""
        between = np.nan_to_num(self.log_rates[left] - self.log_rates[right])
        return np.abs(self.logs[left] - self.logs[right] - between)

    def nearer(self, end: Ends, gap: Doubles) -> Doubles:
        """The share of the known prices that are nearer to that of `end` than `gap`."""
        centre = self.logs[end] - np.nan_to_num(self.log_rates[end])
        reach = gap - ROUNDING
        low = self.below[np.searchsorted(self.values, centre - reach, side="left")]
        high = self.below[np.searchsorted(self.values, centre + reach, side="right")]
        share = np.maximum(high - low, 0) / max(int(self.below[-1]), 1)
        return np.where(np.isnan(gap), np.nan, share)


@dataclass(frozen=True, eq=False)
class PartedPrices(Prices):
    """Prices of several parts of a catalogue, each as it is spread in its own part."""

    parts: Sequence[slice]

    @cached_property
    def parted(self) -> list[Prices]:
        """Those of each part, which both ends of its pairs are compared with."""
        logs = [(self.logs[part], self.log_rates[part]) for part in self.parts]
        return [Prices.among(each, *spread(*each)) for each in logs]

    def nearer(self, end: Ends, gap: Doubles) -> Doubles:
        """The share of the known prices of its part that are nearer to that of `end` than `gap`."""
        share = np.full(len(end), np.nan)
        for part, prices in zip(self.parts, self.parted, strict=True):
            own = np.flatnonzero((end >= part.start) & (end < part.stop))
            share[own] = prices.nearer(end[own] - part.start, gap[own])
        return share


def price_features(prices: Prices, left: Ends, right: Ends) -> dict[str, Column]:
    """The gap between two prices, and the share of all prices that are nearer.

    The share is what the gap would be worth by chance: 2% apart says much of a television and
    little where all cost about the same.

    `price_gap` is the absolute difference of the logs, `price_nearer_min` and `_max` are seen from
    either end; NaN where a price is unknown.
    """
    gap = prices.gap(left, right)
    shares = [prices.nearer(end, gap) for end in (left, right)]
    return {"price_gap": gap, **both_ways("price_nearer", *shares)}
