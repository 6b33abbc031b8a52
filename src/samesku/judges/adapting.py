"""A matcher adapted to a catalogue by answers about some of its pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from samesku.catalog.answers import Answers
from samesku.clustering.expected import best_threshold
from samesku.clustering.pins import Pins, pinned_scores
from samesku.judges.asking import unpinned
from samesku.judges.fitting import (
    FOLDS,
    LADDER,
    Anchors,
    Counts,
    Floats,
    Seen,
    Step,
    choose_step,
    fit,
    held_out,
    paying,
)
from samesku.results.matches import Matches
from samesku.runtime.progress import Progress
from samesku.scoring.adaptation import Adaptation
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.features import CatalogRows, Features, pair_features
from samesku.scoring.learned import Learned
from samesku.scoring.trees import Trees
from samesku.titles.attributes import KINDS

# What answers of models alone may move: a bias of the model must not become one of the matcher.
UNMOVED = tuple(replace(step, offset=1e-3, slope=1e-3) if step.weight else step
                for step in LADDER if step.weight or not step.offset)  # fmt: skip

# Fewer answers are pins and teach nothing.
LEAST_ANSWERS = 20
# Pairs that differ in an attribute of which so many, and such a share, are answered to be the same
# show that it may differ.
MANY, TOLERATED = 8, 0.7
# Answers from which trees are boosted on.
TREES_FROM = 300
# Answers per distinct posting up to which they are: beyond it what nobody was asked is a small
# and easy rest, of which answers about hard pairs say little; trees made it worse.
TREES_UP_TO = 0.5
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
    """What answers made of matches."""

    matches: Matches  # by the adapted model, the answers pinned
    # what was tried and chosen, and which differences the answers call the same
    record: Mapping[str, Any]

    @property
    def model(self) -> PairClassifier:
        """The adapted model."""
        fusion = self.matches.fusion
        assert isinstance(fusion, Learned)
        return fusion.model

    @property
    def summary(self) -> str:
        """What changed, in a sentence."""
        record = self.record
        return (
            f"Adapted to {record['answers']:,} answers: {record['step']}"
            f"{', trees boosted on' if record['trees'] else ''}; threshold "
            f"{record['threshold_before']:.2f} -> {record['threshold']:.2f}"
        )

    @property
    def hints(self) -> list[str]:
        """Which attributes to let differ, a sentence each."""
        return [
            f"Answers call what differs in {kind} the same ({count['same']:,} of "
            f"{count['answered']:,}): try --same {kind}"
            for kind, count in self.record["differences"].items()
            if count["same"] >= max(MANY, TOLERATED * count["answered"])
        ]


def adapt(
    matches: Matches,
    answers: Answers,
    *,
    threshold: float | None = None,
    measured: Counts = (),
    progress: Progress | None = None,
) -> Adapted:
    """Adapt the model of matches to answers about their catalogue.

    Answers of people are pins. Those of models add to the log-odds of their pair as far as the
    model is reliable, and move no calibration, as a model that misses much would.

    Parameters
    ----------
    matches : Matches
        Of the learned fusion, with the answers pinned (``Matcher.match(answers=...)``).
    answers : Answers
    threshold : float, optional
        Default: the one with the best expected F1.
    measured : tuple, optional
        How a model answered what people had answered, as `Consulted` has it.
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
    progress = progress or Progress()
    asked = _asked(matches, answers)
    with progress.stage("adapt"):
        lesson = _Lesson.of(matches, fusion, asked, measured)
        model, record = lesson.learn()
    candidates, catalog = matches.candidates, matches.distinct.catalog
    adapted = replace(fusion, model=model)
    with progress.stage("score again", len(candidates)) as advance:
        scored = adapted.judge(candidates, catalog, advance=advance)
    chance = asked.weighed(scored.scores, lesson.seen)
    scores = chance if matches.pins is None else pinned_scores(matches.pins, candidates, chance)
    if threshold is None and (matches.decide != "clusters" or matches.sources is not None):
        threshold = (
            matches.threshold
        )  # what is to be expected is worked out for clusters of one source
    if threshold is None:
        counts = matches.distinct.counts
        threshold = best_threshold(
            candidates.left, candidates.right, chance, scores, counts, matches.threshold
        )
    record |= {"threshold_before": matches.threshold, "threshold": threshold}
    before = unpinned(matches)
    card = {**model.card, "adapted": {**record}}
    model = replace(model, threshold=threshold, threshold_rule="fixed", card=card)
    made = replace(
        matches, scores=scores, evidence=scored.evidence, fusion=replace(adapted, model=model),
        threshold=threshold, run={**matches.run, "adapted": record},
    )  # fmt: skip
    record["changed"] = _changed(before.clusters, made.clusters)
    return Adapted(made, record)


