"""Arrays that grow, and lists of entries by key: what a large index holds in few bytes."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from samesku.runtime.arrays import AnyInts, Array, Ints


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


class Lists:
    """Entries by key, each of one kind; they only grow."""

    def __init__(self, kind: Any) -> None:
        self._kind = np.dtype(kind)
        # One array a key would take many times as much.
        self._held: dict[int, bytearray] = defaultdict(bytearray)

    def add(self, keys: AnyInts, entries: Array) -> None:
        order = np.argsort(keys, kind="stable")
        different, start = np.unique(keys[order], return_index=True)
        packed = entries[order].astype(self._kind).tobytes()
        bounds = (self._kind.itemsize * np.append(start, len(keys))).tolist()
        for key, begin, end in zip(different.tolist(), bounds, bounds[1:], strict=False):
            self._held[key] += packed[begin:end]

    def lengths(self, keys: AnyInts) -> Ints:
        held = [len(self._held.get(key, b"")) for key in keys.tolist()]
        return np.asarray(np.array(held, dtype=np.int64) // self._kind.itemsize)

    def of(self, keys: AnyInts, most: int | None = None) -> tuple[Ints, Array]:
        """The entries of some keys, one key after the other, as they were added.

        Returns which of `keys` each is of, and the entries; of one key at `most` the last ones.
        """
        first = None if most is None else -most * self._kind.itemsize
        held = [self._held.get(key, b"")[first:] for key in keys.tolist()]
        lengths = np.array([len(each) for each in held], dtype=np.int64) // self._kind.itemsize
        entries = np.frombuffer(b"".join(held), self._kind)
        return np.repeat(np.arange(len(keys)), lengths), entries
