"""The pairs nearest to the threshold, without ranking all pairs each time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from samesku.store.memory import Memory

# Pairs that are kept in order; once they are decided, all are ranked again.
RANKED = 2_000

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
