"""Figures of retrieval against counting by hand."""

import numpy as np
import pytest

from samesku.encoders.base import Vectors
from samesku.metrics import Tally, posting_f1
from samesku.training.validation import compare, retrieval


def drawn(seed=0, size=60, products=15):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, products, size)
    places = rng.normal(size=(products, 8))
    rows = places[labels] + 0.8 * rng.normal(size=(size, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Vectors.of(rows.astype(np.float32), np.ones(size, dtype=bool)), labels


def by_hand(vectors, labels, line):
    cosine = vectors.rows @ vectors.rows.T
    np.fill_diagonal(cosine, -2)
    same = labels[:, None] == labels
    taken = cosine >= np.float32(line)
    tally = Tally((taken & same).sum(axis=1), taken.sum(axis=1), same.sum(axis=1) - 1)
    return posting_f1(tally)


def test_f1_is_that_of_the_pairs_above_the_line():
    vectors, labels = drawn()
    for line in (0.3, 0.6, 0.9):
        found = retrieval(vectors, labels, threshold=line)
        np.testing.assert_allclose(found.f1, by_hand(vectors, labels, line))


def test_no_line_is_better_than_the_one_found():
    vectors, labels = drawn()
    found = retrieval(vectors, labels)
    np.testing.assert_allclose(found.f1, by_hand(vectors, labels, found.threshold))
    tried = [by_hand(vectors, labels, line).mean() for line in np.linspace(0, 1, 201)]
    assert found.f1.mean() >= max(tried)


def test_average_precision_is_the_mean_precision_at_each_right_one():
    vectors, labels = drawn(size=40)
    cosine = vectors.rows @ vectors.rows.T
    found = retrieval(vectors, labels)
    for query in range(40):
        others = np.delete(np.arange(40), query)
        same = labels[others[np.argsort(-cosine[query, others])]] == labels[query]
        if same.any():
            at = np.flatnonzero(same)
            expected = np.mean(np.arange(1, len(at) + 1) / (at + 1))
            assert found.precision[query] == pytest.approx(expected)
        else:
            assert np.isnan(found.precision[query])


def test_equal_vectors_are_taken_together_or_not_at_all():
    vectors = Vectors.of(np.ones((4, 1), dtype=np.float32), np.ones(4, dtype=bool))
    for labels in (np.array([0, 0, 1, 2]), np.array([0, 0, 0, 1])):
        found = retrieval(vectors, labels)
        np.testing.assert_allclose(found.f1, by_hand(vectors, labels, found.threshold))


def test_queries_are_few_the_pool_is_whole():
    vectors, labels = drawn()
    whole, part = retrieval(vectors, labels), np.array([3, 17, 40])
    some = retrieval(vectors, labels, part, threshold=whole.threshold)
    np.testing.assert_allclose(some.f1, whole.f1[part])
    np.testing.assert_allclose(some.precision, whole.precision[part])


def test_a_posting_without_vector_finds_nothing():
    vectors, labels = drawn(size=30, products=5)
    present = np.arange(30) != 4
    found = retrieval(Vectors.of(vectors.rows[present], present), labels)
    members = np.bincount(labels)[labels[4]]
    assert found.f1[4] == pytest.approx(2 / (members + 1))
    assert found.precision[4] == 0


def test_unknown_products_count_for_nothing():
    vectors, labels = drawn(size=30, products=5)
    hidden = np.where(np.arange(30) < 3, -1, labels)
    found = retrieval(vectors, hidden)
    rest = Vectors.of(vectors.rows[3:], np.ones(27, dtype=bool))
    np.testing.assert_allclose(found.f1, retrieval(rest, labels[3:]).f1)


def test_a_gain_over_itself_is_none():
    found = retrieval(*drawn())
    assert compare(found, found) == {"f1": [0.0, 0.0, 0.0], "mAP": [0.0, 0.0, 0.0]}
