"""Is the word after a number a unit here? Rules for units that are also brands, phones, sizes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from samesku.titles.units import DESCRIBED, DOSE_AFTER, UNITS

_PHONE = re.compile(
    r"\b(?:iphone|ipad|ipod|redmi|xiaomi|samsung|galaxy|oppo|vivo|realme|asus|advan|infinix|nokia|vooc"
    r"|lte|[1-5]g/[1-5]g|gsm|sim|volte|modem|mifi|wi-?fi|router|hp|handphone|smartphone|android"
    r"|laptop|tablet|jaringan|network|mouse|wireless|ram|uma)\b|手机|华为|смартфон|телефон"
)
_POWER = re.compile(
    r"charg|casan|adapt|\bcas\b|kabel|cable|sekring|fuse|\bmcb\b|output|power|aki\b|schutzschalter"
    r"|sicherung|breaker|disjoncteur|interrupt|magnetotermic|wylacznik|bezpiecznik|jistic|sigorta|otomat"
    r"|автомат"
)
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
_BATTERY = re.compile(r"cordless|batter|ak+u|\baki\b|bater|power|[0-9] ?v\b")
_SCREEN = re.compile(r"monitor|laptop|notebook|\btv\b|displa|screen|ipad|tablet|\bled\b|wheel")
_SCREEN_JA = re.compile("テレビ|モニター|ディスプレイ|液晶|有機el|bravia|regza|viera|aquos")
_HUNGARIAN = re.compile(
    r"kapszula|tabletta|csomag|doboz|darab|keszlet|szett|papir|kendo|pelenka|szalveta|filteres|zacsko"
    r"|csavar|feher|fekete|vitamin|magnezium|tojas|zold|toll\b|kartya"
)
# Tablets that are no pills: of the number before the word is their name or their screen.
_SLATE = re.compile(
    r"[0-9] ?gb\b|wi-?fi|android|ipad|\blte\b|\bram\b|inch|display|bildschirm|[0-9]\""
)
_POWERED = re.compile(r"\bac\b|\bair|split|inverter|motor|pompa|mesin|[0-9][./][0-9] ?pk\b")
_CARAT = re.compile(r"diamond|gold|ring\b|carat|karat|emas|cincin|moissanite|gem")
_SIZES_OF_GADGETS = frozenset((32, 64, 128, 256, 512))
_SIZES_OF_DRIVES = _SIZES_OF_GADGETS | {16, 120, 240, 250, 480, 500, 960}
_MILLIGRAMS = re.compile(r"[0-9] ?mg\b")
_VOLTS = re.compile(r"[0-9] ?v(?:olts?)?\b")
_TYRE = re.compile(r"r[12][0-9] $")
_LONG_GOODS = re.compile(
    r"kabel|cable|selang|hose|\bhdmi|\busb\b|\blan\b|\baux\b|meter|tali\b|lampu|\bled\b|strip"
    r"|antena|tinggi|panjang|kain"
)
_TAPE_MAKER = 3.0
_CONTEXT = 1000  # characters; longer texts are no titles, and must not take quadratic time
_FLUID = re.compile(r"[0-9] ?ml\b|bot+[lo]|bottle|cup\b|gelas|tumbler|shampoo|lotion|toner")
_COUNTED_GOODS = re.compile(
    r"tis+ue?|wipes|popok|diaper|pampers|pants|pembalut|pads?\b|\bteh\b|\btea\b|plester|plast\b"
    r"|koyo|kapsul|tablet|vit|softgel|cotton bud|keju|masker|sachet|bungkus|night|wing"
)
_SIZE_LIST_AFTER = re.compile(r"[ ./,&-]{0,3}(?:x{1,4}l|[2-9]x?l)\b")
_SIZE_LIST_BEFORE = re.compile(r"(?:\b(?:s|m|x{1,4}l|[2-9]x?l)[ ./,&-]{1,3}|\b[sm] ?)$")
_NUMBER_BEFORE = re.compile(r"([0-9]+(?:[.,][0-9]+)?) ?(-|~|s/d|sd|sampai|to) ?$")
_QUOTE = re.compile(r'(?<![0-9])"')
_TAX = r"(?:vat|fv|mwst|ust|iva|tva|btw|dph|moms|afa|kdv|ндс|пдв|фпа)"
_BOAST_BEFORE = re.compile(
    rf"(?:diskon|disc|promo|sale|obral|off|ori|original|s/d|(?<![a-z]){_TAX})\W{{0,3}}$"
)
_BOAST_AFTER = re.compile(rf" ?(?:off|ori|disc|sale|akurat|{_TAX}(?![a-z]))")
_CODE_BEFORE = re.compile(r"(?<![a-z0-9])[a-z]{1,3}-$")
_LONG_CODE = re.compile(r"[a-z][a-z0-9]{0,9}-$")
_AGE_BEFORE = re.compile(r"(?:usia|umur|garansi|size|resmi|anak)[ :.]{0,2}$")


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


def _number(match: re.Match[str]) -> float:
    """Value of a plain or decimal number, of the last in a list such as "1,2,3"."""
    head, *tail = match.string[match.start() : match.end("rest")].replace(",", ".").split(".")
    return float(f"{head}.{tail[0]}") if len(tail) == 1 else float((tail or [head])[-1])


def _is_code(text: str, match: re.Match[str]) -> bool:
    """Distinguish "sc-23m" and "no.10-1m", article codes, from "1-2m", a range."""
    start = match.start()
    if match["gap"] == "-":
        return True
    if text[max(0, start - 1) : start] != "-" or start < 2 or not text[start - 2].isalnum():
        return False
    low = _low_end(text, start)
    return low is None or low >= _number(match)


def _low_end(text: str, start: int) -> float | None:
    """Give the number a range starts with that ends at `start`."""
    before = _NUMBER_BEFORE.search(text, max(0, start - 14), start)
    return float(before[1].replace(",", ".")) if before else None


def _gram(text: str, match: re.Match[str]) -> str | None:
    """`4g` is a network and `7g` an iPhone in titles about such things; Nikon lenses end in G."""
    if text.startswith(("/m2", "/m²"), match.end()):
        return "gsm"
    value = _number(match)
    if match["gap"] == " " and _FITTED.search(text, max(0, match.start() - 5), match.start()):
        return None if _SHOE.search(text, 0, _CONTEXT) else "g"  # "UK 8.5 G", a wide one
    if match["gap"] or (text[match.start()] == "0" and not _unless_coded(text, match)):
        return _unless_coded(text, match)
    if (value in _SIZES_OF_GADGETS and _GADGET.search(text, 0, _CONTEXT)) or (
        value in _SIZES_OF_DRIVES and _DRIVE.search(text, 0, _CONTEXT)
    ):
        return "gb"
    generation = value in (2, 2.4, 3, 4, 5, 5.8, 6, 7, 8, 802.11)
    lens = "nikon" in text or "nikkor" in text
    if lens or (generation and _PHONE.search(text, 0, _CONTEXT)):
        return None
    return _unless_coded(text, match)


def _unless_coded(text: str, match: re.Match[str]) -> str | None:
    """`cli-8pc`, `sdsqxaf-032g` are article codes; `eksplor-400gr` is a name and a weight."""
    whole = _number(match) % 1 == 0
    before = _LONG_CODE if text[match.start()] == "0" else _CODE_BEFORE
    coded = whole and before.search(text, max(0, match.start() - 12), match.start())
    return None if coded else match["word"]


def _metre(text: str, match: re.Match[str]) -> str | None:
    """`3m` is the tape maker unless the goods are long; `0-3m`, `6m+` are babies' months."""
    value = _number(match)
    low = _low_end(text, match.start())
    if low is not None and low < value <= 36 and low % 3 == 0 == value % 3:
        return "month"
    if text[match.end() : match.end() + 1] == "+" and value <= 36:
        return "month"
    if _is_code(text, match) or value > 999 or (match["gap"] and value > 200):
        return None
    if match["gap"] == " " and re.match(r" [0-9]+ (?:x?l|s)\b", text[match.end() :]):
        return None  # "m 30 l 28"
    beside_x = text[: match.start()].rstrip().endswith(("x", "*")) or re.match(
        r" ?[x*] ?[0-9]", text[match.end() : match.end() + 4]
    )
    brand = value == _TAPE_MAKER and not match["gap"] and not beside_x
    return None if brand and not _LONG_GOODS.search(text, 0, _CONTEXT) else "m"


