"""Training a pair classifier on labels: three passes, each fold judged as if new, the line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.clustering.agglomerative import group
from samesku.encoders.word_weights import WordWeights
from samesku.evaluation.metrics import group_tally, posting_f1
from samesku.scoring.classifier import SIEVED, PairClassifier, learned_similarity
from samesku.scoring.features import Features
from samesku.scoring.features.graph import FAINT
from samesku.scoring.reasons import FAMILIES, families
from samesku.scoring.trees import Trees, probability
from samesku.training.crossing import FITS, FOLDS, LEAST_PAIRS, Crossed, Pairs
from samesku.training.rehearsal import Rehearsal
from samesku.training.scene import Scene, parts_of, stacked
from samesku.training.tree_export import as_onnx
from samesku.training.word_weights import crossed_weights

__all__ = ["FITS", "LEAST_PAIRS", "train_classifier"]

LINE_STEP = 0.02
REHEARSALS = -2
LINES = tuple(round(0.2 + LINE_STEP * step, 2) for step in range(21))


def train_classifier(
    catalog: Catalog,
    candidates: Candidates,
    rows: NDArray[np.integer],
    *,
    rehearsals: Sequence[Rehearsal] = (),
    seed: int = 0,
    advance: Callable[[int], None] = lambda done: None,
) -> tuple[PairClassifier, NDArray[np.float32]]:
    """Train on the labels of some postings.

    Parameters
    ----------
    catalog : Catalog
        With labels.
    candidates : Candidates
        Of the whole catalogue, with their sources.
    rows : integer
        Postings whose labels may be looked at; no other is one of their products. Pairs with
        another posting train nothing; they are judged, so that the second pass sees each posting's
        whole surroundings.
    rehearsals : sequence of Rehearsal
        Catalogues to train on as well (:func:`samesku.training.rehearsal.rehearse`).
    seed : int
    advance : callable
        Told after each of the `FITS` fits.

    Returns
    -------
    classifier : PairClassifier
        With the line at which the groups of `rows` come out best.
    probability : float32 (m,)
        Of each candidate pair, by models that the pair itself did not train: what an honest look
        at calibration needs.

    Raises
    ------
    ValueError
        There are no labels, or too few pairs of one product to train on.
    """
    if catalog.labels is None:
        raise ValueError(f"{catalog.name} has no labels to train on")
    known = np.zeros(len(catalog), dtype=bool)
    known[rows] = True
    known &= catalog.labels >= 0
    labels = np.where(known, catalog.labels, -1)
    catalogues = [Rehearsal(catalog, candidates, labels), *rehearsals]
    pairs = Pairs.of(catalogues, seed, advance)
    pairs.take(np.arange(len(candidates))).check(catalog.name)
    scenes = [Scene(each.catalog, each.candidates, each.labels, seed) for each in catalogues]
    start = _Start.of(scenes, pairs)
    worlds = _worlds(scenes[0], pairs, start)
    asked = np.concatenate([world.asked for world in worlds])
    real = np.arange(len(asked))
    worlds += _rehearsed(scenes, pairs, start)
    places = np.concatenate([world.places for world in worlds])
    odds = np.concatenate([world.odds for world in worlds])
    described = stacked([world.described for world in worlds])
    # A pair between two folds stands in the worlds of both.
    faced = pairs.take(places, 1 / np.bincount(places)[places])
    begins = np.cumsum([0, *(len(world.places) for world in worlds)])
    likely = np.concatenate(
        [world.likely + begin for world, begin in zip(worlds, begins, strict=False)]
    )
    second = faced.take(likely).crossed("second", described, odds[likely])
    odds[likely] = faced.take(likely).honest(second, described, odds[likely])
    # The rehearsals have trained; the real catalogue alone says how sure to be, and where to draw
    # the line.
    slope, offset = faced.take(real).calibration(odds[real], asked)
    odds = slope * odds + offset
    encoders = dict(zip(candidates.encoders, candidates.modalities, strict=True))
    names = {"first": start.described.names, "second": described.names}
    grown = {"first": start.first.whole, "second": second.whole}
    trees = {
        which: Trees(as_onnx([grown[which]], families(read, encoders), len(FAMILIES)))
        for which, read in names.items()
    }
    classifier = PairClassifier(
        {"sieve": Trees(as_onnx([start.sieve.whole])), **trees},
        {"sieve": scenes[0].glanced.names, **names},
        start.weights[-1],
        encoders,
        (slope, offset),
        LINES[0],
        {},
    )
    fold = pairs.fold[: len(catalog)]
    told = np.split(probability(odds), begins[1:-1])
    sharp = classifier.judge(catalog, candidates).scores
    line = _best_line(candidates, worlds, told, sharp, catalog.labels, fold)
    # Of all candidates; those that the sieve put aside stay as it told them.
    honest = start.odds[: len(candidates)].copy()
    count = np.bincount(places[real], minlength=len(honest))
    seen = count > 0
    honest[seen] = np.bincount(places[real], odds[real], len(honest))[seen] / count[seen]
    return replace(classifier, line=line), probability(honest)


@dataclass(frozen=True, eq=False)
class _Start:
    """The passes up to the first, and what it read of the pairs of all catalogues."""

    sieve: Crossed
    odds: NDArray[np.float64]
    kept: NDArray[np.int64]
    parts: list[NDArray[np.int64]]
    weights: dict[int, WordWeights]
    described: Features
    first: Crossed

    @classmethod
    def of(cls, scenes: Sequence[Scene], pairs: Pairs) -> _Start:
        """Train them; the first scene is the real catalogue."""
        glanced = stacked([scene.glanced for scene in scenes])
        sieve = pairs.crossed("sieve", glanced)
        odds = pairs.honest(sieve, glanced)
        # Each catalogue by itself: many offers of few products, as rehearsals have, must not let
        # the hopeless pairs of the real one pass.
        ends = np.cumsum([0, *(len(scene.candidates) for scene in scenes)])
        spans = [np.arange(*span) for span in pairwise(ends)]
        parts = [pairs.take(span).hard(odds[span], SIEVED) for span in spans]
        kept = np.concatenate([span[part] for span, part in zip(spans, parts, strict=True)])
        here, real = scenes[0], scenes[0].candidates
        weights = crossed_weights(
            here.catalog.normal_titles,
            here.labels,
            real.left,
            real.right,
            pairs.fold[: len(here.labels)],
        )
        described = stacked(
            [
                scene.described(part, scene.crossed_words(weights, pairs.dealt))
                for scene, part in zip(scenes, parts, strict=True)
            ]
        )
        first = pairs.take(kept).crossed("first", described)
        return cls(sieve, odds, kept, parts, weights, described, first)


@dataclass(frozen=True, eq=False)
class _World:
    """Pairs as they look to the second pass where no model has seen their truth.

    Attributes
    ----------
    fold : int
        Number of the fold that is new here, or `REHEARSALS`.
    places : int64 (p,)
        Of the pairs among all that were stacked.
    odds : float64 (p,)
        Of the first pass.
    asked : int64 (p,)
        How many of a pair's two postings are new.
    likely : int64 (q,)
        Which of these pairs get a second look.
    described : Features
        Of those.
    """

    fold: int
    places: NDArray[np.int64]
    odds: NDArray[np.float64]
    asked: NDArray[np.int64]
    likely: NDArray[np.int64]
    described: Features


def _worlds(scene: Scene, pairs: Pairs, start: _Start) -> list[_World]:
    """The real catalogue, once for each fold as if that was new and the model trained on the rest.

    New offers are matched among those that trained the model, of which it is surer than of others.
    What the second pass reads around a pair depends on that, so it has to learn from such pairs.
    """
    pairs = pairs.take(np.arange(len(scene.candidates)))
    # The real catalogue's pairs come first; each fold's models leave nearly the same ones.
    known = start.parts[0], start.described
    worlds = []
    for fold in range(FOLDS):
        sieve, first = start.sieve.folds[fold], start.first.folds[fold]
        if sieve is None or first is None or fold not in start.weights:
            continue
        kept = pairs.hard(sieve.log_odds(scene.glanced.values), SIEVED)
        told = learned_similarity(scene.words, start.weights[fold], scene.candidates)
        described = scene.described(kept, told, known)
        odds = first.log_odds(described.values)
        asked = pairs.take(kept).touch(fold)
        new = np.flatnonzero(asked)
        likely = pairs.take(kept).hard(odds, FAINT)
        again = scene.again(kept[likely], probability(odds[likely]))
        seen = described.take(likely).beside(again).take(np.flatnonzero(asked[likely]))
        among = np.searchsorted(new, likely[asked[likely] > 0])
        worlds.append(_World(fold, kept[new], odds[new], asked[new], among, seen))
    return worlds


def _rehearsed(scenes: Sequence[Scene], pairs: Pairs, start: _Start) -> list[_World]:
    """All rehearsals, if any, as one: catalogues of which the model knows nothing."""
    if len(scenes) == 1:
        return []
    later = np.arange(len(start.parts[0]), len(start.kept))
    places, described = start.kept[later], start.described.take(later)
    odds = pairs.take(places).honest(start.first, described)
    told = probability(odds)
    likely = np.flatnonzero(told >= FAINT)
    lengths = [len(part) for part in start.parts[1:]]
    looks = [
        scene.again(part[some], all_told[some])
        for scene, part, some, all_told in zip(
            scenes[1:],
            start.parts[1:],
            parts_of(likely, lengths),
            np.split(told, np.cumsum(lengths)[:-1]),
            strict=True,
        )
    ]
    described = described.take(likely).beside(stacked(looks))
    return [_World(REHEARSALS, places, odds, np.full(len(odds), 2), likely, described)]


def _best_line(
    candidates: Candidates,
    worlds: Sequence[_World],
    told: Sequence[NDArray[np.float32]],
    sharp: NDArray[np.float32],
    labels: NDArray[np.int64],
    fold: NDArray[np.int64],
) -> float:
    """The probability from which to accept, by the mean F1 of the groups that follow.

    Each fold is scored as if it was new, among postings that the final model has seen.

    Parameters
    ----------
    candidates : Candidates
    worlds : sequence of _World
        One per fold, and perhaps the rehearsals.
    told : sequence of float32 (p,)
        Probabilities of their pairs.
    sharp : float32 (m,)
        Of all pairs, by the final model.
    labels : int64 (n,)
    fold : int64 (n,)
        Of each posting; -1 where the label may not be looked at. None of those is one of the
        others' products.
    """
    # Whose labels the strangers have does not matter.
    strangers = np.flatnonzero(fold < 0)
    apart = labels.copy()
    apart[strangers] = labels.max(initial=0) + 1 + np.arange(len(strangers))
    trials = []
    for world, probabilities in zip(worlds, told, strict=True):
        if world.fold == REHEARSALS:
            continue
        new = fold == world.fold
        scores = np.where(new[candidates.left] | new[candidates.right], 0, sharp)
        scores[world.places] = probabilities
        trials.append((new, scores))

    def value(line: float) -> float:
        total = 0.0
        for new, scores in trials:
            groups = group(candidates.left, candidates.right, scores, len(labels), line=line)
            total += float(posting_f1(group_tally(groups, apart))[new].sum())
        return total

    near = max(LINES[::2], key=value)
    return max((line for line in LINES if abs(line - near) < LINE_STEP * 1.5), key=value)
