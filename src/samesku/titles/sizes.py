"""Stretches of a title that say something, and those that name a size or a count in words."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from samesku.titles.units import (
    COUNTED_BY_SIZE,
    JOINED_SIZE_NAMES,
    NUMBERED_SIZE_NAMES,
    PORTUGUESE_SIZE_NAMES,
    SIZE_NAMES,
    UNITS,
    Quantity,
    spell,
    to_base,
)


class Reading(NamedTuple):
    """One stretch of a title, `text[start:stop]`, and what it says."""

    start: int
    stop: int
    token: str
    """Canonical form: one word, or several with spaces between."""
    quantities: tuple[Quantity, ...] = ()


_JOINED = "|".join(JOINED_SIZE_NAMES)
# "Gr. 4" is a size, "400 gr. 4" grams.
SIZE_WORDS = rf"{'|'.join(SIZE_NAMES)}|{_JOINED}|(?<![0-9])(?<![0-9] )gr(?=\.)"
"""What stands before a size, as a pattern."""
_SHAPES = re.compile(
    r"[0-9](?:w? ?[x/]|w [0-9]| ?/ ?[a-z]|g[0-9]| [0-9]{2} [12][0-9] )|w ?[0-9]{2} ?l"
)
# How tyres and screws are called: "205/55 R16 91V", "120/70-17 58W", "195/70 R15C 104/102R",
# "205/55/16", "205 55 16 91V", "M6 x 20 mm".
_LOAD = r"([0-9]{2,3})(?:/[0-9]{2,3})? ?([h-npqrstuvwy])(?![a-z0-9])"
_TYRE = re.compile(
    rf"(?<![0-9])([0-9]{{3}})(?: ?/ ?| (?=[2-9][05] [12][0-9] {_LOAD}))([0-9]{{2,3}})"
    rf"(?: ?z?r ?-?|(?: ?- ?|/| (?=[0-9]+ {_LOAD}))(?=1[0-9]|2[0-4]))([0-9]{{2}})(?![0-9])c?"
    rf"(?: {_LOAD})?"
)
_THREAD = re.compile(
    r"(?<![a-z0-9])m ?([0-9]{1,2}) ?x ?([0-9]{1,3})(?: ?mm)?(?![a-z0-9]|[.,]?[0-9x])"
)
# Cables of three wires of 1.5 mm2 with a green one, otherwise called "3x1.5".
_EARTHED = re.compile(r"(?<![a-z0-9.,])([1-9][0-9]?)g(0[.,]75|1[.,]5|2[.,]5)(?![a-z0-9.,])")
# Waist and length of trousers: "W32 L34", "32W x 34L", and "size 32/34".
_TROUSERS = re.compile(
    r"(?<![a-z0-9])(?:w ?([2-5][0-9]) ?[/x-]? ?l ?([2-4][0-9])|([2-5][0-9])w ?[/x-]? ?([2-4][0-9])l"
    rf"|(?:{SIZE_WORDS})[ .:_]{{1,3}}([2-5][0-9])/([2-4][0-9]))(?![a-z0-9])"
)
# Sides by their first letter: "B140 x H250" in Dutch and German, in centimetres.
_SIDES = re.compile(
    r"(?<![a-z0-9])[bwlhdt] ?([0-9]{2,3})(?: x |x)[bwlhdt] ?([0-9]{2,3})"
    r"(?:(?: x |x)[bwlhdt] ?([0-9]{2,3}))?(?: ?cm)?(?![a-z0-9]|[.,][0-9])"
)
# Of nappies the size and the count: "M60", "XL 48".
_COUNTED = r"(nb|s|m|x{0,4}l|[2-5]xl)[ -]?(?P<count>[1-9][0-9]{1,2})"
_SIZE_COUNT = re.compile(
    rf"(?<![a-z0-9'.&-])(?:(?:{SIZE_WORDS})[ .:_]{{1,3}})?{_COUNTED}"
    r"(?![0-9.,+/%-]| ?(?:[^\W\d_]+ ?)?x ?[0-9])(?: ?(?P<word>[^\W\d_]+))?"
)
_SIZES_COUNTED = re.compile(rf"(?<![a-z0-9'.&-]){_COUNTED}(?![0-9])")
# Below are sizes of Britain and others, from there on European ones.
_SMALLEST_EUROPEAN, _SMALLEST_SHOE = 24, 16
_SIZE = r"(?:xxs|xs|ll|x{0,5}l|s|m|[2-9]x?l)"
# In Japan, Brazil and Portugal.
_ABROAD = {"ll": "2xl", "pp": "xs", "p": "s", "g": "l", "gg": "xl"}
_SIZES = rf"{_SIZE}(?: ?[-/,&] ?{_SIZE})*"
# Of "Revolution 7 beden 42" the size is behind the word, of "4 beden 62 adet" before it.
_NUMBERED = (
    rf"(?:{'|'.join(NUMBERED_SIZE_NAMES)})(?![a-z])"
    r"(?![ :.]{1,2}[0-9]+(?![0-9]| ?(?:adet|pcs|'l)))"
)
_WORDS = re.compile(
    rf"(?<![a-z_])(?:(?:(?:{SIZE_WORDS})[ .:_]{{1,3}}|(?:{_JOINED}))"
    rf"(?P<sizes>{_SIZES})(?![a-z0-9'])"
    rf"|(?:(?:{'|'.join(PORTUGUESE_SIZE_NAMES)})[.:_ ]{{1,3}}|size_)"
    r"(?P<portuguese>rn|pp?|gg?|x{1,3}g|egg?)(?![a-z0-9'])"
    rf"|(?<![a-z0-9'.&-])(?P<before>{_SIZES}) ?(?:{_JOINED})"
    rf"|(?<![a-z0-9.,/-])(?P<number>[1-9][0-9]?) (?:{_NUMBERED})"
    r"|(?P<all>(?:all|one|free)[ -]?size|size_all)\b"
    r"|(?:(?:se|per ?)(?P<count>lusin|kodi|pasang|rim)(?:an)?|(?P<dozens>lusin|kodi)an)\b)"
)


def make_reading(start: int, stop: int, found: list[Quantity]) -> Reading:
    """Read `text[start:stop]` as these quantities."""
    token = " ".join(f"{spell(value)}{unit}" for value, unit in found)
    return Reading(start, stop, token, tuple(found))


def make_dimensions(start: int, stop: int, sides: list[Quantity]) -> Reading:
    """Read `text[start:stop]` as one length in mm for each side."""
    token = "x".join(spell(side.value) for side in sides) + "mm"
    return Reading(start, stop, token, tuple(sides))


_OTHER = re.compile("|".join(word for word in (*SIZE_NAMES, _JOINED) if not word.isascii()))


def read_sizes(text: str) -> list[Reading]:
    """Read sizes and counts in words, tyres, trousers, sides, threads: "ukuran XXL", "W32 L34"."""
    found = list(_read_counted(text)) if COUNTED_BY_SIZE.search(text) else []
    if _names_size(text):
        named = (_read_words(match) for match in _WORDS.finditer(text))
        found += [
            each
            for each in named
            if all(each.stop <= r.start or r.stop <= each.start for r in found)
        ]
    return [*found, *_read_shapes(text)] if _SHAPES.search(text) else found


def _read_counted(text: str) -> Iterator[Reading]:
    """The size and count of nappies; several are a choice, and none is stated."""
    match = _SIZE_COUNT.search(text)
    if match and len(set(_SIZES_COUNTED.findall(text))) == 1:
        size, count, word = match.groups()
        unit = UNITS.get(word or "")
        if unit is None or unit.base == "pcs":
            token = f"size_{one_spelling(size)} {count}pcs"
            stop = match.end("word" if unit else "count")
            yield Reading(match.start(), stop, token, (Quantity(float(count), "pcs"),))


def _names_size(text: str) -> bool:
    """Whether there can be a word of `_WORDS`: a quick test."""
    # One test by one: a loop over the words takes three times as long.
    return (
        ("siz" in text or "uk" in text or "sz" in text or "rim" in text or "tg" in text)
        or ("lusin" in text or "kodi" in text or "pasang" in text or "vel" in text)
        or ("tagl" in text or "tall" in text or "tail" in text)
        or ("gross" in text or "maat" in text or "rozm" in text or "veli" in text)
        or ("beden" in text or "numara" in text or "gr." in text or "tam" in text or "koko" in text)
        or ("stor" in text or "strl" in text or "meret" in text or "marim" in text)
        or "pointure" in text
        or (not text.isascii() and _OTHER.search(text) is not None)
    )


def _read_shapes(text: str) -> Iterator[Reading]:
    for match in _TYRE.finditer(text):
        width, _, _, height, _, _, rim, *load = match.groups()
        token = f"{width}/{height}r{rim}" + ("" if load[0] is None else f" {load[0]}{load[1]}")
        yield Reading(match.start(), match.end(), token)
    for match in _TROUSERS.finditer(text):
        waist, length = filter(None, match.groups())
        yield Reading(match.start(), match.end(), f"size_{waist}/{length}")
    for match in _SIDES.finditer(text):
        sides = [to_base(float(side), "cm") for side in match.groups() if side]
        yield make_dimensions(match.start(), match.end(), sides)
    for match in _EARTHED.finditer(text):
        section = match[2].replace(",", ".")
        yield Reading(match.start(), match.end(), f"{match[1]}x{section}")
    for match in _THREAD.finditer(text):
        yield Reading(match.start(), match.end(), f"m{match[1]}x{match[2]}")


def _read_words(match: re.Match[str]) -> Reading:
    if sizes := match["sizes"] or match["before"]:
        letters = re.findall(_SIZE, sizes)
        token = " ".join(f"size_{one_spelling(size)}" for size in letters)
        return Reading(match.start(), match.end(), token)
    if match["portuguese"]:
        size = one_spelling(match["portuguese"])
        return Reading(match.start(), match.end(), f"size_{size}")
    if number := match["number"]:
        sizes = (Quantity(float(number), "size"),)
        return Reading(match.start(), match.end(), f"size_{number}", sizes)
    if match["all"]:
        return Reading(match.start(), match.end(), "size_all")
    spelling = match["count"] or match["dozens"]
    return make_reading(match.start(), match.end(), [to_base(1, spelling)])


def one_spelling(letters: str) -> str:
    """Spell a size in letters in one way: `xxxl`, `3xl` and `3l` are `3xl`, `gg` is `xl`."""
    if letters[0].isdigit():
        return f"{letters[0]}xl"
    if letters in _ABROAD:
        return _ABROAD[letters]
    return f"{len(letters) - 1}xl" if letters.startswith("xx") and letters[-1] == "l" else letters


def size_value(size: str, is_shoe: bool) -> str:
    """The attribute that a size is: UK 8 and EU 42 are of two aspects and do not contradict."""
    if not size[:1].isdigit() or size.endswith("l"):
        return size
    least = _SMALLEST_SHOE if is_shoe else _SMALLEST_EUROPEAN
    is_small = size.replace(".", "").isdigit() and float(size) < least
    return f"{'number' if is_small else 'size'}: {size}"
