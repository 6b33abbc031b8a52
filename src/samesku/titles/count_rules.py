"""Is the word after a number a count or an age here? "10s", "4 pk", "12 th"."""

from __future__ import annotations

import re
from collections.abc import Callable

PHONE = re.compile(
    r"\b(?:iphone|ipad|ipod|redmi|xiaomi|samsung|galaxy|oppo|vivo|realme|asus|advan|infinix|nokia|vooc"
    r"|lte|[1-5]g/[1-5]g|gsm|sim|volte|modem|mifi|wi-?fi|router|hp|handphone|smartphone|android"
    r"|laptop|tablet|jaringan|network|mouse|wireless|ram|uma)\b|手机|华为|смартфон|телефон"
)
BATTERY = re.compile(r"cordless|batter|ak+u|\baki\b|bater|power|[0-9] ?v\b")
_HUNGARIAN = re.compile(
    r"kapszula|tabletta|csomag|doboz|darab|keszlet|szett|papir|kendo|pelenka|szalveta|filteres|zacsko"
    r"|csavar|feher|fekete|vitamin|magnezium|tojas|zold|toll\b|kartya"
)
_SLATE = re.compile(
    r"[0-9] ?gb\b|wi-?fi|android|ipad|\blte\b|\bram\b|inch|display|bildschirm|[0-9]\""
)
_POWERED = re.compile(r"\bac\b|\bair|split|inverter|motor|pompa|mesin|[0-9][./][0-9] ?pk\b")
_CARAT = re.compile(r"diamond|gold|\bring\b|carat|karat|emas|cincin|moissanite|gem")
CONTEXT = 1000  # characters; longer texts are no titles, and must not take quadratic time
_COUNTED_GOODS = re.compile(
    r"tis+ue?|wipes|popok|diaper|pampers|pants|pembalut|pads?\b|\bteh\b|\btea\b|plester|plast\b"
    r"|koyo|kapsul|tablet|vit|softgel|cotton bud|keju|masker|sachet|bungkus|night|wing"
)
_NUMBER_BEFORE = re.compile(r"([0-9]+(?:[.,][0-9]+)?) ?(-|~|s/d|sd|sampai|to) ?$")
CODE_BEFORE = re.compile(r"(?<![a-z0-9])[a-z]{1,3}-$")
LONG_CODE = re.compile(r"[a-z][a-z0-9]{0,9}-$")
_AGE_BEFORE = re.compile(r"(?:usia|umur|garansi|size|resmi|anak)[ :.]{0,2}$")


def number_of(match: re.Match[str]) -> float:
    """Value of a plain or decimal number, of the last in a list such as "1,2,3"."""
    head, *tail = match.string[match.start() : match.end("rest")].replace(",", ".").split(".")
    return float(f"{head}.{tail[0]}") if len(tail) == 1 else float((tail or [head])[-1])


def is_code(text: str, match: re.Match[str]) -> bool:
    """Distinguish "sc-23m" and "no.10-1m", article codes, from "1-2m", a range."""
    start = match.start()
    if match["gap"] == "-":
        return True
    if text[max(0, start - 1) : start] != "-" or start < 2 or not text[start - 2].isalnum():
        return False
    low = low_end(text, start)
    return low is None or low >= number_of(match)


def low_end(text: str, start: int) -> float | None:
    """Give the number a range starts with that ends at `start`."""
    before = _NUMBER_BEFORE.search(text, max(0, start - 14), start)
    return float(before[1].replace(",", ".")) if before else None


def unless_coded(text: str, match: re.Match[str]) -> str | None:
    """`cli-8pc`, `sdsqxaf-032g` are article codes; `eksplor-400gr` is a name and a weight."""
    whole = number_of(match) % 1 == 0
    before = LONG_CODE if text[match.start()] == "0" else CODE_BEFORE
    coded = whole and before.search(text, max(0, match.start() - 12), match.start())
    return None if coded else match["word"]


def _year(text: str, match: re.Match[str]) -> str | None:
    """`12th` alone may be an ordinal: ask for a range or a word about age or warranty."""
    value = number_of(match)
    aged = match["gap"] == " " or _AGE_BEFORE.search(text, max(0, match.start() - 9), match.start())
    if value > 99 or (not aged and low_end(text, match.start()) is None):
        return None
    return "tahun"


def _year_in_range(text: str, match: re.Match[str]) -> str | None:
    low = low_end(text, match.start())
    return "tahun" if low is not None and low < number_of(match) <= 18 else None


