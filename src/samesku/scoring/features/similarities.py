"""How a pair stands among the neighbours of both its postings, under one encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.candidates.neighbors import Neighbors
from samesku.runtime.arrays import Bools, Doubles, Floats
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.presence import cells_at, filled_rows

DEPTH = 30
UNRANKED = 99.0
# Similarities closer than this differ by the order of a sum only.
TIE = 1e-6


@dataclass(frozen=True, eq=False)
class Ranks:
    """How the neighbours of each posting stand to each other.

    Its rivals are those that it does not clash with, which may be the same product
    (:func:`samesku.scoring.features.attributes.clashing`).
    """

    mean: Doubles  # (n,), of the similarities of a posting's 30 nearest
    spread: Doubles  # (n,), their standard deviation
    rival: NDArray[np.int32]  # (n,), the nearest rival, -1 where there is none
    first: Floats  # (n,), its similarity, 0 where there is none
    second: Floats  # (n,), that of the next rival
    # (n, n), the place of each neighbour in a posting's list, from 1; equal ones share the first
    places: sp.csr_matrix

    @classmethod
    def of(cls, found: Neighbors, clashes: Bools) -> Ranks:
        """Read the lists of neighbours, of which some clash with whose they are, bool ``(m,)``."""
        ends = found.ends
        longest = int(np.diff(ends).max(initial=0))
        kind = np.min_scalar_type(longest)
        parts, read = [], 0
        for part in found.blocks():
            parts.append(_read(part, clashes[read : read + len(part)], kind))
            read += len(part)
        mean, spread, rival, first, second, place = (
            np.concatenate(each) for each in zip(*parts, strict=True)
        )
        places = filled_rows(place, found.candidate, ends, found.size)
        return cls(mean, spread, rival, first, second, places)


def similarity_features(
    name: str, similarity: Floats, candidates: Candidates, ranks: Ranks
) -> dict[str, Column]:
    """Similarity under one encoder, and relative to both postings' neighbours.

    Relative numbers hold in small and in large catalogues alike: the z-score among the 30 nearest,
    the lead over the nearest other that does not clash, and ranks; neighbours of equal
    similarity share a rank, whatever the order of the postings. Absolute densities are left out:
    trees that read them hold on fewer catalogues that took no part in their training.

    `name` is that of the encoder, the first part of the features' names.
    """
    left, right = candidates.left, candidates.right
    query, other = np.concatenate([left, right]), np.concatenate([right, left])
    both = np.tile(similarity, 2)
    place = cells_at(ranks.places, query, other).astype(np.float32)
    rank = np.where(place > 0, place - 1, np.float32(UNRANKED))
    itself = ranks.rival[query] == other
    related = {
        "z": (both - ranks.mean[query]) / ranks.spread[query],
        "lead": both - np.where(itself, ranks.second[query], ranks.first[query]),
        "rank": np.where(np.isnan(both), np.nan, rank),
    }
    columns: dict[str, Column] = {name: similarity}
    for kind, values in related.items():
        columns |= both_ways(f"{name}_{kind}", *np.split(values, 2))
    return columns


def _read(
    found: Neighbors, clashes: Bools, kind: np.dtype[Any]
) -> tuple[Column, Column, Column, Column, Column, Column]:
    """Mean and spread of each list, its rivals, and the place of each neighbour in its list."""
    rank = found.rank
    near = rank < DEPTH
    query, similarity = found.query[near], found.similarity[near].astype(np.float64)
    count = np.maximum(np.bincount(query, minlength=found.size), 1)
    mean = np.bincount(query, similarity, found.size) / count
    square = np.bincount(query, similarity**2, found.size) / count
    new = np.ones(len(found), dtype=bool)
    steps = np.abs(np.diff(found.similarity)) > TIE
    new[1:] = steps | (found.query[1:] != found.query[:-1])
    start = np.maximum.accumulate(np.where(new, np.arange(len(found)), 0))
    place = (rank[start] + 1).astype(kind)
    spread = np.sqrt(np.maximum(square - mean**2, 1e-4))
    return mean, spread, *_rivals(found.take(np.flatnonzero(~clashes))), place


def _rivals(found: Neighbors) -> tuple[Column, Column, Column]:
    """The nearest of each list, its similarity, and that of the next."""
    nearest = np.full(found.size, -1, dtype=np.int32)
    first, second = np.zeros((2, found.size), dtype=np.float32)
    rank = found.rank
    for place, similarity in enumerate((first, second)):
        at = rank == place
        similarity[found.query[at]] = found.similarity[at]
        if not place:
            nearest[found.query[at]] = found.candidate[at]
    return nearest, first, second
