"""Find the sizes, weights, counts and ratings a title states, whatever the spelling.

The reading is by rules in three steps: every number with the word behind it is an *atom*; a unit
that is also something else (`3m` the brand, `4g` the network, `4a` the phone) is decided by the
words around it; atoms joined by `x`, `-` or `/` are read together, as dimensions, multipacks,
ranges and lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from samesku.titles.scripts import fold
from samesku.titles.sizes import (
    SIZE_WORDS,
    Reading,
    make_dimensions,
    make_reading,
    read_sizes,
)
from samesku.titles.unit_rules import meant_unit
from samesku.titles.units import (
    COUNTED,
    DIVISIBLE,
    FOREIGN_UNIT,
    IN_MILLIMETRES,
    LENGTHS,
    UNITS,
    Quantity,
    names_next_count,
    pack_after,
    pack_before,
    spell,
    to_base,
)


class Stated(NamedTuple):
    """What a title says in numbers and sizes, in its order, repeats kept, without where."""

    quantities: tuple[Quantity, ...]
    tokens: tuple[str, ...]


class _Atom(NamedTuple):
    start: int
    stop: int
    number: str
    spelling: str | None


# The digit comes first so that the search skips to digits; the look-behinds then ask what stood
# before it: nothing, or the "x" of "10cmx5", or a word sellers glue to a number, or a nappy's size.
_ATOM = re.compile(
    r"[0-9](?:(?<![a-z0-9_].)(?<![0-9][.,].)|(?<=[0-9 ]x.)|(?<=[0-9][mgl\"]x.)"
    r"|(?<=[0-9 ](?:[ckm][mgl]|gr)x.)"
    r"|(?<=[^\x00-\x7f][xlms].)|(?<=[^\x00-\x7f]xl.)|(?<=\(x.)|(?<=^x.)"
    r"|(?<=spf.)|(?<=lsf.)|(?<=isi.)|(?<=\buk.)|(?<=size.)|(?<=size_.))"
    r"(?P<rest>[0-9]{0,9}(?:[.,][0-9]{1,7})*)(?![0-9])"
    r"(?:(?P<gap>[ -]?)(?P<word>(?:mm|cm|m|inch|g|gr|kg|ml|l|\")(?=x ?[0-9])"
    r"|(?:fl\.? ?oz|[iu]\.[eiu]\.?|[a-z]+|'(?:s|l[iu])|%|\"|'')(?![a-z0-9])"
    rf"|(?=[^\x00-\x7f]){FOREIGN_UNIT}))?"
)
_LINKS = {
    **dict.fromkeys(("x", "*"), "times"),
    **dict.fromkeys(("-", "~", "s/d", "sd", "sampai", "to"), "range"),
    "/": "list",
    **dict.fromkeys(("dan", "&"), "and"),
}
# "FPS 50" and "factor 50" are sun creams, "60 fps 4k" is a camera, "Max Factor 50" a shade.
_LEAD = re.compile(
    r"(?<![a-z])(isi|contents?|spf|lsf|(?<![0-9])(?<![0-9] )fps|(?<!max )fa[ck]tor|indice"
    rf"|{SIZE_WORDS})[ .:_(@-]{{0,3}}$"
)
_TIMES_BEFORE = re.compile(r"([^\W\d_]+) x ?$")
_TIMES_AFTER = re.compile(r" ?x (?=[^\W\d_]{2})")
_COUNT_WORDS = frozenset(("isi", "content", "contents"))
_SUN_WORDS = frozenset(("spf", "lsf", "fps", "factor", "faktor", "indice"))
_SUN_FACTORS = frozenset((6, 8, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 100))
# "KD-43X80L" is the code of a television set and no multipack.
_CODED = re.compile(r"(?<![a-z0-9])[a-z]{2,4}-[0-9]{2}x[0-9]{2,3}[a-z]{0,2}(?![a-z0-9])")
_PLUS = re.compile(r"\+(?![a-z0-9])")
_PLUG = re.compile(r"[ -]?(?:pin|plug|socket)")
_ALWAYS_THOUSANDS = frozenset(("pcs", "mah", "w", "lm", "month", "page"))
_WHOLE = frozenset(("pcs", "ply"))
_STEPS = frozenset((0.0, 0.5, 0.33, 0.67))
_CHILD_SIZES = frozenset(size for size in range(62, 177, 6) if size % 5)
_PACKED = frozenset(("g", "ml", "pcs", "w", "a"))
_DECIMAL = re.compile("[.,][0-9]{1,2}$")  # of a screw of 5.0 x 50, no count
_BOTH_COUNT = re.compile(r"(?:f/? ?|[0-9]mm |1:)$")  # of "f/4.0" both digits
_NEXT_WORD = re.compile("[ -]?([a-z]*)")
_PARTS = frozenset(("2", "3", "4", "8", "16", "32"))
_MIXED = re.compile(r"(?<![a-z0-9.,/-])([1-9]|1[0-9])[ -]$")  # of "1 1/2 inch"
_LONGEST_RUN = 12
_WIDEST_CHOICE = 50
_MEMORY = frozenset(("8", "16", "32", "64", "128", "256", "512"))


def read_quantities(clean: str) -> list[Reading]:
    """Read everything a cleaned, folded title says in numbers and sizes.

    Returns disjoint stretches from left to right. Sizes in letters and bare dimensions have no
    quantities.
    """
    atoms = [_atom(clean, match) for match in _ATOM.finditer(clean)]
    if len(atoms) > 1 and "-" in clean:
        coded = [match.span() for match in _CODED.finditer(clean)]
        atoms = [
            atom for atom in atoms if not any(start <= atom.start < stop for start, stop in coded)
        ]
    readings = list(_read_atoms(clean, atoms)) if atoms else []
    if sizes := read_sizes(clean):
        taken = [(size.start, size.stop) for size in sizes]
        apart = [r for r in readings if all(r.stop <= a or r.start >= b for a, b in taken)]
        readings = sorted(sizes + apart)
    return readings


def stated(clean: str) -> Stated:
    """What a cleaned or normalised title says in numbers and sizes, in one reading.

    `"susu 2 x 400 gr"` states `Quantity(2, "pcs")`, `Quantity(400, "g")` and the words `"2pcs"`,
    `"400g"`; dimensions give one length in mm per side and the word `"100x60x130mm"`, ranges their
    two ends. Clothing sizes are words: `"size_38"`, `"size_xl"`. "100%" is a boast and left out.
    """
    found: list[Quantity] = []
    words: list[str] = []
    for _, _, token, quantities in read_quantities(fold(clean)):
        if quantities or token.startswith("size_"):
            found += quantities
            words += token.split()
    return Stated(tuple(found), tuple(words))


def _atom(text: str, match: re.Match[str]) -> _Atom:
    start = match.start()
    word = match["word"]
    stop = match.end("rest")
    number = text[start:stop]
    spelling = meant_unit(text, match, word) if word else None
    if spelling is None:
        return _Atom(start, stop, number, None)
    stop = match.end()
    if (unit := UNITS[spelling]).base == "pcs":
        if names_next_count(text, start, stop, spelling):
            return _Atom(start, match.end("rest"), number, None)
        stop = pack_after(text, stop, spelling)
    elif start and text[start - 1] in ".," and number.isdigit() and number[0] != "0":
        # ".33 l" is a third of a litre; " .50 ml" is careless punctuation.
        large = unit.factor >= 1000 or unit.rounded or len(number) == 1
        if large and (start == 1 or text[start - 2] in " (/x*+"):
            start, number = start - 1, f"0.{number}"
    return _Atom(start, stop, number, spelling)


def _read_atoms(text: str, atoms: list[_Atom]) -> Iterator[Reading]:
    links = [_LINKS.get(text[left.stop : right.start].strip()) for left, right in pairwise(atoms)]
    links.append(None)
    at = done = 0
    while at < len(atoms):
        link = links[at]
        end = at + 1
        while link and links[end - 1] == link and end - at < _LONGEST_RUN:
            end += 1
        reading = _RUNS[link](text, atoms[at:end]) if link else None
        if reading is None:
            end = at + 1
            reading = _read_one(text, atoms[at])
        if reading is not None:
            yield reading if reading.start >= done else reading._replace(start=atoms[at].start)
            done = reading.stop
        at = end


def _values(number: str, spelling: str | None) -> list[float]:
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


def _measure(atom: _Atom, spelling: str | None) -> list[Quantity]:
    """Give the atom's values in base units; nothing where they make no sense for the unit."""
    if spelling is None:
        return []
    found = [to_base(value, spelling) for value in _values(atom.number, spelling)]
    sensible = all(
        (value.is_integer() and value > 0) if unit in _WHOLE else (value > 0 or unit == "month")
        for value, unit in found
    )
    return found if sensible else []


