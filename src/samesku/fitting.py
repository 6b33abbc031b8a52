"""Training a pair classifier on labels: cross-fitting, weights, the line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from samesku.candidates import Candidates
from samesku.catalog import Catalog
from samesku.classifier import PASSES, SIEVED, PairClassifier
from samesku.clustering import group
from samesku.evaluation.metrics import group_tally, posting_f1
from samesku.features import Features
from samesku.training.rehearsal import Rehearsal
from samesku.training.scene import Scene, parts_of, stacked
from samesku.training.word_weights import crossed_weights
from samesku.trees import log_odds, probability, threads

__all__ = ["FITS", "train_classifier"]

FOLDS = 3
FITS = len(PASSES) * (FOLDS + 1)
# On an easy catalogue the sieve leaves nothing to tell apart: so many times the true pairs stay.
EASY = 4
# With fewer pairs of one product than this, trees learn nothing that holds elsewhere.
LEAST_PAIRS = 50
LINE_STEP = 0.02
LINES = tuple(round(0.2 + LINE_STEP * step, 2) for step in range(21))
# Of a pair's weight with the size of its product: the metric counts postings, not pairs.
WEIGHT_POWER = -0.4
# Of the weight of a pair that is only rehearsed.
REHEARSED = 0.5
COMMON = {
    "objective": "binary",
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 2.0,
    "min_data_in_leaf": 50,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
SETTINGS: dict[str, tuple[int, dict[str, Any]]] = {
    "sieve": (40, {"num_leaves": 15, "learning_rate": 0.2}),
    "first": (350, {"num_leaves": 63, "learning_rate": 0.07}),
    "second": (250, {"num_leaves": 31, "learning_rate": 0.05}),
}


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
        Of each candidate pair; where both postings are in `rows`, by models that the pair itself
        did not train (:meth:`_Fitting.crossed`): what an honest look at calibration needs.

    Raises
    ------
    ValueError
        There are no labels, or too few pairs of one product to train on.
    """
    if catalog.labels is None:
        raise ValueError(f"{catalog.name} has no labels to train on")
    labelled = catalog.labels >= 0
    known = np.zeros(len(catalog), dtype=bool)
    known[rows] = True
    known &= labelled
    labels = np.where(known, catalog.labels, -1)
    real = Rehearsal(catalog, candidates, labels)
    fit = _Fitting.of([real, *rehearsals], seed, advance)
    fit.take(np.arange(len(candidates))).check(catalog.name)
    scenes = [
        Scene(each.catalog, each.candidates, each.labels, seed) for each in (real, *rehearsals)
    ]
    glanced = stacked([scene.glanced() for scene in scenes])
    sieve, odds = fit.crossed("sieve", glanced, np.zeros(len(fit.left)))
    kept = fit.hard(odds)
    # Each catalogue's share of the stacked pairs that were kept.
    parts = parts_of(kept, [len(scene.candidates) for scene in scenes])
    weights = crossed_weights(
        catalog.normal_titles, labels, candidates.left, candidates.right, fit.fold[: len(catalog)]
    )
    fit = fit.take(kept)
    looks = [
        scene.described(part, weights, fit.dealt) for scene, part in zip(scenes, parts, strict=True)
    ]
    described = stacked(looks)
    first, first_odds = fit.crossed("first", described, odds[kept])
    seen = np.split(probability(first_odds), np.cumsum([len(part) for part in parts])[:-1])
    looks = [scene.again(part, told) for scene, part, told in zip(scenes, parts, seen, strict=True)]
    again = described.beside(stacked(looks))
    second, odds[kept] = fit.crossed("second", again, first_odds, start=first_odds)
    # The rehearsals have trained; the real catalogue alone says how sure to be, and where to draw
    # the line.
    here = np.arange(len(parts[0]))
    calibration = fit.take(here).calibration(odds[parts[0]])
    odds = odds[: len(candidates)]
    odds[parts[0]] = calibration[0] * odds[parts[0]] + calibration[1]
    judged = probability(odds)
    # No product of `rows` has an offer elsewhere: whose labels those are does not matter.
    strangers = np.flatnonzero(labelled & ~known)
    apart = labels.copy()
    apart[strangers] = labels.max(initial=0) + 1 + np.arange(len(strangers))
    classifier = PairClassifier(
        {"sieve": sieve, "first": first, "second": second},
        {"sieve": glanced.names, "first": described.names, "second": again.names},
        weights[-1],
        dict(zip(candidates.encoders, candidates.modalities, strict=True)),
        calibration,
        LINES[0],
        {},
    )
    sharp = classifier.judge(catalog, candidates).scores
    fold = np.where(known, fit.fold[: len(catalog)], -1)
    line = _best_line(candidates, judged, sharp, apart, fold)
    return replace(classifier, line=line), judged


