"""`pair_similarity` and `row_similarity`, pair by pair."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.candidates.similarity import pair_similarity, row_similarity
from samesku.encoders import Vectors


def one(a, b):
    """Similarity of two rows, in plain Python."""
    if a.dtype == np.uint8:
        pairs = zip(a.tolist(), b.tolist(), strict=True)
        return 1 - sum((x ^ y).bit_count() for x, y in pairs) / (8 * len(a))
    return sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))


def by_hand(rows, owner, probe, left, right):
    values = []
    for a, b in zip(left, right, strict=True):
        seen = [
            one(rows[i], rows[j])
            for i in np.flatnonzero(owner == a)
            for j in np.flatnonzero(owner == b)
            if not (probe[i] and probe[j])
        ]
        values.append(max(seen, default=np.nan))
    return np.array(values)


def dense_rows(kind, count, rng):
    if kind == "bits":
        return rng.integers(0, 256, (count, 3), dtype=np.uint8)
    rows = rng.normal(size=(count, 6)) * (rng.random((count, 6)) < 0.7)
    rows[:, 0] += 0.01
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("kind", ["dense", "sparse", "bits"])
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(1, 8),
    pairs=st.integers(0, 30),
    views=st.integers(0, 4),
    probes=st.booleans(),
)
def test_the_largest_over_the_rows_of_both(kind, seed, size, pairs, views, probes):
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(size), rng.integers(0, views + 1, size))
    rows = dense_rows(kind, len(owner), rng)
    probe = rng.random(len(owner)) < 0.5 if probes else np.zeros(len(owner), dtype=bool)
    left, right = rng.integers(0, size, (2, pairs))
    vectors = Vectors(
        sp.csr_matrix(rows) if kind == "sparse" else rows, owner, size, probe if probes else None
    )
    similarity = pair_similarity(vectors, left, right)
    assert similarity.dtype == np.float32
    expected = by_hand(rows, owner, probe, left, right)
    np.testing.assert_allclose(similarity, expected, atol=1e-6)
    np.testing.assert_array_equal(similarity, pair_similarity(vectors, right, left))


@pytest.mark.parametrize("kind", ["dense", "sparse", "bits"])
def test_more_pairs_than_are_taken_at_once_keep_their_order(kind):
    rng = np.random.default_rng(0)
    rows = dense_rows(kind, 50, rng)
    left, right = rng.integers(0, 50, (2, 150_000))
    stored = sp.csr_matrix(rows) if kind == "sparse" else rows
    similarity = row_similarity(stored, left, stored, right)
    some = rng.integers(0, len(left), 200)
    expected = [one(rows[left[place]], rows[right[place]]) for place in some]
    np.testing.assert_allclose(similarity[some], expected, atol=1e-6)


def test_no_pairs():
    nobody = np.empty(0, dtype=np.int64)
    vectors = Vectors.of(np.float32([[1, 0]]), np.array([True, False]))
    assert pair_similarity(vectors, nobody, nobody).shape == (0,)
    assert row_similarity(vectors.rows, nobody, vectors.rows, nobody).dtype == np.float32
