"""Distinct postings and their scored pairs, as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samesku.store.arrays import spans
from samesku.store.terms import Terms


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
    def unpack(cls, packed: Sequence[bytes]) -> tuple[NDArray[np.int64], ScoredPairs]:
        """Read what `pack` gave of some postings: of which of them each pair is, and the pairs."""
        read = np.frombuffer(b"".join(packed), "<u4")
        length = np.array([len(each) // 4 for each in packed], dtype=np.int64)
        start, size = np.cumsum(length) - length, length // 5
        other = read[spans(start, 2 * size)].view("<i8")
        numbers = (read[spans(start + at * size, size)].view("<f4") for at in (2, 3, 4))
        return np.repeat(np.arange(len(packed)), size), cls(other, *numbers)

    def part(self, start: int, stop: int) -> ScoredPairs:
        """Those from one place to another."""
        return ScoredPairs(*(each[start:stop] for each in vars(self).values()))


@dataclass(frozen=True, eq=False)
class Distinct:
    """Distinct postings as they are found: numbers, terms, photo hashes and titles' numbers."""

    numbers: Sequence[int]
    terms: Terms
    phashes: Sequence[bytes | None]
    titles: Sequence[int]
