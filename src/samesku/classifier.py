"""Pair features in, probability out: gradient-boosted trees in three passes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from samesku.candidates import Candidates
from samesku.catalog import Catalog
from samesku.clustering import group
from samesku.cores import usable_cores
from samesku.evaluation.metrics import group_tally, posting_f1
from samesku.features import Features, pair_features, second_look
from samesku.files import Staged

__all__ = ["PairClassifier", "train_classifier"]

FORMAT = 1
PASSES = ("sieve", "first", "second")
# Pairs that the sieve finds less likely are not looked at again: most of all candidates.
SIEVED = 0.005
FOLDS = 3
PHOTO_GAPS = 0.1
# On an easy catalogue the sieve leaves nothing to tell apart: so many times the true pairs stay.
EASY = 4
# Trees on fewer pairs than this are faster on one thread.
FEW = 50_000
FITS = len(PASSES) * (FOLDS + 1)
LINES = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
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


@dataclass(frozen=True, eq=False)
class PairClassifier:
    """Tells how likely two postings are the same product.

    A *sieve* of few small trees puts hopeless pairs aside. The *first* pass judges the others by
    their pair features. The *second* looks at what the first says about the pairs around each
    (:func:`samesku.features.second_look`), as the strongest solutions of the Shopee Price Match
    competition did with their candidates' neighbourhoods.

    Attributes
    ----------
    boosters : mapping of str to lightgbm.Booster
        By pass.
    features : mapping of str to tuple of str
        What each pass reads, in order.
    line : float
        Probability from which a pair is best accepted.
    card : mapping
        How, on what and how well it was trained.
    """

    boosters: Mapping[str, lgb.Booster]
    features: Mapping[str, tuple[str, ...]]
    line: float
    card: Mapping[str, Any]

    def probability(self, catalog: Catalog, candidates: Candidates) -> NDArray[np.float32]:
        """Probability that each candidate pair is the same product, float32 ``(m,)``.

        Raises
        ------
        ValueError
            The encoders do not bring the features that the model was trained on.
        """
        described = pair_features(catalog, candidates)
        sieved = self._predict("sieve", described)
        kept = np.flatnonzero(sieved >= SIEVED)
        described = described.take(kept)
        left, right = candidates.left[kept], candidates.right[kept]
        first = self._predict("first", described)
        around = second_look(left, right, first, len(catalog))
        probability = sieved
        probability[kept] = self._predict("second", described.beside(around))
        return probability

    def _predict(self, which: str, described: Features) -> NDArray[np.float32]:
        return predict(self.boosters[which], described.select(self.features[which]))

    def save(self, folder: str | Path) -> None:
        """Write the model: text files and JSON, nothing that runs when it is read."""
        head = {
            "format": FORMAT,
            "line": self.line,
            "features": {name: list(names) for name, names in self.features.items()},
            "card": dict(self.card),
        }
        with Staged(Path(folder)) as staged:
            for name, booster in self.boosters.items():
                text = booster.model_to_string(importance_type="gain")
                staged.path(f"{name}.txt").write_text(text, encoding="utf-8")
            text = json.dumps(head, indent=2, ensure_ascii=False)
            staged.path("model.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> PairClassifier:
        """Read a model that `save` wrote.

        Raises
        ------
        ValueError
            The folder holds no model, one of another format, or a damaged one; says why.
        """
        place = Path(folder) / "model.json"
        if not place.is_file():
            raise ValueError(f"{folder} holds no model: there is no model.json; train one first")
        try:
            head = json.loads(place.read_text(encoding="utf-8"))
            if head["format"] != FORMAT:
                raise ValueError(f"format {head['format']} instead of {FORMAT}; train it again")
            features = {name: tuple(head["features"][name]) for name in PASSES}
            texts = {name: (Path(folder) / f"{name}.txt").read_text("utf-8") for name in PASSES}
            boosters = {name: lgb.Booster(model_str=text) for name, text in texts.items()}
            for name, booster in boosters.items():
                if booster.num_feature() != len(features[name]):
                    raise ValueError(f"{name}.txt and model.json do not belong together")
            if not 0 < (line := float(head["line"])) <= 1:
                raise ValueError(f"its line {line} is no probability")
            return cls(boosters, features, line, head["card"])
        except (ValueError, KeyError, TypeError, OSError, lgb.basic.LightGBMError) as error:
            raise ValueError(f"{folder} is no model that can be used: {error}") from error


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
        Postings whose labels may be looked at. Pairs with another posting train nothing; they are
        judged, so that the second pass sees each posting's whole surroundings.
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
        There are no labels, or too few products to train on.
    """
    labels = catalog.labels
    if labels is None:
        raise ValueError(f"{catalog.name} has no labels to train on")
    known = np.zeros(len(catalog), dtype=bool)
    known[rows] = True
    known &= labels >= 0
    described = _with_photo_gaps(pair_features(catalog, candidates), candidates, seed)
    fit = _Fitting(candidates.left, candidates.right, labels, known, seed, advance)
    sieve, probability = fit.crossed("sieve", described, np.zeros(len(candidates), np.float32))
    kept = fit.hard(probability)
    described, fit = described.take(kept), fit.take(kept)
    first, judged = fit.crossed("first", described, probability[kept])
    both = described.beside(second_look(fit.left, fit.right, judged, len(catalog)))
    second, probability[kept] = fit.crossed("second", both, judged)
    line = _best_line(candidates, probability, labels, np.flatnonzero(known))
    names = {"sieve": described.names, "first": described.names, "second": both.names}
    boosters = {"sieve": sieve, "first": first, "second": second}
    return PairClassifier(boosters, names, line, {}), probability


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


