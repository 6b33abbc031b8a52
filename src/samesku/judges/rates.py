"""How often a model as judge says `same` of what is the same, and of what is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from samesku.judges.fitting import Seen

__all__ = ["Rates"]

Floats = NDArray[np.float64]
# As many answers as this, of what is the same and of what is not, are what is assumed worth:
# language models on hard pairs of offers miss a third, and call few different pairs the same.
ASSUMED = ((21.0, 9.0), (1.8, 58.2))


@dataclass(frozen=True)
class Rates:
    """How often a model says `same`."""

    hit: float  # of what is the same
    false: float  # of what is not

    @classmethod
    def of(cls, odds: Floats, same: Floats, measured: tuple[tuple[int, int], ...] = ()) -> Rates:
        """The likeliest, by what is assumed, by what people answered and by the matcher's log-odds.

        `odds` are of the pairs that the model answered, `same` is 1 where it said `same`, both
        ``(a,)``; `measured` as in :class:`samesku.judges.consulting.Consulted`.
        """
        chance = expit(odds)
        counts = np.array(ASSUMED) + (np.array(measured) if measured else 0.0)

        def loss(numbers: Floats) -> float:
            rate = np.clip(expit(numbers), 1e-6, 1 - 1e-6)
            said = rate[1] + (rate[0] - rate[1]) * chance
            likelihood = (same * np.log(said) + (1 - same) * np.log(1 - said)).sum()
            before = (counts * np.log(np.stack([rate, 1 - rate], axis=1))).sum()
            return float(-likelihood - before)

        hit, false = expit(minimize(loss, logit([0.7, 0.03])).x)
        # No answer is ever beyond doubt, and `same` never lowers a probability.
        hit = float(np.clip(hit, 0.02, 0.99))
        return cls(hit, float(np.clip(false, 0.005, 0.99 * hit)))

    def seen(self, same: Floats) -> Seen:
        """Answers of this judge."""
        return Seen(same, np.full(len(same), self.hit), np.full(len(same), self.false))
