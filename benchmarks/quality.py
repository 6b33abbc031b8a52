"""How good scored pairs are against labels: mean F1 per posting at the best threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from samesku.clustering.agglomerative import agglomerate
from samesku.metrics import Tally, cluster_tally, pair_tally, posting_f1

__all__ = ["Chosen", "Quality", "Rows", "ScoredPairs", "best_quality", "quality_at"]

THRESHOLDS = 30

Decide: TypeAlias = Callable[["ScoredPairs", float, NDArray[np.int64]], Tally]


@dataclass(frozen=True, eq=False)
class ScoredPairs:
    """What a contender found: each pair once, ``left < right``, and how sure it is."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    score: NDArray[np.float32]


@dataclass(frozen=True)
class Quality:
    """Figures over the scored postings.

    Attributes
    ----------
    f1 : float
        Mean over postings, itself counted as its own match.
    precision, recall : float
        Over pairs.
    """

    f1: float
    precision: float
    recall: float


@dataclass(frozen=True)
class Chosen:
    """The way of deciding and the threshold that did best, and how well they did."""

    way: str
    threshold: float
    quality: Quality


@dataclass(frozen=True, eq=False)
class Rows:
    """Known products (-1: unknown), who chooses the threshold and who is scored."""

    labels: NDArray[np.int64]
    choosing: NDArray[np.int64]
    scored: NDArray[np.int64]


def best_quality(found: ScoredPairs, rows: Rows, ways: Iterable[str]) -> Chosen:
    """Try thresholds and ways of deciding; score the one with the best F1 on `rows.choosing`."""
    trials = [(way, line) for way in ways for line in _thresholds(found.score, len(rows.labels))]
    tallies = [WAYS[way](found, line, rows.labels) for way, line in trials]
    f1 = [_quality(tally.take(rows.choosing)).f1 for tally in tallies]
    best = int(np.argmax(f1))
    way, line = trials[best]
    return Chosen(way, line, _quality(tallies[best].take(rows.scored)))


def quality_at(found: ScoredPairs, way: str, line: float, rows: Rows) -> Quality:
    """Figures of one way of deciding at one threshold."""
    return _quality(WAYS[way](found, line, rows.labels).take(rows.scored))


def _quality(tally: Tally) -> Quality:
    correct = float(tally.correct.sum())
    return Quality(
        float(posting_f1(tally).mean()),
        correct / max(float(tally.matched.sum()), 1.0),
        correct / max(float(tally.actual.sum()), 1.0),
    )


def _thresholds(score: NDArray[np.float32], postings: int) -> list[float]:
    """Scores that accept from a few pairs to all, in equal ratios: fair to any scale of scores."""
    if not len(score):
        return [1.0]
    falling = np.sort(score)[::-1]
    accepted = np.geomspace(min(max(postings // 50, 1), len(score)), len(score), THRESHOLDS)
    return [float(line) for line in np.unique(falling[accepted.astype(np.int64) - 1])]


def _pairs(found: ScoredPairs, line: float, labels: NDArray[np.int64]) -> Tally:
    near = found.score >= line
    return pair_tally(found.left[near], found.right[near], labels)


def _components(found: ScoredPairs, line: float, labels: NDArray[np.int64]) -> Tally:
    near = found.score >= line
    ends = (found.left[near], found.right[near])
    links = sp.coo_matrix((np.ones(len(ends[0]), dtype=np.int8), ends), shape=[len(labels)] * 2)
    _, component = connected_components(links, directed=False)
    return cluster_tally(component.astype(np.int64), labels)


def _cohesive_groups(found: ScoredPairs, line: float, labels: NDArray[np.int64]) -> Tally:
    groups = agglomerate(found.left, found.right, found.score, len(labels), threshold=line)
    return cluster_tally(groups, labels)


WAYS: dict[str, Decide] = {
    "pairs": _pairs,
    "components": _components,
    "groups": _cohesive_groups,
}