def predict(booster: lgb.Booster, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of a booster on all cores, float32 ``(m,)``."""
    return np.asarray(booster.predict(values, num_threads=_threads(len(values))), dtype=np.float32)


def _threads(pairs: int) -> int:
    return usable_cores() if pairs >= FEW else 1


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

    def take(self, places: NDArray[np.integer]) -> _Fitting:
        """Only the pairs at the given places."""
        return replace(self, left=self.left[places], right=self.right[places])

    def hard(self, probability: NDArray[np.float32]) -> NDArray[np.int64]:
        """The pairs that the sieve leaves; where these are few, the likeliest of the others too."""
        same = self.labels[self.left] == self.labels[self.right]
        least = min(len(probability), EASY * np.count_nonzero(same & self.trains))
        count = max(int(np.count_nonzero(probability >= SIEVED)), least)
        return np.sort(np.argsort(-probability, kind="stable")[:count])

    def booster(self, which: str, described: Features, trains: NDArray[np.bool_]) -> lgb.Booster:
        """Fit one pass on the pairs marked in `trains`."""
        left, right = self.left[trains], self.right[trains]
        same = self.labels[left] == self.labels[right]
        if not same.any() or same.all():
            raise ValueError(
                "training needs pairs of one product and pairs of two; give more labels"
            )
        members = np.bincount(self.labels[self.known]).astype(np.float64)
        counts = (
            members[self.labels[left]] ** WEIGHT_POWER,
            members[self.labels[right]] ** WEIGHT_POWER,
        )
        rounds, settings = SETTINGS[which]
        settings = {**COMMON, **settings, "seed": self.seed, "num_threads": _threads(len(left))}
        data = lgb.Dataset(
            described.values[trains],
            same.astype(np.float32),
            weight=(counts[0] + counts[1]) / 2,
            params=settings,
        )
        fitted = lgb.train(settings, data, rounds)
        self.advance(1)
        return fitted

    def crossed(
        self, which: str, described: Features, before: NDArray[np.float32]
    ) -> tuple[lgb.Booster, NDArray[np.float32]]:
        """Fit one pass on all pairs, and judge each by models that its own truth did not train.

        Products are dealt to folds; each fold's model trains on pairs of two postings outside it. A
        pair within a fold is judged by a model that saw neither product; one between two folds by
        both their models, each of which saw the other product, and the mean counts. Where a fold
        leaves pairs of one kind only, `before` stands.
        """
        whole = self.booster(which, described, self.trains)
        fold = np.random.default_rng(self.seed).integers(0, FOLDS, self.labels.max() + 1)
        own = fold[self.labels]
        same = self.labels[self.left] == self.labels[self.right]
        judged, judges = np.zeros((2, len(self.left)))
        for number in range(FOLDS):
            here = (own[self.left] == number) | (own[self.right] == number)
            trains, asks = self.trains & ~here, self.trains & here
            if not asks.any():
                continue
            if same[trains].all() or not same[trains].any():
                judged[asks] += before[asks]
            else:
                fitted = self.booster(which, described, trains)
                judged[asks] += predict(fitted, described.values[asks])
            judges[asks] += 1
        rest = ~self.trains
        if rest.any():
            judged[rest] = predict(whole, described.values[rest])
        return whole, (judged / np.maximum(judges, 1)).astype(np.float32)


def _best_line(
    candidates: Candidates,
    probability: NDArray[np.float32],
    labels: NDArray[np.int64],
    rows: NDArray[np.integer],
) -> float:
    """The probability from which to accept, by the mean F1 of the groups that follow."""

    def value(line: float) -> float:
        groups = group(candidates.left, candidates.right, probability, len(labels), line=line)
        return float(posting_f1(group_tally(groups, labels))[rows].mean())

    return max(LINES, key=value)
