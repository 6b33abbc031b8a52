"""Model codes and series numbers of titles."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from samesku.titles.scripts import SPACELESS, fold, word_lists

DIGIT = re.compile(r"[0-9]")
PIECE = re.compile(r"[a-z0-9]+(?:[-._][a-z0-9]+)*%?")
# "15pro", "note13pro": words that make another model, written on to its number.
_DATA = word_lists("contexts.toml")
_QUALIFIERS: dict[str, str] = _DATA["qualifier"]
_SPELT = {
    fold(word).replace("_", " "): key
    for key in ("pro", "max", "plus", "mini", "ultra", "lite", "ii", "iii", "iv")
    for word in _QUALIFIERS[key].split()
}
_WORDS = sorted(_QUALIFIERS["all"].split(), key=len, reverse=True)
_QUALIFIER = re.compile("|".join(word for word in _WORDS if word.isalpha()))
_SUFFIXES = rf"(?:{_QUALIFIER.pattern})"
_SUFFIXED = re.compile(rf"([0-9]{{1,4}})({_SUFFIXES}+)")
_GLUED = re.compile(rf"([a-z]{{4,}})-?([0-9]{{1,4}}[a-z]?)({_SUFFIXES}*)")
_LETTERED = re.compile(r"[0-9]{1,2}[aceist]")
# Of games and the like: "empires iii" is "empires: 3".
_ROMANS = dict(
    pair.split() for pair in "ii 2,iii 3,iv 4,vi 6,vii 7,viii 8,ix 9,xi 11,xii 12".split(",")
)
ROMAN = re.compile(rf"(?<= )(?:{'|'.join(_ROMANS)})(?![a-z0-9'.&-])")
_GENERATION = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th|er?|eme|a|\.)?[ -]{0,2}"
    r"gen(?:eration|eracion|eracao|erazione|eratie|eracji|erace|erasi)?(?![a-z]| ?[0-9](?![0-9]))"
)
_ORDINALS = {fold(word): key for key, words in _DATA["ordinal"].items() for word in words.split()}
_ORDINAL = re.compile(rf"([0-9]{{1,2}})(?:st|nd|rd|th|\.|-a) ?({'|'.join(_ORDINALS)})(?![^\W\d_])")
_EDITIONS = "|".join(fold(word) for words in _DATA["edition"].values() for word in words.split())
_EDITION = re.compile(
    r"([0-9]{1,2})(?:\.|st|nd|rd|th|-?e|a|eme)[ ,]{1,2}"
    rf"(?:[^\W\d_]{{4,}},? ){{0,2}}(?:(?:{_EDITIONS})(?![^\W\d_])|ed(?=[.)]|$))"
)
_YEAR = re.compile(r"(?:19[89]|20[0-3])[0-9]")
# Of a filter "HU 719/7 x" the number behind the slash makes another model than "HU 719/6 x".
_SLASHED = re.compile(r"/([0-9]{1,2}[a-fh-su-z]?)(?![a-z0-9/.-])")
# Part numbers that their makers write in groups, "C 30 130" of a filter, "0 986 494 019",
# "1K0 615 301"; not the lens "S 18 140", and none among other numbers.
_GROUPED = re.compile(
    r"(?<![a-z0-9.,-])(?<![0-9] )(?:(?:[cw]|[chp]u|wk) [0-9]{2} [0-9]{3}"
    r"|[a-z0-9] [0-9]{3} [0-9]{3} [0-9]{3}|[0-9][a-z][a-z0-9] [0-9]{3} [0-9]{3}"
    r"|[0-9]{3} [0-9]{4} [0-9]{2}|[0-9]{4} [0-9]{3} [0-9]{3})"
    r"(?<! 000)(?![a-z0-9.-]|,[0-9]| [0-9]+(?![^ ]))"
)
_GRIT = re.compile(r"p([0-9]{2,4})")
_SANDED = re.compile("sandpaper|sanding")
_CORE = re.compile(r"(i[3579])(?:-?([0-9]{3,5}[a-z]{0,2}[0-9]?))?")
# "elements 4.0" and "elements v4" are "elements 4"; 15.6 and the like are mostly screens.
_VERSION = re.compile(r"v([0-9]{1,2})(?:\.([0-9]))?|([0-9]|[0-9]{2}(?=\.[05]))\.([0-9])")
_OWN = {
    "gen": re.compile(r"gen-?([0-9]{1,2})"),
    "years": re.compile(rf"({_YEAR.pattern}-{_YEAR.pattern})"),
    "cpu": _CORE,
    "ddr": re.compile(r"ddr([2-6])[lx]?"),
    "cat": re.compile(r"cat\.?-?(5e?|6a?|7a?|8)"),
}
# Standards, resolutions, zooms and the like: written or left out as sellers please.
_GENERIC = re.compile(
    r"usb[0-9]*[a-z]?|mp[345]|[0-9]{1,2}k|[0-9]{3,4}[pi]|[2-6]g|[hx]26[45]|[2-9]in1|[2-9]d"
    r"|wifi[0-9]?|80211[a-z]{1,2}|bt[0-9]+|rj(?:9|11|12|45)|rs[0-9]{3}|x(?:64|86)|[0-9]{1,3}bits?"
    r"|win(?:dows)?[0-9]+|iso[0-9]*|en[0-9]+|[cm]?m2|a2dp|y2k|b2b|7up|ph[0-9]|sd[hx]?c?[0-9]?|u[13]"
    r"|co2|h2o|o2|class[0-9]+|uhs[0-9]|[bdk][1-3]|b12|omega[369]|covid19|k?n95|kf94|v[0-9]|f[0-9]{1,3}l?"
    r"|gen[0-9]|no[0-9]+|[0-9]+x[0-9x.]+|hdmi[0-9]*|type[0-9]|ip[0-9x]{2}|[0-9]+[a-z]{4,}|sata[123]?"
    r"|[0-9]+(?:st|nd|rd|th|er|e|x|mm2|[km]a|pcs?|pack|os|es|as|h|hr|hrs|s|k|km|kmh|fps|rpm|iu|dpi|ah|wh|k?va|db|bar|psi"
    r"|k?cal|tpi|bpm|cup|min|sec|day|year|way|pin|core|cell|mb|gbs?|gbit|mbps|gbps|[mg]hz|f|c|w|v|a|m|cm"
    r"|mm|g|kg|l|ml|in|ft|oz|lbs?|fl|yrs?|mos?|ct|pk|pgs?|tlg|stk|u|p|t)"
)
# After a space: a number before it is a rate and no model.
_RATE = re.compile(
    r" (?:[kmg][bo] ?/|[мг]б ?/"
    r"|(?:[kmg]bps|rpm|fps|[ds]pi|kmh|k?cal|psi|bpm|tpi|iu|db|ms|lcd|tft|oled|cu\.? ?ft"
    r"|sq\.? ?mm|mm2|cups?)"
    r"(?![a-z]))"
)
_RATIO = re.compile("(?<=[0-9]):[0-9]")  # of "1:24" and "16:9"
_STANDARD = re.compile(r"m2|usb[0-9]?|ddr[2-6]|sata[123]?|pcie?[0-9]?|nvme|hz|[0-9]+hz")
# Of lamps; no word behind makes another model of it.
_SOCKET = re.compile("e14|e27|e40|b22d?|gu10|gu53")
# Classes of speed of memory cards.
_CARD = re.compile(r"sd[hx]c|micro ?sd|\buhs\b")
_CARD_CLASS = re.compile(r"v[369]0|a[12]|c10")
# One bit and one circuit breaker, whether or not their "x" and "a" are written: "TX20", "B16A".
_TORX = re.compile("^tx(?=[0-9]{1,2}$)")
_TRIPPED = re.compile("^([bcd](?:6|1[036]|2[05]|32|40|50|63))a$")
_TEETH = re.compile(r"[0-9]{1,2}-[0-9]{1,3}[a-z]?")
_ALIASES: dict[str, str] = {
    word: key for key, words in _DATA["alias"].items() for word in words.split()
}
# What is counted in Chinese and Japanese; a number before it is no model.
_COUNTERS = frozenset(
    "片只包盒瓶袋个個条條支枚张張块塊件套双雙对對罐听箱粒克斤公升米寸码碼岁歲月年日层層抽位元代号號度"
    "级級色排人本冊台杯匹頭足着組巻缶入毫千瓦伏安卷桶提连联尺吋厘分"
)
_BEFORE = re.compile(rf"([{SPACELESS}]{{2,}}|[^\W\d_]{{2,}}\.?|#)[ -]?$")
_SHOP = re.compile(r"[\[(【{][^\])】}]{1,24}[\])】}]")
_LONGEST_NAME = 24
LONGEST_CODE = 30


class Piece(NamedTuple):
    """One stretch of letters and digits of a title, without hyphens."""

    start: int
    stop: int
    text: str


class Codes(NamedTuple):
    """What one title says of the model, before the catalogue is asked how codes are written."""

    title: str
    """Its normal form, where it has a digit."""
    codes: tuple[tuple[str, Piece], ...]
    glued: tuple[tuple[str, str, Piece], ...]
    """ "iphone14": a name and a number, or a code, as other titles show."""
    series: tuple[tuple[str, Piece], ...]
    """Values with an aspect, such as "iphone: 14 pro"."""

    @classmethod
    def of(cls, title: str, *parts: Iterable[Sequence[Any]]) -> Codes:
        """What JSON has made of it as it was."""
        read = (tuple((*texts, Piece(*piece)) for *texts, piece in part) for part in parts)
        return cls(title, *read)


NONE = Codes("", (), (), ())


def read_codes(
    title: str,
    quantities: Collection[str],
    qualifiers: Mapping[int, int],
    banned: Collection[str],
    unnumbered: Collection[int],
    editions: Mapping[int, int],
) -> Codes:
    """Read model codes and series numbers of a normalised title that has a number.

    `quantities` are the words of it that are quantities, `banned` those of the brand; `qualifiers`
    says where words such as "pro" or "mini" start and stop, `unnumbered` where words end after
    which a number names no model, and `editions` where words that may stand between a program and
    its number stop and start: "acrobat professional 8" is "acrobat: 8".
    """
    codes: dict[str, Piece] = {}
    glued: list[tuple[str, str, Piece]] = []
    series: list[tuple[str, Piece]] = []
    grouped = list(map(piece_at, _GROUPED.finditer(title)))
    in_groups = {at for one in grouped for at in range(one.start, one.stop)}
    for piece, text in _pieces(title, quantities, qualifiers, banned):
        if piece.start in in_groups:
            continue
        suffix = _qualifiers(title, piece.stop, qualifiers)
        text = _TRIPPED.sub(r"\1", _TORX.sub("t", text))
        if suffixed := _SUFFIXED.fullmatch(text):
            text, suffix = suffixed[1], [*_apart(suffixed[2]), *suffix]
        if value := (
            _of_its_own(title, piece, text, suffix)
            or _named(title, piece, text, suffix, unnumbered, editions)
        ):
            series.append((value, piece))
            if code := _code_beside(text):
                codes[code] = piece
        elif _GENERIC.fullmatch(text) or text == "ps":
            continue
        elif part := _GLUED.fullmatch(text):
            glued.append((part[1], " ".join((part[2], *_apart(part[3]), *suffix)), piece))
        elif code := _code(text, quantities):
            suffix = [] if _SOCKET.fullmatch(code) else suffix  # "E14 mini globe"
            codes["".join((code, *suffix)).replace(" ", "")] = piece
            slashed = _SLASHED.match(title, piece.stop)
            if slashed and len(re.findall("[0-9]", code)) > 2:
                codes[code + slashed[1]] = piece._replace(stop=slashed.end())
    codes |= {one.text.replace(" ", ""): one for one in grouped}
    for match in ROMAN.finditer(title):
        piece = piece_at(match)
        if name := _name(title, piece, unnumbered, editions):
            series.append((_numbered(name, _ROMANS[match[0]]), piece))
    if len(codes) > 1 and (shop := _SHOP.match(title)):
        codes = {code: one for code, one in codes.items() if one.start >= shop.end()} or codes
    return Codes(title, tuple(codes.items()), tuple(glued), tuple(series))


def _pieces(
    title: str, quantities: Collection[str], qualifiers: Collection[int], banned: Collection[str]
) -> Iterator[tuple[Piece, str]]:
    """The stretches with a digit, and how they are written, that can be of a model."""
    is_card = _CARD.search(title) is not None
    for match in PIECE.finditer(title):
        text = match[0]
        if text.isalpha() or text in quantities or text in banned or not DIGIT.search(text):
            continue
        if match.start() in qualifiers or text.startswith("size_"):
            continue
        is_rate = text[-1].isdigit() and _RATE.match(title, match.end())
        is_rate = is_rate or (len(text) < 3 and _RATIO.match(title, match.end()))
        if not is_rate and not (is_card and _CARD_CLASS.fullmatch(text)):
            yield piece_at(match), text


def _of_its_own(title: str, piece: Piece, text: str, suffix: Sequence[str]) -> str:
    """The value of a piece that says itself what it numbers: "3rd gen", "2015", "i5", "ps4"."""
    for name, pattern in (("edition", _EDITION), ("gen", _GENERATION)):
        if ordinal := pattern.match(title, piece.start):
            return f"{name}: {ordinal[1]}"
    if ordinal := _ORDINAL.match(title, piece.start):
        return f"{_ORDINALS[ordinal[2]]}: {ordinal[1]}"
    if _YEAR.fullmatch(text) and text != "2000":
        return f"year: {text}"
    if text.isdigit() and len(text) == 2 and text[0] == "0":
        return f"no: {text[1]}"
    if text.startswith("ps") and text[2:].isdigit() and len(text) == 3:
        return _numbered(_ALIASES["ps"], text[2:], *suffix)
    if (grit := _GRIT.fullmatch(text)) and _SANDED.search(title):
        return f"grit: {grit[1]}"
    for name, pattern in _OWN.items():
        if own := pattern.fullmatch(text):
            return f"{name}: {own[1]}"
    return ""


def _named(
    title: str,
    piece: Piece,
    text: str,
    suffix: Sequence[str],
    unnumbered: Collection[int],
    editions: Mapping[int, int],
) -> str:
    """The value of a number after the name that it numbers: "iphone: 14 pro"."""
    if text.isdigit() and len(text) < 5:
        number = [text.lstrip("0") or "0", *suffix]
    elif _LETTERED.fullmatch(text):
        number = [text, *suffix]
    elif version := _VERSION.fullmatch(text):
        whole, part = filter(None, (version[1] or version[3], version[2] or version[4] or "0"))
        number = [f"{int(whole)}.{part}".removesuffix(".0")]
    else:
        return ""
    name = _name(title, piece, unnumbered, editions)
    return _numbered(name, *number) if name else ""


def _code_beside(text: str) -> str:
    """The code that a piece is besides: "3470u" of "i5-3470u", and "v10"."""
    if (core := _CORE.fullmatch(text)) and core[2] and not core[2].isdigit():
        return core[2]
    version = _VERSION.fullmatch(text)
    return text if version and version[1] and len(text) > 2 and "." not in text else ""


def _numbered(name: str, *number: str) -> str:
    """A value of the aspect that the name is, or begins with: "iphone: 14 pro"."""
    return f"{name}{' ' if ':' in name else ': '}{' '.join(number)}"


def piece_at(match: re.Match[str]) -> Piece:
    return Piece(match.start(), match.end(), plain(match[0]))


def plain(text: str) -> str:
    return text if text.isalnum() else re.sub(r"[-._%]", "", text)


def _code(text: str, quantities: Collection[str]) -> str:
    """Give the code that a piece is, "" if it is none."""
    if _TEETH.fullmatch(text):
        return ""
    if "." in text:
        text = re.sub(r"\.0(?![0-9])", "", text)
    if "-" in text:
        parts = [part for part in text.split("-") if part not in quantities]
        if parts and (_STANDARD.fullmatch(parts[0].replace(".", ""))):
            parts = parts[1:]
        if parts and parts[0].isalpha() and len(parts[0]) > 5:
            parts = parts[1:]
        if parts and parts[-1].isalpha() and len(parts[-1]) > 5:
            parts = parts[:-1]
        text = "-".join(parts)
    code = plain(text)
    if code.isdigit():
        is_number = "." in text or (len(code) < 6 and "-" in text) or code.endswith("000")
        return code if 5 <= len(code) <= 11 and not is_number else ""
    is_code = any(map(str.isdigit, code)) and len(code) <= LONGEST_CODE
    return code if is_code and not _GENERIC.fullmatch(code) else ""


def _name(
    title: str, piece: Piece, unnumbered: Collection[int], editions: Mapping[int, int]
) -> str:
    """Give the name whose number this is: "glide" of "glide 5", "no" of "#5"."""
    if title[piece.stop : piece.stop + 1] in _COUNTERS:
        return ""
    start = piece.start
    while start - 1 in editions:
        start = editions[start - 1]
    before = _BEFORE.search(title, max(0, start - _LONGEST_NAME), start)
    if (
        not before
        or before.end(1) in unnumbered
        or title[before.start() - 1 : before.start()].isdigit()
    ):
        return ""  # the last is a unit: "5gb 20"
    name = before[1].rstrip(".")
    if name in ("#", "no", "nr", "nomor"):
        return "no"
    if not name.isascii() and re.match(f"[{SPACELESS}]", name):
        name = name[-2:]
    if name == "windows" and title.startswith(("windows ", "microsoft windows ", "ms windows ")):
        return name
    alias = _ALIASES.get(name, name)
    return name if alias == "grade" and len(piece.text) > 2 else alias  # "C Klasse 180"


def _qualifiers(title: str, stop: int, qualifiers: Mapping[int, int]) -> list[str]:
    """The words after a number that make another model; a "+" right after it is one."""
    words: list[str] = []
    while stop < len(title):
        start = stop + (title[stop] in " -")
        if title[stop] == "+" and not title[stop + 1 : stop + 2].isalnum():
            words.append("plus")
            stop += 1
        elif start in qualifiers:
            stop = qualifiers[start]
            word = title[start:stop]
            words.append(_SPELT.get(word.replace("-", " "), word).replace("promax", "pro max"))
        else:
            break
    return words


def _apart(suffixes: str) -> list[str]:
    return [word.replace("promax", "pro max") for word in _QUALIFIER.findall(suffixes)]
