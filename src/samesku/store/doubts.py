"""The pairs nearest to the threshold, without ranking all pairs each time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator

from samesku.store.memory import Memory

__all__ = ["Doubts", "scored_pairs"]

# Pairs that are kept in order; once they are decided, all are looked through again.
RANKED = 2_000

Scored = tuple[int, int, float]
Open = Callable[[Scored], bool]


class Doubts:
    """Keeps the nearest pairs of one memory, and takes in those that were scored since."""

    def __init__(self) -> None:
        self._memory: Memory | None = None
        self._threshold = 0.0
        self._ranked: list[Scored] = []
        self._all = False

    def nearest(self, memory: Memory, threshold: float, count: int, is_open: Open) -> list[Scored]:
        """The open pairs nearest to the threshold."""
        news = memory.take_news()
        if self._memory is not memory or self._threshold != threshold or news is None:
            self._memory, self._threshold = memory, threshold
            return self._from_all(is_open)[:count]
        if news:
            self._rank({*self._ranked, *news}, is_open)
        found = []
        for pair in self._ranked:
            if is_open(pair):
                found.append(pair)
                if len(found) == count:
                    return found
        return found if self._all else self._from_all(is_open)[:count]

    def _from_all(self, is_open: Open) -> list[Scored]:
        assert self._memory is not None
        self._all = True
        self._rank(scored_pairs(self._memory), is_open)
        return self._ranked

    def _rank(self, pairs: Iterable[Scored], is_open: Open) -> None:
        threshold = self._threshold
        self._ranked = heapq.nsmallest(
            RANKED, filter(is_open, pairs), key=lambda pair: (abs(pair[2] - threshold), pair)
        )
        self._all = self._all and len(self._ranked) < RANKED


def scored_pairs(memory: Memory) -> Iterator[Scored]:
    """All pairs that matter, the smaller number first."""
    for a, found in list(memory.scores.items()):
        for b, score in found.items():
            if a < b:
                yield a, b, score
