"""How far apart two prices are, and how much that says among the prices there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from samesku.candidates.similarity import Ends
from samesku.catalog.catalog import Catalog
from samesku.catalog.currencies import rates
from samesku.runtime.arrays import Doubles, Ints
from samesku.scoring.features.table import WHOLE, Column, both_ways

# What the names of these features begin with.
PRICES = ("price_",)
# Logs of prices closer than this are one price: a float's last digits.
ROUNDING = 1e-6


def log_prices(catalog: Catalog) -> tuple[Doubles, Doubles]:
    """Natural logarithms of the prices, and of what a euro is worth in each one's currency.

    Float64 ``(n,)`` each; NaN where unknown.
    """
    prices: Doubles = catalog.frame["price"].cast(float).to_numpy()
    return np.log(prices), np.log(rates(catalog.frame))


def spread(logs: Doubles, log_rates: Doubles) -> tuple[Doubles, Ints]:
    """The logarithms of the different prices, ascending, and how many postings ask each."""
    in_euros = logs - np.nan_to_num(log_rates)
    return np.unique(in_euros[~np.isnan(in_euros)], return_counts=True)


@dataclass(frozen=True, eq=False)
class Prices:
    """The prices of postings, and how they are spread in their part of a catalogue, in logarithms.

    Prices in two currencies are compared in euros; one whose currency is unknown as it stands.
    """

    logs: Doubles  # (n,), NaN where unknown
    log_rates: Doubles  # (n,), of the currency to the euro, NaN where unknown
    # Of each part its postings, the different prices of all in it in euros, ascending, and how many
    # postings ask each.
    spreads: Sequence[tuple[slice, Doubles, Ints]]

    @classmethod
    def of(cls, catalog: Catalog, parts: Sequence[slice] = WHOLE) -> Prices:
        """Read the prices of a catalogue."""
        logs, log_rates = log_prices(catalog)
        spreads = [(part, *spread(logs[part], log_rates[part])) for part in parts]
        return cls(logs, log_rates, spreads)

    def gap(self, left: Ends, right: Ends) -> Doubles:
        """How far the prices of pairs lie apart, float64 ``(m,)``, NaN where one is unknown."""
        between = np.nan_to_num(self.log_rates[left] - self.log_rates[right])
        return np.abs(self.logs[left] - self.logs[right] - between)

    def nearer(self, end: Ends, gap: Doubles) -> Doubles:
        """The share of the known prices of its part that are nearer to that of `end` than `gap`."""
        centre = self.logs[end] - np.nan_to_num(self.log_rates[end])
        reach, found = gap - ROUNDING, np.full(len(end), np.nan)
        for part, values, counts in self.spreads:
            start, stop, _ = part.indices(len(self.logs))
            own = np.flatnonzero((end >= start) & (end < stop))
            below = np.concatenate([[0], np.cumsum(counts)])
            low = below[np.searchsorted(values, (centre - reach)[own], side="left")]
            high = below[np.searchsorted(values, (centre + reach)[own], side="right")]
            found[own] = np.maximum(high - low, 0) / max(int(below[-1]), 1)
        return np.where(np.isnan(gap), np.nan, found)


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
