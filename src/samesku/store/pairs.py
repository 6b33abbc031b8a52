"""Distinct postings and their scored pairs, as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    def unpack(cls, packed: bytes) -> ScoredPairs:
        """Read what `pack` gave."""
        size = len(packed) // 20
        numbers = np.frombuffer(packed, "<f4", 3 * size, 8 * size).reshape(3, size)
        return cls(np.frombuffer(packed, "<i8", size), *numbers)

    def part(self, start: int, stop: int) -> ScoredPairs:
        """Those from one place to another."""
        return ScoredPairs(*(each[start:stop] for each in vars(self).values()))

    @classmethod
    def joined(cls, several: Sequence[ScoredPairs]) -> ScoredPairs:
        """The pairs of several postings, one after the other."""
        names = ("other", "text", "photo", "probability")
        return cls(*(np.concatenate([getattr(each, name) for each in several]) for name in names))


@dataclass(frozen=True, eq=False)
class Distinct:
    """One distinct posting as it is found: its number, terms, photo hash and title's number."""

    number: int
    terms: Terms
    phash: bytes | None
    title: int
