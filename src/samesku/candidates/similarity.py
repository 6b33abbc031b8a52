"""How similar given pairs of postings are under one encoder."""

from typing import TypeAlias

import numpy as np
import scipy.sparse as sp

from samesku.encoders.base import Rows, Vectors
from samesku.runtime.arrays import AnyInts, Bools, Doubles, Floats, Ints
from samesku.runtime.cores import map_in_order

# Rows of the postings at one end of pairs, ``(m,)``.
Ends: TypeAlias = AnyInts

# Their rows stay in the processor's cache; of long sparse ones so many cells.
PAIRS_AT_ONCE, CELLS_AT_ONCE = 8_192, 2_000_000


def pair_similarity(vectors: Vectors, left: Ends, right: Ends) -> Floats:
    """Similarity of the postings ``left[i]`` and ``right[i]``, float32 ``(m,)``.

    The largest over their rows where at least one row of the two can be found (two probes are never
    compared); NaN where a posting has no row.
    """
    everything = np.ones(len(vectors.owner), dtype=bool)
    asking = _columns(vectors, everything)
    sought = asking if vectors.probe is None else _columns(vectors, ~vectors.probe)
    best = np.full(len(left), np.nan, dtype=np.float32)
    for one, other in ((left, right), (right, left)):
        for mine in asking:
            for theirs in sought:
                a, b = mine[one], theirs[other]
                both = np.flatnonzero((a >= 0) & (b >= 0))
                if len(both):
                    found = row_similarity(vectors.rows, a[both], vectors.rows, b[both])
                    best[both] = np.fmax(best[both], found)
        if vectors.probe is None:
            break  # the other direction compares the same rows
    return best


def _columns(vectors: Vectors, which: Bools) -> list[Ints]:
    """The first row of each posting, the second, ...: int64 ``(size,)``, -1 where there is none."""
    rows = np.flatnonzero(which)
    owner = vectors.owner[rows]
    place = np.arange(len(rows)) - np.searchsorted(owner, owner)
    columns = []
    for number in range(int(place.max(initial=-1)) + 1):
        column = np.full(vectors.size, -1, dtype=np.int64)
        column[owner[place == number]] = rows[place == number]
        columns.append(column)
    return columns


def row_similarity(left_rows: Rows, left: Ends, right_rows: Rows, right: Ends) -> Floats:
    """Similarity of ``left_rows[left[i]]`` and ``right_rows[right[i]]``, float32 ``(m,)``."""
    step = PAIRS_AT_ONCE
    if sp.issparse(left_rows):
        cells = sum(rows.nnz / max(rows.shape[0], 1) for rows in (left_rows, right_rows))
        step = max(1, min(step, int(CELLS_AT_ONCE / max(cells, 1))))
    starts = range(0, len(left), step)

    def part(start: int) -> Floats:
        chunk = slice(start, start + step)
        return _similarity(left_rows[left[chunk]], right_rows[right[chunk]])

    parts = list(map_in_order(part, starts))
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


def _similarity(a: Rows, b: Rows) -> Floats:
    # Summed in 64 bits, so that it does not matter in which order the columns stand.
    if sp.issparse(a):
        return np.asarray(a.multiply(b).sum(axis=1, dtype=np.float64), dtype=np.float32).ravel()
    if a.dtype == np.uint8:
        differing = np.bitwise_count(a ^ b).sum(axis=1, dtype=np.float32)
        return np.asarray(1 - differing / np.float32(8 * a.shape[1]))
    cosine: Doubles = np.einsum("ij,ij->i", a, b, dtype=np.float64)
    return cosine.astype(np.float32)
