"""Whether probabilities are what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samesku.candidates import Candidates

__all__ = ["expected_calibration_error"]

BINS = 15


def expected_calibration_error(
    probability: NDArray[np.floating], candidates: Candidates, labels: NDArray[np.integer]
) -> float:
    """Mean distance between told probability and observed share, over 15 even bins.

    Parameters
    ----------
    probability : float (m,)
        Of the candidate pairs.
    candidates : Candidates
    labels : integer (n,)
        Known products; pairs with an unknown one (-1) are left out.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", 2017.
    """
    left, right = labels[candidates.left], labels[candidates.right]
    known = (left >= 0) & (right >= 0)
    said, same = probability[known], (left == right)[known]
    if not len(said):
        return float("nan")
    place = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    difference = np.bincount(place, said - same, BINS)
    return float(np.abs(difference).sum() / len(said))
