"""Search among rows: sparse, dense and Hamming; exact, or approximate past a size."""

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sparse_dot_topn import sp_matmul_topn, zip_sp_matmul_topn

from samesku.candidates.similarity import row_similarity
from samesku.encoders.base import Rows, Vectors
from samesku.runtime.arrays import Array, Bytes, Floats, Ints
from samesku.runtime.cores import map_in_order, usable_cores
from samesku.runtime.memory import at_once

# Row of the query, row of the index, similarity; in no particular order.
Found: TypeAlias = tuple[Ints, Ints, Floats]
NOTHING: Found = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
RowSearch: TypeAlias = Callable[[Rows, int], Found]
# Similarities of a block of queries: float32 cosines, or unsigned counts of agreeing bits.
Block: TypeAlias = Array

BLOCK_BYTES = 64 * 2**20
# Blocks of bits are kept to the size of the processor's cache, as no arithmetic hides the memory.
BITS_BLOCK_BYTES = 8 * 2**20
# Rows of a sparse index that are searched at once: their sums stay in the processor's cache.
SPARSE_ROWS = 131_072
# Rows that one thread searches among themselves; how many alike each may have there on average; the
# pairs held, at most, and the bytes of each.
THEMSELVES_ROWS, THEMSELVES_MOST = 2_048, 1_000
THEMSELVES_PAIRS, THEMSELVES_BYTES = 10_000_000, 32
# Products of sparse rows that are summed up at once: they stay in the processor's cache.
PRODUCTS_AT_ONCE = 1_000_000
# Similarity of sparse rows that counts as none.
LEAST = 1e-6
# Similarities of rows whose list is cut among equal ones: held at once, and looked at in all, which
# takes 4 s. Where there are more, of the rest any of the equal ones are neighbours.
TIED_CELLS, TIED_MOST = 4_000_000, 40_000_000
# What the bounded search of sparse rows spends on a query: so many entries of the index in 100,000
# rows, and more with the cube root of their number, as terms get commoner and tell less apart.
BUDGET, BUDGET_ROWS = 20_000, 100_000
# How many more rows it looks at in full, as their order by some of the terms is not the true one.
# Of the pairs of one product that the exact search finds, 0.1% are lost among 100,000 titles; with
# 20 more 0.6%, for a third less time.
EXTRA = 100


def row_search(index: Vectors, floor: float, *, approximate: bool) -> RowSearch:
    """Prepare a search among the rows of an index, all of which can be found.

    ``search(rows, wanted)`` finds for each of `rows`, stored as the index's are, up to `wanted`
    most similar rows of the index, from `floor` on; among sparse rows 0 is always left out.
    Approximate are HNSW (Malkov and Yashunin, 2016; usearch) for dense rows; of bits only rows that
    agree in a whole byte are compared; for sparse rows see :func:`_sparse_bounded`.
    """
    if index.kind == "sparse":
        return (_sparse_bounded if approximate else _sparse_exact)(index.rows, floor)
    if not approximate:
        return _exact_blocks(index, floor)
    return (_banded_bits if index.kind == "bits" else _hnsw)(index, floor)


def _sparse_exact(index: sp.csr_matrix, floor: float) -> RowSearch:
    parts, below = _transposed(index), _just_below(floor)

    def search(rows: sp.csr_matrix, wanted: int) -> Found:
        found = []
        for number, part in enumerate(parts):
            row, column, similarity = _topmost(rows, part, wanted, below)
            found.append((row, column + number * SPARSE_ROWS, similarity))
        return _joined(found)

    return search


def _transposed(index: sp.csr_matrix) -> list[sp.csr_matrix]:
    """The columns of an index that are searched one after the other."""
    starts = range(0, index.shape[0], SPARSE_ROWS)
    return [index[start : start + SPARSE_ROWS].T.tocsr() for start in starts]


