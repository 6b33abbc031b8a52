"""How a pair stands among the neighbours of both its ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.candidates.candidates import Source, join_candidates
from samesku.candidates.neighbors import nearest
from samesku.encoders import Vectors
from samesku.scoring.features.similarities import Ranks, similarity_features


def source_of(rows, present=None, k=40, floor=0.0, name="looks"):
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    present = np.ones(len(rows), dtype=bool) if present is None else present
    vectors = Vectors.of(rows[present], present)
    return Source(name, "photo", vectors, nearest(vectors, k=k, floor=floor))


def described(source, clashes=None):
    candidates = join_candidates([source])
    return candidates, features_of(source, candidates, 0, clashes)


def features_of(source, candidates, column, clashes=None):
    none = np.zeros(len(source.neighbors), dtype=bool)
    ranks = Ranks.of(source.neighbors, none if clashes is None else clashes)
    return similarity_features("looks", candidates.similarity[:, column], candidates, ranks)


def lists_of(source):
    """Each posting's list of (candidate, similarity), near to far; some clash with it."""
    lists = {posting: [] for posting in range(source.vectors.size)}
    for query, candidate, similarity in zip(
        *(column.tolist() for column in source.neighbors.arrays.values()), strict=True
    ):
        lists[query].append((candidate, similarity))
    return lists


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.sampled_from([4, 12, 40]))
def test_agrees_with_reading_both_lists(seed, k):
    rng = np.random.default_rng(seed)
    source = source_of(rng.random((25, 4)), k=k)
    kinds = rng.integers(0, 2, 25)  # the postings of two colours, say
    clashes = kinds[source.neighbors.query] != kinds[source.neighbors.candidate]
    candidates, columns = described(source, clashes)
    lists = lists_of(source)

    def seen(one, other, similarity):
        values = [value for _, value in lists[one]]
        ranks = {candidate: rank for rank, (candidate, _) in enumerate(lists[one])}
        nearest_30 = np.array(values[:30])
        return {
            "z": (similarity - nearest_30.mean()) / max(nearest_30.std(), 0.01),
            "lead": similarity
            - max(
                (
                    value
                    for rival, value in lists[one]
                    if rival != other and kinds[rival] == kinds[one]
                ),
                default=0,
            ),
            # Nobody stands in a list at place 99: that is what "not in it" is told by.
            "rank": sum(value > similarity + 1e-6 for value in values) if other in ranks else 99,
        }

    np.testing.assert_array_equal(columns["looks"], candidates.similarity[:, 0])
    for place, (a, b) in enumerate(zip(candidates.left, candidates.right, strict=True)):
        similarity = float(candidates.similarity[place, 0])
        left, right = seen(a, b, similarity), seen(b, a, similarity)
        for name in left:
            expected = sorted([left[name], right[name]])
            found = [columns[f"looks_{name}_{end}"][place] for end in ("min", "max")]
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4, err_msg=name)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_postings_does_not_matter(seed):
    rows = np.random.default_rng(seed).random((20, 5))
    pairs, columns = described(source_of(rows, k=5))
    turned, turned_columns = described(source_of(rows[::-1], k=5))
    place = {pair: at for at, pair in enumerate(zip(turned.left, turned.right, strict=True))}
    last = len(rows) - 1
    same = [place[last - b, last - a] for a, b in zip(pairs.left, pairs.right, strict=True)]
    for name, column in columns.items():
        np.testing.assert_allclose(column, turned_columns[name][same], rtol=1e-3, atol=1e-4)


def test_a_pair_without_this_modality_has_no_numbers():
    rng = np.random.default_rng(0)
    every = source_of(rng.random((12, 4)), name="titles")
    some = source_of(rng.random((12, 4)), present=np.arange(12) % 3 > 0)
    candidates = join_candidates([every, some])
    columns = features_of(some, candidates, 1)
    missing = (candidates.left % 3 == 0) | (candidates.right % 3 == 0)
    assert 0 < np.count_nonzero(missing) < len(candidates)
    for name, column in columns.items():
        np.testing.assert_array_equal(np.isnan(column), missing, err_msg=name)


def test_a_pair_that_another_encoder_found_is_in_neither_list():
    rows = np.eye(4) + 0.01
    titles = source_of(np.ones((4, 2)), name="titles")
    looks = source_of(rows, floor=0.9)
    candidates = join_candidates([titles, looks])
    columns = features_of(looks, candidates, 1)
    unranked = columns["looks_rank_min"]
    assert len(looks.neighbors) == 0
    assert (unranked == unranked[0]).all()
    assert unranked[0] > 50
    assert all(np.isfinite(column).all() for column in columns.values())


@pytest.mark.parametrize("size", [1, 2])
def test_one_posting_and_one_pair(size):
    candidates, columns = described(source_of(np.ones((size, 3))))
    assert len(candidates) == size - 1
    assert all(column.shape == (size - 1,) for column in columns.values())
    if size == 2:
        assert columns["looks_rank_max"] == 0
        assert columns["looks_lead_max"] == pytest.approx(1)


def test_equal_similarities_share_a_rank():
    _, columns = described(source_of(np.ones((5, 3))))
    assert (columns["looks_rank_max"] == 0).all()
