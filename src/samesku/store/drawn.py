"""A random part of the scored pairs: what people say of them tells how good the scores are."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from math import ceil, sqrt
from typing import Any
from zlib import crc32

__all__ = ["Drawn", "audit", "is_drawn"]

# One pair in so many is for the audit: asked in random order, not for being in doubt.
ONE_IN = 8
AHEAD = 500
# Of a normal distribution 95 of 100 draws are within this many deviations; what is narrow enough.
DEVIATIONS, NARROW = 1.96, 0.03

Scored = tuple[int, int, float]


def _draw(pair: Scored) -> int:
    return crc32(f"{pair[0]} {pair[1]}".encode())


def is_drawn(pair: Scored) -> bool:
    """Whether a pair is for the audit; the same for ever, and no matter what its score is."""
    return _draw(pair) % ONE_IN == 0


class Drawn:
    """The next pairs of the audit, in an order that tells nothing of their scores."""

    def __init__(self) -> None:
        self._next: list[Scored] = []

    def following(
        self, pairs: Callable[[], Iterable[Scored]], count: int, is_open: Callable[[Scored], bool]
    ) -> list[Scored]:
        """The first open pairs; all `pairs` are gone through only when none is left."""
        self._next = [pair for pair in self._next if is_open(pair)]
        if not self._next:
            asked = (pair for pair in pairs() if is_drawn(pair) and is_open(pair))
            self._next = heapq.nsmallest(AHEAD, asked, key=lambda pair: (_draw(pair), pair))
        return self._next[:count]


def audit(answers: Sequence[tuple[float, bool]], threshold: float) -> dict[str, Any] | None:
    """Precision and recall of scored pairs by answers of the audit; None without any.

    Parameters
    ----------
    answers : sequence of (probability, whether it is the same)
    threshold : float
    """
    if not answers:
        return None
    found = [same for score, same in answers if score >= threshold]
    same = [score >= threshold for score, is_same in answers if is_same]
    told = {"precision": _interval(found), "recall": _interval(same)}
    return {"answers": len(answers), **told, "more": _more(len(answers), (found, same))}


def _interval(of: Sequence[bool]) -> list[float] | None:
    """A share and its 95% interval, by Wilson's formula."""
    if not of:
        return None
    count, share = len(of), sum(of) / len(of)
    spread = DEVIATIONS**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = DEVIATIONS * sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return [round(each, 4) for each in (share, max(0.0, middle - half), min(1.0, middle + half))]


def _more(answers: int, parts: Sequence[Sequence[bool]]) -> int:
    """About how many further answers bring both intervals within 0.03 on either side."""
    most = 0
    for part in parts:
        # Never surer than one of the other kind makes it.
        share = (sum(part) + 1) / (len(part) + 2)
        needed = share * (1 - share) * (DEVIATIONS / NARROW) ** 2
        most = max(most, ceil((needed - len(part)) * answers / max(len(part), 1)))
    return most
