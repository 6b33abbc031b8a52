"""What words mean among the titles around a posting: what all have, what tells variants apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from samesku.candidates.candidates import places_among
from samesku.candidates.neighbors import Neighbors
from samesku.candidates.similarity import Ends
from samesku.runtime.arrays import Floats
from samesku.runtime.cores import map_in_order
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.features.words import TitleWords
from samesku.scoring.presence import (
    Cells,
    by_left_rows,
    fewer_rows,
    filled_rows,
    inverse_lengths,
    left_rows,
    looked_up,
    rows_between,
    scaled_rows,
    segment_sums,
    taken_rows,
    weighted,
    with_data,
)

# What the names of these features begin with.
AROUND = ("local_", "neighbourhood_", "variant_", "words_expected")
# Nearest titles that count, and the words that they say together; a description says hundreds.
DEPTH, WORDS = 50, 5_000


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """How the nearest titles of each posting use words.

    The first 50 of each count, or of long titles as many as say 5,000 words together.
    """

    around: sp.csr_matrix  # uint8 (n, words), how many of a posting's neighbours hold a word
    share: Floats  # (n,), what one neighbour counts
    length: Floats  # (n,), inverse length of a row of shares weighed by rarity
    # (cells,), weights of each word of each title, in the order of the words' data: its rarity
    # among the neighbours, and how evenly it divides them
    local: Floats
    variant: Floats
    mass: Floats  # (n,), the sums of these weights
    split: Floats

    @classmethod
    def of(
        cls, words: TitleWords, found: Neighbors, others: sp.csr_matrix | None = None
    ) -> Neighbourhoods:
        """Read the words around every posting; `others`: what neighbours hold, if not `words`."""
        held = words.held if others is None else others

        def blocks() -> Iterator[tuple[Neighbors, int]]:
            first = 0
            for part in found.blocks():
                yield part, first
                first += part.size

        parts = map_in_order(lambda each: _read(words, *each, held), blocks())
        rows, *columns = zip(*parts, strict=True)
        around = rows[0] if len(rows) == 1 else sp.csr_matrix(sp.vstack(rows, format="csr"))
        share, length, local, variant, mass, split = map(np.concatenate, columns)
        return cls(around, share, length, local, variant, mass, split)

    @classmethod
    def read(
        cls,
        words: TitleWords,
        around: sp.csr_matrix,
        share: Floats,
        length: Floats,
    ) -> Neighbourhoods:
        """What follows for the words of each title from those around it, which were read before."""
        return cls(around, share, length, *_weights(scaled_rows(around, share), words.held))


def _read(
    words: TitleWords, found: Neighbors, first: int, others: sp.csr_matrix
) -> tuple[sp.csr_matrix, Column, Column, Column, Column, Column, Column]:
    """The words around some postings, from one of that number on."""
    own = rows_between(words.held, first, first + found.size)
    said = np.cumsum(np.diff(others.indptr)[found.candidate])
    ends = found.ends
    before = np.append(0, said)[ends[:-1]]
    said -= np.repeat(before, np.diff(ends))
    rank = found.rank
    near = (rank < DEPTH) & ((said <= WORDS) | (rank == 0))
    ones = np.ones(np.count_nonzero(near), dtype=np.float32)
    ends = np.append(0, np.cumsum(near))[ends]
    adjacent = filled_rows(ones, found.candidate[near], ends, others.shape[0])
    share = 1 / np.maximum(np.diff(adjacent.indptr), 1).astype(np.float32)
    counts: sp.csr_matrix = adjacent @ others
    counts.sort_indices()  # products of rows whose words ascend take two thirds of the time
    around = scaled_rows(counts, share)
    length = inverse_lengths(weighted(around, words.rarity))
    return with_data(counts, counts.data.astype(np.uint8)), share, length, *_weights(around, own)


def _weights(around: sp.csr_matrix, own: sp.csr_matrix) -> tuple[Column, Column, Column, Column]:
    """Local weight and variant weight of each word of each title, and their sums."""
    holding = _at_cells(around, own)
    # Smoothed so that a word no neighbour has, or all have, stays finite.
    local = -np.log(holding * np.float32(0.98) + np.float32(0.01))
    variant = 4 * holding * (1 - holding)
    mass, split = (segment_sums(each, own.indptr) for each in (local, variant))
    return local, variant, mass, split


def neighbourhood_features(
    near: Neighbourhoods, words: TitleWords, cells: Cells, left: Ends, right: Ends
) -> dict[str, Column]:
    """Shared and unshared words, weighed by how the nearest titles use them.

    Rarity in the whole catalogue does not tell a colour from a seller's flourish. Among the offers
    of similar goods it does: a word that half of them have marks a variant, one that none has is
    the seller's own, one that all have says nothing. `cells` are the pairs' common words.

    `local_covered` is the part of a title that the other has, and `local_unshared` what it lacks,
    weighed by rarity among the neighbours; `variant_unshared`, unshared words weighed by how evenly
    they divide the neighbours; `words_expected`, how common one title's words are around the other;
    `neighbourhood_cosine`, of the words around either.
    """
    shared, split = (
        np.stack([cells.sums(weight[places]) for places in (cells.mine, cells.theirs)])
        for weight in (near.local, near.variant)
    )
    ends = np.stack([left, right])
    mass = near.mass[ends]
    return {
        **both_ways("local_covered", *(shared / np.maximum(mass, 1e-6))),
        **both_ways("local_unshared", *(mass - shared)),
        **both_ways("variant_unshared", *(near.split[ends] - split)),
        **_around(near, words, left, right),
    }


def _around(near: Neighbourhoods, words: TitleWords, left: Ends, right: Ends) -> dict[str, Column]:
    """What is said around one title of the other title, and of what is around that."""
    if fewer_rows(right, left):
        left, right = right, left

    def part(some: slice) -> tuple[Column, Column, Column]:
        one, other = left[some], right[some]
        rows, own = left_rows(one)
        shares = scaled_rows(taken_rows(near.around, rows), near.share[rows])
        directions = scaled_rows(weighted(shares, words.rarity), near.length[rows])
        around, said = (taken_rows(each, other) for each in (near.around, words.weighted))

        def share(places: Column, ends: Column) -> Column:
            shared = np.repeat(near.share[other], np.diff(ends))
            return np.asarray(around.data.take(places) * shared)

        alike, expected = looked_up([directions, taken_rows(words.weighted, rows)], own, around)
        mine, places, ends = alike
        theirs = share(places, ends) * words.rarity.take(around.indices.take(places))
        theirs *= np.repeat(near.length[other], np.diff(ends))
        cosine = segment_sums(mine * theirs, ends)
        mine, places, ends = expected
        forth = segment_sums(mine * share(places, ends), ends)
        ((mine, places, ends),) = looked_up([shares], own, said)
        back = segment_sums(mine * said.data.take(places), ends)
        return (
            forth / np.maximum(words.mass[one], 1e-6),
            back / np.maximum(words.mass[other], 1e-6),
            cosine,
        )

    forth, back, cosine = by_left_rows(part, left, near.around)
    return {**both_ways("words_expected", forth, back), "neighbourhood_cosine": cosine}


def _at_cells(rows: sp.csr_matrix, where: sp.csr_matrix) -> Floats:
    """What `rows` holds in the filled cells of `where`, in their order; 0 where it is empty."""
    known, wanted = (
        np.repeat(np.arange(each.shape[0]) * each.shape[1], np.diff(each.indptr)) + each.indices
        for each in (rows, where)
    )
    # Place -1 is that of the 0 behind all others.
    cells: Floats = np.append(rows.data, np.float32(0))[places_among(known, wanted)]
    one = np.float32(1)
    return (cells + one) - one  # rounded as what the shipped model was trained on
