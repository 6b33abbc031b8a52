"""Honest scores: metrics, splits that do not leak, cross-validation."""

from samesku.catalog.splits import Split, group_folds, read_split
from samesku.evaluation.protocol import evaluate, score
from samesku.evaluation.results import Evaluation, Result
from samesku.metrics import Figure

__all__ = [
    "Evaluation",
    "Figure",
    "Result",
    "Split",
    "evaluate",
    "group_folds",
    "read_split",
    "score",
]