def _litre(text: str, match: re.Match[str]) -> str | None:
    """`2l, xl, xxl` and `m 30 l 28` are clothing and nappy sizes, `226l` a code."""
    if _is_code(text, match) or _number(match) > 200 or text.endswith("f/", 0, match.start()):
        return None  # "f/1.4L" is a lens
    sized = _SIZE_LIST_AFTER.match(text, match.end()) or _SIZE_LIST_BEFORE.search(
        text, max(0, match.start() - 8), match.start()
    )
    return None if sized else "l"


def _ampere(text: str, match: re.Match[str]) -> str | None:
    """`4a` is a phone or a book's part; ampere beside volts, with decimals or on a charger."""
    value = _number(match)
    if match["gap"] or value > 100 or _is_code(text, match):
        return None
    if _VOLTS.search(text, 0, _CONTEXT):
        return "a"
    if not _POWER.search(text, 0, _CONTEXT):
        return None
    return "a" if value % 1 or value < 3 or not _PHONE.search(text, 0, _CONTEXT) else None


def _volt(text: str, match: re.Match[str]) -> str | None:
    """`205/55 R16 91V` is a tyre."""
    if text.startswith("型", match.end()):
        return "インチ"  # "55V型" is a television set
    tyre = _TYRE.search(text, max(0, match.start() - 5), match.start())
    return None if tyre or _is_code(text, match) or _number(match) > 1000 else "v"


