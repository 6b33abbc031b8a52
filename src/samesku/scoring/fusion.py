"""How modalities combine to a decision: union, concat and union-all, under one signature."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import TYPE_CHECKING, ClassVar, Self, TypeAlias

import numpy as np

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.encoders import photo, signature
from samesku.encoders.base import Modality
from samesku.runtime.arrays import Bools, Floats
from samesku.runtime.checks import check_type
from samesku.runtime.progress import Advance

if TYPE_CHECKING:
    from samesku.scoring.explanations import Explanations


Scores = Floats
# Which pairs each list has, bool ``(m,)``, by its name.
Lists: TypeAlias = dict[str, Bools]

# The score that divides matched from not, whatever the fusion.
THRESHOLD = 0.5
# Pairs from this score on are explained, where a fusion can.
EXPLAINED_FROM = 0.2
# Above all scores: no pair is explained.
NEVER = 2.0
# The name of the threshold of the combined cosine, beside those of the encoders.
COMBINED = "combined"


@dataclass(frozen=True, eq=False)
class PairScores:
    """Scores of pairs, float32 ``(m,)`` in [0, 1], and the explanations of some.

    Only the learned fusion explains more than which lists a pair is in.
    """

    scores: Scores
    explanations: Explanations | None = None


class Fusion(ABC):
    """Scores candidates, and has the threshold between matched and not."""

    name: ClassVar[str]  # what users call it
    probabilistic: ClassVar[bool] = False  # whether its scores are probabilities

    @property
    def threshold(self) -> float:
        """The score from which a pair is accepted, unless the user says otherwise."""
        return THRESHOLD

    @property
    def crowding(self) -> tuple[float, float]:
        """What clusters make of many likely partners (`samesku.clustering.crowding`)."""
        return 0.0, 0.0

    @abstractmethod
    def score(self, candidates: Candidates, catalog: Catalog) -> Scores:
        """How sure it is that each pair is the same product, float32 ``(m,)`` in [0, 1]."""

    def predict(
        self,
        candidates: Candidates,
        catalog: Catalog,
        explain_from: float = EXPLAINED_FROM,
        *,
        advance: Advance = lambda done: None,
    ) -> PairScores:
        """The scores, with explanations for pairs from `explain_from` on, where it has any.

        `advance` is called with how many more pairs are done.
        """
        scores = self.score(candidates, catalog)
        advance(len(scores))
        return PairScores(scores)

    @abstractmethod
    def lists(self, candidates: Candidates, threshold: float = THRESHOLD) -> Lists:
        """The text, photo and combined matches, bool ``(m,)``: scores from `threshold` on."""

    def thresholds(self, candidates: Candidates) -> dict[str, Threshold]:
        """The thresholds it draws, by the name of the encoder or ``"combined"``; here none."""
        return {}

    def with_thresholds(self, thresholds: Mapping[str, Threshold]) -> Fusion:
        """The same fusion with other thresholds, where it draws some."""
        return self


@dataclass(frozen=True)
class Threshold:
    """Where similarity becomes a match.

    Parameters
    ----------
    value : float
        Least similarity, after the correction for density.
    density_weight : float
        Share of the mean density around both postings taken off their similarity (cross-domain
        local scaling: Conneau et al., "Word translation without parallel data", 2018). Where a
        catalogue is dense, as many postings look alike, more is asked; it also makes one threshold
        hold in small and in large catalogues.
    at_least : float
        Least similarity before the correction: nothing below is ever a match.
    """

    value: float
    density_weight: float = 0.0
    at_least: float = 0.0

    def score(self, similarity: Scores, density: Scores) -> Scores:
        """Map similarity, float32 ``(m,)``, to [0, 1] with the threshold at 0.5; NaN becomes 0.

        The density is the mean of that around the two postings of each pair.
        """
        above = similarity - self.density_weight * density - self.value
        if self.at_least > 0:
            above = np.minimum(above, similarity - self.at_least)
        room = np.where(above >= 0, max(1 - self.value, 1e-6), max(self.value, 1e-6))
        return np.nan_to_num(np.clip(0.5 + 0.5 * above / room, 0, 1)).astype(np.float32)


# Chosen on the training postings of the Shopee data (docs/benchmarks/index.md tells the command);
# the photo encoders' from their own papers' copies, see docs/benchmarks/photos.md.
DEFAULT_THRESHOLDS = {
    "tfidf": Threshold(0.36, density_weight=0.5, at_least=0.4),
    "phash": Threshold(1 - 6 / 64),
    "signature": Threshold(signature.SAME_PHOTO),
    "photo": Threshold(photo.SAME_PHOTO),
}
DEFAULT_MODALITY_THRESHOLDS: dict[Modality, Threshold] = {
    "text": Threshold(0.8),
    "photo": Threshold(0.85),
}
DEFAULT_COMBINED_THRESHOLD = Threshold(0.24, density_weight=0.5, at_least=0.3)
DEFAULT_UNION_ALL_THRESHOLDS = {
    "tfidf": Threshold(0.4, density_weight=0.5, at_least=0.4),
    "phash": Threshold(1 - 4 / 64),
    COMBINED: Threshold(0.27, density_weight=0.5, at_least=0.3),
}
DEFAULT_TEXT_WEIGHT = 0.65


@dataclass(frozen=True)
class Fixed(Fusion):
    """Lists of matches, each from a threshold on; the score of a pair is that of its best list.

    `given` has other thresholds than the default, by the encoder's name or ``"combined"``.
    """

    given: Mapping[str, Threshold] = field(default_factory=dict)
    defaults: ClassVar[Mapping[str, Threshold]] = {}  # its own, before those of the encoders

    def thresholds(self, candidates: Candidates) -> dict[str, Threshold]:
        """One threshold per encoder: the one given, else the default."""
        own = {**self.defaults, **self.given}
        kinds = zip(candidates.encoders, candidates.modalities, strict=True)
        return {name: own.get(name) or default_threshold(name, kind) for name, kind in kinds}

    def with_thresholds(self, thresholds: Mapping[str, Threshold]) -> Self:
        """The same fusion with other thresholds."""
        return replace(self, given={**self.given, **thresholds})

    def score(self, candidates: Candidates, catalog: Catalog) -> Scores:
        """The best of the lists' scores."""
        return np.asarray(np.max(list(self.list_scores(candidates).values()), axis=0))

    def lists(self, candidates: Candidates, threshold: float = THRESHOLD) -> Lists:
        """The pairs of each list."""
        return {name: own >= threshold for name, own in self.list_scores(candidates).items()}

    def list_scores(self, candidates: Candidates) -> dict[str, Scores]:
        """The best score of the text encoders and of the photo encoders, float32 ``(m,)``."""
        found: dict[str, Scores] = {
            name: np.zeros(len(candidates), dtype=np.float32) for name in ("text", "photo")
        }
        thresholds = Fixed.thresholds(self, candidates).values()
        for column, (kind, each) in enumerate(zip(candidates.modalities, thresholds, strict=True)):
            around = _pair_mean(candidates, candidates.density[:, column])
            own = each.score(candidates.similarity[:, column], around)
            found[kind] = np.maximum(found[kind], own)
        return found


