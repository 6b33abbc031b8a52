"""Trees of LightGBM as a network in ONNX, which returns the log-odds and their contributions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import onnx
import scipy.sparse as sp
from onnx import TensorProto, helper

from samesku.runtime.arrays import AnyInts, Array, Bools, Doubles, Floats, Ints
from samesku.scoring.trees import APART, OUTPUT, VALUES

DOMAIN, VERSION = "ai.onnx.ml", 3
# Of the format: the oldest that knows the trees' version, so that older runtimes read it.
IR_VERSION, OPSET = 8, 16
# Bits of LightGBM's decision types.
DEFAULT_LEFT, MISSING_IS_NAN, OTHERS = 2, 8, ~(2 | 8)


def as_onnx(
    boosters: Sequence[lgb.Booster], family: AnyInts, families: int, *, sums: bool = True
) -> bytes:
    """The mean of boosters, mostly of one, as a network for :class:`samesku.scoring.trees.Trees`.

    Its decisions are LightGBM's own, missing values included; only the sums are of float32. The
    boosters are of binary log-odds, on numbers alone, all of the same features. `family`, integer
    ``(f,)`` below `families`, is the number of the family of each feature.

    The network has the input `values` ``(m, f)`` and one output: what each family contributes, and
    the start, ``(m, families + 1)``. With `sums` it has the input `apart` ``(1,)`` as well, and
    where that is false gives the log-odds ``(m, 1)``.
    """
    trees = [tree for booster in boosters for tree in _trees(booster)]
    width, share = boosters[0].num_feature(), 1 / len(boosters)
    splits = _splits(trees)
    node = _ensemble(trees, splits, share * _credit(trees, family, families))
    inputs = [helper.make_tensor_value_info(VALUES, TensorProto.FLOAT, [None, width])]
    if sums:
        values = np.concatenate([tree.value for tree in trees])
        plain = _ensemble(trees, splits, share * _column(values, len(values)))
        inputs.append(helper.make_tensor_value_info(APART, TensorProto.BOOL, [1]))
        # Only one of both is computed.
        node = helper.make_node(
            "If", [APART], [OUTPUT], then_branch=_branch(node), else_branch=_branch(plain)
        )
    graph = helper.make_graph([node], "trees", inputs, [_output()])
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, VERSION)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _output() -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, None])


def _branch(node: onnx.NodeProto) -> onnx.GraphProto:
    return helper.make_graph([node], "branch", [], [_output()])


@dataclass(frozen=True, eq=False)
class _Tree:
    """One tree: its splits first, then its leaves; a split comes before those below it.

    Of each of s splits: at or below `threshold` of `feature` leads `left`, a missing value where
    `missing_left`, to the number of a split, or s and that of a leaf. `mean`, float64
    ``(s + leaves,)``, is of the training pairs under each node; of a leaf its `value`.
    """

    feature: Ints
    threshold: Doubles
    missing_left: Bools
    left: Ints
    right: Ints
    value: Doubles
    mean: Doubles

    @classmethod
    def of(cls, lines: dict[str, str]) -> _Tree:
        """From the lines of LightGBM's text, by name."""

        def numbers(name: str, kind: type = float) -> Array:
            return np.array(lines.get(name, "").split(), dtype=kind)

        value, count = numbers("leaf_value"), numbers("leaf_count")
        splits = len(value) - 1
        decision, threshold = numbers("decision_type", int), numbers("threshold")
        if np.any(decision & OTHERS):
            raise ValueError("trees that split by categories or take 0 for missing have no export")
        # Where no value was missing in training, LightGBM takes a missing one for 0.
        to_left = np.where(decision & MISSING_IS_NAN, decision & DEFAULT_LEFT, threshold >= 0)
        left, right = (
            np.where(child < 0, splits + ~child, child)
            for child in (numbers("left_child", int), numbers("right_child", int))
        )
        mean = np.concatenate([np.zeros(splits), value])
        under = np.concatenate([np.zeros(splits), count])
        for node in reversed(range(splits)):
            below = [left[node], right[node]]
            under[node] = under[below].sum()
            mean[node] = mean[below] @ under[below] / max(under[node], 1.0)
        feature = numbers("split_feature", int)
        return cls(feature, threshold, to_left.astype(bool), left, right, value, mean)

    def moves(self, width: int) -> sp.csr_matrix:
        """What each feature moves the mean on the way to each leaf, ``(leaves, width)``."""
        splits, leaves = len(self.feature), len(self.value)
        moved = np.zeros((splits + leaves, width))
        for node in range(splits):
            for child in (self.left[node], self.right[node]):
                moved[child] = moved[node]
                moved[child, self.feature[node]] += self.mean[child] - self.mean[node]
        return sp.csr_matrix(moved[splits:])


