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


def chosen_of(left, right, probability, *, rule="one-to-one", pinned=None):
    pinned = np.zeros(len(left), dtype=bool) if pinned is None else pinned
    return choose_links(left, right, probability, pinned, threshold=0.5, rule=rule)


@settings(max_examples=60, deadline=None)
@given(probability=squares)
def test_one_to_one_is_the_likeliest_set(probability):
    left, right = np.nonzero(probability >= 0.5)
    chosen = chosen_of(left, right, probability[left, right])
    clipped = np.clip(probability.astype(np.float64), 1e-4, 1 - 1e-4)
    gain = np.maximum(np.log(clipped / (1 - clipped)), 0)
    best = gain[linear_sum_assignment(gain, maximize=True)].sum()
    assert gain[left, right][chosen].sum() == pytest.approx(best, abs=1e-9)
    assert len(set(left[chosen])) == len(set(right[chosen])) == len(chosen)


def test_greedy_would_take_the_best_pair_and_lose_two():
    left, right = np.array([0, 0, 1]), np.array([2, 3, 2])
    assert chosen_of(left, right, np.array([0.95, 0.9, 0.93])).tolist() == [1, 2]


@pytest.mark.parametrize("rule", ["one-to-one", "one-to-many", "many-to-one"])
def test_a_pinned_pair_comes_before_likelier_and_equal_ones(rule):
    left, right = np.array([0, 0, 1]), np.array([2, 3, 3])
    pinned = np.array([False, True, False])
    assert 1 in chosen_of(left, right, np.ones(3), rule=rule, pinned=pinned)


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
    assert chosen_of(left, right, probability, rule=rule).tolist() == chosen
