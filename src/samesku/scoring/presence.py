"""Which words each posting holds, as sparse rows that whole columns of pairs are read from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = [
    "Cells",
    "common_cells",
    "presence",
    "rarity",
    "rarity_of",
    "row_max",
    "unit_rows",
    "weighted",
]

Item = TypeVar("Item", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Cells:
    """The columns that both rows of each pair fill, by their places in the rows' data.

    Attributes
    ----------
    mine, theirs : int32 (c,)
        Places in the data of the left rows and of the right ones.
    ends : int32 (m + 1,)
        Where the cells of each pair begin, and the last ones end.
    """

    mine: NDArray[np.int32]
    theirs: NDArray[np.int32]
    ends: NDArray[np.int32]

    def sums(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The sum over each pair's cells, float32 ``(m,)``."""
        filled = values != 0  # as a product of sparse rows has no zeros: the same sum to the bit
        if not filled.all():
            before = np.concatenate([[0], np.cumsum(filled)])
            return _row_sums(values[filled], before[self.ends])
        return _row_sums(values, self.ends)


def common_cells(
    held: sp.csr_matrix, left: NDArray[np.integer], right: NDArray[np.integer]
) -> Cells:
    """Find once what several numbers about the pairs of rows are sums over."""
    place = np.arange(1, held.nnz + 1, dtype=np.int32)
    ones = np.ones(held.nnz, dtype=np.int32)
    places, filled = (
        sp.csr_matrix((data, held.indices, held.indptr), shape=held.shape) for data in (place, ones)
    )
    mine = sp.csr_matrix(places[left].multiply(filled[right]))
    theirs = sp.csr_matrix(places[right].multiply(filled[left]))
    return Cells(mine.data - 1, theirs.data - 1, mine.indptr)


def presence(rows: Sequence[Sequence[Item]], vocabulary: dict[Item, int]) -> sp.csr_matrix:
    """Which items each row holds: 1 in float32 CSR ``(n, len(vocabulary))``.

    Parameters
    ----------
    rows : sequence of sequences
        The items of each posting; several times counts once.
    vocabulary : dict
        Column of each item; filled with the new ones.
    """
    columns: list[int] = []
    ends = [0]
    for row in rows:
        columns.extend({vocabulary.setdefault(item, len(vocabulary)) for item in row})
        ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    held = sp.csr_matrix((ones, columns, ends), shape=(len(rows), max(len(vocabulary), 1)))
    held.sort_indices()
    return held


def rarity(held: sp.csr_matrix) -> NDArray[np.float32]:
    """Smooth inverse document frequency of each column, float32."""
    return rarity_of(np.bincount(held.indices, minlength=held.shape[1]), held.shape[0])


def rarity_of(frequency: NDArray[np.integer], size: int) -> NDArray[np.float32]:
    """The same of what so many of `size` rows hold; 1 for what one row holds.

    Relative to that of a single row, so that it means the same in catalogues of any size.
    """
    rare: NDArray[np.float64] = np.log((1 + size) / (1 + frequency)) + 1
    rare /= np.log((1 + size) / 2) + 1
    return rare.astype(np.float32)


def weighted(held: sp.csr_matrix, weight: NDArray[np.float32]) -> sp.csr_matrix:
    """The same rows with each column's weight in place of 1."""
    rows = held.copy()
    rows.data = weight[held.indices]
    return rows


def row_max(rows: sp.csr_matrix) -> NDArray[np.float32]:
    """The largest number of each row, float32 ``(n,)``; 0 where a row is empty."""
    largest = np.zeros(rows.shape[0], dtype=np.float32)
    filled = np.flatnonzero(np.diff(rows.indptr))
    if len(filled):
        largest[filled] = np.maximum.reduceat(rows.data, rows.indptr[filled])
    return largest


def _row_sums(values: NDArray[np.float32], ends: NDArray[np.integer]) -> NDArray[np.float32]:
    sums = np.zeros(len(ends) - 1, dtype=np.float32)
    filled = np.flatnonzero(np.diff(ends))
    if len(filled):
        sums[filled] = np.add.reduceat(values, ends[filled])
    return sums


def unit_rows(rows: sp.csr_matrix) -> sp.csr_matrix:
    """Rows scaled to length 1; empty ones stay empty."""
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = (1 / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return sp.csr_matrix(sp.diags_array(scale) @ rows)
