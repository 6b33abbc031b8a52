"""Precision and recall by answers about pairs that were drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from samesku.metrics import NORMAL, Figure, wilson
from samesku.runtime.arrays import Bools, Doubles

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
        precision, some = _measured(same[matched], weight[matched], len(same))
        recall, others = _measured(matched[same], weight[same], len(same))
        return cls(len(same), precision, recall, max(0, ceil(max(some, others))))

    def __str__(self) -> str:
        figures = ", ".join(
            f"{name} {of.value:.2f} ({of.low:.2f}-{of.high:.2f})"
            for name, of in (("precision", self.precision), ("recall", self.recall))
            if np.isfinite(of.value)
        )
        more = f"; about {self.more:,} more of them until both intervals are within {NARROW}"
        known = figures or "neither precision nor recall can be estimated yet"
        return f"by {self.answers:,} random answers: {known}{more if self.more else ''}"

    @property
    def record(self) -> dict[str, Any]:
        """As JSON: an interval of which no answer says anything is null."""
        known = {
            name: [round(each, 4) for each in (of.value, of.low, of.high)]
            if np.isfinite(of.value) else None
            for name, of in (("precision", self.precision), ("recall", self.recall))
        }  # fmt: skip
        return {"answers": self.answers, **known, "more": self.more}


def _measured(of: Bools, weight: Doubles, answers: int) -> tuple[Figure, float]:
    """A weighted share with its 95% interval, and how many more answers make it narrow enough."""
    # So many answers of equal weight are worth as much (Kish, 1965).
    count = float(weight.sum() ** 2 / max((weight**2).sum(), 1e-12))
    found = float(weight @ of / max(weight.sum(), 1e-12))
    figure = Figure(nan, nan, nan)
    if weight.sum():
        low, high = wilson(np.array([found]), np.array([count]))
        figure = Figure(found, float(low[0]), float(high[0]))
    # Never surer than one of the other kind makes it.
    share = (found * count + 1) / (count + 2)
    worth = max(count, 1.0) / max(len(of), 1)
    needed = (share * (1 - share) * (NORMAL / NARROW) ** 2 - count) / worth
    return figure, needed * answers / max(len(of), 1)
