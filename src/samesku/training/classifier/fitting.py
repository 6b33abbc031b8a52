"""Fitting a pair classifier on labelled catalogues, and holding out what it is measured on."""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from itertools import combinations
from typing import Any, NamedTuple, TypeAlias

import lightgbm as lgb
import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from samesku.clustering.agglomerative import agglomerate
from samesku.matcher import HoldOut
from samesku.metrics import cluster_tally, posting_f1
from samesku.runtime.arrays import Bools, Doubles, Floats, Ints
from samesku.runtime.cores import usable_cores
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.explanations import FAMILIES, families
from samesku.scoring.features.neighbourhood import AROUND
from samesku.scoring.features.prices import PRICES
from samesku.scoring.features.table import ANY, Features
from samesku.scoring.trees import Trees, probability
from samesku.titles.attributes import KINDS
from samesku.training.classifier.labelled import Labelled, told_apart
from samesku.training.tree_export import as_onnx

Grow: TypeAlias = Callable[..., lgb.Booster]

FOLDS = 5
# About so many pairs of a catalogue train: all pairs of some of its postings.
MOST_PAIRS = 60_000
# Few of the features per tree and strong regularisation: with six catalogues left out in turn,
# mean average precision of pairs 0.755 instead of 0.733.
SETTINGS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 63,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 50.0,
    "min_data_in_leaf": 200,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
ROUNDS = 100
# Trees that sort out the unlikely pairs: of pairs that all of them would take for one product, one
# in 10,000 more is lost than with all, in half of the time.
FIRST_ROUNDS = 60
# Part of a catalogue's weight that the small ones drawn from it have.
SMALL_SHARE = 0.3
# Differences of F1 that another draw of the postings would turn round: of thresholds as good as
# that the highest, for a wrong match costs more than a missed one.
FLAT = 0.01
# Which quantile of the catalogues' F1 a model for other catalogues starts from.
UPPER = 0.75
THRESHOLDS = tuple(round(0.2 + 0.05 * step, 2) for step in range(13))


def fit_classifier(
    catalogues: Sequence[Labelled],
    *,
    hold_out: HoldOut = "products",
    seed: int = 0,
    advance: Callable[[int], None] = lambda done: None,
) -> tuple[PairClassifier, list[Floats]]:
    """Fit trees on labelled catalogues, each weighing the same whatever its size.

    A catalogue in which some kinds of attributes may differ trains twice, with half its weight
    each: as its labels say, with the kinds that it tolerates; and as if nothing was tolerated, its
    pairs that clash in these kinds taken for different. So the trees learn what `same` means.

    A model for other catalogues is the mean of models that each lack one of these. What all of
    them agree on holds beyond the catalogue that showed it; and of the catalogue that it lacks,
    the mean of models that lack a second one tells how such a mean does where it is new. One that
    lacks none sorts out the unlikely pairs before. Tables of several small catalogues are lacked by
    every other model, beside the one catalogue. The others read no prices, which mislead among
    shops that set them by other rules than those of the training.

    `hold_out` is what calibration and threshold are chosen on: a fifth of the products of each
    catalogue in turn, for a model that is used on such catalogues; or one whole catalogue in turn,
    for one that is used on others, which needs three. `advance` is called with 1 after each fit.

    Returns the classifier, and the probability of all candidates of each catalogue, float32
    ``(m,)``, by models that did not see what was held out.
    """
    tables = _tables(catalogues)
    if hold_out == "catalogues" and len(catalogues) - len(tables) < 3:
        raise ValueError("three catalogues are needed to hold out one in turn")
    encoders = {
        name: kind
        for each in catalogues
        for name, kind in zip(each.candidates.encoders, each.candidates.modalities, strict=True)
    }
    names = tuple(sorted({name for each in catalogues for name in each.features.names}))
    parts = [_part(each, names, seed) for each in catalogues]
    grow = partial(_grown, parts, seed, advance)
    around, prices = (_places(names, first) for first in (AROUND, PRICES))

    def lacking(missing: set[int]) -> lgb.Booster:
        return grow(missing=missing, hidden=() if tables <= missing else prices)

    if hold_out == "catalogues":
        odds = _without_each(catalogues, names, lacking)
    else:
        odds = _without_each_fold(catalogues, names, grow, seed)
    slope, offset = _calibration(catalogues, odds)
    honest = [probability(slope * each + offset) for each in odds]
    family = families(names, encoders)
    values = _values(catalogues, honest)
    if hold_out == "products":
        trees = Trees(as_onnx([grow()], family, len(FAMILIES)))
        mean = values.mean(axis=0)
        threshold = max(np.array(THRESHOLDS)[mean >= mean.max() - FLAT].tolist())
        # What is one product in all of these catalogues is so in the like.
        same = tuple(kind for kind in KINDS if all(kind in each.same for each in catalogues))
        model = PairClassifier(trees, names, encoders, (slope, offset), threshold, {}, same=same)
        return model, honest
    first = grow(hidden=around + prices * bool(tables), rounds=FIRST_ROUNDS)
    boosters = [lacking(missing) for missing in _missing(catalogues, 1)]
    trees = Trees(
        as_onnx(boosters, family, len(FAMILIES), sums=False),
        first=Trees(as_onnx([first], family, len(FAMILIES))),
    )
    # The best of so few catalogues is chance. Where probabilities are true, F1 is best from half
    # of its value on (Lipton, Elkan and Naryanaswamy, 2014). It starts from what the better
    # catalogues reach, as a wrong match costs more than a missed one; where a catalogue lets
    # expect less, a lower threshold is taken when it is matched.
    threshold = round(float(np.quantile(values.max(axis=1), UPPER)) / 2, 2)
    model = PairClassifier(trees, names, encoders, (slope, offset), threshold, {}, "expected")
    return model, honest


