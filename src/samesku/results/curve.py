"""What another threshold would have given: matches, precision and recall against it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from samesku.metrics import Tally, cluster_tally, pair_tally
from samesku.results.runs import Run
from samesku.runtime.arrays import Ints

# Thresholds that are tried; the run's own is always among them.
TRIED = (*(each / 20 for each in range(2, 20)), 0.97, 0.99)
LEAST_UNCALIBRATED = 0.3
WANTED = (0.8, 0.9, 0.95, 0.98, 0.99)


@dataclass(frozen=True)
class Point:
    """What one threshold gives."""

    threshold: float
    matches: int  # pairs
    clusters: int  # of two postings or more
    # mean probability of the matched pairs that were scored: the expected precision
    estimate: float | None
    precision: float | None = None  # of pairs, where labels are known, as recall and F1
    recall: float | None = None
    f1: float | None = None

    @property
    def rounded(self) -> dict[str, Any]:
        """For the page, in four digits."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }

    @property
    def best_known(self) -> float | None:
        """Measured precision, else the estimate."""
        return self.estimate if self.precision is None else self.precision


@dataclass(frozen=True)
class Target:
    """The lowest threshold that reaches a precision, and what it costs."""

    precision: float  # that is wanted
    point: Point | None  # None: no threshold reaches it
    lost: int = 0  # matches fewer than at the threshold of the run; negative: more


def curve(run: Run) -> list[Point]:
    """What thresholds from low to high give, the run's own among them.

    At each the scored pairs are decided anew as the run decided them; those of an evaluation are
    taken as they are.
    """
    least = 0.0 if run.probabilistic else LEAST_UNCALIBRATED
    tried = sorted({run.threshold, *(each for each in TRIED if each >= least)})
    return [_point(run, each) for each in tried]


def targets(points: Sequence[Point], threshold: float) -> list[Target]:
    """For each precision that people ask for, the lowest threshold that reaches and keeps it."""
    own = min(points, key=lambda point: abs(point.threshold - threshold))
    found = []
    for wanted in WANTED:
        good = None
        for point in reversed([point for point in points if point.matches]):
            if (point.best_known or 0) < wanted:
                break
            good = point
        found.append(Target(wanted, good, own.matches - good.matches if good else 0))
    return found


def _point(run: Run, threshold: float) -> Point:
    left, right = run.pairs["left"].to_numpy(), run.pairs["right"].to_numpy()
    score = run.pairs["score"].fill_null(-1).to_numpy()
    clusters = None if run.kind == "evaluation" else run.clusters_at(threshold)
    matched = score >= threshold if clusters is None else clusters[left] == clusters[right]
    known = matched & (score >= 0)
    estimate = float(score[known].mean()) if run.probabilistic and known.any() else None
    number = several = int(matched.sum())
    if clusters is not None:
        number, several = run.pairs_within(clusters), int((np.bincount(clusters) > 1).sum())
    if run.labels is None:
        return Point(threshold, number, several, estimate)
    correct, found, actual = tally_of(run, left[matched], right[matched], clusters).sums
    precision = correct / found if found else None
    recall = correct / actual if actual else None
    f1 = 2 * correct / (found + actual) if found and actual else None
    return Point(threshold, number, several, estimate, precision, recall, f1)


def tally_of(run: Run, left: Ints, right: Ints, clusters: Ints | None) -> Tally:
    """Right, matched and true counts of each labelled query of a run with labels.

    Of matched pairs, or of `clusters` where they say which postings match; of links, of the left
    shop's postings. Where only pairs across sources may match, only these count.
    """
    labels, sources, rows = run.labels, run.sources, run.labelled_queries
    assert labels is not None
    if clusters is None:
        return pair_tally(left, right, labels, run.representative).take(rows)
    tally = cluster_tally(clusters, labels).take(rows)
    if sources is None:
        return tally
    own = np.where(labels >= 0, _both(labels, sources), -1)
    within = cluster_tally(_both(clusters, sources), own).take(rows)
    return Tally(*(every - own for every, own in zip(tally, within, strict=True)))


def own_tally(run: Run) -> Tally:
    """The counts of what the run itself matched."""
    left, right = (run.matched[side].to_numpy() for side in ("left", "right"))
    return tally_of(run, left, right, None if run.kind == "evaluation" else run.clusters)


def _both(one: Ints, other: Ints) -> Ints:
    """A number for each two numbers that come together."""
    return np.asarray(np.unique(one * (int(other.max()) + 1) + other, return_inverse=True)[1])
