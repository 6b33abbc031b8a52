"""One-to-one as probabilities."""

import itertools

import numpy as np

from samesku.linking.settling import settled_odds


def by_all_sets(left, right, odds, size):
    """The probability of each pair, from all sets of links that share no posting."""
    weight, total = np.zeros(len(odds)), 0.0
    for chosen in itertools.product([False, True], repeat=len(odds)):
        ends = [*left[list(chosen)], *right[list(chosen)]]
        if len(set(ends)) == len(ends):
            likely = np.exp(odds[list(chosen)].sum())
            weight[list(chosen)] += likely
            total += likely
    return weight / total


def test_on_a_chain_of_rivals_it_is_exact():
    # 0 - 4 - 1 - 5 - 2: no circle, so that belief propagation is no approximation.
    left, right = np.array([0, 1, 1, 2]), np.array([4, 4, 5, 5])
    odds = np.array([2.0, 1.0, 3.0, -0.5])
    settled = settled_odds(left, right, odds, 6)
    expected = by_all_sets(left, right, odds, 6)
    np.testing.assert_allclose(1 / (1 + np.exp(-settled)), expected, atol=1e-3)


def test_a_rival_that_is_surely_linked_elsewhere_is_none():
    # 0 and 1 are equally like 3; but 1 surely belongs to 4.
    left, right = np.array([0, 1, 1]), np.array([3, 3, 4])
    rivals = settled_odds(left, right, np.array([1.0, 1.0, -9.0]), 5)
    settled = settled_odds(left, right, np.array([1.0, 1.0, 9.0]), 5)
    assert rivals[0] < 0.5
    assert settled[0] > 0.95
    assert settled[1] < -5


def test_pairs_without_rivals_keep_their_odds_and_no_pair_is_fine():
    odds = np.array([-3.0, 0.5])
    np.testing.assert_allclose(settled_odds(np.array([0, 1]), np.array([2, 3]), odds, 4), odds)
    nothing = np.empty(0, dtype=np.int64)
    assert len(settled_odds(nothing, nothing, np.empty(0), 4)) == 0
