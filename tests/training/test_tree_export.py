"""LightGBM's trees in ONNX: its own decisions, exact parts, the moves along a path."""

import lightgbm as lgb
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.scoring.trees import Trees
from samesku.training.tree_export import as_onnx

FEATURES = 5


def told(booster, values):
    """The log-odds as LightGBM itself sums them."""
    return booster.predict(values, raw_score=True)


def exported(booster, family=None):
    """The trees, each feature a family of its own."""
    family = np.arange(FEATURES) if family is None else np.array(family)
    return Trees(as_onnx([booster], family, int(family.max()) + 1))


def moves(node, mine=()):
    """What each split on the way to each leaf moves, as :meth:`Booster.dump_model` tells it."""

    def mean(node):
        if "leaf_value" in node:
            return node["leaf_value"], node["leaf_count"]
        below = [mean(node["left_child"]), mean(node["right_child"])]
        pairs = sum(count for _, count in below)
        return sum(value * count for value, count in below) / pairs, pairs

    if "leaf_value" in node:
        return {node["leaf_index"]: mine}
    here, _ = mean(node)
    found = {}
    for child in (node["left_child"], node["right_child"]):
        step = (node["split_feature"], mean(child)[0] - here)
        found |= moves(child, (*mine, step))
    return found


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rounds=st.integers(1, 20),
    leaves=st.integers(2, 12),
    bagging=st.sampled_from([1.0, 0.6]),
    gaps=st.booleans(),
)
def test_start_and_contributions_sum_to_the_log_odds(
    drawn, boosted, seed, rounds, leaves, bagging, gaps
):
    values, answer = drawn(seed)
    options = {"num_leaves": leaves, "bagging_fraction": bagging, "bagging_freq": 1}
    # Where the training missed nothing, LightGBM takes what is missing later for 0.
    booster = boosted(values if gaps else np.nan_to_num(values), answer, rounds, **options)
    trees = exported(booster)
    parts = trees.contributions(values)
    assert parts.shape == values.shape
    assert parts.dtype == np.float32
    expected = told(booster, values)
    np.testing.assert_allclose(parts.sum(axis=1) + trees.start, expected, atol=1e-4)
    np.testing.assert_allclose(trees.log_odds(values), expected, atol=1e-5)


def test_values_on_a_threshold_go_where_lightgbm_sends_them(boosted):
    values = np.repeat(np.linspace(-3, 3, 41, dtype=np.float32), 40)[:, None]
    answer = (np.random.default_rng(0).random(len(values)) < (values[:, 0] + 3) / 6).astype(float)
    booster = boosted(values, answer, rounds=30)
    edges = np.array(
        [
            float(edge)
            for line in booster.model_to_string().split("\n")
            if line.startswith("threshold=")
            for edge in line.removeprefix("threshold=").split()
        ],
        dtype=np.float32,
    )
    near = np.concatenate([edges, *(np.nextafter(edges, np.float32(to)) for to in (-9, 9))])
    # LightGBM takes numbers up to 1e-35 for 0.
    near = np.append(near[np.abs(near) > 1e-30], np.float32(0))
    trees = exported(booster, [0])
    np.testing.assert_allclose(
        trees.log_odds(near[:, None]), told(booster, near[:, None]), atol=1e-5
    )


def test_they_sum_also_where_nothing_is_known(drawn, boosted):
    booster = boosted(*drawn(0))
    nothing = np.full((3, FEATURES), np.nan, dtype=np.float32)
    trees = exported(booster)
    summed = trees.contributions(nothing).sum(axis=1) + trees.start
    np.testing.assert_allclose(summed, told(booster, nothing), atol=1e-4)


def test_each_move_is_credited_to_the_feature_that_is_split_on(drawn, boosted):
    values, answer = drawn(3)
    booster = boosted(values, answer)
    expected = np.zeros(values.shape)
    leaves = booster.predict(values, pred_leaf=True)
    for tree, landed in zip(booster.dump_model()["tree_info"], leaves.T, strict=True):
        paths = moves(tree["tree_structure"])
        for row, leaf in enumerate(landed):
            for feature, move in paths[leaf]:
                expected[row, feature] += move
    np.testing.assert_allclose(exported(booster).contributions(values), expected, atol=1e-4)