def fits(catalogues: Sequence[Labelled], hold_out: HoldOut) -> int:
    """How many boosters `fit_classifier` grows, and so how often it calls `advance`."""
    if hold_out == "products":
        return FOLDS + 1
    return len(_missing(catalogues, 1)) + len(_missing(catalogues, 2)) + 1


def _tables(catalogues: Sequence[Labelled]) -> set[int]:
    """The places of those that hold several."""
    return {place for place, each in enumerate(catalogues) if each.parts > 1}


def _places(names: Sequence[str], first: tuple[str, ...]) -> list[int]:
    """The places of features whose names begin as one of `first`."""
    return [place for place, name in enumerate(names) if name.startswith(first)]


def _missing(catalogues: Sequence[Labelled], number: int) -> list[set[int]]:
    """What each of the models of a mean lacks: so many catalogues, and every other all tables.

    So each catalogue is lacked about as often with the tables as without.
    """
    tables = _tables(catalogues)
    whole = [place for place in range(len(catalogues)) if place not in tables]
    return [
        {whole[turn] for turn in turns} | (tables if sum(turns) % 2 else set())
        for turns in combinations(range(len(whole)), number)
    ]


class _Part(NamedTuple):
    """The pairs of one catalogue that train, and the folds of the products of their postings."""

    values: Floats  # (r, f)
    true: Bools  # (r,), as all others
    weight: Doubles  # sums to 1
    left: Ints
    right: Ints


def _dealt(labelled: Labelled, seed: int) -> Ints:
    """The fold of each product; the last entry, of postings without a label, is -1."""
    dealt = np.random.default_rng(seed).integers(0, FOLDS, labelled.labels.max() + 1)
    return np.append(dealt, -1).astype(np.int64)


def _part(labelled: Labelled, names: tuple[str, ...], seed: int) -> _Part:
    """The pairs of a catalogue, and of the small ones drawn from it."""
    dealt = _dealt(labelled, seed)
    whole = _rows(labelled, names, dealt, seed)
    if not labelled.small:
        return whole._replace(weight=whole.weight * labelled.share)
    small = [_rows(each, names, dealt, seed) for each in labelled.small]
    # By the root of their pairs: a handful of postings counts, too, but less than hundreds.
    shares = np.sqrt([len(part.weight) for part in small])
    shares *= [each.share for each in labelled.small]
    shares *= SMALL_SHARE / shares.sum()
    weighed = zip([whole, *small], [1 - SMALL_SHARE, *shares], strict=True)
    return _joined(part._replace(weight=part.weight * share) for part, share in weighed)


def _joined(parts: Iterable[_Part]) -> _Part:
    return _Part(*map(np.concatenate, zip(*parts, strict=True)))


def _rows(labelled: Labelled, names: tuple[str, ...], dealt: Ints, seed: int) -> _Part:
    """The pairs of one catalogue, of so many postings that there are about `MOST_PAIRS`."""
    left, right = labelled.candidates.left, labelled.candidates.right
    chosen = np.flatnonzero(labelled.trains)
    most = MOST_PAIRS * labelled.parts
    if len(chosen) > most:
        drawn = np.random.default_rng(seed).random(len(labelled.labels))
        chosen = chosen[drawn[left[chosen]] < most / len(chosen)]
    values = [labelled.features.take(chosen).select(names, ANY)]
    true = [labelled.true[chosen]]
    if labelled.strict is not None:
        strict = labelled.strict.take(chosen)
        values.append(strict.select(names, ANY))
        true.append(true[0] & ~_differs(strict, labelled.same))
        if labelled.strict_only:  # edited into what its own labels may take for the same
            values, true = values[1:], true[1:]
    fold = dealt[labelled.labels if labelled.origin is None else labelled.origin]
    times, count = len(values), max(len(chosen), 1)
    return _Part(
        np.concatenate(values),
        np.concatenate(true),
        np.full(times * len(chosen), 1 / (times * count)),
        np.tile(fold[left[chosen]], times),
        np.tile(fold[right[chosen]], times),
    )


