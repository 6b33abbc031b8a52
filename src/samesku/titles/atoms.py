"""Atoms: every number of a title with the unit behind it, if the word there is one."""

import re
from typing import NamedTuple

from samesku.titles.sizes import SIZE_WORDS
from samesku.titles.unit_rules import meant_unit
from samesku.titles.units import (
    FOREIGN_UNIT,
    UNITS,
    Quantity,
    names_next_count,
    pack_after,
    to_base,
)


class Atom(NamedTuple):
    """A number, and the spelling in `UNITS` of what it counts or measures."""

    start: int
    stop: int
    number: str
    spelling: str | None


# "20 000 mAh": a space of thousands.
_THOUSANDS = (
    r"(?<![0-9]{4}) 000"
    r"(?= ?(?:mah|lm|m?[gl]|gr|mm|w|pcs|ks|szt|stk|iu|мач|мл|г|вт|шт)(?![^\W\d_]))"
)
# The digit comes first so that the search skips to digits; the look-behinds then ask what stood
# before it: nothing, or the "x" of "10cmx5", or a word sellers glue to a number, or a nappy's size.
_ATOM = re.compile(
    r"[0-9](?:(?<![a-z0-9_].)(?<![0-9][.,].)|(?<=[0-9 ]x.)|(?<=[0-9][mgl\"]x.)"
    r"|(?<=[0-9 ](?:[ckm][mgl]|gr)x.)"
    r"|(?<=[^\x00-\x7f][xlms].)|(?<=[^\x00-\x7f]xl.)|(?<=\(x.)|(?<=^x.)"
    r"|(?<=spf.)|(?<=lsf.)|(?<=isi.)|(?<=\buk.)|(?<=size.)|(?<=size_.))"
    rf"(?P<rest>[0-9]{{0,9}}(?:[.,][0-9]{{1,7}}|{_THOUSANDS})*)(?![0-9])"
    r"(?:(?P<gap>[ -]?)(?P<word>(?:mm|cm|m|inch|g|gr|kg|ml|l|\")(?=x ?[0-9])"
    r"|(?:fl\.? ?oz|[iu]\.[eiu]\.?|[a-z]+|'(?:s|l[iu])|%|\"|'')(?![a-z0-9])"
    rf"|(?=[^\x00-\x7f]){FOREIGN_UNIT}))?"
)
# "FPS 50" and "factor 50" are sun creams, "60 fps 4k" is a camera, "Max Factor 50" a shade.
_LEAD = re.compile(
    r"(?<![a-z])(isi|contents?|spf|lsf|(?<![0-9])(?<![0-9] )fps|(?<!max )fa[ck]tor|indice"
    r"|fattore|fator|gkf|δεικτησ|сзф|מקדם הגנה|عامل حمايه"
    rf"|{SIZE_WORDS})[ .:_(@-]{{0,3}}$"
)
COUNT_WORDS = frozenset(("isi", "content", "contents"))
SUN_WORDS = frozenset(("spf", "lsf", "fps", "factor", "faktor", "indice", "fattore", "fator",
    "gkf", "δεικτησ", "сзф", "מקדם הגנה", "عامل حمايه",
))  # fmt: skip
# "KD-43X80L" is the code of a television set and no multipack.
_CODED = re.compile(r"(?<![a-z0-9])[a-z]{2,4}-[0-9]{2}x[0-9]{2,3}[a-z]{0,2}(?![a-z0-9])")
_ALWAYS_THOUSANDS = frozenset(("pcs", "mah", "w", "lm", "month", "page"))
_WHOLE = frozenset(("pcs", "ply"))
_STEPS = frozenset((0.0, 0.5, 0.33, 0.67))
_CHILD_SIZES = frozenset(size for size in range(62, 177, 6) if size % 5)


def find_atoms(clean: str) -> list[Atom]:
    """Every number of a cleaned, folded title that is not part of a code."""
    atoms = [_atom(clean, match) for match in _ATOM.finditer(clean)]
    if len(atoms) > 1 and "-" in clean:
        coded = [match.span() for match in _CODED.finditer(clean)]
        atoms = [
            atom for atom in atoms if not any(start <= atom.start < stop for start, stop in coded)
        ]
    return atoms


def _atom(text: str, match: re.Match[str]) -> Atom:
    start = match.start()
    word = match["word"]
    stop = match.end("rest")
    number = text[start:stop].replace(" ", "")
    spelling = meant_unit(text, match, word) if word else None
    if spelling is None:
        return Atom(start, stop, number, None)
    stop = match.end()
    if (unit := UNITS[spelling]).base == "pcs":
        if names_next_count(text, start, stop, spelling):
            return Atom(start, match.end("rest"), number, None)
        stop = pack_after(text, stop, spelling)
    elif start and text[start - 1] in ".," and number.isdigit() and number[0] != "0":
        # ".33 l" is a third of a litre; " .50 ml" is careless punctuation.
        large = unit.factor >= 1000 or unit.rounded or len(number) == 1
        if large and (start == 1 or text[start - 2] in " (/x*+"):
            start, number = start - 1, f"0.{number}"
    return Atom(start, stop, number, spelling)


def values_of(number: str, spelling: str | None) -> list[float]:
    """Value of a number, several for a comma list, none for a version such as 4.2.1.

    "1.000" is a thousand where things are counted or the last digit is a round 0, and one with
    three decimals after large units ("1.250 kg"): sellers write both.
    """
    parts = number.replace(",", ".").split(".")
    if len(parts) == 1:
        return [float(number)]
    head, *tail = parts
    grouped = 0 < len(head) <= 3 and head[0] != "0" and all(len(part) == 3 for part in tail)
    if grouped and (len(tail) > 1 or _groups_by_thousands(number, spelling)):
        return [float("".join(parts))]
    if len(tail) == 1:
        listed = "," in number and len(head) > 1 and tail[0] == str(int(head) + 1)
        if listed and (spelling is None or UNITS[spelling].base in ("month", "pcs")):
            return [float(head), float(tail[0])]
        return [float(f"{head}.{tail[0]}")]
    return [float(part) for part in parts] if "." not in number else []


def _groups_by_thousands(number: str, spelling: str | None) -> bool:
    if spelling is None:
        return True
    unit = UNITS[spelling]
    return unit.base in _ALWAYS_THOUSANDS or (unit.factor <= 1 and number[-1] == "0")


def measure(atom: Atom, spelling: str | None) -> list[Quantity]:
    """Give the atom's values in base units; nothing where they make no sense for the unit."""
    if spelling is None:
        return []
    found = [to_base(value, spelling) for value in values_of(atom.number, spelling)]
    sensible = all(
        (value.is_integer() and value > 0) if unit in _WHOLE else (value > 0 or unit == "month")
        for value, unit in found
    )
    return found if sensible else []


def are_sizes(values: list[float], lead: str) -> bool:
    """Whether sizes can be of these numbers: children's are above 60, "gr. 100" is none."""
    largest = 60 if len(lead) == 2 else 188
    # "Gr. 104" is the size of a child: "gr. 80" may be grams.
    kept = (value for value in values if lead != "gr" or value not in _CHILD_SIZES)
    return bool(values) and all(
        1 <= each <= largest and round(each % 1, 2) in _STEPS for each in kept
    )


def lead_before(text: str, start: int) -> re.Match[str] | None:
    return _LEAD.search(text, max(0, start - 12), start)
