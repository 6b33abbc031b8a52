"""Precision and recall by answers about pairs that were drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from samesku.metrics import NORMAL, Figure, wilson

# Half the width of an interval that is narrow enough.
NARROW = 0.03


@dataclass(frozen=True)
class Audit:
    """Precision and recall of what was matched; NaN where no answer says anything about it."""

    answers: int
    precision: Figure
    recall: Figure
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
            f"{name} {of.value:.2f} ({of.low:.2f}-{of.high:.2f})"
            for name, of in (("precision", self.precision), ("recall", self.recall))
            if np.isfinite(of.value)
        )
        more = f"; about {self.more:,} more answers until the interval is within {NARROW}"
        told = figures or "neither precision nor recall can be told yet"
        return f"by {self.answers:,} random answers: {told}{more if self.more else ''}"

    @property
    def record(self) -> dict[str, Any]:
        """As JSON: an interval of which no answer says anything is null."""
        known = {
            name: [round(each, 4) for each in (of.value, of.low, of.high)]
            if np.isfinite(of.value) else None
            for name, of in (("precision", self.precision), ("recall", self.recall))
        }  # fmt: skip
        return {"answers": self.answers, **known, "more": self.more}


def _count(weight: NDArray[np.float64]) -> float:
    """So many answers of equal weight are worth as much (Kish, 1965)."""
    return float(weight.sum() ** 2 / max((weight**2).sum(), 1e-12))


def _interval(of: NDArray[np.bool_], weight: NDArray[np.float64]) -> Figure:
    """A weighted share and its 95% interval."""
    if not weight.sum():
        return Figure(nan, nan, nan)
    share = float(weight @ of / weight.sum())
    ends = wilson(np.array([share]), np.array([_count(weight)]))
    return Figure(share, *(float(end[0]) for end in ends))


def _needed(of: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    """How many more of such answers bring the interval within 0.03 on either side."""
    count, found = _count(weight), float(weight @ of / max(weight.sum(), 1e-12))
    # Never surer than one of the other kind makes it.
    share = (found * count + 1) / (count + 2)
    worth = max(count, 1.0) / max(len(of), 1)
    return (share * (1 - share) * (NORMAL / NARROW) ** 2 - count) / worth
