"""What two titles share word by word: rare words, numbers, model codes, quantities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from samesku.candidates.candidates import each_once
from samesku.candidates.similarity import Ends
from samesku.runtime.arrays import AnyInts, Floats, Ints
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.features.title_words import TitleWords
from samesku.scoring.presence import (
    Cells,
    by_parts,
    common_cells,
    grouped,
    presence,
    row_cells,
    segment_max,
    segment_sums,
)

_CODE = re.compile(r"(?=.*\d)(?=.*[a-z]).{4,}")


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
    mass, length = words.mass, np.diff(held.indptr)
    return {
        "word_cosine": cells.sums(words.unit.data[cells.mine] * words.unit.data[cells.theirs]),
        "shared_mass": shared,
        "shared_mass_of_all": shared / np.maximum(mass[left] + mass[right] - shared, 1e-6),
        **both_ways(
            "covered", shared / np.maximum(mass[left], 1e-6), shared / np.maximum(mass[right], 1e-6)
        ),
        "shared_words": cells.counts,
        "rarest_shared": rarest,
        **both_ways("rarest_unshared", rarest_mine, rarest_theirs),
        "shared_numbers": kinds[0][0],
        **both_ways("unshared_numbers", *kinds[0][1:]),
        "shared_codes": kinds[1][0],
        **both_ways("unshared_codes", *kinds[1][1:]),
        **both_ways("words", length[left], length[right]),
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
