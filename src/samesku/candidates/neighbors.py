"""The k nearest postings of each posting under one encoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.search import EXTRA, Found, RowSearch, row_search, search_themselves
from samesku.encoders.base import Kind, Vectors
from samesku.runtime.arrays import AnyInts, Array, Floats, Ints
from samesku.runtime.memory import at_once, kept, released
from samesku.runtime.progress import Advance

Allowed: TypeAlias = Literal["within", "across", "all"]
Method: TypeAlias = Literal["auto", "exact", "approximate"]

# Similarity below which a pair is not worth scoring, by how each kind of vectors spreads.
FLOOR = {"sparse": 0.15, "dense": 0.5, "bits": 0.85}
# Rows in the index from which `auto` approximates, by the figures of benchmarks/neighbors.py:
# below, the exact search is as fast, or the neighbours lost are not worth the time saved.
APPROXIMATE_FROM = {"sparse": 30_000, "dense": 200_000, "bits": 40_000}
# Products that the exact search of sparse rows may take before `auto` approximates, twice what
# 30,000 ordinary titles take: where all titles say the same words every pair is one.
PRODUCTS = 4e9
# Found rows held before they are cut to each posting's k best, at most, and the bytes of each.
ROWS_AT_ONCE, ROW_BYTES = 1_000_000, 200
# Neighbours whose lists one thread sums up at once.
BLOCK = 250_000
# Of more sources than this, each small, all postings are searched with a longer list instead.
MOST_SOURCES, LONGER = 8, 4


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The nearest postings of each posting under one encoder.

    Queries ascend; within each its candidates are from near to far, ties by position.
    """

    query: NDArray[np.int32]  # (m,), positions of postings
    candidate: NDArray[np.int32]  # (m,), never the query itself
    similarity: Floats  # (m,)
    size: int  # number of postings in the catalogue

    @classmethod
    def joined(cls, parts: Sequence[Neighbors]) -> Neighbors:
        """The lists of one catalogue, one part after the other."""
        names = parts[0].arrays
        columns = {name: np.concatenate([part.arrays[name] for part in parts]) for name in names}
        return cls(**columns, size=parts[0].size)

    def __len__(self) -> int:
        return len(self.query)

    def take(self, places: Array) -> Neighbors:
        """Only what stands at the given places."""
        columns = {name: column[places] for name, column in self.arrays.items()}
        return Neighbors(**columns, size=self.size)

    @property
    def arrays(self) -> dict[str, Array]:
        """The three columns by name."""
        return {name: getattr(self, name) for name in ("query", "candidate", "similarity")}

    @property
    def shelved(self) -> Neighbors:
        """The same, where they are many in files: to read the lists in blocks."""
        columns = {name: kept(column) for name, column in self.arrays.items()}
        return Neighbors(**columns, size=self.size)

    @cached_property
    def ends(self) -> NDArray[np.int32]:
        """Where the list of each posting begins, and the last one ends, ``(size + 1,)``."""
        postings = np.arange(self.size + 1, dtype=np.int32)
        return np.searchsorted(self.query, postings).astype(np.int32)

    def blocks(self) -> Iterator[Neighbors]:
        """The lists of some postings at a time, whose numbers are counted from 0 in each.

        Of no postings there is one block, which is empty.
        """
        ends, first = self.ends, 0
        while True:
            last = int(np.searchsorted(ends, ends[first] + BLOCK, side="right")) - 1
            last = min(max(last, first + 1), self.size)
            own = slice(ends[first], ends[last])
            query = self.query[own] - np.int32(first)
            yield Neighbors(query, self.candidate[own], self.similarity[own], last - first)
            if last == self.size:
                break
            first = last
        for column in self.arrays.values():
            released(column)

    @property
    def rank(self) -> NDArray[np.int32]:
        """Place of each candidate in its query's list, from 0."""
        query = self.query
        start = np.flatnonzero(np.concatenate([[True], query[1:] != query[:-1]])[: len(query)])
        start = start.astype(np.int32)
        lengths = np.append(start[1:], len(query)) - start
        return np.arange(len(query), dtype=np.int32) - np.repeat(start, lengths)


def nearest(
    queries: Vectors,
    index: Vectors | None = None,
    *,
    k: int = 50,
    floor: float = 0.0,
    method: Method = "auto",
    advance: Advance = lambda done: None,
) -> Neighbors:
    """Find the k nearest postings of each query, itself not counted, from `floor` on.

    `index` holds those that can be found: rows of the same catalogue, e.g. of the other shop; None:
    the queries. Rows are searched by :func:`samesku.candidates.search.row_search`; `auto` is exact
    up to the size, or for sparse rows the work, from which approximation pays. Where a list is cut,
    of equal similarity the first by position are taken. `advance` is told how many more postings
    have been asked for, those without a row included.
    """
    alone = index is None and queries.probe is None
    index = (queries if index is None else index).findable
    if not len(queries.owner) or not len(index.owner):
        advance(queries.size)
        empty = np.empty(0, np.int32)
        return Neighbors(empty, empty, empty.astype(np.float32), queries.size)
    if method == "auto":
        pays = approximation_pays(index.kind, len(index.owner), _products(queries, index))
        method = "approximate" if pays else "exact"
    if alone and index.kind == "sparse" and method == "exact":
        found = search_themselves(index.rows, floor, _wanted(index, k))
        if found is not None:
            advance(queries.size)
            return _of_postings(found, index.owner, index.owner, k, queries.size)
    search = row_search(index, floor, approximate=method == "approximate")
    return _ask(search, queries, index, k, advance)


