"""Which words each posting holds, as sparse rows that whole columns of pairs are read from."""

import math
from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse import _sparsetools

from samesku.candidates.similarity import CELLS_AT_ONCE, PAIRS_AT_ONCE, Ends
from samesku.runtime.arrays import AnyInts, Array, Bools, Doubles, Floats, Ints
from samesku.runtime.cores import map_in_order

Item = TypeVar("Item", bound=Hashable)

# Pairs up to which one thread reads them.
FEW = 2_000
_NOTHING = sp.csr_matrix((0, 0), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Cells:
    """The columns that both rows of each pair fill, by their places in the rows' data."""

    mine: AnyInts  # (c,), places in the data of the left rows
    theirs: AnyInts  # (c,), and of the right ones
    ends: Ints  # (m + 1,), where the cells of each pair begin, and the last ones end

    @property
    def counts(self) -> Ints:
        """How many cells each pair has in common, int64 ``(m,)``."""
        return np.diff(self.ends)

    @property
    def pair(self) -> Ints:
        """Which pair each cell is of, int64 ``(c,)``."""
        return np.repeat(np.arange(len(self.ends) - 1), self.counts)

    def sums(self, values: Floats) -> Floats:
        """The sum over each pair's cells, float32 ``(m,)``."""
        filled = values != 0  # as a product of sparse rows has no zeros: the same sum to the bit
        if not filled.all():
            before = np.concatenate([[0], np.cumsum(filled)])
            return segment_sums(values[filled], before[self.ends])
        return segment_sums(values, self.ends)


def by_parts(read: Callable[[slice], Sequence[Array]], size: int) -> Iterator[Array]:
    """Columns about `size` pairs, of which several threads each read some."""
    return _by_parts(read, [*range(0, max(size, 1), PAIRS_AT_ONCE), size])


def by_left_rows(
    read: Callable[[slice], Sequence[Array]], left: Ends, right_rows: sp.csr_matrix
) -> Iterator[Array]:
    """As :func:`by_parts`, in steps of some left rows: pairs of one left row follow each other.

    A step has so many left rows that they fit the processor's cache as dense rows of the columns
    that they fill (:func:`looked_up`), and so many pairs that their right rows fit it, too.
    """
    most = CELLS_AT_ONCE / max(len(right_rows.indices) / max(len(right_rows.indptr) - 1, 1), 1)
    pairs, rows = max(1, min(PAIRS_AT_ONCE, int(most))), max(1, math.isqrt(int(most)) // 2)
    new = np.flatnonzero(_begins(left))[::rows].tolist()
    starts = sorted({*range(0, max(len(left), 1), pairs), *new})
    return _by_parts(read, [*starts, len(left)])


def _by_parts(read: Callable[[slice], Sequence[Array]], ends: Sequence[int]) -> Iterator[Array]:
    bounds = list(pairwise(ends))
    if len(bounds) == 1:
        return iter(read(slice(*bounds[0])))
    # Of few pairs the threads would take longer than the work.
    mapped = map if ends[-1] <= FEW else map_in_order
    parts = mapped(lambda own: read(slice(*own)), bounds)
    return map(np.concatenate, zip(*parts, strict=True))


def common_cells(held: sp.csr_matrix, left: Ends, right: Ends) -> Cells:
    """Find once what several numbers about the pairs of rows are sums over.

    The columns of each row ascend, each once.
    """
    if turned := fewer_rows(right, left):
        left, right = right, left

    def part(some: slice) -> tuple[AnyInts, ...]:
        rows, own = left_rows(left[some])
        cells, ends = row_cells(held, rows)
        numbered = filled_rows(cells + 1, held.indices[cells], ends, held.shape[1])
        sought, ends = row_cells(held, right[some])
        theirs = filled_rows(sought, held.indices[sought], ends, held.shape[1])
        ((number, found, ends),) = looked_up([numbered], own, theirs)
        return number - 1, sought[found], np.diff(ends)

    mine, theirs, counts = by_left_rows(part, left, held)
    ends = np.append(0, np.cumsum(counts))
    return Cells(theirs, mine, ends) if turned else Cells(mine, theirs, ends)


def fewer_rows(one: Ends, other: Ends) -> bool:
    """Whether pairs in their order have fewer rows at one end, so that these are better looked up.

    Of the pairs of a new posting with others it is that posting.
    """
    return bool(np.count_nonzero(_begins(one)) < np.count_nonzero(_begins(other)))


def left_rows(left: Ends) -> tuple[AnyInts, NDArray[np.int32]]:
    """The rows at the left end of pairs, neighbouring equal ones once, and which each pair has."""
    new = _begins(left)
    return left[new], np.cumsum(new, dtype=np.int32) - np.int32(1)


def _begins(rows: Ends) -> Bools:
    """Where a row is another one than before."""
    new = np.empty(len(rows), dtype=bool)
    new[:1] = True
    np.not_equal(rows[1:], rows[:-1], out=new[1:])
    return new


def looked_up(
    mine: Sequence[sp.csr_matrix], own: NDArray[np.int32], theirs: sp.csr_matrix
) -> Iterator[tuple[Array, Ints, Ints]]:
    """What left rows hold in the columns that the right row of each pair fills, of several kinds.

    `own` is the left row of each pair, `theirs` has one row per pair. Of each matrix of left rows:
    the values other than 0, the places in the data of the right rows, and where those of each pair
    begin, and the last ones end. Looked up in dense rows of the columns that the left rows fill,
    which takes a third of the time of a search; `take` takes half of that of brackets.
    """
    column = np.zeros(theirs.shape[1], dtype=np.int32)
    for rows in mine:
        column[rows.indices] = 1
    filled = np.flatnonzero(column)
    width = len(filled) + 1
    column[filled] = np.arange(1, width, dtype=np.int32)  # 0 is that of all other columns
    asked = np.repeat(own * np.int32(width), np.diff(theirs.indptr))
    asked += column.take(theirs.indices)
    for rows in mine:
        dense = np.zeros((len(rows.indptr) - 1, width), rows.data.dtype)
        places = column.take(rows.indices).astype(rows.indptr.dtype, copy=False)
        _sparsetools.csr_todense(*dense.shape, rows.indptr, places, rows.data, dense)
        values = dense.ravel().take(asked)
        found = np.flatnonzero(values)
        yield values.take(found), found, np.searchsorted(found, theirs.indptr)


def row_cells(held: sp.csr_matrix, rows: AnyInts) -> tuple[Ints, Ints]:
    """The places of all cells of some rows, and where those of each row begin and the last end."""
    start = held.indptr[rows].astype(np.int64)
    lengths = held.indptr[rows + 1] - start
    ends = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(lengths, out=ends[1:])
    return np.arange(ends[-1]) + np.repeat(start - ends[:-1], lengths), ends


def presence(rows: Iterable[Iterable[Item]], vocabulary: dict[Item, int]) -> sp.csr_matrix:
    """Which items each row holds, several times or once: 1 in float32 CSR ``(n, items)``.

    `vocabulary` has the column of each item, and is filled with the new ones.
    """
    columns, ends = array("i"), array("i", [0])
    for row in rows:
        columns.extend({vocabulary.setdefault(item, len(vocabulary)) for item in row})
        ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    held = filled_rows(ones, np.array(columns), np.array(ends), max(len(vocabulary), 1))
    held.sort_indices()
    return held


def grouped(held: sp.csr_matrix, groups: Iterable[Item]) -> tuple[sp.csr_matrix, Ints, list[Item]]:
    """How many items of each group the rows hold, the group of each column, and the groups."""
    place: dict[Item, int] = {}
    of = np.array([place.setdefault(each, len(place)) for each in groups], dtype=np.int64)
    columns = of[held.indices].astype(held.indices.dtype)
    counts = filled_rows(held.data.copy(), columns, held.indptr.copy(), max(len(place), 1))
    counts.sum_duplicates()
    return counts, of, list(place)


def rarity(held: sp.csr_matrix) -> Floats:
    """Smooth inverse document frequency of each column, float32."""
    return rarity_of(np.bincount(held.indices, minlength=held.shape[1]), held.shape[0])


def rarity_of(frequency: AnyInts, size: int) -> Floats:
    """The same of what so many of `size` rows hold; 1 for what one row holds.

    Relative to that of a single row, so that it means the same in catalogues of any size. Where
    there is no column, one that nothing fills: matrices have one at least.
    """
    if not len(frequency):
        return np.ones(1, dtype=np.float32)
    rare: Doubles = np.log((1 + size) / (1 + frequency)) + 1
    rare /= np.log((1 + size) / 2) + 1
    return rare.astype(np.float32)


def weighted(rows: sp.csr_matrix, weight: Floats) -> sp.csr_matrix:
    """The same rows with each column times a weight."""
    return with_data(rows, rows.data * weight.take(rows.indices))


def with_data(rows: sp.csr_matrix, data: NDArray[np.generic]) -> sp.csr_matrix:
    """Rows that fill the same cells with other numbers; making a matrix anew checks every cell."""
    others = object.__new__(sp.csr_matrix)
    vars(others).update(vars(rows) | {"data": data})
    return others


def filled_rows(
    data: NDArray[np.generic], columns: AnyInts, ends: AnyInts, width: int
) -> sp.csr_matrix:
    """The rows of cells that are known to be right, which scipy need not check."""
    rows = with_data(_NOTHING, data)
    ends = ends.astype(columns.dtype, copy=False)
    vars(rows).update(indices=columns, indptr=ends, _shape=(len(ends) - 1, width))
    return rows


def rows_between(rows: sp.csr_matrix, first: int, stop: int) -> sp.csr_matrix:
    """Those from one row to another."""
    ends = rows.indptr[first : stop + 1]
    own = slice(ends[0], ends[-1])
    return filled_rows(rows.data[own], rows.indices[own], ends - ends[0], rows.shape[1])


def taken_rows(rows: sp.csr_matrix, which: AnyInts) -> sp.csr_matrix:
    """``rows[which]``, of which scipy checks a few for longer than it copies them."""
    lengths = (rows.indptr[1:] - rows.indptr[:-1])[which]
    ends = np.append(rows.indptr[:1], np.cumsum(lengths, dtype=rows.indptr.dtype))
    columns, data = (np.empty(ends[-1], each.dtype) for each in (rows.indices, rows.data))
    which = which.astype(rows.indices.dtype, copy=False)
    cells = rows.indptr, rows.indices, rows.data
    _sparsetools.csr_row_index(len(which), which, *cells, columns, data)
    return filled_rows(data, columns, ends, rows.shape[1])


def cells_at(rows: sp.csr_matrix, row: AnyInts, column: AnyInts) -> Array:
    """``rows[row, column]``, which scipy checks for longer than it reads a few; 0 where empty."""
    found, kind = np.empty(len(row), rows.data.dtype), rows.indices.dtype
    places = (each.astype(kind, copy=False) for each in (row, column))
    cells = rows.indptr, rows.indices, rows.data
    _sparsetools.csr_sample_values(*rows.shape, *cells, len(row), *places, found)
    return found


def segment_sums(values: Floats, ends: AnyInts) -> Floats:
    """The sum of each stretch of values between two `ends`, float32; 0 where it is empty."""
    return _reduced(np.add, values, ends)


def segment_max(values: Floats, ends: AnyInts) -> Floats:
    """The largest value of each stretch between two `ends`, float32; 0 where it is empty."""
    return _reduced(np.maximum, values, ends)


def _reduced(way: np.ufunc, values: Floats, ends: AnyInts) -> Floats:
    reduced = np.zeros(len(ends) - 1, dtype=np.float32)
    filled = np.flatnonzero(ends[1:] != ends[:-1])
    if len(filled):
        reduced[filled] = way.reduceat(values, ends[filled])
    return reduced


def scaled_rows(rows: sp.csr_matrix, scale: Floats) -> sp.csr_matrix:
    """Each row times a number."""
    return with_data(rows, rows.data * np.repeat(scale, rows.indptr[1:] - rows.indptr[:-1]))


def unit_rows(rows: sp.csr_matrix) -> sp.csr_matrix:
    """Rows scaled to length 1; empty ones stay empty."""
    return scaled_rows(rows, inverse_lengths(rows))


def inverse_lengths(rows: sp.csr_matrix) -> Floats:
    """What scales each row to length 1; 1 for an empty one."""
    lengths = np.sqrt(segment_sums(rows.data * rows.data, rows.indptr))
    return (1 / np.where(lengths > 0, lengths, 1)).astype(np.float32)
