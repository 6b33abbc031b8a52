"""Counts, F1 and intervals, against plain Python, scikit-learn and sums by hand."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.cluster import pair_confusion_matrix

from samesku.metrics import (
    Figure,
    bootstrap,
    cluster_tally,
    pair_tally,
    posting_f1,
)

codes = st.integers(0, 4)
labelled = st.lists(st.tuples(codes, st.integers(-1, 3)), min_size=1, max_size=14)


def competition_f1(matches, truth):
    """The competition's metric, as its page words it: F1 of each posting's list."""
    scores = []
    for found, same in zip(matches, truth, strict=True):
        shared = len(set(found.split(" ")) & set(same.split(" ")))
        scores.append(2 * shared / (len(found.split(" ")) + len(same.split(" "))))
    return scores


def lists(groups):
    return [
        " ".join(str(other) for other, name in enumerate(groups) if name == own) for own in groups
    ]


def columns(rows):
    groups, labels = zip(*rows, strict=True)
    return np.array(groups), np.array(labels)


@given(st.lists(st.tuples(codes, st.integers(0, 3)), min_size=1, max_size=14))
def test_posting_f1_is_the_competitions(rows):
    groups, labels = columns(rows)
    expected = competition_f1(lists(groups), lists(labels))
    np.testing.assert_allclose(posting_f1(cluster_tally(groups, labels)), expected)


@given(labelled)
def test_pairs_within_groups_count_as_their_groups_do(rows):
    groups, labels = columns(rows)
    pairs = [(a, b) for a, b in combinations(range(len(rows)), 2) if groups[a] == groups[b]]
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    by_pairs, by_groups = pair_tally(*ends, labels), cluster_tally(groups, labels)
    for count in ("correct", "matched", "actual"):
        np.testing.assert_array_equal(getattr(by_pairs, count), getattr(by_groups, count))


@given(labelled)
def test_what_has_no_label_counts_neither_for_nor_against(rows):
    groups, labels = columns(rows)
    known = labels >= 0
    tally = cluster_tally(groups, labels)
    for counts in (tally.correct, tally.matched, tally.actual):
        assert (counts[~known] == 0).all()
    alone = cluster_tally(groups[known], labels[known])
    np.testing.assert_array_equal(tally.correct[known], alone.correct)
    np.testing.assert_array_equal(tally.matched[known], alone.matched)
    np.testing.assert_array_equal(tally.actual[known], alone.actual)


@given(st.lists(st.tuples(codes, st.integers(0, 3)), min_size=2, max_size=14))
def test_sums_agree_with_scikit_learn(rows):
    groups, labels = columns(rows)
    (_, false_positive), (false_negative, true_positive) = pair_confusion_matrix(labels, groups)
    tally = cluster_tally(groups, labels)
    assert tally.correct.sum() == true_positive
    assert tally.matched.sum() == true_positive + false_positive
    assert tally.actual.sum() == true_positive + false_negative


def test_counts_by_hand():
    labels = np.array([7, 7, 7, 2, -1])
    tally = pair_tally(np.array([0, 0, 1, 3]), np.array([1, 3, 4, 4]), labels)
    assert tally.correct.tolist() == [1, 1, 0, 0, 0]
    assert tally.matched.tolist() == [2, 1, 0, 1, 0]
    assert tally.actual.tolist() == [2, 2, 2, 0, 0]
    np.testing.assert_allclose(posting_f1(tally), [4 / 6, 4 / 5, 2 / 4, 2 / 3, 1])


def test_nobody():
    nobody = np.empty(0, dtype=np.int64)
    for tally in (cluster_tally(nobody, nobody), pair_tally(nobody, nobody, nobody)):
        assert len(tally.correct) == len(tally.matched) == len(tally.actual) == 0
    assert np.isnan(bootstrap(nobody, nobody, nobody).figure.value)


@settings(max_examples=10, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30
    ).filter(lambda rows: any(bottom for _, _, bottom in rows)),
    seed=st.integers(0, 5),
)
def test_interval_holds_the_value_and_is_the_same_again(rows, seed):
    clusters, top, rest = (np.array(column) for column in zip(*rows, strict=True))
    bottom = top + rest
    figure = bootstrap(top, bottom, clusters, seed=seed).figure
    assert figure.value == pytest.approx(top.sum() / bottom.sum())
    assert figure.low - 1e-12 <= figure.value <= figure.high + 1e-12
    assert figure.low >= 0
    assert figure.high <= 1 + 1e-12
    assert bootstrap(top, bottom, clusters, seed=seed).figure == figure


def test_postings_of_one_product_are_drawn_together():
    top = np.tile([0.0, 1.0], 200)
    one = np.ones(400)
    apart = bootstrap(top, one, np.arange(400)).figure
    in_pairs = bootstrap(np.repeat([0.0, 1.0], 200), one, np.repeat(np.arange(8), 50)).figure
    assert in_pairs.value == apart.value == 0.5
    assert in_pairs.high - in_pairs.low > 4 * (apart.high - apart.low)
    alone = bootstrap(top, one, np.zeros(400, dtype=int)).figure
    assert (alone.low, alone.high) == (0.5, 0.5)


def test_the_interval_is_about_two_standard_errors_wide():
    top = np.random.default_rng(0).random(900)
    figure = bootstrap(top, np.ones(900), np.arange(900)).figure
    error = top.std() / 30
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_precision_and_recall_combine_to_their_harmonic_mean():
    top = np.array([[3, 1], [3, 1]])
    bottom = np.array([[4, 1], [6, 4]])
    figure = bootstrap(top, bottom, np.arange(2)).figure
    precision, recall = 4 / 5, 4 / 10
    assert figure.value == pytest.approx(2 * precision * recall / (precision + recall))
    assert figure.low <= figure.value <= figure.high


def test_without_any_match_f1_is_zero_and_precision_undefined():
    none, some = np.zeros(3), np.ones(3)
    clusters = np.arange(3)
    assert np.isnan(bootstrap(none, none, clusters).figure.low)
    both = bootstrap(np.stack([none, none]), np.stack([none, some]), clusters).figure
    assert (both.value, both.low, both.high) == (0, 0, 0)


def test_resamples_without_a_denominator_are_left_out():
    figure = bootstrap(np.array([1, 0, 0]), np.array([2, 0, 0]), np.arange(3)).figure
    assert (figure.value, figure.low, figure.high) == (0.5, 0.5, 0.5)


def test_a_figure_prints_with_its_interval():
    assert str(Figure(0.81234, 0.8, 0.83)) == "0.8123 [0.8000, 0.8300]"


def noisy_pair(seed=0):
    """Two measures of the same 300 postings: what is hard for one is hard for the other."""
    rng = np.random.default_rng(seed)
    ease = rng.random(300)
    worse = ease * 0.9
    better = worse + rng.normal(0.02, 0.02, 300)
    return worse, better, np.arange(300) // 3


def test_differences_are_paired():
    worse, better, clusters = noisy_pair()
    one = np.ones(300)
    first, second = (bootstrap(top, one, clusters) for top in (worse, better))
    gain = second.minus(first)
    assert gain.value == pytest.approx((better - worse).mean())
    assert 0 < gain.low < gain.value < gain.high
    # The intervals of the two overlap, and yet one is surely better.
    assert first.figure.high > second.figure.low
    by_products = (better - worse).reshape(100, 3).mean(axis=1)
    assert gain.high - gain.low == pytest.approx(2 * 1.96 * by_products.std() / 10, rel=0.15)
