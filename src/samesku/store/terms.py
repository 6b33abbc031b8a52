"""Titles as numbered words and character n-grams, weighed by how rare they are in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from samesku.titles import normal_tokens

__all__ = ["WIDTH", "Terms", "Vector", "read_terms", "term_number", "vectors"]

# Terms are numbered by a hash, so that no vocabulary has to be kept.
WIDTH = 2**22
NGRAMS = (3, 4)
MOST = 60_000


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
class Vector:
    """One title's TF-IDF unit vector; empty for a title without a word."""

    columns: NDArray[np.int32]
    weights: NDArray[np.float32]


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


def vectors(
    terms: Sequence[Terms], frequency: NDArray[np.int32], size: int, word_weight: float = 0.5
) -> list[Vector]:
    """The unit vectors of titles by the document frequencies of a store of `size` titles."""
    return [_vector(each, frequency, size, word_weight) for each in terms]


def _vector(terms: Terms, frequency: NDArray[np.int32], size: int, word_weight: float) -> Vector:
    if not terms.words:
        return Vector(terms.columns[:0], np.empty(0, dtype=np.float32))
    rarity = np.log((1 + size) / (1 + frequency[terms.columns])) + 1
    weights = ((np.log(terms.counts) + 1) * rarity).astype(np.float32)
    for part, share in (
        (slice(0, terms.words), word_weight),
        (slice(terms.words, None), 1 - word_weight),
    ):
        length = float(np.sqrt(np.dot(weights[part], weights[part])))
        weights[part] *= np.float32(np.sqrt(share) / length) if length else np.float32(0)
    length = float(np.sqrt(np.dot(weights, weights)))
    return Vector(terms.columns, weights / np.float32(length or 1))
