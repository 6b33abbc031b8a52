"""Honest scores: metrics, splits that do not leak, cross-validation."""

from samesku.evaluation.metrics import Figure
from samesku.evaluation.protocol import Evaluation, evaluate, score
from samesku.evaluation.splits import Split, group_folds, read_split

__all__ = ["Evaluation", "Figure", "Split", "evaluate", "group_folds", "read_split", "score"]
