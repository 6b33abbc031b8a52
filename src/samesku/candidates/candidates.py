"""The pairs worth judging: the union of every encoder's neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.neighbors import Neighbors, density
from samesku.candidates.similarity import pair_similarity
from samesku.encoders.base import Kind, Modality, Vectors

__all__ = ["DENSITY_NEIGHBORS", "Candidates", "Source", "agreeing", "join_candidates", "with_pairs"]

# Neighbours whose mean similarity says how crowded a posting's surroundings are.
DENSITY_NEIGHBORS = 20


@dataclass(frozen=True, eq=False)
class Source:
    """One encoder's view of a catalogue: its vectors and who is near whom."""

    encoder: str
    modality: Modality
    vectors: Vectors
    neighbors: Neighbors


@dataclass(frozen=True, eq=False)
class Candidates:
    """Pairs of postings worth judging, each once.

    Attributes
    ----------
    left, right : int64 (m,)
        Positions of the postings, ``left < right``, in ascending order.
    similarity : float32 (m, e)
        Under each encoder; NaN where one of the two has no vector.
    found : bool (m, e)
        Which encoders' neighbours brought the pair in.
    density : float32 (n, e)
        Mean similarity of each posting to its 20 nearest under each encoder.
    encoders, modalities, kinds : tuple of str, length e
        Name of each encoder, what it looks at and how its vectors are stored.
    sources : tuple of Source
        What the candidates were joined from.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    similarity: NDArray[np.float32]
    found: NDArray[np.bool_]
    density: NDArray[np.float32]
    encoders: tuple[str, ...]
    modalities: tuple[Modality, ...]
    kinds: tuple[Kind, ...]
    sources: tuple[Source, ...] = ()

    def __len__(self) -> int:
        return len(self.left)

    @property
    def size(self) -> int:
        """Number of postings in the catalogue."""
        return len(self.density)

    def places(self, left: NDArray[np.integer], right: NDArray[np.integer]) -> NDArray[np.int64]:
        """Where pairs, ``left < right``, stand among these; -1 for what is none of them."""
        known, wanted = self.left * self.size + self.right, left * self.size + right
        return places_among(known, wanted)

    def take(self, places: NDArray[np.integer]) -> Candidates:
        """Only the pairs at the given places."""
        return replace(
            self,
            left=self.left[places],
            right=self.right[places],
            similarity=self.similarity[places],
            found=self.found[places],
        )


def join_candidates(sources: Sequence[Source]) -> Candidates:
    """Union of the neighbours of all sources, similarities of every encoder filled in.

    Parameters
    ----------
    sources : sequence of Source
        At least one, all of the same catalogue.
    """
    size = sources[0].vectors.size
    found_by = [_undirected(source.neighbors) for source in sources]
    union = np.unique(np.concatenate([keys for keys, _ in found_by]))
    left, right = np.divmod(union, max(size, 1))
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
    candidates: Candidates, left: NDArray[np.integer], right: NDArray[np.integer]
) -> Candidates:
    """The candidates, and further pairs that no encoder found.

    Parameters
    ----------
    candidates : Candidates
        With their sources.
    left, right : integer
        Rows of the pairs, ``left < right``.
    """
    fresh = candidates.places(left, right) < 0
    if not fresh.any():
        return candidates
    more = np.unique(left[fresh].astype(np.int64) * candidates.size + right[fresh])
    one, other = np.divmod(more, candidates.size)
    seen = [pair_similarity(source.vectors, one, other) for source in candidates.sources]
    keys = np.concatenate([candidates.left * candidates.size + candidates.right, more])
    order = np.argsort(keys, kind="stable")
    found = np.zeros((len(more), len(candidates.encoders)), dtype=bool)
    return replace(
        candidates,
        left=np.concatenate([candidates.left, one])[order],
        right=np.concatenate([candidates.right, other])[order],
        similarity=np.concatenate(
            [candidates.similarity, np.stack(seen, axis=1).astype(np.float32)]
        )[order],
        found=np.concatenate([candidates.found, found])[order],
    )


def agreeing(candidates: Candidates, codes: NDArray[np.integer]) -> Candidates:
    """Only the pairs whose postings have the same code, integer ``(n,)``."""
    return candidates.take(np.flatnonzero(codes[candidates.left] == codes[candidates.right]))


def _undirected(neighbors: Neighbors) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """One ascending number per pair, found from one end or both, and its similarity."""
    low = np.minimum(neighbors.query, neighbors.candidate)
    keys = low * neighbors.size + np.maximum(neighbors.query, neighbors.candidate)
    pairs, first = np.unique(keys, return_index=True)
    return pairs, neighbors.similarity[first]


def places_among(known: NDArray[np.integer], wanted: NDArray[np.integer]) -> NDArray[np.int64]:
    """Where numbers stand among ascending ones, int64; -1 for what is none of them."""
    place = np.searchsorted(known, wanted)
    inside = place < len(known)
    inside[inside] = known[place[inside]] == wanted[inside]
    return np.where(inside, place, -1)
