"""The threshold of adapted clusters: the best by what the answers say of the pairs in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from samesku.candidates.candidates import Candidates
from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.expected import expected_f1
from samesku.judges.fitting import Floats, Seen, likeliest

GRID = tuple(round(0.1 * step, 1) for step in range(1, 10))
# The height of pairs that share no cluster at any threshold.
LOWEST = 0.05
# What is expected of offset, slope and height before anything was answered, and how firmly.
MEAN, DEVIATION = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.3, 0.3])
# A threshold stays where another would not be better by this: a hundred answers tell no more.
FLAT = 0.01


def threshold_by_answers(
    candidates: Candidates,
    scores: NDArray[np.float32],
    counts: NDArray[np.integer],
    places: NDArray[np.integer],
    seen: Seen,
    now: float,
) -> float:
    """The threshold with the best expected F1 per posting; `now` where none is clearly better.

    What is expected follows from probabilities that the answers calibrate, by the log-odds of a
    pair and by its height: the highest threshold at which both share a cluster, as a pair that
    others support is the same more often than its own score says.

    Parameters
    ----------
    candidates : Candidates
    scores : float32 (m,)
        Probabilities, without what the answers pin.
    counts : integer (d,)
        How many postings each distinct one stands for.
    places : integer (a,)
        The candidates that were answered.
    seen : Seen
    now : float
    """
    left, right = candidates.left, candidates.right
    height, clusters = np.full(len(scores), LOWEST), {}
    for threshold in sorted({*GRID, now}):
        found = agglomerate(left, right, scores, len(counts), threshold=threshold)
        height[found[left] == found[right]] = threshold
        clusters[threshold] = found
    columns = _columns(scores, height)
    numbers, _ = likeliest(columns[places], seen, MEAN, DEVIATION)
    chance = expit(columns @ numbers).astype(np.float32)
    value = {
        threshold: expected_f1(left, right, chance, found, counts)
        for threshold, found in clusters.items()
    }
    best = max(value, key=value.__getitem__)
    return best if value[best] > value[now] + FLAT else now


def _columns(scores: NDArray[np.float32], height: Floats) -> Floats:
    """1, the log-odds and the height of each pair."""
    odds = logit(np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6))
    return np.column_stack([np.ones(len(odds)), odds, logit(height)])