def _trees(booster: lgb.Booster) -> Iterator[_Tree]:
    """The trees of a model's text, each its lines by name."""
    text = booster.model_to_string().split("\nend of trees")[0]
    for block in text.split("\nTree=")[1:]:
        yield _Tree.of(dict(line.split("=", 1) for line in block.split("\n")[1:] if "=" in line))


def _splits(trees: Sequence[_Tree]) -> dict[str, list[Any]]:
    """The nodes of all trees as ONNX wants them: each a number, beside the number of its tree."""
    found: dict[str, list[Any]] = defaultdict(list)
    for number, tree in enumerate(trees):
        splits, leaves = len(tree.feature), len(tree.value)
        none = [0] * leaves
        found["featureids"] += [*tree.feature.tolist(), *none]
        found["values"] += [*_below(tree.threshold).tolist(), *map(float, none)]
        found["treeids"] += [number] * (splits + leaves)
        found["nodeids"] += range(splits + leaves)
        found["modes"] += [b"BRANCH_LEQ"] * splits + [b"LEAF"] * leaves
        found["truenodeids"] += [*tree.left.tolist(), *none]
        found["falsenodeids"] += [*tree.right.tolist(), *none]
        found["missing_value_tracks_true"] += [*tree.missing_left.astype(int).tolist(), *none]
    return found


def _below(threshold: Doubles) -> Floats:
    """The largest float32 that is not above: the same float32 values lie at or below it."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)


def _credit(trees: Sequence[_Tree], family: AnyInts, families: int) -> sp.csr_matrix:
    """What each family moves on the way to each leaf; in one column more the start.

    The start counts at the leaves of the first tree, of which each pair lands on one.
    """
    width = len(family)
    moves = sp.vstack([tree.moves(width) for tree in trees], format="csr")
    member = sp.csr_matrix((np.ones(width), (np.arange(width), family)), (width, families))
    start = np.full(len(trees[0].value), sum(tree.mean[0] for tree in trees))
    credit = sp.csr_matrix(sp.hstack([moves @ member, _column(start, moves.shape[0])]))
    credit.sort_indices()
    return credit


def _column(values: Doubles, height: int) -> sp.csr_matrix:
    """The first rows of one column, zeros among them: trees that learned nothing say that, too."""
    rows = np.arange(len(values))
    return sp.csr_matrix((values, (rows, np.zeros_like(rows))), shape=(height, 1))


def _ensemble(
    trees: Sequence[_Tree], splits: dict[str, list[Any]], credit: sp.csr_matrix
) -> onnx.NodeProto:
    """A node of ONNX that sums the values of the leaves, CSR ``(leaves, targets)``."""
    leaves = [len(tree.value) for tree in trees]
    first = np.cumsum(leaves) - leaves
    leaf = np.repeat(np.arange(credit.shape[0]), np.diff(credit.indptr))
    tree = np.repeat(np.arange(len(trees)), leaves)[leaf]
    number = leaf - first[tree] + np.array([len(each.feature) for each in trees])[tree]
    return helper.make_node(
        "TreeEnsembleRegressor",
        [VALUES],
        [OUTPUT],
        domain=DOMAIN,
        n_targets=credit.shape[1],
        target_treeids=tree.tolist(),
        target_nodeids=number.tolist(),
        target_ids=credit.indices.tolist(),
        target_weights=credit.data.astype(np.float32).tolist(),
        **{f"nodes_{name}": held for name, held in splits.items()},
    )
