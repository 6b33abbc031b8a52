"""A matcher adapted to a catalogue by answers about some of its pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.special import expit, logit

from samesku.candidates.candidates import Candidates
from samesku.catalog.answers import Answers, answers_of
from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.crowding import log_partners, uncrowded
from samesku.clustering.expected import expected_f1, partners, threshold_for_links
from samesku.clustering.pins import Pins, pinned_scores
from samesku.judges.asking import unpinned
from samesku.judges.fitting import WRONG, Seen, fit, likeliest
from samesku.judges.wire import Counts
from samesku.results.matches import Matches
from samesku.results.record import training_record
from samesku.runtime.arrays import AnyInts, Bools, Doubles, Floats, Ints
from samesku.runtime.progress import Progress
from samesku.scoring.adaptation import Adaptation
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.features import CatalogRows, pair_features, tolerating
from samesku.scoring.features.table import Features
from samesku.scoring.fusion import PairScores, check_threshold
from samesku.scoring.learned import Learned
from samesku.titles.attributes import KINDS

# Fewer answers decide or move their own pairs and teach nothing.
LEAST_ANSWERS = 20
# An attribute may differ where that makes the answers likelier by this much, as a logarithm.
TOLERATED = 3.0
# Pairs in doubt that features are standardised by, at most, and from which probability.
SHOWN, IN_DOUBT = 20_000, 0.02
# Clear pairs that keep the log-odds where they were, far from what was asked about.
CLEAR = 1_000
# Thresholds that are tried.
GRID = tuple(round(0.1 * step, 1) for step in range(1, 10))
# The height of pairs that share no cluster at any threshold.
LOWEST = 0.05
# What is expected of offset, slope and height before anything was answered, and how firmly.
MEAN, DEVIATION = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.3, 0.3])


@dataclass(frozen=True, eq=False)
class Adapted:
    """What answers made of matches."""

    matches: Matches  # by the adapted model, the answers pinned
    # what was tried and chosen, and which differences the answers call the same
    record: Mapping[str, Any]

    @property
    def model(self) -> PairClassifier:
        fusion = self.matches.fusion
        assert isinstance(fusion, Learned)
        return fusion.model

    @property
    def summary(self) -> str:
        record = self.record
        if record["answers"] < LEAST_ANSWERS:
            return (
                f"{record['answers']:,} answers count for their own pairs alone: adapting needs "
                f"{LEAST_ANSWERS}"
            )
        kinds = " and ".join(record["same"])
        return (
            f"Adapted to {record['answers']:,} answers: "
            + (f"{kinds} may differ from now on; " if kinds else "")
            + f"log-odds of pairs in doubt moved by {record['moved']:.2f} on average; threshold "
            f"{record['threshold_before']:.2f} -> {record['threshold']:.2f}"
        )


def adapt(
    matches: Matches,
    answers: Answers | str | Path | pl.DataFrame,
    *,
    threshold: float | None = None,
    measured: Counts = (),
    progress: Progress | None = None,
) -> Adapted:
    """Adapt the model of matches to answers about their catalogue.

    Answers of people are pins. Those of models add to the log-odds of their pair as far as the
    model is reliable.

    Parameters
    ----------
    matches : Matches
        Of the learned fusion, with the answers pinned (``Matcher.match(answers=...)``).
    answers : Answers, path or table
        Those that the matches were given.
    threshold : float, optional
        Default: the one with the best expected F1.
    measured : tuple, optional
        How a model answered what people had answered, as `Consulted` has it.
    progress : Progress, optional

    Raises
    ------
    ValueError
        The matches are of another fusion, loaded or without the answers as pins, the answers too
        few to learn from, or the threshold is none.
    """
    if threshold is not None:
        check_threshold(threshold)
    answers = answers_of(answers, matches.catalog)
    if reason := teaches(matches, answers):
        raise ValueError(reason)
    fusion = matches.fusion
    assert isinstance(fusion, Learned)
    progress = progress or Progress()
    asked = _asked(matches, answers)
    with progress.stage("adapt"):
        adaptation, record, seen = _learned(matches, fusion, asked, measured)
    same = (*fusion.model.same, *record["same"])
    model = replace(fusion.model, adaptation=adaptation, same=same)
    pairs, distinct = matches.candidates, matches.distinct
    with progress.stage("score again", len(pairs)) as advance:
        scored = replace(fusion, model=model).predict(pairs, distinct.catalog, advance=advance)
    crowding, best = (0.0, 0.0), matches.threshold
    if asked.teach and matches.decide == "clusters" and matches.sources is None:
        ends = pairs.left, pairs.right
        likely = partners(*ends, scored.scores, distinct.counts)
        crowding = _crowding(log_partners(*ends, likely), scored.scores, asked, seen)
        moved = uncrowded(*ends, scored.scores, likely, crowding)
        best = threshold_by_answers(pairs, moved, distinct.counts, asked.places, seen, best)
    adaptation = replace(adaptation, crowding=crowding)
    threshold = best if threshold is None else threshold
    record |= {
        "threshold_before": matches.threshold,
        "threshold": threshold,
        "crowding": round(crowding[0], 3),
    }
    taught = np.unique([pairs.left[asked.places], pairs.right[asked.places]])
    beside = [*model.card.get("beside", []), training_record(distinct.catalog, taught)]
    card = {**model.card, "adapted": {**record}, "beside": beside}
    model = replace(model, adaptation=adaptation, card=card)
    # Links that kept their own threshold say nothing of that of clusters.
    if matches.decide != "one-to-one" or threshold != threshold_for_links(fusion):
        model = replace(model, threshold=threshold, threshold_rule="fixed")
    weighed = asked.weighed(scored, seen)
    scores = distinct.sure(pairs.left, pairs.right, weighed.scores)
    if matches.pins is not None:
        scores = pinned_scores(matches.pins, pairs, scores)
    made = replace(
        matches, scores=scores, explanations=weighed.explanations,
        fusion=replace(fusion, model=model), threshold=threshold, crowding=crowding,
        run={**matches.run, "adapted": record},
    )  # fmt: skip
    record["changed"] = _changed(unpinned(matches), made)
    return Adapted(made, record)


def _crowding(around: Doubles, scores: Floats, asked: _Asked, seen: Seen) -> tuple[float, float]:
    """What many partners add to log-odds by the answers, never above 0; how many are usual.

    `around`: those of each pair (:func:`samesku.clustering.crowding.log_partners`).
    """
    odds, doubtful = _odds(scores), scores > IN_DOUBT
    if not doubtful.any():
        return 0.0, 0.0
    usual, spread = float(around[doubtful].mean()), float(around[doubtful].std()) + 1e-6
    column = ((around - usual) / spread)[:, None]
    beyond = np.flatnonzero(~doubtful)
    clear = beyond[:: max(1, len(beyond) // CLEAR)]
    (weight,), _ = fit(odds[asked.places], column[asked.places], [seen], odds[clear], column[clear])
    return min(float(weight) / spread, 0.0), usual


def _changed(before: Matches, after: Matches) -> dict[str, int]:
    """Pairs of postings that share a cluster, before and after, and how many are new or gone."""
    clusters = np.stack([before.clusters, after.clusters])
    size = np.unique(clusters, axis=1, return_counts=True)[1]
    both = int((size * (size - 1) // 2).sum())
    return {
        "matched_before": before.pair_count, "matched": after.pair_count,
        "joined": after.pair_count - both, "parted": before.pair_count - both,
    }  # fmt: skip


def teaches(matches: Matches, answers: Answers) -> str:
    """Why the model of matches cannot be adapted to answers; empty where it can."""
    if matches.written is not None:
        return "what was read back lacks what the model reads: match again, or use `samesku adapt`"
    if not isinstance(matches.fusion, Learned):
        return f"answers teach the learned fusion only, not {matches.fusion.name}"
    if matches.fusion.model.adaptation is not None:
        return "the model is adapted already; adapt the one that it was made from"
    if matches.pins is None and answers.decided.any():
        return "the answers are not pinned: give them to Matcher.match, too"
    asked = _asked(matches, answers)
    if not (asked.teach or asked.machine.any()):
        return (
            f"{answers.source} decides {len(asked.same):,} pairs and adapting needs "
            f"{LEAST_ANSWERS}: ask more"
        )
    return ""


@dataclass(frozen=True, eq=False)
class _Asked:
    places: Ints  # (a,), among the candidates
    same: Doubles  # (a,)
    machine: Bools  # (a,), answered by a model

    @property
    def teach(self) -> bool:
        """Whether they are enough to learn from."""
        return len(self.same) >= LEAST_ANSWERS

    def weighed(self, scored: PairScores, seen: Seen) -> PairScores:
        """The probabilities with what models answered, which their explanations say."""
        scores, places = scored.scores.copy(), self.places[self.machine]
        added = seen.take(self.machine).contribution
        scores[places] = expit(_odds(scores[places]) + added)
        explanations = scored.explanations
        if explanations is not None:
            answered = dict(zip(places.tolist(), added.tolist(), strict=True))
            explanations = replace(explanations, answered=answered)
        return PairScores(scores, explanations)


def _asked(matches: Matches, answers: Answers) -> _Asked:
    """The answers that are used, each candidate once."""
    left, right = answers.rows(matches.catalog)
    found = []
    for whose in (False, True):
        some = answers.kept & (answers.machine == whose)
        pins = Pins.of(left[some], right[some], answers.same[some]).on(matches.distinct.place)
        places = matches.candidates.places(pins.left, pins.right)
        found.append((places, pins.same, np.full(len(pins), whose)))
    places, same, machine = map(np.concatenate, zip(*found, strict=True))
    # A pair of distinct postings may stand for several answers, which may differ: one of people,
    # else the first.
    first = np.unique(places, return_index=True)[1]
    first = first[places[first] >= 0]
    first = first[np.argsort(machine[first], kind="stable")]
    return _Asked(places[first], same[first].astype(np.float64), machine[first])


def _learned(
    matches: Matches, fusion: Learned, asked: _Asked, measured: Counts
) -> tuple[Adaptation, dict[str, Any], Seen]:
    """What the answers teach, the record of it, and the rates of wrong answers that were taken."""
    model = fusion.model
    rows = CatalogRows(matches.distinct.catalog, matches.candidates.sources)
    pairs = matches.candidates.take(asked.places)
    plain = pair_features(rows, pairs, same=fusion.same)
    more = _tolerated(fusion, asked, plain, pairs, rows, measured) if asked.teach else ()
    same = (*fusion.same, *more)

    def described(places: AnyInts) -> tuple[Features, Candidates]:
        some = matches.candidates.take(places)
        return pair_features(rows, some, same=same), some

    doubtful = np.flatnonzero(matches.scores > IN_DOUBT)
    beyond = np.flatnonzero(matches.scores <= IN_DOUBT)
    shown = described(doubtful[:: max(1, len(doubtful) // SHOWN)])[0]
    clear = described(beyond[:: max(1, len(beyond) // CLEAR)])
    answered = tolerating(plain, pairs, rows, same)
    odds, frame = model.log_odds(answered, pairs), _frame(shown, model.features)
    said = Seen.of_model(asked.same[asked.machine], odds[asked.machine], measured)
    people = asked.same[~asked.machine]
    ways = [Seen.of(people, wrong).joined(said) for wrong in (WRONG if len(people) else WRONG[:1])]
    stays = model.log_odds(*clear), frame.standardised(clear[0])
    weights, seen = np.zeros(len(frame.features)), ways[0]
    if asked.teach:
        weights, seen = fit(odds, frame.standardised(answered), ways, *stays)
    record = {
        "answers": len(seen.same),
        "answered_same": int(seen.same.sum()),
        "same": list(more),
        "moved": round(float(np.abs(frame.standardised(shown) @ weights).mean()), 3),
        # How often pairs that clash in each kind were answered to be the same.
        "differences": {
            kind: {"answered": int(clash.sum()), "same": int(seen.same[clash].sum())}
            for kind, clash in _differing(plain, "clash").items()
            if clash.any()
        },
    }
    return replace(frame, weights=weights), record, seen


def _tolerated(
    fusion: Learned,
    asked: _Asked,
    plain: Features,
    pairs: Candidates,
    rows: CatalogRows,
    measured: Counts,
) -> tuple[str, ...]:
    """The kinds of attributes that may differ by the answers, beside those that do already.

    One after the other, the one that makes the answers likeliest first, of those in which some pair
    that was answered `same` differs.
    """

    def log_odds(more: tuple[str, ...]) -> Doubles:
        features = tolerating(plain, pairs, rows, (*fusion.same, *more))
        return fusion.model.log_odds(features, pairs)

    people, machine = asked.same[~asked.machine], asked.same[asked.machine]
    seen = Seen.of(people, WRONG[1]).joined(
        Seen.of_model(machine, log_odds(())[asked.machine], measured)
    )

    def likelihood(more: tuple[str, ...]) -> float:
        said = seen.said(expit(log_odds(more)))
        return float(np.log(np.where(seen.same > 0, said, 1 - said)).sum())

    differs = _differing(plain, "clash", "alone")
    tried = [k for k in KINDS if k not in fusion.same and (seen.same[differs[k]] > 0).any()]
    more: tuple[str, ...] = ()
    now = likelihood(more)
    while left := [kind for kind in tried if kind not in more]:
        found = {kind: likelihood((*more, kind)) for kind in left}
        best = max(found, key=found.__getitem__)
        if found[best] < now + TOLERATED:
            break
        more, now = (*more, best), found[best]
    return more


def _differing(described: Features, *how: str) -> dict[str, Bools]:
    """Which pairs differ in each kind: `clash`, or of one posting `alone`, where that counts."""
    found = {}
    for kind in KINDS:
        values = described.select([f"{each}_{kind}" for each in how], may_miss=how)
        found[kind] = np.asarray((np.nan_to_num(values) > 0).any(axis=1))
    return found


def _frame(shown: Features, names: tuple[str, ...]) -> Adaptation:
    """The features that vary among pairs in doubt, standardised by them."""
    names = tuple(name for name in names if name in shown.names)
    values = shown.select(names).astype(np.float64)
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    center = np.where(known, values, 0).sum(axis=0) / count
    scale = np.sqrt(np.where(known, (values - center) ** 2, 0).sum(axis=0) / count)
    varies = (scale > 1e-6) & (known.sum(axis=0) > 20)
    kept = tuple(name for name, yes in zip(names, varies, strict=True) if yes)
    return Adaptation(kept, center[varies], scale[varies], np.zeros(len(kept)))


def threshold_by_answers(
    candidates: Candidates, scores: Floats, counts: AnyInts, places: AnyInts, seen: Seen, now: float
) -> float:
    """The threshold with the best expected F1 per posting; `now` where none is better.

    What is expected follows from probabilities that the answers about the candidates `places`
    calibrate, by the log-odds of a pair and by its height: the highest threshold at which both
    share a cluster, as a pair that others support is the same more often than its own score says.
    `scores` are without what the answers pin.
    """
    left, right = candidates.left, candidates.right
    height, clusters = np.full(len(scores), LOWEST), {}
    for threshold in sorted({*GRID, now}):
        found = agglomerate(left, right, scores, len(counts), threshold=threshold)
        height[found[left] == found[right]] = threshold
        clusters[threshold] = found
    columns = np.column_stack([np.ones(len(scores)), _odds(scores), logit(height)])
    numbers, _ = likeliest(columns[places], seen, MEAN, DEVIATION)
    chance = expit(columns @ numbers).astype(np.float32)
    value = {at: expected_f1(left, right, chance, of, counts) for at, of in clusters.items()}
    best = max(value, key=value.__getitem__)
    return best if value[best] > value[now] else now


def _odds(scores: Floats) -> Doubles:
    return np.asarray(logit(np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6)))