@dataclass(frozen=True)
class Union(Fixed):
    """Text matches together with photo matches: each encoder has a threshold of its own."""

    name = "union"


@dataclass(frozen=True)
class Concat(Fixed):
    """One combined vector per posting, each modality unit-normalised, and one line for its cosine.

    The cosine of two concatenated vectors is the weighted mean of the modalities' cosines, and no
    mean is larger than its largest part: the neighbours of each modality above the threshold
    hold every neighbour of the combined vector above it (down to the floors of the search), so the
    combined vector is never built. A pair that has only one modality in common has no combined
    vectors: it is scored by that modality's threshold.

    `text_weight` is the share of the text in the combined cosine.
    """

    text_weight: float = DEFAULT_TEXT_WEIGHT
    name = "concat"
    defaults: ClassVar[Mapping[str, Threshold]] = {COMBINED: DEFAULT_COMBINED_THRESHOLD}

    def __post_init__(self) -> None:
        if not 0 <= self.text_weight <= 1:
            raise ValueError(f"text_weight is a share between 0 and 1, not {self.text_weight}")

    def thresholds(self, candidates: Candidates) -> dict[str, Threshold]:
        """The threshold of the combined cosine, named `combined`, and one per encoder."""
        return {COMBINED: self._combined_threshold, **super().thresholds(candidates)}

    def list_scores(self, candidates: Candidates) -> dict[str, Scores]:
        """Those of the combined cosine; of text and photo where there is but one of them."""
        similarity, density = self.combine(candidates)
        alone = np.isnan(similarity)
        single = super().list_scores(candidates)
        combined = self._combined_threshold.score(similarity, density)
        return {COMBINED: combined, **{name: alone * own for name, own in single.items()}}

    def combine(self, candidates: Candidates) -> tuple[Scores, Scores]:
        """Combined cosine of each pair and the density around it, both float32 ``(m,)``.

        Several encoders of one modality count as one: their mean. NaN where a pair has but one
        modality in common.
        """
        cosine = _as_cosine(candidates.similarity, candidates)
        around = np.maximum(_as_cosine(candidates.density, candidates), 0)
        of = np.array(candidates.modalities)
        similarity, density = np.zeros((2, len(candidates)), dtype=np.float32)
        for modality, weight in (("text", self.text_weight), ("photo", 1 - self.text_weight)):
            columns = np.flatnonzero(of == modality)
            there = ~np.isnan(cosine[:, columns])
            count = np.count_nonzero(there, axis=1)
            share = np.where(count > 0, weight / np.maximum(count, 1), np.nan).astype(np.float32)
            similarity += share * np.sum(cosine[:, columns], axis=1, where=there)
            pair_density = _pair_mean(candidates, around[:, columns])
            density += share * np.sum(pair_density, axis=1, where=there)
        return similarity, density

    @property
    def _combined_threshold(self) -> Threshold:
        return {**self.defaults, **self.given}[COMBINED]


