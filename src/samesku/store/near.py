"""Who is near whom: what one search found, scored pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from samesku.runtime.arrays import Bools, Floats, Ints
from samesku.store.arrays import spans

NEIGHBORS = 50
Near: TypeAlias = tuple[Ints, Floats]


@dataclass(frozen=True, eq=False)
class ScoredPairs:
    """Pairs of one distinct posting with others: similarities (NaN unknown) and probability.

    `clashes`: whether they clash in an attribute that may not differ.
    """

    other: Ints
    text: Floats
    photo: Floats
    probability: Floats
    clashes: Bools

    def pack(self) -> bytes:
        marked = (self.other << 1 | self.clashes).astype("<i8")
        numbers = np.stack([self.text, self.photo, self.probability]).astype("<f4")
        return marked.tobytes() + numbers.tobytes()

    @classmethod
    def unpack(cls, packed: Sequence[bytes]) -> tuple[Ints, ScoredPairs]:
        """Read what `pack` gave of some postings: of which of them each pair is, and the pairs."""
        read = np.frombuffer(b"".join(packed), "<u4")
        length = np.array([len(each) // 4 for each in packed], dtype=np.int64)
        start, size = np.cumsum(length) - length, length // 5
        marked = read[spans(start, 2 * size)].view("<i8")
        text, photo, probability = (
            read[spans(start + at * size, size)].view("<f4") for at in (2, 3, 4)
        )
        pairs = cls(marked >> 1, text, photo, probability, (marked & 1).astype(bool))
        return np.repeat(np.arange(len(packed)), size), pairs

    def take(self, some: slice | Bools) -> ScoredPairs:
        return ScoredPairs(*(each[some] for each in vars(self).values()))


def nearest(others: Ints, similarity: Floats) -> Near:
    """Near to far, ties by slot."""
    order = np.lexsort((others, -similarity))[:NEIGHBORS]
    return others[order], similarity[order]


def joined(near: Sequence[Near]) -> tuple[Ints, Floats]:
    """All that were found, ascending, and their similarities ``(e, m)``; NaN where not found."""
    others = np.unique(np.concatenate([found for found, _ in near]))
    similarity = np.full((len(near), len(others)), np.nan, dtype=np.float32)
    for column, (found, alike) in zip(similarity, near, strict=True):
        column[np.searchsorted(others, found)] = alike
    return others, similarity
