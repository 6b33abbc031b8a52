"""Trees boosted on from a model, by hundreds of answers."""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from samesku.runtime.cores import usable_cores
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.reasons import FAMILIES, families
from samesku.scoring.trees import Trees
from samesku.training.tree_export import as_onnx

ROUNDS = 40
SETTINGS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 4,
    "learning_rate": 0.05,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "min_data_in_leaf": 20,
    "boost_from_average": False,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
    "seed": 0,
}


def grow(
    values: NDArray[np.float32], same: NDArray[np.float64], odds: NDArray[np.float64]
) -> lgb.Booster:
    """Small trees for what log-odds leave unexplained of the answers."""
    data = lgb.Dataset(values, same, init_score=odds)
    return lgb.train({**SETTINGS, "num_threads": usable_cores()}, data, ROUNDS)


def grown(booster: lgb.Booster, model: PairClassifier) -> Trees:
    """The trees as a network, beside those of a model."""
    family = families(model.features, model.encoders)
    return Trees(as_onnx([booster], family, len(FAMILIES)))
