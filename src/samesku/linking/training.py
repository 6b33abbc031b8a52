"""The judge of links, trained on pairs of shops whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from samesku.encoders import PHash, Tfidf
from samesku.encoders.base import Modality
from samesku.linking.crowd import RISING, crowd_features
from samesku.linking.evidence import FALLING, FIRST_VIEW, title_view
from samesku.linking.judge import FirstLook, LinkJudge
from samesku.linking.linker import NEIGHBOURS
from samesku.linking.logistic import Logistic, fit_logistic
from samesku.linking.sides import Sides, candidates_across
from samesku.runtime.cache import Cache
from samesku.runtime.progress import Progress
from samesku.scoring.features.table import Features
from samesku.scoring.reasons import FAMILIES, families
from samesku.scoring.trees import Trees
from samesku.training.tree_export import as_onnx

__all__ = ["Example", "example", "train_judge"]

T = TypeVar("T")

FOLDS = 4
# Hopeless pairs are many and alike: so many are kept, and count the more for it.
KEPT = 0.1
# Of two shops about so many pairs train, and at least so many that are no links: more teach nothing
# more.
MOST, LEAST_APART = 900, 100
# A pair whose lead over its rivals is above this is not hopeless.
HOPELESS = -0.03
CONTEST = ("word_cosine_lead_max", "tfidf_lead_max", "shared_mass_of_all_lead_max")
# Whose similarities the title view tells.
READ: dict[str, Modality] = {"tfidf": "text", "phash": "photo"}
ROUNDS = 75
TREES: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.12,
    "num_leaves": 8,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


@dataclass(frozen=True, eq=False)
class Example:
    """The candidates of two shops, described, and which are the same product.

    Attributes
    ----------
    left, right : int64 (m,)
    titles : Features
        As :func:`samesku.linking.evidence.title_view` gives them.
    same : bool (m,)
    sizes : two of int
    kept : bool (m,)
        Which pairs train.
    weight : float64 (m,)
        How much each counts.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    titles: Features
    same: NDArray[np.bool_]
    sizes: tuple[int, int]
    kept: NDArray[np.bool_]
    weight: NDArray[np.float64]

    def crowd(self, odds: NDArray[np.float64]) -> Features:
        """The crowd features that follow from a first judgement."""
        return crowd_features(self.left, self.right, odds, self.sizes)


def example(sides: Sides, seed: int = 0) -> Example:
    """Describe the candidates of two labelled shops."""
    candidates, _ = candidates_across(
        sides,
        [Tfidf(), PHash()],
        k=NEIGHBOURS,
        method="auto",
        cache=Cache(None),
        progress=Progress(),
    )
    labels = np.concatenate(
        [side.frame["label_group"].cast(str).to_numpy() for side in (sides.left, sides.right)]
    )
    same = labels[candidates.left] == labels[candidates.right]
    titles = title_view(sides, candidates)
    leading = np.nan_to_num(titles.select(CONTEST), nan=-1).max(axis=1, initial=-1) > HOPELESS
    hard = leading | same
    random = np.random.default_rng(seed)
    kept = hard | (random.random(len(hard)) < KEPT)
    weight = np.where(hard, 1, 1 / KEPT)
    # Large shops have more pairs but are one example of two shops all the same.
    weight /= np.sqrt(max(weight[kept].sum(), 1))
    kept, weight = _fewer(kept, weight, same, random)
    sizes = len(sides.left), len(sides.right)
    return Example(candidates.left, candidates.right, titles, same, sizes, kept, weight)


