"""Whether probabilities are what they say: of pairs told 0.8, 80% should be the same product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.metrics import Figure

__all__ = ["Bin", "Reliability", "Told", "reliability", "told_pairs"]

# Pairs below this are most of all candidates, told right with no effort: a bin of their own, and an
# error without them.
HOPELESS = 0.005
EDGES = np.array([0, HOPELESS, *np.arange(1, 11) / 10])
# Half the width of a 95% interval, in standard errors.
NORMAL = 1.959964


@dataclass(frozen=True, eq=False)
class Told:
    """Probabilities of pairs whose truth is known.

    Attributes
    ----------
    probability : float (p,)
    same : bool (p,)
    weight : int (p,)
        How many of the pair's two postings are queries, 1 or 2.
    """

    probability: NDArray[np.floating]
    same: NDArray[np.bool_]
    weight: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: Sequence[Told]) -> Told:
        """Several, one after the other."""
        return cls(
            np.concatenate([part.probability for part in parts]),
            np.concatenate([part.same for part in parts]),
            np.concatenate([part.weight for part in parts]),
        )


@dataclass(frozen=True)
class Bin:
    """The pairs that were told about the same probability.

    Attributes
    ----------
    low, high : float
        Told from `low` on and below `high`; the last bin holds 1, too.
    pairs : int
    told : float
        Mean probability.
    same : Figure
        Share that is the same product, with its 95% Wilson interval.
    """

    low: float
    high: float
    pairs: int
    told: float
    same: Figure


@dataclass(frozen=True)
class Reliability:
    """How true told probabilities are.

    Attributes
    ----------
    pairs : int
    error : float
        Expected calibration error: the mean distance between told and observed over all pairs.
    judged_pairs : int
        Those told 0.005 or more: the easy rest, most of all candidates, flatters `error`.
    judged_error : float
        The expected calibration error over these.
    bins : tuple of Bin
        Ascending; bins without pairs are left out.
    """

    pairs: int
    error: float
    judged_pairs: int
    judged_error: float
    bins: tuple[Bin, ...]


def told_pairs(
    probability: NDArray[np.floating],
    candidates: Candidates,
    labels: NDArray[np.integer],
    rows: NDArray[np.integer],
) -> Told:
    """What the candidates of some queries were told, and what they are.

    All true pairs of held-out products lie between queries, but most of their false pairs reach
    out of them. So a pair counts once per query at its ends, as the queries see it: pairs within
    the queries alone, or each pair once, would show another share of true pairs than a catalogue
    has.

    Parameters
    ----------
    probability : float (m,)
        Of the candidate pairs.
    candidates : Candidates
    labels : integer (n,)
        Known products; pairs with an unknown one (-1) are left out.
    rows : integer
        The queries.
    """
    asks = np.zeros(len(labels), dtype=np.int64)
    asks[rows] = 1
    left, right = labels[candidates.left], labels[candidates.right]
    weight = asks[candidates.left] + asks[candidates.right]
    counts = (left >= 0) & (right >= 0) & (weight > 0)
    return Told(probability[counts], (left == right)[counts], weight[counts])


def reliability(told: Told) -> Reliability:
    """Compare told with observed in tenths, the pairs below 0.005 apart.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", 2017.
    """
    # In the precision of the classifier, in which 0.7 is a little less than 0.7.
    edges, probability = EDGES.astype(np.float32), told.probability.astype(np.float32)
    place = np.searchsorted(edges[1:-1], probability, side="right")
    number = len(EDGES) - 1
    pairs = np.bincount(place, minlength=number)
    weight = np.bincount(place, told.weight, number).astype(np.float64)
    squares = np.bincount(place, told.weight**2, number)
    said = np.bincount(place, told.weight * told.probability, number)
    same = np.bincount(place, told.weight * told.same, number)
    there = np.flatnonzero(pairs)
    # Counting a pair twice makes no two of it (Kish's effective sample size).
    shares = _wilson(same[there] / weight[there], weight[there] ** 2 / squares[there])
    bins = tuple(
        Bin(
            float(EDGES[each]),
            float(EDGES[each + 1]),
            int(pairs[each]),
            float(said[each] / weight[each]),
            share,
        )
        for each, share in zip(there, shares, strict=True)
    )
    off = np.abs(said - same)
    error, judged_error = _share(off, weight), _share(off[1:], weight[1:])
    return Reliability(int(pairs.sum()), error, int(pairs[1:].sum()), judged_error, bins)


def _share(off: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    return float(off.sum() / weight.sum()) if weight.any() else float("nan")


def _wilson(share: NDArray[np.float64], size: NDArray[np.float64]) -> list[Figure]:
    """Shares with the interval of E. B. Wilson, "Probable inference", 1927."""
    scale = 1 + NORMAL**2 / size
    middle = (share + NORMAL**2 / (2 * size)) / scale
    half = NORMAL * np.sqrt(share * (1 - share) / size + (NORMAL / (2 * size)) ** 2) / scale
    low, high = np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)
    return [Figure(*each) for each in np.stack([share, low, high], axis=1).tolist()]
