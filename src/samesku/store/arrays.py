"""Arrays that grow, and lists of entries by key: what a large index holds in few bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from samesku.runtime.arrays import AnyFloats, AnyInts, Array, Bools, Ints

# Entries that wait beside the flat arrays before they are put in: so many, or this share of all.
WAITING, WAITING_SHARE = 50_000, 0.125


class Growing:
    """An array to which rows are added."""

    def __init__(self, kind: Any) -> None:
        self._held: Array = np.empty(256, dtype=kind)
        self.size = 0

    @property
    def rows(self) -> Array:
        """All rows; not to be kept, as adding more may move them."""
        return self._held[: self.size]

    def extend(self, rows: Array | Sequence[Any]) -> None:
        stop = self.size + len(rows)
        if stop > len(self._held):
            larger = np.empty(stop + stop // 4, dtype=self._held.dtype)
            larger[: self.size] = self.rows
            self._held = larger
        self._held[self.size : stop] = rows
        self.size = stop

    def cut(self, size: int) -> None:
        self.size = size


def spans(start: Ints, lengths: AnyInts) -> Ints:
    """The places of several stretches of a flat array, one after the other."""
    ends = np.cumsum(lengths)
    first = np.repeat(start - (ends - lengths), lengths)
    return np.asarray(np.arange(len(first)) + first)


class Lists:
    """Entries of numbers in columns, by key; they only grow.

    Most entries are in flat arrays in the order of the keys. Those that came last wait apart and
    are put in when they are many, so that an entry takes little more than its own bytes.
    """

    def __init__(self, keys: int = 0, kinds: str = "i") -> None:
        self._record = np.dtype([(str(at), kind) for at, kind in enumerate(kinds)])
        self._start = np.zeros(keys + 1, dtype=np.uint32)
        self._columns: list[Array] = [np.empty(0, dtype=kind) for kind in kinds]
        self._new: dict[int, bytearray] = defaultdict(bytearray)
        self._waiting = 0

    def build(self, keys: AnyInts, *columns: Array) -> None:
        """Hold these entries in place of all; those of one key stay in their order."""
        size = max(int(keys.max(initial=-1)) + 2, len(self._start))
        self._start = np.zeros(size, dtype=np.uint32)
        self._start[1:] = np.cumsum(np.bincount(keys, minlength=size - 1))
        order = np.argsort(keys, kind="stable")
        both = zip(columns, self._columns, strict=True)
        self._columns = [column[order].astype(held.dtype) for column, held in both]
        self._new.clear()
        self._waiting = 0

    def add(self, keys: AnyInts, *columns: AnyInts | AnyFloats | Bools) -> None:
        entries = np.empty(len(keys), self._record)
        for at, column in enumerate(columns):
            entries[str(at)] = column
        packed, width = entries.tobytes(), self._record.itemsize
        for at, key in enumerate(keys.tolist()):
            self._new[key] += packed[width * at : width * (at + 1)]
        self._waiting += len(keys)
        if self._waiting > max(WAITING, WAITING_SHARE * len(self._columns[0])):
            self._put_in()

    def lengths(self, keys: AnyInts) -> Ints:
        start, stop = self._bounds(keys)
        waiting = [len(self._new.get(key, b"")) for key in keys.tolist()]
        return stop - start + np.array(waiting, dtype=np.int64) // self._record.itemsize

    def of(self, keys: AnyInts, most: int | None = None) -> list[Array]:
        """The entries of some keys, one key after the other, as they were added.

        Returns which of `keys` each is of, and the columns; of one key at `most` the last entries.
        """
        start, stop = self._bounds(keys)
        if most is not None:
            start = np.maximum(start, stop - most)
        place = np.repeat(np.arange(len(keys)), stop - start)
        flat = spans(start, stop - start)
        found = [column[flat] for column in self._columns]
        waiting = [(at, self._new[key]) for at, key in enumerate(keys.tolist()) if key in self._new]
        if waiting:
            places, entries = zip(*waiting, strict=True)
            lengths, later = self._read(entries)
            place = np.concatenate([place, np.repeat(places, lengths)])
            order = np.argsort(place, kind="stable")
            found = [
                np.concatenate([column, new])[order]
                for column, new in zip(found, later, strict=True)
            ]
            place = place[order]
            if most is not None:
                last = np.searchsorted(place, place, side="right") - np.arange(len(place)) <= most
                place, found = place[last], [column[last] for column in found]
        return [place, *found]

    def _bounds(self, keys: AnyInts) -> tuple[Ints, Ints]:
        """Where the entries of each key begin and end in the flat arrays."""
        start = self._start[np.minimum(keys, len(self._start) - 1)].astype(np.int64)
        stop = self._start[np.minimum(keys + 1, len(self._start) - 1)].astype(np.int64)
        return start, stop

    def _put_in(self) -> None:
        """Put what waits into the flat arrays."""
        keys = sorted(self._new)
        if keys[-1] + 2 > len(self._start):
            more = keys[-1] + 2 - len(self._start)
            self._start = np.concatenate([self._start, np.full(more, self._start[-1])])
        lengths, waiting = self._read([self._new[key] for key in keys])
        named = np.repeat(np.array(keys, dtype=np.int64), lengths)
        at = self._start[named + 1].astype(np.int64)
        self._columns = [
            np.insert(column, at, new) for column, new in zip(self._columns, waiting, strict=True)
        ]
        added = np.cumsum(np.bincount(named, minlength=len(self._start) - 1))
        self._start[1:] += added.astype(np.uint32)
        self._new.clear()
        self._waiting = 0

    def _read(self, waiting: Sequence[bytearray]) -> tuple[Ints, list[Array]]:
        """How many entries wait under each key, and their columns."""
        entries = np.frombuffer(b"".join(waiting), self._record)
        lengths = np.array([len(each) for each in waiting]) // self._record.itemsize
        return lengths, [entries[name] for name in self._record.names or ()]
