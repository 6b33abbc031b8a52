"""One-to-one as probabilities: what is left of each pair's odds once all pairs have competed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["settled_odds"]

STEPS = 30
CLOSE = 1e-4
# Odds beyond these are as good as certain.
FURTHEST = 20.0


def settled_odds(
    left: NDArray[np.integer], right: NDArray[np.integer], odds: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """Log odds of each pair given that no posting has two counterparts.

    A rival that is surely someone else's is none any more, which no comparison of a pair with its
    own rivals shows. So the postings tell each other how likely they are still free, until all
    agree: belief propagation on the sets of links that share no posting.

    Parameters
    ----------
    left, right : integer (m,)
        The pairs, each once; positions among `size` postings.
    odds : float64 (m,)
        Log odds of each pair against both its postings staying alone.
    size : int

    Returns
    -------
    float64 (m,)
    """
    ratio = np.exp(np.clip(odds, -FURTHEST, FURTHEST))
    # How likely either end is free if this pair is left out of account.
    free_left, free_right = np.ones((2, len(ratio)))
    for _ in range(STEPS):
        before = free_left
        free_left = _free(left, ratio * free_right, size)
        free_right = _free(right, ratio * free_left, size)
        if len(ratio) == 0 or np.abs(free_left - before).max() < CLOSE:
            break
    return np.log(ratio) + np.log(free_left) + np.log(free_right)


def _free(end: NDArray[np.integer], wanted: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    others = np.bincount(end, wanted, size)[end] - wanted
    free: NDArray[np.float64] = 1 / (1 + np.maximum(others, 0))
    return free
