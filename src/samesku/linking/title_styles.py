"""How a pseudo-shop words its titles: one drawn way of its own, the same for all its offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

__all__ = ["STYLES", "restyled_titles"]

Random: TypeAlias = np.random.Generator
Words: TypeAlias = list[str]
Style: TypeAlias = Callable[[Sequence[Words], Random], list[Words]]

# How often a shop has each of the styles below.
HOW_OFTEN = 0.2
SYLLABLES = (
    "ba",
    "ke",
    "ru",
    "tas",
    "mi",
    "lo",
    "pen",
    "da",
    "su",
    "ang",
    "ti",
    "wor",
    "ne",
    "kal",
)
PHRASES = (
    "ready stock",
    "free shipping",
    "best seller",
    "murah",
    "promo",
    "original",
    "100% ori",
    "local seller",
    "fast delivery",
    "limited offer",
    "high quality",
    "new arrival",
    "termurah",
    "COD",
)
TRAITS = ("black", "white", "red", "blue", "pink", "grey", "hitam", "putih", "S", "M", "L", "XL")


def restyled_titles(titles: Sequence[str], random: Random, only: str | None = None) -> list[str]:
    """Word the titles of one shop in a way of its own.

    Each of the styles with a chance of its own: common words said in another language throughout,
    brands left out, phrases that say nothing of the product, words joined and split, another order,
    colours and sizes told or not told, titles cut off.

    Parameters
    ----------
    titles : sequence of str
    random : numpy.random.Generator
    only : str, optional
        One of `STYLES`, to have that one for sure and no other.

    Returns
    -------
    list of str
        None of them empty that was not.
    """
    said = [title.split() for title in titles]
    for name, style in STYLES.items():
        if name == only or (only is None and random.random() < HOW_OFTEN):
            styled = style(said, random)
            said = [after or before for after, before in zip(styled, said, strict=True)]
    return [" ".join(words) for words in said]


def _translated(said: Sequence[Words], random: Random) -> list[Words]:
    """Some of the words that many titles hold become other words, the same in all titles."""
    share = random.uniform(0.1, 0.5)
    common = _common(said, int(random.integers(2, 6)))
    other = {
        word: "".join(random.choice(SYLLABLES, size=random.integers(2, 5)))
        for word in common
        if random.random() < share
    }
    return [[other.get(word.lower(), word) for word in words] for words in said]


def _brands_left_out(said: Sequence[Words], random: Random) -> list[Words]:
    """Words that several titles begin with are left out wherever they stand."""
    first = Counter(words[0].lower() for words in said if words)
    brands = {word for word, count in first.items() if count >= random.integers(2, 5)}
    return [[word for word in words if word.lower() not in brands] for words in said]


def _told_to_all(said: Sequence[Words], random: Random) -> list[Words]:
    """Phrases of the shop before or after most titles."""
    phrases = random.choice(PHRASES, size=random.integers(1, 4), replace=False).tolist()
    often, before = random.uniform(0.4, 1), random.random()
    styled = []
    for words in said:
        mine = list(words)
        for phrase in phrases:
            if random.random() < often:
                at = 0 if random.random() < before else len(mine)
                mine[at:at] = phrase.split()
        styled.append(mine)
    return styled


def _spelled(said: Sequence[Words], random: Random) -> list[Words]:
    """Neighbouring words joined, long words split, numbers apart from their units."""
    joined, split, apart = random.uniform(0, 0.2), random.uniform(0, 0.1), random.random() < 0.5
    styled = []
    for words in said:
        mine: Words = []
        for word in words:
            digits = len(word) - len(word.lstrip("0123456789"))
            if mine and random.random() < joined:
                mine[-1] += word
            elif apart and 0 < digits < len(word):
                mine += [word[:digits], word[digits:]]
            elif len(word) > 6 and random.random() < split:
                at = int(random.integers(3, len(word) - 2))
                mine += [word[:at], word[at:]]
            else:
                mine.append(word)
        styled.append(mine)
    return styled


def _turned(said: Sequence[Words], random: Random) -> list[Words]:
    """What stands first in other titles stands last here, or all of it the other way round."""
    if random.random() < 0.3:
        return [words[::-1] for words in said]
    first = int(random.integers(1, 4))
    return [words[first:] + words[:first] for words in said]


def _traits(said: Sequence[Words], random: Random) -> list[Words]:
    """Colours and sizes added to the titles of this shop, or numbers left out of them."""
    often = random.uniform(0.3, 1)
    if random.random() < 0.3:
        return [
            [word for word in words if word.isalpha() or random.random() >= often] for words in said
        ]
    return [
        [*words, str(random.choice(TRAITS))] if random.random() < often else words for words in said
    ]


def _cut(said: Sequence[Words], random: Random) -> list[Words]:
    """Titles end after so many letters."""
    longest = int(random.integers(25, 60))
    return [" ".join(words)[:longest].split() for words in said]


def _common(said: Sequence[Words], least: int) -> list[str]:
    """Words without digits of at least so many titles, in the order in which they come."""
    held = Counter(word for words in said for word in dict.fromkeys(map(str.lower, words)))
    return [word for word, count in held.items() if count >= least and word.isalpha()]


STYLES: dict[str, Style] = {
    "brands left out": _brands_left_out,
    "translated": _translated,
    "traits": _traits,
    "spelled": _spelled,
    "turned": _turned,
    "cut": _cut,
    "told to all": _told_to_all,
}
