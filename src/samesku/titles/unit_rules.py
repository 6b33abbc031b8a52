"""Is the word after a number a unit here? Rules for units that are also brands, phones, sizes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from samesku.titles.count_rules import (
    BATTERY,
    CONTEXT,
    COUNT_RULES,
    PHONE,
    is_code,
    low_end,
    number_of,
    unless_coded,
)
from samesku.titles.units import DESCRIBED, DOSE_AFTER, GAMES_OF_YEARS, UNITS

_BREAKER = re.compile(
    r"\bmcb\b|schutzschalter|\b(?:fi|ls)[ -]schalter|sicherung|breaker|\brc(?:d|cb|bo)\b"
    r"|disjoncteur|interrupt|magnetotermic|wylacznik|roznicow|bezpiecznik|jistic|sigorta|otomat|автомат|automaat"
    r"|aardlek|zekering"
)
_POWER = re.compile(
    rf"charg|casan|adapt|\bcas\b|kabel|cable|sekring|fuse|output|power|aki\b|{_BREAKER.pattern}"
)
_RATED_CURRENTS = frozenset((6, 10, 13, 16, 20, 25, 32, 40, 50, 63, 80, 100))
_FITTED = re.compile(r"(?:uk |size[ _])$")
_SHOE = re.compile(r"shoe|boot|sandal|trainer|loafer|wide|width|clarks")
_GADGET = re.compile(r"iphone|galaxy|redmi|xiaomi|huawei|手机|苹果|华为|小米")
_DRIVE = re.compile(
    r"\bssd\b|\bhdd\b|nvme|固态|\bsd[hx]c|micro ?sd|pen ?drive|flash ?(?:dis[ck]|drive)"
    r"|usb[ -]?stick|(?:cle|pamiec|memoria|chiave|chiavetta|pen) usb"
)
_STORAGE = re.compile(
    r"disque|\bssd\b|\bhdd\b|\bnvme|stockage|externe|interne|memoire|\bcle\b|smartphone|\bram\b|\busb"
    r"|\bnas\b|sata\b|seagate|iphone|galaxy|ordinateur|carte"
)
_SIZES_OF_MEMORY = frozenset(
    (*(2.0**n for n in range(11)), 3, 6, 10, 12, 14, 18, 20, 22, 24, 48, 96, 120)
)
_SIZES_OF_MEMORY |= {240, 250, 480, 500, 960, 1000, 1.5, 2000, 4000}
_MEMORY_UNITS = frozenset(spelling for spelling, unit in UNITS.items() if unit.base == "gb")
# `150mb/s` and `150 МБ/с` are speeds, in `8gb/ssd` is a memory.
_PER_SECOND = re.compile(r" ?/ ?(?:(?:s|d|sec|seg|sek|det|detik|с|сек|saniye)(?![^\W\d_])|[秒초ث])")
_OTHER_NUMBER = re.compile(r" ?[0-9]+(?![0-9]| ?[mgt][bo](?![a-z]))")  # "8 go 256 go" are two
_SCREEN = re.compile(r"monitor|laptop|notebook|\btv\b|displa|screen|ipad|tablet|\bled\b|wheel")
_SCREEN_JA = re.compile("テレビ|モニター|ディスプレイ|液晶|有機el|bravia|regza|viera|aquos")
# Tablets that are no pills: of the number before the word is their name or their screen.
_SIZES_OF_GADGETS = frozenset((32, 64, 128, 256, 512))
_SIZES_OF_DRIVES = _SIZES_OF_GADGETS | {16, 120, 240, 250, 480, 500, 960}
_GAME = re.compile(
    r" ?/ ?mac|[ -](?:game|spiel|jeu|juego|gioco|gra|hra|download|dvd|cd|key|code|steam)(?![a-z])"
)
_WITH = re.compile("/(?: [a-z]|[a-z]{3}|o )")
_MILLIGRAMS = re.compile(r"[0-9] ?mg\b")
_VOLTS = re.compile(r"[0-9] ?v(?:olts?)?\b")
_TYRE = re.compile(r"r[12][0-9] $")
_LONG_GOODS = re.compile(
    r"kabel|cable|selang|hose|verlanger|przedluzacz|extension|rallonge|prolunga|verleng|leiste|stekkerdoos|\bhdmi|\busb\b|\blan\b|\baux\b|meter|tali\b|lampu|\bled\b|strip"
    r"|antena|tinggi|panjang|kain"
)
_TAPE_MAKER = 3.0
_FLUID = re.compile(
    r"[0-9] ?ml\b|bot+[lo]|bottle|cup\b|gelas|tumbler|shampoo|lotion|toner|conditioner|detergent"
    r"|mouthwash|\b(?:drink|soda|juice|beer|liquid|cologne|perfume|parfum)\b(?! (?:mix|powder))"
)
_SIZE_LIST_AFTER = re.compile(r"[ ./,&-]{0,3}(?:x{1,4}l|[2-9]x?l)\b")
_SIZE_LIST_BEFORE = re.compile(r"(?:\b(?:s|m|x{1,4}l|[2-9]x?l)[ ./,&-]{1,3}|\b[sm] ?)$")
_QUOTE = re.compile(r'(?<![0-9])"')
_TAX = r"(?:vat|fv|mwst|ust|iva|tva|btw|dph|moms|afa|kdv|ндс|пдв|фпа)"
_BOAST_BEFORE = re.compile(
    rf"(?:diskon|disc|promo|sale|obral|off|ori|original|s/d|(?<![a-z]){_TAX})\W{{0,3}}$"
)
_BOAST_AFTER = re.compile(rf" ?(?:off|ori|disc|sale|akurat|{_TAX}(?![a-z]))")


def meant_unit(text: str, match: re.Match[str], word: str) -> str | None:
    """Decide which spelling in `units.UNITS`, if any, the word after a number means.

    `match` starts at the number; its groups are `gap` (what is between the two) and `word`. The
    spelling is not always `word` itself: "6-12m" on baby clothes means months.
    """
    spelling = "floz" if word.startswith("fl") and word.endswith("oz") else word
    if spelling in DESCRIBED and DOSE_AFTER.match(text, match.end()):
        return "pcs"
    rule = _RULES.get(spelling)
    meant = rule(text, match) if rule else spelling if spelling in UNITS else None
    is_speed = meant in _MEMORY_UNITS and _PER_SECOND.match(text, match.end())
    return None if is_speed else meant


def _gram(text: str, match: re.Match[str]) -> str | None:
    """`4g` is a network and `7g` an iPhone in titles about such things; Nikon lenses end in G."""
    if text.startswith(("/m2", "/m²"), match.end()):
        return "gsm"
    value = number_of(match)
    if match["gap"] == " " and _FITTED.search(text, max(0, match.start() - 5), match.start()):
        return None if _SHOE.search(text, 0, CONTEXT) else "g"  # "UK 8.5 G", a wide one
    if match["gap"] or (text[match.start()] == "0" and not unless_coded(text, match)):
        return unless_coded(text, match)
    if (value in _SIZES_OF_GADGETS and _GADGET.search(text, 0, CONTEXT)) or (
        value in _SIZES_OF_DRIVES and _DRIVE.search(text, 0, CONTEXT)
    ):
        return "gb"
    generation = value in (2, 2.4, 3, 4, 5, 5.8, 6, 7, 8, 802.11)
    lens = "nikon" in text or "nikkor" in text
    if lens or (generation and PHONE.search(text, 0, CONTEXT)):
        return None
    return unless_coded(text, match)


def _metre(text: str, match: re.Match[str]) -> str | None:
    """`3m` is the tape maker unless the goods are long; `0-3m`, `6m+` are babies' months."""
    value = number_of(match)
    low = low_end(text, match.start())
    if low is not None and low < value <= 36 and low % 3 == 0 == value % 3:
        return "month"
    if text[match.end() : match.end() + 1] == "+" and value <= 36:
        return "month"
    if is_code(text, match) or value > 999 or (match["gap"] and value > 200):
        return None
    if match["gap"] == " " and re.match(r" [0-9]+ (?:x?l|s)\b", text[match.end() :]):
        return None  # "m 30 l 28"
    beside_x = text[: match.start()].rstrip().endswith(("x", "*")) or re.match(
        r" ?[x*] ?[0-9]", text[match.end() : match.end() + 4]
    )
    brand = value == _TAPE_MAKER and not match["gap"] and not beside_x
    return None if brand and not _LONG_GOODS.search(text, 0, CONTEXT) else "m"