def _topmost(rows: sp.csr_matrix, index: sp.csr_matrix, wanted: int, below: float) -> Found:
    """The `wanted` most similar columns of each row, or one more; of equal ones the first."""
    width, cores = index.shape[1], usable_cores()
    most = sp_matmul_topn(rows, index, top_n=wanted + 1, threshold=below, n_threads=cores)
    row, least = rows_of(most), _least_of_full(most, wanted + 1)
    above = np.bincount(row[most.data > least[row]], minlength=len(least))
    tied = (least > -np.inf) & (above < wanted)
    tied[np.flatnonzero(tied)[TIED_MOST // width :]] = False
    sure = ~tied[row]
    found = [(row[sure], most.indices[sure].astype(np.int64), most.data[sure])]
    # Which of equal ones the library keeps is its own order: such rows are looked at in full.
    step = max(1, TIED_CELLS // width)
    unsure = np.flatnonzero(tied)
    for some in (unsure[start : start + step] for start in range(0, len(unsure), step)):
        whole = sp_matmul_topn(
            rows[some],
            index,
            top_n=width,
            threshold=_just_below(float(least[some].min())),
            n_threads=cores,
        )
        whole.sort_indices()
        row = rows_of(whole)
        bar = least[some][row]
        level = whole.data == bar
        before = np.cumsum(level)
        before -= np.concatenate([[0], before])[whole.indptr[row]]
        near = (whole.data > bar) | (level & (before <= (wanted - above[some])[row]))
        found.append((some[row[near]], whole.indices[near].astype(np.int64), whole.data[near]))
    return _joined(found)


def rows_of(cells: sp.csr_matrix) -> Ints:
    """The row of each cell."""
    return np.repeat(np.arange(cells.shape[0]), np.diff(cells.indptr))


def _least_of_full(found: sp.csr_matrix, wanted: int) -> Floats:
    """The least number of each row that holds so many; below all numbers for others."""
    held = np.diff(found.indptr)
    least = np.full(len(held), -np.inf, dtype=np.float32)
    filled = np.flatnonzero(held)
    if len(filled):
        least[filled] = np.minimum.reduceat(found.data, found.indptr[filled])
    least[held < wanted] = -np.inf
    return least


def search_themselves(rows: sp.csr_matrix, floor: float, wanted: int) -> Found | None:
    """Search float32 CSR rows among themselves, each pair of them once: half the time.

    The `wanted` most similar other rows of each, from `floor` on. None where too many rows are
    alike to hold all pairs.
    """
    size, lowest = rows.shape[0], max(floor, LEAST)

    def part(start: int) -> Found | None:
        index = rows[start:].T.tocsr()
        stop, found, held = min(start + THEMSELVES_ROWS, size), [], 0
        for first, last in pairwise([*_blocks(rows[start:stop], index), stop - start]):
            alike = _products(rows[start + first : start + last], index)
            row, column = np.divmod(np.flatnonzero(alike >= lowest), index.shape[1])
            later = column > row + first
            row, column = row[later], column[later]
            found.append((row + start + first, column + start, alike[row, column]))
            held += len(row)
            if held > THEMSELVES_MOST * THEMSELVES_ROWS:
                return None
        return _joined(found)

    left, parts = at_once(THEMSELVES_BYTES, THEMSELVES_PAIRS), []
    for found in map_in_order(part, range(0, size, THEMSELVES_ROWS)):
        if found is None or len(found[0]) > left:
            return None
        left -= len(found[0])
        parts.append(found)
    row, column, data = _joined(parts)
    later_rows = sp.csr_matrix((data, (row, column)), shape=(size, size))
    # Both directions of a pair.
    halves = [later_rows.T.tocsr(), later_rows]
    least = _least_of_full(zip_sp_matmul_topn(wanted, halves), wanted)
    # Which of equal ones the library keeps is its own order: all of them are handed on.
    kept = []
    for half in halves:
        row = rows_of(half)
        near = half.data >= least[row]
        kept.append((row[near], half.indices[near].astype(np.int64), half.data[near]))
    return _joined(kept)


def _blocks(rows: sp.csr_matrix, index: sp.csr_matrix) -> list[int]:
    """Where the rows begin that are multiplied at once with a transposed index."""
    products = np.concatenate([[0], np.cumsum(np.diff(index.indptr)[rows.indices])])
    before = products[rows.indptr[:-1]] + np.arange(rows.shape[0]) * index.shape[1]
    starts: list[int] = np.flatnonzero(np.diff(before // PRODUCTS_AT_ONCE, prepend=-1)).tolist()
    return starts


def _products(rows: sp.csr_matrix, index: sp.csr_matrix) -> Floats:
    """The products of a few rows with every column of a transposed index, ``(rows, columns)``.

    Summed up in place, where products of sparse matrices chain what is not zero: half the time.
    """
    count, width = rows.shape[0], index.shape[1]
    terms = index[rows.indices]
    # One vector holds the results of all rows, one row after the other.
    first = np.arange(0, count * width, width, dtype=terms.indices.dtype)
    terms.indices += np.repeat(first, np.diff(terms.indptr[rows.indptr]))
    terms.resize(terms.shape[0], count * width)
    products: Floats = rows.data @ terms
    return products.reshape(count, width)


def _just_below(floor: float) -> float:
    """A threshold for the library, which leaves out what equals it."""
    return max(float(np.nextafter(np.float32(floor), np.float32(-1))), LEAST)


def _sparse_bounded(index: sp.csr_matrix, floor: float) -> RowSearch:
    """Search by the terms that tell most for what they cost, then score what is found in full.

    A term costs as many entries as rows hold it, and tells the square of its weight. Those that
    tell most for their cost are followed until the budget is spent, the rare words first, so that a
    query costs nearly the same in an index of any size.
    """
    frequency = np.bincount(index.indices, minlength=index.shape[1])
    parts = _transposed(index)

    def search(rows: sp.csr_matrix, wanted: int) -> Found:
        asked, count = telling_terms(rows, frequency, index.shape[0]), wanted + EXTRA
        of_parts = [most_by_terms(asked, part, count, floor) for part in parts]
        near = zip_sp_matmul_topn(count, of_parts)
        return in_full(rows, rows_of(near), index, near.indices.astype(np.int64), floor)

    return search


def telling_terms(rows: sp.csr_matrix, frequency: Ints, size: int) -> sp.csr_matrix:
    """The rows with the terms only that tell most for their cost, until the budget is spent.

    `frequency`, int64 ``(terms,)``: how many rows of an index of `size` rows hold each term.
    """
    budget = int(BUDGET * (size / BUDGET_ROWS) ** (1 / 3))
    row, cost = rows_of(rows), frequency[rows.indices]
    order = np.lexsort((cost / np.maximum(rows.data**2, np.float32(1e-9)), row))
    spent = np.concatenate([[0], np.cumsum(cost[order])])
    # The term that oversteps the budget is the last one: each row keeps at least one.
    within = spent[:-1] - spent[rows.indptr[:-1]][row] <= budget
    keep = np.sort(order[within])
    ends = np.concatenate([[0], np.cumsum(np.bincount(row[keep], minlength=rows.shape[0]))])
    return sp.csr_matrix((rows.data[keep], rows.indices[keep], ends), shape=rows.shape)


def most_by_terms(
    asked: sp.csr_matrix, index: sp.csr_matrix, count: int, floor: float
) -> sp.csr_matrix:
    """The `count` most similar columns of a transposed index, CSR, by some terms of each row."""
    # By some of their terms two rows look less alike than they are.
    below = _just_below(floor / 2)
    return sp_matmul_topn(asked, index, count, threshold=below, n_threads=usable_cores())


def _exact_blocks(index: Vectors, floor: float) -> RowSearch:
    """Every query against every row of the index, a block of queries at a time."""
    bits = index.kind == "bits"
    sought = _words(index.rows) if bits else index.rows
    # Bits are compared as the whole number of agreeing ones.
    scale = np.float32(8 * index.rows.shape[1] if bits else 1)
    # A whole number: against a fraction numpy would turn every count into a float first.
    least = math.ceil(floor * float(scale)) if bits else floor
    step = max(1, (BITS_BLOCK_BYTES if bits else BLOCK_BYTES) // (8 * len(sought)))

    def search(rows: Rows, wanted: int) -> Found:
        asked = _words(rows) if bits else rows
        wanted = min(wanted, len(sought))

        def part(start: int) -> Found:
            block = asked[start : start + step]
            alike = _agreeing_bits(block, sought, int(scale)) if bits else block @ sought.T
            row, found = _top_of_block(alike, wanted, least)
            return row + start, found, (alike[row, found] / scale).astype(np.float32)

        return _joined(map_in_order(part, range(0, len(asked), step)))

    return search


def _agreeing_bits(asked: NDArray[np.uint64], sought: NDArray[np.uint64], bits: int) -> Block:
    differing = np.bitwise_count(asked[:, 0, None] ^ sought[None, :, 0])
    if bits > np.iinfo(np.uint8).max:
        differing = differing.astype(np.uint16)
    for word in range(1, sought.shape[1]):
        differing += np.bitwise_count(asked[:, word, None] ^ sought[None, :, word])
    return np.asarray(np.subtract(bits, differing, dtype=differing.dtype))


def _words(packed: Bytes) -> NDArray[np.uint64]:
    """Packed bits in 64-bit words, padded with zeros."""
    width = -(-packed.shape[1] // 8) * 8
    padded = np.zeros((len(packed), width), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64)


def _top_of_block(block: Block, wanted: int, least: float) -> tuple[Ints, Ints]:
    """Positions in the block of the `wanted` largest per row that are at least `least`."""
    near = block >= least
    # Over the flattened block: numpy finds places in two dimensions ten times slower.
    row, found = np.divmod(np.flatnonzero(near), block.shape[1])
    crowded = np.flatnonzero(np.bincount(row, minlength=len(block)) > wanted)
    if len(crowded):
        rows = block[crowded]
        last = np.partition(rows, -wanted, axis=1)[:, -wanted, None]
        above, level = rows > last, rows == last
        # Of those level with the last place the first ones are taken: the same on every machine.
        room = wanted - np.count_nonzero(above, axis=1)
        near[crowded] = above | (level & (np.cumsum(level, axis=1) <= room[:, None]))
        row, found = np.divmod(np.flatnonzero(near), block.shape[1])
    return row, found


def _banded_bits(index: Vectors, floor: float) -> RowSearch:
    """Compare only rows that agree in a whole byte (banding: Manku, Jain and Das Sarma, 2007).

    Of 64 bits up to 7 can differ with one of the 8 bytes intact, so nothing nearer is missed; rows
    further apart are found when they happen to share a byte. A thirtieth of all pairs is compared.
    """
    sought = _words(index.rows)
    bits = 8 * index.rows.shape[1]
    least = math.ceil(floor * bits)
    buckets = [_by_value(index.rows[:, band]) for band in range(index.rows.shape[1])]

    def search(rows: Bytes, wanted: int) -> Found:
        asked = _words(rows)

        def part(ends: tuple[Ints, Ints]) -> Found:
            mine, theirs = ends
            parts = []
            step = max(1, BITS_BLOCK_BYTES // (8 * len(theirs)))
            for start in range(0, len(mine), step):
                block = mine[start : start + step]
                alike = _agreeing_bits(asked[block], sought[theirs], bits)
                row, found = _top_of_block(alike, wanted, least)
                similarity = alike[row, found] / np.float32(bits)
                parts.append((block[row], theirs[found], similarity.astype(np.float32)))
            return _joined(parts)

        alike = [
            (mine, theirs)
            for band, bucket in enumerate(buckets)
            for mine, theirs in zip(_by_value(rows[:, band]), bucket, strict=True)
            if len(mine) and len(theirs)
        ]
        row, found, similarity = _joined([NOTHING, *map_in_order(part, alike)])
        # Near rows share several bytes and were met in each.
        _, first = np.unique(row * len(sought) + found, return_index=True)
        return row[first], found[first], similarity[first]

    return search


def _by_value(column: Bytes) -> list[Ints]:
    """The places of each value of a byte, from 0 to 255."""
    order = np.argsort(column, kind="stable")
    return np.split(order, np.searchsorted(column[order], np.arange(1, 256)))


def _joined(parts: Iterable[Found]) -> Found:
    row, found, similarity = zip(*parts, strict=True)
    return np.concatenate(row), np.concatenate(found), np.concatenate(similarity)


def in_full(rows: Rows, row: Ints, index: Rows, found: Ints, floor: float) -> Found:
    """Pairs of rows with their similarity, those that reach the floor."""
    similarity = row_similarity(rows, row, index, found)
    enough = similarity >= floor
    return row[enough], found[enough], similarity[enough]


def _hnsw(index: Vectors, floor: float) -> RowSearch:
    # The runtime of networks crashes the process where it is loaded after usearch; both load late.
    import onnxruntime  # noqa: F401
    from usearch.index import Index

    graph = Index(
        ndim=index.rows.shape[1], metric="ip", dtype="f32", connectivity=32, expansion_add=128
    )
    # One thread: the graph, and so the result, depends on the order of insertion.
    graph.add(np.arange(len(index.owner)), index.rows, threads=1)

    def search(rows: Rows, wanted: int) -> Found:
        wanted = min(wanted, len(index.owner))
        graph.expansion_search = max(128, 2 * wanted)
        # A single row would be answered in another form than several.
        asked = np.repeat(rows, 2, axis=0) if len(rows) == 1 else rows
        answer = graph.search(asked, wanted, threads=usable_cores())
        filled = np.arange(answer.keys.shape[1]) < np.asarray(answer.counts)[:, None]
        row = np.repeat(np.arange(len(rows)), np.count_nonzero(filled[: len(rows)], axis=1))
        found = answer.keys[: len(rows)][filled[: len(rows)]].astype(np.int64)
        return in_full(rows, row, index.rows, found, floor)

    return search
