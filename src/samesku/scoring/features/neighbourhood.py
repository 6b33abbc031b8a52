"""What words mean among the titles around a posting: what all have, what tells variants apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.neighbors import Neighbors
from samesku.candidates.similarity import row_similarity
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.features.title_words import TitleWords
from samesku.scoring.presence import Cells, common_cells, unit_rows

__all__ = ["Neighbourhoods", "neighbourhood_features"]

# Nearest titles that count, and the words that they say together; a description says hundreds.
DEPTH, WORDS = 50, 5_000


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """How the nearest titles of each posting use words.

    The first 50 of each count, or of long titles as many as say 5,000 words together.

    Attributes
    ----------
    around : float32 CSR (n, words)
        The share of a posting's neighbours that hold a word.
    directions : float32 CSR (n, words)
        The same weighed by rarity, in rows of unit length.
    local, variant : float32 (cells,)
        Weight of each word of each title, in the order of the words' data: its rarity among the
        neighbours, and how evenly it divides them.
    mass, split : float32 (n,)
        Their sums.
    rarity : float32 (n,)
        The sum of the rarities of a title's words.
    """

    around: sp.csr_matrix
    directions: sp.csr_matrix
    local: NDArray[np.float32]
    variant: NDArray[np.float32]
    mass: NDArray[np.float32]
    split: NDArray[np.float32]
    rarity: NDArray[np.float32]

    @classmethod
    def of(cls, words: TitleWords, found: Neighbors) -> Neighbourhoods:
        """Read the words around every posting."""
        held = words.held
        said = np.cumsum(held.getnnz(axis=1)[found.candidate])
        start = np.searchsorted(found.query, found.query)
        said -= np.concatenate([[0], said])[start]
        near = (found.rank < DEPTH) & ((said <= WORDS) | (found.rank == 0))
        ones = np.ones(np.count_nonzero(near), dtype=np.float32)
        adjacent = sp.csr_matrix(
            (ones, (found.query[near], found.candidate[near])), shape=(found.size, found.size)
        )
        count = np.maximum(np.diff(adjacent.indptr), 1).astype(np.float32)
        around = sp.csr_matrix(sp.diags_array(1 / count) @ (adjacent @ held), dtype=np.float32)
        directions = unit_rows(sp.csr_matrix(around @ sp.diags_array(words.rarity)))
        return cls.read(words, around, directions)

    @classmethod
    def read(
        cls, words: TitleWords, around: sp.csr_matrix, directions: sp.csr_matrix
    ) -> Neighbourhoods:
        """What follows for the words of each title from those around it."""
        held = words.held
        share = _at_cells(around, held)
        # Smoothed so that a word no neighbour has, or all have, stays finite.
        local = -np.log(share * np.float32(0.98) + np.float32(0.01))
        variant = 4 * share * (1 - share)
        mass, split = (
            np.asarray(
                sp.csr_matrix((each, held.indices, held.indptr), shape=held.shape).sum(axis=1)
            ).ravel()
            for each in (local, variant)
        )
        rarity = np.maximum(np.asarray(words.weighted.sum(axis=1)).ravel(), 1e-6)
        return cls(around, directions, local, variant, mass, split, rarity)


def neighbourhood_features(
    words: TitleWords,
    found: Neighbors,
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    *,
    prepared: Neighbourhoods | None = None,
    cells: Cells | None = None,
) -> dict[str, Column]:
    """Shared and unshared words, weighed by how the nearest titles use them.

    Rarity in the whole catalogue does not tell a colour from a seller's flourish. Among the offers
    of similar goods it does: a word that half of them have marks a variant, one that none has is
    the seller's own, one that all have says nothing.

    Parameters
    ----------
    words : TitleWords
    found : Neighbors
        Nearest titles.
    left, right : integer (m,)
        The pairs.
    prepared : Neighbourhoods, optional
        Those of the words and neighbours, where they were read before.
    cells : Cells, optional
        The pairs' common words, where they were found before.

    Returns
    -------
    dict of str to float (m,)
        `local_covered`, the part of a title that the other has, and `local_unshared`, what it
        lacks, weighed by rarity among the neighbours; `variant_unshared`, unshared words weighed by
        how evenly they divide the neighbours; `words_expected`, how common one title's words are
        around the other; `neighbourhood_cosine`, of the words around either.
    """
    near = Neighbourhoods.of(words, found) if prepared is None else prepared
    cells = common_cells(words.held, left, right) if cells is None else cells
    mass, split, around, rarity = near.mass, near.split, near.around, near.rarity
    (forth, split_forth), (back, split_back) = (
        [cells.sums(weight[places]) for weight in (near.local, near.variant)]
        for places in (cells.mine, cells.theirs)
    )
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
        "neighbourhood_cosine": row_similarity(near.directions, left, near.directions, right),
    }


def _at_cells(rows: sp.csr_matrix, where: sp.csr_matrix) -> NDArray[np.float32]:
    """What `rows` holds in the filled cells of `where`, in their order; 0 where it is empty."""
    # Adding ones keeps the cells that are empty in `rows`; multiplying drops the others.
    filled = sp.csr_matrix(where + rows.multiply(where))
    filled.sort_indices()
    share: NDArray[np.float32] = filled.data - np.float32(1)
    return share