def _year_polish(text: str, match: re.Match[str]) -> str | None:
    """`3 lata` are years, `1 lata` is a tin in Portuguese."""
    return "lata" if number_of(match) % 10 in (2, 3, 4) and number_of(match) <= 99 else None


def _year_word(text: str, match: re.Match[str]) -> str | None:
    return "tahun" if number_of(match) <= 99 else None


def _count_mark(text: str, match: re.Match[str]) -> str | None:
    """Read "10's": ten pieces; 70's, 80's and 90's are decades."""
    return None if match["gap"] or number_of(match) in (70, 80, 90) else "pcs"


def _count_letter(text: str, match: re.Match[str]) -> str | None:
    """`25s` counts pieces on disposables; elsewhere it is yarn ("combed 30s") or a phone ("6s")."""
    if match["gap"] or number_of(match) < 5 or is_code(text, match):
        return None
    if PHONE.search(text, 0, CONTEXT) or "comb" in text or "katun" in text:
        return None
    return "pcs" if _COUNTED_GOODS.search(text, 0, CONTEXT) else None


def _count_tablet(text: str, match: re.Match[str]) -> str | None:
    """`fire hd 8 tablet 32gb` is one thing."""
    return None if _SLATE.search(text, 0, CONTEXT) else match["word"]


def _count_pack(text: str, match: re.Match[str]) -> str | None:
    """`4 pk` is a pack; in Indonesian and Dutch the power of an air conditioner or a motor."""
    return None if match["gap"] == "-" or _POWERED.search(text, 0, CONTEXT) else match["word"]


def _count_apart(text: str, match: re.Match[str]) -> str | None:
    """`60 st.` are pieces, `21st` is a day."""
    return match["word"] if match["gap"] == " " and number_of(match) >= 2 else None


def _count_turkish(text: str, match: re.Match[str]) -> str | None:
    """`40 li` are pieces, `3.7v li-ion`, `18/40 li` and `akku 18 li` lithium."""
    lithium = re.match(r"-| ?(?:ion|po)", text[match.end() : match.end() + 4])
    listed = text.endswith("/", 0, match.start())
    if lithium or listed or BATTERY.search(text, 0, CONTEXT):
        return None
    return _count_apart(text, match)


def _count_el(text: str, match: re.Match[str]) -> str | None:
    """`1000 el.` are pieces in Polish, `2 el` before a word is an article."""
    return match["word"] if re.match(r"[.),;]|$", text[match.end() :][:1]) else None


def _count_er(text: str, match: re.Match[str]) -> str | None:
    """German "40er" counts; not so "90er Jahre", "122er Nische", "BMW 3er", a French "1er"."""
    other = text.startswith((" jahr", " nische", " loch", " reihe"), match.end())
    other = other or text.endswith("bmw ", 0, match.start())
    return None if match["gap"] or other or number_of(match) < 2 else "er"


def _count_or_carat(text: str, match: re.Match[str]) -> str | None:
    carat = number_of(match) % 1 or number_of(match) > 2000 or _CARAT.search(text, 0, CONTEXT)
    return None if carat else unless_coded(text, match)


def _count_hungarian(text: str, match: re.Match[str]) -> str | None:
    """`60 db` are pieces beside Hungarian words, decibels elsewhere."""
    return "db" if _HUNGARIAN.search(text, 0, CONTEXT) and number_of(match) % 1 == 0 else None


def _count_portuguese(text: str, match: re.Match[str]) -> str | None:
    """`28 un` are units, `2 un` before a word mostly an article."""
    return None if text[match.end() : match.end() + 2].lstrip()[:1].isalpha() else match["word"]


def _count_persian(text: str, match: re.Match[str]) -> str | None:
    """`6 عدد` are six in Persian, `4 عدد 58` is a size and the number 58 in Arabic."""
    return None if text[match.end() : match.end() + 2].lstrip()[:1].isdigit() else match["word"]


COUNT_RULES: dict[str, Callable[[str, re.Match[str]], str | None]] = {
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
    "ud": _count_apart,
    "li": _count_turkish,
    "lu": _count_apart,
    "cp": _count_apart,
    "db": _count_hungarian,
    "un": _count_portuguese,
    "عدد": _count_persian,
    "ct": _count_or_carat,
    "cts": _count_or_carat,
    **dict.fromkeys(("jahre", "jaar", "anos", "anni", "ani", "ans", "eves"), _year_word),
    "lata": _year_polish,
    **dict.fromkeys(("lat", "let", "yas", "yil", "yillik", "yo"), _year_word),
}
