"""Cross-fitting: who may train on which pairs, and judging each by models that did not see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from samesku.runtime.cores import usable_cores
from samesku.scoring.classifier import PASSES
from samesku.scoring.features import Features
from samesku.scoring.trees import Trees, probability
from samesku.training.rehearsal import Rehearsal
from samesku.training.tree_export import as_onnx

__all__ = ["FITS", "FOLDS", "LEAST_PAIRS", "Crossed", "Pairs", "threads"]

# With few folds the models that judge a fold know much less than the final one, and their verdicts
# say little about its: with three the probabilities came out too modest (docs/experiments.md).
FOLDS = 5
FITS = len(PASSES) * (FOLDS + 1)
# On an easy catalogue nothing is hard to tell apart: so many times the true pairs stay.
EASY = 4
# With fewer pairs of one product than this, trees learn nothing that holds elsewhere.
LEAST_PAIRS = 50
# Of a pair's weight with the size of its product: the metric counts postings, not pairs.
WEIGHT_POWER = -0.4
# Of the weight of a pair that is only rehearsed.
REHEARSED = 0.5
# Trees on fewer pairs than this grow faster on one thread.
FEW = 50_000
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
    "first": (200, {"num_leaves": 63, "learning_rate": 0.1}),
    "second": (250, {"num_leaves": 31, "learning_rate": 0.05}),
}


@dataclass(frozen=True, eq=False)
class Crossed:
    """One pass, trained on all pairs, and once without each fold.

    Attributes
    ----------
    whole : lightgbm.Booster
    folds : tuple of Trees or None
        By the number of the fold that each did not see; None where the others leave pairs of one
        kind only.
    """

    whole: lgb.Booster
    folds: tuple[Trees | None, ...]


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs of a training, who may train on them, and how much each counts.

    Those of several catalogues stand one after the other, and so do their postings. Products are
    dealt to folds; a fold's models train on the pairs that touch none of its products.
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
    ) -> Pairs:
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
    def trains(self) -> NDArray[np.bool_]:
        """Pairs whose truth may be looked at, bool ``(m,)``."""
        known = self.labels >= 0
        return np.asarray(known[self.left] & known[self.right])

    @property
    def dealt(self) -> NDArray[np.int64]:
        """Number of the fold that each product is dealt to; the last entry, of none, is -1."""
        dealt = np.random.default_rng(self.seed).integers(0, FOLDS, self.labels.max() + 1)
        return np.append(dealt, -1).astype(np.int64)

    @property
    def fold(self) -> NDArray[np.int64]:
        """Number of the fold of each posting's product, int64 ``(n,)``; -1 without a label."""
        return np.asarray(self.dealt[self.labels], dtype=np.int64)

    @property
    def same(self) -> NDArray[np.bool_]:
        """Pairs of one product, bool ``(m,)``; means nothing where a label is unknown."""
        return np.asarray(self.labels[self.left] == self.labels[self.right])

    def touch(self, fold: int) -> NDArray[np.int64]:
        """How many of a pair's two postings are of a fold, int64 ``(m,)``."""
        own = (self.fold == fold).astype(np.int64)
        return np.asarray(own[self.left] + own[self.right])

    def check(self, name: str) -> None:
        """Refuse what no model can be learned from."""
        ours = self.same & self.trains
        true = np.count_nonzero(ours)
        false = np.count_nonzero(self.trains) - true
        if min(true, false) < LEAST_PAIRS:
            raise ValueError(
                f"{name} has {true:,} candidate pairs of one product and {false:,} of two among "
                f"its labels; training needs {LEAST_PAIRS} of each: label more postings, or use "
                "the model that comes with samesku"
            )
        if len(np.unique(self.fold[self.left[ours]])) < 2:
            raise ValueError(
                f"the candidate pairs of one product in {name} are of too few products: "
                "label offers of more products, or use the model that comes with samesku"
            )

    def take(self, places: NDArray[np.integer], share: NDArray[np.floating] | float = 1.0) -> Pairs:
        """Only the pairs at the given places, weighing such a share of what they did."""
        left, right, weight = (each[places] for each in (self.left, self.right, self.weight))
        return replace(self, left=left, right=right, weight=weight * share)

    def hard(self, odds: NDArray[np.float64], least: float) -> NDArray[np.int64]:
        """The pairs told `least` or more; where these are few, the likeliest of the others too."""
        some = min(len(odds), EASY * np.count_nonzero(self.same & self.trains))
        count = max(int(np.count_nonzero(probability(odds) >= least)), some)
        return np.sort(np.argsort(-odds, kind="stable")[:count])

    def crossed(
        self, which: str, described: Features, start: NDArray[np.float64] | None = None
    ) -> Crossed:
        """Fit one pass on all pairs, and once without each fold, on top of the log-odds `start`."""
        whole = self._booster(which, described, self.trains, start)
        folds: list[Trees | None] = []
        for number in range(FOLDS):
            trains = self.trains & (self.touch(number) == 0)
            if self.same[trains].all() or not self.same[trains].any():
                self.advance(1)
                folds.append(None)
            else:
                booster = self._booster(which, described, trains, start)
                folds.append(Trees(as_onnx([booster])))
        return Crossed(whole, tuple(folds))

    def honest(
        self,
        passed: Crossed,
        described: Features,
        start: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Log-odds of each pair by models that its own truth did not train, those of `start` added.

        A pair within a fold is judged by the model that saw neither product; one between two folds
        by both their models, each of which saw the other product, and the mean counts. One without
        a known product is judged by the model of all. Where a fold has no model, 0 is added.
        """
        told, judges = np.zeros((2, len(self.left)))
        for number, trees in enumerate(passed.folds):
            asks = self.touch(number) > 0
            if trees is not None and asks.any():
                told[asks] += trees.log_odds(described.values[asks])
            judges[asks] += 1
        if (rest := judges == 0).any():
            told[rest] = Trees(as_onnx([passed.whole])).log_odds(described.values[rest])
        told /= np.maximum(judges, 1)
        return told if start is None else told + start

    def calibration(
        self, odds: NDArray[np.float64], asked: NDArray[np.integer]
    ) -> tuple[float, float]:
        """Slope and offset that make honest log-odds tell the share of true pairs.

        Each pair counts as often as somebody asks about it, `asked`. With pairs of one kind only
        they stay as they are.

        The weights of the training follow the metric, and few labels make trees too sure; both
        show in pairs that did not train them (J. Platt, "Probabilistic outputs for support vector
        machines", 1999).
        """
        told, same = odds[self.trains], self.same[self.trains]
        if same.all() or not same.any():
            return 1.0, 0.0
        share = asked[self.trains] / asked[self.trains].sum()

        def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            moved = line[0] * told + line[1]
            off = expit(moved) - same
            value = share @ (np.logaddexp(0, moved) - same * moved)
            return float(value), np.array([share @ (off * told), share @ off])

        found = minimize(loss, [1.0, 0.0], jac=True, bounds=[(0.05, 20), (None, None)]).x
        return float(found[0]), float(found[1])

    def _booster(
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
        return fitted


def threads(pairs: int) -> int:
    """Threads that pay for growing trees on so many pairs."""
    return usable_cores() if pairs >= FEW else 1
