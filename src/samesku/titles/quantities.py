"""Find the sizes, weights, counts and ratings a title states, whatever the spelling.

The reading is by rules in three steps: every number with the word behind it is an *atom*
(`atoms.py`); a unit that is also something else (`3m` the brand, `4g` the network, `4a` the phone)
is decided by the words around it (`unit_rules.py`); atoms joined by `x`, `-` or `/` are read
together, as dimensions, multipacks, ranges and lists (`runs.py`).
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from samesku.titles.atoms import (
    COUNT_WORDS,
    SUN_WORDS,
    Atom,
    are_sizes,
    find_atoms,
    lead_before,
    measure,
    values_of,
)  # fmt: skip
from samesku.titles.runs import LINKS, RUNS
from samesku.titles.scripts import fold
from samesku.titles.sizes import Reading, make_reading, read_sizes
from samesku.titles.units import COUNTED, UNITS, Quantity, pack_before, spell


class Stated(NamedTuple):
    """What a title says in numbers and sizes, in its order, repeats kept, without where."""

    quantities: tuple[Quantity, ...]
    tokens: tuple[str, ...]


_TIMES_BEFORE = re.compile(r"([^\W\d_]+) x ?$")
_TIMES_AFTER = re.compile(r" ?x (?=[^\W\d_]{2})")
_SUN_FACTORS = frozenset((6, 8, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 100))
_PLUS = re.compile(r"\+(?![a-z0-9])")
_PLUG = re.compile(r"[ -]?(?:pin|plug|socket)")
_BOTH_COUNT = re.compile(r"(?:f/? ?|[0-9]mm |1:)$")  # of "f/4.0" both digits
_NEXT_WORD = re.compile("[ -]?([a-z]*)")
_LONGEST_RUN = 12


@lru_cache(maxsize=8)  # what a title states is asked right after it was normalised
def read_quantities(clean: str) -> Sequence[Reading]:
    """Read everything a cleaned, folded title says in numbers and sizes.

    Returns disjoint stretches from left to right. Sizes in letters and bare dimensions have no
    quantities.
    """
    atoms = find_atoms(clean)
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


def _read_atoms(text: str, atoms: list[Atom]) -> Iterator[Reading]:
    between = (text[left.stop : right.start] for left, right in pairwise(atoms))
    links = [LINKS.get(sign) or LINKS.get(sign.strip()) for sign in between]
    links.append(None)
    at = done = 0
    while at < len(atoms):
        link = links[at]
        end = at + 1
        while link and links[end - 1] == link and end - at < _LONGEST_RUN:
            end += 1
        reading = RUNS[link](text, atoms[at:end]) if link else None
        if reading is None:
            end = at + 1
            reading = _read_one(text, atoms[at])
        if reading is not None:
            yield reading if reading.start >= done else reading._replace(start=atoms[at].start)
            done = reading.stop
        at = end


def _read_one(text: str, atom: Atom) -> Reading | None:
    if atom.spelling is not None and _is_numbered_size(text, atom):
        atom = atom._replace(stop=atom.start + len(atom.number), spelling=None)
    if atom.spelling is None:
        return _read_bare(text, atom)
    found = measure(atom, atom.spelling)
    return make_reading(atom.start, atom.stop, found) if found else None


def _is_numbered_size(text: str, atom: Atom) -> bool:
    """Whether this is "size 4 nappies" rather than "size 34 pcs"."""
    if UNITS[atom.spelling or "pcs"].base != "pcs" or atom.spelling == "pcs":
        return False
    lead = lead_before(text, atom.start)
    return lead is not None and lead[1] == "size"


def _read_bare(text: str, atom: Atom) -> Reading | None:
    """Read a number without unit by the word before it; else only unify its decimal mark."""
    lead = lead_before(text, atom.start)
    is_each = text[atom.start - 1 : atom.start] == "@"
    if lead is None and not is_each and atom.number.isdigit():
        return _read_pack(text, atom)
    values = values_of(atom.number, None)
    value = values[0] if len(values) == 1 else 0
    kind = lead[1] if lead else ""
    if kind in COUNT_WORDS or is_each:
        if value % 1 == 0 and 2 <= value <= 5000:
            return make_reading(atom.start, atom.stop, [Quantity(value, "pcs")])
    elif lead and kind in SUN_WORDS:
        if value and (kind in ("spf", "lsf") or value in _SUN_FACTORS):
            return Reading(lead.start(), atom.stop, f"spf{spell(value)}", (Quantity(value, "spf"),))
    elif lead and are_sizes(values, kind) and not _PLUG.match(text, atom.stop):
        # "4+" is a size of nappies.
        plus = "+" if _PLUS.match(text, atom.stop) else ""
        token = " ".join(f"size_{spell(value)}{plus}" for value in values)
        sizes = tuple(Quantity(value, "size") for value in values)
        return Reading(lead.start(), atom.stop + len(plus), token, sizes)
    return _read_plain(text, atom, values)


def _read_pack(text: str, atom: Atom) -> Reading | None:
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


def _read_plain(text: str, atom: Atom, values: list[float]) -> Reading | None:
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