def _japanese_inch(text: str, match: re.Match[str]) -> str | None:
    """`55型` of a television set; elsewhere it is a type."""
    return "型" if 15 <= _number(match) <= 120 and _SCREEN_JA.search(text, 0, _CONTEXT) else None


def _watt(text: str, match: re.Match[str]) -> str | None:
    """`10w-40` is motor oil."""
    if _number(match) > 5000:
        return None
    oil = text[match.end() : match.end() + 3].lstrip(" -")[:1].isdigit() and "sae" in text
    oil = oil or bool(re.match(r"-[0-9]", text[match.end() : match.end() + 2]))
    return None if oil or _is_code(text, match) else "w"


def _terabyte(text: str, match: re.Match[str]) -> str:
    """`250 mg 30 tb` are tablets."""
    return "tbl" if _MILLIGRAMS.search(text, 0, _CONTEXT) else "tb"


def _percent(text: str, match: re.Match[str]) -> str | None:
    """Boasts and rebates say nothing about the product: "100% ori", "99% original", "50% off"."""
    start, stop = match.start(), match.end()
    boast = _BOAST_BEFORE.search(text, max(0, start - 12), start)
    boast = boast or _BOAST_AFTER.match(text, stop, stop + 10)
    return None if boast or _number(match) >= 100 else "%"


def _inch_word(text: str, match: re.Match[str]) -> str | None:
    """Read "46in", "10.9 in", "1/2 in" and "27 in monitor", but not "4in 1" and not "3 in 1"."""
    after = text[match.end() : match.end() + 4].lstrip(" -.")
    if after[:1].isdigit() or after.startswith("one"):
        return None
    value = _number(match)
    measured = match["gap"] != " " or value % 1 or text.endswith("/", 0, match.start())
    measured = measured or (value > 5 and _SCREEN.search(text, 0, _CONTEXT))
    return "inch" if measured else None


def _inch_mark(text: str, match: re.Match[str]) -> str | None:
    """Read `10"` as inches unless the mark closes a quotation."""
    opened = len(_QUOTE.findall(text, max(0, match.start() - _CONTEXT), match.start())) % 2 == 1
    return None if opened or match["gap"] == "-" else match["word"]


