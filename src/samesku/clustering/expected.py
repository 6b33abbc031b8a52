"""The threshold with the best expected F1 per posting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.clustering.agglomerative import group
from samesku.scoring.fusion import Fusion
from samesku.scoring.learned import Learned

LOWEST, HIGHEST = 0.1, 0.9
# Smaller probabilities count as 0: nobody has measured whether they are true.
LEAST = 0.02
# A threshold stays where another would not be better by this.
FLAT = 0.005


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
    near = np.flatnonzero(chance >= LEAST)
    left, right, likely = left[near], right[near], chance[near].astype(np.float64)
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
    *,
    step: float = 0.05,
) -> float:
    """The threshold with the best expected F1; `now`, that in use, where none is clearly better.

    Clusters are made by `scores`, and measured by `chance`: the scores, or the answer where there
    is one. Thresholds below and above are tried in steps, as long as the expected F1 grows.
    """

    def value(threshold: float) -> float:
        clusters = group(left, right, scores, len(counts), threshold=threshold)
        return expected_f1(left, right, chance, clusters, counts)

    current = value(now)
    best, highest = now, current
    for move in (-step, step):
        at, before = round(now + move, 2), current
        while LOWEST <= at <= HIGHEST and (found := value(at)) > before:
            if found > highest:
                best, highest = at, found
            at, before = round(at + move, 2), found
    return best if highest > current + FLAT else now


def threshold_for(
    fusion: Fusion,
    candidates: Candidates,
    scores: NDArray[np.float32],
    counts: NDArray[np.integer],
) -> float:
    """The threshold of a fusion for clusters of one catalogue, of which no label is known.

    A model that was made for catalogues other than those it was trained on starts from its own
    threshold, and leaves it where another is clearly better by the probabilities of this catalogue.
    All others keep theirs.

    Parameters
    ----------
    fusion : Fusion
    candidates : Candidates
        Of distinct postings.
    scores : float32 (m,)
    counts : integer (d,)
        How many postings each distinct one stands for.
    """
    follows = isinstance(fusion, Learned) and fusion.model.threshold_rule == "expected"
    if not follows or not len(scores):
        return fusion.threshold
    ends = candidates.left, candidates.right
    return best_threshold(*ends, scores, scores, counts, fusion.threshold, step=0.1)
