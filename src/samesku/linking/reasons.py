"""Why two offers were linked, in words that a person can check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.linking.known import KnownLinks
from samesku.linking.sides import Sides
from samesku.scoring.features.brands import brand_words
from samesku.scoring.features.codes import model_codes
from samesku.scoring.reasons import as_said

__all__ = ["link_reasons"]

# Words shown of each kind: the rarest.
SHOWN = 3
# A shared word that at most so many postings hold is a rare one.
RARE = 10
SAME_HASH = 1 - 6 / 64
SIGNS = str.maketrans("", "", " -_./'\"")


def link_reasons(sides: Sides, pairs: Candidates, known: KnownLinks | None = None) -> list[str]:
    """What the two offers of each pair share and do not share, the most telling first.

    Parameters
    ----------
    sides : Sides
    pairs : Candidates
        The pairs to explain: links, not all candidates, for each gets its sentence.
    known : KnownLinks, optional

    Returns
    -------
    list of str
        E.g. ``'same model code "pslx350h"; same brand sony; price 399 and 389; only left:
        "silver"'``.
    """
    facts = _Facts(sides)
    told = _told(pairs, known)
    photo = _same_photo(pairs)
    return [
        "; ".join(facts.of(int(left), int(right), photo=same, known=given)) or "taken together"
        for left, right, same, given in zip(pairs.left, pairs.right, photo, told, strict=True)
    ]


def _told(pairs: Candidates, known: KnownLinks | None) -> NDArray[np.bool_]:
    told = np.zeros(len(pairs), dtype=bool)
    if known is not None:
        place = known.places(pairs)
        told[place[(place >= 0) & known.same]] = True
    return told


def _same_photo(pairs: Candidates) -> NDArray[np.bool_]:
    """Where the perceptual hashes say that both show one photo."""
    if "phash" not in pairs.encoders:
        return np.zeros(len(pairs), dtype=bool)
    return pairs.similarity[:, pairs.encoders.index("phash")] >= SAME_HASH


class _Facts:
    """What each posting says, looked up pair by pair."""

    def __init__(self, sides: Sides) -> None:
        catalog = sides.both
        titles = catalog.normal_titles
        self.words = sides.title_words
        self.sets = [set(words) for words in self.words.lists]
        held = np.bincount(self.words.held.indices, minlength=len(self.words.names))
        self.held_by = dict(zip(self.words.names, held.tolist(), strict=False))
        self.codes = model_codes(titles, self.words)
        self.squeezed = [title.translate(SIGNS) for title in titles]
        self.quantities = [set(each.tokens) for each in self.words.stated]
        self.brands = brand_words(catalog)
        self.prices: list[float | None] = [None] * len(catalog)
        if "price" in catalog.frame.columns:
            self.prices = catalog.frame["price"].cast(float).to_list()
        self.described = [""] * len(catalog)
        if "description" in catalog.frame.columns:
            texts = catalog.frame["description"].cast(str).fill_null("")
            self.described = [text.lower().translate(SIGNS) for text in texts.to_list()]

    def of(self, left: int, right: int, *, photo: bool, known: bool) -> Iterable[str]:
        """The reasons of one pair."""
        if known:
            yield "known link"
        code = self._shared_code(left, right)
        if code:
            yield f'same model code "{code}"'
        elif told := self._described_code(left, right):
            yield told
        if photo:
            yield "same photo"
        brand = self._shared_brand(left, right)
        if brand:
            yield f"same brand {brand}"
        shared = self.sets[left] & self.sets[right]
        sizes = self.quantities[left] & self.quantities[right]
        if sizes:
            yield f"same size or count {_quoted(sorted(sizes))}"
        plain = shared - sizes - {code} - set(brand.split())
        rare = self._rarest(plain)
        if rare and self.held_by[rare[0]] <= RARE:
            rare = [word for word in rare if self.held_by[word] <= RARE]
            yield f"rare {'word' if len(rare) == 1 else 'words'} {_quoted(rare)} in both"
        elif rare:
            yield f"both say {_quoted(rare)}"
        ours, theirs = self.prices[left], self.prices[right]
        if ours is not None and theirs is not None:
            yield f"price {ours:.15g} and {theirs:.15g}"
        for side, mine in (("left", left), ("right", right)):
            alone = self._rarest(self.sets[mine] - shared - {code}, telling=True)
            if alone:
                yield f"only {side}: {_quoted(alone)}"

    def _shared_code(self, left: int, right: int) -> str:
        for mine, theirs in ((left, right), (right, left)):
            code = self.codes[mine]
            if code and code in self.squeezed[theirs]:
                return code
        return ""

    def _described_code(self, left: int, right: int) -> str:
        for mine, theirs, side in ((left, right, "right"), (right, left, "left")):
            code = self.codes[mine]
            if code and code in self.described[theirs]:
                return f'model code "{code}" in the {side} description'
        return ""

    def _shared_brand(self, left: int, right: int) -> str:
        for mine, theirs in ((left, right), (right, left)):
            words = self.brands[mine]
            if words and set(words) <= self.sets[theirs] | set(self.brands[theirs]):
                return " ".join(words)
        return ""

    def _rarest(self, words: set[str], *, telling: bool = False) -> list[str]:
        """The rarest of some words; of those on one side only, the ones that tell variants apart.

        A word that is nowhere else is a typo or a flourish as often as not: with `telling`, numbers
        and words that other postings hold, too, are shown.
        """
        if telling:
            words = {
                word for word in words if self.held_by[word] > 1 or any(map(str.isdigit, word))
            }
        return sorted(words, key=lambda word: (self.held_by[word], word))[:SHOWN]


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f'"{as_said(word)}"' for word in words)
