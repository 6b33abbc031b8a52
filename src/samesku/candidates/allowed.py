"""Neighbours among the pairs that may match: within one source, across sources, or all."""

from __future__ import annotations

from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.neighbors import FLOOR, Method, Neighbors, nearest
from samesku.encoders.base import Vectors
from samesku.runtime.progress import Advance

__all__ = ["Allowed", "allowed_neighbors"]

Allowed: TypeAlias = Literal["within", "across", "all"]

# Of more sources than this, each small, all postings are searched with a longer list instead.
MOST_SOURCES, LONGER = 8, 4


def allowed_neighbors(
    vectors: Vectors,
    source: NDArray[np.int64],
    allowed: Allowed,
    *,
    k: int,
    method: Method = "auto",
    advance: Advance = lambda done: None,
) -> Neighbors:
    """The k nearest postings of each that it may match.

    Across sources each posting is searched among the other sources only, so that the many that its
    own source posts take no place in its list.

    Parameters
    ----------
    vectors : Vectors
    source : int64 (n,)
        Source of each posting, by number.
    allowed : {"within", "across", "all"}
        Pairs of one source, of two sources, or of any.
    k : int
    method : {"auto", "exact", "approximate"}
    advance : callable
    """
    search = partial(nearest, floor=FLOOR[vectors.kind], method=method, advance=advance)
    if allowed == "all":
        return search(vectors, k=k)
    names = np.unique(source)
    if len(names) > MOST_SOURCES:
        found = search(vectors, k=LONGER * k)
        return _nearest_of(found, (source[found.query] == source[found.candidate]), allowed, k)
    parts = []
    for name in names:
        own = source == name
        index = vectors.select(own if allowed == "within" else ~own)
        parts.append(search(vectors.select(own), index, k=k))
    query, candidate, similarity = (
        np.concatenate([part.arrays[column] for part in parts])
        for column in ("query", "candidate", "similarity")
    )
    order = np.argsort(query, kind="stable")
    return Neighbors(query[order], candidate[order], similarity[order], vectors.size)


def _nearest_of(found: Neighbors, own: NDArray[np.bool_], allowed: Allowed, k: int) -> Neighbors:
    """The k nearest of each list that may match."""
    kept = own if allowed == "within" else ~own
    some = Neighbors(found.query[kept], found.candidate[kept], found.similarity[kept], found.size)
    near = some.rank < k
    return Neighbors(some.query[near], some.candidate[near], some.similarity[near], found.size)
