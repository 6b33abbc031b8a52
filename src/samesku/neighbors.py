"""The k nearest postings: sparse, dense and Hamming; exact, or approximate past a size."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sparse_dot_topn import sp_matmul_topn
from usearch.index import Index

from samesku.cores import usable_cores
from samesku.encoders.base import Vectors
from samesku.similarity import row_similarity

__all__ = ["Method", "Neighbors", "density", "nearest"]

Method: TypeAlias = Literal["auto", "exact", "approximate"]
# Similarities of a block of queries: float32 cosines, or unsigned counts of agreeing bits.
Block: TypeAlias = NDArray[Any]
Found: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]

# Rows in the index from which `auto` approximates: where the lines cross in
# benchmarks/neighbors.py.
APPROXIMATE_FROM = {"sparse": 40_000, "dense": 100_000, "bits": 200_000}
# Longest list of neighbours, for postings that stand in a crowd of the same.
DEEPEST = 800
BLOCK_BYTES = 64 * 2**20
# Share of a sparse row's squared length, in its most common terms, that the pruned search ignores.
PRUNED_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The nearest postings of each posting under one encoder.

    Attributes
    ----------
    query, candidate : int64 (m,)
        Positions of postings; never the same one.
    similarity : float32 (m,)
        Sorted within each query from near to far, ties by position; queries ascend.
    size : int
        Number of postings in the catalogue.
    """

    query: NDArray[np.int64]
    candidate: NDArray[np.int64]
    similarity: NDArray[np.float32]
    size: int

    def __len__(self) -> int:
        return len(self.query)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The three columns by name."""
        return {
            "query": self.query,
            "candidate": self.candidate,
            "similarity": self.similarity,
        }

    @property
    def rank(self) -> NDArray[np.int64]:
        """Place of each candidate in its query's list, from 0."""
        return _rank(self.query)


def nearest(
    queries: Vectors,
    index: Vectors | None = None,
    *,
    k: int = 50,
    floor: float = 0.0,
    method: Method = "auto",
    deepen: float | None = None,
) -> Neighbors:
    """Find the k nearest postings of each query.

    Parameters
    ----------
    queries : Vectors
        Who asks.
    index : Vectors, optional
        Who can be found: rows of the same catalogue, e.g. of the other shop. None: the queries.
    k : int
        At most so many per query, itself not counted.
    floor : float
        Similarities below this are left out.
    method : {"auto", "exact", "approximate"}
        Approximate search is HNSW (Malkov and Yashunin, 2016; usearch) for dense rows and bits. For
        sparse rows it leaves out each row's most common terms, up to a tenth of its squared
        length, and computes the similarity of what it finds in full. `auto` is exact up to
        the size from which approximation pays (`APPROXIMATE_FROM`).
    deepen : float, optional
        A posting whose k-th neighbour is still at least so similar stands in a larger crowd: it is
        asked again for four times as many, up to `DEEPEST`.

    Returns
    -------
    Neighbors
    """
    if k < 1:
        raise ValueError(f"k is at least 1, not {k}")
    index = (queries if index is None else index).findable
    if queries.kind != index.kind:
        raise ValueError(f"cannot search {queries.kind} vectors among {index.kind} ones")
    size = queries.size
    if not len(queries.owner) or not len(index.owner):
        return Neighbors(*_nothing(), size)
    views = int(np.bincount(index.owner, minlength=1).max())
    if method == "auto":
        method = "exact" if len(index.owner) < APPROXIMATE_FROM[index.kind] else "approximate"
    found = _nearest(queries, index, k, floor, method, views)
    while deepen is not None and k < DEEPEST:
        crowded = _crowded(found, k, deepen)
        if not crowded.any():
            break
        k *= 4
        deeper = _nearest(queries.select(crowded), index, k, floor, method, views)
        found = _replace(found, deeper, crowded)
    return found


def _nearest(
    queries: Vectors, index: Vectors, k: int, floor: float, method: Method, views: int
) -> Neighbors:
    # Enough rows that k other postings remain when the query's own rows come first.
    wanted = min((k + 1) * views, len(index.owner))
    row, found, similarity = _search(queries, index, wanted, floor, method == "approximate")
    query, candidate = queries.owner[row], index.owner[found]
    other = query != candidate
    return _best(query[other], candidate[other], similarity[other], k, queries.size)


