"""The learned fusion: a trained pair classifier as judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from samesku.candidates import Candidates
from samesku.catalog import Catalog
from samesku.classifier import PairClassifier
from samesku.fusion import LINE, Line, Scores, Union

__all__ = ["SHIPPED", "Learned", "shipped_model"]

SHIPPED = Path(__file__).parent / "models" / "titles-and-hashes"


@dataclass(frozen=True)
class Learned:
    """Judges by a trained classifier; its scores are probabilities.

    Parameters
    ----------
    model : PairClassifier
    """

    model: PairClassifier
    name: str = "learned"

    @property
    def line(self) -> float:
        """The probability from which the model's training says to accept."""
        return self.model.line

    def lines(self, candidates: Candidates) -> dict[str, Line]:
        """None: one classifier draws its own."""
        return {}

    def with_lines(self, lines: Mapping[str, Line]) -> Learned:
        """The same: there are no lines to move."""
        return self

    def score(self, candidates: Candidates, catalog: Catalog) -> Scores:
        """Probability of each pair."""
        return self.model.probability(catalog, candidates)

    def lists(self, candidates: Candidates, line: float = LINE) -> dict[str, NDArray[np.bool_]]:
        """The pairs that titles or photos alone would have matched."""
        return Union().lists(candidates)


@lru_cache(maxsize=1)
def shipped_model() -> PairClassifier:
    """The model that comes with samesku; its card tells how it was trained, and how good it is."""
    return PairClassifier.load(SHIPPED)
