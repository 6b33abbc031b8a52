"""What a live index holds in memory: terms, hashes, neighbours and scores of distinct postings."""

from __future__ import annotations

import copy
from array import array
from collections import ChainMap, Counter, defaultdict
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.neighbors import FLOOR
from samesku.store.hashes import Hashes
from samesku.store.said import Sayings
from samesku.store.terms import WIDTH, Terms, weigh

__all__ = ["KEPT", "NEIGHBORS", "Memory", "ScoredPairs"]

NEIGHBORS = 50
# Scores below this move no cluster that anyone would tell apart.
KEPT = 0.02
# Character n-grams of a title that it is found by, the rarest; its words all are.
INDEXED_NGRAMS = 24
# Entries of the inverted index that one search reads, and titles that it compares in full.
READ_AT_MOST, COMPARED = 40_000, 400
# Scored pairs that are remembered as new.
MOST_NEWS = 20_000

Near = tuple[NDArray[np.int64], NDArray[np.float32]]
NOBODY: Near = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))


@dataclass(frozen=True, eq=False)
class ScoredPairs:
    """Pairs of one distinct posting with others: similarities (NaN unknown) and probability."""

    other: NDArray[np.int64]
    text: NDArray[np.float32]
    photo: NDArray[np.float32]
    probability: NDArray[np.float32]

    def pack(self) -> bytes:
        """As bytes, for the store."""
        numbers = np.stack([self.text, self.photo, self.probability]).astype("<f4")
        return self.other.astype("<i8").tobytes() + numbers.tobytes()

    @classmethod
    def unpack(cls, packed: bytes) -> ScoredPairs:
        """Read what `pack` gave."""
        size = len(packed) // 20
        other = np.frombuffer(packed, "<i8", size).astype(np.int64)
        numbers = np.frombuffer(packed, "<f4", 3 * size, 8 * size).astype(np.float32)
        return cls(other, *numbers.reshape(3, size))


