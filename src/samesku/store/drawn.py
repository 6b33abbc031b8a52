"""A random part of the scored pairs: the answers to them measure how good the scores are."""

from __future__ import annotations

from itertools import islice

import numpy as np
from numpy.typing import NDArray

from samesku.store.doubts import Open, Pair
from samesku.store.memory import Memory

# One pair in so many is for the audit: asked in random order, not for being in doubt.
ONE_IN = 8
AHEAD = 500


def _draws(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A pseudo-random number for each pair (Steele et al., "SplitMix", 2014)."""
    mixed = one.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + other.astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def is_drawn(one: int, other: int) -> bool:
    """Whether a pair is for the audit; the same for ever, and no matter what its score is."""
    return bool(_draws(np.array([one]), np.array([other]))[0] % ONE_IN == 0)


class Drawn:
    """The next pairs of the audit, in an order that does not depend on their scores."""

    def __init__(self) -> None:
        self._next: list[Pair] = []

    def following(self, memory: Memory, count: int, is_open: Open) -> list[Pair]:
        """The first open pairs; all pairs are gone through only when none is left."""
        self._next = [pair for pair in self._next if is_open(pair)]
        if not self._next:
            slots, others, score = memory.scored_pairs()
            one, other = memory.numbers(slots), memory.numbers(others)
            draws = _draws(one, other)
            drawn = np.flatnonzero(draws % ONE_IN == 0)
            ordered = drawn[np.argsort(draws[drawn])]
            ends = (each[ordered].tolist() for each in (one, other, score))
            self._next = list(islice(filter(is_open, zip(*ends, strict=True)), AHEAD))
        return self._next[:count]
