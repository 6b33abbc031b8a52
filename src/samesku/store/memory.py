"""What a live index holds in memory: terms, hashes, neighbours and scores of distinct postings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import places_among
from samesku.candidates.neighbors import FLOOR
from samesku.runtime.arrays import AnyInts, Array, Floats, Ints
from samesku.store.arrays import Growing, Lists, spans
from samesku.store.content import Content, Contents
from samesku.store.near import NEIGHBORS, Near, ScoredPairs, nearest
from samesku.store.postings import Payload, normal_title, phash_of, title_key
from samesku.store.terms import WIDTH, Terms, TermTable, read_terms

# Probabilities below this change no cluster.
KEPT = 0.02
# Lists of slots by the number of their title.
TITLES = 2**20
# Character n-grams of a title that it is found by, the rarest; its words all are.
INDEXED_NGRAMS = 24
# Entries of the inverted index that one search reads, and titles that it compares in full.
READ_AT_MOST, COMPARED = 40_000, 400
# Scored pairs that are remembered as new.
MOST_RECENT = 20_000
# Postings whose terms are put in the inverted index, or whose pairs are read, at once.
AT_ONCE = 50_000
# Postings of a store below which they are added as later ones when it is read.
FEW = 1_000
# Bits in which the hashes of photos that are near differ at most.
REACH = int(64 * (1 - FLOOR["bits"]))
# The number of the first posting that is only searched for: larger than any.
SOUGHT = 2**62
# Ends of pairs are slots. Of several searches in one go those of the n-th are larger by n times
# this, so that a posting that two of them find is an end of its own in each.
SPAN = 2**40


@dataclass(frozen=True, eq=False)
class Distinct:
    """Distinct postings as they are found: numbers, terms, photo hashes and titles' numbers."""

    numbers: Sequence[int]
    terms: Terms
    phashes: Sequence[bytes | None]
    titles: Sequence[int]

    @classmethod
    def of(cls, number: int, payload: Payload) -> Distinct:
        title = normal_title(str(payload["title"]))
        return cls([number], read_terms(title), [phash_of(payload)], [title_key(title)])


