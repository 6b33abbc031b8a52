"""What the description of one posting says about the title of the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from samesku.candidates.similarity import Ends, row_similarity
from samesku.catalog.catalog import Catalog
from samesku.runtime.arrays import Bools, Floats
from samesku.scoring.features.table import WHOLE, Column, both_ways
from samesku.scoring.presence import (
    by_parts,
    presence,
    rarity,
    segment_max,
    unit_rows,
    weighted,
    with_data,
)
from samesku.titles import normal_title, normal_tokens

# Characters of a description that are read: what comes later is about delivery and guarantees.
READ = 1000


@dataclass(frozen=True, eq=False)
class DescribedWords:
    """The words of titles, and of titles and descriptions taken together.

    Float32 CSR ``(n, words)`` over one vocabulary, weighed by rarity among the whole texts.
    """

    title: sp.csr_matrix
    whole: sp.csr_matrix
    described: Bools  # (n,), whose description says more than the title

    @classmethod
    def of(cls, title: sp.csr_matrix, whole: sp.csr_matrix, rarity: Floats) -> DescribedWords:
        """Weigh the words that titles and whole texts hold."""
        described = whole.getnnz(axis=1) > title.getnnz(axis=1)
        return cls(weighted(title, rarity), weighted(whole, rarity), described)


def described_words(
    titles: Sequence[Sequence[str]],
    texts: Sequence[Sequence[str]],
    parts: Sequence[slice] = WHOLE,
) -> DescribedWords:
    """The words of titles, and of these with their descriptions, as rare as in their part."""
    several = []
    for part in parts:
        vocabulary: dict[str, int] = {}
        whole = presence(texts[part], vocabulary)
        title = presence(titles[part], vocabulary)
        several.append(DescribedWords.of(title, whole, rarity(whole)))
    if len(several) == 1:
        return several[0]
    title, whole = (
        sp.block_diag([getattr(each, name) for each in several], "csr")
        for name in ("title", "whole")
    )
    return DescribedWords(title, whole, np.concatenate([each.described for each in several]))


def described_texts(catalog: Catalog) -> tuple[list[list[str]], list[list[str]]]:
    """The words of each title, and of each title with its description."""
    titles = [normal_tokens(title) for title in catalog.normal_titles]
    texts = catalog.frame["description"].cast(str).str.slice(0, READ).fill_null("")
    extra = map(description_words, texts.to_list())
    return titles, [a + b for a, b in zip(titles, extra, strict=True)]


def description_words(text: str) -> list[str]:
    """The words at the beginning of a description."""
    return normal_tokens(normal_title(text[:READ])) if text else []


def description_features(words: DescribedWords, left: Ends, right: Ends) -> dict[str, Column]:
    """Whether one posting's title and description say what the other's title says.

    One shop often tells in the description what the other has in its title.

    `description_cosine` is of the whole texts; `description_covers_min` and `_max`, the share of a
    title, by rarity of its words, that the other's whole text has; `description_lacks_min` and
    `_max`, the rarest word of a title that the other's whole text lacks, 0 for none. NaN where
    neither posting has a description.
    """
    known = words.described[left] | words.described[right]
    left, right = left[known], right[known]
    mass = np.maximum(np.asarray(words.title.sum(axis=1)).ravel(), 1e-6)
    whole = with_data(words.whole, np.ones_like(words.whole.data))

    def part(some: slice) -> list[Column]:
        found: list[Column] = []
        for one, other in ((left[some], right[some]), (right[some], left[some])):
            title = words.title[one]
            shared = sp.csr_matrix(title.multiply(whole[other]))
            lacking = sp.csr_matrix(title - shared)
            found.append(np.asarray(shared.sum(axis=1)).ravel() / mass[one])
            found.append(segment_max(lacking.data, lacking.indptr))
        return found

    units, columns = unit_rows(words.whole), np.full((5, len(known)), np.nan, dtype=np.float32)
    columns[0, known] = row_similarity(units, left, units, right)
    columns[1:, known] = list(by_parts(part, len(left)))
    return {
        "description_cosine": columns[0],
        **both_ways("description_covers", columns[1], columns[3]),
        **both_ways("description_lacks", columns[2], columns[4]),
    }