@dataclass(frozen=True, eq=False)
class _Fitting:
    """The pairs of a training, who may train on them, and how much each counts.

    Those of several catalogues stand one after the other, and so do their postings.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    weight: NDArray[np.float64]
    labels: NDArray[np.int64]
    seed: int
    advance: Callable[[int], None]

    @classmethod
    def of(
        cls, catalogues: Sequence[Rehearsal], seed: int, advance: Callable[[int], None]
    ) -> _Fitting:
        """Stack the pairs of catalogues, the real one first; they weigh by their product's size."""
        left, right, weight, begin = [], [], [], 0
        for number, each in enumerate(catalogues):
            # Postings without a label, -1, train nothing, whatever they weigh.
            members = np.bincount(each.labels + 1).astype(np.float64)
            of_posting = members[each.labels + 1] ** WEIGHT_POWER
            ends = each.candidates.left, each.candidates.right
            left.append(ends[0] + begin)
            right.append(ends[1] + begin)
            share = REHEARSED if number else 1.0
            weight.append((of_posting[ends[0]] + of_posting[ends[1]]) / 2 * share)
            begin += len(each.labels)
        labels = np.concatenate([each.labels for each in catalogues])
        return cls(
            np.concatenate(left),
            np.concatenate(right),
            np.concatenate(weight),
            labels,
            seed,
            advance,
        )

    @property
    def known(self) -> NDArray[np.bool_]:
        """Postings whose label may be looked at, bool ``(n,)``."""
        return np.asarray(self.labels >= 0)

    @property
    def trains(self) -> NDArray[np.bool_]:
        """Pairs whose truth may be looked at, bool ``(m,)``."""
        return self.known[self.left] & self.known[self.right]

    @property
    def dealt(self) -> NDArray[np.int64]:
        """Number of the fold that each product is dealt to."""
        dealt = np.random.default_rng(self.seed).integers(0, FOLDS, self.labels.max() + 1)
        return np.asarray(dealt, dtype=np.int64)

    @property
    def fold(self) -> NDArray[np.int64]:
        """Number of the fold of each posting's product, int64 ``(n,)``."""
        return np.asarray(self.dealt[self.labels], dtype=np.int64)

    @property
    def same(self) -> NDArray[np.bool_]:
        """Pairs of one product, bool ``(m,)``; means nothing where a label is unknown."""
        return np.asarray(self.labels[self.left] == self.labels[self.right])

    def check(self, name: str) -> None:
        """Refuse what no model can be learned from."""
        true = np.count_nonzero(self.same & self.trains)
        false = np.count_nonzero(self.trains) - true
        if min(true, false) < LEAST_PAIRS:
            raise ValueError(
                f"{name} has {true:,} candidate pairs of one product and {false:,} of two among "
                f"its labels; training needs {LEAST_PAIRS} of each: label more postings, or use "
                "the model that comes with samesku"
            )

    def take(self, places: NDArray[np.integer]) -> _Fitting:
        """Only the pairs at the given places."""
        return replace(
            self, left=self.left[places], right=self.right[places], weight=self.weight[places]
        )

    def hard(self, odds: NDArray[np.float64]) -> NDArray[np.int64]:
        """The pairs that the sieve leaves; where these are few, the likeliest of the others too."""
        least = min(len(odds), EASY * np.count_nonzero(self.same & self.trains))
        count = max(int(np.count_nonzero(probability(odds) >= SIEVED)), least)
        return np.sort(np.argsort(-odds, kind="stable")[:count])

    def calibration(self, odds: NDArray[np.float64]) -> tuple[float, float]:
        """Slope and offset that make cross-fitted log-odds tell the share of true pairs.

        The weights of the training follow the metric, and few labels make trees too sure; both
        show in pairs that did not train them (J. Platt, "Probabilistic outputs for support vector
        machines", 1999).
        """
        told, same = odds[self.trains], self.same[self.trains]

        def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            moved = line[0] * told + line[1]
            off = 1 / (1 + np.exp(-np.clip(moved, -30, 30))) - same
            value = np.mean(np.logaddexp(0, moved) - same * moved)
            return float(value), np.array([np.mean(off * told), np.mean(off)])

        found = minimize(loss, [1.0, 0.0], jac=True, bounds=[(0.05, 20), (None, None)]).x
        return float(found[0]), float(found[1])

    def booster(
        self,
        which: str,
        described: Features,
        trains: NDArray[np.bool_],
        start: NDArray[np.float64] | None,
    ) -> lgb.Booster:
        """Fit one pass on the pairs marked in `trains`, on top of the log-odds of `start`."""
        rounds, settings = SETTINGS[which]
        many = threads(int(np.count_nonzero(trains)))
        settings = {**COMMON, **settings, "seed": self.seed, "num_threads": many}
        data = lgb.Dataset(
            described.values[trains],
            self.same[trains].astype(np.float32),
            weight=self.weight[trains],
            init_score=None if start is None else start[trains],
            params=settings,
        )
        fitted = lgb.train(settings, data, rounds)
        self.advance(1)
        return _without_threads(fitted)

    def crossed(
        self,
        which: str,
        described: Features,
        before: NDArray[np.float64],
        *,
        start: NDArray[np.float64] | None = None,
    ) -> tuple[lgb.Booster, NDArray[np.float64]]:
        """Fit one pass on all pairs, and judge each by models that its own truth did not train.

        Products are dealt to folds; each fold's model trains on pairs of two postings outside it. A
        pair within a fold is judged by a model that saw neither product; one between two folds by
        both their models, each of which saw the other product, and the mean counts. Where a fold
        leaves pairs of one kind only, `before` stands.

        Returns
        -------
        booster : lightgbm.Booster
            Trained on all pairs.
        odds : float64 (m,)
            Log-odds, those of `start` included.
        """
        whole = self.booster(which, described, self.trains, start)
        own = self.fold
        same, base = self.same, np.zeros(len(before)) if start is None else start
        judged, judges = np.zeros((2, len(self.left)))
        for number in range(FOLDS):
            here = (own[self.left] == number) | (own[self.right] == number)
            trains, asks = self.trains & ~here, self.trains & here
            if same[trains].all() or not same[trains].any():
                self.advance(1)
                judged[asks] += before[asks]
            else:
                fitted = self.booster(which, described, trains, start)
                judged[asks] += base[asks] + log_odds(fitted, described.values[asks])
            judges[asks] += 1
        rest = ~self.trains
        judged[rest] = base[rest] + log_odds(whole, described.values[rest])
        return whole, judged / np.maximum(judges, 1)


