"""Who is near whom: neighbours under one encoder, scored pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samesku.runtime.arrays import AnyInts, Array, Bools, Floats, Ints
from samesku.store.arrays import Growing, spans

NEIGHBORS = 50
# Slots whose neighbours are sorted at once.
AT_ONCE = 100_000
Near: TypeAlias = tuple[Ints, Floats]


@dataclass(frozen=True, eq=False)
class ScoredPairs:
    """Pairs of one distinct posting with others: similarities (NaN unknown) and probability.

    `clashes`: whether they clash in an attribute that may not differ.
    """

    other: Ints
    text: Floats
    photo: Floats
    probability: Floats
    clashes: Bools

    def pack(self) -> bytes:
        marked = (self.other << 1 | self.clashes).astype("<i8")
        numbers = np.stack([self.text, self.photo, self.probability]).astype("<f4")
        return marked.tobytes() + numbers.tobytes()

    @classmethod
    def unpack(cls, packed: Sequence[bytes]) -> tuple[Ints, ScoredPairs]:
        """Read what `pack` gave of some postings: of which of them each pair is, and the pairs."""
        read = np.frombuffer(b"".join(packed), "<u4")
        length = np.array([len(each) // 4 for each in packed], dtype=np.int64)
        start, size = np.cumsum(length) - length, length // 5
        marked = read[spans(start, 2 * size)].view("<i8")
        text, photo, probability = (
            read[spans(start + at * size, size)].view("<f4") for at in (2, 3, 4)
        )
        pairs = cls(marked >> 1, text, photo, probability, (marked & 1).astype(bool))
        return np.repeat(np.arange(len(packed)), size), pairs

    def part(self, start: int, stop: int) -> ScoredPairs:
        return ScoredPairs(*(each[start:stop] for each in vars(self).values()))


class NearLists:
    """Up to 50 neighbours of each slot, near to far; similarities below `floor` are none.

    Of each it is marked whether it clashes with the slot in an attribute that may not differ.
    """

    def __init__(self, floor: float) -> None:
        self._floor = floor
        self._columns = tuple(Growing(kind, NEIGHBORS) for kind in (np.int32, np.float32, np.bool_))

    def add(self, count: int) -> None:
        """So many more slots, without neighbours."""
        for column in self._columns:
            column.extend(np.full((count, NEIGHBORS), -1))

    def clear(self, slot: int) -> None:
        for column in self._columns:
            column.rows[slot] = -1

    def of(self, slots: AnyInts) -> tuple[Array, ...]:
        """Neighbours ``(m, 50)``, -1 where there is no more, similarities, and which clash."""
        return tuple(column.rows[slots] for column in self._columns)

    def enter(
        self,
        slot: int,
        others: AnyInts,
        similarity: Floats,
        clashing: AnyInts,
    ) -> None:
        """Enter neighbours in the lists of both sides; NaN is none. Some slots are `clashing`."""
        kept = similarity >= self._floor
        others, similarity = others[kept].astype(np.int32), similarity[kept]
        if not len(others):
            return
        found = others, similarity, np.isin(others, clashing)
        known = self.of(np.array([slot]))
        there = known[0][0] >= 0
        both = [np.concatenate([a[0][there], b]) for a, b in zip(known, found, strict=True)]
        order = _near_to_far(both[0], both[1])
        self.clear(slot)
        for column, values in zip(self._columns, both, strict=True):
            column.rows[slot, : len(order)] = values[order]
        rows = self.of(others)
        new = np.flatnonzero(~(rows[0] == slot).any(axis=1))
        others = others[new]
        more = np.full_like(others, slot), similarity[new], found[2][new]
        lists = [np.column_stack([a[new], b]) for a, b in zip(rows, more, strict=True)]
        order = np.argsort(-lists[1], axis=1, kind="stable")[:, :NEIGHBORS]
        for column, values in zip(self._columns, lists, strict=True):
            column.rows[others] = np.take_along_axis(values, order, axis=1)

    def build(
        self,
        one: NDArray[np.int32],
        other: NDArray[np.int32],
        similarity: Floats,
        clashes: Bools,
    ) -> None:
        """The neighbours of all slots by their pairs, in place of all before.

        Pairs are in the order of `one`, those of each in the order of `other`, which is smaller.
        """
        for column in self._columns:
            column.rows[:] = -1
        near = np.flatnonzero(similarity >= self._floor)
        ends = np.concatenate([one[near], other[near]]), np.concatenate([other[near], one[near]])
        known, clash = np.tile(similarity[near], 2), np.tile(clashes[near], 2)
        for start in range(0, self._columns[0].size, AT_ONCE):
            some = np.flatnonzero((ends[0] >= start) & (ends[0] < start + AT_ONCE))
            query, values = ends[0][some], known[some]
            # Floats above 0 ascend with their bits; ties stay in the order of those found.
            farther = ~values.view(np.uint32)
            order = np.argsort(query.astype(np.uint64) << 32 | farther, kind="stable")
            query, some = query[order], some[order]
            count = np.bincount(query - start)
            rank = spans(np.zeros(len(count), dtype=np.int64), count)
            kept = rank < NEIGHBORS
            for column, read in zip(self._columns, (ends[1], known, clash), strict=True):
                column.rows[query[kept], rank[kept]] = read[some[kept]]

    def drop_last(self) -> None:
        for column in self._columns:
            column.cut(column.size - 1)


def beside(lists: Sequence[Array], own: Ints, new: Sequence[Array]) -> list[Array]:
    """The lists of neighbours of `own`, which ascend, with pairs of new postings in both lists.

    `new`, columns of these pairs: the new posting, whose list is empty; what it found, near to far;
    the similarity; whether the two clash.
    """
    asker, found, *numbers = new
    here, there = np.searchsorted(own, asker), np.searchsorted(own, found)
    wide = [np.column_stack([each, np.full(len(own), -1).astype(each.dtype)]) for each in lists]
    for column, values in zip(wide, (asker, *numbers), strict=True):
        column[there, -1] = values
    order = np.argsort(-wide[1], axis=1, kind="stable")[:, :NEIGHBORS]
    wide = [np.take_along_axis(column, order, axis=1) for column in wide]
    place = np.arange(len(asker)) - np.searchsorted(asker, asker)
    for column, values in zip(wide, (found, *numbers), strict=True):
        column[here, place] = values
    return wide


def nearest(others: Ints, similarity: Floats) -> Near:
    """Near to far, ties by slot, each once."""
    order = _near_to_far(others, similarity)
    return others[order], similarity[order]


def _near_to_far(others: Array, similarity: Array) -> Ints:
    """The places of the nearest, each slot once."""
    order = np.lexsort((others, -similarity))
    _, first = np.unique(others[order], return_index=True)
    first.sort()
    return order[first[:NEIGHBORS]]
