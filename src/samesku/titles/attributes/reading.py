"""Read the attributes that one title states."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from samesku.titles import Quantity, Stated, normal_title
from samesku.titles.attributes.codes import DIGIT, NONE, ROMAN, Codes, read_codes
from samesku.titles.attributes.stated_sizes import read_sizes
from samesku.titles.lexicon import Found, lexicon
from samesku.titles.units import FORMS, spell

_AMOUNTS = frozenset(("g", "ml"))
_ELSEWHERE = _AMOUNTS | {"pcs", "gb", "size"}
_MULTIPACK = re.compile(
    rf"(?<![0-9.])([0-9]+)pcs ?(?:{FORMS.pattern} )?[x*]? ?"
    r"(?!\1pcs [0-9.]+(?:g|ml))([0-9]+)pcs(?![a-z])"  # "sixpack 6 x 330 ml" says it twice
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
_SHADE = re.compile(
    r"(?<![a-z0-9.,%+-])0{0,2}([0-9]{2,3}|[0-9]{1,2}\.[0-9]{1,2})(?![a-z0-9.%+-]|,[0-9])"
)
# The stage of milk for babies: "1", "2nd", "3e".
_STAGE = re.compile(
    r"(?<![a-z0-9.,%+-])(?<![0-9] )([1-4])(?:er|e|eme|st|nd|rd)?"
    r"(?![a-z0-9.%+]|,[0-9]| ?[x-] ?[0-9])"
)
# Toner of an "a" holds less than that of an "x".
_TONER = re.compile(r"(?<![a-z0-9.-])[0-9]{2,3}[ahxy](?![a-z0-9.-])")
# Of models and maps.
_SCALE = re.compile(r"(?<![a-z0-9.,:])1 ?: ?([0-9]{1,3}(?:[ .]?000)?)(?![0-9:]|[.,][0-9])")
# Memory of several modules: "32gb (2x 16gb)".
_KIT = re.compile(r"(?<![0-9.])([2-8]) ?(?:x|pcs) ?x? ?([0-9]+)gb(?![a-z0-9])")
_MODULES = re.compile(r"(?<![a-z])(?:ddr[2-5]?|(?:so)?dimm|ram)(?![a-z])")
# Sockets of one kind, by whoever wrote down their voltage.
_MAINS = {**dict.fromkeys((220.0, 240.0), 230.0), **dict.fromkeys((110.0, 115.0, 127.0), 120.0)}
_RATED = re.compile(
    r"(?<![a-z0-9.])(?<![a-z]-)(?<![a-z][0-9]-)(?<![a-z][0-9]{2}-)([0-9]+(?:[.,][0-9]+)?)"
    r"(?: ?-?(rpm|iu|den|ah|wh|k?va|dpi|btu|psi|mm2|sq\.? ?mm|(?:cu|sq)\.? ?ft)"
    r"| ?([km]a))(?![a-z0-9])"
)
# For one console or the other: "xbox series x|s", "xbox series s/x".
_EITHER_XBOX = re.compile(r"xbox (?:series|one) [sx] ?(?:[/|&+]|and) ?(?:series |one )?[sx]\b")
# What the maker calls the shade of a phone: words of two to four letters.
_HAN = re.compile("(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{2,4}(?![\u4e00-\u9fff])")
# "1+1" is two for the price of one: in Korean by itself, elsewhere with a word for it.
_EXTRA = re.compile(
    r"(?<![0-9+])([1-9]) ?\+ ?([1-9])(?![0-9+])(?= ?(?:free|gratis|gratuit|zdarma)|(?P<plain>))"
)
_HANGUL = re.compile("[\uac00-\ud7a3]")
_LEDS = re.compile(r"(?<![a-z0-9.,:-])([1-9][0-9]{0,2}) ?leds?(?![a-z0-9])")
_BATTERIES = re.compile(r"(?<![a-z0-9.])([1-6]) ?x ?[0-9.]+mah")
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
# Temperatures in Kelvin between which all call the white of a lamp so; of 4000 K they disagree.
_WHITES = ((1800, 3300, "warm white"), (5500, 7000, "cool white"))
_SIDE = re.compile(
    r"(?<![0-9.])([0-9.]+mm) (?:in )?"
    r"(?:(?P<width>wide|width|breit|breite|lebar|ancho|largeur|szer|宽|寬)"
    r"|(?P<height>high|height|tall|hoch|hohe|tinggi|alto|hauteur|wys|高)"
    r"|(?P<length>long|length|lang|lange|panjang|largo|longueur|长|長))(?![a-z])"
)
_WITH_LENS = re.compile(r"[0-9]mm|\blens")
_TYRE = re.compile(r"(?<![0-9])([0-9]{3})/([0-9]{2,3}r[0-9]{2})(?: ([0-9]{2,3}[h-z])(?![a-z0-9]))?")
_PRINTED = frozenset(("toner", "drum"))
_OF_THE_SKIN = frozenset(("toner", "bundle: toner", "skin", "bundle: skin"))
"""What cosmetics are called, and what they are for, too."""
_MADE_TO_FIT = frozenset(("cartridge", "toner", "battery", "charger", "ear pads", "filter"))
# Some sellers name these and others do not.
_IN_THE_BOX = frozenset(f"bundle: {part}" for part in ("adapter", "battery", "cable"))
# What is silent about it is new, and has sugar and caffeine.
_STATED_ALWAYS = {
    "condition: refurbished": "refurbished",
    "condition: used": "used",
    "caffeine: decaf": "decaf",
}
# Flavours in the tables, but a matt case and a cotton shirt taste of nothing.
_TASTELESS = tuple(
    f"{aspect}: "
    for aspect in "finish form container strength farming sweetness material type".split()
)
# As many toys in one pack are counted; more are the parts of one.
_FEW_PARTS = 20
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
    branded = normal_title(brand) if brand else ""
    banned = frozenset(branded.split())
    found = lexicon().find(title)
    # What a maker makes says what its name stands beside: of Adobe, "pro" is an edition.
    present = {e.kind for one in (*found, *lexicon().find(branded)) for e in one.entries}
    if banned:
        found = [one for one in found if title[one.start : one.stop] not in banned]
    values = _read_quantities(title, said)
    # Width, rim and load.
    tyres = _TYRE.findall(title) if "/" in title else []
    values["count"] = values["count"] or set(_of_kind(found, "packs"))
    values["size"] = set(read_sizes(title, said, found, present, tyres))
    values["colour"], values["flavour"] = _colours_and_flavours(found, bool(values["amount"]))
    values["colour"].update(_light(values["measure"]))
    if values["memory"] and not values["colour"]:
        values["colour"].update(_shade_of_phone(title))
    codes = _codes(title, said, found, present, banned, values, tyres)
    values["model"], values["gtin"] = set(), set()  # a column alone tells a GTIN
    values["accessory"] = _accessories(title, found, codes)
    if "shaded" in present:
        values["model"].update(_shade(title, found))
    if "formula" in present:
        values["model"].update(f"stage: {number}" for number in _only(_STAGE.findall(title)))
    if "pet" in present:
        values["flavour"].update(_of_kind(found, "breed"))
    if "cordless" in present or ("exchangeable" in present and not _WITH_LENS.search(title)):
        values["accessory"].update(_of_kind(found, "bare"))
    if "body only" in values["accessory"] and "exchangeable" not in present:
        values["measure"].add("batteries: 0")  # "2x 3.0 Ah" are two
    if values["amount"]:
        values["accessory"].update(_of_kind(found, "poured"))
    if "bricks" in present:
        parts = {count for count in values["count"] if float(count) > _FEW_PARTS}
        values["count"] -= parts
        values["measure"].update(f"parts: {count}" for count in parts)
    if "nappy" in present:
        values["accessory"].update(_of_kind(found, "worn"))
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
        "graded": any(v.startswith("condition: ") for v in _of_kind(found, "trait")),
        "season": bool(tyres),
        "fitted": "vehicle" in present,
        "ruled": "paper" in present,
        "washed": "laundry" in present,
        "network": bool(values["memory"]),
        "material": "fasteners" in present,
        "firmness": "firm" in present,
        "programme": "software" in present and "shaded" not in present,  # MAC is a maker, too
    }
    values["model"].update(v for kind in read if read[kind] for v in _of_kind(found, kind))
    if _EITHER_XBOX.search(title):
        values["model"] = {v for v in values["model"] if not v.startswith("xbox: ")}
    if read["programme"]:
        _settle_licence(values)
    traits = values["model"] | values["flavour"]
    values["accessory"].update(v for kept, v in _STATED_ALWAYS.items() if kept in traits)
    if "sugar: zero" in traits and any(amount.endswith(" ml") for amount in values["amount"]):
        values["accessory"].add("sugar free")  # of drinks; gums are seldom said to be
    return values, codes


def _light(measures: Iterable[str]) -> Iterator[str]:
    """The colour of the light of lamps whose temperature is stated."""
    for measure in measures:
        number, _, unit = measure.partition(" ")
        for low, high, white in _WHITES if unit == "k" else ():
            if low <= float(number) <= high:
                yield from ("white", white)


def _shade_of_phone(title: str) -> Iterator[str]:
    """The colour that ends what a maker calls it in Chinese: 曜石黑 is black."""
    for word in _HAN.findall(title):
        yield from (v for e in lexicon().meanings(word[-1]) if e.kind == "colour" for v in e.values)


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
    yield from (f"no: {shade}" for shade in _only(at[1].lstrip("0") for at in places))


def _only(numbers: Iterable[str]) -> set[str]:
    """The number, where there is only one."""
    return found if len(found := set(numbers)) == 1 else set()


def _of_kind(found: Iterable[Found], kind: str) -> Iterator[str]:
    return (v for one in found for e in one.entries if e.kind == kind for v in e.values)


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
    kept = [q for q in said.quantities if not ignored or f"{spell(q.value)}{q.unit}" not in ignored]
    sides = {match[1]: match.lastgroup for match in _SIDE.finditer(title)} if "mm" in title else {}
    measures = {
        f"{spell(float(number.replace(',', '.')))} {_rating(unit or current)}"
        for number, unit, current in _RATED.findall(title)
    }
    measures.update(
        f"{spell(float(''.join(found).replace(',', '.')))} f" for found in _APERTURE.findall(title)
    )
    measures.update(
        f"lens: {sign}{spell(float(number.replace(',', '.')))}"
        for sign, number in _DIOPTRE.findall(title)
    )
    measures.update(f"scale: {scale.replace(' ', '')}" for scale in _SCALE.findall(title))
    measures.update(f"batteries: {number}" for number in _BATTERIES.findall(title))
    measures.update(f"leds: {number}" for number in _LEDS.findall(title))
    measures.update(f"ip: {degree}" for degree in _PROTECTION.findall(title))
    if any(quantity.unit == "w" for quantity in kept) and _SOCKET.search(title):
        measures.update(f"{kelvin}00 k" for kelvin in _LIGHT.findall(title))
    memory = {_written(q) for q in kept if q.unit == "gb"}
    counts = _counts(title, kept)
    for number, each in _KIT.findall(title) if memory and _MODULES.search(title) else ():
        memory = memory - {f"{each} gb"} | {f"{int(number) * int(each)} gb"}
        counts = counts - {number}
    for quantity in kept:
        if quantity.unit not in _ELSEWHERE:
            written = _written(quantity)
            side = sides.get(written.replace(" ", ""))
            measures.add(f"{side}: {written}" if side else written)
    return {
        "count": counts,
        "amount": {_written(q) for q in kept if q.unit in _AMOUNTS},
        "memory": memory,
        "measure": measures,
    }


def _rating(unit: str) -> str:
    return re.sub("[. ]", "", unit).replace("sqmm", "mm2")


def _written(quantity: Quantity) -> str:
    value, unit = quantity
    if unit == "gb":
        if value < 1:
            return f"{spell(value * 1024)} mb"
        value = value / 1024 * 1000 if value % 1024 == 0 else value  # 1 tb is 1000 gb or 1024 gb
    if unit == "v":
        value = _MAINS.get(value, value)
    return f"{spell(int(value) if unit == 'mp' else value)} {unit}"


def _counts(title: str, said: Iterable[Quantity]) -> set[str]:
    """Give the number of things: "1 box of 12" is 12, "2 x 40 pieces" is 80."""
    if multipack := _MULTIPACK.search(title):
        return {spell(float(multipack[1]) * float(multipack[2]))}
    extra = _EXTRA.search(title) if "+" in title else None
    if extra and (extra["plain"] is None or _HANGUL.search(title)):
        return {spell(float(extra[1]) + float(extra[2]))}
    # One of a thing is what a title means that states no count.
    return {spell(each.value) for each in said if each.unit == "pcs" and each.value != 1}


def _move_memory(values: Mapping[str, set[str]]) -> None:
    """Take "128g" of a phone for memory: a model without taste that weighs a power of two."""
    grams = values["amount"] & {"64 g", "128 g", "256 g", "512 g"}
    if grams == values["amount"] and not values["flavour"] and not values["count"]:
        values["amount"] -= grams
        values["memory"] |= {f"{gram}b" for gram in grams}


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
    editions: dict[int, int] = {}
    for one in found:
        programmed = set(_of_kind((one,), "programme")) if "software" in present else set()
        if any(value.startswith(("edition: ", "licence: ")) for value in programmed):
            editions[one.stop] = one.start
        for entry in one.entries:
            if entry.kind == "qualifier" and not programmed:
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
    return read_codes(
        title, {*tokens, *elsewhere, *of_tyres}, qualifiers, banned, unnumbered, editions
    )


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
