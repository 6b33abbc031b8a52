"""Training a pair classifier on labels: cross-fitting, weights, the line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from samesku.candidates import Candidates
from samesku.catalog import Catalog
from samesku.classifier import PASSES, SIEVED, PairClassifier, by_learned_words, look_again
from samesku.clustering import group
from samesku.evaluation.metrics import group_tally, posting_f1
from samesku.features import Features, glance, pair_features, title_words
from samesku.training.word_weights import crossed_similarity, train_word_weights
from samesku.trees import log_odds, probability, threads

__all__ = ["FITS", "train_classifier"]

FOLDS = 3
FITS = len(PASSES) * (FOLDS + 1)
PHOTO_GAPS = 0.1
# On an easy catalogue the sieve leaves nothing to tell apart: so many times the true pairs stay.
EASY = 4
# With fewer pairs of one product than this, trees learn nothing that holds elsewhere.
LEAST_PAIRS = 50
LINES = tuple(percent / 100 for percent in range(20, 61, 2))
# Lines whose F1 lies so near the best are as good; the lowest of them is taken.
LEVEL = 0.002
# Of a pair's weight with the size of its product: the metric counts postings, not pairs.
WEIGHT_POWER = -0.4
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
    fit = _Fitting(candidates.left, candidates.right, labels, known, seed, advance)
    fit.check(catalog.name)
    words = title_words(catalog.normal_titles)
    glanced = _with_photo_gaps(glance(catalog, candidates), candidates, seed)
    sieve, odds = fit.crossed("sieve", glanced, np.zeros(len(candidates)))
    kept = fit.hard(odds)
    fit, near = fit.take(kept), candidates.take(kept)
    titles = catalog.normal_titles
    told = crossed_similarity(titles, labels, candidates.left, candidates.right, fit.fold)
    described = _with_photo_gaps(pair_features(catalog, near, words), near, seed)
    described = described.beside(by_learned_words(told, candidates).take(kept))
    first, first_odds = fit.crossed("first", described, odds[kept])
    again = described.beside(look_again(near, probability(first_odds), words))
    second, odds[kept] = fit.crossed("second", again, first_odds, start=first_odds)
    calibration = fit.calibration(odds[kept])
    odds[kept] = calibration[0] * odds[kept] + calibration[1]
    judged = probability(odds)
    # No product of `rows` has an offer elsewhere: whose labels those are does not matter.
    strangers = np.flatnonzero(labelled & ~known)
    apart = labels.copy()
    apart[strangers] = labels.max(initial=0) + 1 + np.arange(len(strangers))
    classifier = PairClassifier(
        {"sieve": sieve, "first": first, "second": second},
        {"sieve": glanced.names, "first": described.names, "second": again.names},
        train_word_weights(titles, labels, candidates.left, candidates.right),
        dict(zip(candidates.encoders, candidates.modalities, strict=True)),
        calibration,
        _best_line(candidates, judged, apart, np.flatnonzero(known)),
        {},
    )
    return classifier, judged


def _with_photo_gaps(described: Features, candidates: Candidates, seed: int) -> Features:
    """Take the photos of some postings away, so that the model learns to do without them."""
    gone = np.random.default_rng(seed).random(candidates.size) < PHOTO_GAPS
    pairs = gone[candidates.left] | gone[candidates.right]
    photo = [
        name
        for name, modality in zip(candidates.encoders, candidates.modalities, strict=True)
        if modality == "photo"
    ]
    values = described.values.copy()
    for column, name in enumerate(described.names):
        if name in photo or name.startswith(tuple(f"{each}_" for each in ("photo", *photo))):
            values[pairs, column] = np.nan
    return Features(described.names, values)


@dataclass(frozen=True, eq=False)
class _Fitting:
    """The pairs of a training, who may train on them, and how much each counts."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    labels: NDArray[np.int64]
    known: NDArray[np.bool_]
    seed: int
    advance: Callable[[int], None]

    @property
    def trains(self) -> NDArray[np.bool_]:
        """Pairs whose truth may be looked at, bool ``(m,)``."""
        return self.known[self.left] & self.known[self.right]

    @property
    def fold(self) -> NDArray[np.int64]:
        """Number of the fold that each posting's product is dealt to, int64 ``(n,)``."""
        dealt = np.random.default_rng(self.seed).integers(0, FOLDS, self.labels.max() + 1)
        return np.asarray(dealt[self.labels], dtype=np.int64)

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
        return replace(self, left=self.left[places], right=self.right[places])

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
        left, right = self.left[trains], self.right[trains]
        members = np.bincount(self.labels[self.known]).astype(np.float64)
        counts = (
            members[self.labels[left]] ** WEIGHT_POWER,
            members[self.labels[right]] ** WEIGHT_POWER,
        )
        rounds, settings = SETTINGS[which]
        settings = {**COMMON, **settings, "seed": self.seed, "num_threads": threads(len(left))}
        data = lgb.Dataset(
            described.values[trains],
            self.same[trains].astype(np.float32),
            weight=(counts[0] + counts[1]) / 2,
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
    judged: NDArray[np.float32],
    labels: NDArray[np.int64],
    rows: NDArray[np.integer],
) -> float:
    """The probability from which to accept, by the mean F1 of the groups that follow.

    F1 is level over a range of lines, where chance decides which is best. Of those as good, the
    lowest: a catalogue that holds the postings of the training is judged more sharply than these
    probabilities, whose models saw only part of them, and a sharper judgement allows a lower line.
    """

    def value(line: float) -> float:
        groups = group(candidates.left, candidates.right, judged, len(labels), line=line)
        return float(posting_f1(group_tally(groups, labels))[rows].mean())

    values = np.array([value(line) for line in LINES])
    return LINES[int(np.argmax(values >= values.max() - LEVEL))]
