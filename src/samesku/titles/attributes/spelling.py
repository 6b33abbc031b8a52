"""How a catalogue spells its model codes: the same code is written in one word and in several."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise

from samesku.titles.attributes.codes import LONGEST_CODE, PIECE, Codes, Piece, piece_at, plain

# Without it the code is of another model; a "pro" or "digital" after a code is often left out.
_LARGER = re.compile("(?<=[0-9])(?:xl|xxl|ti)|(?<=i)[iv]")
_SHORTEST_PART = 4


def spelt(titles: Collection[Codes]) -> tuple[set[str], set[str], set[tuple[str, str]]]:
    """The names, the codes, and what is a name and a number or a code of some titles."""
    return (
        {value.partition(": ")[0] for one in titles for value, _ in one.series},
        {code for one in titles for code, _ in one.codes},
        {(name, number.replace(" ", "")) for one in titles for name, number, _ in one.glued},
    )


class Spelling:
    """How the titles of a catalogue write model codes: what is one word in some title is a code."""

    def __init__(
        self, names: Collection[str], codes: Collection[str], glued: Collection[tuple[str, str]]
    ) -> None:
        self._names = set(names)
        self._codes = {
            *codes,
            *(name + number for name, number in glued if name not in self._names),
        }
        # With what the first piece of a code begins: most pieces of titles begin none.
        self._begun = {code[:length] for code in self._codes for length in range(1, 5)}

    @classmethod
    def of(cls, titles: Collection[Codes]) -> Spelling:
        """Read the codes of all titles."""
        return cls(*spelt(titles))

    def settle(self, codes: Codes) -> set[str]:
        """Give the model values of a title, its codes in the spelling of the whole catalogue.

        "wh 1000 xm5" is "wh1000xm5" if another title writes it so, "iphone14" is a name and a
        number if another title has "iphone 15", and "qe55q80catxxu" is also "qe55q80c" if another
        title stops there.
        """
        if not codes.title:
            return set()
        found = dict(codes.codes)
        series = list(codes.series)
        whole: set[str] = set()
        for name, number, piece in codes.glued:
            if name in self._names:
                series.append((f"{name}: {number}", piece))
            else:
                found[glued := name + number.replace(" ", "")] = piece
                whole.update([glued] if " " in number else [])
        joined = self._join(codes.title)
        values = set(joined)
        for value, place in (*series, *found.items()):
            code = next((code for code, one in joined.items() if _is_within(place, one)), None)
            if code is None or (value in found and codes.title.startswith("/", place.stop)):
                values.add(value)
            elif rest := value.replace(": ", "").replace(" ", "").partition(code)[2]:
                values.discard(code)  # "15 pro max" beside the "15pro" of another title
                values.add(code + rest)
        # "iphone15pro" is no "iphone15".
        cut = (value for value in values if ":" not in value and value not in whole)
        values = values.union(*map(self._parts, cut))
        return {one for one in values if not any(other.startswith(one + " ") for other in values)}

    def _join(self, title: str) -> dict[str, Piece]:
        """The codes of other titles that this one writes in several pieces, the longest first."""
        # Read again, as the pieces of a million titles would take a gigabyte.
        texts = [plain(text) for text in PIECE.findall(title)]
        starts = [at for at, text in enumerate(texts) if text[:4] in self._begun]
        joined: dict[str, Piece] = {}
        pieces: list[Piece] = []
        for size in (4, 3, 2):
            for at in starts:
                code = "".join(texts[at : at + size])
                if at + size <= len(texts) and code in self._codes:
                    pieces = pieces or [piece_at(match) for match in PIECE.finditer(title)]
                    part = pieces[at : at + size]
                    start, stop = part[0].start, part[-1].stop
                    near = all(b.start - a.stop == 1 for a, b in pairwise(part))
                    whole = Piece(start, stop, code)
                    larger = any(
                        _is_within(whole, one) and _LARGER.fullmatch(other, len(code))
                        for other, one in joined.items()
                    )
                    if near and stop - start <= LONGEST_CODE and not larger:
                        joined.setdefault(code, whole)
        return joined

    def _parts(self, code: str) -> Iterator[str]:
        """Codes of other titles that are part of this one: without region, maker, colour.

        What lacks an "xl" or a "ti" is another model and no part.
        """
        if len(code) <= _SHORTEST_PART:
            return
        digit = [sign.isdigit() for sign in code]
        cuts = [at for at in range(1, len(code)) if not (digit[at - 1] and digit[at])]
        cuts = [0, *cuts, len(code)]
        for place, start in enumerate(cuts):
            for stop in cuts[place + 1 :]:
                inside = start and stop < len(code)
                if stop - start >= _SHORTEST_PART + 2 * bool(inside):
                    part = code[start:stop]
                    if part in self._codes and not _LARGER.fullmatch(code, stop):
                        yield part


def _is_within(place: Piece, other: Piece) -> bool:
    return other.start <= place.start and place.stop <= other.stop