def _read_one(text: str, atom: _Atom) -> Reading | None:
    if atom.spelling is None or _is_numbered_size(text, atom):
        return _read_bare(text, atom)
    found = _measure(atom, atom.spelling)
    return make_reading(atom.start, atom.stop, found) if found else None


def _is_numbered_size(text: str, atom: _Atom) -> bool:
    """Whether this is "size 4 nappies" rather than "size 34 pcs"."""
    if UNITS[atom.spelling or "pcs"].base != "pcs" or atom.spelling == "pcs":
        return False
    lead = _lead(text, atom.start)
    return lead is not None and lead[1] == "size"


def _read_bare(text: str, atom: _Atom) -> Reading | None:
    """Read a number without unit by the word before it; else only unify its decimal mark."""
    lead = _lead(text, atom.start)
    is_each = text[atom.start - 1 : atom.start] == "@"
    if lead is None and not is_each and atom.number.isdigit():
        return _read_pack(text, atom)
    values = _values(atom.number, None)
    value = values[0] if len(values) == 1 else 0
    kind = lead[1] if lead else ""
    if kind in _COUNT_WORDS or is_each:
        if value % 1 == 0 and 2 <= value <= 5000:
            return make_reading(atom.start, atom.stop, [Quantity(value, "pcs")])
    elif lead and kind in _SUN_WORDS:
        if value and (kind in ("spf", "lsf") or value in _SUN_FACTORS):
            return Reading(lead.start(), atom.stop, f"spf{spell(value)}", (Quantity(value, "spf"),))
    elif lead and _are_sizes(values, kind) and not _PLUG.match(text, atom.stop):
        # "4+" is a size of nappies.
        plus = "+" if _PLUS.match(text, atom.stop) else ""
        token = " ".join(f"size_{spell(value)}{plus}" for value in values)
        sizes = tuple(Quantity(value, "size") for value in values)
        return Reading(lead.start(), atom.stop + len(plus), token, sizes)
    return _read_plain(text, atom, values)