@dataclass(frozen=True)
class UnionAll(Concat):
    """Text matches, photo matches and combined matches together.

    Three lists catch more than two, so each threshold stands a little higher than on its own.
    """

    name = "union-all"
    defaults = DEFAULT_UNION_ALL_THRESHOLDS

    def thresholds(self, candidates: Candidates) -> dict[str, Threshold]:
        """One threshold per encoder, and that of the combined cosine."""
        return {**Fixed.thresholds(self, candidates), COMBINED: self._combined_threshold}

    def list_scores(self, candidates: Candidates) -> dict[str, Scores]:
        """Those of text, photo and the combined cosine."""
        combined = self._combined_threshold.score(*self.combine(candidates))
        return {**Fixed.list_scores(self, candidates), COMBINED: combined}


def check_threshold(threshold: float) -> None:
    """Raise TypeError or ValueError where a threshold is none."""
    check_type("the threshold", threshold, Real, "a number")
    if not 0 < threshold <= 1:
        raise ValueError(f"the threshold is a score above 0 and up to 1, not {threshold}")


def default_threshold(encoder: str, modality: Modality) -> Threshold:
    """The threshold of an encoder for those without labels."""
    return DEFAULT_THRESHOLDS.get(encoder, DEFAULT_MODALITY_THRESHOLDS[modality])


def _pair_mean(candidates: Candidates, density: Scores) -> Scores:
    return (density[candidates.left] + density[candidates.right]) / np.float32(2)


def _as_cosine(similarity: Scores, candidates: Candidates) -> Scores:
    """Shares of agreeing bits become the cosine of the bits read as +1 and -1."""
    bits = np.array([kind == "bits" for kind in candidates.kinds])
    return np.where(bits, 2 * similarity - 1, similarity)
