"""Which pairs people are asked about: those in doubt, and random ones, which measure the scores."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samesku.runtime.random import mixed
from samesku.store.memory import Memory

# Pairs that are kept in order; once they are decided, all are ranked again.
RANKED = 2_000
# One pair in so many is for the audit: asked in random order, not for being in doubt.
ONE_IN = 8
AHEAD = 500

# The numbers of two distinct postings, the smaller first, and their probability.
Pair: TypeAlias = tuple[int, int, float]
Open: TypeAlias = Callable[[Pair], bool]


class Doubts:
    """Keeps the nearest pairs of one memory, and takes in those that were scored since."""

    def __init__(self) -> None:
        self._memory: Memory | None = None
        self._threshold = 0.0
        self._ranked: list[Pair] = []
        self._all = False

    def nearest(self, memory: Memory, threshold: float, count: int, is_open: Open) -> list[Pair]:
        """The open pairs nearest to the threshold."""
        recent = memory.take_recent()
        if self._memory is not memory or self._threshold != threshold or recent is None:
            self._memory, self._threshold = memory, threshold
            self._rank_all(memory, is_open)
        elif recent:
            pairs = filter(is_open, {*self._ranked, *recent})
            self._ranked = heapq.nsmallest(RANKED, pairs, key=self._key)
            self._all = self._all and len(self._ranked) < RANKED
        found = [pair for pair in self._ranked if is_open(pair)]
        if len(found) < count and not self._all:
            self._rank_all(memory, is_open)
            found = self._ranked
        return found[:count]

    def _key(self, pair: Pair) -> tuple[float, Pair]:
        return abs(pair[2] - self._threshold), pair

    def _rank_all(self, memory: Memory, is_open: Open) -> None:
        self._ranked = []
        self._all = True
        for pair in _by_distance(memory, self._threshold):
            if len(self._ranked) == RANKED:
                self._all = False
                return
            if is_open(pair):
                self._ranked.append(pair)


def _by_distance(memory: Memory, threshold: float) -> Iterator[Pair]:
    """All scored pairs, nearest to the threshold first."""
    one, other, score = memory.scored_pairs()
    distance = np.abs(score - np.float32(threshold))
    order = np.lexsort((other, one, distance))
    for start in range(0, len(order), RANKED):
        some = order[start : start + RANKED]
        ends = (memory.numbers(each[some]).tolist() for each in (one, other))
        yield from zip(*ends, score[some].tolist(), strict=True)


def _draws(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A pseudo-random number for each pair."""
    return mixed(one.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + other.astype(np.uint64))


def is_drawn(one: int, other: int) -> bool:
    """Whether a pair is for the audit; the same for ever, and no matter what its score is."""
    return bool(_draws(np.array([one]), np.array([other]))[0] % ONE_IN == 0)


class Drawn:
    """The next pairs of the audit, in an order that does not depend on their scores."""

    def __init__(self) -> None:
        self._next: list[Pair] = []

    def following(self, memory: Memory, count: int, is_open: Open) -> list[Pair]:
        """The first open pairs; all pairs are gone through only when none is left."""
        self._next = [pair for pair in self._next if is_open(pair)]
        if not self._next:
            slots, others, score = memory.scored_pairs()
            one, other = memory.numbers(slots), memory.numbers(others)
            draws = _draws(one, other)
            drawn = np.flatnonzero(draws % ONE_IN == 0)
            ordered = drawn[np.argsort(draws[drawn])]
            ends = (each[ordered].tolist() for each in (one, other, score))
            self._next = list(islice(filter(is_open, zip(*ends, strict=True)), AHEAD))
        return self._next[:count]