def test_the_start_is_the_mean_of_the_training(drawn, boosted):
    values, answer = drawn(4)
    booster = boosted(values, answer)
    assert exported(booster).start == pytest.approx(told(booster, values).mean(), abs=1e-5)


def test_what_is_trained_on_top_of_other_log_odds_starts_from_nothing(drawn, boosted):
    values, answer = drawn(5)
    first = boosted(values, answer)
    second = boosted(values, answer, start=told(first, values))
    trees = exported(second)
    assert abs(trees.start) < 0.2
    summed = trees.contributions(values).sum(axis=1) + trees.start
    np.testing.assert_allclose(summed, told(second, values), atol=1e-4)


def test_a_feature_that_no_tree_asks_for_adds_nothing(drawn, boosted):
    values, answer = drawn(6)
    values[:, 3] = 1
    parts = exported(boosted(values, answer)).contributions(values)
    assert not parts[:, 3].any()
    assert parts[:, 0].any()


def test_trees_of_one_leaf_are_all_start(drawn, boosted):
    values, answer = drawn(7)
    booster = boosted(values, answer, min_data_in_leaf=200)
    trees = exported(booster)
    assert not trees.contributions(values).any()
    np.testing.assert_allclose(told(booster, values), trees.start, atol=1e-6)
    np.testing.assert_allclose(trees.log_odds(values), trees.start, atol=1e-6)


def test_trees_that_learned_nothing_add_nothing(drawn, boosted):
    values, answer = drawn(7)
    booster = boosted(values, answer, start=np.ones(len(values)), min_data_in_leaf=200)
    assert not told(booster, values).any()
    trees = exported(booster)
    assert trees.start == 0
    assert not trees.log_odds(values).any()
    assert not trees.contributions(values).any()


def test_families_are_the_sums_of_their_features(drawn, boosted):
    values, answer = drawn(9)
    booster = boosted(values, answer)
    alone, together = exported(booster), exported(booster, [2, 0, 2, 0, 0])
    assert alone.start == together.start
    assert (alone.families, together.families) == (FEATURES, 3)
    parts = alone.contributions(values)
    expected = [
        parts[:, [1, 3, 4]].sum(axis=1),
        np.zeros(len(values)),
        parts[:, [0, 2]].sum(axis=1),
    ]
    np.testing.assert_allclose(together.contributions(values), np.transpose(expected), atol=1e-5)


def test_of_several_boosters_the_mean_counts(drawn, boosted):
    values, answer = drawn(10)
    grown = [
        boosted(values, answer, bagging_fraction=0.5, bagging_freq=1, seed=seed)
        for seed in range(3)
    ]
    each = [told(booster, values) for booster in grown]
    assert np.std(each, axis=0).max() > 0
    trees = Trees(as_onnx(grown, np.zeros(FEATURES, dtype=int), 1))
    np.testing.assert_allclose(trees.log_odds(values), np.mean(each, axis=0), atol=1e-5)
    summed = trees.contributions(values)[:, 0] + trees.start
    np.testing.assert_allclose(summed, np.mean(each, axis=0), atol=1e-4)


def test_the_number_of_threads_that_grew_them_leaves_no_trace(drawn, boosted):
    values, answer = drawn(12)
    one, two = (exported(boosted(values, answer, num_threads=many)) for many in (1, 2))
    assert one.content == two.content


def test_trees_that_split_by_categories_are_not_exported():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 6, (300, FEATURES)).astype(np.float32)
    answer = (values[:, 0] % 2).astype(np.float32)
    data = lgb.Dataset(values, answer, categorical_feature=[0])
    booster = lgb.train({"objective": "binary", "verbose": -1, "min_data_per_group": 5}, data, 3)
    with pytest.raises(ValueError, match="split by categories"):
        exported(booster)


def test_the_network_is_one_that_others_can_read(drawn, boosted):
    booster = boosted(*drawn(13))
    onnx.checker.check_model(onnx.load_from_string(exported(booster).content))