def _ounce(text: str, match: re.Match[str]) -> str:
    return "floz" if _FLUID.search(text, 0, _CONTEXT) else "oz"


def _german_iu(text: str, match: re.Match[str]) -> str | None:
    """`1000 IE` are international units, `SX636X03IE` is a code."""
    return "ie" if _number(match) >= 100 or "." in match["rest"] else None


def _year(text: str, match: re.Match[str]) -> str | None:
    """`12th` alone may be an ordinal: ask for a range or a word about age or warranty."""
    value = _number(match)
    aged = match["gap"] == " " or _AGE_BEFORE.search(text, max(0, match.start() - 9), match.start())
    if value > 99 or (not aged and _low_end(text, match.start()) is None):
        return None
    return "tahun"


def _year_in_range(text: str, match: re.Match[str]) -> str | None:
    low = _low_end(text, match.start())
    return "tahun" if low is not None and low < _number(match) <= 18 else None


def _year_polish(text: str, match: re.Match[str]) -> str | None:
    """`3 lata` are years, `1 lata` is a tin in Portuguese."""
    return "lata" if _number(match) % 10 in (2, 3, 4) and _number(match) <= 99 else None


def _year_word(text: str, match: re.Match[str]) -> str | None:
    return "tahun" if _number(match) <= 99 else None


def _count_mark(text: str, match: re.Match[str]) -> str | None:
    """Read "10's": ten pieces; 70's, 80's and 90's are decades."""
    return None if match["gap"] or _number(match) in (70, 80, 90) else "pcs"


def _count_letter(text: str, match: re.Match[str]) -> str | None:
    """`25s` counts pieces on disposables; elsewhere it is yarn ("combed 30s") or a phone ("6s")."""
    if match["gap"] or _number(match) < 5 or _is_code(text, match):
        return None
    if _PHONE.search(text, 0, _CONTEXT) or "comb" in text or "katun" in text:
        return None
    return "pcs" if _COUNTED_GOODS.search(text, 0, _CONTEXT) else None


def _count_tablet(text: str, match: re.Match[str]) -> str | None:
    """`fire hd 8 tablet 32gb` is one thing."""
    return None if _SLATE.search(text, 0, _CONTEXT) else match["word"]


def _count_pack(text: str, match: re.Match[str]) -> str | None:
    """`4 pk` is a pack; in Indonesian and Dutch the power of an air conditioner or a motor."""
    return None if match["gap"] == "-" or _POWERED.search(text, 0, _CONTEXT) else match["word"]


def _count_apart(text: str, match: re.Match[str]) -> str | None:
    """`60 st.` are pieces, `21st` is a day."""
    return match["word"] if match["gap"] == " " and _number(match) >= 2 else None


def _count_turkish(text: str, match: re.Match[str]) -> str | None:
    """`40 li` are pieces, `3.7v li-ion`, `18/40 li` and `akku 18 li` lithium."""
    lithium = re.match(r"-| ?(?:ion|po)", text[match.end() : match.end() + 4])
    listed = text.endswith("/", 0, match.start())
    if lithium or listed or _BATTERY.search(text, 0, _CONTEXT):
        return None
    return _count_apart(text, match)


def _kelvin(text: str, match: re.Match[str]) -> str | None:
    """Colour temperatures of lamps; `4k` is a resolution, `50k` fifty thousand."""
    return "k" if match["gap"] != "-" and 1_500 <= _number(match) <= 12_000 else None


def _count_el(text: str, match: re.Match[str]) -> str | None:
    """`1000 el.` are pieces in Polish, `2 el` before a word is an article."""
    return match["word"] if re.match(r"[.),;]|$", text[match.end() :][:1]) else None


def _count_er(text: str, match: re.Match[str]) -> str | None:
    """German "40er" counts; not so "90er Jahre", "122er Nische", "BMW 3er", a French "1er"."""
    other = text.startswith((" jahr", " nische", " loch", " reihe"), match.end())
    other = other or text.endswith("bmw ", 0, match.start())
    return None if match["gap"] or other or _number(match) < 2 else "er"


