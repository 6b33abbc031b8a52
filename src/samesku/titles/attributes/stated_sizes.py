"""Read the sizes that one title states: of clothes, shoes, beds, screws, tyres and the like."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from samesku.titles import Stated
from samesku.titles.lexicon import Found
from samesku.titles.sizes import one_spelling, size_value

_LETTERS = re.compile(
    r"(?<![a-z0-9'.&-])(x{0,2}s|m|x{0,4}l|[2-6]xl|(?:x{1,3}g|gg|ll)(?![0-9])|p?p$|g$)(?=[0-9]{0,3}(?![a-z0-9'&.]))"
)
_OTHER_LETTERS = frozenset(("xg", "xxg", "xxxg", "gg", "ll", "pp"))
"""Sizes in Portuguese and Japanese."""
_NOT_SIZED = re.compile(
    r"(?:[0-9]|series|serie|model|type|tipe|version|class|category|galaxy|tab|note|vitamin"
    r"|seri|men|women) ?$"
)
_PART = "(?:[.,](?:5|33|67))"  # of a size
# A number after who wears it is a size: "herren 42".
_WORN = re.compile(
    r"(?<![a-z])(?:women|men|ladies|kids|damen|herren|kinder|femme|homme|enfant|mujer|hombre|donna"
    r"|uomo|bambino|dames|heren|damskie|meskie|damske|panske)(?:'?s)?[ ,.-]{1,2}"
    rf"((?:1[6-9]|[2-4][0-9]){_PART}?)(?![a-z0-9.,-]|/[0-9])"
)
_REGIONS = re.compile(rf"(?<![a-z])(eu|eur|us|usa)[ .:-]?([0-9]{{1,2}}{_PART}?)(?![a-z0-9.])")
_SHOE_SIZES = re.compile(
    rf"(?<![a-z0-9.,-])((?:1[6-9]|[2-4][0-9]){_PART}?)(?=码|碼|号|號|$|[ ,)/](?![0-9]))"
)
# What bolts and screws are called: "m8x40", beside a word for screws also "4x40" and "4x40mm".
_THREAD = re.compile(r"(?<![a-z0-9])m[0-9]{1,2}x[0-9]{1,3}(?![a-z0-9])")
_SCREW = re.compile(r"(?<![a-z0-9.])((?:[2-9](?:\.[0-9])?|1[0-6])x[0-9]{2,3})(?:mm)?(?![a-z0-9.])")
# Tyres of bicycles: "28x1.4", "700x25".
_WHEEL = re.compile(
    r"(?<![a-z0-9.,])((?:1[2468]|2[0468]|27\.5|29)x[1-4]\.[0-9]|700x[0-9]{2})0?c?(?![a-z0-9.])"
)
# Sizes of instruments for children.
_PART_SIZE = re.compile(r"(?<![a-z0-9.,/-])(4/4|3/4|7/8|1/(?:2|4|8|10|16))(?![a-z0-9/]| jack)")
# Wires of a cable and their section: "3x1.5", beside a length or "mm2".
_WIRES = re.compile(
    r"(?<![a-z0-9.,])([1-9][0-9]?x(?:(?:0\.75|1\.5|2\.5)(?![0-9])|[0-9.]+(?= (?:mm2|qmm|sqmm))))"
    r"( (?:mm2|qmm|sqmm))?(?![a-z0-9.])"
)
_LONG = 5_000  # mm
# Sizes of socks and of trousers without a word for size: "39-42", "43/44", "98-104", "32/34".
_SIZE_RANGE = re.compile(
    r"(?<![a-z0-9.,/-])(1?[0-9]{2})(?:-|/(?!2[89]|3[0-8]))(1?[0-9]{2})(?![a-z0-9.,/-])"
)
_WIDEST_RANGE = 6
# Sizes of children are their height: "104", "104 cm".
_HEIGHT = re.compile(
    r"(?<![a-z0-9.,/-])(5[06]|6[28]|74|80|86|92|98|1(?:04|10|16|22|28|34|40|46|52|58|64|70|76))"
    r"(?:0mm)?(?![a-z0-9.,/-]| [0-9a-z]{1,4}(?![a-z0-9]))"
)
_CUPS = re.compile(r"(?<![a-z0-9.,/-])([2-9][0-9]|1[012][05])([a-fh]{1,3})(?![a-z0-9-])")
_WAIST_LENGTH = re.compile(
    r"(?<![a-z0-9.,/-])((?:2[6-9]|[34][0-9])/(?:2[89]|3[0-8]))(?![a-z0-9.,/-])"
)
_PAPER = re.compile(r"(?<![a-z0-9-])(?:din ?)?([abc][0-7]|dl)(?:\+)?(?![a-z0-9-])")
_NAMED = (("bed", "bedding"), ("cell", "cells"))
_DRY_CELLS = {
    f"単{number}": f"cell: {cell}"
    for numbers in ("1234", "一二三四")
    for number, cell in zip(numbers, ("d", "c", "aa", "aaa"), strict=True)
}


def read_sizes(
    title: str,
    said: Stated,
    found: Sequence[Found],
    present: Collection[str],
    tyres: Sequence[tuple[str, ...]],
) -> Iterator[str]:
    """The sizes of a normal title, given its known words and the contexts that are `present`."""
    for token in said.tokens:
        if token.startswith("size_"):
            for size in token.removeprefix("size_").split("-"):
                yield size_value(size, "shoes" in present)
    for width, rim, load in tyres:
        yield f"tyre: {width}/{rim}"
        if load:
            yield f"load: {load}"
    if "x" in title:
        yield from _hardware(title, said, present)
    kinds = {kind for kind, context in _NAMED if context in present}
    if "firm" not in present:  # of which "medium" is no size
        kinds.add("letters")
    yield from (v for one in found for e in one.entries if e.kind in kinds for v in e.values)
    if "単" in title:
        yield from (cell for name, cell in _DRY_CELLS.items() if name in title)
    if "paper" in present:
        # Of a notebook with a DVD drive, "DL" is another thing.
        sizes = (size for size in _PAPER.findall(title) if size != "dl" or "dvd" not in title)
        yield from (f"paper: {size}" for size in sizes)
    if "instrument" in present:
        yield from (f"size: {part}" for part in _PART_SIZE.findall(title))
    if "cups" in present:
        yield from (f"cup: {band}{cup}" for band, cup in _CUPS.findall(title))
    yield from _worn_numbers(title, said, found, present)
    for match in _LETTERS.finditer(title):
        named = "apparel" in present and not (match[1] == "ll" and title.isascii())
        if not named and (len(match[1]) == 1 or match[1] in _OTHER_LETTERS):
            continue
        if not _NOT_SIZED.search(title, max(0, match.start() - 10), match.start()):
            yield one_spelling(match[1])


def _hardware(title: str, said: Stated, present: Collection[str]) -> Iterator[str]:
    """Sizes written with an "x": of bolts and screws, bicycle tyres and wires."""
    yield from (f"thread: {size}" for size in _THREAD.findall(title))
    if "fasteners" in present:
        yield from (f"screw: {size}" for size in _SCREW.findall(title))
    yield from (f"wheel: {size}" for size in _WHEEL.findall(title))
    is_long = any(unit == "mm" and value >= _LONG for value, unit in said.quantities)
    yield from (f"wires: {wires}" for wires, unit in _WIRES.findall(title) if unit or is_long)


def _worn_numbers(
    title: str, said: Stated, found: Sequence[Found], present: Collection[str]
) -> Iterator[str]:
    """Numbers that are sizes of clothes and shoes."""
    shoes = "shoes" in present
    regions = _REGIONS.findall(title)
    for region, size in regions:
        yield f"{'us' if region[0] == 'u' else 'size'}: {size.replace(',', '.')}"
    if "apparel" in present or shoes:
        for low, high in _SIZE_RANGE.findall(title):
            if 0 < int(high) - int(low) <= _WIDEST_RANGE:
                yield from (size_value(low, shoes), size_value(high, shoes))
        yield from (f"size: {size}" for size in _WAIST_LENGTH.findall(title))
        if any(e.values == ("for: children",) for one in found for e in one.entries):
            yield from (f"size: {height}" for height in _HEIGHT.findall(title))
    is_named = any(token.startswith("size_") and token[5].isdigit() for token in said.tokens)
    is_shoe = shoes and not is_named and not regions  # the number of "Pegasus 40, UK 8" is its name
    numbers = _WORN.findall(title) + (_SHOE_SIZES.findall(title) if is_shoe else [])
    yield from (f"size: {size.replace(',', '.')}" for size in numbers)
