"""How a pair stands among the neighbours of both its postings, under one encoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates, Source, places_among
from samesku.candidates.neighbors import Neighbors
from samesku.scoring.features.table import Column, both_ways

__all__ = ["Standing", "surroundings"]

DEPTH = 30
UNRANKED = 99.0
# Similarities closer than this differ by the order of a sum only.
TIE = 1e-6


@dataclass(frozen=True, eq=False)
class Standing:
    """How the neighbours of each posting stand to each other.

    Attributes
    ----------
    mean, spread, best : float64 (n,)
        Of the similarities of a posting's 30 nearest; `best` is the nearest's.
    keys : int64 (m,)
        ``query * n + candidate`` of every neighbour, ascending.
    rank : float32 (m,)
        Its place in the query's list, from 0; equal similarities share the first.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    best: NDArray[np.float64]
    keys: NDArray[np.int64]
    rank: NDArray[np.float32]

    @classmethod
    def of(cls, found: Neighbors) -> Standing:
        """Read the lists of neighbours."""
        rank = found.rank
        mean, spread = _moments(found, rank < DEPTH)
        best = np.zeros(found.size)
        best[found.query[rank == 0]] = found.similarity[rank == 0]
        keys = found.query * found.size + found.candidate
        order = np.argsort(keys)
        shared = _shared_rank(found, rank).astype(np.float32)
        return cls(mean, spread, best, keys[order], shared[order])

    def rank_of(
        self, query: NDArray[np.integer], candidate: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The rank of one posting in another's list, 99 where it is not in it."""
        place = places_among(self.keys, query * len(self.mean) + candidate)
        ranks = np.full(len(query), UNRANKED, dtype=np.float32)
        ranks[place >= 0] = self.rank[place[place >= 0]]
        return ranks


def surroundings(
    role: str,
    source: Source,
    candidates: Candidates,
    column: int,
    *,
    standing: Standing | None = None,
) -> dict[str, Column]:
    """Similarity under one encoder, and relative to both postings' neighbours.

    Relative numbers hold in small and in large catalogues alike: the z-score among the 30 nearest,
    the gap to the nearest, and ranks; neighbours of equal similarity share a rank, whatever the
    order of the postings. Absolute densities are left out: trees that read them hold on fewer
    catalogues that took no part in their training.

    Parameters
    ----------
    role : str
        First part of the features' names.
    source : Source
        The encoder's vectors and neighbours.
    candidates : Candidates
    column : int
        The encoder's place in `candidates`.
    standing : Standing, optional
        That of the source's neighbours, where it was read before.
    """
    standing = Standing.of(source.neighbors) if standing is None else standing
    similarity = candidates.similarity[:, column]
    left, right = candidates.left, candidates.right
    mean, spread, best = standing.mean, standing.spread, standing.best
    columns: dict[str, Column] = {role: similarity}
    columns |= both_ways(
        f"{role}_z",
        (similarity - mean[left]) / spread[left],
        (similarity - mean[right]) / spread[right],
    )
    columns |= both_ways(f"{role}_gap", similarity - best[left], similarity - best[right])
    columns |= both_ways(
        f"{role}_rank", standing.rank_of(left, right), standing.rank_of(right, left)
    )
    missing = np.isnan(similarity)
    for name, values in columns.items():
        if name != role:
            columns[name] = np.where(missing, np.nan, values)
    return columns


def _shared_rank(found: Neighbors, rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place of each candidate in its query's list, from 0; equal similarities share the first."""
    new = np.ones(len(found), dtype=bool)
    steps = np.abs(np.diff(found.similarity)) > TIE
    new[1:] = steps | (found.query[1:] != found.query[:-1])
    first = np.maximum.accumulate(np.where(new, np.arange(len(found)), 0))
    return np.asarray(rank[first] if len(found) else rank)


def _moments(
    found: Neighbors, which: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    query, similarity = found.query[which], found.similarity[which].astype(np.float64)
    count = np.maximum(np.bincount(query, minlength=found.size), 1)
    mean = np.bincount(query, similarity, found.size) / count
    square = np.bincount(query, similarity**2, found.size) / count
    return mean, np.sqrt(np.maximum(square - mean**2, 1e-4))
