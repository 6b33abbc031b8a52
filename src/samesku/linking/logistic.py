"""Logistic regression on numbers that may be missing: a handful of weights that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Logistic", "fit_logistic"]

# Standard deviations from the mean beyond which a number says no more.
FURTHEST = 4.0
LEAST_SCALE = 1e-6
STEPS = 30
CLOSE = 1e-6
ROWS_AT_ONCE = 65_536

Values = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Logistic:
    """Weights of standardised numbers.

    Attributes
    ----------
    mean, scale, weight, gap : float64 (f,)
        Of each number; `gap` is what is added where it is missing.
    bias : float
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weight: NDArray[np.float64]
    gap: NDArray[np.float64]
    bias: float

    def log_odds(self, values: Values) -> NDArray[np.float64]:
        """Log odds of each row of ``(m, f)``, float64 ``(m,)``."""
        odds = np.empty(len(values))
        for start in range(0, len(values), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            standard = _standard(values[part], self.mean, self.scale)
            odds[part] = standard @ self.weight + np.isnan(values[part]) @ self.gap + self.bias
        return odds

    def parts(self, values: Values) -> NDArray[np.float64]:
        """What each number adds to the log odds of a row, ``(m, f)``; `bias` is the rest."""
        added: NDArray[np.float64] = _standard(values, self.mean, self.scale) * self.weight
        return added + np.isnan(values) * self.gap

    @property
    def record(self) -> dict[str, Any]:
        """What JSON keeps."""
        columns = {name: getattr(self, name).tolist() for name in _COLUMNS}
        return {**columns, "bias": self.bias}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Logistic:
        """From what `record` told."""
        columns = {name: np.array(record[name], dtype=np.float64) for name in _COLUMNS}
        return cls(**columns, bias=float(record["bias"]))


_COLUMNS = ("mean", "scale", "weight", "gap")


def fit_logistic(
    values: Values,
    truth: NDArray[np.bool_] | NDArray[np.float64],
    *,
    weight: NDArray[np.floating[Any]] | None = None,
    offset: NDArray[np.float64] | None = None,
    ridge: float = 10.0,
    gaps: bool = False,
) -> Logistic:
    """Fit by Newton's method with a ridge penalty on the weights, not on the bias.

    Parameters
    ----------
    values : float (m, f)
        NaN where missing: taken as the mean.
    truth : bool (m,), or float64 (m,) in [0, 1]
        The latter where it is only likely.
    weight : float (m,), optional
        How much each row counts; brought to a mean of 1.
    offset : float64 (m,), optional
        Log odds that are known already; only what goes beyond them is learned.
    ridge : float
        Penalty on half the squared weights.
    gaps : bool
        Also learn what it says that a number is missing.
    """
    usable = ~np.isnan(values)
    count = np.maximum(usable.sum(axis=0), 1)
    filled = np.where(usable, values, 0).astype(np.float64)
    mean = filled.sum(axis=0) / count
    spread = np.where(usable, filled - mean, 0)
    scale = np.sqrt((spread**2).sum(axis=0) / count) + LEAST_SCALE
    columns = [_standard(values, mean, scale)]
    if gaps:
        columns.append((~usable).astype(np.float64))
    design = np.hstack([*columns, np.ones((len(values), 1))])
    counts = np.ones(len(values)) if weight is None else weight / weight.mean()
    known = np.zeros(len(values)) if offset is None else offset
    solution = _newton(design, truth.astype(np.float64), counts, known, ridge)
    width = values.shape[1]
    gap = solution[width : 2 * width] if gaps else np.zeros(width)
    return Logistic(mean, scale, solution[:width], gap, float(solution[-1]))


def _newton(
    design: NDArray[np.float64],
    truth: NDArray[np.float64],
    counts: NDArray[np.float64],
    offset: NDArray[np.float64],
    ridge: float,
) -> NDArray[np.float64]:
    penalty = np.full(design.shape[1], ridge)
    penalty[-1] = 1e-6
    solution = np.zeros(design.shape[1])
    loss = np.inf
    step: NDArray[np.float64] = np.zeros_like(solution)
    for _ in range(STEPS):
        odds = design @ solution + offset
        here = float(
            (counts * (np.logaddexp(0, odds) - truth * odds)).sum()
            + 0.5 * (penalty * solution**2).sum()
        )
        if here > loss:  # too far: half way back
            step /= 2
            solution -= step
            continue
        if loss - here < CLOSE * (1 + abs(here)):
            break
        loss = here
        probability = 1 / (1 + np.exp(-np.clip(odds, -35, 35)))
        slope = design.T @ (counts * (truth - probability)) - penalty * solution
        bend = counts * probability * (1 - probability)
        curve = (design.T * bend) @ design + np.diag(penalty)
        step = np.linalg.solve(curve, slope).astype(np.float64)
        solution = solution + step
    return solution


def _standard(
    values: Values, mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.clip(np.nan_to_num((values - mean) / scale), -FURTHEST, FURTHEST)
