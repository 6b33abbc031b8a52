"""What answers about a catalogue add to a trained classifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from samesku.runtime.arrays import AnyInts, Doubles, Floats
from samesku.scoring.features.table import Features

# A standardised feature counts up to here: one odd pair must not outweigh the trees.
FAR = 3.0
NUMBERS = ("center", "scale", "weights")


@dataclass(frozen=True, eq=False)
class Adaptation:
    """Adds to the log-odds of a classifier: ``odds + weights @ features``.

    A feature is taken as ``(value - center) / scale``, within 3 on either side.
    """

    features: tuple[str, ...]  # f that are weighted; one that a pair lacks adds nothing
    center: Doubles  # (f,), as the others
    scale: Doubles
    weights: Doubles
    # what clusters add to the log-odds per unit of `samesku.clustering.crowding.log_partners`, and
    # from how many on
    crowding: tuple[float, float] = (0.0, 0.0)

    def standardised(self, described: Features) -> Doubles:
        """The features as they are weighted, float64 ``(m, f)``."""
        values = described.select(self.features, may_miss=("",)).astype(np.float64)
        return np.nan_to_num(np.clip((values - self.center) / self.scale, -FAR, FAR))

    def log_odds(self, odds: Doubles, described: Features) -> Doubles:
        """The log-odds of each pair, from those without, float64 ``(m,)``."""
        return np.asarray(odds + self.standardised(described) @ self.weights)

    def add_contributions(self, parts: Floats, described: Features, family: AnyInts) -> None:
        """Add to `parts`, float32 ``(m, families)``, what each family of features contributes.

        `family`, integer ``(f,)``, is that of each weighted feature.
        """
        own = (self.standardised(described) * self.weights).astype(np.float32)
        for column, place in enumerate(family):
            parts[:, place] += own[:, column]

    @property
    def record(self) -> dict[str, Any]:
        """What a model's head holds of it."""
        numbers = {name: getattr(self, name).tolist() for name in NUMBERS}
        return {"features": list(self.features), **numbers, "crowding": list(self.crowding)}

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Adaptation:
        """From what `record` gave; ValueError where it cannot be one."""
        names = tuple(map(str, record["features"]))
        center, scale, weights = numbers = [
            np.array(record[each], dtype=np.float64) for each in NUMBERS
        ]
        weight, usual = map(float, record.get("crowding", (0.0, 0.0)))
        if any(each.shape != (len(names),) for each in numbers):
            raise ValueError("its adaptation weighs other features than it names")
        finite = np.isfinite(np.concatenate([*numbers, [weight, usual]])).all()
        if not (finite and (scale > 0).all()):
            raise ValueError("its adaptation holds no usable numbers")
        return cls(names, center, scale, weights, (weight, usual))
