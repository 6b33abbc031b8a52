"""Read specification columns, of which the name says what a bare value means."""

from __future__ import annotations

import re
from itertools import pairwise

from samesku.titles import Quantity, clean_title, normalise_title, stated
from samesku.titles.attributes.reading import read_title
from samesku.titles.scripts import word_lists
from samesku.titles.units import spell

_NAME = re.compile(r"[^\W_]+")
_DATA = word_lists("columns.toml")
_KINDS = {word: kind for kind, words in _DATA["kinds"].items() for word in words.split()}
_IGNORED = frozenset(_DATA["ignored"]["words"].split())
_LEAST_STORAGE = 16
_GTIN = re.compile(r"(?<![0-9])[0-9]{8,14}(?![0-9])")
_BARE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LONGEST = 200


def column_kind(name: str) -> tuple[str, str] | None:
    """Which kind of attribute a column of this name holds, and of what aspect.

    >>> column_kind("ram_capacity")
    ('memory', 'ram')
    """
    words = _NAME.findall(normalise_title(clean_title(name)).replace("_", " "))
    if not words or _IGNORED.intersection(words):
        return None
    known = [*words, *map("".join, pairwise(words))]  # "part number"
    for word in sorted(known, key=lambda word: _KINDS.get(word) != "count"):  # "pack size"
        if kind := _KINDS.get(word):
            if kind == "memory":
                return kind, "ram" if "ram" in words else "storage"
            return kind, " ".join(words) if kind == "measure" else ""
    return None


def read_cell(kind: str, aspect: str, raw: str) -> set[str]:
    """Read one value of a column of this kind; several values are all kept."""
    text = normalise_title(clean_title(raw[:_LONGEST]))
    if kind == "gtin":
        return {code for each in _GTIN.findall(text) if (code := each.lstrip("0"))}
    if kind == "model":
        code = re.sub(r"[^a-z0-9]", "", text)
        return {code} if 4 <= len(code) <= 30 and any(map(str.isdigit, code)) else set()
    if kind == "count" and _BARE.fullmatch(text):
        return {spell(float(text))}
    if kind == "size" and _BARE.fullmatch(text):
        return {f"size: {spell(float(text))}"}
    if kind == "size" and (letters := re.fullmatch(r"x{0,4}[sl]|m|[2-6]xl", text)):
        return _read(f"size {letters[0]}")["size"] or {letters[0]}
    if kind in ("memory", "measure"):
        found = [q for q in stated(text).quantities if (q.unit == "gb") == (kind == "memory")]
        if aspect == "storage":
            found = [q for q in found if q.value >= _LEAST_STORAGE]  # less is its cache
        return {f"{aspect}: {_rounded(q)}" for q in found}
    return _read(text)[kind]


def _rounded(quantity: Quantity) -> str:
    """Two digits of what is weighed or measured anew by everybody who writes it down."""
    value = float(f"{quantity.value:.2g}") if quantity.unit in ("g", "mm") else quantity.value
    return f"{spell(value)} {quantity.unit}"


def _read(text: str) -> dict[str, set[str]]:
    return read_title(text, stated(text))[0]
