"""Precision and recall by answers about pairs that were drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Of a normal distribution 95 of 100 draws are within this many deviations; what is narrow enough.
DEVIATIONS, NARROW = 1.96, 0.03


@dataclass(frozen=True)
class Audit:
    """Precision and recall of what was matched, each as value, low and high of its 95% interval.

    They are NaN where no answer says anything about it.
    """

    answers: int
    precision: tuple[float, float, float]
    recall: tuple[float, float, float]
    more: int  # about how many further answers bring both intervals within 0.03 on either side

    @classmethod
    def of(cls, matched: ArrayLike, same: ArrayLike, weight: ArrayLike | None = None) -> Audit:
        """By whether each answered pair was matched, whether it is the same, what it stands for."""
        matched, same = np.asarray(matched, dtype=bool), np.asarray(same, dtype=bool)
        weight = np.ones(len(same)) if weight is None else np.asarray(weight, dtype=np.float64)
        parts = (same[matched], weight[matched]), (matched[same], weight[same])
        more = max(_needed(*part) * len(same) / max(len(part[0]), 1) for part in parts)
        return cls(len(same), _interval(*parts[0]), _interval(*parts[1]), max(0, ceil(more)))

    def __str__(self) -> str:
        figures = ", ".join(
            f"{name} {value:.2f} ({low:.2f}-{high:.2f})"
            for name, (value, low, high) in (("precision", self.precision), ("recall", self.recall))
            if np.isfinite(value)
        )
        more = f"; about {self.more:,} more answers until the interval is within {NARROW}"
        return f"by {self.answers:,} random answers: {figures}{more if self.more else ''}"

    @property
    def record(self) -> dict[str, Any]:
        """As JSON: an interval of which no answer says anything is null."""
        intervals = {"precision": self.precision, "recall": self.recall}
        known = {
            name: [round(each, 4) for each in of] if np.isfinite(of[0]) else None
            for name, of in intervals.items()
        }
        return {"answers": self.answers, **known, "more": self.more}


def _count(weight: NDArray[np.float64]) -> float:
    """So many answers of equal weight are worth as much (Kish, 1965)."""
    return float(weight.sum() ** 2 / max((weight**2).sum(), 1e-12))


def _interval(of: NDArray[np.bool_], weight: NDArray[np.float64]) -> tuple[float, float, float]:
    """A weighted share and its 95% interval, by Wilson's formula."""
    if not weight.sum():
        return nan, nan, nan
    count, share = _count(weight), float(weight @ of / weight.sum())
    spread = DEVIATIONS**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = DEVIATIONS * sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return share, max(0.0, middle - half), min(1.0, middle + half)


def _needed(of: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    """How many more of such answers bring the interval within 0.03 on either side."""
    count, found = _count(weight), float(weight @ of / max(weight.sum(), 1e-12))
    # Never surer than one of the other kind makes it.
    share = (found * count + 1) / (count + 2)
    worth = max(count, 1.0) / max(len(of), 1)
    return (share * (1 - share) * (DEVIATIONS / NARROW) ** 2 - count) / worth
