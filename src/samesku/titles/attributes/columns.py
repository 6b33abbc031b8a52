"""Read specification columns, of which the name says what a bare value means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from samesku.titles import Quantity, clean_title, normal_title, normalise_raw, stated
from samesku.titles.attributes.reading import read_title
from samesku.titles.scripts import fold, word_lists
from samesku.titles.sizes import size_value
from samesku.titles.units import spell

_NAME = re.compile(r"[^\W_]+")
_DATA = word_lists("columns.toml")
_KINDS = {word: kind for kind, words in _DATA["kinds"].items() for word in words.split()}
_LINES = "\n".join(_DATA["kinds"].values()).splitlines()
_FIRST = {word: words[0] for words in map(str.split, _LINES) for word in words}
_FILLERS = frozenset(_DATA["fillers"]["words"].split())
_IGNORED = frozenset(_DATA["ignored"]["words"].split())
_USED = frozenset(_DATA["used"]["words"].split())
_UNUSED = re.compile(rf"(?<!\w)(?:{'|'.join(_DATA['used']['unlike'].split())}) (?:been )?\w+")
_CONDITION = re.compile(r"(?:\S*/)?(\w+)condition")  # "https://schema.org/UsedCondition"
_UNITS = frozenset(_DATA["units"]["words"].split())
# What a cell of one kind may state of others: a size of "24 x 80 g", a pack of "6 x 330 ml".
_BESIDE = {"size": ("count", "amount", "memory", "measure"), "count": ("amount",)}
_RAM = frozenset(_DATA["ram"]["words"].split())
_STATED = {
    "ram": re.compile(r"(?<![0-9.])([0-9]+)gb[ -]?(?:ram\b|memory\b|l?p?ddr|sd?ram)"),
    "storage": re.compile(
        r"(?<![0-9.])([0-9]+)gb[ -]?(?:(?:pcie|nvme|sata|m\.?2) )*(?:ssd|hdd|hard|solid|emmc)"
    ),
}
_LEAST_STORAGE = 16
OPTION = "option: "
"""What the name of a column begins with that is compared as text, whatever it is called."""
_GTIN = re.compile(r"(?<![0-9])(?:[0-9]{8}|[0-9]{11,14})(?![0-9])")  # an ISBN of ten digits is none
# Characters of a model number that is one maker's.
_MODEL_NUMBER = range(6, 31)
MPN = "mpn"
"""The aspect of model numbers among article numbers, which agree or say nothing."""
# Numbers that a shop gives out itself, and that another shop gives to something else.
_INTERNAL = re.compile(r"2[0-9]{12}|[24][0-9]{11}")
_BARE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LONGEST = 200


def column_kind(name: str) -> tuple[str, str] | None:
    """Which kind of attribute a column of this name holds, and of what aspect.

    >>> column_kind("ram_capacity")
    ('memory', 'ram')
    """
    if name.startswith(OPTION):  # of the kind of what follows, so that it may differ with it
        kind = column_kind(name.removeprefix(OPTION))
        return kind[0] if kind and kind[0] != "gtin" else "measure", name
    words = _words(name)
    joined = list(map("".join, pairwise(words)))  # "part number"
    if not words or (_IGNORED.intersection(words) and _KINDS.keys().isdisjoint(joined)):
        return None
    names = [*words, *joined]
    kinds = sorted((_KINDS[name] for name in names if name in _KINDS), key=_first)
    kind = kinds[0] if kinds else None
    if kind in ("model", "processor") and "processor" in kinds:
        return "model", "processor"
    if kind == "memory":
        return kind, "storage" if _RAM.isdisjoint(words) else "ram"
    if kind == "colour":
        return kind, next(name for name in names if _KINDS.get(name) == kind)
    return (kind, _plain(words) if kind == "measure" else "") if kind else None


def plain_name(name: str) -> str:
    """The name of an option in small letters, where it is known in another language in English.

    >>> plain_name("Farbe"), plain_name("color_name"), plain_name("Gravur")
    ('color', 'color', 'gravur')
    """
    kind = column_kind(name)
    return kind[1] if kind and kind[0] == "memory" else _plain(_words(name))


@lru_cache(maxsize=1_000)
def _words(name: str) -> tuple[str, ...]:
    """The words of a name: it is asked of each cell of the column."""
    return tuple(_NAME.findall(normalise_raw(name).replace("_", " ")))


def _plain(words: Sequence[str]) -> str:
    kept = [word for word in words if word not in _FILLERS] or words
    return " ".join(_FIRST.get(word, word) for word in kept)


def _first(kind: str) -> int:
    """Which of several kinds counts, lowest first: "pack size", "taille écran", "CPU frequency"."""
    return -1 if kind == "count" else 1 if kind in ("size", "processor") else 0


def numbers_in(name: str) -> str | None:
    """Which article numbers a column of this name holds: of the kind `gtin` or `model`."""
    kind = column_kind(name)
    return kind[0] if kind in (("gtin", ""), ("model", "")) else None


def article_numbers(kind: str, raw: str) -> set[str]:
    """The GTINs in a cell, or the model number: one as "GSR 12V-35", not a name as "Pixel 7".

    >>> sorted(article_numbers("model", "DSC-W830/P")), article_numbers("model", "Pixel 7 Pro")
    (['mpn: dscw830', 'mpn: dscw830p'], set())
    """
    text = normalise_raw(raw[:_LONGEST])
    if kind == "gtin":
        return _gtins(text) or _gtins(re.sub("[ -]", "", text))  # "4 006381 333931"
    if any(len(word) > 3 and word.isalpha() for word in text.split()):
        return set()
    if "".join(stated(text).tokens) == re.sub(r"[^a-z0-9]", "", text):
        return set()  # "8GB/256GB", "500 x 300 mm"
    text = fold(clean_title(raw[:_LONGEST]))  # "KD-55 X85" measures nothing
    return {
        f"{MPN}: {number}"
        for number in _without_signs(text)
        if len(number) in _MODEL_NUMBER and len(set(number)) > 2 and not number.isalpha()
    }


def read_cell(kind: str, aspect: str, raw: str) -> set[str]:
    """Read one value of a column of this kind; several values are all kept."""
    text = normal_title(raw[:_LONGEST])
    if aspect.startswith(OPTION):
        return {f"{aspect.removeprefix(OPTION)}: {text}"} if text else set()
    if kind == "gtin":
        return article_numbers(kind, raw)
    if aspect == "processor":  # as titles state it
        codes = read_title(text, stated(text))[1]
        series = {value for value, _ in codes.series if value.startswith("cpu: ")}
        return series.union(code for code, _ in codes.codes)
    if kind == "model":
        return {
            code for code in _without_signs(text) if 4 <= len(code) <= 30 and not code.isalpha()
        }
    if kind == "count" and _BARE.fullmatch(text):
        return {spell(float(text))} - {"1"}  # what an offer without a count means
    if kind == "size" and _BARE.fullmatch(text):
        return {size_value(spell(float(text)), is_shoe=False)}
    if kind == "size" and (letters := re.fullmatch(r"x{0,4}[sl]|m|[2-6]xl", text)):
        return _read(f"size {letters[0]}")["size"] or {letters[0]}
    if kind == "accessory":
        text = _UNUSED.sub("", _CONDITION.sub(r"\1", text))
        return {"used"} if _USED.intersection(re.findall(r"[\w/-]+", text)) else _read(text)[kind]
    if kind in ("memory", "measure"):
        found = [q for q in stated(text).quantities if (q.unit == "gb") == (kind == "memory")]
        if aspect == "storage":
            found = [q for q in found if q.value >= _LEAST_STORAGE]  # less is its cache
        return {f"{aspect}: {_rounded(q)}" for q in found}
    if kind == "flavour":  # "Lemon" is a colour where nothing is eaten
        return _read(text)[kind] or _read(f"{text} 1kg")[kind]
    if kind == "size":  # "Large", "40-42"
        return _read(text)[kind] or _read(f"shirt {text}")[kind]
    if kind == "colour":  # "vit" is white beside "färg"
        return _read(text)[kind] or _read(f"{aspect} {text}")[kind]
    return _read(text)[kind]


def read_beside(kind: str, aspect: str, raw: str) -> dict[str, set[str]]:
    """Read what a cell states of other kinds than its column's: "2 kg" in that of the size."""
    if aspect or kind not in _BESIDE:
        return {}
    found = _read(normal_title(raw[:_LONGEST]))
    return {other: found[other] for other in _BESIDE[kind] if found[other]}


