"""Trees that grew on different pairs of shops: the mean of what they say counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from samesku.trees import contributions, log_odds

__all__ = ["Bagged"]


@dataclass(frozen=True, eq=False)
class Bagged:
    """Boosted trees several times over, each told apart from the others by what it was shown.

    One training is a throw of the dice: another seed finds other links. Their mean does not hang on
    one draw; it is no better than them on average.

    Attributes
    ----------
    members : tuple of lightgbm.Booster
    """

    members: tuple[lgb.Booster, ...]

    @property
    def width(self) -> int:
        """How many numbers of a pair are read; -1 where the members do not agree."""
        widths = {member.num_feature() for member in self.members}
        return widths.pop() if len(widths) == 1 else -1

    def log_odds(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mean log odds of each row of ``(m, f)``, float64 ``(m,)``."""
        total = np.zeros(len(values))
        for member in self.members:
            total += log_odds(member, values)
        return total / len(self.members)

    def parts(
        self, values: NDArray[np.float32], family: NDArray[np.integer]
    ) -> tuple[NDArray[np.float64], float]:
        """What each family of numbers adds to the log odds of each row, and their start."""
        told = [contributions(member, values, family) for member in self.members]
        width = max(added.shape[1] for added, _ in told)
        total = np.zeros((len(values), width))
        for added, _ in told:
            total[:, : added.shape[1]] += added
        return total / len(told), float(np.mean([start for _, start in told]))

    def write(self, places: Sequence[Path]) -> None:
        """Write each member's text to one of the places."""
        for member, place in zip(self.members, places, strict=True):
            place.write_text(member.model_to_string(), encoding="utf-8")

    @classmethod
    def read(cls, places: Sequence[Path]) -> Bagged:
        """Read what `write` wrote."""
        return cls(tuple(lgb.Booster(model_str=place.read_text("utf-8")) for place in places))
