"""How a text file is encoded: Unicode by its bytes, code pages by the words that they make."""

import re

from samesku.catalog.column_names import folded_name, known_names, languages
from samesku.catalog.foreign import foreign_kind
from samesku.catalog.problems import Problem
from samesku.titles.lexicon import accented_words

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Code pages, how they are called, and the languages whose names of columns show them.
_CODE_PAGES = {
    "cp1252": ("Windows-1252", ""),
    "cp1250": ("Windows-1250", "pl cs sk hu ro hr sl"),
    "iso8859-2": ("ISO-8859-2", "pl cs sk hu ro hr sl"),
    "cp1251": ("Windows-1251", "ru uk bg"),
    "cp1253": ("Windows-1253", "el"),
    "cp1254": ("Windows-1254", "tr"),
    "cp1255": ("Windows-1255", "he"),
    "cp1256": ("Windows-1256", "ar fa"),
    "cp874": ("Windows-874", "th"),
    "cp932": ("Shift JIS", "ja"),
    "gb18030": ("GBK", "zh"),
    "big5hkscs": ("Big5", "zh"),
    "cp949": ("EUC-KR", "ko"),
}
_OTHERS = {language for _, own in _CODE_PAGES.values() for language in own.split()}
_SAMPLE = 10**6  # bytes
_HEADER = 4000  # bytes, lines before it and all
_FEWEST_KNOWN = 3
_LETTERS = re.compile(r"[^\W\d_]+")
_CELLS = re.compile(r'[,;\t|"\r\n]+')
# Bytes that are no UTF-8, as Python keeps them, and letters that are.
_STRANGE = re.compile("[\udc80-\udcff]")
_FOREIGN = re.compile("[^\0-\x7f\udc80-\udcff]")
# UTF-8 read as one of two code pages: its signs to the bytes that they were.
_TWICE = [
    {ord(sign): code for code in range(128, 256) if (sign := bytes([code]).decode(page, "ignore"))}
    for page in ("cp1252", "cp1250")
]
# With what letters begin in it. "É®" of "CAFÉ®" is as it should be.
_MISREAD = re.compile("[ÂÃÄÅĂĹÐÑ]")
# Of each letter there are two signs or more then; of "España" it is seen at once.
_ALONE = re.compile(r"(?<![^\0-\x7f])[^\0-\x7f](?![^\0-\x7f])")


def decode(raw: bytes) -> tuple[str, list[Problem]]:
    """The text of a file, and what was done to read it; ValueError says what else the file is.

    Its encoding is that of its byte order mark, else UTF-16, UTF-8 (but for some bytes) or a code
    page.
    """
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return raw.decode(encoding), []
    if kind := foreign_kind(raw[:1000].decode("latin-1")):
        raise ValueError(f"this is {kind}")
    # UTF-16 without a mark is known by its line ends and separators, in whatever script it is.
    pairs = {raw[at : at + 2] for at in range(0, min(len(raw), 20_000), 2)}
    for encoding in ("utf-16-le", "utf-16-be"):
        ends, marks = ({each.encode(encoding) for each in signs} for signs in ("\n\r", ",;\t|"))
        if pairs & ends and pairs & marks:
            return raw.decode(encoding), []
    text = raw.decode("utf-8", "surrogateescape")
    return _with_pages(raw, text) if _STRANGE.search(text) else _encoded_once(text)


def _with_pages(raw: bytes, text: str) -> tuple[str, list[Problem]]:
    """Text that is in a code page, wholly or here and there."""
    lines = re.split("\r\n?|\n", text)
    places = [place for place, line in enumerate(lines) if _STRANGE.search(line)]
    # Of Chinese in GBK a sixth looks like letters of UTF-8.
    is_mixed = 2 * len(_FOREIGN.findall(text)) > len(_STRANGE.findall(text))
    if is_mixed:
        raw = "\n".join(lines[place] for place in places).encode("utf-8", "surrogateescape")
    page = _code_page(raw)
    name = _CODE_PAGES[page][0]
    if is_mixed:
        name += ", the rest as UTF-8"
        text = _STRANGE.sub(lambda one: bytes([ord(one[0]) & 0xFF]).decode(page, "replace"), text)
    else:
        places = places[:1]
        # cp1252 leaves five bytes undefined; latin-1 maps them to control characters.
        text = raw.decode("latin-1") if b"\x00" in raw else raw.decode(page, "replace")
    return text, [Problem.of("encoding", [place - 1 for place in places], page=name)]


def _encoded_once(text: str) -> tuple[str, list[Problem]]:
    """Text as it was before it was taken for a code page and encoded again."""
    for signs in _TWICE if _MISREAD.search(text) and not _ALONE.search(text) else ():
        try:
            once = text.translate(signs).encode("latin-1").decode("utf-8")
        except UnicodeError:
            continue
        message = "text that was encoded as UTF-8 twice"
        return once, [Problem("encoding", message, "read as it was before")]
    return text, []


def _code_page(raw: bytes) -> str:
    """The encoding in which clearly more words are known than in Windows-1252.

    Else that of the language of whose names of columns most are known, where it has another.
    """
    known = {page: _known_words(raw, page) for page in _CODE_PAGES}
    western = known["cp1252"]
    best = max(known, key=lambda page: len(known[page]))
    more, lost = len(known[best] - western), len(western - known[best])
    if more >= _FEWEST_KNOWN and more > 3 * lost:
        return best
    names = {page: _known_columns(raw, page) for page in _CODE_PAGES}
    return max(names, key=lambda page: (names[page], len(known[page])))


def _known_words(raw: bytes, page: str) -> frozenset[str]:
    text = raw[:_SAMPLE].decode(page, "replace").lower()
    return accented_words().intersection(_LETTERS.findall(text))


def _known_columns(raw: bytes, page: str) -> int:
    """How many names of columns are known in one of the languages of a code page."""
    cells = set(map(folded_name, _CELLS.split(raw[:_HEADER].decode(page, "replace"))))
    own = _CODE_PAGES[page][1].split() or set(languages()) - _OTHERS
    return max(len(cells & known_names(language)) for language in own)
