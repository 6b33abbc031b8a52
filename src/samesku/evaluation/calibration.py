"""Whether probabilities are true: of pairs predicted 0.8, 80% should be the same product."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from samesku.candidates.candidates import Candidates
from samesku.metrics import Figure, wilson
from samesku.runtime.arrays import AnyFloats, AnyInts, Bools, Doubles, Ints

# Pairs below this are most of all candidates, and easy: a bin of their own, and an error without
# them.
UNLIKELY = 0.005
EDGES = np.array([0, UNLIKELY, *np.arange(1, 11) / 10])


class Predicted(NamedTuple):
    """Probabilities, float ``(p,)``, of pairs whose truth `same`, bool ``(p,)``, is known.

    `weight`, int ``(p,)``, is how many of the pair's two postings are queries, 1 or 2.
    """

    probability: AnyFloats
    same: Bools
    weight: Ints


@dataclass(frozen=True)
class Bin:
    """The pairs predicted from `low` on and below `high` (the last bin holds 1, too).

    `predicted` is their mean probability, `observed` the share that is the same product, with its
    95% Wilson interval.
    """

    low: float
    high: float
    pairs: int
    predicted: float
    observed: Figure


@dataclass(frozen=True)
class Reliability:
    """How far predicted and observed probabilities agree.

    `error` is the expected calibration error: the mean distance between predicted and observed over
    all pairs. The easy rest below 0.005, most of all candidates, flatters it; `likely_pairs` and
    `likely_error` leave it out. `bins` ascend; those without pairs are left out.
    """

    pairs: int
    error: float
    likely_pairs: int
    likely_error: float
    bins: tuple[Bin, ...]


def predicted_pairs(
    probability: AnyFloats, candidates: Candidates, labels: AnyInts, rows: AnyInts
) -> Predicted:
    """Predicted `probability`, float ``(m,)``, and truth of the candidates of some queries.

    All true pairs of held-out products lie between queries, but most of their false pairs reach
    out of them. So a pair counts once per query at its ends, as the queries see it: pairs within
    the queries alone, or each pair once, would show another share of true pairs than a catalogue
    has. Pairs with an unknown product (label -1) are left out; `rows` are the queries.
    """
    asks = np.zeros(len(labels), dtype=np.int64)
    asks[rows] = 1
    left, right = labels[candidates.left], labels[candidates.right]
    weight = asks[candidates.left] + asks[candidates.right]
    counts = (left >= 0) & (right >= 0) & (weight > 0)
    return Predicted(probability[counts], (left == right)[counts], weight[counts])


def reliability(predicted: Predicted) -> Reliability:
    """Compare predicted with observed in tenths, the pairs below 0.005 apart.

    C. Guo et al., "On calibration of modern neural networks", 2017.
    """
    # In the precision of the classifier, in which 0.7 is a little less than 0.7.
    edges, probability = EDGES.astype(np.float32), predicted.probability.astype(np.float32)
    place = np.searchsorted(edges[1:-1], probability, side="right")
    number = len(EDGES) - 1
    pairs = np.bincount(place, minlength=number)
    weight = np.bincount(place, predicted.weight, number).astype(np.float64)
    squares = np.bincount(place, predicted.weight**2, number)
    sums = np.bincount(place, predicted.weight * predicted.probability, number)
    same = np.bincount(place, predicted.weight * predicted.same, number)
    there = np.flatnonzero(pairs)
    # Counting a pair twice makes no two of it (Kish's effective sample size).
    shares = same[there] / weight[there]
    observed = np.stack([shares, *wilson(shares, weight[there] ** 2 / squares[there])], axis=1)
    bins = tuple(
        Bin(
            float(EDGES[each]), float(EDGES[each + 1]), int(pairs[each]),
            float(sums[each] / weight[each]), Figure(*figure),
        )
        for each, figure in zip(there, observed.tolist(), strict=True)
    )  # fmt: skip
    off = np.abs(sums - same)
    error, likely_error = _share(off, weight), _share(off[1:], weight[1:])
    return Reliability(int(pairs.sum()), error, int(pairs[1:].sum()), likely_error, bins)


def _share(off: Doubles, weight: Doubles) -> float:
    return float(off.sum() / weight.sum()) if weight.any() else float("nan")
