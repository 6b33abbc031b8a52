"""A title as the page shows it, with the words that state a quantity, a size, a colour, a taste."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from samesku.titles import clean_title
from samesku.titles.lexicon import lexicon
from samesku.titles.quantities import read_quantities
from samesku.titles.scripts import fold

# Characters of a title that a page shows; what is beyond is counted.
LONGEST = 300
# Kinds of known words that are marked, and what the mark calls them.
_KINDS = {"colour": "colour", "either": "colour", "later": "colour", "flavour": "flavour"}


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


def phrases(title: Shown) -> Iterator[tuple[int, int]]:
    """First and last word, exclusive, of known names of several words in a shown title."""
    folded = _folded(title.text.lower())
    for start, stop, _ in lexicon().find(folded):
        if " " in folded[start:stop]:
            yield folded.count(" ", 0, start), folded.count(" ", 0, stop) + 1


def _folded(text: str) -> str:
    """Folded, unless that moves letters: places are those of the title as shown."""
    folded = fold(text)
    return folded if len(folded) == len(text) else text


def _marks(clean: str) -> Iterator[Mark]:
    """Of a cleaned title; where words state two things, the quantity comes last and counts."""
    title = _folded(clean)
    for start, stop, entries in lexicon().find(title):
        for kind, values in entries:
            if kind in _KINDS:
                yield _mark(title, start, stop, _KINDS[kind], " + ".join(values))
                break
    for start, stop, token, quantities in read_quantities(title):
        for part in token.split() if quantities or token.startswith("size_") else ():
            kind = "size" if part.startswith("size_") else re.sub("[0-9.]+", "", part)
            yield _mark(title, start, stop, kind, part)


def _mark(title: str, start: int, stop: int, kind: str, value: str) -> Mark:
    """The mark of the words that hold these characters."""
    return Mark(title.count(" ", 0, start), title.count(" ", 0, stop) + 1, kind, value)
