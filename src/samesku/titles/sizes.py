"""Stretches of a title that say something, and those that name a size or a count in words."""

from __future__ import annotations

import re
from typing import NamedTuple

from samesku.titles.units import Quantity, spell, to_base


class Reading(NamedTuple):
    """One stretch of a title, `text[start:stop]`, and what it says."""

    start: int
    stop: int
    token: str
    """Canonical form: one word, or several with spaces between."""
    quantities: tuple[Quantity, ...] = ()


_SIZE = r"(?:xxs|xs|x{0,5}l|s|m|[2-9]x?l)"
_WORDS = re.compile(
    rf"(?<![a-z_])(?:(?:size|ukuran|uk|sz)[ .:_]{{1,3}}"
    rf"(?P<sizes>{_SIZE}(?: ?[-/,&] ?{_SIZE})*)(?![a-z0-9'])"
    r"|(?P<all>(?:all|one|free)[ -]?size|size_all)\b"
    r"|(?:(?:se|per ?)(?P<count>lusin|kodi|pasang|rim)(?:an)?|(?P<dozens>lusin|kodi)an)\b)"
)


def make_reading(start: int, stop: int, found: list[Quantity]) -> Reading:
    """Read `text[start:stop]` as these quantities."""
    token = " ".join(f"{spell(value)}{unit}" for value, unit in found)
    return Reading(start, stop, token, tuple(found))


def names_size(text: str) -> bool:
    """Whether sizes and counts in words (`_WORDS`) are worth a look: a quick test."""
    return ("siz" in text or "uk" in text or "sz" in text) or (
        "lusin" in text or "kodi" in text or "pasang" in text or "rim" in text
    )


def read_sizes(text: str) -> list[Reading]:
    """Read sizes in letters and counts in words: "ukuran XXL", "all size", "per lusin"."""
    return [_read_words(match) for match in _WORDS.finditer(text)]


def _read_words(match: re.Match[str]) -> Reading:
    if sizes := match["sizes"]:
        letters = re.findall(_SIZE, sizes)
        token = " ".join(f"size_{_size(size)}" for size in letters)
        return Reading(match.start(), match.end(), token)
    if match["all"]:
        return Reading(match.start(), match.end(), "size_all")
    spelling = match["count"] or match["dozens"]
    return make_reading(match.start(), match.end(), [to_base(1, spelling)])


def _size(letters: str) -> str:
    """`xxxl`, `3xl` and `3l` are one size."""
    if letters[0].isdigit():
        return f"{letters[0]}xl"
    return f"{len(letters) - 1}xl" if letters.startswith("xx") and letters[-1] == "l" else letters
