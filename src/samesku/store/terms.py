"""Titles as numbered words and character n-grams, weighed by how rare they are in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from samesku.runtime.arrays import AnyInts, Bools, Bytes, Doubles, Floats, Ints
from samesku.titles import normal_tokens

# Terms are numbered by a hash, so that no vocabulary has to be kept.
BITS = 22
WIDTH = 1 << BITS
NGRAMS = (3, 4)
MOST = 60_000
# What the words and what the n-grams count.
SHARE = 0.5
# One and the logarithm of a count.
_LOGS = (np.log(np.maximum(np.arange(256), 1)) + 1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Terms:
    """The terms of a title or of several, one title after the other."""

    columns: NDArray[np.int32]
    counts: Bytes
    # Where the words of each title begin and where its n-grams do, and the last ones end.
    bounds: Ints  # (2 * size + 1,)

    @classmethod
    def read(cls, packed: Sequence[bytes], lengths: AnyInts) -> Terms:
        """Read packed terms of some titles: how many words and n-grams each has, ``(size, 2)``."""
        terms = np.frombuffer(b"".join(packed), "<i4")
        bounds = np.append(0, np.cumsum(lengths))
        return cls(terms & (WIDTH - 1), (terms >> BITS).astype(np.uint8), bounds)

    @property
    def ends(self) -> Ints:
        """Where the terms of each title begin, and the last ones end."""
        return self.bounds[::2]

    @cached_property
    def has_words(self) -> Bools:
        """Titles without a word are like no other."""
        return self.bounds[1::2] > self.ends[:-1]

    def sums(self, values: Floats) -> Doubles:
        """Those of the words and of the n-grams of each title, ``(2 * size,)``, in any order."""
        result = np.zeros(len(self.bounds) - 1)
        filled = np.flatnonzero(np.diff(self.bounds))
        if len(filled):
            result[filled] = np.add.reduceat(values, self.bounds[filled], dtype=np.float64)
        return result

    def weigh(self, frequency: NDArray[np.int32], size: int) -> tuple[Floats, Doubles]:
        """The weight of each term by the frequencies in `size` titles; what makes titles unit long.

        The second is a factor for the words and one for the n-grams of each title.
        """
        held_by = 1 + frequency.take(self.columns, mode="clip").astype(np.float32)
        rarity = np.log(np.float32(1 + size) / held_by)
        weights = _LOGS.take(self.counts, mode="clip") * (rarity + 1)
        squares = self.sums(weights * weights)
        # A title without one of the two parts is as long as the others; without words, nothing.
        length = np.where(squares > 0, SHARE, 0).reshape(-1, 2).sum(axis=1).repeat(2)
        whole = squares * length * self.has_words.repeat(2)
        return weights, np.sqrt(SHARE / np.where(whole > 0, whole, np.inf))

    def unit(self, frequency: NDArray[np.int32], size: int) -> Floats:
        weights, factor = self.weigh(frequency, size)
        return (weights * np.repeat(factor, np.diff(self.bounds))).astype(np.float32)


@lru_cache(maxsize=100_000)
def term_number(word: str) -> int:
    return crc32(b"w " + word.encode("utf-8", "surrogatepass")) % WIDTH


def packed_terms(normal: str) -> bytes:
    """The terms of a normal title; the same as those of the encoder `tfidf`.

    How many are words, then the terms with their counts.
    """
    words = Counter(map(term_number, normal_tokens(normal)))
    grams: Counter[int] = Counter()
    for word in normal.split():
        padded = f" {word} "
        for length in NGRAMS:
            for start in range(len(padded) - length + 1):
                gram = padded[start : start + length]
                grams[crc32(gram.encode("utf-8", "surrogatepass")) % WIDTH] += 1
    rows = [*words.items(), *grams.items()][:MOST]
    terms = [term | min(count, 255) << BITS for term, count in rows]
    return np.array([min(len(words), MOST), *terms], dtype="<i4").tobytes()
