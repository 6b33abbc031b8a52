"""The threshold with the best expected F1 per posting."""

from collections.abc import Callable

import numpy as np

from samesku.candidates.candidates import Candidates
from samesku.candidates.similarity import Ends
from samesku.clustering.agglomerative import agglomerate
from samesku.runtime.arrays import AnyFloats, AnyInts, Doubles, Floats
from samesku.scoring.fusion import Fusion
from samesku.scoring.learned import Learned

LOWEST, HIGHEST, STEP = 0.25, 0.9, 0.1
# Smaller probabilities count as 0: nobody has measured whether they are true.
LEAST = 0.02
# A threshold stays where another would not be better by this.
FLAT = 0.005
# Of fewer postings the expected F1 is a matter of single pairs.
FEWEST = 200
# Part of the threshold from which one-to-one links are accepted: the assignment leaves of rivals
# the likeliest alone. Of catalogues left out, links at 0.30 instead of 0.45 have F1 of 0.95 instead
# of 0.94, 0.79 instead of 0.77, and in three the same (research/experiments.md).
LINKS = 2 / 3


def expected_f1(
    left: Ends, right: Ends, chance: AnyFloats, clusters: AnyInts, counts: AnyInts
) -> float:
    """About the mean F1 per posting of clusters, if the probabilities were right.

    Pairs of distinct postings, ``(m,)``, with the probability of each; other pairs are not the
    same. `clusters` and `counts` are ``(d,)``: of each distinct posting, and how many postings it
    stands for.
    """
    near = np.flatnonzero(chance >= LEAST)
    left, right, chance = left[near], right[near], chance[near]
    inside = clusters[left] == clusters[right]
    found = np.bincount(clusters, counts).astype(np.float64)[clusters]
    own = partners(left[inside], right[inside], chance[inside], counts)
    total = summed_f1(counts, found, own, partners(left, right, chance, counts))
    return total / int(counts.sum())


def partners(left: Ends, right: Ends, chance: AnyFloats, counts: AnyInts) -> Doubles:
    """How many others each distinct posting is expected to be one product with, by these pairs.

    The sums are the same in any order, also those of parts of the pairs.
    """
    forth = partners_at(left, chance, counts[right], len(counts))
    return forth + partners_at(right, chance, counts[left], len(counts))


def partners_at(end: AnyInts, chance: AnyFloats, others: AnyInts, size: int) -> Doubles:
    """The same at one end of pairs, whose other ends stand for so many postings each."""
    likely = np.where(chance >= LEAST, _in_steps(chance), 0)
    # Of no posting numpy counts in integers.
    return np.bincount(end, likely * others, minlength=size).astype(np.float64)


def summed_f1(counts: AnyInts, found: AnyFloats, inside: Doubles, all_over: Doubles) -> float:
    """The sum of the expected F1 over all postings, the same in any order.

    Of each distinct posting: how many postings it stands for, how many its cluster has, and how
    many :func:`partners` it has inside the cluster and altogether.
    """
    f1 = 2 * (counts + inside) / (found + counts + all_over)
    return float((counts * _in_steps(f1)).sum())


def _in_steps(values: AnyFloats) -> Doubles:
    """Numbers up to 1 to 24 bits: sums of them are exact up to 500 million."""
    return np.asarray(np.round(values.astype(np.float64) * 2**24) / 2**24)


def climb(value: Callable[[float], float], now: float) -> float:
    """The threshold of the highest value; `now` where none is clearly better.

    Thresholds below and above are tried in steps, as long as the value grows.
    """
    current = value(now)
    best, highest = now, current
    for move in (-STEP, STEP):
        at, before = round(now + move, 2), current
        while LOWEST <= at <= HIGHEST and (found := value(at)) > before:
            if found > highest:
                best, highest = at, found
            at, before = round(at + move, 2), found
    return best if highest > current + FLAT else now


def moves(fusion: Fusion, postings: int) -> bool:
    """Whether the threshold of a fusion may be left for a better one of so many postings."""
    return _expected(fusion) and postings >= FEWEST


def _expected(fusion: Fusion) -> bool:
    """Whether it was made for catalogues other than those that it was trained on."""
    return isinstance(fusion, Learned) and fusion.model.threshold_rule == "expected"


def threshold_for_links(fusion: Fusion) -> float:
    """The threshold of a fusion for one-to-one links of two sources, of which no label is known.

    That of a model that was made for catalogues other than those it was trained on is lower than
    for clusters. All others keep theirs.
    """
    return round(fusion.threshold * LINKS, 2) if _expected(fusion) else fusion.threshold


def threshold_for(fusion: Fusion, candidates: Candidates, scores: Floats, counts: AnyInts) -> float:
    """The threshold of a fusion for clusters of one catalogue, of which no label is known.

    A model that was made for catalogues other than those it was trained on starts from its own
    threshold, and leaves it where another is clearly better by the probabilities of this catalogue,
    unless that is small. All others keep theirs. `counts`: how many postings each distinct one
    stands for.
    """
    if not moves(fusion, int(counts.sum())) or not len(scores):
        return fusion.threshold
    ends = candidates.left, candidates.right

    def value(threshold: float) -> float:
        clusters = agglomerate(*ends, scores, len(counts), threshold=threshold)
        return expected_f1(*ends, scores, clusters, counts)

    return climb(value, fusion.threshold)
