"""The learned fusion: probabilities by a trained pair classifier."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.runtime.arrays import Ints
from samesku.runtime.progress import Advance
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.features import CatalogRows
from samesku.scoring.fusion import (
    EXPLAINED_FROM,
    NEVER,
    THRESHOLD,
    Fusion,
    Lists,
    PairScores,
    Scores,
    Union,
)
from samesku.scoring.untrained_photos import known_pairs, photos_as_hash
from samesku.titles.attributes import check_kinds

SHIPPED = Path(__file__).parents[1] / "models" / "learned"


@dataclass(frozen=True)
class Learned(Fusion):
    """Scores pairs by a trained classifier; its scores are probabilities.

    Attributes of the kinds in `same` may differ within one product, beside those that the model has
    learned.
    """

    model: PairClassifier
    same: Collection[str] = ()
    name = "learned"
    probabilistic = True

    def __post_init__(self) -> None:
        same = dict.fromkeys((*self.same, *self.model.same))
        object.__setattr__(self, "same", tuple(same))
        check_kinds(self.same)

    @property
    def threshold(self) -> float:
        """The probability from which the model's training says to accept."""
        return self.model.threshold

    @property
    def crowding(self) -> tuple[float, float]:
        """What answers taught of how many offers a product has."""
        adaptation = self.model.adaptation
        return super().crowding if adaptation is None else adaptation.crowding

    def score(self, candidates: Candidates, catalog: Catalog) -> Scores:
        """Probability of each pair."""
        return self.predict(candidates, catalog, NEVER).scores

    def predict(
        self,
        candidates: Candidates,
        catalog: Catalog,
        explain_from: float = EXPLAINED_FROM,
        *,
        rows: CatalogRows | None = None,
        advance: Advance = lambda done: None,
    ) -> PairScores:
        """Probability of each pair, with explanations for those that match or nearly do."""
        known, pairs = known_pairs(candidates, self.model.encoders), candidates
        if not known.all():
            pairs = candidates.take(np.flatnonzero(known))
            advance(len(candidates) - len(pairs))
        pairs = photos_as_hash(pairs, self.model.encoders)
        predicted = self.model.predict(
            catalog, pairs, explain_from, same=self.same, rows=rows, advance=advance
        )
        if len(pairs) < len(candidates):
            predicted = _among(len(candidates), np.flatnonzero(known), predicted)
        texts = [kind == "text" for kind in candidates.modalities]
        untitled = np.asarray(np.isnan(candidates.similarity[:, texts]).all(axis=1))
        if not untitled.any():
            return predicted
        # The model was trained on titles: pairs that have none to compare are scored by the
        # thresholds of their photos alone, moved to its own.
        photos = Union().score(candidates.take(np.flatnonzero(untitled)), catalog)
        ours, theirs = self.threshold, THRESHOLD
        predicted.scores[untitled] = np.interp(photos, [0, theirs, 1], [0, ours, 1])
        explanations = predicted.explanations
        if explanations is not None:
            explanations = explanations.take(~untitled[explanations.places])
        return PairScores(predicted.scores, explanations)

    def lists(self, candidates: Candidates, threshold: float = THRESHOLD) -> Lists:
        """The pairs that titles or photos alone would have matched."""
        return Union().lists(candidates)


def _among(size: int, places: Ints, predicted: PairScores) -> PairScores:
    """The scores of some pairs among all; those of the others are 0."""
    scores = np.zeros(size, dtype=np.float32)
    scores[places] = predicted.scores
    explanations = predicted.explanations
    if explanations is not None:
        explanations = replace(explanations, places=places[explanations.places])
    return PairScores(scores, explanations)


@lru_cache(maxsize=1)
def shipped_model() -> PairClassifier:
    """The model that comes with samesku; its card tells how it was trained, and how good it is."""
    return PairClassifier.load(SHIPPED)