def _litre(text: str, match: re.Match[str]) -> str | None:
    """`2l, xl, xxl` and `m 30 l 28` are clothing and nappy sizes, `226l` a code."""
    if is_code(text, match) or number_of(match) > 200 or text.endswith("f/", 0, match.start()):
        return None  # "f/1.4L" is a lens
    sized = _SIZE_LIST_AFTER.match(text, match.end()) or _SIZE_LIST_BEFORE.search(
        text, max(0, match.start() - 8), match.start()
    )
    return None if sized else "l"


def _ampere(text: str, match: re.Match[str]) -> str | None:
    """`4a` is a phone or a book's part; ampere beside volts, with decimals or on a charger."""
    value = number_of(match)
    if match["gap"] == "-" or value > 100 or is_code(text, match):
        return None
    if match["gap"]:
        rated = value in _RATED_CURRENTS and _BREAKER.search(text, 0, CONTEXT)
        return "a" if rated else None
    if _VOLTS.search(text, 0, CONTEXT):
        return "a"
    if not _POWER.search(text, 0, CONTEXT):
        return None
    return "a" if value % 1 or value < 3 or not PHONE.search(text, 0, CONTEXT) else None


def _pole(text: str, match: re.Match[str]) -> str | None:
    """`3P` are the poles of a circuit breaker."""
    few = not match["gap"] and number_of(match) in (1, 2, 3, 4)
    return "pole" if few and _BREAKER.search(text, 0, CONTEXT) else None


