"""Raw seller titles -> plain text: escapes, markup, fancy letters and pictographs undone."""

import html
import re
import unicodedata

from samesku.titles.scripts import fold

_BYTES_WRAPPER = re.compile(r"\s*[bB](['\"])(.*)\1\s*", re.DOTALL)
_BYTE_RUN = re.compile(r"(?:\\{1,8}x[0-9a-fA-F]{2})+")
_CODE_POINT = re.compile(r"\\{1,8}(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
_SURROGATE_PAIR = re.compile(r"([\ud800-\udbff])([\udc00-\udfff])")
# "PRIA\nBaru" is a line break, "hitam\navy" is two colours with a slash between them.
_WHITE_ESCAPE = re.compile(r"\\[nrt](?![a-z])")
_AMPERSAND = re.compile(r"&(?:(?:amp|#0{0,5}38|#x0{0,4}26);)+", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Only real tag names: "<asiutong2> HDD adapter" is a shop signing its title.
_TAG = re.compile(
    r"</?(?:a|b|big|br|center|div|em|font|h[1-6]|hr|i|img|li|ol|p|script|small|span|strong|style"
    r"|sub|sup|table|tbody|td|th|tr|u|ul)(?:[\s/][^<>]{0,300})?>",
    re.IGNORECASE,
)
_ZALGO = re.compile(r"[\u0300-\u036f]+")
_FRACTION = re.compile("(?<=[0-9])[¼½¾⅓⅔]")  # 1½ is 1.5; a ½ alone 1/2
_FRACTIONS = {"¼": ".25", "½": ".5", "¾": ".75", "⅓": ".33", "⅔": ".67"}
# "42 2/3", a size of shoes.
_THIRDS = re.compile(r"(?<![0-9.,/x-])(1[6-9]|[2-4][0-9]|5[0-5]) ([12])/3(?![0-9/])")
_NUMERO = re.compile("(?<![^\\W_])[nN][°º] ?(?=[0-9])")
# Not that of "Chiafrø 400 g".
_DIAMETER = re.compile(r"(?<![^\W\d_])[øØ⌀∅] ?(?=[0-9])")
# UTF-8 that was read as Windows-1252: "salmÃ³n", "NÂ°5", "â€“"; "É®" of "CAFÉ®" is as it should be.
_LATIN = {
    bytes([code]).decode("cp1252", "ignore") or chr(code): code for code in range(128, 256)
} | {chr(code): code for code in range(128, 256)}
_TAILS = re.escape("".join(sign for sign, code in _LATIN.items() if code < 0xC0))
_MISREAD = re.compile(f"[ÂÃÄÅÐÑ][{_TAILS}]|[âã][{_TAILS}]{{2}}|ð[{_TAILS}]{{3}}")
_CONTROLS = dict.fromkeys((*range(32), 127), " ")
_MAX_PASSES = 6

_REPLACED = {
    **dict.fromkeys("‘’‚‛′´`ʹʻʼˈ׳", "'"),
    **dict.fromkeys("“”„‟″˝«»״", '"'),
    **dict.fromkeys("×✕", "x"),
    **dict.fromkeys("™℠®©º℃℉", " "),
    "¼": " 1/4",
    "½": " 1/2",
    "¾": " 3/4",
    "⁄": "/",
    "−": "-",
    "№": " no ",
    "٫": ".",
    "٬": ",",
}
_MISSING = frozenset(
    "nan na n/a none null nil undefined nat unknown #n/a #ref! #value! #name? #null! #num! #div/0!"
    " (null) (none) (nan) (empty) (blank)".split()
) | {"no title", "(no title)", "[no title]"}
_LONGEST_MISSING = max(map(len, _MISSING))
_WORD = re.compile(r"[^\W_]")


class _Spelling(dict[int, str]):
    """A `str.translate` table that works out a character the first time it meets it."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind = unicodedata.category(char)
        if kind == "Pd":
            plain = "-"
        elif kind in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp", "Sk"):
            plain = " "
        elif kind == "Nd":
            plain = str(unicodedata.digit(char))  # Arabic-Indic, Devanagari, Thai, full width
        elif kind in ("Cf", "Me") or "\ufe00" <= char <= "\ufe0f" or 0xE0100 <= code <= 0xE01EF:
            plain = ""  # zero-width, bidi and variation marks sit inside words
        elif kind == "So":
            # Circled and squared letters and units are text (Ⓐ, ㎖); other symbols are decoration.
            letters = unicodedata.normalize("NFKC", char)
            plain = letters if letters.isalnum() else " "
        else:
            plain = char
        self[code] = plain
        return plain


_SPELLING = _Spelling({ord(char): plain for char, plain in _REPLACED.items()})


def clean_title(raw: str | None) -> str:
    r"""Bring a title as a seller, a CSV or a scraper wrote it to plain lower-case text.

    Undone, in this order: the `b'...'` wrapper and the `\xc3\x89` escapes of a printed `bytes`
    object (also with doubled backslashes), `\u00e9` and `\n` escapes, HTML entities (also escaped
    twice) and tags, UTF-8 read as Windows-1252 ("salmÃ³n"), pictographs and invisible characters,
    fancy letters (Unicode NFKC), case, typographic quotes and dashes, digits of other scripts, runs
    of white space. Accents stay; `normalise_title` folds them. None, NaN (a float, from pandas) and
    what says that a title is missing ("nan", "#REF!", "-") are no title: "". Cleaning the result
    again changes nothing.
    """
    if not isinstance(raw, str):
        return ""
    text = raw
    for _ in range(_MAX_PASSES):
        if _is_plain(text):
            text = _tidy(text)
            break
        cleaned = _clean_once(text)
        if cleaned == text:
            break
        text = cleaned
    if len(text) <= _LONGEST_MISSING and fold(text) in _MISSING:
        return ""
    return text if text[:1].isalnum() or _WORD.search(text) else ""


def _clean_once(text: str) -> str:
    if "\\" in text or text.lstrip()[:1] in ("b", "B"):
        text = _undo_escapes(text)
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), _AMPERSAND.sub("&", text))
    if "<" in text:
        text = _TAG.sub(" ", text)
    text = text.replace("<", " ").replace(">", " ")
    if not text.isascii():
        for _ in range(2):  # twice misread: "â„¢"
            text = _MISREAD.sub(_read_again, text)
        text = _DIAMETER.sub("", _NUMERO.sub("no ", text))
        text = _FRACTION.sub(lambda part: _FRACTIONS[part[0]], text)
        text = unicodedata.normalize("NFKC", text.translate(_SPELLING)).casefold()
        text = _ZALGO.sub("", unicodedata.normalize("NFKC", text)).translate(_SPELLING)
    return _tidy(text)


def _read_again(misread: re.Match[str]) -> str:
    try:
        return bytes(_LATIN[sign] for sign in misread[0]).decode("utf-8")
    except UnicodeDecodeError:
        return misread[0]


def _is_plain(text: str) -> bool:
    """Whether there is nothing to decode; most titles pass, and quickly."""
    marked = "\\" in text or "<" in text or ">" in text or ("&" in text and ";" in text)
    return text.isascii() and not marked and not _BYTES_WRAPPER.match(text)


def _tidy(text: str) -> str:
    if not text.isprintable():
        text = text.translate(_CONTROLS)
    text = " ".join(text.lower().replace("`", "'").split())
    if "/3" not in text:
        return text
    return _THIRDS.sub(lambda size: f"{size[1]}.{'33' if size[2] == '1' else '67'}", text)


def _undo_escapes(text: str) -> str:
    if wrapped := _BYTES_WRAPPER.fullmatch(text):
        text = wrapped[2]
    if "\\" not in text:
        return text
    text = _BYTE_RUN.sub(_decode_run, text)
    text = _CODE_POINT.sub(_decode_code_point, text)
    text = _SURROGATE_PAIR.sub(_join_surrogates, text)
    return _WHITE_ESCAPE.sub(" ", text).replace("\\'", "'").replace('\\"', '"').replace("\\", " ")


def _decode_run(run: re.Match[str]) -> str:
    """Decode one run of byte escapes: UTF-8, else a lone accented Latin-1 letter, else nothing."""
    data = bytes.fromhex(run[0].replace("\\", "").replace("x", ""))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        is_letter = len(data) == 1 and data[0] >= 0xC0
        return data.decode("latin-1" if is_letter else "utf-8", "replace").replace("\ufffd", " ")


def _decode_code_point(escape: re.Match[str]) -> str:
    code = int(escape[1] or escape[2], 16)
    return chr(code) if code <= 0x10FFFF else " "


def _join_surrogates(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
