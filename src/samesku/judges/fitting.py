"""How answers move log-odds: weights of features, as large as the answers bear out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from samesku.judges.wire import Counts
from samesku.runtime.arrays import Bools, Doubles

# Shares of wrong answers. Which of them holds, the answers tell by how they fit together; it is
# never less than the first, for one odd answer must not turn the whole.
WRONG = (0.03, 0.1, 0.2, 0.3)
# As many answers of models, of what is the same and of what is not, are what is assumed worth:
# language models on hard pairs of offers miss a third, and call few different pairs the same.
ASSUMED = ((21.0, 9.0), (1.8, 58.2))
# What all clear pairs weigh, as a share of the answers.
ANCHORED = 0.3
# Standard deviations of the weights before anything was answered. Which of them holds, the answers
# tell: those of a catalogue like the training's speak for the least, so little is moved.
SCALES = (0.05, 0.1, 0.2, 0.4, 0.8)


class Seen(NamedTuple):
    """Answers, and how often those who gave them say `same` of what is and of what is not."""

    same: Doubles  # (a,), 1 where it was answered to be the same product
    high: Doubles  # (a,), how likely `same` is said of what is the same
    low: Doubles  # and of what is not

    @classmethod
    def of(cls, same: Doubles, wrong: float = WRONG[0]) -> Seen:
        """As people answer, of whose answers a share is wrong."""
        return cls(same, np.full(len(same), 1 - wrong), np.full(len(same), wrong))

    @classmethod
    def of_model(cls, same: Doubles, odds: Doubles, measured: Counts = ()) -> Seen:
        """As a model answers, whose rates are estimated.

        By what is assumed, by the log-odds of the pairs that it answered, ``(a,)``, and by how it
        answered what people had answered (:class:`samesku.judges.consulting.Consulted`).
        """
        chance = expit(odds)
        counts = np.array(ASSUMED) + (np.array(measured) if measured else 0.0)

        def loss(numbers: Doubles) -> float:
            rate = np.clip(expit(numbers), 1e-6, 1 - 1e-6)
            said = rate[1] + (rate[0] - rate[1]) * chance
            likelihood = (same * np.log(said) + (1 - same) * np.log(1 - said)).sum()
            before = (counts * np.log(np.stack([rate, 1 - rate], axis=1))).sum()
            return float(-likelihood - before)

        high, low = expit(minimize(loss, logit([0.7, 0.03])).x)
        # No answer is ever beyond doubt, and `same` never lowers a probability.
        high = np.clip(high, 0.02, 0.99)
        low = np.clip(low, 0.005, 0.99 * high)
        return cls(same, np.full(len(same), high), np.full(len(same), low))

    def take(self, some: Bools) -> Seen:
        return Seen(*(column[some] for column in self))

    def joined(self, more: Seen) -> Seen:
        return Seen(*map(np.concatenate, zip(self, more, strict=True)))

    def said(self, chance: Doubles) -> Doubles:
        """How likely `same` is said, by how likely it is true."""
        return self.low + (self.high - self.low) * chance

    @property
    def contribution(self) -> Doubles:
        """What each answer adds to the log-odds of its pair."""
        yes, no = self.high / self.low, (1 - self.high) / (1 - self.low)
        return np.log(np.where(self.same > 0, yes, no))


def fit(
    odds: Doubles,
    features: Doubles,
    ways: Sequence[Seen],
    clear_odds: Doubles,
    clear_features: Doubles,
) -> tuple[Doubles, Seen]:
    """What to add to the log-odds per unit of each standardised feature, ``(f,)``.

    A logistic regression on the log-odds before, ``(a,)``, under a normal prior of the weights: its
    mean over `SCALES` and the ways to understand the answers, each weighing by its evidence
    (Laplace's approximation; MacKay, 1992). Clear pairs, which nobody is asked about, keep their
    log-odds: together they weigh a share of the answers. Returns the way that speaks best for
    itself as well.
    """
    clear = len(clear_odds)
    weight = np.append(np.ones(len(odds)), np.full(clear, ANCHORED * len(odds) / max(clear, 1)))
    as_is = Seen.of(np.zeros(clear))
    as_is = as_is._replace(same=as_is.said(expit(clear_odds)))
    odds = np.concatenate([odds, clear_odds])
    features = np.concatenate([features, clear_features])
    start = np.zeros(features.shape[1])
    found = [
        likeliest(scale * features, way.joined(as_is), start, np.ones_like(start), odds, weight)
        for way in ways
        for scale in SCALES
    ]
    evidence = np.array([each[1] for each in found])
    share = np.exp(evidence - evidence.max())
    scales = np.tile(SCALES, len(ways)) * share / share.sum()
    best = share.reshape(len(ways), -1).sum(axis=1).argmax()
    return np.asarray(scales @ np.stack([each[0] for each in found])), ways[int(best)]


def likeliest(
    columns: Doubles,
    seen: Seen,
    mean: Doubles,
    deviation: Doubles,
    odds: Doubles | float = 0.0,
    weight: Doubles | float = 1.0,
) -> tuple[Doubles, float]:
    """The likeliest numbers under a normal prior, and the logarithm of the evidence for it.

    The log-odds of each answer are ``odds + columns @ numbers``.
    """
    gap = (seen.high - seen.low) * weight

    def loss(numbers: Doubles) -> tuple[float, Doubles]:
        chance = expit(odds + columns @ numbers)
        said, same, apart = seen.said(chance), seen.same, (numbers - mean) / deviation
        value = -(weight * (same * np.log(said) + (1 - same) * np.log(1 - said))).sum()
        slant = (same / said - (1 - same) / (1 - said)) * gap * chance * (1 - chance)
        return value + (apart**2).sum() / 2, apart / deviation - columns.T @ slant

    found = minimize(loss, mean, jac=True, method="L-BFGS-B")
    chance = expit(odds + columns @ found.x)
    said = seen.said(chance)
    known = gap * (seen.high - seen.low) * (chance * (1 - chance)) ** 2 / (said * (1 - said))
    spread = columns * deviation
    curved = (spread * known[:, None]).T @ spread + np.eye(len(mean))
    return found.x, float(-found.fun - np.linalg.slogdet(curved)[1] / 2)
