"""What the description of one posting says about the title of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.similarity import row_similarity
from samesku.catalog.catalog import Catalog
from samesku.runtime.cores import map_in_order
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.presence import presence, rarity, row_max, unit_rows, weighted
from samesku.titles import clean_title, tokens

__all__ = ["DescribedWords", "described_texts", "described_words", "description_features"]

# Characters of a description that are read: what comes later is about delivery and guarantees.
READ = 1000
PAIRS_AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class DescribedWords:
    """The words of titles, and of titles and descriptions taken together.

    Attributes
    ----------
    title, whole : float32 CSR (n, words)
        Weighed by rarity among the whole texts, over one vocabulary.
    described : bool (n,)
        Which postings have a description that says more than the title.
    """

    title: sp.csr_matrix
    whole: sp.csr_matrix
    described: NDArray[np.bool_]

    @classmethod
    def of(
        cls, title: sp.csr_matrix, whole: sp.csr_matrix, rarity: NDArray[np.float32]
    ) -> DescribedWords:
        """Weigh the words that titles and whole texts hold."""
        described = whole.getnnz(axis=1) > title.getnnz(axis=1)
        return cls(weighted(title, rarity), weighted(whole, rarity), described)


def described_words(catalog: Catalog) -> DescribedWords:
    """Read the words of a catalogue's titles and descriptions."""
    titles, texts = described_texts(catalog)
    vocabulary: dict[str, int] = {}
    whole = presence(texts, vocabulary)
    return DescribedWords.of(presence(titles, vocabulary), whole, rarity(whole))


def described_texts(catalog: Catalog) -> tuple[list[list[str]], list[list[str]]]:
    """The words of each title, and of each title with its description."""
    titles = [tokens(title) for title in catalog.normal_titles]
    texts = [""] * len(catalog)
    if "description" in catalog.frame.columns:
        column = catalog.frame["description"].cast(str).fill_null("")
        texts = column.str.slice(0, READ).to_list()
    extra = [tokens(clean_title(text)) if text else [] for text in texts]
    return titles, [a + b for a, b in zip(titles, extra, strict=True)]


def description_features(
    words: DescribedWords, left: NDArray[np.integer], right: NDArray[np.integer]
) -> dict[str, Column]:
    """Whether one posting's title and description say what the other's title says.

    One shop often tells in the description what the other has in its title.

    Parameters
    ----------
    words : DescribedWords
        Of the whole catalogue.
    left, right : integer (m,)
        The pairs.

    Returns
    -------
    dict of str to float32 (m,)
        `description_cosine` of the whole texts; `description_covers_min` and `_max`, the share of
        a title, by rarity of its words, that the other's whole text has; `description_lacks_min`
        and `_max`, the rarest word of a title that the other's whole text lacks, 0 for none. NaN
        where neither posting has a description.
    """
    known = np.flatnonzero(words.described[left] | words.described[right])
    mass = np.maximum(np.asarray(words.title.sum(axis=1)).ravel(), 1e-6)
    whole = words.whole.copy()
    whole.data = np.ones_like(whole.data)
    columns = np.full((5, len(left)), np.nan, dtype=np.float32)
    units = unit_rows(words.whole)
    columns[0, known] = row_similarity(units, left[known], units, right[known])
    for place, (one, other) in enumerate(((left, right), (right, left))):

        def part(
            start: int, one: Column = one[known], other: Column = other[known]
        ) -> tuple[Column, Column]:
            chunk = slice(start, start + PAIRS_AT_ONCE)
            title = words.title[one[chunk]]
            shared = sp.csr_matrix(title.multiply(whole[other[chunk]]))
            return np.asarray(shared.sum(axis=1)).ravel(), row_max(sp.csr_matrix(title - shared))

        parts = list(map_in_order(part, range(0, len(known), PAIRS_AT_ONCE)))
        if parts:
            shared, lacking = (np.concatenate(column) for column in zip(*parts, strict=True))
            columns[1 + place, known] = shared / mass[one[known]]
            columns[3 + place, known] = lacking
    return {
        "description_cosine": columns[0],
        **both_ways("description_covers", columns[1], columns[2]),
        **both_ways("description_lacks", columns[3], columns[4]),
    }