def _read_pack(text: str, atom: _Atom) -> Reading | None:
    """Read "pack of 3", "tablets x30", and "2 x case" at the start of a title."""
    start, stop = pack_before(text, atom.start), atom.stop
    if start is None:
        near = "x" in text[max(0, atom.start - 2) : atom.start]
        before = near and _TIMES_BEFORE.search(text, max(0, atom.start - 24), atom.start)
        if not atom.start and (after := _TIMES_AFTER.match(text, stop)):
            start, stop = atom.start, after.end() - 1
        elif before and before[1] in COUNTED:
            start = before.end(1) + 1
        elif text.startswith("(x", atom.start - 2) and text.startswith(")", stop):
            start = atom.start - 1
    if start is None or text[stop : stop + 1].isalpha() or text.startswith(("%", " %"), stop):
        return None
    count = float(atom.number)
    return make_reading(start, stop, [Quantity(count, "pcs")]) if 2 <= count <= 5000 else None


def _read_plain(text: str, atom: _Atom, values: list[float]) -> Reading | None:
    if not values or text[atom.stop : atom.stop + 1].isalpha():
        return None  # a version number, or "redmi 8,8a"
    grouped = len(values) > 1 or values[0] >= 1000
    plain = " ".join(map(spell, values)) if grouped else atom.number.replace(",", ".")
    # "7.0" is 7, but "2.0 to" would be two terabytes, and of beer "0.0" is a name.
    after = _NEXT_WORD.match(text, atom.stop)
    both = _BOTH_COUNT.search(text, max(0, atom.start - 4), atom.start)
    if not both and any(values) and not (after and after[1] in UNITS):
        plain = plain.removesuffix(".0")
    return Reading(atom.start, atom.stop, plain) if plain != atom.number else None