def _crowded(found: Neighbors, k: int, deepen: float) -> NDArray[np.bool_]:
    """Who has k neighbours that are all at least so similar, bool ``(size,)``."""
    near = np.bincount(found.query[found.similarity >= deepen], minlength=found.size)
    return near >= k


def _replace(found: Neighbors, deeper: Neighbors, whose: NDArray[np.bool_]) -> Neighbors:
    keep = ~whose[found.query]
    query = np.concatenate([found.query[keep], deeper.query])
    order = np.argsort(query, kind="stable")
    candidate = np.concatenate([found.candidate[keep], deeper.candidate])[order]
    similarity = np.concatenate([found.similarity[keep], deeper.similarity])[order]
    return Neighbors(query[order], candidate, similarity, found.size)


def density(neighbors: Neighbors, k: int) -> NDArray[np.float32]:
    """Mean similarity of each posting to its k nearest, float32 ``(size,)``.

    Places that are not filled count as 0. High where many offers look alike (the crowded parts of
    a catalogue), which is what makes one threshold wrong for all.
    """
    near = neighbors.rank < k
    total = np.bincount(neighbors.query[near], neighbors.similarity[near], neighbors.size)
    return (total / k).astype(np.float32)


def _search(
    queries: Vectors, index: Vectors, wanted: int, floor: float, approximate: bool
) -> Found:
    if queries.kind == "sparse":
        search = _sparse_pruned if approximate else _sparse_product
        return search(queries.rows, index.rows, wanted, floor)
    if approximate:
        return _hnsw(queries, index, wanted, floor)
    return _exact_blocks(queries, index, wanted, floor)


def _sparse_pruned(
    queries: sp.csr_matrix, index: sp.csr_matrix, wanted: int, floor: float
) -> Found:
    """Search without the common terms, which cost most and tell least, then score in full."""
    frequency = np.bincount(index.indices, minlength=index.shape[1])
    slim_index = _without_common_terms(index, frequency)
    slim_queries = slim_index if queries is index else _without_common_terms(queries, frequency)
    # By Cauchy-Schwarz the terms left out carry at most PRUNED_SHARE of any similarity.
    row, found, _ = _sparse_product(slim_queries, slim_index, wanted, floor - PRUNED_SHARE)
    similarity = row_similarity(queries, row, index, found)
    enough = similarity >= floor
    return row[enough], found[enough], similarity[enough]