def allowed_neighbors(
    vectors: Vectors,
    source: Ints | None,
    allowed: Allowed,
    *,
    k: int,
    method: Method = "auto",
    advance: Advance = lambda done: None,
) -> Neighbors:
    """The k nearest postings of each that it may match, as by :func:`nearest`.

    `source`, int64 ``(n,)``, numbers whose each posting is; without it any two may match. Across
    sources each is searched among the other sources only, so that the many that its own source
    posts take no place in its list.
    """
    search = partial(nearest, floor=FLOOR[vectors.kind], method=method, advance=advance)
    if source is None:
        return search(vectors, k=k)
    names = np.unique(source)
    if len(names) > MOST_SOURCES:
        found = search(vectors, k=LONGER * k)
        own = source[found.query] == source[found.candidate]
        found = found.take(own if allowed == "within" else ~own)
        return found.take(found.rank < k)
    parts = []
    for name in names:
        own = source == name
        index = vectors.select(own if allowed == "within" else ~own)
        parts.append(search(vectors.select(own), index, k=k))
    found = Neighbors.joined(parts)
    return found.take(np.argsort(found.query, kind="stable"))


def approximation_pays(kind: Kind, rows: int, products: float) -> bool:
    """Whether `auto` approximates among so many rows, of sparse ones with so many products."""
    return rows >= APPROXIMATE_FROM[kind] or products > PRODUCTS


def _products(queries: Vectors, index: Vectors) -> float:
    """How many products of two numbers the exact search of sparse rows takes."""
    if index.kind != "sparse":
        return 0.0
    asked, held = (
        np.bincount(each.rows.indices, minlength=index.rows.shape[1]).astype(np.float64)
        for each in (queries, index)
    )
    return float(asked @ held)


def _ask(
    search: RowSearch, queries: Vectors, index: Vectors, k: int, advance: Advance
) -> Neighbors:
    """The k nearest of every query, some postings at a time so that memory stays bounded."""
    wanted = _wanted(index, k)
    postings = np.unique(queries.owner)
    rows = at_once(ROW_BYTES, ROWS_AT_ONCE)
    step = max(1, rows * len(postings) // (len(queries.owner) * (wanted + EXTRA)))
    parts: list[Neighbors] = []
    for first in range(0, len(postings), step):
        last = min(first + step, len(postings)) - 1
        start = np.searchsorted(queries.owner, postings[first])
        stop = np.searchsorted(queries.owner, postings[last], side="right")
        found = search(queries.rows[start:stop], wanted)
        asking = queries.owner[start:stop]
        parts.append(_of_postings(found, asking, index.owner, k, queries.size))
        advance(last + 1 - first)
    advance(queries.size - len(postings))
    return Neighbors.joined(parts)


def _wanted(index: Vectors, k: int) -> int:
    """Enough rows that k other postings remain when the query's own rows come first."""
    views = int(np.bincount(index.owner).max())
    return min((k + 1) * views, len(index.owner))


def _of_postings(found: Found, asking: Ints, owner: Ints, k: int, size: int) -> Neighbors:
    """What was found of rows as the k nearest of postings."""
    row, place, similarity = found
    query, candidate = asking[row], owner[place]
    other = query != candidate
    return best(query[other], candidate[other], similarity[other], k, size)


def merge_neighbors(first: Neighbors, second: Neighbors) -> Neighbors:
    """Both lists of each posting as one, near to far, each neighbour with its larger similarity."""
    both = Neighbors.joined([first, second])
    return best(**both.arrays, k=len(both) + 1, size=both.size)


def density(neighbors: Neighbors, k: int) -> Floats:
    """Mean similarity of each posting to its k nearest, float32 ``(size,)``.

    Places that are not filled count as 0. High where many offers look alike (the crowded parts of
    a catalogue), which is what makes one threshold wrong for all.
    """

    def mean(part: Neighbors) -> Floats:
        near = part.rank < k
        total = np.bincount(part.query[near], part.similarity[near], part.size)
        return (total / k).astype(np.float32)

    return np.concatenate(list(map(mean, neighbors.blocks())))


def best(
    query: AnyInts,
    candidate: AnyInts,
    similarity: Floats,
    k: int,
    size: int,
) -> Neighbors:
    """Each pair once with its largest similarity, the k best per query, near to far."""
    order = np.lexsort((candidate, -similarity, query))
    query, candidate, similarity = query[order], candidate[order], similarity[order]
    _, first = np.unique(query.astype(np.int64) * size + candidate, return_index=True)
    if len(first) < len(query):
        first.sort()
        query, candidate, similarity = query[first], candidate[first], similarity[first]
    found = Neighbors(query.astype(np.int32), candidate.astype(np.int32), similarity, size)
    return found.take(found.rank < k)
