"""Where a title says something that others can agree or clash with."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from samesku.titles import clean_title, normalise_title, tokens
from samesku.titles.quantities import read_quantities
from samesku.titles.scripts import fold

_DATA = tomllib.loads(files(__package__).joinpath("variants.toml").read_text("utf-8"))
# Spelling -> the colour.
_COLOURS = {
    word: colour for colour, spelt in _DATA["colours"].items() for word in [colour, *spelt.split()]
}
# Spelling -> what kind of variant it names, and the variant.
_VARIANTS = {
    word: (kind, words.split("/")[0])
    for kind, listed in reversed(_DATA["variants"].items())
    for words in listed.split()
    for word in words.split("/")
}
_EGGS, _EGG_COLOURS = (frozenset(_DATA["eggs"][key].split()) for key in ("words", "colours"))
# Characters of a title that a page shows; what is beyond is counted.
LONGEST = 300
# Gigabytes up to which a number of them is a phone's working memory.
MOST_RAM = 12
_UNIT = re.compile(r"[a-z%]+$")
# Nappies are named by size and count together: "S40 / M34".
_NAPPIES = re.compile(r"\b(nb|s|m|l|x{1,3}l)[ -]?([0-9]{2})\b")
# What a parcel weighs or holds: "[300g] ..." before a title, "(1kg muat 20 pcs)" anywhere.
_PARCEL = re.compile(
    r"^\W*[\[(]\s*[0-9][0-9.,]*\s*(?:kg|gr?|gram)\b[^\])]*[\])]"
    r"|\b1 ?kg ?(?:=|muat|isi)? ?[0-9]+(?: ?pcs)?\b"
)


class Mark(NamedTuple):
    """Words `start` to `stop` of a shown title state `value` of a `kind`: 400g of g."""

    start: int
    stop: int
    kind: str
    value: str


class Shown(NamedTuple):
    """A title as a page shows it, words between single spaces; `hidden` characters are cut off."""

    text: str
    marks: tuple[Mark, ...]
    hidden: int


def shown_title(raw: str) -> Shown:
    """The title as the seller wrote it, with what it states in quantities, sizes and colours.

    Where it holds escapes, or cleaning changes the number of its words (tags, pictographs), the
    cleaned title is shown, as marks refer to its words.
    """
    written, read = raw[: 4 * LONGEST].split(), clean_title(raw[: 4 * LONGEST]).split()
    same = len(written) == len(read) and "\\" not in raw
    text = " ".join(written if same else read)[:LONGEST]
    marks = tuple(mark for mark in _marks(" ".join(read)) if mark.stop <= len(text.split()))
    return Shown(text, marks, max(0, len(raw) - LONGEST))


@lru_cache(maxsize=65_536)
def stated(raw: str) -> dict[str, frozenset[str]]:
    """What a title states, by kind: units, `size`, `colour`, `variant`, `count` and so on."""
    found: dict[str, set[str]] = {}
    clean = _PARCEL.sub("", clean_title(raw[: 4 * LONGEST]))
    for mark in _marks(clean):
        found.setdefault(mark.kind, set()).add(mark.value)
    nappies = {f"{size}{count}" for size, count in _NAPPIES.findall(clean)}
    if len(nappies) > 1 or (nappies and "pants" in clean):
        found["nappies"] = nappies
    return {kind: frozenset(values) for kind, values in found.items()}


def _marks(clean: str) -> Iterator[Mark]:
    """From left to right, of a cleaned title."""
    starts = [0]
    for word in clean.split():
        starts.append(starts[-1] + len(word) + 1)
    taken: set[int] = set()
    # Places are those of the title as shown: a folding that moves letters is not read.
    folded = fold(clean)
    for reading in read_quantities(folded if len(folded) == len(clean) else clean):
        if not (reading.quantities or reading.token.startswith("size_")):
            continue
        first = sum(start <= reading.start for start in starts) - 1
        last = sum(start < reading.stop for start in starts)
        taken.update(range(first, last))
        for part in reading.token.split():
            yield Mark(first, last, _kind(part), part)
    eggs = not _EGGS.isdisjoint(clean.split())
    for place, word in enumerate(clean.split()):
        if place in taken:
            continue
        for part in tokens(normalise_title(word)):
            named = _VARIANTS.get(part)
            if part in _COLOURS and not (eggs and _COLOURS[part] in _EGG_COLOURS):
                named = "colour", _COLOURS[part]
            if named is not None:
                yield Mark(place, place + 1, *named)
                break


def _kind(token: str) -> str:
    if token.startswith("size_"):
        return "size"
    if "x" in token and token.endswith("mm"):
        return "sides"
    if token.endswith("gb") and token[:-2].isdigit() and int(token[:-2]) <= MOST_RAM:
        return "ram"
    unit = _UNIT.search(token)
    return unit[0] if unit else "number"
