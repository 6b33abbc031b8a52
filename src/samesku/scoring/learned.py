"""The learned fusion: a trained pair classifier as judge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.runtime.progress import Advance
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.features import CatalogRows
from samesku.scoring.fusion import THRESHOLD, Judged, Scores, Threshold, Union
from samesku.scoring.lending import heard_pairs, lend_photos
from samesku.titles.attributes import KINDS

__all__ = ["SHIPPED", "Learned", "shipped_model"]

SHIPPED = Path(__file__).parents[1] / "models" / "learned"
# Pairs from this probability on are told with reasons.
EXPLAINED_FROM = 0.2
NEVER = 2.0


@dataclass(frozen=True)
class Learned:
    """Judges by a trained classifier; its scores are probabilities.

    Parameters
    ----------
    model : PairClassifier
    same : collection of str
        Kinds of attributes that may differ within one product, of
        :data:`samesku.titles.attributes.KINDS`.
    """

    model: PairClassifier
    same: Collection[str] = ()
    name: str = "learned"
    probabilistic: bool = True

    def __post_init__(self) -> None:
        if strange := sorted(set(self.same) - set(KINDS)):
            raise ValueError(
                f"there is no attribute {strange[0]!r}: same takes some of {', '.join(KINDS)}"
            )

    @property
    def threshold(self) -> float:
        """The probability from which the model's training says to accept."""
        return self.model.threshold

    def thresholds(self, candidates: Candidates) -> dict[str, Threshold]:
        """None: one classifier draws its own."""
        return {}

    def with_thresholds(self, thresholds: Mapping[str, Threshold]) -> Learned:
        """The same: there are no thresholds to move."""
        return self

    def score(self, candidates: Candidates, catalog: Catalog) -> Scores:
        """Probability of each pair."""
        return self.judge(candidates, catalog, NEVER).scores

    def judge(
        self,
        candidates: Candidates,
        catalog: Catalog,
        explain_from: float = EXPLAINED_FROM,
        *,
        rows: CatalogRows | None = None,
        advance: Advance = lambda done: None,
    ) -> Judged:
        """Probability of each pair, and why those are so that may match or nearly do."""
        heard, pairs = heard_pairs(candidates, self.model.encoders), candidates
        if not heard.all():
            pairs = candidates.take(np.flatnonzero(heard))
            advance(len(candidates) - len(pairs))
        lent = lend_photos(pairs, self.model.encoders)
        judged = self.model.judge(
            catalog, lent, explain_from, same=self.same, rows=rows, advance=advance
        )
        if len(pairs) < len(candidates):
            judged = _among(len(candidates), np.flatnonzero(heard), judged)
        texts = [kind == "text" for kind in candidates.modalities]
        mute = np.asarray(np.isnan(candidates.similarity[:, texts]).all(axis=1))
        if not mute.any():
            return judged
        # Titles taught the model: pairs that have none to compare are scored by their photos'
        # thresholds alone, moved to its own.
        photos = Union().score(candidates.take(np.flatnonzero(mute)), catalog)
        ours, theirs = self.threshold, THRESHOLD
        judged.scores[mute] = np.interp(photos, [0, theirs, 1], [0, ours, 1])
        evidence = judged.evidence
        if evidence is not None:
            evidence = evidence.take(~mute[evidence.places])
        return Judged(judged.scores, evidence)

    def lists(
        self, candidates: Candidates, threshold: float = THRESHOLD
    ) -> dict[str, NDArray[np.bool_]]:
        """The pairs that titles or photos alone would have matched."""
        return Union().lists(candidates)


def _among(size: int, places: NDArray[np.int64], judged: Judged) -> Judged:
    """What was judged of some pairs, among all; the others are not the same."""
    scores = np.zeros(size, dtype=np.float32)
    scores[places] = judged.scores
    evidence = judged.evidence
    if evidence is not None:
        evidence = replace(evidence, places=places[evidence.places])
    return Judged(scores, evidence)


@lru_cache(maxsize=1)
def shipped_model() -> PairClassifier:
    """The model that comes with samesku; its card tells how it was trained, and how good it is."""
    return PairClassifier.load(SHIPPED)