def _count_or_carat(text: str, match: re.Match[str]) -> str | None:
    carat = _number(match) % 1 or _number(match) > 2000 or _CARAT.search(text, 0, _CONTEXT)
    return None if carat else _unless_coded(text, match)


@lru_cache(maxsize=64)
def _is_storage(text: str) -> bool:
    return _STORAGE.search(text) is not None


def _french_memory(text: str, match: re.Match[str]) -> str | None:
    """`Go` and `To` are units in sizes that memory has; apart from the number, beside storage."""
    version = "." in text[match.start() : match.end("rest")]  # "usb 2.0 to lan"
    if _number(match) not in _SIZES_OF_MEMORY or match["gap"] == "-" or version:
        return None
    joined = not match["gap"] and match["word"] != "to"
    followed = _OTHER_NUMBER.match(text, match.end())
    sure = joined or (match["word"] == "go" and _number(match) >= 16)
    stored = sure or match.end() == len(text) or _is_storage(text[:_CONTEXT])
    return match["word"] if sure or (stored and not followed) else None


def _centilitre(text: str, match: re.Match[str]) -> str | None:
    """`811 cl-811` are two names of a cartridge, `75 cl 2015` is a bottle of that year."""
    code = re.match(r"-[0-9]| ?[0-9]{3}(?![0-9])", text[match.end() : match.end() + 5])
    return None if code or _is_code(text, match) or _number(match) > 500 else "cl"


def _count_hungarian(text: str, match: re.Match[str]) -> str | None:
    """`60 db` are pieces beside Hungarian words, decibels elsewhere."""
    return "db" if _HUNGARIAN.search(text, 0, _CONTEXT) and _number(match) % 1 == 0 else None


def _count_portuguese(text: str, match: re.Match[str]) -> str | None:
    """`28 un` are units, `2 un` before a word mostly an article."""
    return None if text[match.end() : match.end() + 2].lstrip()[:1].isalpha() else match["word"]


def _count_persian(text: str, match: re.Match[str]) -> str | None:
    """`6 عدد` are six in Persian, `4 عدد 58` is a size and the number 58 in Arabic."""
    return None if text[match.end() : match.end() + 2].lstrip()[:1].isdigit() else match["word"]


def _ampere_hour(text: str, match: re.Match[str]) -> str | None:
    return "ah" if not match["gap"] or _BATTERY.search(text, 0, _CONTEXT) else None


def _russian_volt(text: str, match: re.Match[str]) -> str | None:
    """`2 в 1` is two in one, `12В 2х1,5Ач` are volts."""
    after = text[match.end() : match.end() + 2]
    follows = (after.lstrip() if match["gap"] else after)[:1]
    return None if follows.isdigit() or (match["gap"] and _number(match) < 5) else "в"


_RULES: dict[str, Callable[[str, re.Match[str]], str | None]] = {
    "g": _gram,
    "m": _metre,
    "l": _litre,
    "pc": _unless_coded,
    "lm": _unless_coded,
    "a": _ampere,
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
    "th": _year,
    "t": _year_in_range,
    "y": _year_in_range,
    "tahun": _year_word,
    "thn": _year_word,
    "year": _year_word,
    "'s": _count_mark,
    "s": _count_letter,
    "er": _count_er,
    "el": _count_el,
    "tablet": _count_tablet,
    "pk": _count_pack,
    "st": _count_apart,
    "li": _count_turkish,
    "lu": _count_apart,
    "cp": _count_apart,
    "k": _kelvin,
    "к": _kelvin,
    "db": _count_hungarian,
    "un": _count_portuguese,
    "عدد": _count_persian,
    "ct": _count_or_carat,
    "cts": _count_or_carat,
    "go": _french_memory,
    "mo": _french_memory,
    "to": _french_memory,
    "ah": _ampere_hour,
    "cl": _centilitre,
    "в": _russian_volt,
    **dict.fromkeys(("jahre", "jaar", "anos", "anni", "ani", "ans", "eves"), _year_word),
    "lata": _year_polish,
    **dict.fromkeys(("lat", "let", "yas", "yil", "yillik", "yo"), _year_word),
}
