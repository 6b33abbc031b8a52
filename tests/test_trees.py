"""What features add to the log-odds of boosted trees: exact sums, and the moves along a path."""

from concurrent.futures import ThreadPoolExecutor

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.trees import TREES_AT_ONCE, contributions, log_odds, probability, threads

FEATURES = 5


def drawn(seed, rows=300):
    """Features with gaps, and an answer that needs several of them."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, FEATURES)).astype(np.float32)
    answer = values[:, 0] + values[:, 1] * values[:, 2] + rng.normal(size=rows) / 2 > 0
    values[rng.random(values.shape) < 0.2] = np.nan
    return values, answer.astype(np.float32)


def boosted(values, answer, rounds=12, start=None, **settings):
    settings = {
        "objective": "binary",
        "num_leaves": 7,
        "min_data_in_leaf": 10,
        "learning_rate": 0.3,
        "deterministic": True,
        "num_threads": 1,
        "verbose": -1,
        **settings,
    }
    return lgb.train(settings, lgb.Dataset(values, answer, init_score=start), rounds)


def told(booster, values):
    """The log-odds as LightGBM itself sums them."""
    return booster.predict(values, raw_score=True)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rounds=st.integers(1, 20),
    leaves=st.integers(2, 12),
    bagging=st.sampled_from([1.0, 0.6]),
)
def test_start_and_contributions_sum_to_the_log_odds(seed, rounds, leaves, bagging):
    values, answer = drawn(seed)
    options = {"num_leaves": leaves, "bagging_fraction": bagging, "bagging_freq": 1}
    booster = boosted(values, answer, rounds, **options)
    parts, start = contributions(booster, values)
    assert parts.shape == values.shape
    assert parts.dtype == np.float32
    np.testing.assert_allclose(parts.sum(axis=1) + start, told(booster, values), atol=1e-4)
    np.testing.assert_allclose(log_odds(booster, values), told(booster, values))


def test_many_trees_sum_to_the_same_also_when_several_threads_ask_at_once():
    values, answer = drawn(3, rows=2_000)
    booster = boosted(values, answer, rounds=2 * TREES_AT_ONCE + 1)
    expected = told(booster, values)
    with ThreadPoolExecutor(4) as pool:
        sums = list(pool.map(lambda _: log_odds(booster, values), range(12)))
        explained = list(pool.map(lambda _: contributions(booster, values), range(4)))
    for odds in sums:
        np.testing.assert_allclose(odds, expected)
    for parts, start in explained:
        np.testing.assert_allclose(parts.sum(axis=1) + start, expected, atol=1e-4)


def test_they_sum_also_where_nothing_is_known():
    booster = boosted(*drawn(0))
    nothing = np.full((3, FEATURES), np.nan, dtype=np.float32)
    parts, start = contributions(booster, nothing)
    np.testing.assert_allclose(parts.sum(axis=1) + start, told(booster, nothing), atol=1e-4)


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


def test_each_move_is_credited_to_the_feature_that_is_split_on():
    values, answer = drawn(3)
    booster = boosted(values, answer)
    expected = np.zeros(values.shape)
    leaves = booster.predict(values, pred_leaf=True)
    for tree, landed in zip(booster.dump_model()["tree_info"], leaves.T, strict=True):
        paths = moves(tree["tree_structure"])
        for row, leaf in enumerate(landed):
            for feature, move in paths[leaf]:
                expected[row, feature] += move
    np.testing.assert_allclose(contributions(booster, values)[0], expected, atol=1e-4)


def test_the_start_is_the_mean_of_the_training():
    values, answer = drawn(4)
    booster = boosted(values, answer)
    _, start = contributions(booster, values)
    assert start == pytest.approx(told(booster, values).mean(), abs=1e-5)


def test_what_is_trained_on_top_of_other_log_odds_starts_from_nothing():
    values, answer = drawn(5)
    first = boosted(values, answer)
    second = boosted(values, answer, start=told(first, values))
    parts, start = contributions(second, values)
    assert abs(start) < 0.2
    np.testing.assert_allclose(parts.sum(axis=1) + start, told(second, values), atol=1e-4)


def test_a_feature_that_no_tree_asks_for_adds_nothing():
    values, answer = drawn(6)
    values[:, 3] = 1
    parts, _ = contributions(boosted(values, answer), values)
    assert not parts[:, 3].any()
    assert parts[:, 0].any()


def test_trees_of_one_leaf_are_all_start():
    values, answer = drawn(7)
    booster = boosted(values, answer, min_data_in_leaf=200)
    parts, start = contributions(booster, values)
    assert not parts.any()
    np.testing.assert_allclose(told(booster, values), start, atol=1e-6)


def test_families_are_the_sums_of_their_features():
    values, answer = drawn(9)
    booster = boosted(values, answer)
    alone, start = contributions(booster, values)
    together, same_start = contributions(booster, values, np.array([2, 0, 2, 0, 0]))
    assert start == same_start
    expected = [
        alone[:, [1, 3, 4]].sum(axis=1),
        np.zeros(len(values)),
        alone[:, [0, 2]].sum(axis=1),
    ]
    np.testing.assert_allclose(together, np.transpose(expected), atol=1e-5)


def test_a_model_read_from_its_text_says_the_same():
    values, answer = drawn(10)
    booster = boosted(values, answer)
    again = lgb.Booster(model_str=booster.model_to_string())
    for one, other in zip(
        contributions(booster, values), contributions(again, values), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_more_pairs_than_are_looked_at_at_once():
    values, answer = drawn(11)
    booster = boosted(values, answer)
    many = np.tile(values, (60, 1))
    parts, _ = contributions(booster, many)
    np.testing.assert_array_equal(parts, np.tile(contributions(booster, values)[0], (60, 1)))


def test_no_pairs():
    booster = boosted(*drawn(12))
    nothing = np.empty((0, FEATURES), dtype=np.float32)
    assert contributions(booster, nothing)[0].shape == (0, FEATURES)
    assert log_odds(booster, nothing).shape == (0,)


def test_log_odds_as_probabilities():
    odds = np.array([-1e9, -2.0, 0, 2, 1e9])
    told = probability(odds)
    assert told.dtype == np.float32
    np.testing.assert_allclose(told[1:4], [0.119203, 0.5, 0.880797], rtol=1e-5)
    assert 0 <= told[0] < 1e-9
    assert told[4] == 1


def test_few_pairs_are_left_to_one_thread():
    assert threads(1_000) == 1
    assert threads(10_000_000) >= 1
