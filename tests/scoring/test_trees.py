"""Trees as a network: the same on any number of threads, and what is no such network."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from onnx import TensorProto, helper

from samesku.candidates.similarity import PAIRS_AT_ONCE
from samesku.scoring.trees import UNLIKELY, Trees, probability
from samesku.training.tree_export import as_onnx

FEATURES = 5


def exported(booster):
    """The trees, each feature a family of its own."""
    return Trees(as_onnx([booster], np.arange(FEATURES), FEATURES))


def test_the_same_whoever_asks_and_in_however_large_portions(drawn, boosted, monkeypatch):
    values, answer = drawn(3, rows=PAIRS_AT_ONCE + 700)
    trees = exported(boosted(values, answer, rounds=101))
    expected, parts = trees.log_odds(values), trees.contributions(values)
    with ThreadPoolExecutor(4) as pool:
        sums = list(pool.map(lambda _: trees.log_odds(values), range(4)))
        explained = list(pool.map(lambda _: trees.contributions(values), range(2)))
    for odds in sums:
        np.testing.assert_array_equal(odds, expected)
    for each in explained:
        np.testing.assert_array_equal(each, parts)
    few = np.concatenate([trees.log_odds(values[at : at + 7]) for at in range(0, 700, 7)])
    np.testing.assert_array_equal(few, expected[:700])
    monkeypatch.setattr("samesku.runtime.cores.usable_cores", lambda: 1)
    np.testing.assert_array_equal(trees.log_odds(values), expected)


def test_read_again_they_say_the_same(drawn, boosted):
    values, answer = drawn(10)
    trees = exported(boosted(values, answer))
    again = Trees(trees.content)
    assert (again.width, again.families, again.start) == (FEATURES, FEATURES, trees.start)
    np.testing.assert_array_equal(again.log_odds(values), trees.log_odds(values))
    np.testing.assert_array_equal(again.contributions(values), trees.contributions(values))


def another_network():
    """A network that doubles numbers."""
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]) for name in "xy"]
    node = helper.make_node("Add", ["x", "x"], ["y"])
    graph = helper.make_graph([node], "double", ports[:1], ports[1:])
    opset = [helper.make_opsetid("", 16)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "cannot be run"), (b"\x80\x04pickle", "cannot be run"), (None, "but not one of trees")],
)
def test_what_holds_no_trees_is_refused(content, reason):
    with pytest.raises(ValueError, match=reason):
        Trees(another_network() if content is None else content)


def test_no_pairs(drawn, boosted):
    trees = exported(boosted(*drawn(12)))
    nothing = np.empty((0, FEATURES), dtype=np.float32)
    assert trees.contributions(nothing).shape == (0, FEATURES)
    assert trees.log_odds(nothing).shape == (0,)


def test_log_odds_as_probabilities():
    odds = np.array([-1e9, -2.0, 0, 2, 1e9])
    told = probability(odds)
    assert told.dtype == np.float32
    np.testing.assert_allclose(told[1:4], [0.119203, 0.5, 0.880797], rtol=1e-5)
    assert 0 <= told[0] < 1e-9
    assert told[4] == 1


def test_what_the_first_booster_finds_unlikely_is_not_shown_to_the_others(drawn, boosted):
    values, answer = drawn(5, rows=2_000)
    answer = answer * (values[:, 3] > 0.5)
    boosters = [
        boosted(values[half], answer[half], rounds=150)
        for half in (slice(1_000), slice(1_000, None))
    ]
    first, alone = (
        Trees(as_onnx(some, np.arange(FEATURES), FEATURES)) for some in (boosters[:1], boosters)
    )
    without_sums = as_onnx(boosters, np.arange(FEATURES), FEATURES, sums=False)
    both = Trees(without_sums, first)
    by_first = first.log_odds(values) - first.start + alone.start
    (odds, parts), likely = both.predict(values), by_first >= UNLIKELY
    assert 100 < np.count_nonzero(likely) < 1_900
    expected = np.where(likely, alone.log_odds(values), by_first)
    np.testing.assert_allclose(odds, expected, atol=1e-4)
    np.testing.assert_array_equal(np.isnan(parts), np.repeat(~likely[:, None], FEATURES, axis=1))
    parts = both.contributions(values, parts)
    np.testing.assert_array_equal(both.contributions(values), parts)
    np.testing.assert_allclose(both.start + parts.sum(axis=1), odds, atol=1e-3)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(both)).log_odds(values), odds)
    hidden, asked = values.copy(), []
    hidden[:, 0] = np.nan

    def complete(places):
        asked.append(places)
        hidden[places] = values[places]

    first_sees = both.first.log_odds(hidden) - first.start + both.start >= UNLIKELY
    odds = both.predict(hidden, complete)[0]
    np.testing.assert_array_equal(asked[0], np.flatnonzero(first_sees))
    filled = np.flatnonzero(first_sees & likely)
    np.testing.assert_array_equal(odds[filled], both.log_odds(values)[filled])
    with pytest.raises(ValueError, match="not one of trees"):
        Trees(without_sums)
    with pytest.raises(ValueError, match="other features"):
        Trees(without_sums, Trees(as_onnx(boosters[:1], np.zeros(FEATURES, int), 1)))
