"""A catalogue through its encoders: each photo decoded once for all, nothing encoded twice."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from samesku.catalog.catalog import Catalog
from samesku.catalog.photos import PhotoError, opened_photo, read_photo_bytes
from samesku.encoders.base import Encoder, PhotoEncoder, TextEncoder, Vectors
from samesku.runtime.arrays import Array, Bools
from samesku.runtime.cache import Cache, content_key
from samesku.runtime.cores import map_in_order
from samesku.runtime.progress import Progress
from samesku.titles.unlike import FEWEST, READ, common_words, unlike

# Photos per batch through a network, and per file of the cache: what an interruption can lose.
BATCH = 32
SHARD = 512
# How far from 1 the length of a vector may be.
LENGTH_ERROR = 0.01


@dataclass(frozen=True, eq=False)
class Encoded:
    """The vectors of one encoder; `key` hashes what it read and how: equal keys, equal vectors."""

    encoder: Encoder
    vectors: Vectors
    key: str


def encode(
    catalog: Catalog, encoders: Sequence[Encoder], cache: Cache, progress: Progress
) -> list[Encoded]:
    """Encode a catalogue with several encoders.

    Titles are cached as a whole, photos one by one: a catalogue that grows pays for what is new.
    """
    photo_encoders = [encoder for encoder in encoders if isinstance(encoder, PhotoEncoder)]
    photos = PhotoPass(catalog, photo_encoders, cache)
    photos.run(progress)
    seen = {each.name: photos.vectors(each, progress) for each in photo_encoders}
    for name, vectors_of in seen.items():
        _check_vectors(vectors_of, name, len(catalog))
    blank = _placeholders(catalog, seen, progress)
    found = []
    for encoder in encoders:
        if isinstance(encoder, TextEncoder):
            key = content_key(encoder.fingerprint, catalog.normal_titles)
            vectors = _encode_titles(catalog, encoder, cache, key, progress)
        elif isinstance(encoder, PhotoEncoder):
            vectors = seen[encoder.name].select(~blank) if blank.any() else seen[encoder.name]
            apart = [np.packbits(blank).tobytes()] if blank.any() else []
            key = content_key(encoder.fingerprint, *photos.identity(encoder), *apart)
        else:
            raise TypeError(f"{encoder!r} is neither a TextEncoder nor a PhotoEncoder")
        found.append(Encoded(encoder, vectors, key))
    return found


def _check_vectors(vectors: Vectors, encoder: str, size: int) -> None:
    """Raise TypeError or ValueError where an encoder gives what is no vectors of a catalogue."""
    if not isinstance(vectors, Vectors):
        raise TypeError(f"the encoder {encoder!r} gave {type(vectors).__name__}, not Vectors")
    rows, owner = vectors.rows, vectors.owner
    if vectors.size != size or rows.shape[0] != len(owner):
        raise ValueError(
            f"the encoder {encoder!r} gave {rows.shape[0]:,} vectors, {len(owner):,} owners of "
            f"them and a size of {vectors.size:,}, for {size:,} postings"
        )
    if vectors.kind == "bits":
        return
    sparse = sp.issparse(rows)
    squares = rows.power(2).sum(axis=1) if sparse else np.einsum("ij,ij->i", rows, rows)
    lengths = np.sqrt(np.ravel(squares))
    # One of several views may show nothing: a crop of an even part of the photo.
    blank = (lengths == 0) & (np.bincount(owner, minlength=size)[owner] > 1)
    away = ~(np.abs(lengths - 1) <= LENGTH_ERROR) & ~blank
    if away.any():
        raise ValueError(
            f"{np.count_nonzero(away):,} of {len(away):,} vectors of the encoder {encoder!r} are "
            "not of length 1: divide each by its length, and leave out those of nothing"
        )


def _placeholders(catalog: Catalog, seen: dict[str, Vectors], progress: Progress) -> Bools:
    """Which postings show what some photo encoder has under unlike titles, bool ``(n,)``."""
    blank = np.zeros(len(catalog), dtype=bool)
    for vectors in seen.values():
        blank |= _under_unlike_titles(vectors, catalog.normal_titles)
    if rows := np.flatnonzero(blank).tolist():
        shown = ", ".join(catalog.ids[row] for row in rows[:3])
        progress.note(
            f"{len(rows):,} postings ({shown}{', ...' if len(rows) > 3 else ''}) show a photo that "
            "is under titles without a common word: taken for a placeholder, not compared"
        )
    return blank


def _under_unlike_titles(vectors: Vectors, titles: Sequence[str]) -> Bools:
    """Which postings show a photo that three or more unlike titles have; equal rows are one."""
    found = np.zeros(vectors.size, dtype=bool)
    owners, start = np.unique(vectors.owner, return_index=True)
    rows = np.ascontiguousarray(vectors.rows[start])
    looks = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1])))[:, 0]
    _, first, look = np.unique(looks, return_index=True, return_inverse=True)
    sizes = np.bincount(look)
    if sizes.max(initial=0) < FEWEST:
        return found
    common = common_words(titles[owner] for owner in owners[first[:: 1 + len(first) // READ]])
    members = np.split(owners[np.argsort(look, kind="stable")], np.cumsum(sizes)[:-1])
    for group in members:
        if len(group) >= FEWEST:
            found[group] = unlike({titles[row] for row in group}, common)
    return found


def _encode_titles(
    catalog: Catalog, encoder: TextEncoder, cache: Cache, key: str, progress: Progress
) -> Vectors:
    """The vectors of the titles; those of networks, and the notes on them, are cached."""
    with progress.stage(f"encode ({encoder.name})", len(catalog)) as advance:
        stored = cache.load("titles", key)
        if stored is None or "notes" not in stored:  # earlier states kept others
            vectors = encoder.encode_with_progress(catalog.normal_titles, advance)
            _check_vectors(vectors, encoder.name, len(catalog))
            notes = encoder.notes
            if vectors.kind == "dense":  # sparse ones are counted as quickly as they are read
                kept = {"owner": vectors.owner, "rows": vectors.rows, "notes": np.array(notes, str)}
                cache.store("titles", key, kept)
        else:
            vectors = Vectors(stored["rows"], stored["owner"], len(catalog))
            notes = stored["notes"].tolist()
            advance(len(catalog))
    for note in notes:
        progress.note(note)
    return vectors


class PhotoPass:
    """One pass over the photos that some encoder has not seen yet."""

    def __init__(self, catalog: Catalog, encoders: Sequence[PhotoEncoder], cache: Cache) -> None:
        self.catalog = catalog
        self.encoders = encoders
        # Hashes of the photos that were decoded in this run: many postings share one.
        self.seen: set[bytes] = set()
        self.given = {encoder.name: encoder.given(catalog) for encoder in encoders}
        there = catalog.with_photo
        lacking = [there if given is None else there & ~given[1] for given in self.given.values()]
        self.wanted = np.any(lacking, axis=0) if lacking else np.zeros(len(catalog), dtype=bool)
        self.photo_keys: list[bytes | None] = [None] * len(catalog)
        self.stores = {
            encoder.name: PhotoStore(cache, f"photos/{content_key(encoder.fingerprint)}")
            for encoder in encoders
        }

    def run(self, progress: Progress) -> None:
        """See every photo wanted that the stores do not hold yet."""
        positions = np.flatnonzero(self.wanted)
        if not len(positions):
            return
        paths = [photo for photo in (self.catalog.photos[at] for at in positions) if photo]
        waiting: dict[bytes, list[Array]] = {}
        self.seen = set()
        with progress.stage("read photos", len(paths)) as advance:
            for position, seen in zip(positions, map_in_order(self._see, paths), strict=True):
                advance(1)
                if isinstance(seen, PhotoError):
                    progress.refuse(self.catalog.ids[position], seen.path, seen.reason)
                    continue
                key, looks = seen
                self.photo_keys[position] = key
                if looks is not None:
                    waiting[key] = looks
                if len(waiting) >= SHARD:
                    self._embed(waiting)
                    waiting = {}
            self._embed(waiting)

    def _see(self, path: Path) -> tuple[bytes, list[Array] | None] | PhotoError:
        """Hash of a photo's bytes and, unless all encoders know it, what they keep of it."""
        try:
            content = read_photo_bytes(path)
            key = hashlib.blake2b(content, digest_size=16).digest()
            if key in self.seen or all(key in self.stores[each.name] for each in self.encoders):
                return key, None
            with opened_photo(content) as photo:
                # Only now: each posting with a broken photo is reported.
                self.seen.add(key)
                return key, [encoder.look(photo) for encoder in self.encoders]
        except PhotoError as error:
            return PhotoError(path, error.reason)

    def _embed(self, waiting: Mapping[bytes, list[Array]]) -> None:
        for column, encoder in enumerate(self.encoders):
            store = self.stores[encoder.name]
            new = [(key, looks[column]) for key, looks in waiting.items() if key not in store]
            batches = [new[start : start + BATCH] for start in range(0, len(new), BATCH)]
            rows = [encoder.embed([look for _, look in batch]) for batch in batches]
            if rows:
                store.add([key for key, _ in new], np.concatenate(rows))

    def vectors(self, encoder: PhotoEncoder, progress: Progress) -> Vectors:
        """What the catalogue brings itself, else what was seen in the photo."""
        while True:
            try:
                return self._vectors(encoder)
            except ShardGone:  # another run has dropped it: see those photos again
                self.run(progress)

    def _vectors(self, encoder: PhotoEncoder) -> Vectors:
        size, views, store = len(self.catalog), len(encoder.probes), self.stores[encoder.name]
        seen = [key if key is not None and key in store else None for key in self.photo_keys]
        present = np.array([key is not None for key in seen], dtype=bool)
        rows = store.rows([key for key in seen if key is not None])
        if (given := self.given[encoder.name]) is not None:
            brought, has_one = given
            merged = np.zeros((size, *brought.shape[1:]), dtype=brought.dtype)
            if rows is not None:
                merged[present] = rows
            merged[has_one] = brought
            present = present | has_one
            rows = merged[present]
        if rows is None:
            return Vectors(np.empty((0, 1), dtype=np.float32), np.empty(0, np.int64), size)
        informative = encoder.informative(rows)
        rows, posting = rows[informative], np.flatnonzero(present)[informative]
        owner = np.repeat(posting, views)
        probe = np.tile(encoder.probes, len(rows)) if encoder.probes.any() else None
        return Vectors(
            np.ascontiguousarray(rows.reshape(len(owner), rows.shape[-1])), owner, size, probe
        )

    def identity(self, encoder: PhotoEncoder) -> list[bytes]:
        """What the vectors of this encoder were made from."""
        given = self.given[encoder.name]
        brought = [] if given is None else [given[0].tobytes(), given[1].tobytes()]
        return [*brought, b"".join(key or bytes(16) for key in self.photo_keys)]


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
