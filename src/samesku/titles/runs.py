"""Numbers joined by `x`, `-` or `/`, read together: dimensions, multipacks, ranges and lists."""

import re
from collections.abc import Callable
from itertools import pairwise

from samesku.titles.atoms import (
    COUNT_WORDS,
    SUN_WORDS,
    Atom,
    are_sizes,
    lead_before,
    measure,
    values_of,
)
from samesku.titles.sizes import Reading, make_dimensions, make_reading
from samesku.titles.units import DIVISIBLE, IN_MILLIMETRES, LENGTHS, UNITS, Quantity, spell, to_base

# "to" in other languages, but "9 a 32 gb" is a phone's and "2 a 12 v" are amperes.
_TO = (" a ", " bis ", " do ", " tot ")
_NEVER_TO = frozenset(("gb", "mah", "v", "w", "hz"))
LINKS = {
    **dict.fromkeys(("x", "*"), "times"),
    **dict.fromkeys(("-", "~", "s/d", "sd", "sampai", "to"), "range"),
    **dict.fromkeys(_TO, "range"),
    "/": "list",
    **dict.fromkeys(("dan", "&"), "and"),
}
_PACKED = frozenset(("g", "ml", "pcs", "w", "a"))
_DECIMAL = re.compile("[.,][0-9]{1,2}$")  # of a screw of 5.0 x 50, no count
_PARTS = frozenset(("2", "3", "4", "8", "16", "32"))
_MIXED = re.compile(r"(?<![a-z0-9.,/-])([1-9]|1[0-9])[ -]$")  # of "1 1/2 inch"
_WIDEST_CHOICE = 50
_GUARANTEE = re.compile(" ?(?:warrant|guarant|garant|garanz|gwaranc|zaruk)")
_RAM = frozenset(("1", "2", "3", "4", "6", "8", "12"))
_MEMORY = frozenset(("8", "16", "32", "64", "128", "256", "512"))


def _read_times(text: str, run: list[Atom]) -> Reading | None:
    """Read `10 x 6 x 13 cm` as dimensions, `3 x 400 g` and `400g x 3` as a multipack."""
    if all(atom.spelling is None for atom in run):
        return _read_bare_dimensions(text, run)
    if all(atom.spelling not in LENGTHS for atom in run):
        return _read_multipack(run)
    spellings = [atom.spelling for atom in run]
    for at in reversed(range(len(run) - 1)):
        spellings[at] = spellings[at] or spellings[at + 1]
    sides = [measure(atom, spelling) for atom, spelling in zip(run, spellings, strict=True)]
    if not (set(spellings) <= LENGTHS and _evenly_spaced(text, run)):
        return None
    found = [side for one in sides for side in one]
    return make_dimensions(run[0].start, run[-1].stop, found) if len(found) == len(run) else None


def _evenly_spaced(text: str, run: list[Atom]) -> bool:
    """Whether this is "4 x 5" rather than "redmi 4x 5 6", which are three phones."""
    signs = (text[left.stop : right.start] for left, right in pairwise(run))
    return not any(sign in ("x ", "* ") for sign in signs) or any(a.spelling for a in run[:-1])


def _read_multipack(run: list[Atom]) -> Reading | None:
    """Read a count beside a weight, a volume, a power; "redmi 6x 64gb" is a phone."""
    found: list[Quantity] = []
    for atom in run:
        if atom.spelling:
            stated = measure(atom, atom.spelling)
            if not stated or stated[0].unit not in _PACKED:
                return None
        else:
            stated = [Quantity(value, "pcs") for value in values_of(atom.number, None)]
            if (
                _DECIMAL.search(atom.number)
                or not stated
                or not (2 <= stated[0].value <= 1000 and stated[0].value % 1 == 0)
            ):
                return None
        found += stated
    return make_reading(run[0].start, run[-1].stop, found)


def _read_bare_dimensions(text: str, run: list[Atom]) -> Reading | None:
    """Dimensions without unit are centimetres where they look like it: sheets, towels, boxes.

    Those of bearings and screws are millimetres.
    """
    values = [value for atom in run for value in values_of(atom.number, None)]
    if len(values) != len(run) or not _evenly_spaced(text, run):
        return None
    start, stop = run[0].start, run[-1].stop
    is_small = IN_MILLIMETRES.search(text) is not None
    lead = lead_before(text, start)
    if lead and len(run) == 2 and min(values) < 10 and max(values) >= 50:
        return None  # "taille 4 x 174" nappies
    least = 2 if len(run) == 3 or lead else 3 if is_small else 10
    if min(values) < least or not 10 <= max(values) <= 400:
        return Reading(start, stop, "x".join(map(spell, values)))
    unit = "mm" if is_small else "cm"
    return make_dimensions(start, stop, [to_base(value, unit) for value in values])


def _read_range(text: str, run: list[Atom]) -> Reading | None:
    """Read `0-6 bulan`, `28 - 36 inch`, `size 38-42`; spaced dashes mostly separate phrases."""
    if len(run) != 2:
        return None
    low, high = run
    start = low.start
    if high.spelling:
        ends = measure(low, low.spelling or high.spelling) + measure(high, high.spelling)
        between = text[low.stop : high.start]
        if between in _TO and not _NEVER_TO.isdisjoint(end.unit for end in ends):
            return None
        spaced = between == " - "
        if spaced and _GUARANTEE.match(text, high.stop):
            return None  # "playstation 5 - 1 year warranty"
        if not {end.unit for end in ends} <= {"month"} and (
            low.spelling or (spaced and high.spelling not in LENGTHS)
        ):
            return None
    elif (lead := lead_before(text, start)) and lead[1] not in COUNT_WORDS | SUN_WORDS:
        values = [value for atom in run for value in values_of(atom.number, None)]
        ends = [Quantity(v, "size") for v in values] if are_sizes(values, lead[1]) else []
        start = lead.start()
    else:
        return None
    if len(ends) != 2 or ends[0].value >= ends[1].value:
        return None
    token = f"{spell(ends[0].value)}-{spell(ends[1].value)}"
    unit = ends[0].unit
    token = f"size_{token}" if unit == "size" else f"{token}{unit}"
    return Reading(start, high.stop, token, tuple(ends))


def _read_list(text: str, run: list[Atom]) -> Reading | None:
    """Read `1/2 kg` as a half, `10/20/30pcs` as three offers, phones' `4/64` as two memories."""
    last = run[-1].spelling
    if len(run) == 2 and run[0].spelling is None:
        start, top, bottom = run[0].start, run[0].number, run[1].number
        if last in DIVISIBLE and (part := _fraction(top, bottom, last)):
            if whole := _MIXED.search(text, max(0, start - 4), start):
                start, part = whole.start(1), part + float(whole[1])
            return make_reading(start, run[1].stop, [to_base(part, last)])
        if last is None and bottom in _MEMORY and top in _RAM and int(bottom) >= 8 * int(top):
            found = [Quantity(float(top), "gb"), Quantity(float(bottom), "gb")]
            return make_reading(run[0].start, run[1].stop, found)
    if last is None:
        return _read_range(text, run)  # "Gr. 62/68"
    if any(atom.spelling is not None for atom in run[:-1]):
        return None
    offers = [measure(atom, last) for atom in run]
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


RUNS: dict[str, Callable[[str, list[Atom]], Reading | None]] = {
    "times": _read_times,
    "range": _read_range,
    "list": _read_list,
    "and": _read_list,
}
