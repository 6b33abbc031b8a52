"""What answers about a catalogue add to a trained classifier: a linear part, further trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samesku.scoring.features.table import Features
from samesku.scoring.trees import Trees

__all__ = ["Adaptation"]

Floats = NDArray[np.float64]
# A standardised feature counts up to here: one odd pair must not outweigh the trees.
FAR = 3.0


@dataclass(frozen=True, eq=False)
class Adaptation:
    """Moves the log-odds of a classifier: ``slope * odds + offset + weights @ features + trees``.

    Attributes
    ----------
    slope, offset : float
    features : tuple of str
        Those that are weighted; one that a pair lacks adds nothing.
    center, scale, weights : float64 (f,)
        A feature is taken as ``(value - center) / scale``, within 3 on either side.
    trees : Trees, optional
        Of the classifier's own features, boosted on from the rest.
    """

    slope: float
    offset: float
    features: tuple[str, ...]
    center: Floats
    scale: Floats
    weights: Floats
    trees: Trees | None = None

    def standardised(self, described: Features) -> Floats:
        """The features as they are weighted, float64 ``(m, f)``."""
        values = described.select(self.features, may_miss=("",)).astype(np.float64)
        return np.nan_to_num(np.clip((values - self.center) / self.scale, -FAR, FAR))

    def linear(self, odds: Floats, described: Features) -> Floats:
        """The log-odds without the further trees."""
        moved: Floats = self.slope * odds + self.offset
        return moved + self.standardised(described) @ self.weights if self.features else moved

    def log_odds(self, odds: Floats, described: Features, values: NDArray[np.float32]) -> Floats:
        """The moved log-odds of each pair; `values` is what the classifier's trees read."""
        moved = self.linear(odds, described)
        return moved if self.trees is None else moved + self.trees.log_odds(values)

    def contributions(
        self,
        told: NDArray[np.float32],
        described: Features,
        values: NDArray[np.float32],
        family: NDArray[np.integer],
    ) -> NDArray[np.float32]:
        """What each family of features adds, of what it adds without.

        Parameters
        ----------
        told : float32 (m, families)
        described : Features
        values : float32 (m, width)
        family : integer (f,)
            Of each weighted feature.
        """
        moved = told * np.float32(self.slope)
        if self.features:
            parts = (self.standardised(described) * self.weights).astype(np.float32)
            for column, place in enumerate(family):
                moved[:, place] += parts[:, column]
        return moved if self.trees is None else moved + self.trees.contributions(values)

    def begin(self, begin: float) -> float:
        """Where the log-odds begin, of where they begin without."""
        more = 0.0 if self.trees is None else self.trees.start
        return self.slope * begin + self.offset + more

    @property
    def record(self) -> dict[str, Any]:
        """What a model's head holds of it; the trees are a file of their own."""
        return {
            "slope": self.slope,
            "offset": self.offset,
            "features": list(self.features),
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "weights": self.weights.tolist(),
        }

    @classmethod
    def read(cls, record: Mapping[str, Any], trees: Trees | None) -> Adaptation:
        """From what `record` told.

        Raises
        ------
        ValueError
            It cannot be one.
        """
        names = tuple(map(str, record["features"]))
        center, scale, weights = numbers = [
            np.array(record[each], dtype=np.float64) for each in ("center", "scale", "weights")
        ]
        slope, offset = float(record["slope"]), float(record["offset"])
        if any(each.shape != (len(names),) for each in numbers):
            raise ValueError("its adaptation weighs other features than it names")
        whole = np.concatenate([*numbers, [slope, offset]])
        if not (np.isfinite(whole).all() and slope > 0 and (numbers[1] > 0).all()):
            raise ValueError("its adaptation holds no usable numbers")
        return cls(slope, offset, names, center, scale, weights, trees)