def _changed(before: NDArray[np.int64], after: NDArray[np.int64]) -> dict[str, int]:
    """Pairs of postings that share a cluster, before and after, and how many are of both."""

    def pairs(*clusters: NDArray[np.int64]) -> int:
        size = np.unique(np.stack(clusters), axis=1, return_counts=True)[1]
        return int((size * (size - 1) // 2).sum())

    both = pairs(before, after)
    return {
        "matched_before": pairs(before), "matched": pairs(after),
        "joined": pairs(after) - both, "parted": pairs(before) - both,
    }  # fmt: skip


def teaches(matches: Matches, answers: Answers) -> str:
    """Why the model of matches cannot be adapted to answers; empty where it can."""
    if not isinstance(matches.fusion, Learned):
        return f"answers teach the learned fusion only, not {matches.fusion.name}"
    if matches.fusion.model.adaptation is not None:
        return "the model is adapted already; adapt the one that it was made from"
    asked = _asked(matches, answers)
    if len(asked.same) < LEAST_ANSWERS and not asked.machine.any():
        return (
            f"{answers.source} decides {len(asked.same):,} pairs and adapting needs "
            f"{LEAST_ANSWERS}: ask more"
        )
    return ""


@dataclass(frozen=True, eq=False)
class _Asked:
    """Answered candidates."""

    places: NDArray[np.int64]  # int64 (a,), among the candidates
    same: Floats  # (a,)
    machine: NDArray[np.bool_]  # bool (a,), answered by a model

    def weighed(self, scores: NDArray[np.float32], seen: Seen) -> NDArray[np.float32]:
        weighed, places = scores.copy(), self.places[self.machine]
        odds = logit(np.clip(scores[places].astype(np.float64), 1e-6, 1 - 1e-6))
        weighed[places] = expit(odds + seen.take(self.machine).contribution)
        return weighed


def _asked(matches: Matches, answers: Answers) -> _Asked:
    """The answers that are used, each candidate once."""
    machine, rows, place = answers.machine, answers.rows(matches.catalog), matches.distinct.place
    found: list[tuple[NDArray[np.int64], Floats]] = []
    for whose in (False, True):
        some = answers.kept & (machine == whose)
        pins = Pins.of(rows[0][some], rows[1][some], answers.same[some]).on(place)
        places = matches.candidates.places(pins.left, pins.right)
        # A pair of distinct postings may stand for several answers, which may differ.
        places, first = np.unique(places, return_index=True)
        fresh = (places >= 0) & (~np.isin(places, found[0][0]) if found else True)
        found.append((places[fresh], pins.same[first][fresh].astype(np.float64)))
    people, models = found
    return _Asked(
        np.concatenate([people[0], models[0]]),
        np.concatenate([people[1], models[1]]),
        np.arange(len(people[0]) + len(models[0])) >= len(people[0]),
    )


@dataclass(frozen=True, eq=False)
class _Lesson:
    """What the answers are learned from."""

    model: PairClassifier
    # float32 (a, width), the features of the answered pairs that the trees read
    values: NDArray[np.float32]
    described: Features  # of these pairs
    odds: Floats  # (a,), before the adaptation
    seen: Seen
    many: bool  # people alone answered, and enough to boost trees
    ladder: tuple[Step, ...]  # what may move
    folds: NDArray[np.int64]  # (a,), pairs of one cluster are held out together
    frame: Adaptation  # the weighted features and their scales; all weights are 0
    anchors: Anchors

    @classmethod
    def of(cls, matches: Matches, fusion: Learned, answered: _Asked, measured: Counts) -> _Lesson:
        catalog, candidates = matches.distinct.catalog, matches.candidates
        rows, model = CatalogRows(catalog, candidates.sources), fusion.model
        asked = candidates.take(answered.places)
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
        before = model.log_odds(described, values)
        people = Seen.of(answered.same[~answered.machine])
        said, machine = answered.same[answered.machine], answered.machine
        many = not machine.any() and TREES_FROM <= len(people) <= TREES_UP_TO * len(catalog)
        clusters = matches.clusters[matches.distinct.rows]
        everyone = people.joined(Seen.of_model(said, before[machine], measured))
        return cls(
            model, values, described, before, everyone,
            many, LADDER if len(people) >= LEAST_ANSWERS else UNMOVED,
            clusters[asked.left] % FOLDS, frame, anchors,
        )  # fmt: skip

    def learn(self) -> tuple[PairClassifier, dict[str, Any]]:
        """The adapted model, and what was tried."""
        features = self.frame.standardised(self.described)
        taken, losses = choose_step(
            self.odds, features, self.seen, self.folds, self.anchors, self.ladder
        )
        step, same = self.ladder[taken], self.seen.same
        found = fit(step, self.odds, features, self.seen, self.anchors)
        trees = self._trees(step, losses[taken])
        adaptation = replace(
            self.frame, slope=found.slope, offset=found.offset, weights=found.weights, trees=trees
        )
        record = {
            "answers": len(same),
            "same": int(same.sum()),
            "step": step.name,
            "trees": trees is not None,
            "held_out_loss": {
                step.name: round(float(loss.mean()), 4)
                for step, loss in zip(self.ladder, losses, strict=False)
            },
            "differences": self._differences(),
        }
        return replace(self.model, adaptation=adaptation), record

    def _trees(self, step: Step, loss: Floats) -> Trees | None:
        """Trees boosted on from the fit, where they pay; None elsewhere."""
        if not self.many:
            return None
        # LightGBM is loaded only where there are hundreds of answers.
        from samesku.judges.boosting import grow, grown

        features = self.frame.standardised(self.described)

        def base(train: NDArray[np.bool_]) -> Floats:
            made = fit(step, self.odds[train], features[train], self.seen.take(train), self.anchors)
            return made(self.odds, features)

        def predicted(train: NDArray[np.bool_], held: NDArray[np.bool_]) -> Floats:
            before = base(train)
            booster = grow(self.values[train], self.seen.same[train], before[train])
            more = np.asarray(booster.predict(self.values[held], raw_score=True))
            return np.asarray(before[held] + more, dtype=np.float64)

        if not paying(loss, held_out(predicted, self.seen, self.folds)):
            return None
        return grown(grow(self.values, self.seen.same, base(self.seen.same >= 0)), self.model)

    def _differences(self) -> dict[str, dict[str, int]]:
        """How often pairs that clash in each kind were answered to be the same."""
        column = dict(zip(self.described.names, self.described.values.T, strict=True))
        counts = {}
        for kind in KINDS:
            clash = np.nan_to_num(column[f"clash_{kind}"]) > 0
            if clash.any():
                same = int(self.seen.same[clash].sum())
                counts[kind] = {"answered": int(clash.sum()), "same": same}
        return counts


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
