"""Read the attributes that one title states."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from samesku.titles import Quantity, Stated, normal_title
from samesku.titles.attributes.codes import DIGIT, NONE, ROMAN, Codes, read_codes
from samesku.titles.lexicon import Found, lexicon
from samesku.titles.sizes import one_spelling, size_value
from samesku.titles.units import FORMS, spell

_AMOUNTS = frozenset(("g", "ml"))
_ELSEWHERE = _AMOUNTS | {"pcs", "gb", "size"}
_MULTIPACK = re.compile(
    rf"(?<![0-9.])([0-9]+)pcs ?(?:{FORMS.pattern} )?[x*]? ?([0-9]+)pcs(?![a-z])"
)
_WARRANTY = (
    r"(?:garansi|warrant(?:y|ies)|guarantee|garantie|garantia|garanzia|gwarancj|garanci"
    r"|zaruk|garanti|保修|质保|гарантия)"
)
_GUARANTEED = re.compile(
    rf"{_WARRANTY}\W{{0,3}}(?:\w+\W{{1,3}}){{0,2}}([0-9.]+month)"
    rf"|(?<![0-9.])([0-9.]+month)\W{{0,3}}(?:\w+\W{{1,3}}){{0,2}}{_WARRANTY}"
)
_PROMOTION = re.compile(
    r"(?<![0-9.])([0-9.]+%) ?(?:off|discount|disc|diskon|rabatt|sale|descuento|sconto)"
)
_MONEY = re.compile(
    r"(?<![a-z0-9.])(?:([€£$]) ?([0-9]+(?:\.[0-9]{2})?)"
    r"|([0-9]+(?:\.[0-9]{2})?) ?([€£$]|euros?|eur|gbp|usd|kr|tl|zl)(?![a-z]))(?![0-9])"
)
_CURRENCIES = {"€": "eur", "euro": "eur", "euros": "eur", "£": "gbp", "$": "usd"}
# The number of a shade, of colour on hair with a decimal; zeros before it say nothing.
_SHADE = re.compile(r"(?<![a-z0-9.,%+-])0{0,2}([0-9]{2,3}|[0-9]{1,2}\.[0-9]{1,2})(?![a-z0-9.,%+-])")
# Toner of an "a" holds less than that of an "x".
_TONER = re.compile(r"(?<![a-z0-9.-])[0-9]{2,3}[ahxy](?![a-z0-9.-])")
# Sockets of one kind, by whoever wrote down their voltage.
_MAINS = {**dict.fromkeys((220.0, 240.0), 230.0), **dict.fromkeys((110.0, 115.0, 127.0), 120.0)}
_RATED = re.compile(
    r"(?<![a-z0-9.])(?<![a-z]-)([0-9]+(?:[.,][0-9]+)?)"
    r"(?: ?-?(rpm|iu|den|ah|wh|k?va|dpi|btu|psi|cu\.? ?ft)|([km]a))(?![a-z0-9])"
)
_APERTURE = re.compile(
    r"f(?<![a-z0-9]f)(?:/? ?([0-9]{1,2}[.,][0-9])(?:l|dg)?(?![a-z0-9.-])"
    r"|(?:/ ?|(?<=[0-9]mm f) ?)([2-9]|[1-3][0-9])(?![a-z0-9.,-]| [0-9](?![0-9]))"
    r"| ?([2-9]|[1-3][0-9])(?= [0-9]{2,3}(?:-[0-9]{2,3})?mm))"
    r"|mm (?<=[0-9]mm )([0-9]{1,2}[.,][0-9])(?:l|dg)?(?![a-z0-9.-])"
)
# The sign comes first so that the search skips to signs.
_DIOPTRE = re.compile(
    r"([+-])(?<![0-9][ ].)(?<![0-9][.,][ ].)(?<![0-9.,].) ?([0-9]{1,2}[.,](?:00|25|50|75))(?![0-9])"
)
_PROTECTION = re.compile(r"(?<![a-z0-9-])ip[ -]?(2[013]|4[0-4]|5[4-7]|6[4-9])(?![a-z0-9])")
# Of lamps: "840" is light of 4000 K.
_LIGHT = re.compile(r"(?<![a-z0-9.,-])[89](27|30|35|40|50|65)(?![a-z0-9.,-])")
_SOCKET = re.compile(
    r"(?<![a-z0-9])"
    r"(?:e14|e27|e40|b22d?|gu ?10|gu5\.3|g9|g[12]3|g24[a-z]?|2g(?:7|11)|t[58])(?![a-z0-9])"
)
_SIDE = re.compile(
    r"(?<![0-9.])([0-9.]+mm) (?:in )?"
    r"(?:(?P<width>wide|width|breit|breite|lebar|ancho|largeur|szer|宽|寬)"
    r"|(?P<height>high|height|tall|hoch|hohe|tinggi|alto|hauteur|wys|高)"
    r"|(?P<length>long|length|lang|lange|panjang|largo|longueur|长|長))(?![a-z])"
)
_LETTERS = re.compile(
    r"(?<![a-z0-9'.&-])(x{0,2}s|m|x{0,4}l|[2-6]xl|(?:x{1,3}g|gg|ll)(?![0-9]))(?=[0-9]{0,3}(?![a-z0-9'&.]))"
)
_OTHER_LETTERS = frozenset(("xg", "xxg", "xxxg", "gg", "ll"))
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
_TYRE = re.compile(r"(?<![0-9])([0-9]{3})/([0-9]{2,3}r[0-9]{2})(?: ([0-9]{2,3}[h-z])(?![a-z0-9]))?")
_PAPER = re.compile(r"(?<![a-z0-9-])(?:din ?)?([ab][0-7])(?:\+)?(?![a-z0-9-])")
_DRY_CELLS = {"単1": "cell: d", "単2": "cell: c", "単3": "cell: aa", "単4": "cell: aaa"}
_PRINTED = frozenset(("toner", "drum"))
_OF_THE_SKIN = frozenset(("toner", "bundle: toner", "skin", "bundle: skin"))
"""What cosmetics are called, and what they are for, too."""
_MADE_TO_FIT = frozenset(("cartridge", "toner", "battery", "charger", "ear pads", "filter"))
# Some sellers name these and others do not.
_IN_THE_BOX = frozenset(f"bundle: {part}" for part in ("adapter", "battery", "cable"))
# Flavours in the tables, but a matt case and an organic shirt taste of nothing.
_TASTELESS = ("finish: ", "form: ", "container: ", "strength: ", "farming: ", "sweetness: ")
_NO_TARGETS = ("year: ", "platform: ", "no: ")
"""What games and books, too, are for: "FC 25 for PS5", "tales for kids vol. 3"."""
_TARGET = 24
"""How far behind "for" a model code must follow: "for iPhone 14", not "for men, ... XR-5"."""


def read_title(
    title: str, said: Stated, brand: str | None = None
) -> tuple[dict[str, set[str]], Codes]:
    """Read one normalised title; its model codes are settled when all titles are read.

    `said` is what it says in numbers and sizes; words of `brand`, as the posting has it, are
    neither colours nor codes.
    """
    banned = frozenset(normal_title(brand).split() if brand else ())
    found = lexicon().find(title)
    if banned:
        found = [one for one in found if title[one.start : one.stop] not in banned]
    values = _read_quantities(title, said)
    present = {entry.kind for one in found for entry in one.entries}
    tyres = _tyres(title)
    values["size"] = set(_sizes(title, said, found, present, tyres))
    values["colour"], values["flavour"] = _colours_and_flavours(found, bool(values["amount"]))
    codes = _codes(title, said, found, present, banned, values, tyres)
    values["model"], values["gtin"] = set(), set()  # a column alone tells a GTIN
    values["accessory"] = _accessories(title, found, codes)
    if "shaded" in present:
        values["model"].update(_shade(title, found))
    if "voucher" in present:
        for sign, after, before, name in _MONEY.findall(title):
            currency = _CURRENCIES.get(sign or name, name)
            values["measure"].add(f"worth: {spell(float(after or before))} {currency}")
    if not values["accessory"].isdisjoint(_PRINTED):
        values["model"] |= set(_TONER.findall(title))
    if values["amount"] and not values["accessory"].isdisjoint(_OF_THE_SKIN):
        values["accessory"] -= {*_OF_THE_SKIN, "cartridge", "bundle: cartridge"}
    if codes.codes or codes.glued or codes.series:
        _move_memory(values)
    read = {
        "trait": True,
        "maker": not values["accessory"].isdisjoint(_MADE_TO_FIT),
        "season": bool(tyres),
        "material": "fasteners" in present,
        "programme": "software" in present and "shaded" not in present,  # MAC is a maker, too
    }
    values["model"] |= {
        v for one in found for e in one.entries if read.get(e.kind) for v in e.values
    }
    if read["programme"]:
        _settle_licence(values)
    return values, codes


def _settle_licence(values: Mapping[str, set[str]]) -> None:
    """An upgrade is for who has an earlier version; on which discs software comes says nothing."""
    values["model"] -= {"medium: cd", "medium: dvd"}
    if values["model"] & {"licence: upgrade", "licence: academic"}:
        values["model"].discard("licence: full")
    if "licence: upgrade" in values["model"]:
        values["accessory"].add("upgrade")


def _shade(title: str, found: Sequence[Found]) -> Iterator[str]:
    """Give the shade where there is one number that can be one."""
    counted = {one.start for one in found for entry in one.entries if entry.kind == "counted"}
    places = [at for at in _SHADE.finditer(title) if counted.isdisjoint((at.end(), at.end() + 1))]
    if len(shades := {at[1].lstrip("0") for at in places}) == 1:
        yield f"no: {shades.pop()}"


def _read_quantities(title: str, said: Stated) -> dict[str, set[str]]:
    if not said.quantities and not DIGIT.search(title):
        return {kind: set() for kind in ("count", "amount", "memory", "measure")}
    ignored = {
        group
        for sign, pattern in (("month", _GUARANTEED), ("%", _PROMOTION))
        if sign in title
        for match in pattern.finditer(title)
        for group in match.groups()
        if group
    }
    kept = [q for q in said.quantities if not (ignored and _token(q) in ignored)]
    sides = {match[1]: match.lastgroup for match in _SIDE.finditer(title)} if "mm" in title else {}
    measures = {
        f"{spell(float(number.replace(',', '.')))} {re.sub('[. ]', '', unit or current)}"
        for number, unit, current in _RATED.findall(title)
    }
    measures.update(
        f"{spell(float(''.join(found).replace(',', '.')))} f" for found in _APERTURE.findall(title)
    )
    measures.update(
        f"lens: {sign}{spell(float(number.replace(',', '.')))}"
        for sign, number in _DIOPTRE.findall(title)
    )
    measures.update(f"ip: {degree}" for degree in _PROTECTION.findall(title))
    if any(quantity.unit == "w" for quantity in kept) and _SOCKET.search(title):
        measures.update(f"{kelvin}00 k" for kelvin in _LIGHT.findall(title))
    for quantity in kept:
        if quantity.unit not in _ELSEWHERE:
            written = _written(quantity)
            side = sides.get(written.replace(" ", ""))
            measures.add(f"{side}: {written}" if side else written)
    return {
        "count": _counts(title, kept),
        "amount": {_written(q) for q in kept if q.unit in _AMOUNTS},
        "memory": {_written(q) for q in kept if q.unit == "gb"},
        "measure": measures,
    }


def _token(quantity: Quantity) -> str:
    return f"{spell(quantity.value)}{quantity.unit}"


def _written(quantity: Quantity) -> str:
    value, unit = quantity
    if unit == "gb":
        if value < 1:
            return f"{spell(value * 1024)} mb"
        value = value / 1024 * 1000 if value % 1024 == 0 else value  # 1 tb is 1000 gb or 1024 gb
    if unit == "v":
        value = _MAINS.get(value, value)
    return f"{spell(round(value) if unit == 'mp' else value)} {unit}"


def _counts(title: str, said: Iterable[Quantity]) -> set[str]:
    """Give the number of things: "1 box of 12" is 12, "2 x 40 pieces" is 80."""
    if multipack := _MULTIPACK.search(title):
        return {spell(float(multipack[1]) * float(multipack[2]))}
    # One of a thing is what a title means that states no count.
    return {spell(each.value) for each in said if each.unit == "pcs" and each.value != 1}


def _move_memory(values: Mapping[str, set[str]]) -> None:
    """Take "128g" of a phone for memory: a model without taste that weighs a power of two."""
    grams = values["amount"] & {"64 g", "128 g", "256 g", "512 g"}
    if grams == values["amount"] and not values["flavour"] and not values["count"]:
        values["amount"] -= grams
        values["memory"] |= {f"{gram}b" for gram in grams}


def _sizes(
    title: str,
    said: Stated,
    found: Sequence[Found],
    present: Collection[str],
    tyres: Sequence[tuple[str, ...]],
) -> Iterator[str]:
    shoes = "shoes" in present
    for token in said.tokens:
        if token.startswith("size_"):
            yield from (size_value(one, shoes) for one in token.removeprefix("size_").split("-"))
    for width, rim, load in tyres:
        yield f"tyre: {width}/{rim}"
        if load:
            yield f"load: {load}"
    if "x" in title:
        yield from (f"thread: {size}" for size in _THREAD.findall(title))
        if "fasteners" in present:
            yield from (f"screw: {size}" for size in _SCREW.findall(title))
        yield from (f"wheel: {size}" for size in _WHEEL.findall(title))
        is_long = any(unit == "mm" and value >= _LONG for value, unit in said.quantities)
        yield from (f"wires: {wires}" for wires, unit in _WIRES.findall(title) if unit or is_long)
    regions = _REGIONS.findall(title)
    for region, size in regions:
        yield f"{'us' if region[0] == 'u' else 'size'}: {size.replace(',', '.')}"
    for kind, context in (("bed", "bedding"), ("cell", "cells"), ("letters", "apparel")):
        if context in present:
            yield from (v for one in found for e in one.entries if e.kind == kind for v in e.values)
    if "単" in title:
        yield from (cell for name, cell in _DRY_CELLS.items() if name in title)
    if "paper" in present:
        yield from (f"paper: {size}" for size in _PAPER.findall(title))
    if "instrument" in present:
        yield from (f"size: {part}" for part in _PART_SIZE.findall(title))
    if "apparel" in present or shoes:
        for low, high in _SIZE_RANGE.findall(title):
            if 0 < int(high) - int(low) <= _WIDEST_RANGE:
                yield from (size_value(low, shoes), size_value(high, shoes))
        yield from (f"size: {size}" for size in _WAIST_LENGTH.findall(title))
        if any(e.values == ("for: children",) for one in found for e in one.entries):
            yield from (f"size: {height}" for height in _HEIGHT.findall(title))
    if "cups" in present:
        yield from (f"cup: {band}{cup}" for band, cup in _CUPS.findall(title))
    is_named = any(token.startswith("size_") and token[5].isdigit() for token in said.tokens)
    is_shoe = shoes and not is_named and not regions  # the number of "Pegasus 40, UK 8" is its name
    numbers = _WORN.findall(title) + (_SHOE_SIZES.findall(title) if is_shoe else [])
    yield from (f"size: {size.replace(',', '.')}" for size in numbers)
    for match in _LETTERS.finditer(title):
        named = "apparel" in present and not (match[1] == "ll" and title.isascii())
        if not named and (len(match[1]) == 1 or match[1] in _OTHER_LETTERS):
            continue
        if not _NOT_SIZED.search(title, max(0, match.start() - 10), match.start()):
            yield one_spelling(match[1])


def _colours_and_flavours(found: Sequence[Found], weighed: bool) -> tuple[set[str], set[str]]:
    """Split what can be both by what is sold: an orange shirt, 500 g of orange jelly."""
    colours: set[str] = set()
    flavours: set[str] = set()
    kinds = [
        {e.kind for e in one.entries if not (e.values and e.values[0].startswith(_TASTELESS))}
        for one in found
    ]
    tasted = weighed or any("flavour" in kind and "either" not in kind for kind in kinds)
    for one in found:
        is_either = any(entry.kind == "either" for entry in one.entries)
        for entry in one.entries:
            if (
                entry.kind == "colour"
                or (entry.kind == "later" and one.start)
                or (entry.kind == "either" and not tasted)
            ):
                colours.update(entry.values)
            elif entry.kind == "flavour" and (tasted or not is_either):
                flavours.update(entry.values)
    return colours, flavours


def _codes(
    title: str,
    said: Stated,
    found: Sequence[Found],
    present: Collection[str],
    banned: Collection[str],
    values: Mapping[str, set[str]],
    tyres: Sequence[tuple[str, ...]],
) -> Codes:
    if not DIGIT.search(title) and not ROMAN.search(title):
        return NONE
    qualifiers: dict[int, int] = {}
    unnumbered: set[int] = set()
    for one in found:
        is_edition = "software" in present and any(e.kind == "programme" for e in one.entries)
        for entry in one.entries:
            if entry.kind == "qualifier" and not is_edition:
                qualifiers[one.start] = one.stop
            elif entry.kind in ("unnumbered", "with", "for"):
                unnumbered |= {one.stop, one.stop + title.startswith(".", one.stop)}
    other = (*values["size"], *values["measure"])
    elsewhere = (
        part
        for value in other
        for part in (value.partition(": ")[2] or value.replace(" ", "")).split("/")
    )
    tokens = (token.rstrip("+") for token in said.tokens)
    of_tyres = (part for tyre in tyres for part in tyre if part)
    return read_codes(title, {*tokens, *elsewhere, *of_tyres}, qualifiers, banned, unnumbered)


def _tyres(title: str) -> list[tuple[str, ...]]:
    """Width, rim and load of the tyres of a title."""
    return _TYRE.findall(title) if "/" in title else []


def _accessories(title: str, found: Sequence[Found], codes: Codes) -> set[str]:
    """Give the kinds of accessory that are sold: what comes before "with" and before "for".

    What follows a plus comes along, and makes a bundle of the thing: "bundle: controller".
    """
    plus = title.find(" + ")
    plus = len(title) if plus < 0 else plus
    end = plus
    targets: list[Found] = []
    nouns: list[tuple[int, str]] = []
    for one in found:
        for entry in one.entries:
            if entry.kind == "with" and one.start:
                end = min(end, one.start)
            elif entry.kind == "for":
                targets.append(one)
            elif entry.kind == "accessory":
                nouns += ((one.start, value) for value in entry.values)
    sold = [(start, value) for start, value in nouns if start < end]
    extra = {f"bundle: {value}" for start, value in nouns if start > plus} - _IN_THE_BOX
    if not sold and targets and 0 < targets[0].start < end and _has_target(targets, codes):
        return {"spare part", *extra}
    before = {value for start, value in sold if targets and start < targets[0].start}
    return (before or {value for _, value in sold}) | extra


def _has_target(targets: Sequence[Found], codes: Codes) -> bool:
    """Whether "for" is soon followed by a model: "for iPhone 14", not "for men"."""
    places = [
        *(p for _, p in codes.codes),
        *(p for *_, p in codes.glued),
        *(p for value, p in codes.series if not value.startswith(_NO_TARGETS)),
    ]
    return any(0 <= p.start - target.stop <= _TARGET for target in targets for p in places)
