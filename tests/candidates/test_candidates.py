"""`join_candidates`: every pair that some encoder found, once, with all similarities."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.candidates import candidates as module
from samesku.candidates.candidates import Source, join_candidates
from samesku.candidates.neighbors import Neighbors, nearest
from samesku.candidates.similarity import pair_similarity
from samesku.encoders import Vectors


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def text_source(size, rng, k=3):
    present = rng.random(size) < 0.8
    rows = sp.csr_matrix(unit(rng.random((present.sum(), 5)) ** 4))
    vectors = Vectors.of(rows, present)
    return Source("words", "text", vectors, nearest(vectors, k=k, floor=0.3))


def photo_source(size, rng, k=3, probes=True):
    owner = np.repeat(np.arange(size), rng.integers(0, 4, size))
    probe = rng.random(len(owner)) < 0.5 if probes else None
    vectors = Vectors(unit(rng.normal(size=(len(owner), 4))), owner, size, probe)
    return Source("looks", "photo", vectors, nearest(vectors, k=k, floor=0.3))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 30), probes=st.booleans())
def test_joins_what_each_encoder_found(seed, size, probes):
    rng = np.random.default_rng(seed)
    sources = [text_source(size, rng), photo_source(size, rng, probes=probes)]
    candidates = join_candidates(sources)
    pairs = list(zip(candidates.left.tolist(), candidates.right.tolist(), strict=True))
    found = [
        {
            (min(a, b), max(a, b))
            for a, b in zip(
                source.neighbors.query.tolist(), source.neighbors.candidate.tolist(), strict=True
            )
        }
        for source in sources
    ]
    assert pairs == sorted(found[0] | found[1])
    for column in range(2):
        assert candidates.found[:, column].tolist() == [pair in found[column] for pair in pairs]
    assert candidates.similarity.dtype == candidates.density.dtype == np.float32
    assert (candidates.encoders, candidates.modalities) == (("words", "looks"), ("text", "photo"))
    assert candidates.size == size


@pytest.mark.parametrize("probes", [False, True])
def test_similarity_is_that_of_the_pair_whoever_found_it(probes):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        sources = [text_source(30, rng), photo_source(30, rng, probes=probes)]
        candidates = join_candidates(sources)
        for column, source in enumerate(sources):
            expected = pair_similarity(source.vectors, candidates.left, candidates.right)
            np.testing.assert_allclose(candidates.similarity[:, column], expected, atol=1e-6)


def test_density_is_the_mean_over_twenty_places():
    rng = np.random.default_rng(0)
    rows = unit(rng.random((60, 4)))
    vectors = Vectors.of(rows, np.ones(60, dtype=bool))
    source = Source("looks", "photo", vectors, nearest(vectors, k=50))
    cosine = rows @ rows.T
    np.fill_diagonal(cosine, -1)
    expected = np.sort(cosine, axis=1)[:, -20:].mean(axis=1)
    np.testing.assert_allclose(join_candidates([source]).density[:, 0], expected, atol=1e-5)


def test_takes_some_of_the_pairs():
    rng = np.random.default_rng(1)
    candidates = join_candidates([text_source(25, rng), photo_source(25, rng)])
    places = np.array([0, 3, 4])
    taken = candidates.take(places)
    assert len(taken) == 3
    assert taken.size == candidates.size
    for name in ("left", "right", "similarity", "found"):
        np.testing.assert_array_equal(getattr(taken, name), getattr(candidates, name)[places])
    np.testing.assert_array_equal(taken.density, candidates.density)


def test_no_vectors_make_no_candidates():
    vectors = Vectors(np.empty((0, 4), np.float32), np.empty(0, np.int64), 3)
    candidates = join_candidates([Source("looks", "photo", vectors, nearest(vectors))])
    assert len(candidates) == 0
    assert candidates.similarity.shape == (0, 1)
    assert candidates.density.tolist() == [[0], [0], [0]]


def test_pairs_are_found_among_the_candidates():
    rng = np.random.default_rng(0)
    candidates = join_candidates([text_source(20, rng)])
    assert np.array_equal(
        candidates.places(candidates.left, candidates.right), np.arange(len(candidates))
    )
    known = set(zip(candidates.left.tolist(), candidates.right.tolist(), strict=True))
    a, b = next((a, b) for a in range(20) for b in range(a + 1, 20) if (a, b) not in known)
    assert candidates.places(np.array([a, 19]), np.array([b, 20])).tolist() == [-1, -1]


def test_joined_some_at_a_time_they_are_the_same(monkeypatch):
    rng = np.random.default_rng(1)
    sources = [text_source(60, rng), photo_source(60, rng)]
    whole = join_candidates(sources)
    monkeypatch.setattr(module, "at_once", lambda each, most: 20)
    parts = join_candidates(sources)
    for name in ("left", "right", "similarity", "found", "density"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_keys_of_pairs_do_not_overflow():
    size = 70_000  # whose square is more than 32 bits hold
    query = np.array([size - 2, size - 1], dtype=np.int32)
    found = Neighbors(query, query[::-1].copy(), np.ones(2, dtype=np.float32), size)
    vectors = Vectors(np.ones((2, 1), np.float32), np.array([size - 2, size - 1]), size)
    joined = join_candidates([Source("words", "text", vectors, found)])
    assert (joined.left.tolist(), joined.right.tolist()) == ([size - 2], [size - 1])
    assert joined.places(joined.left, joined.right).tolist() == [0]
