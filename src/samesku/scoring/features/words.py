"""What two titles share word by word: rare words, numbers, model codes, quantities."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.similarity import PAIRS_AT_ONCE, row_similarity
from samesku.runtime.cores import map_in_order
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.features.title_words import TitleWords, title_words
from samesku.scoring.presence import Cells, common_cells, presence, row_max

__all__ = ["WordMarks", "word_features"]

_CODE = re.compile(r"(?=.*\d)(?=.*[a-z]).{4,}")


@dataclass(frozen=True, eq=False)
class WordMarks:
    """Which words are numbers and codes, and what each title states in numbers.

    Attributes
    ----------
    number, code : float32 (words,)
        1 for words with a digit, and for such with letters beside it.
    exact : float32 CSR (n, quantities)
        Which quantities each title states.
    to_unit : float32 CSR (quantities, units)
    kinds : float32 CSR (n, units)
        In which units.
    """

    number: NDArray[np.float32]
    code: NDArray[np.float32]
    exact: sp.csr_matrix
    to_unit: sp.csr_matrix
    kinds: sp.csr_matrix

    @classmethod
    def of(cls, words: TitleWords) -> WordMarks:
        """Read the words of a catalogue."""
        number, code = np.zeros((2, words.held.shape[1]), dtype=np.float32)
        number[: len(words.names)] = [any(map(str.isdigit, name)) for name in words.names]
        code[: len(words.names)] = [_CODE.fullmatch(name) is not None for name in words.names]
        vocabulary: dict[tuple[float, str], int] = {}
        exact = presence([each.quantities for each in words.stated], vocabulary)
        units: dict[str, int] = {}
        unit_of = [units.setdefault(unit, len(units)) for _, unit in vocabulary]
        ones = np.ones(len(unit_of), dtype=np.float32)
        grid = (np.arange(len(unit_of)), np.array(unit_of, dtype=np.int64))
        to_unit = sp.csr_matrix((ones, grid), shape=(exact.shape[1], max(len(units), 1)))
        kinds = sp.csr_matrix(exact @ to_unit)
        kinds.data[:] = 1
        return cls(number, code, exact, to_unit, kinds)


def word_features(
    titles: Sequence[str],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    *,
    words: TitleWords | None = None,
    cells: Cells | None = None,
    marks: WordMarks | None = None,
) -> dict[str, Column]:
    """Shared and unshared words weighed by their rarity, and quantities that agree or clash.

    Parameters
    ----------
    titles : sequence of str
        Normal titles of the whole catalogue.
    left, right : integer (m,)
        The pairs.
    words : TitleWords, optional
        Those of the titles, where they were read before.
    cells : Cells, optional
        The pairs' common words, where they were found before.
    marks : WordMarks, optional
        Those of the words, where they were read before.
    """
    words = title_words(titles) if words is None else words
    marks = WordMarks.of(words) if marks is None else marks
    held, weighted = words.held, words.weighted
    cells = common_cells(held, left, right) if cells is None else cells

    def part(start: int) -> list[Column]:
        a, b = left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE]
        mine, theirs = weighted[a], weighted[b]
        ends = cells.ends[start : start + len(a) + 1]
        both = cells.mine[ends[0] : ends[-1]]
        shared = sp.csr_matrix(
            (weighted.data[both], held.indices[both], ends - ends[0]), shape=mine.shape
        )
        only_mine, only_theirs = sp.csr_matrix(mine - shared), sp.csr_matrix(theirs - shared)
        kinds = [
            part @ mark
            for mark in (marks.number, marks.code)
            for part in (shared, only_mine, only_theirs)
        ]
        rarest = [row_max(part) for part in (shared, only_mine, only_theirs)]
        return [np.asarray(shared.sum(axis=1)).ravel(), shared.getnnz(axis=1), *rarest, *kinds]

    parts = list(map_in_order(part, range(0, len(left), PAIRS_AT_ONCE)))
    shared, count, *rest = (
        np.concatenate(column) if parts else np.empty(0, np.float32)
        for column in (zip(*parts, strict=True) if parts else [()] * 11)
    )
    rarest, rarest_mine, rarest_theirs, *kinds = rest
    mass = np.asarray(weighted.sum(axis=1)).ravel()
    length = held.getnnz(axis=1)
    return {
        "word_cosine": row_similarity(words.unit, left, words.unit, right),
        "shared_mass": shared,
        "shared_mass_of_all": shared / np.maximum(mass[left] + mass[right] - shared, 1e-6),
        **both_ways(
            "covered",
            shared / np.maximum(mass[left], 1e-6),
            shared / np.maximum(mass[right], 1e-6),
        ),
        "shared_words": count,
        "rarest_shared": rarest,
        **both_ways("rarest_unshared", rarest_mine, rarest_theirs),
        "shared_numbers": kinds[0],
        **both_ways("unshared_numbers", kinds[1], kinds[2]),
        "shared_codes": kinds[3],
        **both_ways("unshared_codes", kinds[4], kinds[5]),
        **both_ways("words", length[left], length[right]),
        **_quantity_features(marks, left, right),
    }


def _quantity_features(
    marks: WordMarks, left: NDArray[np.integer], right: NDArray[np.integer]
) -> dict[str, Column]:
    """How many kinds of quantity agree, how many clash, and how many there are."""
    exact, to_unit, kinds = marks.exact, marks.to_unit, marks.kinds

    def part(start: int) -> Column:
        a, b = left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE]
        return np.asarray((exact[a].multiply(exact[b]) @ to_unit).getnnz(axis=1))

    parts = list(map_in_order(part, range(0, len(left), PAIRS_AT_ONCE)))
    agreeing = np.concatenate(parts) if parts else np.empty(0)
    held = kinds.getnnz(axis=1)
    return {
        "quantities_agree": agreeing,
        "quantities_clash": row_similarity(kinds, left, kinds, right) - agreeing,
        **both_ways("quantities", held[left], held[right]),
    }