def _are_sizes(values: list[float], lead: str) -> bool:
    """Whether sizes can be of these numbers: children's are above 60, "gr. 100" is none."""
    largest = 60 if len(lead) == 2 else 188
    kept = (value for value in values if not _is_child_size(value, lead))
    return bool(values) and all(
        1 <= each <= largest and round(each % 1, 2) in _STEPS for each in kept
    )


def _is_child_size(value: float, lead: str) -> bool:
    """Whether "Gr. 104" is the size of a child: "gr. 80" may be grams."""
    return lead == "gr" and value in _CHILD_SIZES


def _lead(text: str, start: int) -> re.Match[str] | None:
    return _LEAD.search(text, max(0, start - 12), start)


def _read_times(text: str, run: list[_Atom]) -> Reading | None:
    """Read `10 x 6 x 13 cm` as dimensions, `3 x 400 g` and `400g x 3` as a multipack."""
    if all(atom.spelling is None for atom in run):
        return _read_bare_dimensions(text, run)
    if all(atom.spelling not in LENGTHS for atom in run):
        return _read_multipack(run)
    spellings = [atom.spelling for atom in run]
    for at in reversed(range(len(run) - 1)):
        spellings[at] = spellings[at] or spellings[at + 1]
    sides = [_measure(atom, spelling) for atom, spelling in zip(run, spellings, strict=True)]
    if not (set(spellings) <= LENGTHS and _evenly_spaced(text, run)):
        return None
    found = [side for one in sides for side in one]
    return make_dimensions(run[0].start, run[-1].stop, found) if len(found) == len(run) else None


def _evenly_spaced(text: str, run: list[_Atom]) -> bool:
    """Whether this is "4 x 5" rather than "redmi 4x 5 6", which are three phones."""
    signs = (text[left.stop : right.start] for left, right in pairwise(run))
    return not any(sign in ("x ", "* ") for sign in signs) or any(a.spelling for a in run[:-1])


def _read_multipack(run: list[_Atom]) -> Reading | None:
    """Read a count beside a weight, a volume, a power; "redmi 6x 64gb" is a phone."""
    found: list[Quantity] = []
    for atom in run:
        if atom.spelling:
            stated = _measure(atom, atom.spelling)
            if not stated or stated[0].unit not in _PACKED:
                return None
        else:
            stated = [Quantity(value, "pcs") for value in _values(atom.number, None)]
            if (
                _DECIMAL.search(atom.number)
                or not stated
                or not (2 <= stated[0].value <= 1000 and stated[0].value % 1 == 0)
            ):
                return None
        found += stated
    return make_reading(run[0].start, run[-1].stop, found)


