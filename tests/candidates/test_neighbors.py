"""`nearest` and `density`, against a search by hand."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.candidates import neighbors, search
from samesku.candidates.neighbors import (
    Neighbors,
    allowed_neighbors,
    density,
    merge_neighbors,
    nearest,
)
from samesku.encoders import Tfidf, Vectors
from samesku.runtime import memory

KINDS = ["dense", "sparse", "bits"]
TOLERANCE = 1e-5


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def rows_of(kind, count, rng, width=16):
    """Rows that are near one of a few centres, as real catalogues are."""
    centres = rng.integers(0, max(count // 4, 1), count)
    if kind == "bits":
        base = rng.integers(0, 256, (count, width // 8), dtype=np.uint8)[centres]
        return base ^ np.left_shift(1, rng.integers(0, 8, base.shape)).astype(np.uint8)
    rows = np.abs(rng.normal(size=(count, width)))[centres] + 0.4 * rng.random((count, width))
    if kind == "dense":
        return unit(rows - 0.6)
    rows[rng.random(rows.shape) < 0.5] = 0
    rows[:, 0] += 1e-3
    return sp.csr_matrix(unit(rows))


def some_vectors(kind, size, rng, views=1, missing=0.2, probes=False):
    """`views` rows or fewer for most postings, none for the others."""
    count = rng.integers(1, views + 1, size) * (rng.random(size) >= missing)
    owner = np.repeat(np.arange(size), count)
    probe = rng.random(len(owner)) < 0.5 if probes else None
    return Vectors(rows_of(kind, len(owner), rng), owner, size, probe)


def row_similarities(queries, index):
    if queries.kind == "bits":
        asked, sought = (
            np.unpackbits(rows, axis=1).astype(int) for rows in (queries.rows, index.rows)
        )
        return (asked[:, None] == sought[None]).mean(axis=2)
    asked, sought = (
        np.asarray(rows.todense() if sp.issparse(rows) else rows, dtype=float)
        for rows in (queries.rows, index.rows)
    )
    return asked @ sought.T


def similarities(queries, index):
    """What a search by hand says: (size, size), -inf where there is nothing to compare."""
    best = np.full((queries.size, queries.size), -np.inf)
    index = index.findable
    if len(queries.owner) and len(index.owner):
        pairs = np.ix_(queries.owner, index.owner)
        np.maximum.at(best, pairs, row_similarities(queries, index))
    np.fill_diagonal(best, -np.inf)
    return best


def check_exact(found, expected, k, floor):
    """The k largest of each row of `expected`, near to far; who is taken among equals is free."""
    assert found.candidate.dtype == np.int32
    assert found.similarity.dtype == np.float32
    assert (np.diff(found.query) >= 0).all()
    for posting in range(found.size):
        own = found.query == posting
        listed, similarity = found.candidate[own], found.similarity[own]
        enough = np.sort(expected[posting][expected[posting] >= floor])[::-1][:k]
        assert len(set(listed)) == len(listed)
        np.testing.assert_allclose(similarity, enough, atol=TOLERANCE)
        np.testing.assert_allclose(similarity, expected[posting, listed], atol=TOLERANCE)
        assert (np.diff(similarity) <= 0).all()
        assert (np.diff(listed)[np.diff(similarity) == 0] > 0).all()


def test_lists_some_at_a_time_are_all_lists(monkeypatch):
    found = nearest(title_vectors(90, np.random.default_rng(4)), k=10, floor=0.15)
    whole = density(found, 5)
    monkeypatch.setattr(neighbors, "BLOCK", 37)
    parts = list(found.blocks())
    assert len(parts) > 5
    assert sum(part.size for part in parts) == found.size
    firsts = np.cumsum([0, *(part.size for part in parts)])
    query = [part.query + first for part, first in zip(parts, firsts, strict=False)]
    assert np.array_equal(np.concatenate(query), found.query)
    assert np.array_equal(np.concatenate([part.candidate for part in parts]), found.candidate)
    assert np.array_equal(density(found, 5), whole)
    monkeypatch.setattr(memory, "IN_MEMORY", 1000)
    shelved = found.shelved
    for _ in range(2):  # what was read of the files and given back is read again
        assert np.array_equal(density(shelved, 5), whole)
    assert all(isinstance(column, np.memmap) for column in shelved.arrays.values())


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(1, 40),
    k=st.integers(1, 45),
    views=st.integers(1, 4),
    probes=st.booleans(),
    floor=st.sampled_from([0.05, 0.313, 0.712]),
)
def test_finds_what_a_search_by_hand_finds(kind, seed, size, k, views, probes, floor):
    vectors = some_vectors(kind, size, np.random.default_rng(seed), views, probes=probes)
    found = nearest(vectors, k=k, floor=floor, method="exact")
    check_exact(found, similarities(vectors, vectors), k, floor)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 12), probes=st.booleans())
def test_searches_one_shop_among_the_offers_of_another(kind, seed, k, probes):
    rng = np.random.default_rng(seed)
    vectors = some_vectors(kind, 40, rng, views=2, probes=probes)
    asks = rng.random(40) < 0.5
    queries, index = vectors.select(asks), vectors.select(~asks)
    found = nearest(queries, index, k=k, floor=0.1)
    check_exact(found, similarities(queries, index), k, 0.1)
    assert asks[found.query].all()
    assert not asks[found.candidate].any()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(2, 40), k=st.integers(1, 10))
def test_of_equally_near_postings_the_first_are_taken(seed, size, k):
    rows = np.random.default_rng(seed).integers(0, 4, (size, 1), dtype=np.uint8)
    vectors = Vectors.of(rows, np.ones(size, dtype=bool))
    expected = similarities(vectors, vectors)
    order = np.argsort(-expected, axis=1, kind="stable")[:, : min(k, size - 1)]
    found = nearest(vectors, k=k)
    np.testing.assert_array_equal(found.candidate.reshape(size, -1), order)


@pytest.mark.parametrize("kind", ["dense", "bits"])
def test_a_crowd_of_equals_larger_than_k_is_cut_at_the_first_ones(kind):
    row = {"dense": np.float32([[1, 0]]), "bits": np.uint8([[7]])}[kind]
    found = nearest(Vectors.of(np.repeat(row, 9, axis=0), np.ones(9, dtype=bool)), k=3)
    assert found.candidate.reshape(9, 3).tolist() == [
        [other for other in range(9) if other != posting][:3] for posting in range(9)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_similarity_equal_to_the_floor_is_kept(kind):
    rows, floor = {
        "dense": (np.float32([[1, 0], [0.5, 0.75**0.5]]), 0.5),
        "sparse": (sp.csr_matrix(np.float32([[1, 0], [0.5, 0.75**0.5]])), 0.5),
        "bits": (np.uint8([[0b1111], [0]]), 0.5),
    }[kind]
    assert len(nearest(Vectors.of(rows, np.ones(2, dtype=bool)), floor=floor)) == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["exact", "approximate"])
def test_nothing_to_find(kind, method):
    rng = np.random.default_rng(0)
    rows = rows_of(kind, 3, rng)
    empty = Vectors(rows[:0], np.empty(0, np.int64), 5)
    only_probes = Vectors(rows, np.arange(3), 5, np.ones(3, dtype=bool))
    one = Vectors(rows[:1], np.array([2]), 5)
    for found in (
        nearest(empty, method=method),
        nearest(only_probes, method=method),
        nearest(one, empty, method=method),
        nearest(one, method="exact"),
    ):
        assert len(found) == 0
        assert found.size == 5
        assert density(found, 20).tolist() == [0] * 5


def title_vectors(size, rng):
    """Titles of common and rare words, as real ones are."""
    words = np.array([f"{a}{b}{c}" for a in "bdgkmprst" for b in "aeiou" for c in "lmnrst"])
    likely = 1 / np.arange(1, len(words) + 1)
    drawn = rng.choice(words, size=(size, 6), p=likely / likely.sum())
    repeated = drawn[rng.integers(0, size // 4, size)]
    drawn[:, 2:] = np.where(rng.random((size, 1)) < 0.7, repeated, drawn)[:, 2:]
    return Tfidf().encode_titles([" ".join(title) for title in drawn])


@pytest.mark.parametrize(("kind", "views"), [("dense", 1), ("dense", 3), ("sparse", 1)])
def test_approximate_search_finds_nearly_all(kind, views):
    rng = np.random.default_rng(5)
    vectors = (
        title_vectors(800, rng)
        if kind == "sparse"
        else some_vectors(kind, 800, rng, views, probes=views > 1)
    )
    exact = nearest(vectors, k=20, floor=0.3, method="exact")
    found = nearest(vectors, k=20, floor=0.3, method="approximate")
    # By similarity, as bits leave many equally near; from a half on, as less never matches.
    last = np.full(vectors.size, 0.5)
    full = np.flatnonzero(np.bincount(exact.query, minlength=vectors.size) == 20)
    furthest = exact.rank == 19
    last[full] = np.maximum(exact.similarity[furthest], 0.5)
    good = found.similarity >= last[found.query] - TOLERANCE
    assert np.count_nonzero(good) >= 0.97 * np.count_nonzero(exact.similarity >= 0.5)
    expected = similarities(vectors, vectors)[found.query, found.candidate]
    np.testing.assert_allclose(found.similarity, expected, atol=TOLERANCE)
    assert (np.bincount(found.query) <= 20).all()


@pytest.mark.parametrize(
    "parts",
    [
        {"THEMSELVES_ROWS": 7, "PRODUCTS_AT_ONCE": 900},  # pairs across parts and their blocks
        {"THEMSELVES_MOST": 0},  # too many alike: each row asks for itself
        {"THEMSELVES_MOST": 0, "SPARSE_ROWS": 9},  # an index in several parts
    ],
)
def test_sparse_rows_in_parts_are_the_same_neighbours(monkeypatch, parts):
    vectors = title_vectors(300, np.random.default_rng(3))
    whole = nearest(vectors, k=10, floor=0.15)
    for name, value in parts.items():
        monkeypatch.setattr(search, name, value)
    check_exact(nearest(vectors, k=10, floor=0.15), similarities(vectors, vectors), 10, 0.15)
    np.testing.assert_array_equal(nearest(vectors, k=10, floor=0.15).similarity, whole.similarity)


def test_the_larger_the_budget_the_less_is_lost(monkeypatch):
    vectors = title_vectors(1500, np.random.default_rng(4))
    exact = nearest(vectors, k=20, floor=0.3, method="exact")
    monkeypatch.setattr(search, "EXTRA", 0)
    lost = []
    for budget in (50, 1_000, 10**7):
        monkeypatch.setattr(search, "BUDGET", budget)
        found = nearest(vectors, k=20, floor=0.3, method="approximate")
        lost.append(exact.similarity.sum() - found.similarity.sum())
    assert lost[0] > lost[1] > lost[2]
    assert lost[2] == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["exact", "approximate"])
def test_the_same_every_time(kind, method):
    vectors = some_vectors(kind, 400, np.random.default_rng(9), views=2)
    once, again = (nearest(vectors, k=8, floor=0.2, method=method) for _ in range(2))
    for name, values in once.arrays.items():
        np.testing.assert_array_equal(values, again.arrays[name])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), flips=st.integers(0, 12))
def test_banding_misses_no_hash_within_seven_bits(seed, flips):
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, (20, 64), dtype=np.uint8)[rng.integers(0, 20, 80)]
    for row in bits:
        row[rng.choice(64, flips, replace=False)] ^= 1
    vectors = Vectors.of(np.packbits(bits, axis=1), np.ones(80, dtype=bool))
    exact = nearest(vectors, k=79, floor=0.6, method="exact")
    found = nearest(vectors, k=79, floor=0.6, method="approximate")
    pairs = {
        method: set(zip(each.query, each.candidate, strict=True))
        for method, each in (("exact", exact), ("found", found))
    }
    near = exact.similarity >= 1 - 7 / 64
    assert set(zip(exact.query[near], exact.candidate[near], strict=True)) <= pairs["found"]
    assert pairs["found"] <= pairs["exact"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_posting_can_ask_approximately(kind):
    rows = rows_of(kind, 30, np.random.default_rng(1), width=64)
    if kind == "bits":
        rows[:, 0] = rows[4, 0]  # rows that share no byte are not compared
    vectors = Vectors.of(rows, np.ones(30, dtype=bool))
    only = np.arange(30) == 4
    found = nearest(vectors.select(only), vectors, k=3, method="approximate")
    assert found.query.tolist() == [4, 4, 4]


def test_hashes_of_any_length():
    rng = np.random.default_rng(4)
    for width in (1, 7, 8, 9, 40):
        rows = rng.integers(0, 256, (20, width), dtype=np.uint8)
        vectors = Vectors.of(rows, np.ones(20, dtype=bool))
        check_exact(nearest(vectors, k=4), similarities(vectors, vectors), 4, 0)


def test_rank_and_density():
    query, candidate = np.array([0, 0, 0, 2]), np.array([1, 2, 3, 0])
    found = Neighbors(query, candidate, np.float32([0.9, 0.6, 0.3, 0.6]), 4)
    assert found.rank.tolist() == [0, 1, 2, 0]
    assert len(found) == 4
    np.testing.assert_allclose(density(found, 2), [0.75, 0, 0.3, 0])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 25), k=st.integers(1, 8))
def test_two_lists_become_one_with_the_larger_similarity(seed, size, k):
    rng = np.random.default_rng(seed)
    first, second = (nearest(some_vectors(kind, size, rng), k=k) for kind in ("dense", "bits"))
    merged = merge_neighbors(first, second)
    expected = {}
    for found in (first, second):
        for query, candidate, similarity in zip(*found.arrays.values(), strict=True):
            known = expected.get((query, candidate), similarity)
            expected[query, candidate] = max(known, similarity)
    told = zip(merged.query, merged.candidate, strict=True)
    assert dict(zip(told, merged.similarity, strict=True)) == expected
    assert (len(merged), merged.size) == (len(expected), size)
    near_to_far = np.lexsort((merged.candidate, -merged.similarity, merged.query))
    assert near_to_far.tolist() == list(range(len(merged)))
    assert merged.similarity.dtype == np.float32


def test_a_list_merged_with_nothing_is_itself():
    found = nearest(some_vectors("dense", 20, np.random.default_rng(0)), k=4)
    nothing = Neighbors(*[np.empty(0, np.int64)] * 2, np.empty(0, np.float32), 20)
    for merged in (merge_neighbors(found, nothing), merge_neighbors(nothing, found)):
        for name, values in found.arrays.items():
            np.testing.assert_array_equal(merged.arrays[name], values)
    assert len(merge_neighbors(nothing, nothing)) == 0


def test_where_all_rows_share_their_terms_auto_approximates(monkeypatch):
    """Every row of 2,100 holds the same ten terms, and one or two of its own."""
    monkeypatch.setattr(neighbors, "PRODUCTS", 4e7)  # a hundredth, for a tenth of the rows
    size, terms = 2_100, 10
    rng = np.random.default_rng(0)
    own = rng.integers(terms, terms + size // 2, (size, 2))
    columns = np.concatenate([np.tile(np.arange(terms), (size, 1)), own], axis=1)
    grid = (np.repeat(np.arange(size), terms + 2), columns.ravel())
    rows = sp.csr_matrix((np.ones(columns.size, dtype=np.float32), grid))
    rows.data /= np.repeat(np.sqrt(rows.multiply(rows).sum(axis=1).A1), np.diff(rows.indptr))
    vectors = Vectors(rows, np.arange(size), size)
    found, bounded = (nearest(vectors, k=3, method=method) for method in ("auto", "approximate"))
    assert np.array_equal(found.candidate, bounded.candidate)
    # Who shares a term of their own is nearest, though a thousand others are nearly as near.
    shared = rows[found.query].multiply(rows[found.candidate]).sum(axis=1).A1
    assert found.similarity == pytest.approx(shared, abs=TOLERANCE)


def test_of_equal_titles_the_first_are_neighbours_however_they_are_searched():
    titles = ["red mug"] * 30 + ["red mug large"] * 30
    vectors = Tfidf().encode_titles(titles)
    alone = nearest(vectors, k=5)
    beside = nearest(vectors, Vectors(vectors.rows, vectors.owner, vectors.size), k=5)
    for found in (alone, beside):
        lists = found.candidate.reshape(60, 5)
        assert lists[0].tolist() == [1, 2, 3, 4, 5]
        assert lists[29].tolist() == [0, 1, 2, 3, 4]
        assert lists[59].tolist() == [30, 31, 32, 33, 34]


@pytest.fixture
def shops():
    rows = np.random.default_rng(0).random((60, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Vectors.of(rows, np.ones(60, dtype=bool))


@pytest.mark.parametrize("sources", [2, 3, 20])
@pytest.mark.parametrize("allowed", ["within", "across"])
def test_only_what_may_match_is_found(shops, sources, allowed):
    source = np.arange(60) % sources
    found = allowed_neighbors(shops, source, allowed, k=5)
    own = source[found.query] == source[found.candidate]
    assert len(found) > 20
    assert (own == (allowed == "within")).all()
    assert (np.diff(found.query) >= 0).all()
    assert found.rank.max() < 5


def test_across_two_sources_each_gets_its_k_nearest_of_the_other(shops):
    source = np.arange(60) % 2
    found = allowed_neighbors(shops, source, "across", k=3)
    similarity = shops.rows @ shops.rows.T
    for row in range(60):
        others = np.flatnonzero(source != source[row])
        nearest = others[np.argsort(-similarity[row, others])[:3]]
        assert set(found.candidate[found.query == row]) == set(nearest)


def test_all_is_the_usual_search(shops):
    found = allowed_neighbors(shops, None, "all", k=4)
    assert np.bincount(found.query).tolist() == [4] * 60
