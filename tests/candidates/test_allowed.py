"""Neighbours among the pairs that may match."""

import numpy as np
import pytest

from samesku.candidates.allowed import allowed_neighbors
from samesku.encoders import Vectors


@pytest.fixture
def vectors():
    rows = np.random.default_rng(0).random((60, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Vectors.of(rows, np.ones(60, dtype=bool))


@pytest.mark.parametrize("sources", [2, 3, 20])
@pytest.mark.parametrize("allowed", ["within", "across"])
def test_only_what_may_match_is_found(vectors, sources, allowed):
    source = np.arange(60) % sources
    found = allowed_neighbors(vectors, source, allowed, k=5)
    own = source[found.query] == source[found.candidate]
    assert len(found) > 20
    assert (own == (allowed == "within")).all()
    assert (np.diff(found.query) >= 0).all()
    assert found.rank.max() < 5


def test_across_two_sources_each_gets_its_k_nearest_of_the_other(vectors):
    source = np.arange(60) % 2
    found = allowed_neighbors(vectors, source, "across", k=3)
    similarity = vectors.rows @ vectors.rows.T
    for row in range(60):
        others = np.flatnonzero(source != source[row])
        nearest = others[np.argsort(-similarity[row, others])[:3]]
        assert set(found.candidate[found.query == row]) == set(nearest)


def test_all_is_the_usual_search(vectors):
    found = allowed_neighbors(vectors, np.zeros(60, np.int64), "all", k=4)
    assert np.bincount(found.query).tolist() == [4] * 60