def _volt(text: str, match: re.Match[str]) -> str | None:
    """`205/55 R16 91V` is a tyre."""
    if text.startswith("型", match.end()):
        return "インチ"  # "55V型" is a television set
    tyre = _TYRE.search(text, max(0, match.start() - 5), match.start())
    return None if tyre or is_code(text, match) or number_of(match) > 1000 else "v"


def _japanese_inch(text: str, match: re.Match[str]) -> str | None:
    """`55型` of a television set; elsewhere it is a type."""
    return "型" if 15 <= number_of(match) <= 120 and _SCREEN_JA.search(text, 0, CONTEXT) else None


def _watt(text: str, match: re.Match[str]) -> str | None:
    """`10w-40` is motor oil, `2006 w/GPS` comes with it."""
    if number_of(match) > 5000 or (match["gap"] and _WITH.match(text, match.end())):
        return None
    oil = text[match.end() : match.end() + 3].lstrip(" -")[:1].isdigit() and "sae" in text
    oil = oil or bool(re.match(r"-[0-9]", text[match.end() : match.end() + 2]))
    return None if oil or is_code(text, match) else "w"


def _piece(text: str, match: re.Match[str]) -> str | None:
    """`the sims 4 pc download` and `fifa 23 pc` are for a computer."""
    is_game = match["gap"] and (
        _GAME.match(text, match.end()) or f" {text[: match.start()]}".endswith(GAMES_OF_YEARS)
    )
    return None if is_game else unless_coded(text, match)


def _terabyte(text: str, match: re.Match[str]) -> str:
    """`250 mg 30 tb` are tablets."""
    return "tbl" if _MILLIGRAMS.search(text, 0, CONTEXT) else "tb"


def _percent(text: str, match: re.Match[str]) -> str | None:
    """Boasts and rebates say nothing about the product: "100% ori", "99% original", "50% off"."""
    start, stop = match.start(), match.end()
    boast = _BOAST_BEFORE.search(text, max(0, start - 12), start)
    boast = boast or _BOAST_AFTER.match(text, stop, stop + 10)
    return None if boast or number_of(match) >= 100 else "%"


