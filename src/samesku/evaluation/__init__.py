"""Honest scores: metrics, splits that do not leak, cross-validation."""

from samesku.evaluation.metrics import Figure
from samesku.evaluation.protocol import evaluate, score
from samesku.evaluation.results import Evaluation, Result
from samesku.evaluation.splits import Split, group_folds, read_split

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
