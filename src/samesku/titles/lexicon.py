"""Word lists by language, found in titles: colours, flavours, accessories and what decides them."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from samesku.titles.clean import clean_title
from samesku.titles.scripts import SPACELESS, word_lists
from samesku.titles.words import normalise_raw, normalise_title

_MARKS = r"\s!-/:-@\[-`{-~\u00a1-\u00bf\u2000-\u206f\u20d0-\u2bff\u3000-\u303f\uff00-\uff0f"
_WORD = re.compile(rf"(?P<run>[{SPACELESS}]+)|[^{_MARKS}{SPACELESS}]+")
_MAX_PASSES = 4
_ASCII_WORD = re.compile("[a-z]+")
_JOINTS = frozenset((*" -'._", " & ", "% "))
_LETTERS = re.compile(r"[^\W\d_]+")
_NORDIC = re.compile("[æøå]")
_CEDILLAS = str.maketrans("șț", "şţ")
_KATAKANA = re.compile("[\u30a1-\u30ff]")
_THAI = re.compile("[\u0e00-\u0e7f]")


class Entry(NamedTuple):
    """One meaning of a word: a kind of attribute, or of context, and canonical values."""

    kind: str
    values: tuple[str, ...]


class Found(NamedTuple):
    """Where a title has a word of the lists, and what it can mean; `()` if nothing."""

    start: int
    stop: int
    entries: tuple[Entry, ...]


class Lexicon:
    """All word lists, looked up in one pass over a title, the longest phrase first.

    `entries`: words and phrases, spelt as `normalise_title` spells titles, to their meanings.
    """

    def __init__(self, entries: dict[str, tuple[Entry, ...]]) -> None:
        self._phrases: dict[str, tuple[Entry, ...]] = {}
        # Of phrases by their first word, in words; of runs by their first letter, in letters.
        self._longest: dict[str, int] = {}
        for phrase, meanings in entries.items():
            words = list(_WORD.finditer(phrase))
            if not words:
                continue
            known = " ".join(match[0] for match in words)
            is_run = len(words) == 1 and words[0]["run"]
            first, length = (known[0], len(known)) if is_run else (words[0][0], len(words))
            self._phrases[known] = meanings
            self._longest[first] = max(length, self._longest.get(first, 0))

    def find(self, title: str) -> list[Found]:
        """List the known words of a normalised title from left to right, without overlaps."""
        words = list(_WORD.finditer(title))
        texts = [match[0] for match in words]
        found: list[Found] = []
        at = 0
        while at < len(words):
            word = words[at]
            if word["run"]:
                found += self._find_in_run(word[0], word.start())
            elif longest := self._longest.get(texts[at]):
                for size in range(min(longest, len(words) - at), 0, -1):
                    meanings = self._phrases.get(" ".join(texts[at : at + size]))
                    if meanings is not None and _is_joined(title, part := words[at : at + size]):
                        found.append(Found(word.start(), part[-1].end(), meanings))
                        at += size - 1
                        break
            at += 1
        return found

    def meanings(self, phrase: str) -> tuple[Entry, ...]:
        """What a phrase as a whole can mean; `()` if nothing."""
        return self._phrases.get(" ".join(match[0] for match in _WORD.finditer(phrase)), ())

    def _find_in_run(self, run: str, start: int) -> Iterator[Found]:
        at = 0
        while at < len(run):
            for size in range(min(self._longest.get(run[at], 0), len(run) - at), 0, -1):
                meanings = self._phrases.get(run[at : at + size])
                if meanings is not None and _stands_alone(run, at, at + size, meanings):
                    yield Found(start + at, start + at + size, meanings)
                    at += size - 1
                    break
            at += 1


@cache
def lexicon() -> Lexicon:
    """Read the word lists that come with this package, once."""
    entries: dict[str, dict[Entry, None]] = {}
    for file, kinds in _FILES.items():
        for table, keys in spellings(file).items():
            for key, words in keys.items():
                kind = kinds.get(table, kinds.get("*", table))
                values = tuple(key.split(" + ")) if file != "contexts.toml" else ()
                for word in words:
                    meanings = entries.setdefault(_spelt(word), {})
                    if key:
                        meanings[Entry(kind, values)] = None
    for word in _products():  # so that they are found in a title
        entries.setdefault(word, {Entry("product", ()): None})
    return Lexicon({word: tuple(meanings) for word, meanings in entries.items()})


def normal_title(title: str) -> str:
    """A raw title cleaned and normalised, with known words in English: what text encoders read.

    Plain words for colours, flavours, accessories and products are translated, so that two
    languages differ less: "Tastatur schwarz" becomes "keyboard black". Shades stay as they are.
    What sellers say of the offer alone ("free shipping") is left out, unless nothing else is
    said. Done again it changes nothing.
    """
    clean = clean_title(title)
    if not clean.isascii():
        words = _accented(frozenset(_NORDIC.findall(clean)))
        clean = _LETTERS.sub(lambda word: words.get(word[0], word[0]), clean)
    normal = normalise_title(clean)
    for _ in range(_MAX_PASSES):
        english = _in_english(normal)
        renewed = normal if english == normal else normalise_raw(english)
        if renewed in ("", normal):
            break
        normal = renewed  # "黑色pack 2" is "black pack 2"
    return normal


def _in_english(normal: str) -> str:
    """A normalised title with its plain words of other languages in English."""
    english, firsts = _english()
    if normal.isascii() and firsts.isdisjoint(_ASCII_WORD.findall(normal)):
        return normal
    pieces: list[str] = []
    done = 0
    for start, stop, _ in lexicon().find(normal):
        own = normal[start:stop]
        word = english.get(own, english.get(own.replace("-", " ")))
        if word is not None:
            before = " " if normal[start - 1 : start].isalnum() else ""
            after = " " if normal[stop : stop + 1].isalnum() else ""
            pieces += (normal[done:start], before, word, after)
            done = stop
    return " ".join("".join((*pieces, normal[done:])).split()) or normal if pieces else normal


@cache
def _english() -> tuple[dict[str, str], frozenset[str]]:
    """Plain words of other languages to those of English, and the first words of them."""
    found: dict[str, str] = {}

    def known(word: str) -> tuple[Entry, ...]:
        return tuple(e for e in lexicon().meanings(word) if e.kind not in _BESIDE)

    for file, kinds in _FILES.items():
        if "*" not in kinds:  # no lists by language
            continue
        tables, kind = spellings(file), kinds["*"]
        others = [table for name, table in tables.items() if len(name) == 2 and name != "en"]
        for key in tables["en"]:
            meaning = (Entry(kind, tuple(key.split(" + "))),)
            english = meaning[0].values[-1].rpartition(": ")[2]
            if known(english) == meaning:
                own = set(map(_spelt, tables["en"][key]))
                words = {word for table in others for word in _plain(table.get(key, ()))}
                found |= {word: english for word in words - own if known(word) == meaning}
    for word, english in _products().items():
        # Read as the English word is: as clothes or shoes, or not at all.
        nothing = (), (Entry("product", ()),)
        as_english = known(word) in (*nothing, known(english))
        if word != english and as_english:
            found[word] = english
    return found, frozenset(word.split()[0] for word in found)


@cache
def _products() -> dict[str, str]:
    """What products are called in other languages, to what they are called in English.

    What is said of the offer is called nothing.
    """
    named = [pair for keys in spellings("products.toml").values() for pair in keys.items()]
    offers = [("", words) for words in spellings("offers.toml")["phrases"].values()]
    return {_spelt(word): english for english, words in named + offers for word in words}


@cache
def _accented(letters: frozenset[str]) -> dict[str, str]:
    """Words that mean something only as they are written, to the English ones.

    `letters`: those of the title of which some tables are.
    """
    return {
        word: english
        for name, words in spellings("accented.toml").items()
        if name == "all" or not letters.isdisjoint(name)
        for english, spelt in words.items()
        for word in spelt
    }


@cache
def accented_words() -> frozenset[str]:
    """Words of the lists with letters beyond ASCII, as written: they show how a text is encoded."""
    lists = (spellings(file) for file in (*_FILES, "products.toml", "offers.toml"))
    words = (
        word
        for tables in lists
        for keys in tables.values()
        for each in keys.values()
        for word in each
    )
    # Of Romanian, code pages have the cedilla in place of the comma.
    parts = (part for word in words for part in (*word.split(), *word.translate(_CEDILLAS).split()))
    return frozenset(part for part in parts if len(part) > 3 and not part.isascii())


def _plain(words: Sequence[str]) -> Iterator[str]:
    """The first of several words for one thing, in all its forms: the others are shades of it."""
    begin = words[0][: max(3, len(words[0]) - 2)] if words else ""
    for word in words:
        if all(part.startswith(begin) for part in word.split()):
            yield _spelt(word)


@cache
def _spelt(word: str) -> str:
    """A word of the lists as titles have it: read once, though it is in several lists."""
    return normalise_raw(word)


# What words for colours and clothes say beside detergents and nappies, too.
_BESIDE = frozenset(("washed", "worn"))
# Of each file, what kind a table holds: "*" for the languages, its own name if nothing is said.
_FILES: dict[str, dict[str, str]] = {
    "colours.toml": {"*": "colour", "either": "either", "later": "later"},
    "flavours.toml": {"*": "flavour"},
    "materials.toml": {"*": "flavour"},
    "accessories.toml": {"*": "accessory", "maker": "maker", "poured": "poured"},
    "sizes.toml": {},
    "contexts.toml": {},
}


@cache
def spellings(file: str) -> dict[str, dict[str, list[str]]]:
    """The words of one file by table, mostly a language, and by what they mean, as written."""
    return {
        table: {key: list(_expand(spelt)) for key, spelt in keys.items()}
        for table, keys in word_lists(file).items()
    }


def _expand(spelt: str) -> Iterator[str]:
    """Write out "stem|a|b" and phrases; see the head of `colours.toml`."""
    for word in spelt.replace("_", "\0").split():
        stem, *endings = word.replace("\0", " ").split("|")
        yield from (stem + ending for ending in endings or [""])


def _is_joined(title: str, words: list[re.Match[str]]) -> bool:
    """Whether only a space or a hyphen is between the words: "black, tea" is no tea."""
    if len(words) == 1:
        return True
    gaps = (title[a.end() : b.start()] for a, b in pairwise(words))
    return all(gap in _JOINTS or not gap for gap in gaps)


def _stands_alone(run: str, start: int, stop: int, meanings: tuple[Entry, ...]) -> bool:
    """Whether a word in a run without spaces is a word: 黑 alone is black, in 黑人 is not."""
    if _KATAKANA.match(run, stop - 1) and _KATAKANA.match(run, stop):
        return False  # "ブルー" in "ブルーレイ"
    if not any(entry.kind == "colour" for entry in meanings):
        return True
    word = run[start:stop]
    is_bare = len(word) == 1 or (_THAI.match(word) is not None and not word.startswith("สี"))
    return not is_bare or word == run
