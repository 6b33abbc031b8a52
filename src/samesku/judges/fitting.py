"""How answers move log-odds: from two numbers to a few weights, each only where it pays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

Floats = NDArray[np.float64]
Counts = tuple[tuple[int, int], ...]

FOLDS = 5
# Answers that are taken to be wrong whatever is asked: one odd answer must not turn the whole.
WRONG = 0.03
# As many answers of models, of what is the same and of what is not, are what is assumed worth:
# language models on hard pairs of offers miss a third, and call few different pairs the same.
ASSUMED = ((21.0, 9.0), (1.8, 58.2))
# What all anchors weigh, as a share of the answers.
ANCHORED = 0.3


@dataclass(frozen=True)
class Step:
    """How far the log-odds may move: standard deviations of the priors, 0 keeps what it is of."""

    name: str
    offset: float
    slope: float
    weight: float
    least: int  # answers from which it is tried
    errors: float = 1.0  # standard errors by which the held-out loss must be less


# Weights that are held tightly did no harm where they did not pay, on catalogues left out; two
# numbers alone did.
LADDER = (
    Step("as it was", 0.0, 0.0, 0.0, 0),
    Step("calibration", 0.7, 0.3, 0.0, 20),
    Step("calibration and weights, held tightly", 0.7, 0.3, 0.2, 40, 0.0),
    Step("calibration and weights", 0.7, 0.3, 0.4, 150),
)


@dataclass(frozen=True, eq=False)
class Seen:
    """Answers, and how often those who gave them say `same` of what is and of what is not."""

    same: Floats  # (a,), 1 where it was answered to be the same product
    high: Floats  # (a,), how likely `same` is said of what is the same
    low: Floats  # and of what is not

    @classmethod
    def of(cls, same: Floats) -> Seen:
        """As people answer, who are seldom wrong."""
        return cls(same, np.full(len(same), 1 - WRONG), np.full(len(same), WRONG))

    @classmethod
    def of_model(cls, same: Floats, odds: Floats, measured: Counts = ()) -> Seen:
        """As a model answers, whose rates are estimated.

        By what is assumed, by the log-odds of the pairs that it answered, ``(a,)``, and by how it
        answered what people had answered (:class:`samesku.judges.consulting.Consulted`).
        """
        chance = expit(odds)
        counts = np.array(ASSUMED) + (np.array(measured) if measured else 0.0)

        def loss(numbers: Floats) -> float:
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

    def __len__(self) -> int:
        return len(self.same)

    def take(self, some: NDArray[np.bool_]) -> Seen:
        """Some of the answers."""
        return Seen(self.same[some], self.high[some], self.low[some])

    def joined(self, more: Seen) -> Seen:
        """These and more."""
        pairs = ((self.same, more.same), (self.high, more.high), (self.low, more.low))
        return Seen(*(np.concatenate(pair) for pair in pairs))

    def said(self, chance: Floats) -> Floats:
        """How likely `same` is said, by how likely it is true."""
        return self.low + (self.high - self.low) * chance

    def loss(self, odds: Floats) -> Floats:
        """Minus the logarithm of how likely each answer was."""
        said = self.said(expit(odds))
        return np.asarray(-np.log(np.where(self.same > 0, said, 1 - said)))

    @property
    def contribution(self) -> Floats:
        """What each answer adds to the log-odds of its pair."""
        yes, no = self.high / self.low, (1 - self.high) / (1 - self.low)
        return np.log(np.where(self.same > 0, yes, no))


@dataclass(frozen=True, eq=False)
class Fit:
    """Log-odds are ``offset + slope * odds + features @ weights``."""

    offset: float
    slope: float
    weights: Floats

    def __call__(self, odds: Floats, features: Floats) -> Floats:
        moved: Floats = self.offset + self.slope * odds + features @ self.weights
        return moved


@dataclass(frozen=True, eq=False)
class Anchors:
    """Clear pairs, which are not asked about, where the log-odds should stay."""

    odds: Floats
    features: Floats


def fit(
    step: Step, odds: Floats, features: Floats, seen: Seen, anchors: Anchors | None = None
) -> Fit:
    """The likeliest fit under the priors of a step, by a logistic regression.

    `odds` are those of each answered pair before, ``(a,)``, `features` standardised, ``(a, f)``;
    the anchors together weigh a share of the answers.
    """
    weight = np.ones(len(odds))
    if anchors is not None and len(anchors.odds):
        clear = len(anchors.odds)
        weight = np.concatenate([weight, np.full(clear, ANCHORED * len(odds) / clear)])
        as_is = Seen.of(np.zeros(clear))
        seen = seen.joined(replace(as_is, same=as_is.said(expit(anchors.odds))))
        odds = np.concatenate([odds, anchors.odds])
        features = np.concatenate([features, anchors.features])
    width = features.shape[1] if step.weight else 0
    deviation = np.array([step.offset, step.slope, *([step.weight] * width)])
    start = np.zeros(len(deviation))
    start[1] = 1.0
    columns = np.column_stack([np.ones(len(odds)), odds, features[:, :width]])
    inverse = 1 / np.maximum(deviation, 1e-3) ** 2

    def loss(numbers: Floats) -> tuple[float, Floats]:
        chance = expit(columns @ numbers)
        said, same = seen.said(chance), seen.same
        apart = numbers - start
        value = -(weight * (same * np.log(said) + (1 - same) * np.log(1 - said))).sum()
        slant = (same / said - (1 - same) / (1 - said)) * (seen.high - seen.low)
        slant *= chance * (1 - chance)
        slant *= weight
        return value + (inverse * apart**2).sum() / 2, inverse * apart - columns.T @ slant

    numbers = start
    if step.offset:
        bounds = [(-8, 8), (0.1, 4), *([(-4, 4)] * width)]
        numbers = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = np.zeros(features.shape[1])
    weights[:width] = numbers[2:]
    return Fit(float(numbers[0]), float(numbers[1]), weights)


def choose_step(
    odds: Floats,
    features: Floats,
    seen: Seen,
    folds: NDArray[np.integer],
    anchors: Anchors | None = None,
    ladder: Sequence[Step] = LADDER,
) -> tuple[int, list[Floats]]:
    """Which step of the ladder pays, by cross-validation on the answers, and the losses of all.

    A later step is taken only where its loss on held-out answers is less than that of the one taken
    before, by its number of standard errors of the difference. The losses, ``(a,)`` each, are
    held-out ones of the steps that were tried.
    """
    losses: list[Floats] = []
    for step in ladder:
        if step.least > len(seen):
            break

        def predicted(
            train: NDArray[np.bool_], held: NDArray[np.bool_], step: Step = step
        ) -> Floats:
            made = fit(step, odds[train], features[train], seen.take(train), anchors)
            return made(odds[held], features[held])

        losses.append(held_out(predicted, seen, folds))
    taken = 0
    for place in range(1, len(losses)):
        if paying(losses[taken], losses[place], ladder[place].errors):
            taken = place
    return taken, losses


def held_out(
    predict: Callable[[NDArray[np.bool_], NDArray[np.bool_]], Floats],
    seen: Seen,
    folds: NDArray[np.integer],
) -> Floats:
    """The loss of each answer by what was fitted without its fold, float64 ``(a,)``."""
    loss = np.zeros(len(seen))
    for fold in range(FOLDS):
        held = folds == fold
        if not held.any():
            continue
        loss[held] = seen.take(held).loss(predict(~held, held))
    return loss


def paying(before: Floats, after: Floats, errors: float = 1.0) -> bool:
    """Whether a loss is less by so many standard errors of the difference."""
    better = before - after
    return bool(better.mean() > errors * better.std() / np.sqrt(max(len(better), 1)))
