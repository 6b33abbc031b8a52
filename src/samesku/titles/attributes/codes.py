"""Model codes and series numbers of titles."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from samesku.titles.attributes.lexicon import SPACELESS

_PIECE = re.compile(r"[a-z0-9]+(?:[-._][a-z0-9]+)*%?")
_SERIES = re.compile(r"([a-z]{4,})-?([0-9]{1,4})([a-z]?)")
_CORE = re.compile(r"i([3579])(?:-?([0-9]{3,5}[a-z]{0,2}[0-9]?))?")
_CODE_LIKE = re.compile(r"(?=.*[a-z])(?=.*[0-9])")
# Standards, resolutions, zooms and the like: written or left out as sellers please.
_GENERIC = re.compile(
    r"usb[0-9]*[a-z]?|mp[345]|[0-9]{1,2}k|[0-9]{3,4}[pi]|[2-6]g|[hx]26[45]|[2-9]in1|[2-9]d|wifi[0-9]?"
    r"|bt[0-9]+|rj(?:9|11|12|45)|rs[0-9]{3}|x(?:64|86)|[0-9]{1,3}bits?|win(?:dows)?[0-9]+|iso[0-9]*|en[0-9]+"
    r"|[0-9]+(?:st|nd|rd|th|er|e|x|pcs?|pack|h|hr|hrs|s|k|km|kmh|fps|rpm|iu|dpi|ah|wh|va|db|bar|psi|cal|kcal|tpi|bpm"
    r"|min|sec|day|days|year|years|way|speed|port|ports|pin|core|cores|cell|cells|mbps|gbps|mb|ghz|mhz|f|c|w|v|a|m|cm|mm|g|kg|l|ml"
    r"|in|inch|ft|oz|lb|lbs|fl|yr|yrs|mo|mos|ct|count|piece|pieces|pk|fach|lagig|tlg|teilig|stk)"
    r"|[0-9]{1,2}th|a2dp|m2|y2k|b2b|7up|24/7|mh?l|co2|h2o|o2|ph[0-9]|sd[hx]?c?[0-9]?|u[13]|class[0-9]+|uhs[0-9]"
    r"|[bdk][1-3]|b12|omega[369]|covid19|n95|kn95|kf94|v[0-9]|gen[0-9]|no[0-9]+|[0-9]+x[0-9x.]+|4x4|hdmi[0-9]*|type[0-9]|ip[0-9x]{2}"
)
_ASPECTS = (
    (re.compile(r"ddr([2-6])[lx]?"), "ddr"),
    (re.compile(r"cat\.?([5-8][ae]?)"), "cat"),
    (re.compile(r"ps([2-6])"), "playstation"),
    (re.compile(r"(?:pci)?e?([345])\.0x4"), "pcie"),
)
_ALIASES = {"苹果": "iphone", "ps": "playstation", "アイフォン": "iphone", "아이폰": "iphone"}
# What is counted in Chinese and Japanese; a number before it is no model.
_COUNTERS = frozenset(
    "片只包盒瓶袋个個条條支枚张張块塊件套双雙对對罐听箱粒克斤公升米寸码碼岁歲月年日层層抽位元代号號度级級色排人"
    "本冊台杯匹頭足着組巻缶入毫千瓦伏安卷桶提连联米尺吋厘分"
)
_BEFORE = re.compile(rf"([{SPACELESS}]{{2,}}|[^\W\d_]{{2,}})[ -]?$")
_SHORTEST_PART = 4


class Piece(NamedTuple):
    """One stretch of letters and digits of a title."""

    start: int
    stop: int
    text: str
    is_quantity: bool


class Codes(NamedTuple):
    """What one title says of the model, before the catalogue is asked how codes are written."""

    pieces: tuple[Piece, ...]
    codes: dict[str, tuple[int, int]]
    """Each code with its place in the title."""
    series: tuple[tuple[str, int, int], ...]
    """Values with an aspect, such as "iphone: 14 pro", and the place of the number."""


def read_codes(
    title: str,
    quantities: Collection[str],
    qualifiers: Sequence[tuple[int, int]],
    banned: Collection[str],
    unnumbered: Collection[int],
) -> Codes:
    """Read model codes and series numbers of a normalised title.

    Parameters
    ----------
    title
        As `normalise_title` returns it.
    quantities
        The words of it that are quantities.
    qualifiers
        Where a word such as "pro" or "mini" stands.
    banned
        Words of the brand.
    unnumbered
        Where words end after which a number names no model.
    """
    pieces = tuple(_pieces(title, quantities))
    after = dict(qualifiers)
    codes: dict[str, tuple[int, int]] = {}
    series: list[tuple[str, int, int]] = []
    for piece in pieces:
        if piece.is_quantity or piece.text in banned or not any(c.isdigit() for c in piece.text):
            continue
        suffix = _qualified(title, piece.stop, after)
        if named := _named(title, piece, suffix, unnumbered):
            series += ((value, piece.start, piece.stop) for value in named[1])
            if named[0]:
                codes[named[0]] = (piece.start, piece.stop)
        elif code := _code(piece.text):
            codes["".join((code, *suffix))] = (piece.start, piece.stop)
    return Codes(pieces, codes, tuple(series))


def settle(title: str, codes: Codes, known: Collection[str]) -> set[str]:
    """Give the model values of a title, its codes in the spelling of the whole catalogue.

    "wh 1000 xm5" is "wh1000xm5" if another title writes it so, and "qe55q80catxxu" is also
    "qe55q80c" if another title stops there.
    """
    found = dict(codes.codes)
    lost: list[tuple[int, int]] = []
    for size in (4, 3, 2):
        for at in range(len(codes.pieces) - size + 1):
            part = codes.pieces[at : at + size]
            joined = "".join(piece.text for piece in part)
            if joined in known and all(b.start - a.stop == 1 for a, b in pairwise(part)):
                found[joined] = (part[0].start, part[-1].stop)
                lost.append(found[joined])
    values = {value for value, start, stop in codes.series if not _within(start, stop, lost)}
    for code, place in found.items():
        if place not in lost and _within(*place, lost):
            continue
        values.add(code)
        values.update(_known_parts(code, known))
    return values


def _within(start: int, stop: int, places: list[tuple[int, int]]) -> bool:
    return any(a <= start and stop <= b for a, b in places)


def _known_parts(code: str, known: Collection[str]) -> Iterator[str]:
    """Codes of other titles that this one begins or ends with: without region, without maker."""
    for at in range(_SHORTEST_PART, len(code)):
        if not (code[at - 1].isdigit() and code[at].isdigit()) and code[:at] in known:
            yield code[:at]
    for at in range(1, len(code) - _SHORTEST_PART + 1):
        if not (code[at - 1].isdigit() and code[at].isdigit()) and code[at:] in known:
            yield code[at:]


def _pieces(title: str, quantities: Collection[str]) -> Iterator[Piece]:
    for match in _PIECE.finditer(title):
        text = match[0]
        is_quantity = text in quantities
        plain = (
            text
            if is_quantity
            else text.strip("%").replace("-", "").replace("_", "").replace(".", "")
        )
        if not is_quantity and "." in text and not _CODE_LIKE.match(text):
            is_quantity = True  # a decimal number
        if not is_quantity and "-" in text and (text.replace("-", "").isdigit()) and len(plain) < 6:
            is_quantity = True  # a range
        yield Piece(match.start(), match.end(), text if "-" in text else plain, is_quantity)


def _code(text: str) -> str:
    """Give the code that a piece is, "" if it is none."""
    parts = text.split("-")
    if len(parts) > 1:
        if parts[0].isalpha() and len(parts[0]) > 5:
            parts = parts[1:]
        if parts[-1].isalpha() and len(parts[-1]) > 5:
            parts = parts[:-1]
        if len(parts) > 1 and not _CODE_LIKE.match("".join(parts)) and len("".join(parts)) < 6:
            return ""
    code = "".join(parts)
    if code.isdigit():
        return code if 5 <= len(code) <= 8 and not code.endswith("000") else ""
    if not _CODE_LIKE.match(code) or len(code) > 30 or _GENERIC.fullmatch(code):
        return ""
    return code


def _named(
    title: str, piece: Piece, suffix: list[str], unnumbered: Collection[int]
) -> tuple[str, list[str]] | None:
    """Read what has an aspect of its own: processors, standards, numbers after a name."""
    text = piece.text
    if core := _CORE.fullmatch(text):
        return core[2] if core[2] and not core[2].isdigit() else "", [f"cpu: i{core[1]}"]
    for pattern, aspect in _ASPECTS:
        if match := pattern.fullmatch(text):
            return "", [f"{aspect}: {' '.join((match[1], *suffix))}"]
    if _GENERIC.fullmatch(text):
        return "", []
    if glued := _SERIES.fullmatch(text):
        return "", [f"{glued[1]}: {' '.join((glued[2] + glued[3], *suffix))}"]
    if not text.isdigit() or len(text) > 4:
        return None
    if title[piece.stop : piece.stop + 1] in _COUNTERS:
        return "", []
    before = _BEFORE.search(title, max(0, piece.start - 24), piece.start)
    if not before or before.end(1) in unnumbered:
        return "", []
    name = before[1]
    if not name.isascii() and re.match(f"[{SPACELESS}]", name):
        name = name[-2:]
    name = _ALIASES.get(name, name)
    if name.isdigit():
        return "", []
    return "", [f"{name}: {' '.join((text.lstrip('0') or '0', *suffix))}"]


def _qualified(title: str, stop: int, qualifiers: dict[int, int]) -> list[str]:
    words: list[str] = []
    while stop < len(title):
        start = stop + (title[stop] in " -")
        if start not in qualifiers:
            break
        stop = qualifiers[start]
        words.append(title[start:stop])
    return words
