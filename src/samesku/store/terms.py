"""Titles as numbered words and character n-grams, weighed by how rare they are in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from samesku.titles import normal_tokens

__all__ = ["NO_COLUMN", "WIDTH", "Terms", "Weighed", "read_terms", "term_number", "weigh"]

# Terms are numbered by a hash, so that no vocabulary has to be kept.
WIDTH = 2**22
NGRAMS = (3, 4)
MOST = 60_000
NO_COLUMN: NDArray[np.int32] = np.empty(0, dtype=np.int32)
# One and the logarithm of a count.
_LOGS = np.log(np.maximum(np.arange(256), 1)) + 1


@dataclass(frozen=True, eq=False)
class Terms:
    """The terms of one title: `columns` int32, the first `words` of them words; `counts` uint8."""

    columns: NDArray[np.int32]
    counts: NDArray[np.uint8]
    words: int

    def pack(self) -> bytes:
        """As bytes, for the store."""
        head = np.array([self.words], dtype="<i4").tobytes()
        return head + self.columns.astype("<i4").tobytes() + self.counts.tobytes()

    @classmethod
    def unpack(cls, packed: bytes) -> Terms:
        """Read what `pack` gave."""
        size = (len(packed) - 4) // 5
        words = int(np.frombuffer(packed, "<i4", 1)[0])
        columns = np.frombuffer(packed, "<i4", size, 4).astype(np.int32)
        return cls(columns, np.frombuffer(packed, np.uint8, size, 4 + 4 * size), words)


@dataclass(frozen=True, eq=False)
class Weighed:
    """TF-IDF unit vectors of titles, one after the other; none for a title without a word.

    Attributes
    ----------
    columns, weights : int32 and float32
    owner : int64
        The place of the title that each is of.
    size : int
        How many titles there are.
    """

    columns: NDArray[np.int32]
    weights: NDArray[np.float32]
    owner: NDArray[np.int64]
    size: int

    def dot(self, columns: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosine of each title with one whose vector is given."""
        order = np.argsort(columns, kind="stable")
        distinct, start = np.unique(columns[order], return_index=True)
        totals = np.add.reduceat(weights[order], start)
        place = np.searchsorted(distinct, self.columns)
        place[place == len(distinct)] = 0
        shared = np.flatnonzero(distinct[place] == self.columns)
        products = totals[place[shared]] * self.weights[shared]
        told = np.bincount(self.owner[shared], products, minlength=self.size)
        return np.minimum(told, 1).astype(np.float32)


def term_number(word: str) -> int:
    """The number of a word."""
    return crc32(b"w " + word.encode("utf-8", "surrogatepass")) % WIDTH


def read_terms(normal: str) -> Terms:
    """The terms of a normal title; the same as those of the encoder `tfidf`."""
    words = Counter(map(term_number, normal_tokens(normal)))
    grams: Counter[int] = Counter()
    for word in normal.split():
        padded = f" {word} "
        for length in NGRAMS:
            for start in range(len(padded) - length + 1):
                gram = padded[start : start + length]
                grams[crc32(gram.encode("utf-8", "surrogatepass")) % WIDTH] += 1
    rows = [*words.items(), *grams.items()][:MOST]
    columns = np.array([column for column, _ in rows], dtype=np.int32)
    counts = np.minimum([count for _, count in rows], 255).astype(np.uint8)
    return Terms(columns, counts, min(len(words), MOST))


def weigh(
    terms: Sequence[Terms], frequency: NDArray[np.int32], size: int, word_weight: float = 0.5
) -> Weighed:
    """The unit vectors of titles by the document frequencies of a store of `size` titles."""
    lengths = np.array([len(each.columns) if each.words else 0 for each in terms], dtype=np.int64)
    told = [each for each in terms if each.words]
    owner = np.repeat(np.arange(len(terms)), lengths)
    if not told:
        return Weighed(NO_COLUMN, np.empty(0, dtype=np.float32), owner, len(terms))
    columns = np.concatenate([each.columns for each in told])
    counts = np.concatenate([each.counts for each in told])
    rarity = np.log((1 + size) / (1 + frequency[columns])) + 1
    weights = _LOGS[counts] * rarity
    words = np.repeat(np.array([each.words for each in terms], dtype=np.int64), lengths)
    start = np.repeat(np.cumsum(lengths) - lengths, lengths)
    part = 2 * owner + (np.arange(len(columns)) - start >= words)
    squares = np.bincount(part, weights * weights, minlength=2 * len(terms))
    share = np.tile([word_weight, 1 - word_weight], len(terms))
    # A title without one of the two parts is as long as the others.
    length = np.where(squares > 0, share, 0).reshape(-1, 2).sum(axis=1).repeat(2)
    factor = np.sqrt(share / np.where(squares * length > 0, squares * length, np.inf))
    return Weighed(columns, (weights * factor[part]).astype(np.float32), owner, len(terms))