def with_unit(name: str, raw: str | None) -> str | None:
    """A bare number with the unit that the name of its column ends with.

    >>> with_unit("Volume (ml)", "750"), with_unit("Volume", "750")
    ('750 ml', '750')
    """
    unit = _words(name)[-1:]
    is_bare = raw is not None and _UNITS.issuperset(unit) and _BARE.fullmatch(raw.strip())
    return f"{raw} {unit[0]}" if is_bare and unit else raw


def _without_signs(text: str) -> set[str]:
    """A code, and what is before its slash: titles state "ma326ll" of "MA326LL/A"."""
    return {re.sub(r"[^a-z0-9]", "", part) for part in (text, text.partition("/")[0])}


def memory_of(title: str, aspect: str) -> set[str]:
    """What a normal title says of the memory that a column of this aspect holds: "8gb ram"."""
    found = _STATED[aspect].findall(title)
    return {f"{aspect}: {number} gb" for number in found}


def _gtins(text: str) -> set[str]:
    """The numbers of a text whose check digit is right, without the zeros before them."""
    codes = (each.lstrip("0") for each in _GTIN.findall(text))
    return {
        code
        for code in codes
        if code and not check_sum(code) % 10 and not _INTERNAL.fullmatch(code)
    }


def check_sum(gtin: str) -> int:
    """The weighed sum of a GTIN's digits: a multiple of ten where its last digit is right.

    >>> check_sum("4006381333931")
    90
    """
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(gtin)))


def _rounded(quantity: Quantity) -> str:
    """Two digits of what is weighed or measured anew by everybody who writes it down."""
    value = float(f"{quantity.value:.2g}") if quantity.unit in ("g", "mm") else quantity.value
    return f"{spell(value)} {quantity.unit}"


def _read(text: str) -> dict[str, set[str]]:
    return read_title(text, stated(text))[0]
