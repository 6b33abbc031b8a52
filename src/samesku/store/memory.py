"""What a live index holds in memory: terms, hashes, neighbours and scores of distinct postings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import places_among
from samesku.candidates.neighbors import FLOOR
from samesku.candidates.shared_numbers import NEXT
from samesku.runtime.arrays import AnyInts, Array, Floats, Ints
from samesku.store.arrays import Growing, Lists
from samesku.store.content import Content, Contents
from samesku.store.postings import Payload, normal_title, phash_of, title_key
from samesku.store.terms import WIDTH, Terms, packed_terms

# The nearest that one finds.
NEIGHBORS = 50
# Probabilities below this change no cluster.
KEPT = 0.02
# Character n-grams of a title that it is found by, the rarest; its words all are.
INDEXED_NGRAMS = 24
# Entries of the inverted index that one search reads, and titles that it compares in full.
READ_AT_MOST, COMPARED = 40_000, 400
# Postings whose pairs are read at once.
AT_ONCE = 50_000
# Bits in which the hashes of photos that are near differ at most.
REACH = int(64 * (1 - FLOOR["bits"]))
# The number of the first posting that is only searched for: larger than any.
SOUGHT = 2**62
# Ends of pairs are slots. Of several searches in one go those of the n-th are larger by n times
# this, so that a posting that two of them find is an end of its own in each.
SPAN = 2**40


# A scored pair of one distinct posting with another: similarities (NaN unknown), probability, and
# whether they clash in an attribute that may not differ.
PAIR = np.dtype(
    [
        ("other", "<i8"),
        ("text", "<f4"),
        ("photo", "<f4"),
        ("probability", "<f4"),
        ("clashes", "?"),
    ],
    align=True,
)


def pairs_of(*columns: Array) -> Array:
    """Pairs of these columns, which are those of `PAIR`."""
    pairs = np.zeros(len(columns[0]), PAIR)
    for name, column in zip(PAIR.names or (), columns, strict=True):
        pairs[name] = column
    return pairs


class Distinct(NamedTuple):
    """A distinct posting as it is found: by its number, terms, photo, title and article numbers."""

    number: int
    terms: bytes
    phash: bytes | None
    title: int
    articles: str | None = None  # one to a line

    @classmethod
    def of(cls, number: int, payload: Payload, content: Content) -> Distinct:
        title, articles = content.normal, "\n".join(content.values["gtin"])
        return cls(
            number, packed_terms(title), phash_of(payload), title_key(title), articles or None
        )


class Memory:
    """The distinct postings of a store, found by their titles and photos.

    Each has a slot, its place in all arrays here; numbers ascend with the slots. The slot of one
    that was removed stays empty.
    """

    def __init__(self) -> None:
        self.size = 0
        # Terms in the order in which they came: the tables of those that there are stay in the
        # processor's cache. The place of each of `WIDTH`; how many distinct postings hold it, its
        # weight in the title that is searched for, 0 between searches.
        self._place = np.full(WIDTH, -1, dtype=np.int32)
        self._held_by, self._sought = Growing(np.int32), Growing(np.float32)
        # How many distinct postings have each title.
        self._uses: Counter[int] = Counter()
        self.contents = Contents()
        # Packed, terms by their places; of the words alone more titles are read at a time.
        self._terms: list[bytes] = []
        self._words: list[bytes] = []
        self._numbers, self._there = Growing(np.int64), Growing(np.bool_)
        self._titles, self._bits = Growing(np.int64), Growing(np.uint64)
        # How many terms of each title are words, and how many n-grams.
        self._lengths = Growing(np.int32), Growing(np.int32)
        self._columns = self._numbers, self._there, self._titles, self._bits, *self._lengths
        # The article numbers of each slot, and the slots by article number.
        self._articles: list[str | None] = []
        self._by_article: defaultdict[str, list[int]] = defaultdict(list)
        # Slots by term; scored pairs at both ends, in which the other is a slot.
        self._by_term, self._pairs = Lists(np.int32), Lists(PAIR)

    @property
    def slots_taken(self) -> int:
        return self._numbers.size

    @property
    def worn(self) -> bool:
        """Whether more slots are empty than used, so that reading all anew is worth it."""
        return self.slots_taken > 2 * self.size + 1_000_000

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

    def terms(self, slots: AnyInts) -> Terms:
        packed = [self._terms[slot] for slot in slots.tolist()]
        return Terms.read(packed, np.stack([each.rows[slots] for each in self._lengths], axis=1))

    def words(self, slots: AnyInts) -> tuple[NDArray[np.int32], Ints]:
        """The words of some titles; where those of each begin, and the last ones end."""
        packed = [self._words[slot] for slot in slots.tolist()]
        words = np.frombuffer(b"".join(packed), "<i4") & (WIDTH - 1)
        return words, np.append(0, np.cumsum(self._lengths[0].rows[slots]))

    def add(self, some: Sequence[Distinct]) -> None:
        """Add distinct postings, of larger numbers than all before."""
        self.index(self.count(some))

    def count(self, some: Sequence[Distinct]) -> Ints:
        """Add distinct postings and count their terms; they are found once they are indexed."""
        slots = self._append(some)
        self.size += len(slots)
        self._uses.update(self._titles.rows[slots].tolist())
        np.add.at(self._held_by.rows, self.terms(slots).columns, 1)
        return slots

    def index(self, slots: Ints) -> None:
        """Let some be found by all of their words, and by the n-grams that are rarest by now."""
        terms = self.terms(slots)
        part = np.repeat(np.arange(2 * len(slots)), np.diff(terms.bounds))
        is_word = part % 2 == 0
        rarity = np.where(is_word, 0, self._held_by.rows[terms.columns])
        order = np.argsort((part << 32) + rarity, kind="stable")
        kept = is_word | (np.arange(len(part)) - terms.bounds[part] < INDEXED_NGRAMS)
        self._by_term.add(terms.columns[order][kept], slots[part[kept] // 2])
        for slot in slots.tolist():
            for article in self._articles_of(slot):
                self._by_article[article].append(slot)

    def _append(self, some: Sequence[Distinct], *, there: bool = True) -> Ints:
        first = self.slots_taken
        numbers, terms, phashes, titles, articles = zip(*some, strict=True)
        bits = [int.from_bytes(each or b"", "little") for each in phashes]
        words = [int.from_bytes(each[:4], "little") for each in terms]
        others = [len(each) // 4 - 1 - count for each, count in zip(terms, words, strict=True)]
        rows: Sequence[Sequence[Any]] = (
            numbers, [there] * len(some), titles, bits, words, others,
        )  # fmt: skip
        for column, values in zip(self._columns, rows, strict=True):
            column.extend(values)
        self._articles += articles
        self._terms += self._placed([each[4:] for each in terms])
        self._words += [each[4 : 4 + 4 * count] for each, count in zip(terms, words, strict=True)]
        return np.arange(first, self.slots_taken)

    def _placed(self, packed: Sequence[bytes]) -> list[bytes]:
        """Packed terms by their places, which new ones get."""
        read = np.frombuffer(b"".join(packed), "<i4")
        terms = read & (WIDTH - 1)
        new = np.unique(terms[self._place[terms] < 0])
        self._place[new] = np.arange(self._held_by.size, self._held_by.size + len(new))
        for column in (self._held_by, self._sought):
            column.extend(np.zeros(len(new)))
        placed = (read - terms + self._place[terms]).astype("<i4").tobytes()
        ends = np.cumsum([0, *map(len, packed)]).tolist()
        return [placed[start:stop] for start, stop in pairwise(ends)]

    def remove(self, number: int) -> None:
        """Forget a distinct posting, if it is there; lists that name it pass over it when read."""
        if (slot := self.slot(number)) < 0:
            return
        self.size -= 1
        self._uses[int(self._titles.rows[slot])] -= 1
        np.subtract.at(self._held_by.rows, self.terms(np.array([slot])).columns, 1)
        self._there.rows[slot] = False
        for article in self._articles_of(slot):  # an offer that changes often would hide others
            self._by_article[article].remove(slot)
        self.contents.forget(number)

    @contextmanager
    def with_sought(self, payloads: Sequence[Payload]) -> Iterator[Ints]:
        """Postings that are only searched for, held for a while; their slots.

        They find others and are not found. The store has one posting more: each is there without
        the others.
        """
        numbers, contents = range(SOUGHT, SOUGHT + len(payloads)), list(map(Content.of, payloads))
        slots = self._append(list(map(Distinct.of, numbers, payloads, contents)), there=False)
        for number, content in zip(numbers, contents, strict=True):
            self.contents.keep(number, content)
        self.size += 1
        try:
            yield slots
        finally:
            self.size -= 1
            for number in numbers:
                self.contents.forget(number)
            first = int(slots[0])
            del self._terms[first:], self._words[first:], self._articles[first:]
            for column in self._columns:
                column.cut(first)

    def known_title(self, payload: Payload) -> bool:
        """Whether the title of a posting is that of one that is here."""
        return self._uses[title_key(normal_title(str(payload["title"])))] > 0

    def frequency(self, terms: AnyInts) -> Ints:
        """How many distinct postings hold each of some terms."""
        place = self._place[terms]
        return np.where(place < 0, 0, self._held_by.rows[place]).astype(np.int64)

    def title_uses(self, slots: AnyInts, sought: AnyInts | None = None) -> Ints:
        """How many distinct postings have the title of each; `sought` stands beside each."""
        titles = self._titles.rows[slots]
        uses = np.array([self._uses[each] for each in titles.tolist()], dtype=np.int64)
        # What is only there for a while is not counted.
        return uses if sought is None else uses + (titles == self._titles.rows[sought])

    def link(self, numbers: Ints, pairs: Array) -> None:
        """Take scored pairs of distinct postings, `numbers`, with others that are there."""
        mine, other = self.slots(numbers), self.slots(pairs["other"])
        there = (mine >= 0) & (other >= 0)
        mine, other, pairs = mine[there], other[there], pairs[there]
        for end, others in ((mine, other), (other, mine)):
            pairs["other"] = others
            self._pairs.add(end, pairs)

    def forget_pairs(self) -> None:
        """Hold no scored pairs any more."""
        self._pairs = Lists(PAIR)

    def scores(self, slots: Ints) -> tuple[Ints, Ints, Floats]:
        """The scored pairs of some: places among `slots`, the others' slots, probabilities."""
        place, pairs = self._pairs.of(slots)
        kept = self._there.rows[pairs["other"]] & (pairs["probability"] >= KEPT)
        return place[kept], pairs["other"][kept], pairs["probability"][kept]

    def probability(self, one: int, other: int) -> float | None:
        """That of a scored pair of slots."""
        _, others, values = self.scores(np.array([one]))
        found = values[others == other]
        return float(found[0]) if len(found) else None

    def scored_by(self, left: Ints, right: Ints) -> Floats:
        """The similarities of pairs of slots when they were scored, ``(2, m)``, NaN where unknown.

        By their titles and by their photos.
        """
        found = np.full((2, len(left)), np.nan, dtype=np.float32)
        place, pairs = self._pairs.of(left)
        own = np.flatnonzero(pairs["other"] == right[place])
        found[:, place[own]] = pairs["text"][own], pairs["photo"][own]
        return found

    def scored_pairs(self, since: int = 0) -> tuple[Ints, Ints, Floats]:
        """All scored pairs by numbers, the smaller first, and their probabilities.

        Only those that came with the slots from `since` on.
        """
        parts: list[tuple[Array, ...]] = []
        for start in range(since, max(self.slots_taken, since + 1), AT_ONCE):
            some = start + np.flatnonzero(self._there.rows[start : start + AT_ONCE])
            place, other, values = self.scores(some)
            once = np.flatnonzero(other < some[place])
            ends = other[once], some[place[once]]
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
        place, pairs = self._pairs.of(slots)
        there = np.flatnonzero(self._there.rows[pairs["other"]])
        place, clash = place[there], pairs["clashes"][there]
        others = pairs["other"][there] + (ends - slots)[place]
        similarity = np.stack([pairs["text"][there], pairs["photo"][there]])
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
            first = np.searchsorted(place[near], place[near])
            near = near[np.arange(len(near)) - first < NEIGHBORS]
            lists.append((place[near], others[near], values[near], clash[near]))
        return lists

    def near(self, slot: int) -> tuple[Ints, Floats]:
        """The slots near to one by titles or photos, or of one article number, ascending.

        Their similarities ``(2, m)`` are NaN where it was not found so.
        """
        found_by = self.find_text(slot), self.find_photo(slot)
        others = np.concatenate([self._same_article(slot), *(found for found, _ in found_by)])
        others = np.unique(others)
        similarity = np.full((2, len(others)), np.nan, dtype=np.float32)
        for column, (found, alike) in zip(similarity, found_by, strict=True):
            column[np.searchsorted(others, found)] = alike
        return others, similarity

    def _articles_of(self, slot: int) -> list[str]:
        return (self._articles[slot] or "").splitlines()

    def _same_article(self, slot: int) -> Ints:
        """The last of each article number of one."""
        lists = (self._by_article.get(each, [])[-NEXT:] for each in self._articles_of(slot))
        slots = np.fromiter(chain.from_iterable(lists), dtype=np.int64)
        return np.asarray(slots[slots != slot])

    def find_text(self, slot: int) -> tuple[Ints, Floats]:
        terms = self.terms(np.array([slot]))
        mine = terms.unit(self._held_by.rows, self.size)
        found = self._sharing(terms, mine, slot)
        cosine = self._cosine(terms.columns, mine, found)
        near = cosine >= FLOOR["sparse"]
        return _nearest(found[near], cosine[near])

    def _cosine(self, columns: NDArray[np.int32], mine: Floats, slots: AnyInts) -> Floats:
        """That of the title of these terms with others; NaN for titles without words."""
        theirs = self.terms(slots)
        weights, factor = theirs.weigh(self._held_by.rows, self.size)
        sought = self._sought.rows
        np.add.at(sought, columns, mine)
        products = theirs.sums(sought.take(theirs.columns, mode="clip") * weights) * factor
        sought[columns] = 0
        cosine = np.minimum(products.reshape(-1, 2).sum(axis=1), 1)
        return np.where(theirs.has_words, cosine, np.nan).astype(np.float32)

    def _sharing(self, terms: Terms, weights: Floats, own: int) -> Ints:
        """Those that share the rarest terms, as many as are worth comparing."""
        length = self._by_term.lengths(terms.columns)
        rarest = np.argsort(length, kind="stable")
        rarest = rarest[length[rarest] > 0]
        # The first in any case.
        rarest = rarest[: max(1, np.searchsorted(np.cumsum(length[rarest]), READ_AT_MOST, "right"))]
        place, slots = self._by_term.of(terms.columns[rarest], READ_AT_MOST)
        worth = np.bincount(slots, weights[rarest][place] ** 2, self.slots_taken)
        found = np.flatnonzero((worth > 0) & self._there.rows)
        found = found[found != own]
        if len(found) > COMPARED:
            found = found[np.argpartition(-worth[found], COMPARED)[:COMPARED]]
        return np.asarray(found)

    def find_photo(self, slot: int) -> tuple[Ints, Floats]:
        """The photos nearest to one, by their hashes."""
        bits = self._bits.rows
        if not bits[slot]:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        differing = np.bitwise_count(bits ^ bits[slot])
        slots = np.flatnonzero(differing <= REACH)
        close = (bits[slots] > 0) & self._there.rows[slots] & (slots != slot)
        slots = slots[close]
        return _nearest(slots, (1 - differing[slots] / 64).astype(np.float32))

    def text_similarity(self, left: AnyInts, right: AnyInts) -> Floats:
        """Of pairs of slots; NaN where a title has no words."""
        result = np.full(len(left), np.nan, dtype=np.float32)
        for slot in np.unique(right).tolist():
            read = self.terms(np.array([slot]))
            if read.has_words[0]:
                own = np.flatnonzero(right == slot)
                mine = read.unit(self._held_by.rows, self.size)
                result[own] = self._cosine(read.columns, mine, left[own])
        return result

    def photo_similarity(self, left: AnyInts, right: AnyInts) -> Floats:
        """Of pairs of slots; NaN where a photo is missing."""
        one, other = self._bits.rows[left], self._bits.rows[right]
        differing = np.bitwise_count(one ^ other).astype(np.float32)
        return np.where((one > 0) & (other > 0), 1 - differing / 64, np.float32(np.nan))


def _nearest(others: Ints, similarity: Floats) -> tuple[Ints, Floats]:
    """Near to far, ties by slot."""
    order = np.lexsort((others, -similarity))[:NEIGHBORS]
    return others[order], similarity[order]