def _differs(features: Features, same: Collection[str]) -> Bools:
    """Pairs that clash in the given kinds, or of which one side alone states a count."""
    asked = [f"clash_{kind}" for kind in same] + ["alone_count"] * ("count" in same)
    return np.asarray((np.nan_to_num(features.select(asked)) > 0).any(axis=1))


def _grown(
    parts: Sequence[_Part],
    seed: int,
    advance: Callable[[int], None],
    missing: Collection[int] = (),
    fold: int | None = None,
    hidden: Sequence[int] = (),
    rounds: int = ROUNDS,
) -> lgb.Booster:
    """A booster grown without some catalogues, the products of a fold, and some features."""

    def kept(part: _Part) -> _Part:
        some = (part.weight > 0) & (part.left != fold) & (part.right != fold)
        return _Part(*(column[some] for column in part))

    values, true, weight, *_ = _joined(
        kept(part) for place, part in enumerate(parts) if place not in missing
    )
    values[:, hidden] = np.nan
    weight *= len(weight) / weight.sum()
    # On few pairs fewer are asked of a leaf, so that there is something to learn.
    few = max(5, min(SETTINGS["min_data_in_leaf"], len(true) // 200))
    settings = {
        **SETTINGS, "seed": seed, "num_threads": usable_cores(),
        "min_data_in_leaf": few, "lambda_l2": min(SETTINGS["lambda_l2"], len(true) / 400),
    }  # fmt: skip
    data = lgb.Dataset(values, true.astype(np.float64), weight=weight)
    booster = lgb.train(settings, data, rounds)
    advance(1)
    return booster


def _without_each(
    catalogues: Sequence[Labelled], names: tuple[str, ...], lacking: Grow
) -> list[Doubles]:
    """Log-odds of all candidates of each catalogue, the mean of models without it and another."""
    odds = [np.zeros(len(each.candidates)) for each in catalogues]
    turns = _missing(catalogues, 2)
    for missing in turns:
        booster = lacking(missing)
        for place in missing:
            values = catalogues[place].features.select(names, ANY)
            odds[place] += booster.predict(values, raw_score=True)
    return [each / sum(place in some for some in turns) for place, each in enumerate(odds)]


def _without_each_fold(
    catalogues: Sequence[Labelled], names: tuple[str, ...], grow: Grow, seed: int
) -> list[Doubles]:
    """Log-odds of all candidates of each catalogue, by models without their products."""
    odds = [np.zeros(len(each.candidates)) for each in catalogues]
    seen = [np.zeros(len(each.candidates)) for each in catalogues]
    folds = [_dealt(each, seed)[each.labels] for each in catalogues]
    for fold in range(FOLDS):
        booster = grow(fold=fold)
        for place, each in enumerate(catalogues):
            ends = folds[place][each.candidates.left], folds[place][each.candidates.right]
            # A pair between two folds is scored without either, and gets the mean.
            asked = np.flatnonzero((ends[0] == fold) | (ends[1] == fold) | (ends[0] < 0))
            values = each.features.take(asked).select(names, ANY)
            odds[place][asked] += booster.predict(values, raw_score=True)
            seen[place][asked] += 1
    return [total / np.maximum(count, 1) for total, count in zip(odds, seen, strict=True)]


def _calibration(catalogues: Sequence[Labelled], odds: Sequence[Doubles]) -> tuple[float, float]:
    """Slope and offset that make the held-out log-odds true, each catalogue weighing the same."""
    trains = [each.trains for each in catalogues]
    x = np.concatenate([each[some] for each, some in zip(odds, trains, strict=True)])
    y = np.concatenate([each.true[some] for each, some in zip(catalogues, trains, strict=True)])
    w = np.concatenate([np.full(some.sum(), 1 / max(some.sum(), 1)) for some in trains])

    def loss(numbers: Doubles) -> tuple[float, Doubles]:
        predicted = numbers[0] * x + numbers[1]
        error = w * (expit(predicted) - y)
        value = float((w * (np.logaddexp(0, predicted) - y * predicted)).sum())
        return value, np.array([(error * x).sum(), error.sum()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, bounds=[(0.05, 20), (-10, 10)])
    return float(found.x[0]), float(found.x[1])


def _values(catalogues: Sequence[Labelled], honest: Sequence[Floats]) -> Doubles:
    """Mean F1 per posting of the clusters of each catalogue at each threshold, ``(c, t)``."""
    values = np.empty((len(catalogues), len(THRESHOLDS)))
    for row, (each, scores) in enumerate(zip(catalogues, honest, strict=True)):
        known, apart = each.labels >= 0, told_apart(each.labels)
        left, right = each.candidates.left, each.candidates.right
        for column, threshold in enumerate(THRESHOLDS):
            clusters = agglomerate(left, right, scores, len(apart), threshold=threshold)
            values[row, column] = posting_f1(cluster_tally(clusters, apart))[known].mean()
    return values
