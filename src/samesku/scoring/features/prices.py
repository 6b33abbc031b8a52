"""How far apart two prices are, and how much that says among the prices there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.similarity import Ends
from samesku.catalog.catalog import Catalog
from samesku.scoring.features.table import Column, both_ways

# Logs of prices closer than this are one price: a float's last digits.
ROUNDING = 1e-6


def log_prices(catalog: Catalog) -> NDArray[np.float64]:
    """Natural logarithms of the prices, float64 ``(n,)``; NaN where unknown."""
    prices: NDArray[np.float64] = catalog.frame["price"].cast(float).fill_null(np.nan).to_numpy()
    return np.log(prices)


@dataclass(frozen=True, eq=False)
class Prices:
    """The prices of postings, and how the prices of a catalogue are spread, in logarithms."""

    logs: NDArray[np.float64]  # (n,), NaN where unknown
    values: NDArray[np.float64]  # the different prices of the whole catalogue, ascending
    below: NDArray[np.int64]  # how many postings ask less than each, and last how many have one

    @classmethod
    def of(cls, logs: NDArray[np.float64]) -> Prices:
        """Read the logarithms of all prices."""
        values, counts = np.unique(logs[~np.isnan(logs)], return_counts=True)
        return cls(logs, values, np.concatenate([[0], np.cumsum(counts)]))

    def nearer(self, centre: NDArray[np.float64], gap: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share of the known prices that are nearer to `centre` than `gap`."""
        reach = gap - ROUNDING
        low = self.below[np.searchsorted(self.values, centre - reach, side="left")]
        high = self.below[np.searchsorted(self.values, centre + reach, side="right")]
        share = np.maximum(high - low, 0) / max(int(self.below[-1]), 1)
        return np.where(np.isnan(gap), np.nan, share)


def price_features(prices: Prices, left: Ends, right: Ends) -> dict[str, Column]:
    """The gap between two prices, and the share of all prices that are nearer.

    The share is what the gap would be worth by chance: 2% apart says much of a television and
    little where all cost about the same.

    `price_gap` is the absolute difference of the logs, `price_nearer_min` and `_max` are seen from
    either end; NaN where a price is unknown.
    """
    logs = prices.logs
    gap = np.abs(logs[left] - logs[right])
    shares = [prices.nearer(logs[end], gap) for end in (left, right)]
    return {"price_gap": gap, **both_ways("price_nearer", *shares)}