def _without_threads(booster: lgb.Booster) -> lgb.Booster:
    """The model without the number of threads that trained it: equal on every machine."""
    text = re.sub(r"\[num_threads: \d+\]", "[num_threads: 0]", booster.model_to_string())
    return lgb.Booster(model_str=text)


def _best_line(
    candidates: Candidates,
    honest: NDArray[np.float32],
    sharp: NDArray[np.float32],
    labels: NDArray[np.int64],
    fold: NDArray[np.int64],
) -> float:
    """The probability from which to accept, by the mean F1 of the groups that follow.

    New offers are matched among those that trained the model, of which it is surer than of others:
    wrong partners fall away and a lower line serves. So each fold is scored as if it was new: its
    pairs as the models judge that did not see it, all others as the final model does.

    Parameters
    ----------
    candidates : Candidates
    honest, sharp : float32 (m,)
        Each pair by models that it did not train, and by the final one.
    labels : int64 (n,)
    fold : int64 (n,)
        Of each posting; -1 where it does not count.
    """

    def value(line: float) -> float:
        total = 0.0
        for number in range(FOLDS):
            new = fold == number
            touched = new[candidates.left] | new[candidates.right]
            scores = np.where(touched, honest, sharp)
            groups = group(candidates.left, candidates.right, scores, len(labels), line=line)
            total += float(posting_f1(group_tally(groups, labels))[new].sum())
        return total

    near = max(LINES[::2], key=value)
    return max((line for line in LINES if abs(line - near) < LINE_STEP * 1.5), key=value)
