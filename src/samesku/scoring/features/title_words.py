"""The words of all titles of a catalogue, read once for every family of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from samesku.runtime.arrays import Array, Floats
from samesku.scoring.presence import presence, rarity, segment_sums, unit_rows, weighted
from samesku.titles import Stated, normal_tokens, stated

# Characters of a title that are compared: edit ratios cost the product of both lengths.
LONGEST = 200


@dataclass(frozen=True, eq=False)
class TitleWords:
    """Which words each of n normal titles holds, and how rare they are."""

    titles: Sequence[str]
    lists: list[list[str]]  # the words of each title, in their order
    names: list[str]  # the word of each column
    held: sp.csr_matrix  # float32 (n, words), 1 where a title holds a word
    rarity: Floats  # (words,), smooth inverse document frequency
    stated: Sequence[Stated]  # what each title says in numbers and sizes

    @cached_property
    def texts(self) -> tuple[Array, Array, Floats]:
        """The beginning of each title, the same with its words sorted, and the whole length."""
        whole = [" ".join(each) for each in self.lists]
        texts = np.array([text[:LONGEST] for text in whole], dtype=object)
        # Sorted once here, not for each pair as `fuzz.token_sort_ratio` would.
        ordered = np.array([" ".join(sorted(text.split(" "))) for text in texts], dtype=object)
        return texts, ordered, np.array([len(text) for text in whole], dtype=np.float32)

    @cached_property
    def weighted(self) -> sp.csr_matrix:
        """The words of each title weighed by their rarity, float32 CSR."""
        return weighted(self.held, self.rarity)

    @cached_property
    def mass(self) -> Floats:
        """The sum of the rarities of each title's words, float32 ``(n,)``."""
        return segment_sums(self.weighted.data, self.weighted.indptr)

    @cached_property
    def unit(self) -> sp.csr_matrix:
        """The same in rows of unit length."""
        return unit_rows(self.weighted)


def title_words(titles: Sequence[str], said: Sequence[Stated] | None = None) -> TitleWords:
    """Read the words of normal titles, and what they state, where that was not read before."""
    # Each word is held once, not once for each title that says it.
    own: dict[str, str] = {}
    lists = [[own.setdefault(word, word) for word in normal_tokens(title)] for title in titles]
    vocabulary: dict[str, int] = {}
    held = presence(lists, vocabulary)
    said = [stated(title) for title in titles] if said is None else said
    return TitleWords(titles, lists, list(vocabulary), held, rarity(held), said)
