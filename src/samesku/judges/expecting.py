"""The threshold with the best expected F1 per posting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samesku.clustering.agglomerative import group

__all__ = ["best_threshold", "expected_f1"]

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(2, 17))
# Smaller probabilities count as 0: nobody has measured whether they are true.
LEAST = 0.02
# A threshold stays where another would not be better by this.
FLAT = 0.003


def expected_f1(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    chance: NDArray[np.floating],
    clusters: NDArray[np.integer],
    counts: NDArray[np.integer],
) -> float:
    """About the mean F1 per posting of clusters, if the probabilities were right.

    Pairs of distinct postings, ``(m,)``, with the probability of each; other pairs are not the
    same. `clusters` and `counts` are ``(d,)``: of each distinct posting, and how many postings it
    stands for.
    """
    likely = np.where(chance < LEAST, 0, chance).astype(np.float64)
    members = counts.astype(np.float64)
    inside = np.where(clusters[left] == clusters[right], likely, 0)
    size = len(counts)

    def partners(value: NDArray[np.float64]) -> NDArray[np.float64]:
        mine = np.bincount(left, value * members[right], minlength=size)
        return np.asarray(
            members + mine + np.bincount(right, value * members[left], minlength=size)
        )

    found = np.bincount(clusters, members)[clusters]
    f1 = 2 * partners(inside) / (found + partners(likely))
    return float((members * f1).sum() / members.sum())


def best_threshold(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    scores: NDArray[np.float32],
    chance: NDArray[np.float32],
    counts: NDArray[np.integer],
    now: float,
) -> float:
    """The threshold with the best expected F1; `now`, that in use, where none is clearly better.

    Clusters are made by `scores`, and measured by `chance`: the scores, or the answer where there
    is one.
    """

    def value(threshold: float) -> float:
        clusters = group(left, right, scores, len(counts), threshold=threshold)
        return expected_f1(left, right, chance, clusters, counts)

    values = {threshold: value(threshold) for threshold in THRESHOLDS}
    best = max(values, key=lambda threshold: values[threshold])
    return best if values[best] > value(now) + FLAT else now
