"""The words of titles: read once for a catalogue, and what two titles share of them.

Rare words, numbers, model codes, quantities, and how alike the titles are as strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import scipy.sparse as sp
from rapidfuzz import fuzz, process

from samesku.candidates.candidates import each_once
from samesku.candidates.similarity import Ends
from samesku.runtime.arrays import AnyInts, Array, Floats, Ints
from samesku.runtime.cores import usable_cores
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.presence import (
    Cells,
    by_parts,
    common_cells,
    grouped,
    presence,
    rarity,
    row_cells,
    segment_max,
    segment_sums,
    unit_rows,
    weighted,
)
from samesku.titles import Stated, normal_tokens, stated

_CODE = re.compile(r"(?=.*\d)(?=.*[a-z]).{4,}")
# Characters of a title that are compared: edit ratios cost the product of both lengths.
LONGEST = 200
# Pairs of texts from which starting a thread is worth it.
MANY = 500


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


@dataclass(frozen=True, eq=False)
class WordMarks:
    """Which words are numbers and codes, and what each title states in numbers."""

    number: Floats  # (words,), 1 for words with a digit
    code: Floats  # (words,), 1 for such with letters beside it
    exact: sp.csr_matrix  # float32 (n, quantities), which quantities each title states
    unit: Ints  # (quantities,), that of each quantity
    kinds: sp.csr_matrix  # float32 (n, units), in which units

    @classmethod
    def of(cls, words: TitleWords) -> WordMarks:
        """Read the words of a catalogue."""
        number, code = np.zeros((2, words.held.shape[1]), dtype=np.float32)
        marked = np.fromiter(map(_marks, words.names), np.int8, len(words.names))
        number[: len(marked)], code[: len(marked)] = marked > 0, marked > 1
        vocabulary: dict[tuple[float, str], int] = {}
        exact = presence([each.quantities for each in words.stated], vocabulary)
        kinds, unit, _ = grouped(exact, (unit for _, unit in vocabulary))
        return cls(number, code, exact, unit, kinds)


@lru_cache(maxsize=100_000)
def _marks(word: str) -> int:
    """2 for a word with a digit and letters beside it, 1 for one with a digit, else 0."""
    return 2 if _CODE.fullmatch(word) else int(any(map(str.isdigit, word)))


def word_features(
    words: TitleWords, marks: WordMarks, cells: Cells, left: Ends, right: Ends
) -> dict[str, Column]:
    """Shared and unshared words weighed by their rarity, and quantities that agree or clash.

    `cells` are the pairs' common words.
    """
    held, weighted = words.held, words.weighted

    def part(some: slice) -> list[Column]:
        ends = cells.ends[some.start : some.stop + 1]
        mine, theirs = cells.mine[ends[0] : ends[-1]], cells.theirs[ends[0] : ends[-1]]
        ends = ends - ends[0]
        shared = weighted.data[mine]
        found = [segment_sums(shared, ends), *_marked(shared, held.indices[mine], ends, marks)]
        for rows, common in ((left[some], mine), (right[some], theirs)):
            found += _marked(*unshared_words(weighted, rows, common, ends), marks)
        return found

    shared, *rest = by_parts(part, len(left))
    (rarest, rarest_mine, rarest_theirs), *kinds = (rest[at::3] for at in range(3))
    ends = np.stack([left, right])
    mass, length = words.mass[ends], np.diff(held.indptr)[ends]
    return {
        "word_cosine": cells.sums(words.unit.data[cells.mine] * words.unit.data[cells.theirs]),
        "shared_mass": shared,
        "shared_mass_of_all": shared / np.maximum(mass[0] + mass[1] - shared, 1e-6),
        **both_ways("covered", *(shared / np.maximum(mass, 1e-6))),
        "shared_words": cells.counts,
        "rarest_shared": rarest,
        **both_ways("rarest_unshared", rarest_mine, rarest_theirs),
        "shared_numbers": kinds[0][0],
        **both_ways("unshared_numbers", *kinds[0][1:]),
        "shared_codes": kinds[1][0],
        **both_ways("unshared_codes", *kinds[1][1:]),
        **both_ways("words", *length),
        **_quantity_features(marks, left, right),
    }


def _marked(
    weight: Floats,
    columns: AnyInts,
    ends: AnyInts,
    marks: WordMarks,
) -> list[Column]:
    """The largest weight of each pair's words, and the sums of numbers' and codes' weights."""
    sums = (segment_sums(weight * mark.take(columns), ends) for mark in (marks.number, marks.code))
    return [segment_max(weight, ends), *sums]


def unshared_words(
    weighted: sp.csr_matrix,
    rows: AnyInts,
    common: AnyInts,
    ends: Ints,
) -> tuple[Floats, AnyInts, Ints]:
    """The words of one side of pairs with their weights, 0 for the `common` ones: as `_marked`."""
    cells, bounds = row_cells(weighted, rows)
    weight = weighted.data.take(cells)
    weight[common + np.repeat(bounds[:-1] - weighted.indptr[rows], np.diff(ends))] = 0
    return weight, weighted.indices.take(cells), bounds


def _quantity_features(marks: WordMarks, left: Ends, right: Ends) -> dict[str, Column]:
    """How many kinds of quantity agree, how many clash, and how many there are."""
    same = common_cells(marks.exact, left, right)
    width = marks.kinds.shape[1]
    pair = same.pair
    agree = each_once(pair * width + marks.unit[marks.exact.indices[same.mine]])
    agreeing = np.bincount(agree // width, minlength=len(left))
    held = np.diff(marks.kinds.indptr)
    return {
        "quantities_agree": agreeing,
        "quantities_clash": common_cells(marks.kinds, left, right).counts - agreeing,
        **both_ways("quantities", held[left], held[right]),
    }


def string_features(words: TitleWords, left: Ends, right: Ends) -> dict[str, Column]:
    """Edit ratios of the titles of pairs ``(m,)``, and of their sorted words.

    Of longer titles the first 200 characters are compared.
    """
    texts, ordered, length = words.texts

    def alike(titles: Column) -> Column:
        return compared(titles[left], titles[right], fuzz.ratio)

    return {
        "edit_ratio": alike(texts),
        "edit_ratio_sorted": alike(ordered),
        **both_ways("letters", length[left], length[right]),
    }


def compared(mine: Column, theirs: Column, scorer: Callable[..., float]) -> Floats:
    """What a scorer of rapidfuzz says of each two texts, float32 ``(m,)``."""
    workers = usable_cores() if len(mine) >= MANY else 1
    said: Floats = process.cpdist(mine, theirs, scorer=scorer, workers=workers, dtype=np.float32)
    return said
