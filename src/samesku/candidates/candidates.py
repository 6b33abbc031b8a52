"""The pairs worth scoring: the union of every encoder's neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.neighbors import (
    Allowed,
    Method,
    Neighbors,
    allowed_neighbors,
    density,
)  # fmt: skip
from samesku.candidates.shared_numbers import sharing
from samesku.candidates.similarity import Ends, pair_similarity
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Kind, Modality, Vectors
from samesku.encoders.encode import Encoded
from samesku.runtime.arrays import AnyInts, Array, Bools, Floats, Ints
from samesku.runtime.cache import Cache, content_key
from samesku.runtime.memory import at_once
from samesku.runtime.progress import Progress
from samesku.titles.attributes.columns import numbers_in

# Neighbours whose mean similarity says how dense it is around a posting.
DENSITY_NEIGHBORS = 20
# Neighbours of which pairs are made at once, at most, and the bytes that each takes meanwhile.
KEYS_AT_ONCE, KEY_BYTES = 4_000_000, 100


@dataclass(frozen=True, eq=False)
class Source:
    """One encoder's view of a catalogue: its vectors and who is near whom."""

    encoder: str
    modality: Modality
    vectors: Vectors
    neighbors: Neighbors


@dataclass(frozen=True, eq=False)
class Candidates:
    """Pairs of postings worth scoring, each once: ``left < right``, in ascending order."""

    left: NDArray[np.int32]  # (m,), positions of the postings
    right: NDArray[np.int32]
    similarity: Floats  # (m, e), under each encoder; NaN where one has no vector
    found: Bools  # (m, e), which encoders' neighbours brought the pair in
    density: Floats  # (n, e), mean similarity of each posting to its 20 nearest
    encoders: tuple[str, ...]  # the name of each
    modalities: tuple[Modality, ...]  # what it looks at
    kinds: tuple[Kind, ...]  # how its vectors are stored
    sources: tuple[Source, ...] = ()  # what the candidates were joined from

    def __len__(self) -> int:
        return len(self.left)

    @property
    def size(self) -> int:
        return len(self.density)

    def places(self, left: Ends, right: Ends) -> Ints:
        """Where pairs, ``left < right``, stand among these; -1 for what is none of them."""
        if not len(left):
            return np.empty(0, dtype=np.int64)
        ends = np.searchsorted(self.left, np.arange(self.size + 1, dtype=np.int32))
        number = np.arange(1, len(self) + 1, dtype=np.int32)
        width = max(self.size, int(np.max(right)) + 1)
        table = sp.csr_matrix((number, self.right, ends), shape=(self.size, width))
        return np.asarray(table[left, right], dtype=np.int64).ravel() - 1

    def take(self, places: AnyInts) -> Candidates:
        """Only the pairs at the given places."""
        return replace(
            self,
            left=self.left[places],
            right=self.right[places],
            similarity=self.similarity[places],
            found=self.found[places],
        )


def find_candidates(
    catalog: Catalog,
    encoded: Sequence[Encoded],
    owners: Ints | None,
    allowed: Allowed,
    *,
    k: int,
    method: Method,
    cache: Cache,
    progress: Progress,
) -> Candidates:
    """The pairs that may match: those of one source or of two, of any where no `owners` are.

    The neighbours of each encoder are searched now or come from the cache. Beside them, postings of
    one article number are candidates, however their titles differ.
    """
    allowed, whose = ("all", b"") if owners is None else (allowed, owners.tobytes())
    settings = str(k), method, allowed, whose
    sources = []
    for each in encoded:
        encoder, vectors = each.encoder, each.vectors
        key = content_key("neighbors-3", each.key, *settings)
        with progress.stage(f"candidates ({encoder.name})", vectors.size) as advance:
            stored = cache.load("neighbors", key)
            if stored is not None and stored.keys() == {"query", "candidate", "similarity"}:
                found = Neighbors(**stored, size=vectors.size)
            else:
                found = allowed_neighbors(
                    vectors, owners, allowed, k=k, method=method, advance=advance
                )
                cache.store("neighbors", key, found.arrays)
        sources.append(Source(encoder.name, encoder.modality, vectors, found))
    with progress.stage("candidates"):
        has_numbers = any(map(numbers_in, catalog.frame.columns))
        left, right = sharing(catalog.attributes.values["gtin"] if has_numbers else [])
        if owners is not None and allowed != "all":
            may = (owners[left] == owners[right]) == (allowed == "within")
            left, right = left[may], right[may]
        joined = with_pairs(join_candidates(sources), left, right, found=True)
        # From now on little of them is read: what is large lies in files.
        shelved = (
            replace(source, vectors=source.vectors.shelved, neighbors=source.neighbors.shelved)
            for source in sources
        )
        return replace(joined, sources=tuple(shelved))