def _read_bare_dimensions(text: str, run: list[_Atom]) -> Reading | None:
    """Dimensions without unit are centimetres where they look like it: sheets, towels, boxes.

    Those of bearings and screws are millimetres.
    """
    values = [value for atom in run for value in _values(atom.number, None)]
    if len(values) != len(run) or not _evenly_spaced(text, run):
        return None
    start, stop = run[0].start, run[-1].stop
    is_small = IN_MILLIMETRES.search(text) is not None
    lead = _lead(text, start)
    if lead and len(run) == 2 and min(values) < 10 and max(values) >= 50:
        return None  # "taille 4 x 174" nappies
    least = 2 if len(run) == 3 or lead else 3 if is_small else 10
    if min(values) < least or not 10 <= max(values) <= 400:
        return Reading(start, stop, "x".join(map(spell, values)))
    unit = "mm" if is_small else "cm"
    return make_dimensions(start, stop, [to_base(value, unit) for value in values])


def _read_range(text: str, run: list[_Atom]) -> Reading | None:
    """Read `0-6 bulan`, `28 - 36 inch`, `size 38-42`; spaced dashes mostly separate phrases."""
    if len(run) != 2:
        return None
    low, high = run
    start = low.start
    if high.spelling:
        ends = _measure(low, low.spelling or high.spelling) + _measure(high, high.spelling)
        spaced = text[low.stop : high.start] == " - "
        if not {end.unit for end in ends} <= {"month"} and (
            low.spelling or (spaced and high.spelling not in LENGTHS)
        ):
            return None
    elif (lead := _lead(text, start)) and lead[1] not in _COUNT_WORDS | _SUN_WORDS:
        values = [value for atom in run for value in _values(atom.number, None)]
        ends = [Quantity(v, "size") for v in values] if _are_sizes(values, lead[1]) else []
        start = lead.start()
    else:
        return None
    if len(ends) != 2 or ends[0].value >= ends[1].value:
        return None
    token = f"{spell(ends[0].value)}-{spell(ends[1].value)}"
    unit = ends[0].unit
    token = f"size_{token}" if unit == "size" else f"{token}{unit}"
    return Reading(start, high.stop, token, tuple(ends))


def _read_list(text: str, run: list[_Atom]) -> Reading | None:
    """Read `1/2 kg` as a half, `10/20/30pcs` as three offers, phones' `4/64` as two memories."""
    last = run[-1].spelling
    if len(run) == 2 and run[0].spelling is None:
        start, top, bottom = run[0].start, run[0].number, run[1].number
        if last in DIVISIBLE and (part := _fraction(top, bottom, last)):
            if whole := _MIXED.search(text, max(0, start - 4), start):
                start, part = whole.start(1), part + float(whole[1])
            return make_reading(start, run[1].stop, [to_base(part, last)])
        if last is None and bottom in _MEMORY and _is_ram(top, bottom):
            found = [Quantity(float(top), "gb"), Quantity(float(bottom), "gb")]
            return make_reading(run[0].start, run[1].stop, found)
    if last is None:
        return _read_range(text, run)  # "Gr. 62/68"
    if any(atom.spelling is not None for atom in run[:-1]):
        return None
    offers = [_measure(atom, last) for atom in run]
    found = [quantity for offer in offers for quantity in offer]
    values = [quantity.value for quantity in found]
    if not all(offers) or max(values) > _WIDEST_CHOICE * min(values):
        return None  # "lactogen 2/750gr" is stage 2
    return make_reading(run[0].start, run[-1].stop, found)


def _fraction(top: str, bottom: str, spelling: str) -> float:
    """Value of `1/2`, and in inches of `5/8`; 0 where the two are a choice, as in `6/8 inch`."""
    if bottom not in _PARTS or not top.isdigit() or not 0 < int(top) < int(bottom):
        return 0
    in_inches = UNITS[spelling].base == "mm" and UNITS[spelling].rounded and int(top) % 2 == 1
    return int(top) / int(bottom) if int(top) < 4 or in_inches else 0


def _is_ram(top: str, bottom: str) -> bool:
    return top in ("1", "2", "3", "4", "6", "8", "12") and int(bottom) >= 8 * int(top)


_RUNS: dict[str, Callable[[str, list[_Atom]], Reading | None]] = {
    "times": _read_times,
    "range": _read_range,
    "list": _read_list,
    "and": _read_list,
}
