"""Who gets whom: against scipy's dense assignment, and by the other rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from samesku.clustering.decided import choose_links

squares = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(0, 1, width=16))
)


@settings(max_examples=60, deadline=None)
@given(probability=squares)
def test_one_to_one_is_the_likeliest_set(probability):
    left, right = (grid.ravel() for grid in np.indices(probability.shape))
    chosen = choose_links(left, right, probability.ravel(), threshold=0.5)
    clipped = np.clip(probability.astype(np.float64), 1e-4, 1 - 1e-4)
    gain = np.maximum(np.log(clipped / (1 - clipped)), 0)
    best = gain[linear_sum_assignment(gain, maximize=True)].sum()
    assert gain.ravel()[chosen].sum() == pytest.approx(best, abs=1e-9)
    assert len(set(left[chosen])) == len(set(right[chosen])) == len(chosen)


def test_greedy_would_take_the_best_pair_and_lose_two():
    left, right = np.array([0, 0, 1]), np.array([2, 3, 2])
    probability = np.array([0.95, 0.9, 0.93])
    assert choose_links(left, right, probability, threshold=0.5).tolist() == [1, 2]


@pytest.mark.parametrize("rule", ["one-to-one", "one-to-many", "many-to-one"])
def test_a_pinned_pair_comes_before_likelier_and_equal_ones(rule):
    left, right = np.array([0, 0, 1]), np.array([2, 3, 3])
    probability, pinned = np.array([1.0, 1.0, 1.0]), np.array([False, True, False])
    chosen = choose_links(left, right, probability, threshold=0.5, rule=rule, pinned=pinned)
    assert 1 in chosen


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        ("one-to-one", [0, 3]),
        ("one-to-many", [0, 1]),
        ("many-to-one", [0, 3]),
    ],
)
def test_rules(rule, chosen):
    # Left 0 with rights 5 and 6, left 1 with the same two, each less likely.
    left, right = np.array([0, 0, 1, 1]), np.array([5, 6, 5, 6])
    probability = np.array([0.99, 0.9, 0.6, 0.7])
    assert choose_links(left, right, probability, threshold=0.5, rule=rule).tolist() == chosen


def test_nothing_above_the_line():
    nothing = choose_links(np.array([0]), np.array([1]), np.array([0.4]), threshold=0.5)
    assert nothing.tolist() == []
    empty = np.empty(0, dtype=np.int64)
    assert len(choose_links(empty, empty, np.empty(0), threshold=0.5)) == 0