def join_candidates(sources: Sequence[Source]) -> Candidates:
    """Union of the neighbours of sources of one catalogue, all similarities filled in."""
    size = sources[0].vectors.size
    lows = [np.minimum(each.neighbors.query, each.neighbors.candidate) for each in sources]
    count = sum(len(low) for low in lows)
    step = max(1, size * at_once(KEY_BYTES, KEYS_AT_ONCE) // max(count, 1))
    columns: list[list[Array]] = [[], [], [], []]
    for first in range(0, max(size, 1), step):
        part = _joined(sources, lows, first, min(first + step, size))
        for column, values in zip(columns, part, strict=True):
            column.append(values)
    del lows
    # One column after the other, so that no two are held twice.
    left, right, similarity, found = (np.concatenate(columns.pop(0)) for _ in range(4))
    return Candidates(
        left,
        right,
        similarity,
        found,
        np.stack([density(source.neighbors, DENSITY_NEIGHBORS) for source in sources], axis=1),
        tuple(source.encoder for source in sources),
        tuple(source.modality for source in sources),
        tuple(source.vectors.kind for source in sources),
        tuple(sources),
    )


def with_pairs(
    candidates: Candidates, left: Ends, right: Ends, *, found: bool = False
) -> Candidates:
    """The candidates, which need their sources, and further pairs of rows, ``left < right``.

    Those that are `found` count as found by the first encoder: a fusion that knows few encoders
    looks at no others.
    """
    fresh = candidates.places(left, right) < 0
    if not fresh.any():
        return candidates
    more = np.unique(left[fresh].astype(np.int64) * candidates.size + right[fresh])
    one, other = (end.astype(np.int32) for end in np.divmod(more, candidates.size))
    seen = [pair_similarity(source.vectors, one, other) for source in candidates.sources]
    keys = candidates.left.astype(np.int64) * candidates.size + candidates.right
    both = replace(
        candidates,
        left=np.concatenate([candidates.left, one]),
        right=np.concatenate([candidates.right, other]),
        similarity=np.concatenate([candidates.similarity, np.stack(seen, axis=1)]),
        found=np.pad(candidates.found, ((0, len(more)), (0, 0))),
    )
    both.found[len(candidates) :, 0] = found
    return both.take(np.argsort(np.concatenate([keys, more]), kind="stable"))


def _joined(
    sources: Sequence[Source], lows: Sequence[NDArray[np.int32]], first: int, stop: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats, Bools]:
    """The columns `left`, `right`, `similarity`, `found` of pairs whose lower end is in a range."""
    size = sources[0].vectors.size
    found_by = [
        _undirected(source.neighbors, low, first, stop)
        for source, low in zip(sources, lows, strict=True)
    ]
    union = each_once(np.concatenate([keys for keys, _ in found_by]))
    left, right = (end.astype(np.int32) for end in np.divmod(union, max(size, 1)))
    similarity = np.empty((len(union), len(sources)), dtype=np.float32)
    found = np.zeros((len(union), len(sources)), dtype=bool)
    for column, (source, (keys, known)) in enumerate(zip(sources, found_by, strict=True)):
        place = np.searchsorted(union, keys)
        found[place, column] = True
        if source.vectors.probe is None:
            similarity[place, column] = known
            rest = np.flatnonzero(~found[:, column])
        else:
            # The two directions differ, and a pair may have been found from the weaker end only.
            rest = np.arange(len(union))
        similarity[rest, column] = pair_similarity(source.vectors, left[rest], right[rest])
    return left, right, similarity, found


def _undirected(
    neighbors: Neighbors, low: NDArray[np.int32], first: int, stop: int
) -> tuple[Ints, Floats]:
    """One ascending number per pair of those in a range, and its similarity.

    A pair may have been found from one end or both; `low` is the lower one.
    """
    own = np.flatnonzero((low >= first) & (low < stop))
    high = np.maximum(neighbors.query[own], neighbors.candidate[own])
    keys = low[own].astype(np.int64) * neighbors.size + high
    pairs, one = np.unique(keys, return_index=True)
    return pairs, neighbors.similarity[own[one]]


def each_once(numbers: Ints) -> Ints:
    """Each number once, ascending; of a few ascending runs in no time, where numpy would hash."""
    ascending = np.sort(numbers, kind="stable")
    return np.asarray(ascending[np.diff(ascending, prepend=-1) != 0])


def places_among(known: AnyInts, wanted: AnyInts) -> Ints:
    """Where numbers stand among ascending ones, int64; -1 for what is none of them."""
    place = np.searchsorted(known, wanted)
    inside = place < len(known)
    inside[inside] = known[place[inside]] == wanted[inside]
    return np.where(inside, place, -1)