class Memory:
    """The distinct postings of a store, found by their titles and photos.

    Each has a slot, its place in all arrays here; numbers ascend with the slots. The slot of one
    that was removed stays empty.
    """

    def __init__(self) -> None:
        self.size = 0
        self.terms = TermTable()
        # How many distinct postings hold each term.
        self.frequency = np.zeros(WIDTH, dtype=np.int32)
        self.contents = Contents()
        self._numbers, self._there = Growing(np.int64), Growing(np.bool_)
        self._titles = Growing(np.int64)
        self._bits, self._has_photo = Growing(np.uint64), Growing(np.bool_)
        self._by_term, self._by_title = Lists(WIDTH), Lists(TITLES)
        # Of each pair, at both ends: the other slot, similarities, probability, whether they clash.
        self._pairs = Lists(kinds="ifffb")
        self._recent: list[tuple[int, int, float]] | None = None
        # The weights of the terms of the title that is searched for, 0 between searches.
        self._sought = np.zeros(WIDTH, dtype=np.float32)
        # What each slot shares with it, 0 between searches; and the last entry that named the slot.
        self._worth, self._last = Growing(np.float32), Growing(np.int32)
        self._columns = (
            self._numbers, self._there, self._titles, self._has_photo, self._bits, self._worth,
            self._last,
        )  # fmt: skip

    @property
    def worn(self) -> bool:
        """Whether more slots are empty than used, so that reading all anew is worth it."""
        return self._numbers.size > 2 * self.size + 1_000_000

    def numbers(self, slots: AnyInts) -> Ints:
        return np.asarray(self._numbers.rows[slots])

    def slots(self, numbers: Ints) -> Ints:
        """The slots of numbers; -1 for what is not there."""
        place = places_among(self._numbers.rows, numbers)
        there = place >= 0
        there[there] = self._there.rows[place[there]]
        return np.where(there, place, -1)

    def slot(self, number: int) -> int:
        """The slot of a number; -1 for what is not there."""
        return int(self.slots(np.array([number], dtype=np.int64))[0])

    def add(self, some: Distinct) -> None:
        self._enter(self._append(some))

    def _enter(self, slots: Ints) -> None:
        """Let distinct postings be found by their terms and titles."""
        self.size += len(slots)
        np.add.at(self.frequency, self.terms.read(slots).columns, 1)
        found_by, found = self._found_by(slots)
        self._by_term.add(found_by, found)
        self._by_title.add(self._titles.rows[slots] % TITLES, slots)

    def add_all(self, parts: Iterable[Distinct]) -> None:
        """`add` for all distinct postings of a store, before any other, many times as fast."""
        for part in parts:
            self._append(part)
        slots = np.arange(self._numbers.size)
        if len(slots) < FEW:  # arrays over all terms are not worth filling
            self._enter(slots)
            return
        self.size = len(slots)
        steps = [slots[at : at + AT_ONCE] for at in range(0, self.size, AT_ONCE)]
        for some in steps:
            held = np.bincount(self.terms.read(some).columns, minlength=WIDTH)
            self.frequency += held.astype(np.int32)
        found_by = [self._found_by(some) for some in steps]
        self._by_term.build(*(np.concatenate(each) for each in zip(*found_by, strict=True)))
        self._by_title.build(self._titles.rows % TITLES, slots)

    def _append(self, some: Distinct) -> Ints:
        first, count = self._numbers.size, len(some.numbers)
        bits = [int.from_bytes(each or b"", "little") for each in some.phashes]
        shown = [each is not None for each in some.phashes]
        zeros: Array = np.zeros(count)
        rows: Sequence[Sequence[Any] | Array] = (
            some.numbers, np.ones(count), some.titles, shown, bits, zeros, zeros,
        )  # fmt: skip
        for column, values in zip(self._columns, rows, strict=True):
            column.extend(values)
        self.terms.add(some.terms)
        return np.arange(first, first + count)

    def _found_by(self, slots: Ints) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The terms by which some titles are found, and their slots."""
        read = self.terms.read(slots)
        part = np.repeat(np.arange(2 * len(slots)), np.diff(read.bounds))
        is_word = part % 2 == 0
        rarity = np.where(is_word, 0, self.frequency[read.columns])
        order = np.argsort((part << 32) + rarity, kind="stable")
        place = np.arange(len(part)) - read.bounds[part]
        kept = is_word | (place < INDEXED_NGRAMS)
        return read.columns[order][kept], slots[part[kept] // 2].astype(np.int32)

    def remove(self, number: int) -> None:
        """Forget a distinct posting, if it is there; lists that name it pass over it when read."""
        if (slot := self.slot(number)) < 0:
            return
        self.size -= 1
        np.subtract.at(self.frequency, self.terms.read(np.array([slot])).columns, 1)
        self._there.rows[slot] = False
        self.contents.forget(number)

    @contextmanager
    def with_sought(self, several: Sequence[tuple[Distinct, Content]]) -> Iterator[Ints]:
        """Distinct postings that are only searched for, there for a while; their slots.

        The store has one posting more: each is there without the others.
        """
        first = self._numbers.size
        for some, content in several:
            self._append(some)
            self.contents.keep(some.numbers[0], content)
        self.size += 1
        try:
            yield np.arange(first, self._numbers.size)
        finally:
            self.size -= 1
            for some, _ in several:
                self.contents.forget(some.numbers[0])
                self.terms.drop_last()
            for column in self._columns:
                column.cut(first)

    def title_uses(self, slots: AnyInts, sought: AnyInts | None = None) -> Ints:
        """How many distinct postings have the title of each; `sought` stands beside each."""
        titles = self._titles.rows[slots]
        place, others = self._by_title.of(titles % TITLES)
        same = (self._titles.rows[others] == titles[place]) & self._there.rows[others]
        uses = np.bincount(place[same], minlength=len(slots))
        # What is only there for a while is not in the lists.
        return uses if sought is None else uses + (titles == self._titles.rows[sought])

    def link(self, numbers: Ints, pairs: ScoredPairs) -> None:
        """Take scored pairs of distinct postings, `numbers`, with others."""
        mine, other, *columns = self._by_slots(numbers, pairs)
        ends = np.concatenate([mine, other]), np.concatenate([other, mine])
        self._pairs.add(*ends, *(np.tile(each, 2) for each in columns))
        if self._recent is not None:
            low, high = np.sort(self.numbers(np.stack([mine, other])), axis=0)
            kept = columns[2] >= KEPT
            some = (each[kept].tolist() for each in (low, high, columns[2]))
            self._recent += zip(*some, strict=True)
            if len(self._recent) > MOST_RECENT:
                self._recent = None

    def link_all(self, parts: Iterable[tuple[Ints, ScoredPairs]]) -> None:
        """Take all pairs there are, in place of those before: by both numbers, each once."""
        nothing = np.empty(0, dtype=np.int64), ScoredPairs.unpack([])[1]
        pairs = [self._by_slots(*each) for each in (nothing, *parts)]
        mine, other, *columns = (np.concatenate(each) for each in zip(*pairs, strict=True))
        ends = np.concatenate([mine, other]), np.concatenate([other, mine])
        self._pairs.build(*ends, *(np.tile(each, 2) for each in columns))
        self._recent = None

    def _by_slots(self, numbers: Ints, pairs: ScoredPairs) -> tuple[Array, ...]:
        """Pairs by slots instead of numbers, but for those that are not there."""
        mine, other = self.slots(numbers), self.slots(pairs.other)
        there = np.flatnonzero((mine >= 0) & (other >= 0))
        ends = (each[there].astype(np.int32) for each in (mine, other))
        columns = pairs.text, pairs.photo, pairs.probability, pairs.clashes
        return (*ends, *(each[there] for each in columns))

    def take_recent(self) -> list[tuple[int, int, float]] | None:
        """The pairs scored since this was called last, by numbers; None for too many."""
        recent, self._recent = self._recent, []
        return recent

    def scores(self, slots: Ints) -> tuple[Ints, NDArray[np.int32], Floats]:
        """The scored pairs of some: places among `slots`, the others' slots, probabilities."""
        place, others, _, _, values, _ = self._pairs.of(slots)
        kept = self._there.rows[others] & (values >= KEPT)
        return place[kept], others[kept], values[kept]

    def probability(self, one: int, other: int) -> float | None:
        """That of a scored pair of slots."""
        _, others, values = self.scores(np.array([one]))
        found = values[others == other]
        return float(found[0]) if len(found) else None

    def scored_pairs(self) -> tuple[Ints, Ints, Floats]:
        """All scored pairs by numbers, the smaller first, and their probabilities."""
        slots = np.flatnonzero(self._there.rows)
        parts: list[tuple[Array, ...]] = []
        for start in range(0, max(len(slots), 1), AT_ONCE):
            some = slots[start : start + AT_ONCE]
            place, other, values = self.scores(some)
            once = np.flatnonzero(some[place] < other)
            ends = some[place[once]], other[once]
            parts.append((self.numbers(ends[0]), self.numbers(ends[1]), values[once]))
        low, high, probability = map(np.concatenate, zip(*parts, strict=True))
        return low, high, probability

    def pairs_among(self, slots: Ints) -> tuple[Ints, Ints, Floats]:
        """The scored pairs of ascending slots: places among them, the smaller first."""
        a, other, values = self.scores(slots)
        b = places_among(slots, other)
        inside = a < b
        return a[inside], b[inside], values[inside]

    def neighbors(self, ends: Ints, new: Sequence[Array] = ()) -> list[tuple[Array, ...]]:
        """The nearest of some, near to far: by their titles, and by their photos.

        Of each list: places among `ends`, which ascend, the ends that the neighbours are,
        similarities, and which clash. `new`, columns of pairs beside those that are known: both
        ends, the similarities ``(2, m)``, which clash.
        """
        slots = ends % SPAN
        place, others, text, photo, _, clash = self._pairs.of(slots)
        there = np.flatnonzero(self._there.rows[others])
        place, clash = place[there], clash[there] > 0
        others = others[there] + (ends - slots)[place]
        similarity = np.stack([text[there], photo[there]])
        if new:
            one, other, alike, clashing = new
            place = np.concatenate([place, *(np.searchsorted(ends, end) for end in (one, other))])
            others = np.concatenate([others, other, one])
            similarity = np.concatenate([similarity, alike, alike], axis=1)
            clash = np.concatenate([clash, clashing, clashing])
        lists: list[tuple[Array, ...]] = []
        for values, floor in zip(similarity, (FLOOR["sparse"], FLOOR["bits"]), strict=True):
            near = np.flatnonzero(values >= floor)
            near = near[np.lexsort((-values[near], place[near]))]
            count = np.bincount(place[near])
            near = near[spans(np.zeros(len(count), dtype=np.int64), count) < NEIGHBORS]
            lists.append((place[near], others[near], values[near], clash[near]))
        return lists

    def find_text(self, terms: Terms, *, without: int = -1) -> Near:
        mine = terms.unit(self.frequency, self.size)
        found = self._sharing(terms, mine, without)
        cosine = self._cosine(terms.columns, mine, found)
        near = cosine >= FLOOR["sparse"]
        return nearest(found[near], cosine[near])

    def _cosine(self, columns: NDArray[np.int32], mine: Floats, slots: AnyInts) -> Floats:
        """That of the title of these terms with others; NaN for titles without words."""
        theirs = self.terms.read(slots)
        weights, factor = theirs.weigh(self.frequency, self.size)
        np.add.at(self._sought, columns, mine)
        products = theirs.sums(self._sought.take(theirs.columns, mode="clip") * weights) * factor
        self._sought[columns] = 0
        cosine = np.minimum(products.reshape(-1, 2).sum(axis=1), 1)
        return np.where(theirs.has_words, cosine, np.nan).astype(np.float32)

    def _sharing(self, terms: Terms, weights: Floats, without: int) -> Ints:
        """Those that share the rarest terms, as many as are worth comparing."""
        length = self._by_term.lengths(terms.columns)
        rarest = np.argsort(length, kind="stable")
        rarest = rarest[length[rarest] > 0]
        # The first in any case.
        rarest = rarest[: max(1, np.searchsorted(np.cumsum(length[rarest]), READ_AT_MOST, "right"))]
        place, slots = self._by_term.of(terms.columns[rarest], READ_AT_MOST)
        slots = slots.astype(np.int64)
        np.add.at(self._worth.rows, slots, weights[rarest][place] ** 2)
        # Of the entries of each slot the last one stands for it.
        entry = np.arange(len(slots), dtype=np.int32)
        self._last.rows[slots] = entry
        found = slots[self._last.rows[slots] == entry]
        worth = np.where(self._there.rows[found] & (found != without), self._worth.rows[found], -1)
        self._worth.rows[found] = 0
        if len(found) > COMPARED:
            best = np.argpartition(-worth, COMPARED)[:COMPARED]
            found, worth = found[best], worth[best]
        return np.asarray(found[worth >= 0])

    def find_photo(self, phash: bytes | None, *, without: int = -1) -> Near:
        """The photos nearest to one, by their hashes."""
        if phash is None:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        differing = np.bitwise_count(self._bits.rows ^ np.uint64(int.from_bytes(phash, "little")))
        slots = np.flatnonzero(differing <= REACH)
        close = self._has_photo.rows[slots] & self._there.rows[slots] & (slots != without)
        slots = slots[close]
        return nearest(slots, (1 - differing[slots] / 64).astype(np.float32))

    def text_similarity(self, left: AnyInts, right: AnyInts) -> Floats:
        """Of pairs of slots; NaN where a title has no words."""
        result = np.full(len(left), np.nan, dtype=np.float32)
        for slot in np.unique(right).tolist():
            read = self.terms.read(np.array([slot]))
            if read.has_words[0]:
                own = np.flatnonzero(right == slot)
                mine = read.unit(self.frequency, self.size)
                result[own] = self._cosine(read.columns, mine, left[own])
        return result

    def photo_similarity(self, left: AnyInts, right: AnyInts) -> Floats:
        """Of pairs of slots; NaN where a photo is missing."""
        bits, has = self._bits.rows, self._has_photo.rows
        differing = np.bitwise_count(bits[left] ^ bits[right]).astype(np.float32)
        return np.where(has[left] & has[right], 1 - differing / 64, np.float32(np.nan))
