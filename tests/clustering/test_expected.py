"""The threshold that the probabilities of a catalogue let expect to be best."""

from dataclasses import replace

import numpy as np
import pytest

from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.expected import (
    climb,
    expected_f1,
    partners,
    summed_f1,
    threshold_for,
    threshold_for_links,
)
from samesku.metrics import cluster_tally, posting_f1
from samesku.scoring.fusion import UnionAll
from samesku.scoring.learned import Learned, shipped_model


def pairs_of(products, size, chance, seed=0):
    """Products of `size` postings each, whose pairs are one product as often as `chance` says."""
    ends = np.array([(a, b) for a in range(size) for b in range(a + 1, size)])
    left, right = (ends + np.arange(products)[:, None, None] * size).reshape(-1, 2).T
    return left, right, np.full(len(left), chance, dtype=np.float32)


def value_of(pairs, size):
    """The expected F1 by the threshold."""
    ones = np.ones(size, dtype=np.int64)

    def value(threshold):
        return expected_f1(*pairs, agglomerate(*pairs, size, threshold=threshold), ones)

    return value


def test_of_certain_pairs_it_is_the_f1_that_follows():
    left, right = np.array([0, 0, 1, 3]), np.array([1, 2, 2, 4])
    chance = np.array([1, 0, 0, 1], dtype=np.float32)
    labels = np.array([0, 0, 1, 2, 2])
    clusters = np.array([0, 0, 0, 1, 1])
    known = float(posting_f1(cluster_tally(clusters, labels)).mean())
    ones = np.ones(5, dtype=np.int64)
    assert expected_f1(left, right, chance, clusters, ones) == pytest.approx(known)


def test_an_identical_posting_counts_as_often_as_it_is_there():
    left, right, chance = np.array([0]), np.array([1]), np.array([0.5], dtype=np.float32)
    apart = [
        expected_f1(left, right, chance, np.arange(2), np.array(each)) for each in ([1, 1], [9, 1])
    ]
    assert apart[1] > apart[0]


def test_sums_are_the_same_in_any_order_and_in_parts():
    rng = np.random.default_rng(1)
    left, right, _ = pairs_of(products=200, size=6, chance=0)
    chance, counts = rng.random(len(left)).astype(np.float32), rng.integers(1, 9, 1_200)
    whole = partners(left, right, chance, counts)
    order = rng.permutation(len(left))
    parts = [
        partners(left[some], right[some], chance[some], counts)
        for some in (order[::2], order[1::2])
    ]
    np.testing.assert_array_equal(parts[0] + parts[1], whole)
    inside, found = whole / 2, counts + np.ceil(whole)
    some = rng.random(1_200) < 0.3
    halves = [
        summed_f1(*(each[w] for each in (counts, found, inside, whole))) for w in (some, ~some)
    ]
    assert halves[0] + halves[1] == summed_f1(counts, found, inside, whole)


@pytest.mark.parametrize(("chance", "best"), [(0.35, 0.3), (0.9, 0.4)])
def test_it_moves_only_where_another_is_clearly_better(chance, best):
    pairs = pairs_of(products=30, size=4, chance=chance)
    assert climb(value_of(pairs, 120), 0.4) == best


def test_the_best_is_no_worse_than_the_one_in_use_by_what_is_expected():
    left, right, _ = pairs_of(products=80, size=4, chance=0)
    scores = np.random.default_rng(0).random(len(left)).astype(np.float32)
    value = value_of((left, right, scores), 320)
    for now in (0.15, 0.4, 0.85):
        assert value(climb(value, now)) >= value(now)


def test_only_models_for_other_catalogues_leave_their_threshold(unseen, truth):
    candidates = unseen[1]
    tens = np.full(len(unseen[0]), 10, dtype=np.int64)
    scores = np.where(truth(*unseen), 0.37, 0.01).astype(np.float32)
    moving = Learned(replace(shipped_model(), threshold=0.4, threshold_rule="expected"))
    assert threshold_for(moving, candidates, scores, tens) < 0.4
    assert threshold_for(moving, candidates, scores, tens // 10) == 0.4  # of a small catalogue
    fixed = Learned(replace(shipped_model(), threshold=0.4, threshold_rule="fixed"))
    assert threshold_for(fixed, candidates, scores, tens) == 0.4
    assert threshold_for(UnionAll(), candidates, scores, tens) == 0.5
    links = [threshold_for_links(fusion) for fusion in (moving, fixed, UnionAll())]
    assert links == [0.27, 0.4, 0.5]
