"""Who is near whom: neighbours under one encoder, scored pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from samesku.store.arrays import Growing, spans

NEIGHBORS = 50
# Slots whose neighbours are sorted at once.
AT_ONCE = 100_000
Near: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class ScoredPairs:
    """Pairs of one distinct posting with others: similarities (NaN unknown) and probability."""

    other: NDArray[np.int64]
    text: NDArray[np.float32]
    photo: NDArray[np.float32]
    probability: NDArray[np.float32]

    def pack(self) -> bytes:
        numbers = np.stack([self.text, self.photo, self.probability]).astype("<f4")
        return self.other.astype("<i8").tobytes() + numbers.tobytes()

    @classmethod
    def unpack(cls, packed: Sequence[bytes]) -> tuple[NDArray[np.int64], ScoredPairs]:
        """Read what `pack` gave of some postings: of which of them each pair is, and the pairs."""
        read = np.frombuffer(b"".join(packed), "<u4")
        length = np.array([len(each) // 4 for each in packed], dtype=np.int64)
        start, size = np.cumsum(length) - length, length // 5
        other = read[spans(start, 2 * size)].view("<i8")
        numbers = (read[spans(start + at * size, size)].view("<f4") for at in (2, 3, 4))
        return np.repeat(np.arange(len(packed)), size), cls(other, *numbers)

    def part(self, start: int, stop: int) -> ScoredPairs:
        return ScoredPairs(*(each[start:stop] for each in vars(self).values()))


class NearLists:
    """Up to 50 neighbours of each slot, near to far; similarities below `floor` are none."""

    def __init__(self, floor: float) -> None:
        self._floor = floor
        self._others, self._similarity = (
            Growing(kind, NEIGHBORS) for kind in (np.int32, np.float32)
        )

    def add(self, count: int) -> None:
        """So many more slots, without neighbours."""
        for each in (self._others, self._similarity):
            each.extend(np.full((count, NEIGHBORS), -1))

    def clear(self, slot: int) -> None:
        self._others.rows[slot], self._similarity.rows[slot] = -1, -1

    def of(self, slots: NDArray[np.integer]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Neighbours ``(m, 50)`` and similarities of some slots; -1 where there is no more."""
        return self._others.rows[slots], self._similarity.rows[slots]

    def enter(
        self, slot: int, others: NDArray[np.integer], similarity: NDArray[np.float32]
    ) -> None:
        """Enter neighbours in the lists of both sides; NaN is none."""
        kept = similarity >= self._floor
        others, similarity = others[kept].astype(np.int32), similarity[kept]
        if not len(others):
            return
        own, values = self.of(np.array([slot]))
        known = own[0] >= 0
        mine, likeness = nearest(
            np.concatenate([own[0][known], others]), np.concatenate([values[0][known], similarity])
        )
        self.clear(slot)
        self._others.rows[slot, : len(mine)] = mine
        self._similarity.rows[slot, : len(mine)] = likeness
        rows, values = self.of(others)
        new = np.flatnonzero(~(rows == slot).any(axis=1))
        others = others[new]
        rows = np.column_stack([rows[new], np.full_like(others, slot)])
        values = np.column_stack([values[new], similarity[new]])
        nearest_first = np.argsort(-values, axis=1, kind="stable")[:, :NEIGHBORS]
        self._others.rows[others] = np.take_along_axis(rows, nearest_first, axis=1)
        self._similarity.rows[others] = np.take_along_axis(values, nearest_first, axis=1)

    def build(
        self, one: NDArray[np.int32], other: NDArray[np.int32], similarity: NDArray[np.float32]
    ) -> None:
        """The neighbours of all slots by their pairs, in place of all before.

        Pairs are in the order of `one`, those of each in the order of `other`, which is smaller.
        """
        self._others.rows[:], self._similarity.rows[:] = -1, -1
        near = np.flatnonzero(similarity >= self._floor)
        ends = np.concatenate([one[near], other[near]]), np.concatenate([other[near], one[near]])
        known = np.tile(similarity[near], 2)
        for start in range(0, self._others.size, AT_ONCE):
            some = np.flatnonzero((ends[0] >= start) & (ends[0] < start + AT_ONCE))
            query, found, values = ends[0][some], ends[1][some], known[some]
            # Floats above 0 ascend with their bits; ties stay in the order of those found.
            farther = ~values.view(np.uint32)
            order = np.argsort(query.astype(np.uint64) << 32 | farther, kind="stable")
            query, found, values = query[order], found[order], values[order]
            count = np.bincount(query - start)
            rank = spans(np.zeros(len(count), dtype=np.int64), count)
            kept = rank < NEIGHBORS
            self._others.rows[query[kept], rank[kept]] = found[kept]
            self._similarity.rows[query[kept], rank[kept]] = values[kept]

    def put_back(self, slots: NDArray[np.integer], held: tuple[NDArray[Any], ...]) -> None:
        """Give slots the neighbours that they had, and drop the last slot."""
        self._others.rows[slots], self._similarity.rows[slots] = held
        for each in (self._others, self._similarity):
            each.cut(each.size - 1)


def nearest(others: NDArray[np.int64], similarity: NDArray[np.float32]) -> Near:
    """Near to far, ties by slot, each once."""
    order = np.lexsort((others, -similarity))
    others, similarity = others[order], similarity[order]
    _, first = np.unique(others, return_index=True)
    first.sort()
    return others[first[:NEIGHBORS]], similarity[first[:NEIGHBORS]]
