"""What words mean among the titles around a posting: what all have, what tells variants apart."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.neighbors import Neighbors
from samesku.candidates.similarity import row_similarity
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.features.title_words import TitleWords
from samesku.scoring.presence import unit_rows

__all__ = ["neighbourhood_features"]

DEPTH = 50


def neighbourhood_features(
    words: TitleWords,
    found: Neighbors,
    left: NDArray[np.integer],
    right: NDArray[np.integer],
) -> dict[str, Column]:
    """Shared and unshared words, weighed by how the nearest titles use them.

    Rarity in the whole catalogue does not tell a colour from a seller's flourish. Among the offers
    of similar goods it does: a word that half of them have marks a variant, one that none has is
    the seller's own, one that all have says nothing.

    Parameters
    ----------
    words : TitleWords
    found : Neighbors
        Nearest titles; the first 50 of each posting count.
    left, right : integer (m,)
        The pairs.

    Returns
    -------
    dict of str to float (m,)
        `local_covered`, the part of a title that the other has, and `local_unshared`, what it
        lacks, weighed by rarity among the neighbours; `variant_unshared`, unshared words weighed by
        how evenly they divide the neighbours; `words_expected`, how common one title's words are
        around the other; `neighbourhood_cosine`, of the words around either.
    """
    held = words.held
    near = found.rank < DEPTH
    ones = np.ones(np.count_nonzero(near), dtype=np.float32)
    adjacent = sp.csr_matrix(
        (ones, (found.query[near], found.candidate[near])), shape=(found.size, found.size)
    )
    count = np.maximum(np.diff(adjacent.indptr), 1).astype(np.float32)
    around = sp.csr_matrix(sp.diags_array(1 / count) @ (adjacent @ held), dtype=np.float32)
    share = _at_cells(around, held)

    def weigh(weight: NDArray[np.float32]) -> sp.csr_matrix:
        return sp.csr_matrix((weight, held.indices, held.indptr), shape=held.shape)

    def shared(rows: sp.csr_matrix) -> tuple[Column, Column]:
        return row_similarity(rows, left, held, right), row_similarity(rows, right, held, left)

    # Smoothed so that a word no neighbour has, or all have, stays finite.
    local = weigh(-np.log(share * np.float32(0.98) + np.float32(0.01)))
    variant = weigh(4 * share * (1 - share))
    mass, split = (np.asarray(rows.sum(axis=1)).ravel() for rows in (local, variant))
    forth, back = shared(local)
    split_forth, split_back = shared(variant)
    rarity = np.maximum(np.asarray(words.weighted.sum(axis=1)).ravel(), 1e-6)
    directions = unit_rows(sp.csr_matrix(around @ sp.diags_array(words.rarity)))
    return {
        **both_ways(
            "local_covered",
            forth / np.maximum(mass[left], 1e-6),
            back / np.maximum(mass[right], 1e-6),
        ),
        **both_ways("local_unshared", mass[left] - forth, mass[right] - back),
        **both_ways("variant_unshared", split[left] - split_forth, split[right] - split_back),
        **both_ways(
            "words_expected",
            row_similarity(words.weighted, left, around, right) / rarity[left],
            row_similarity(words.weighted, right, around, left) / rarity[right],
        ),
        "neighbourhood_cosine": row_similarity(directions, left, directions, right),
    }


def _at_cells(rows: sp.csr_matrix, where: sp.csr_matrix) -> NDArray[np.float32]:
    """What `rows` holds in the filled cells of `where`, in their order; 0 where it is empty."""
    # Adding ones keeps the cells that are empty in `rows`; multiplying drops the others.
    filled = sp.csr_matrix(where + rows.multiply(where))
    filled.sort_indices()
    share: NDArray[np.float32] = filled.data - np.float32(1)
    return share
