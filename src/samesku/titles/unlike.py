"""Titles that are of different things: so what they have in common identifies none of them."""

from collections import Counter
from collections.abc import Iterable

from samesku.titles.words import normal_tokens

# Fewer titles may share no word by chance.
FEWEST = 3
# Of the titles under a photo of one thing, at least so many hold one word in common. Of the true
# pairs among the Shopee postings with one hash, 0.01% are under photos where fewer do.
SHARED = 1 / 2
# A word that most photos' titles hold is the shop's ("case") and distinguishes none; it takes
# so many photos to know.
MOST, KNOWN_FROM, READ = 1 / 2, 20, 20_000


def common_words(titles: Iterable[str]) -> set[str]:
    """The words that most photos or numbers have, one title of each given."""
    words = [_words(title) for title in titles]
    if len(words) < KNOWN_FROM:
        return set()
    return {word for word, count in _counted(words).items() if count > MOST * len(words)}


def unlike(titles: Iterable[str], common: set[str]) -> bool:
    """Whether no word is in half of the titles; what says nothing is not counted."""
    words = [each for each in map(_words, titles) if each]
    counts = _counted(each - common for each in words)
    return len(words) >= FEWEST and max(counts.values(), default=0) < SHARED * len(words)


def _counted(words: Iterable[set[str]]) -> Counter[str]:
    return Counter(word for each in words for word in each)


def _words(title: str) -> set[str]:
    return {word for word in normal_tokens(title) if len(word) > 1}
