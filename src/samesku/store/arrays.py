"""Arrays that grow by rows, and lists of numbers by key: what a large index holds in few bytes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

# Entries that wait beside the flat arrays before they are put in: so many, or this share of all.
WAITING, WAITING_SHARE = 50_000, 0.125


class Growing:
    """An array to which rows are added."""

    def __init__(self, kind: Any, *width: int) -> None:
        self._held: NDArray[Any] = np.empty((256, *width), dtype=kind)
        self.size = 0

    @property
    def rows(self) -> NDArray[Any]:
        """All rows; not to be kept, as adding more may move them."""
        return self._held[: self.size]

    def extend(self, rows: NDArray[Any]) -> None:
        """Add rows."""
        stop = self.size + len(rows)
        if stop > len(self._held):
            larger = np.empty((stop + stop // 4, *self._held.shape[1:]), dtype=self._held.dtype)
            larger[: self.size] = self.rows
            self._held = larger
        self._held[self.size : stop] = rows
        self.size = stop

    def append(self, row: Any) -> None:
        """Add one row."""
        if self.size == len(self._held):
            self.extend(np.full((1, *self._held.shape[1:]), row, dtype=self._held.dtype))
        else:
            self._held[self.size] = row
            self.size += 1

    def cut(self, size: int) -> None:
        """Drop the rows from a place on."""
        self.size = size


def spans(start: NDArray[np.int64], lengths: NDArray[np.integer]) -> NDArray[np.int64]:
    """The places of several stretches of a flat array, one after the other."""
    ends = np.cumsum(lengths)
    first = np.repeat(start - (ends - lengths), lengths)
    return np.asarray(np.arange(len(first)) + first)


class Lists:
    """Lists of numbers of four bytes by key; they only grow.

    Most entries are in a flat array in the order of the keys. Those that came last wait apart and
    are put in when they are many, so that an entry takes little more than its own bytes.
    """

    def __init__(self, keys: int = 0, kind: Literal["i", "f"] = "i") -> None:
        self._kind = kind
        self._start = np.zeros(keys + 1, dtype=np.uint32)
        self._items: NDArray[Any] = np.empty(0, dtype=kind)
        self._new: dict[int, array[Any]] = {}
        self._waiting = 0

    def build(self, keys: NDArray[np.integer], items: NDArray[Any]) -> None:
        """Hold these entries in place of all; those of one key stay in their order."""
        size = max(int(keys.max(initial=-1)) + 2, len(self._start))
        self._start = np.zeros(size, dtype=np.uint32)
        self._start[1:] = np.cumsum(np.bincount(keys, minlength=size - 1))
        self._items = items[np.argsort(keys, kind="stable")].astype(self._kind)
        self._new, self._waiting = {}, 0

    def add(self, keys: Sequence[int], items: Sequence[float]) -> None:
        """Add an entry for each key."""
        for key, item in zip(keys, items, strict=True):
            if key not in self._new:
                self._new[key] = array(self._kind)
            self._new[key].append(item)
        self._waiting += len(keys)
        if self._waiting > max(WAITING, WAITING_SHARE * len(self._items)):
            self._put_in()

    def length(self, key: int) -> int:
        """How many entries a key has."""
        start, stop = self._bounds(key)
        return stop - start + (len(self._new[key]) if key in self._new else 0)

    def of(self, key: int, most: int | None = None) -> NDArray[Any]:
        """The entries of a key, as they were added; of many the last."""
        start, stop = self._bounds(key)
        first = self._items[start:stop]
        if key in self._new:
            first = np.concatenate([first, np.array(self._new[key], dtype=self._kind)])
        return first if most is None else first[-most:]

    def all(self) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """All entries: keys and items."""
        self._put_in()
        return np.repeat(np.arange(len(self._start) - 1), np.diff(self._start)), self._items

    def _bounds(self, key: int) -> tuple[int, int]:
        if key + 1 >= len(self._start):
            return 0, 0
        return int(self._start[key]), int(self._start[key + 1])

    def _put_in(self) -> None:
        """Put what waits into the flat array."""
        if not self._new:
            return
        keys = sorted(self._new)
        if keys[-1] + 2 > len(self._start):
            more = keys[-1] + 2 - len(self._start)
            self._start = np.concatenate([self._start, np.full(more, self._start[-1])])
        named = np.repeat(np.array(keys, dtype=np.int64), [len(self._new[key]) for key in keys])
        at = self._start[named + 1].astype(np.int64)
        self._items = np.insert(self._items, at, np.concatenate([self._new[key] for key in keys]))
        added = np.cumsum(np.bincount(named, minlength=len(self._start) - 1))
        self._start[1:] += added.astype(np.uint32)
        self._new, self._waiting = {}, 0
