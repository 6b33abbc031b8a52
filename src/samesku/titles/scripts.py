"""One spelling of each letter: accents, harakat, alef forms, homoglyphs, traditional characters.

Which letters are one is data, in `words/scripts.toml`.
"""

import re
import unicodedata
from functools import cache
from typing import Any

from samesku.runtime.files import packaged_table


@cache
def word_lists(file: str) -> dict[str, Any]:
    """Read a file of words that comes with this package, once: two modules read some."""
    return packaged_table("samesku.titles", "words", file)


_DATA = word_lists("scripts.toml")
# Scripts written without spaces between words: kana and Han; Thai, Lao, Khmer, Burmese.
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff" + CJK


def _ranges(*kinds: str) -> str:
    """Ranges of a character class: all marks of these categories that belong to words."""
    codes = [c for c in range(0x0900, 0x0E00) if unicodedata.category(chr(c)) in kinds]
    codes += [c for c in range(0x1B00, 0x1CFA) if unicodedata.category(chr(c)) in kinds]
    return "".join(map(chr, codes))


MARKS = _ranges("Mn", "Mc")
"""Vowel signs of the scripts of India and their neighbours, which are no letters by themselves."""

_DROPPED = "".join(map(chr, (*range(0x300, 0x370), *range(0x610, 0x61B), 0x640, 0x670)))
_DROPPED += "".join(map(chr, (*range(0x64B, 0x660), *range(0x6D6, 0x6DD), 0x6DF, 0x6E0)))
_FOLDED: dict[int, str] = {
    **dict.fromkeys(map(ord, _DROPPED), ""),
    **dict(zip(map(ord, _DATA["letters"]["from"]), _DATA["letters"]["to"], strict=True)),
    **{ord(pair[0]): pair[1] for pair in _DATA["simplified"]["pairs"].split()},
}
_LATIN, _CYRILLIC = _DATA["alike"]["latin"], _DATA["alike"]["cyrillic"]
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_CODED = re.compile(
    f"(?<![^\\W_])[{_CYRILLIC}{_DATA['alike']['greek']}](?=[0-9])|(?<=[0-9])[кт](?![^\\W_])"
)
_TO_CODED = {**_TO_LATIN, **str.maketrans(_DATA["alike"]["greek"], _LATIN)}
_MIXED = re.compile("[a-z][\u0400-\u04ff]|[\u0400-\u04ff][a-z]")
_EITHER = re.compile("[a-z\u0400-\u04ff]+")
_TIMES = re.compile("(?<![\u0400-\u04ff])х(?= ?[0-9])")
_SARA_AM = re.compile("\u0e4d([\u0e48-\u0e4b])(?=\u0e32)")
_NUMBERS = {digit: value for value, digit in enumerate(_DATA["numbers"]["digits"], start=1)}
_NUMBERS["两"] = 2
_CHINESE = re.compile(
    f"(?<![第十百千{''.join(_NUMBERS)}])"
    f"(?:([{''.join(_NUMBERS)}])?十([{''.join(_NUMBERS)}])?|([{''.join(_NUMBERS)}]))"
    f"(?=[{_DATA['numbers']['measures']}])"
)


def fold(text: str) -> str:
    """Bring a cleaned title to one spelling of each letter; folding again changes nothing.

    Latin, Greek and Cyrillic lose their accents, Arabic its harakat, tatweel and forms of alef;
    letters that only look right inside a Cyrillic or a Latin word or a code become the right ones;
    common traditional characters become simplified ones, and Chinese numbers before a measure word
    digits.
    """
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text).translate(_FOLDED)
    text = unicodedata.normalize("NFC", apart)
    if _MIXED.search(text):
        text = _EITHER.sub(_one_script, text)
    text = _CHINESE.sub(_in_digits, text)  # first: letters beside digits are read by these
    text = _CODED.sub(lambda letter: letter[0].translate(_TO_CODED), text)
    text = _TIMES.sub("x", text)
    return _SARA_AM.sub("\\1\u0e4d", text).replace("เเ", "แ")


def _one_script(match: re.Match[str]) -> str:
    word = match[0]
    if not _MIXED.search(word):
        return word
    latin = sum(char <= "z" for char in word)
    is_cyrillic = 2 * latin <= len(word)
    one = word.translate(_TO_CYRILLIC if is_cyrillic else _TO_LATIN)
    return one if all((char >= "\u0400") == is_cyrillic for char in one) else word


def _in_digits(match: re.Match[str]) -> str:
    tens, ones, alone = match.groups()
    if alone:
        return str(_NUMBERS[alone])
    return str(10 * (_NUMBERS[tens] if tens else 1) + (_NUMBERS[ones] if ones else 0))
