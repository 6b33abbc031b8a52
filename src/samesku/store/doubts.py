"""Which pairs people are asked about: those in doubt, and random ones, which measure the scores."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samesku.runtime.arrays import Array, Ints
from samesku.runtime.random import mixed
from samesku.store.memory import Memory

# Pairs that are kept in order; once they are decided, all are ranked again.
RANKED = 2_000
# One pair in so many is for the audit: asked in random order, not for being in doubt.
ONE_IN = 8
AHEAD = 500

# The numbers of two distinct postings, the smaller first, and their probability.
Pair: TypeAlias = tuple[int, int, float]
Pairs: TypeAlias = tuple[Array, ...]
Open: TypeAlias = Callable[[Pair], bool]


class Doubts:
    """Keeps the first pairs of both kinds, and takes in those that were scored since."""

    def __init__(self) -> None:
        self._nearest: list[Pair] = []
        self._drawn: list[Pair] = []
        # Slots whose pairs are known.
        self._seen = 0

    def nearest(self, memory: Memory, threshold: float, count: int, is_open: Open) -> list[Pair]:
        """The open pairs that are nearest to the threshold, which stays while pairs are kept."""
        # All pairs are ranked anew where too few of those that were kept are open still.
        for since in sorted({self._seen, 0}, reverse=True):
            pairs: Pairs = memory.scored_pairs(since)
            if since and self._nearest:
                kept: Iterator[Array] = map(np.array, zip(*self._nearest, strict=True))
                pairs = tuple(np.append(*both) for both in zip(kept, pairs, strict=True))
            one, other, score = pairs
            order = np.lexsort((other, one, np.abs(score - np.float32(threshold))))
            self._nearest = _first_open(pairs, order, RANKED, is_open)
            if len(self._nearest) >= count:
                break
        self._seen = memory.slots_taken
        return self._nearest[:count]

    def drawn(self, memory: Memory, count: int, is_open: Open) -> list[Pair]:
        """The next open pairs of the audit, in an order that does not depend on their scores.

        All pairs are gone through only when none is left.
        """
        self._drawn = [pair for pair in self._drawn if is_open(pair)]
        if not self._drawn:
            pairs = memory.scored_pairs()
            draws = _draws(*pairs[:2])
            drawn = np.flatnonzero(draws % ONE_IN == 0)
            self._drawn = _first_open(pairs, drawn[np.argsort(draws[drawn])], AHEAD, is_open)
        return self._drawn[:count]


def _first_open(pairs: Pairs, order: Ints, count: int, is_open: Open) -> list[Pair]:
    """The first open ones of pairs in an order."""
    found: list[Pair] = []
    for start in range(0, len(order), count):
        some = (each[order[start : start + count]].tolist() for each in pairs)
        found += filter(is_open, zip(*some, strict=True))
        if len(found) >= count:
            break
    return found[:count]


def _draws(one: Ints, other: Ints) -> NDArray[np.uint64]:
    return mixed(one.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + other.astype(np.uint64))


def is_drawn(one: int, other: int) -> bool:
    """Whether a pair is for the audit; the same for ever, and no matter what its score is."""
    return bool(_draws(np.array([one]), np.array([other]))[0] % ONE_IN == 0)
