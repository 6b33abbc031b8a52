"""How far apart two prices are, and how much that says among the prices there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samesku.catalog.catalog import Catalog
from samesku.scoring.features.table import Column, both_ways

__all__ = ["log_prices", "price_features"]

# Logs of prices closer than this are one price: a float's last digits.
ROUNDING = 1e-6


def log_prices(catalog: Catalog) -> NDArray[np.float64]:
    """Natural logarithms of the prices, float64 ``(n,)``; NaN where unknown."""
    if "price" not in catalog.frame.columns:
        return np.full(len(catalog), np.nan)
    prices: NDArray[np.float64] = catalog.frame["price"].cast(float).fill_null(np.nan).to_numpy()
    return np.log(prices)


def price_features(
    catalog: Catalog,
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    *,
    level: NDArray[np.float64] | None = None,
) -> dict[str, Column]:
    """The gap between two prices, and the share of all prices that are nearer.

    The share is what the gap would be worth by chance: 2% apart says much of a television and
    little where all cost about the same.

    Parameters
    ----------
    catalog : Catalog
    left, right : integer (m,)
        The pairs.
    level : float64 (n,), optional
        Subtracted from the log of each price first: what a shop or a currency differs by.

    Returns
    -------
    dict of str to float64 (m,)
        `price_gap`, the absolute difference of the logs, and `price_nearer_min` and `_max`, seen
        from either end; NaN where a price is unknown.
    """
    logs = log_prices(catalog)
    if level is not None:
        logs = logs - level
    known = np.sort(logs[~np.isnan(logs)])
    gap = np.abs(logs[left] - logs[right])
    shares = [_share_within(known, logs[end], gap) for end in (left, right)]
    return {"price_gap": gap, **both_ways("price_nearer", *shares)}


def _share_within(
    known: NDArray[np.float64], centre: NDArray[np.float64], gap: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The share of the known prices that are nearer to `centre` than `gap`."""
    reach = gap - ROUNDING
    low = np.searchsorted(known, centre - reach, side="left")
    high = np.searchsorted(known, centre + reach, side="right")
    share = np.maximum(high - low, 0) / max(len(known), 1)
    return np.where(np.isnan(gap), np.nan, share)
