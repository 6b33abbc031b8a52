"""A matcher adapted to a catalogue by answers about some of its pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samesku.catalog.answers import Answers
from samesku.clustering.pins import Pins, pinned_scores
from samesku.judges.expecting import best_threshold
from samesku.judges.fitting import FOLDS, LADDER, Anchors, Step, choose_step, fit, held_out, paying
from samesku.results.matches import Matches
from samesku.runtime.progress import Progress
from samesku.scoring.adaptation import Adaptation
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.features import CatalogRows, Features, pair_features
from samesku.scoring.learned import Learned
from samesku.scoring.trees import Trees
from samesku.titles.attributes import KINDS

__all__ = ["LEAST_ANSWERS", "Adapted", "adapt", "teaches"]

Floats = NDArray[np.float64]

# Fewer answers are pins and teach nothing.
LEAST_ANSWERS = 20
# Answers from which trees are boosted on.
TREES_FROM = 300
# Pairs in doubt that features are standardised by, at most, and from which probability.
SHOWN, IN_DOUBT = 20_000, 0.02
# Clear pairs that keep the log-odds where they were, far from what was asked about.
CLEAR = 1_000
# What is weighted: what clashes, and the main ways of being alike.
WEIGHTED = (
    *(f"clash_{kind}" for kind in KINDS), "alone_count", "alone_accessory", "clashes",
    "attributes_agree", "word_cosine", "edit_ratio_sorted", "covered_min", "covered_max",
    "unshared_numbers_min", "unshared_numbers_max", "unshared_codes_max", "shared_codes",
    "code_alike", "quantities_clash", "price_gap", "brand_same", "description_cosine",
    "neighbourhood_cosine", "rarest_unshared_max", "variant_unshared_max", "tfidf",
    "tfidf_rank_max", "phash",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Adapted:
    """What answers made of matches.

    Attributes
    ----------
    matches : Matches
        By the adapted model, the answers pinned.
    record : mapping
        What was tried and taken, and which kinds of difference the answers call the same.
    """

    matches: Matches
    record: Mapping[str, Any]

    @property
    def model(self) -> PairClassifier:
        """The adapted model."""
        fusion = self.matches.fusion
        assert isinstance(fusion, Learned)
        return fusion.model

    @property
    def told(self) -> str:
        """In a sentence, what changed."""
        record = self.record
        return (
            f"adapted to {record['answers']:,} answers: {record['step']}"
            f"{', trees boosted on' if record['trees'] else ''}; threshold "
            f"{record['threshold_before']:.2f} -> {record['threshold']:.2f}"
        )


def adapt(
    matches: Matches,
    answers: Answers,
    *,
    threshold: float | None = None,
    progress: Progress | None = None,
) -> Adapted:
    """Adapt the model of matches to answers about their catalogue.

    Parameters
    ----------
    matches : Matches
        Of the learned fusion, with the answers pinned (``Matcher.match(answers=...)``).
    answers : Answers
    threshold : float, optional
        Default: the best to be expected.
    progress : Progress, optional

    Raises
    ------
    ValueError
        The matches are of another fusion, or the answers too few to learn from.
    """
    if reason := teaches(matches, answers):
        raise ValueError(reason)
    fusion = matches.fusion
    assert isinstance(fusion, Learned)
    pins = _told(matches, answers)
    progress = progress or Progress()
    with progress.stage("adapt"):
        model, record = _Lesson.of(matches, fusion, pins).learn()
    candidates, catalog = matches.candidates, matches.distinct.catalog
    judge = replace(fusion, model=model)
    with progress.stage("score again", len(candidates)) as advance:
        judged = judge.judge(candidates, catalog, advance=advance)
    scores = pinned_scores(pins, candidates, judged.scores)
    if threshold is None:
        counts = matches.distinct.counts
        threshold = best_threshold(
            candidates.left, candidates.right, judged.scores, scores, counts, model.threshold
        )
    record |= {"threshold_before": matches.threshold, "threshold": threshold}
    model = replace(model, threshold=threshold, card={**model.card, "adapted": record})
    made = replace(
        matches, scores=scores, evidence=judged.evidence, fusion=replace(judge, model=model),
        threshold=threshold, pins=pins, run={**matches.run, "adapted": record},
    )  # fmt: skip
    return Adapted(made, record)


def teaches(matches: Matches, answers: Answers) -> str:
    """Why the model of matches cannot be adapted to answers; empty where it can."""
    if not isinstance(matches.fusion, Learned):
        return f"answers teach the learned fusion only, not {matches.fusion.name}"
    if matches.fusion.model.adaptation is not None:
        return "the model is adapted already; adapt the one that it was made from"
    if (count := len(_told(matches, answers))) < LEAST_ANSWERS:
        return (
            f"{answers.source} decides {count:,} pairs and adapting needs {LEAST_ANSWERS}: ask more"
        )
    return ""


def _told(matches: Matches, answers: Answers) -> Pins:
    """The answers that decide, in rows of the distinct postings."""
    left, right = (each[answers.kept] for each in answers.rows(matches.catalog))
    pins = Pins.of(left, right, answers.same[answers.kept]).on(matches.distinct.place)
    return pins.take(matches.candidates.places(pins.left, pins.right) >= 0)


@dataclass(frozen=True, eq=False)
class _Lesson:
    """What the answers are learned from.

    Attributes
    ----------
    model : PairClassifier
    values : float32 (a, width)
        What the trees read of the answered pairs.
    described : Features
        Of these pairs.
    odds : float64 (a,)
        Before.
    same : float64 (a,)
    folds : int64 (a,)
        Pairs of one cluster are held out together.
    frame : Adaptation
        The weighted features and how they are standardised; all weights are 0.
    anchors : Anchors
    """

    model: PairClassifier
    values: NDArray[np.float32]
    described: Features
    odds: Floats
    same: Floats
    folds: NDArray[np.int64]
    frame: Adaptation
    anchors: Anchors

    @classmethod
    def of(cls, matches: Matches, fusion: Learned, pins: Pins) -> _Lesson:
        catalog, candidates = matches.distinct.catalog, matches.candidates
        rows, model = CatalogRows(catalog, candidates.sources), fusion.model
        asked = candidates.take(candidates.places(pins.left, pins.right))
        described = pair_features(catalog, asked, rows, same=fusion.same)
        values = model.values(described, asked)
        doubtful = np.flatnonzero(matches.scores > IN_DOUBT)
        some = doubtful[:: max(1, len(doubtful) // SHOWN)]
        shown = pair_features(catalog, candidates.take(some), rows, same=fusion.same)
        frame = _frame(shown)
        beyond = np.flatnonzero(matches.scores <= IN_DOUBT)
        clear = candidates.take(beyond[:: max(1, len(beyond) // CLEAR)])
        seen = pair_features(catalog, clear, rows, same=fusion.same)
        odds = model.log_odds(seen, model.values(seen, clear))
        anchors = Anchors(odds, frame.standardised(seen))
        clusters = matches.clusters[matches.distinct.rows]
        return cls(
            model, values, described, model.log_odds(described, values),
            pins.same.astype(np.float64), clusters[pins.left] % FOLDS, frame, anchors,
        )  # fmt: skip

    def learn(self) -> tuple[PairClassifier, dict[str, Any]]:
        """The adapted model, and what was tried."""
        features = self.frame.standardised(self.described)
        taken, losses = choose_step(self.odds, features, self.same, self.folds, self.anchors)
        found = fit(LADDER[taken], self.odds, features, self.same, self.anchors)
        trees = self._trees(LADDER[taken], losses[taken])
        adaptation = replace(
            self.frame, slope=found.slope, offset=found.offset, weights=found.weights, trees=trees
        )
        record = {
            "answers": len(self.same),
            "same": int(self.same.sum()),
            "step": LADDER[taken].name,
            "trees": trees is not None,
            "held_out_loss": {
                step.name: round(float(loss.mean()), 4)
                for step, loss in zip(LADDER, losses, strict=False)
            },
            "differences": self._differences(),
        }
        return replace(self.model, adaptation=adaptation), record

    def _trees(self, step: Step, loss: Floats) -> Trees | None:
        """Trees boosted on from the fit, where they pay; None elsewhere."""
        if len(self.same) < TREES_FROM:
            return None
        # Only who has hundreds of answers waits for LightGBM to load.
        from samesku.judges.boosting import grow, grown

        features = self.frame.standardised(self.described)

        def base(train: NDArray[np.bool_]) -> Floats:
            made = fit(step, self.odds[train], features[train], self.same[train], self.anchors)
            return made(self.odds, features)

        def told(train: NDArray[np.bool_], held: NDArray[np.bool_]) -> Floats:
            before = base(train)
            booster = grow(self.values[train], self.same[train], before[train])
            more = np.asarray(booster.predict(self.values[held], raw_score=True))
            return np.asarray(before[held] + more, dtype=np.float64)

        if not paying(loss, held_out(told, self.same, self.folds)):
            return None
        return grown(grow(self.values, self.same, base(self.same >= 0)), self.model)

    def _differences(self) -> dict[str, dict[str, int]]:
        """How often pairs that clash in each kind were answered to be the same."""
        column = dict(zip(self.described.names, self.described.values.T, strict=True))
        told = {}
        for kind in KINDS:
            clash = np.nan_to_num(column[f"clash_{kind}"]) > 0
            if clash.any():
                same = int(self.same[clash].sum())
                told[kind] = {"answered": int(clash.sum()), "same": same}
        return told


def _frame(shown: Features) -> Adaptation:
    """The features that vary among pairs in doubt, standardised by them."""
    names = [name for name in WEIGHTED if name in shown.names]
    values = shown.select(names).astype(np.float64)
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    center = np.where(known, values, 0).sum(axis=0) / count
    scale = np.sqrt(np.where(known, (values - center) ** 2, 0).sum(axis=0) / count)
    varies = (scale > 1e-6) & (known.sum(axis=0) > 20)
    kept = tuple(name for name, yes in zip(names, varies, strict=True) if yes)
    return Adaptation(1.0, 0.0, kept, center[varies], scale[varies], np.zeros(len(kept)))