def _fewer(
    kept: NDArray[np.bool_],
    weight: NDArray[np.float64],
    same: NDArray[np.bool_],
    random: np.random.Generator,
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Keep fewer of the pairs that are no links, and let these count for all of them."""
    apart = np.flatnonzero(kept & ~same)
    chosen = random.permutation(apart)[: max(MOST - np.count_nonzero(same), LEAST_APART)]
    kept = same.copy()
    kept[chosen] = True
    weight = weight.copy()
    weight[chosen] *= weight[apart].sum() / max(weight[chosen].sum(), 1e-9)
    return kept, weight


def train_judge(
    shops: Iterable[Sides],
    card: Mapping[str, Any] | None = None,
    advance: Callable[[int], None] = lambda done: None,
) -> LinkJudge:
    """Train on pairs of shops whose `label_group` tells the truth.

    Four times over, each time without a quarter of the pairs of shops: the trees that read the
    crowd train on judgements of pairs that their own shops did not train.

    Parameters
    ----------
    shops : iterable of Sides
        At least four, unlike each other.
    card : mapping, optional
        What is to be remembered of the training.
    advance : callable
        Told after each pair of shops that was read.

    Raises
    ------
    ValueError
        There are too few.
    """
    examples = []
    for number, sides in enumerate(shops):
        examples.append(example(sides, seed=number))
        advance(1)
    if len(examples) < FOLDS:
        raise ValueError(f"a judge of links needs {FOLDS} pairs of shops or more to train on")
    names = max((each.titles.names for each in examples), key=len)
    read = [each.titles.select(names, may_miss=FIRST_VIEW)[each.kept] for each in examples]
    shown = [(_without(examples, fold), _without(read, fold)) for fold in range(FOLDS)]
    grown = [_grown(*pairs, names, fold) for fold, pairs in enumerate(shown)]
    folded = [
        FirstLook(names, _weights(*pairs), Trees(as_onnx([booster])))
        for pairs, booster in zip(shown, grown, strict=True)
    ]
    crowds = [
        each.crowd(folded[place % FOLDS].log_odds(each.titles))
        for place, each in enumerate(examples)
    ]
    values = [crowd.values[each.kept] for each, crowd in zip(examples, crowds, strict=True)]
    rising = [int(name in RISING) for name in crowds[0].names]
    second = [
        _trees(_without(examples, fold), _without(values, fold), rising, fold)
        for fold in range(FOLDS)
    ]
    # The trees of all folds together: each missed a quarter of the shops, their mean missed none.
    pairs = Trees(as_onnx(grown, families(names, READ), len(FAMILIES)))
    first = FirstLook(names, _weights(examples, read), pairs)
    remembered = {**(card or {}), "pairs_of_shops": len(examples)}
    return LinkJudge(first, Trees(as_onnx(second)), crowds[0].names, remembered)


def _without(each: Sequence[T], fold: int) -> list[T]:
    """What belongs to the pairs of shops of the other folds."""
    return [one for place, one in enumerate(each) if place % FOLDS != fold]


def _grown(
    examples: Sequence[Example],
    values: Sequence[NDArray[np.float32]],
    names: Sequence[str],
    seed: int,
) -> lgb.Booster:
    """Trees that read the title view."""
    # More of each is never against a link, but of what counts rivals and clashes.
    rising = [-1 if any(word in name for word in FALLING) else 1 for name in names]
    return _trees(examples, values, rising, seed)


def _weights(examples: Sequence[Example], values: Sequence[NDArray[np.float32]]) -> Logistic:
    return fit_logistic(np.concatenate(values), _truth(examples), weight=_weight(examples))


def _trees(
    examples: Sequence[Example],
    values: Sequence[NDArray[np.float32]],
    rising: Sequence[int],
    seed: int,
) -> lgb.Booster:
    """Boosted trees whose judgement rises (1) or falls (-1) with each number, or either (0)."""
    weight = _weight(examples)
    settings = {**TREES, "monotone_constraints": list(rising), "seed": seed}
    truth = _truth(examples).astype(np.float32)
    data = lgb.Dataset(
        np.concatenate(values), truth, weight=weight / weight.mean(), params=settings
    )
    return lgb.train(settings, data, ROUNDS)


def _truth(examples: Sequence[Example]) -> NDArray[np.bool_]:
    return np.concatenate([each.same[each.kept] for each in examples])


def _weight(examples: Sequence[Example]) -> NDArray[np.float64]:
    return np.concatenate([each.weight[each.kept] for each in examples])
