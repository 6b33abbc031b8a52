"""How a pair stands among its rivals: the other pairs of its left and of its right posting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["leads", "places"]


def leads(
    left: NDArray[np.integer], right: NDArray[np.integer], value: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each pair's value is above that of its best rival, seen from either end.

    Parameters
    ----------
    left, right : integer (m,)
        The pairs, each once.
    value : float (m,)
        NaN counts as 0, and leads nobody.

    Returns
    -------
    two of float64 (m,)
        Negative where a rival is better; a pair without rivals leads by its whole value, NaN where
        the value is.
    """
    filled = np.nan_to_num(value.astype(np.float64))
    unknown = np.isnan(value)
    one, other = (
        np.where(unknown, np.nan, filled - _best_rival(end, filled)) for end in (left, right)
    )
    return one, other


def places(end: NDArray[np.integer], value: NDArray[np.floating]) -> NDArray[np.int64]:
    """Place of each pair among those of its posting at one end, the largest value first: from 0."""
    order = np.lexsort((-value, end))
    place = np.empty(len(end), dtype=np.int64)
    place[order] = np.arange(len(end)) - np.searchsorted(end[order], end[order])
    return place


def _best_rival(end: NDArray[np.integer], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest value of the other pairs with the same posting, 0 where there are none."""
    order = np.lexsort((-value, end))
    by_end, sorted_value = end[order], value[order]
    start = np.searchsorted(by_end, by_end)
    count = np.searchsorted(by_end, by_end, side="right") - start
    second = sorted_value[np.minimum(start + 1, max(len(end) - 1, 0))]
    is_best = np.arange(len(end)) == start
    rival = np.where(is_best, np.where(count > 1, second, 0.0), sorted_value[start])
    best = np.empty(len(end))
    best[order] = rival
    return best
