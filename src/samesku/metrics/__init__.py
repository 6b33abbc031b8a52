"""How good matches and clusters are, per query posting, with bootstrap intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.runtime.arrays import AnyFloats, AnyInts, Doubles, Ints

RESAMPLES = 1000
# Half the width of a 95% interval, in standard errors.
NORMAL = 1.959964


@dataclass(frozen=True)
class Figure:
    """A measured value with its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True, eq=False)
class Sampled:
    """A value, and what it is in each of 1,000 resamples of the products."""

    value: float
    drawn: Doubles  # resamples of the same postings with the same seed are the same

    @property
    def figure(self) -> Figure:
        """The value with its 95% percentile interval; undefined resamples are left out."""
        if not np.isfinite(self.drawn).any():
            return Figure(self.value, float("nan"), float("nan"))
        low, high = np.nanpercentile(self.drawn, [2.5, 97.5])
        return Figure(self.value, float(low), float(high))

    def minus(self, other: Sampled) -> Figure:
        """The difference to another value of the same postings, paired resample by resample."""
        return Sampled(self.value - other.value, self.drawn - other.drawn).figure


class Tally(NamedTuple):
    """Counts per posting, itself not counted; each int64 ``(n,)``."""

    correct: Ints  # matched postings that are the same product
    matched: Ints  # matched postings whose product is known
    actual: Ints  # postings of the same product in the pool

    def take(self, rows: AnyInts) -> Tally:
        """The counts of the given postings."""
        return Tally(*(each[rows] for each in self))

    @property
    def sums(self) -> list[int]:
        """Correct, matched and actual ones of all postings."""
        return [int(each.sum()) for each in self]


def pair_tally(
    left: AnyInts, right: AnyInts, labels: AnyInts, place: AnyInts | None = None
) -> Tally:
    """Count matched pairs per posting; each pair once, never a posting with itself.

    `labels`, ``(n,)``, are known products; -1 is unknown and counts neither for nor against.
    `place`, ``(n,)``, is which of the distinct postings, that pairs are of, each posting is;
    default: each its own. A pair of two stands for all pairs of their postings.
    """
    place = np.arange(len(labels)) if place is None else place
    size, known = int(place.max(initial=-1)) + 1, labels >= 0
    ends = np.concatenate([left, right]), np.concatenate([right, left])
    tied = sp.csr_matrix((np.ones(len(ends[0]), np.int64), ends), shape=(size, size))
    cells = place[known], labels[known]
    shape = size, int(labels.max(initial=0)) + 1
    around = tied @ sp.csr_matrix((np.ones(len(cells[0]), np.int64), cells), shape=shape)
    correct, matched = np.zeros((2, len(labels)), dtype=np.int64)
    correct[known] = np.asarray(around[cells]).ravel()
    matched[known] = np.asarray(around.sum(axis=1)).ravel()[place[known]]
    return Tally(correct, matched, _actual(labels))


def cluster_tally(groups: AnyInts, labels: AnyInts) -> Tally:
    """Count the other members of each posting's group; product -1 is unknown."""
    known = labels >= 0
    members = np.bincount(groups[known], minlength=int(groups.max(initial=0)) + 1)
    cells = groups * (int(labels.max(initial=0)) + 2) + labels + 1
    _, place, counts = np.unique(cells, return_inverse=True, return_counts=True)
    correct = np.where(known, counts[place] - 1, 0)
    return Tally(correct, np.where(known, members[groups] - 1, 0), _actual(labels))


def posting_f1(tally: Tally) -> Doubles:
    """F1 of each posting's matches, itself counted: the competition's metric before the mean."""
    return 2 * (tally.correct + 1) / (tally.matched + tally.actual + 2)


def bootstrap(
    top: NDArray[np.floating | np.integer],
    bottom: NDArray[np.floating | np.integer],
    clusters: AnyInts,
    *,
    seed: int = 0,
) -> Sampled:
    """Ratio of two sums over postings, resampled 1,000 times by whole clusters.

    Postings of one product are not independent: `clusters`, ``(q,)``, are drawn together. `top` and
    `bottom` are summands of numerator and denominator, ``(q,)``; of precision and recall, to be
    combined to their harmonic mean, ``(2, q)``.
    """
    top, bottom = np.atleast_2d(top).astype(float), np.atleast_2d(bottom).astype(float)
    _, codes = np.unique(clusters, return_inverse=True)
    number = int(codes.max(initial=-1)) + 1
    if number == 0:
        return Sampled(float("nan"), np.full(RESAMPLES, np.nan))
    sums = np.stack([np.bincount(codes, part, number) for part in (*top, *bottom)], axis=1)
    rng = np.random.default_rng(seed)
    drawn = np.empty((RESAMPLES, sums.shape[1]))
    for resample in range(RESAMPLES):
        times = np.bincount(rng.integers(0, number, number), minlength=number)
        drawn[resample] = times @ sums
    value = _combined(sums.sum(axis=0, keepdims=True))[0]
    return Sampled(float(value), _combined(drawn))


def wilson(share: AnyFloats, size: AnyFloats) -> tuple[Doubles, Doubles]:
    """Ends of the 95% interval of shares of `size` draws (E. B. Wilson, 1927)."""
    scale = 1 + NORMAL**2 / size
    middle = (share + NORMAL**2 / (2 * size)) / scale
    half = NORMAL * np.sqrt(share * (1 - share) / size + (NORMAL / (2 * size)) ** 2) / scale
    return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)


def _combined(sums: Doubles) -> Doubles:
    """Ratios of the numerators in the left half, or the harmonic mean of two of them."""
    tops, bottoms = np.split(sums, 2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = tops / bottoms
        if ratio.shape[1] == 1:
            return np.asarray(ratio[:, 0])
        # No match at all leaves precision undefined; the harmonic mean is then 0, as usual.
        product, total = np.nan_to_num(ratio).prod(axis=1), np.nan_to_num(ratio).sum(axis=1)
        return np.where(total > 0, 2 * product / np.where(total > 0, total, 1), 0.0)


def _actual(labels: AnyInts) -> Ints:
    members = np.bincount(labels + 1)
    return np.where(labels >= 0, members[labels + 1] - 1, 0)