def _inch_word(text: str, match: re.Match[str]) -> str | None:
    """Read "46in", "10.9 in", "1/2 in" and "27 in monitor", but not "4in 1" and not "3 in 1"."""
    after = text[match.end() : match.end() + 6].lstrip(" -.")
    if after[:1].isdigit() or after.startswith(("one", "stock")):
        return None
    value = number_of(match)
    measured = match["gap"] != " " or value % 1 or text.endswith("/", 0, match.start())
    measured = measured or (value > 5 and _SCREEN.search(text, 0, CONTEXT))
    return "inch" if measured else None


def _inch_mark(text: str, match: re.Match[str]) -> str | None:
    """Read `10"` as inches unless the mark closes a quotation."""
    opened = len(_QUOTE.findall(text, max(0, match.start() - CONTEXT), match.start())) % 2 == 1
    return None if opened or match["gap"] == "-" else match["word"]


def _ounce(text: str, match: re.Match[str]) -> str:
    return "floz" if _FLUID.search(text, 0, CONTEXT) else "oz"


def _german_iu(text: str, match: re.Match[str]) -> str | None:
    """`1000 IE` are international units, `SX636X03IE` is a code."""
    return "ie" if number_of(match) >= 100 or "." in match["rest"] else None


def _kelvin(text: str, match: re.Match[str]) -> str | None:
    """Colour temperatures of lamps; `4k` is a resolution, `50k` fifty thousand."""
    return "k" if match["gap"] != "-" and 1_500 <= number_of(match) <= 12_000 else None


@lru_cache(maxsize=64)
def _is_storage(text: str) -> bool:
    return _STORAGE.search(text) is not None


def _french_memory(text: str, match: re.Match[str]) -> str | None:
    """`Go` and `To` are units in sizes that memory has; apart from the number, beside storage."""
    version = "." in text[match.start() : match.end("rest")]  # "usb 2.0 to lan"
    if number_of(match) not in _SIZES_OF_MEMORY or match["gap"] == "-" or version:
        return None
    joined = not match["gap"] and match["word"] != "to"
    followed = _OTHER_NUMBER.match(text, match.end())
    sure = joined or (match["word"] == "go" and number_of(match) >= 16)
    stored = sure or match.end() == len(text) or _is_storage(text[:CONTEXT])
    return match["word"] if sure or (stored and not followed) else None


def _centilitre(text: str, match: re.Match[str]) -> str | None:
    """`811 cl-811` are two names of a cartridge, `75 cl 2015` is a bottle of that year."""
    code = re.match(r"-[0-9]| ?[0-9]{3}(?![0-9])", text[match.end() : match.end() + 5])
    return None if code or is_code(text, match) or number_of(match) > 500 else "cl"


def _ampere_hour(text: str, match: re.Match[str]) -> str | None:
    return "ah" if not match["gap"] or BATTERY.search(text, 0, CONTEXT) else None


def _russian_volt(text: str, match: re.Match[str]) -> str | None:
    """`2 в 1` is two in one, `12В 2х1,5Ач` are volts."""
    after = text[match.end() : match.end() + 2]
    follows = (after.lstrip() if match["gap"] else after)[:1]
    return None if follows.isdigit() or (match["gap"] and number_of(match) < 5) else "в"


_RULES: dict[str, Callable[[str, re.Match[str]], str | None]] = {
    **COUNT_RULES,
    "g": _gram,
    "m": _metre,
    "l": _litre,
    "pc": _piece,
    "lm": unless_coded,
    "a": _ampere,
    "p": _pole,
    "v": _volt,
    "w": _watt,
    "型": _japanese_inch,
    "tb": _terabyte,
    "%": _percent,
    "persen": _percent,
    "in": _inch_word,
    '"': _inch_mark,
    "''": _inch_mark,
    "oz": _ounce,
    "ie": _german_iu,
    "k": _kelvin,
    "к": _kelvin,
    "go": _french_memory,
    "mo": _french_memory,
    "to": _french_memory,
    "ah": _ampere_hour,
    "cl": _centilitre,
    "в": _russian_volt,
}
