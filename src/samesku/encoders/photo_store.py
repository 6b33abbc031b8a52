"""The rows of single photos, kept by the hash of the photo's bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from samesku.encoders.base import Array
from samesku.runtime.cache import Cache, content_key


class ShardGone(LookupError):  # noqa: N818  (it is met in the course of things)
    """What was in the cache when the run began is there no more: another run has dropped it."""


class PhotoStore:
    """What one encoder made of photos, in shards in the cache's `room`; only keys are in memory.

    What the cache cannot keep stays in memory for this run.
    """

    def __init__(self, cache: Cache, room: str) -> None:
        self.cache = cache
        self.room = room
        self._place: dict[bytes, tuple[str, int]] = {}
        self._held: dict[str, Array] = {}
        self._keeps = True
        for shard in cache.names(room):
            stored = cache.load(room, shard, only="keys")
            if stored is not None:
                self._index(shard, [key.tobytes() for key in stored["keys"]])

    def __contains__(self, key: bytes) -> bool:
        return key in self._place

    def add(self, keys: Sequence[bytes], rows: Array) -> None:
        """Keep ``rows[i]`` under ``keys[i]``."""
        packed = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), -1)
        shard = content_key(b"".join(keys))
        if not (self._keeps and self.cache.store(self.room, shard, {"keys": packed, "rows": rows})):
            self._held[shard] = rows
        self._index(shard, keys)

    def rows(self, keys: Sequence[bytes]) -> Array | None:
        """The rows under `keys`, in their order, ``(len(keys), views, d)``; None without keys.

        Raises ShardGone where some are gone. The store has forgotten them, and holds what is added
        from now on in memory: those photos are to be seen again.
        """
        wanted: dict[str, list[int]] = defaultdict(list)
        for position, key in enumerate(keys):
            wanted[self._place[key][0]].append(position)
        gathered: Array | None = None
        for shard, positions in wanted.items():
            rows = self._rows_of(shard)
            if gathered is None:
                gathered = np.empty((len(keys), *rows.shape[1:]), dtype=rows.dtype)
            gathered[positions] = rows[[self._place[keys[position]][1] for position in positions]]
        return gathered

    def _rows_of(self, shard: str) -> Array:
        if shard in self._held:
            return self._held[shard]
        stored = self.cache.load(self.room, shard)
        if stored is None:
            self._keeps = False
            self._place = {key: at for key, at in self._place.items() if at[0] != shard}
            raise ShardGone(shard)
        return stored["rows"]

    def _index(self, shard: str, keys: Sequence[bytes]) -> None:
        self._place.update((key, (shard, row)) for row, key in enumerate(keys))