def _sparse_product(
    queries: sp.csr_matrix, index: sp.csr_matrix, wanted: int, floor: float
) -> Found:
    transposed = index.T.tocsr()
    parts = []
    step = max(1, BLOCK_BYTES // (8 * wanted))
    for start in range(0, queries.shape[0], step):
        product = sp_matmul_topn(
            queries[start : start + step],
            transposed,
            top_n=wanted,
            threshold=max(floor, 1e-6),
            sort=True,
            n_threads=usable_cores(),
        ).tocoo()
        row, found = product.row.astype(np.int64) + start, product.col.astype(np.int64)
        parts.append((row, found, product.data))
    return _joined(parts)


def _without_common_terms(rows: sp.csr_matrix, frequency: NDArray[np.int64]) -> sp.csr_matrix:
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    common_first = np.lexsort((-frequency[rows.indices], row))
    spent = np.cumsum(rows.data[common_first].astype(np.float64) ** 2)
    before = np.concatenate([[0.0], spent])[rows.indptr[:-1]]
    keep = common_first[spent - before[row] > PRUNED_SHARE]
    kept = (rows.data[keep], (row[keep], rows.indices[keep]))
    return sp.csr_matrix(kept, shape=rows.shape)


def _exact_blocks(queries: Vectors, index: Vectors, wanted: int, floor: float) -> Found:
    """Every query against every row of the index, a block of queries at a time."""
    bits = index.kind == "bits"
    # Bits are compared as the whole number of agreeing ones: a quarter of the memory of floats.
    scale = 8 * index.rows.shape[1] if bits else 1
    block_of = (_agreeing_bits if bits else _cosines)(queries, index)
    step = max(1, BLOCK_BYTES // (4 * len(index.owner)))

    def part(start: int) -> Found:
        block = block_of(slice(start, start + step))
        row, found = _top_of_block(block, wanted, floor * scale)
        return row + start, found, (block[row, found] / np.float32(scale)).astype(np.float32)

    with ThreadPoolExecutor(usable_cores()) as pool:
        return _joined(list(pool.map(part, range(0, len(queries.owner), step))))


def _cosines(queries: Vectors, index: Vectors) -> Callable[[slice], Block]:
    def block(rows: slice) -> Block:
        product: Block = queries.rows[rows] @ index.rows.T
        return product

    return block


def _agreeing_bits(queries: Vectors, index: Vectors) -> Callable[[slice], Block]:
    asked, sought = _words(queries.rows), _words(index.rows)
    bits = 8 * index.rows.shape[1]
    count = np.uint8 if bits < 256 else np.uint16

    def block(rows: slice) -> Block:
        agreeing = np.full((len(asked[rows]), len(sought)), bits, dtype=count)
        for word in range(sought.shape[1]):
            agreeing -= np.bitwise_count(asked[rows, word, None] ^ sought[None, :, word])
        return agreeing

    return block


def _words(packed: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Packed bits in 64-bit words, padded with zeros."""
    width = -(-packed.shape[1] // 8) * 8
    padded = np.zeros((len(packed), width), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64)


def _top_of_block(
    block: Block, wanted: int, floor: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions in the block of the `wanted` largest per row that reach the floor."""
    near = block >= floor
    crowded = np.flatnonzero(np.count_nonzero(near, axis=1) > wanted)
    if len(crowded):
        rows = block[crowded]
        last = np.partition(rows, -wanted, axis=1)[:, -wanted, None]
        above, level = rows > last, rows == last
        # Of those level with the last place the first ones are taken: the same on every machine.
        room = wanted - np.count_nonzero(above, axis=1)
        near[crowded] = above | (level & (np.cumsum(level, axis=1) <= room[:, None]))
    row, found = np.nonzero(near)
    return row.astype(np.int64), found.astype(np.int64)


def _hnsw(queries: Vectors, index: Vectors, wanted: int, floor: float) -> Found:
    bits = index.kind == "bits"
    width = 8 * index.rows.shape[1] if bits else index.rows.shape[1]
    graph = Index(
        ndim=width,
        metric="hamming" if bits else "ip",
        dtype="b1" if bits else "f32",
        connectivity=32,
        expansion_add=128,
        expansion_search=max(128, 2 * wanted),
    )
    # One thread: the graph, and so the result, depends on the order of insertion.
    graph.add(np.arange(len(index.owner)), index.rows, threads=1)
    answer = graph.search(queries.rows, wanted, threads=usable_cores())
    row = np.repeat(np.arange(len(queries.owner)), np.asarray(answer.counts))
    filled = np.arange(answer.keys.shape[1]) < np.asarray(answer.counts)[:, None]
    found = answer.keys[filled].astype(np.int64)
    similarity = row_similarity(queries.rows, row, index.rows, found)
    enough = similarity >= floor
    return row[enough], found[enough], similarity[enough]


def _best(
    query: NDArray[np.int64],
    candidate: NDArray[np.int64],
    similarity: NDArray[np.float32],
    k: int,
    size: int,
) -> Neighbors:
    """Each pair once with its largest similarity, the k best per query, near to far."""
    order = np.lexsort((candidate, -similarity, query))
    query, candidate, similarity = query[order], candidate[order], similarity[order]
    _, first = np.unique(query * size + candidate, return_index=True)
    if len(first) < len(query):
        first.sort()
        query, candidate, similarity = query[first], candidate[first], similarity[first]
    near = _rank(query) < k
    return Neighbors(query[near], candidate[near], similarity[near], size)


def _rank(query: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place within each run of equal queries, from 0."""
    start = np.flatnonzero(np.concatenate([[True], query[1:] != query[:-1]])[: len(query)])
    lengths = np.diff(np.append(start, len(query)))
    return np.arange(len(query)) - np.repeat(start, lengths)


def _joined(parts: list[Found]) -> Found:
    if not parts:
        return _nothing()
    row, found, similarity = zip(*parts, strict=True)
    return np.concatenate(row), np.concatenate(found), np.concatenate(similarity)


def _nothing() -> Found:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