class Memory:
    """The distinct postings of a store, found by what they say and show.

    Attributes
    ----------
    terms : dict of int to Terms
        By the number of the distinct posting.
    frequency : int32 (WIDTH,)
        How many distinct postings hold each term.
    near_text, near_photo : dict of int to (others, similarities)
        The nearest of each, near to far.
    scores : dict of int to dict of int to float
        Probability of the pairs of each that matter.
    """

    def __init__(self) -> None:
        self.size = 0
        self.terms: MutableMapping[int, Terms] = {}
        self.frequency = np.zeros(WIDTH, dtype=np.int32)
        self.hashes: MutableMapping[int, int] = {}
        self.near_text: MutableMapping[int, Near] = {}
        self.near_photo: MutableMapping[int, Near] = {}
        self.scores: dict[int, dict[int, float]] = defaultdict(dict)
        self.titles: MutableMapping[int, int] = Counter()
        self._title_of: MutableMapping[int, int] = {}
        self._lists: dict[int, array[int]] = {}
        self.sayings = Sayings()
        self._news: list[tuple[int, int, float]] | None = None
        self._bands = Hashes()
        self._gone: set[int] = set()

    def __len__(self) -> int:
        return self.size

    def add(self, number: int, terms: Terms, phash: bytes | None, title: int) -> None:
        """Take a distinct posting; its neighbours and scores come by `link`."""
        self.size += 1
        self.terms[number] = terms
        self.frequency[np.unique(terms.columns)] += 1
        self._title_of[number] = title
        self.titles[title] += 1
        grams = terms.columns[terms.words :]
        rare = np.argsort(self.frequency[grams], kind="stable")[:INDEXED_NGRAMS]
        for column in {*terms.columns[: terms.words].tolist(), *grams[rare].tolist()}:
            if column not in self._lists:
                self._lists[column] = array("q")
            self._lists[column].append(number)
        if phash is not None:
            self.hashes[number] = int.from_bytes(phash, "little")
            self._bands.add(number, self.hashes[number])

    def remove(self, number: int) -> None:
        """Forget a distinct posting; lists that name it are passed over when they are read."""
        self.size -= 1
        terms = self.terms.pop(number)
        self.frequency[np.unique(terms.columns)] -= 1
        title = self._title_of.pop(number)
        self.titles[title] -= 1
        if not self.titles[title]:
            del self.titles[title]
        self._gone.add(number)
        self.sayings.forget(number)
        if self.hashes.pop(number, None) is not None:
            self._bands.remove(number)
        self.near_text.pop(number, None)
        self.near_photo.pop(number, None)
        for other in self.scores.pop(number, {}):
            self.scores[other].pop(number, None)

    def with_one(self, number: int, terms: Terms, phash: bytes | None, title: int) -> Memory:
        """One more distinct posting, to be scored, in a memory that leaves this one as it is."""
        over = copy.copy(self)
        over.size = self.size + 1
        over.terms = ChainMap({number: terms}, self.terms)
        own = {} if phash is None else {number: int.from_bytes(phash, "little")}
        over.hashes = ChainMap(own, self.hashes)
        over.near_text = ChainMap({}, self.near_text)
        over.near_photo = ChainMap({}, self.near_photo)
        over._title_of = ChainMap({number: title}, self._title_of)
        over.titles = ChainMap({title: self.titles.get(title, 0) + 1}, self.titles)
        return over

    def title_uses(self, number: int) -> int:
        """How many distinct postings have this one's title."""
        return self.titles[self._title_of[number]]

    def link(self, number: int, pairs: ScoredPairs) -> None:
        """Take the pairs of one distinct posting with others, on both sides."""
        self.near(number, pairs.other, pairs.text, self.near_text)
        self.near(number, pairs.other, pairs.photo, self.near_photo)
        self.score(number, pairs)

    def score(self, number: int, pairs: ScoredPairs) -> None:
        """Take the probabilities only."""
        kept = pairs.probability >= KEPT
        for other, value in zip(
            pairs.other[kept].tolist(), pairs.probability[kept].tolist(), strict=True
        ):
            if other in self.terms:
                self.scores[number][other] = self.scores[other][number] = value
                if self._news is not None:
                    self._news.append((min(number, other), max(number, other), value))
        if self._news is not None and len(self._news) > MOST_NEWS:
            self._news = None

    def take_news(self) -> list[tuple[int, int, float]] | None:
        """The pairs scored since this was called last; None where they are too many to tell."""
        news, self._news = self._news, []
        return news

    def near(
        self,
        number: int,
        others: NDArray[np.int64],
        similarity: NDArray[np.float32],
        lists: MutableMapping[int, Near],
    ) -> None:
        """Enter neighbours in the lists of both sides; NaN and what is below the floor is none."""
        floor = FLOOR["sparse" if lists is self.near_text else "bits"]
        kept = np.flatnonzero(np.nan_to_num(similarity, nan=-1) >= floor)
        others, similarity = others[kept], similarity[kept]
        known, values = lists.get(number, NOBODY)
        lists[number] = _nearest(
            np.concatenate([known, others]), np.concatenate([values, similarity])
        )
        for other, value in zip(others.tolist(), similarity, strict=True):
            if other not in self.terms:
                continue
            known, values = lists.get(other, NOBODY)
            place = int(np.searchsorted(-values, -value, side="right"))
            if place < NEIGHBORS and number not in known:
                lists[other] = (
                    np.insert(known, place, number)[:NEIGHBORS],
                    np.insert(values, place, value)[:NEIGHBORS],
                )

    def link_all(self, packed: Iterable[tuple[int, ScoredPairs]]) -> None:
        """`link` for all distinct postings at once, a hundred times as fast."""
        parts = list(packed)
        if not parts:
            return
        sizes = [len(pairs.other) for _, pairs in parts]
        mine = np.repeat(np.array([number for number, _ in parts], dtype=np.int64), sizes)
        other = np.concatenate([pairs.other for _, pairs in parts])
        text, photo, probability = (
            np.concatenate([getattr(pairs, name) for _, pairs in parts])
            for name in ("text", "photo", "probability")
        )
        alive = np.array(sorted(self.terms), dtype=np.int64)
        there = np.isin(other, alive) & np.isin(mine, alive)
        mine, other = mine[there], other[there]
        text, photo, probability = (each[there] for each in (text, photo, probability))
        self.near_text = _lists_of(mine, other, text, FLOOR["sparse"])
        self.near_photo = _lists_of(mine, other, photo, FLOOR["bits"])
        self._news = None
        kept = probability >= KEPT
        for a, b, value in zip(
            mine[kept].tolist(), other[kept].tolist(), probability[kept].tolist(), strict=True
        ):
            self.scores[a][b] = self.scores[b][a] = value

    def neighbors(self, number: int, lists: MutableMapping[int, Near]) -> Near:
        """The neighbours of one that are still there."""
        others, similarity = lists.get(number, NOBODY)
        if self._gone.isdisjoint(others.tolist()):
            return others, similarity
        alive = [place for place, other in enumerate(others.tolist()) if other not in self._gone]
        return others[alive], similarity[alive]

    def find_text(self, terms: Terms, *, without: int = -1) -> Near:
        """The titles nearest to one."""
        mine = weigh([terms], self.frequency, len(self))
        found = self._sharing(terms, mine.weights, without)
        if not len(found):
            return NOBODY
        theirs = weigh([self.terms[each] for each in found.tolist()], self.frequency, len(self))
        similarity = theirs.dot(mine.columns, mine.weights)
        near = similarity >= FLOOR["sparse"]
        return _nearest(found[near], similarity[near])

    def _sharing(
        self, terms: Terms, weights: NDArray[np.float32], without: int
    ) -> NDArray[np.int64]:
        """Those that share the rarest terms, as many as are worth comparing."""
        if not len(weights):
            return NOBODY[0]
        listed = [
            (len(self._lists[column]), place)
            for place, column in enumerate(terms.columns.tolist())
            if column in self._lists
        ]
        read, parts, shares = 0, [], []
        for length, place in sorted(listed):
            if read and read + length > READ_AT_MOST:
                break
            read += length
            # A slice is a copy: a list that is being read cannot grow.
            listed_now = self._lists[int(terms.columns[place])][-READ_AT_MOST:]
            parts.append(np.frombuffer(listed_now, dtype=np.int64))
            shares.append(weights[place] ** 2)
        if not parts:
            return NOBODY[0]
        found, owner = np.unique(np.concatenate(parts), return_inverse=True)
        worth = np.bincount(owner, np.repeat(shares, [len(part) for part in parts]))
        order = np.argsort(-worth, kind="stable")
        best = [
            each for each in found[order[: 2 * COMPARED]].tolist()
            if each in self.terms and each != without
        ]  # fmt: skip
        return np.array(best[:COMPARED], dtype=np.int64)

    def find_photo(self, phash: bytes | None, *, without: int = -1) -> Near:
        """The photos nearest to one, by their hashes."""
        if phash is None:
            return NOBODY
        numbers, differing = self._bands.within(int.from_bytes(phash, "little"))
        similarity = 1 - differing / 64
        close = (similarity >= FLOOR["bits"]) & (numbers != without)
        return _nearest(numbers[close], similarity[close].astype(np.float32))

    def text_similarity(self, pairs: list[tuple[int, int]]) -> NDArray[np.float32]:
        """Of given pairs; NaN where a title has no words."""
        told = np.full(len(pairs), np.nan, dtype=np.float32)
        # Those that share an end are compared at once; a new posting is at the second end.
        places: dict[int, list[int]] = defaultdict(list)
        for place, (_, b) in enumerate(pairs):
            places[b].append(place)
        for b, some in places.items():
            mine = weigh([self.terms[b]], self.frequency, len(self))
            others = [self.terms[pairs[place][0]] for place in some]
            if len(mine.columns):
                near = weigh(others, self.frequency, len(self)).dot(mine.columns, mine.weights)
                told[some] = np.where([each.words > 0 for each in others], near, np.nan)
        return told

    def photo_similarity(self, pairs: list[tuple[int, int]]) -> NDArray[np.float32]:
        """Of given pairs; NaN where a photo is missing."""
        return np.array(
            [
                1 - (self.hashes[a] ^ self.hashes[b]).bit_count() / 64
                if a in self.hashes and b in self.hashes
                else np.nan
                for a, b in pairs
            ],
            dtype=np.float32,
        )


def _nearest(others: NDArray[np.int64], similarity: NDArray[np.float32]) -> Near:
    """Near to far, ties by number, each once."""
    order = np.lexsort((others, -similarity))
    others, similarity = others[order], similarity[order]
    _, first = np.unique(others, return_index=True)
    first.sort()
    return others[first[:NEIGHBORS]], similarity[first[:NEIGHBORS]]


def _lists_of(
    mine: NDArray[np.int64], other: NDArray[np.int64], similarity: NDArray[np.float32], floor: float
) -> dict[int, Near]:
    near = np.nan_to_num(similarity, nan=-1) >= floor
    query = np.concatenate([mine[near], other[near]])
    found = np.concatenate([other[near], mine[near]])
    values = np.concatenate([similarity[near], similarity[near]])
    order = np.lexsort((found, -values, query))
    query, found, values = query[order], found[order], values[order]
    owners, start = np.unique(query, return_index=True)
    ends = np.append(start[1:], len(query))[: len(start)]
    return {
        owner: _nearest(found[a:b], values[a:b])
        for owner, a, b in zip(owners.tolist(), start.tolist(), ends.tolist(), strict=True)
    }
