"""The model codes of two titles: found in the other, alike, or different."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import Prefix

from samesku.candidates.similarity import Ends
from samesku.runtime.arrays import Floats, Ints
from samesku.scoring.features.table import WHOLE, Column, both_ways, either_known
from samesku.scoring.features.words import TitleWords, compared
from samesku.titles import Stated

# Letters and digits mixed, or a number too long to be a size.
_CODE = re.compile(r"(?=.*\d)(?=.*[a-z])[a-z0-9]{4,}|\d{5,}")
_SIGNS = re.compile(r"[\W_]+")
# Characters of a code, and of a title without its signs, that are searched for each other; and of
# two codes, that they may begin with together.
CODE_READ, TITLE_READ, BEGINNING = 40, 600, 24


def coded_words(lists: Sequence[Sequence[str]], stated: Sequence[Stated]) -> list[list[str]]:
    """The words of each title that are written as codes and state no quantity ("400g" is none)."""
    return [
        [word for word in words if is_code(word, said)]
        for words, said in zip(lists, stated, strict=True)
    ]


def is_code(word: str, said: Stated) -> bool:
    """Whether a word of a title is written as a code, and states no quantity there."""
    return _written_as_code(word) and word not in said.tokens


@lru_cache(maxsize=100_000)
def _written_as_code(word: str) -> bool:
    return _CODE.fullmatch(word) is not None


def rarest_code(codes: Sequence[str], counts: Mapping[str, int]) -> str:
    """Of a title's codes the one in the fewest titles, then the longest; ``""`` for none."""
    return min(codes, key=lambda code: (counts[code], -len(code)), default="")


@dataclass(frozen=True, eq=False)
class CodedTitles:
    """The model code of each title, how it begins, and the title without spaces and signs."""

    codes: Column
    beginnings: Column
    lengths: Ints
    squeezed: Column

    @classmethod
    def of(cls, words: TitleWords, parts: Sequence[slice] = WHOLE) -> CodedTitles:
        """Read the titles of a whole catalogue; of several codes the rarest counts."""
        found, rarest = coded_words(words.lists, words.stated), []
        for part in parts:
            counts = Counter(code for codes in found[part] for code in set(codes))
            rarest += [rarest_code(codes, counts) for codes in found[part]]
        return cls.read(words.titles, rarest)

    @classmethod
    def read(cls, titles: Sequence[str], rarest: Sequence[str]) -> CodedTitles:
        """Titles whose model codes are known."""
        codes = np.array([code[:CODE_READ] for code in rarest], dtype=object)
        squeezed = np.array([_SIGNS.sub("", title)[:TITLE_READ] for title in titles], dtype=object)
        beginnings = np.array([code[:BEGINNING] for code in codes], dtype=object)
        lengths = np.array([len(begun) for begun in beginnings], dtype=np.int64)
        return cls(codes, beginnings, lengths, squeezed)


def code_features(coded: CodedTitles, left: Ends, right: Ends) -> dict[str, Column]:
    """How much of one title's model code the other title has, and how alike two codes are.

    `code_found_min` and `_max` are the share of a code's characters that the best stretch of the
    other title has, spaces and signs left out: the one known where only one title has a code;
    `code_prefix`, the part of the shorter code that both begin with (a colour is often named by the
    end), and `code_alike`, their edit ratio. NaN where codes are missing.
    """
    has = coded.lengths > 0
    forth, back = (
        0.01 * _compared(coded.codes, coded.squeezed, one, other, has[one], fuzz.partial_ratio)
        for one, other in ((left, right), (right, left))
    )
    ends, both = (left, right), has[left] & has[right]
    codes, begun = coded.codes, coded.beginnings
    shared = _compared(begun, begun, *ends, both, Prefix.similarity)
    shorter = np.minimum(coded.lengths[left], coded.lengths[right])
    return {
        **both_ways("code_found", *either_known(forth, back)),
        "code_prefix": shared / np.maximum(shorter, 1).astype(np.float32),
        "code_alike": 0.01 * _compared(codes, codes, *ends, both, fuzz.ratio),
    }


def _compared(
    mine: Column,
    theirs: Column,
    one: Column,
    other: Column,
    where: Column,
    scorer: Callable[..., float],
) -> Floats:
    """What a scorer says of texts at two ends of pairs; NaN for the pairs that are not asked."""
    ratio = np.full(len(one), np.nan, dtype=np.float32)
    asked = np.flatnonzero(where)
    ratio[asked] = compared(mine[one[asked]], theirs[other[asked]], scorer)
    return ratio
