"""Clean titles -> one spelling (`normalise_title`) and words (`normal_tokens`)."""

import re

from samesku.titles.clean import clean_title
from samesku.titles.quantities import read_quantities
from samesku.titles.scripts import CJK, MARKS, SPACELESS, fold
from samesku.titles.units import FORMS, UNITS

_MAX_PASSES = 5
# A letter, and the vowel signs that belong to it.
_LETTER = rf"(?:[^\W_]|[{MARKS}])"
_CHUNK = re.compile(r"[^\W_]+(?:[-'._][^\W_]+)*%?", re.ASCII)
_CHUNK_OF_ANY = re.compile(
    rf"(?:[^\W_{SPACELESS}]|[{MARKS}])+(?:[-'._]{_LETTER}+)*%?|[{SPACELESS}]+"
)
_HANGUL = re.compile("[\uac00-\ud7a3]+")
# Between Korean and other letters, and around a number in it: "갤럭시s24울트라", "아이폰15프로".
_SEAM = re.compile(
    "(?<=[가-힣])(?=[a-wyz])|(?<=[a-wyz])(?=[가-힣])"
    "|(?<=[가-힣]{2})(?=[0-9]{1,2}(?:[가-힣]{2}|[^가-힣0-9.,]|$))"
    "|(?:(?<=[a-z][0-9])|(?<=[a-z][0-9]{2})|(?<=[가-힣]{2}[0-9])|(?<=[가-힣]{2}[0-9]{2}))(?=[가-힣]{2})"
)
_RUN = re.compile(rf"[{SPACELESS}]+")
_UNITS = "|".join(sorted({unit.base for unit in UNITS.values()}, key=len, reverse=True))
_WORD = re.compile(
    r"(?:size_)?(?P<kept>(?<=size_)[0-9a-z]+(?:[.-][0-9]+)*"
    r"|[0-9][0-9.]{0,29}(?:x[0-9.]+)+(?:mm)?(?![a-z0-9])"
    rf"|[0-9]+(?:\.[0-9]+)?(?:-[0-9]+(?:\.[0-9]+)?)?(?:{_UNITS})(?![a-z0-9])"
    rf"|[0-9]+\.[0-9]+(?:{_LETTER}*))"
    rf"|(?P<word>{_LETTER}+(?:['-]{_LETTER}+)*)"
)


def normalise_title(clean: str) -> str:
    """Rewrite every quantity of a cleaned title to its one spelling, in place.

    "400 gram", "400gr" and "0,4 kg" all become "400g", "10 x 6 x 13cm" becomes "100x60x130mm",
    "isi 12" becomes "isi 12pcs", "60 tablets" "60pcs tablets", "ukuran XXL" "size_2xl"; decimal
    commas become points and Latin accents are folded. What remains is the title, word for word, for
    word or n-gram vectors. Normalising it again changes nothing.
    """
    text = fold(clean)
    if _HANGUL.search(text):
        text = _SEAM.sub(" ", text)
    passes = [text]
    for _ in range(_MAX_PASSES):  # a rewritten neighbour can make sense of a number: rarely
        text = fold(_rewrite(text))  # a letter beside a new number, too
        if text in passes:
            # Two readings that lead to each other ("nikon1 spf 1g") are one: the first in order.
            return min(passes[passes.index(text) :])
        passes.append(text)
    return text


def normalise_raw(raw: str) -> str:
    """A raw title cleaned and normalised, its words in the language that they are in."""
    return normalise_title(clean_title(raw))


def normal_tokens(normal: str) -> list[str]:
    """Split a normalised title into words, quantities in one spelling.

    Quantities, dimensions, ranges, decimals and percentages are one word each. Apostrophes join
    ("l'oreal" is "loreal"), hyphens split ("t-shirt"), except in model codes, which give the whole
    code without hyphens and then its parts that have digits: "sm-a505" is "sma505", "a505". A size
    is one word whether it is called a size or not: "size_xl" is "xl". Chinese and Japanese runs
    give character bigrams, Thai and its neighbours trigrams, Korean ones words and their bigrams.
    """
    words: list[str] = []
    if normal.isascii():
        for chunk in _CHUNK.findall(normal):
            words += [chunk] if chunk.isalnum() else _words_of(chunk)
        return words
    for chunk in _CHUNK_OF_ANY.findall(normal):
        if _RUN.fullmatch(chunk):
            words += _grams(chunk)
        elif _HANGUL.search(chunk):
            words += [part for word in _words_of(chunk) for part in _korean(word)]
        else:
            words += _words_of(chunk)
    return words


def _words_of(chunk: str) -> list[str]:
    """Split what spaces and brackets left together: "uk.180", "sm-a505", "4.5mm", "size_xl"."""
    words: list[str] = []
    for match in _WORD.finditer(chunk):
        words += [kept] if (kept := match["kept"]) else _parts(match[0])
    return words


def _rewrite(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for reading in read_quantities(text):
        forms = FORMS.findall(text, reading.start, reading.stop)
        pieces += (text[done : reading.start], " ".join((reading.token, *forms)))
        done = reading.stop
    if not pieces:
        return text
    pieces.append(text[done:])
    for at in range(1, len(pieces), 2):
        if pieces[at - 1][-1:].isalnum() or (at > 1 and not pieces[at - 1]):
            pieces[at] = " " + pieces[at]
        if pieces[at + 1][:1].isalnum():
            pieces[at] += " "
    return "".join(pieces)


def _parts(word: str) -> list[str]:
    parts = word.replace("'", "").split("-")
    if len(parts) == 1 or word.replace("-", "").isdigit():
        return parts
    if not any(char.isdigit() for char in word):
        return parts
    return [
        "".join(parts),
        *(part for part in parts if any(char.isdigit() for char in part)),
    ]


def _korean(word: str) -> list[str]:
    """Give the Korean words in a word, and their character bigrams: spaces are left out at will."""
    found: list[str] = []
    done = 0
    for run in _HANGUL.finditer(word):
        found += [word[done : run.start()], run[0]]
        if len(run[0]) > 2:
            found += [run[0][at : at + 2] for at in range(len(run[0]) - 1)]
        done = run.end()
    return [part for part in (*found, word[done:]) if part]


def _grams(run: str) -> list[str]:
    size = 2 if re.match(f"[{CJK}]", run) else 3
    return [run[at : at + size] for at in range(max(1, len(run) - size + 1))]
