"""The model codes of two titles: found in the other, alike, or different."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from samesku.runtime.cores import usable_cores
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.features.title_words import TitleWords, title_words

__all__ = ["CodedTitles", "code_features", "model_codes"]

# Letters and digits mixed, or a number too long to be a size.
_CODE = re.compile(r"(?=.*\d)(?=.*[a-z])[a-z0-9]{4,}|\d{5,}")
_SIGNS = re.compile(r"[\W_]+")
LONGEST = 24
# Characters of a code, and of a title without its signs, that are searched for each other.
CODE_READ, TITLE_READ = 40, 600


def model_codes(titles: Sequence[str], words: TitleWords | None = None) -> list[str]:
    """The model code of each title, ``""`` for none: of several the rarest, then the longest.

    Quantities ("400g", "1080p" is none) are not codes; hyphens within a code do not count.

    Parameters
    ----------
    titles : sequence of str
        Normal titles of the whole catalogue.
    words : TitleWords, optional
        Those of the titles, where they were read before.
    """
    words = title_words(titles) if words is None else words
    coded = {name for name in words.names if _CODE.fullmatch(name)}
    found = []
    for said, stated in zip(words.lists, words.stated, strict=True):
        found.append([word for word in said if word in coded and word not in stated.tokens])
    counts = Counter(code for codes in found for code in set(codes))
    return [min(codes, key=lambda code: (counts[code], -len(code)), default="") for codes in found]


@dataclass(frozen=True, eq=False)
class CodedTitles:
    """The model code of each title, the title without spaces and signs, and whether it has one."""

    codes: Column
    squeezed: Column
    has: NDArray[np.bool_]

    @classmethod
    def of(cls, titles: Sequence[str], words: TitleWords | None = None) -> CodedTitles:
        """Read normal titles of a whole catalogue."""
        codes = np.array([code[:CODE_READ] for code in model_codes(titles, words)], dtype=object)
        squeezed = np.array([_SIGNS.sub("", title)[:TITLE_READ] for title in titles], dtype=object)
        return cls(codes, squeezed, np.array([bool(code) for code in codes], dtype=bool))


def code_features(
    titles: Sequence[str],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    *,
    words: TitleWords | None = None,
    coded: CodedTitles | None = None,
) -> dict[str, Column]:
    """How much of one title's model code the other title has, and how alike two codes are.

    Parameters
    ----------
    titles : sequence of str
        Normal titles of the whole catalogue.
    left, right : integer (m,)
        The pairs.
    words : TitleWords, optional
        Those of the titles, where they were read before.
    coded : CodedTitles, optional
        The same of their codes.

    Returns
    -------
    dict of str to float32 (m,)
        `code_found_min` and `_max`, the share of a code's characters that the best stretch of the
        other title has, spaces and signs left out: the one known where only one title has a code;
        `code_prefix`, the part of the shorter code that both begin with (a colour is often told by
        the end), and `code_alike`, their edit ratio. NaN where codes are missing.
    """
    coded = CodedTitles.of(titles, words) if coded is None else coded
    codes, squeezed, has = coded.codes, coded.squeezed, coded.has
    forth = _found(codes, squeezed, has, left, right)
    back = _found(codes, squeezed, has, right, left)
    forth, back = (
        np.where(np.isnan(one), other, one) for one, other in ((forth, back), (back, forth))
    )
    both = np.flatnonzero(has[left] & has[right])
    prefix, alike = np.full((2, len(left)), np.nan, dtype=np.float32)
    if len(both):
        mine, theirs = codes[left[both]], codes[right[both]]
        prefix[both] = _common_prefix(mine, theirs)
        alike[both] = 0.01 * process.cpdist(
            mine, theirs, scorer=fuzz.ratio, workers=usable_cores(), dtype=np.float32
        )
    return {
        **both_ways("code_found", forth, back),
        "code_prefix": prefix,
        "code_alike": alike,
    }


def _found(
    codes: Column, squeezed: Column, has: Column, one: Column, other: Column
) -> NDArray[np.float32]:
    share = np.full(len(one), np.nan, dtype=np.float32)
    asked = np.flatnonzero(has[one])
    if len(asked):
        share[asked] = 0.01 * process.cpdist(
            codes[one[asked]],
            squeezed[other[asked]],
            scorer=fuzz.partial_ratio,
            workers=usable_cores(),
            dtype=np.float32,
        )
    return share


def _common_prefix(mine: Column, theirs: Column) -> NDArray[np.float32]:
    """Length of the common beginning by the length of the shorter, at most `LONGEST` each."""
    width = f"U{LONGEST}"
    a, b = (
        np.ascontiguousarray(codes.astype(width)).view(np.uint32).reshape(-1, LONGEST)
        for codes in (mine, theirs)
    )
    equal = np.cumprod((a == b) & (a != 0), axis=1).sum(axis=1)
    shorter = np.minimum(np.count_nonzero(a, axis=1), np.count_nonzero(b, axis=1))
    share: NDArray[np.float64] = equal / shorter
    return share.astype(np.float32)
