"""Lines and fusions: what becomes a match, and how sure that is."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samesku import Concat, Threshold, Union, UnionAll, read_catalog
from samesku.candidates.candidates import Candidates, Source, join_candidates
from samesku.candidates.neighbors import nearest
from samesku.encoders import Vectors
from samesku.scoring.by_name import FUSIONS, fusion_by_name

CATALOG = read_catalog(pl.DataFrame({"posting_id": ["a", "b"], "title": ["x", "y"]}))
shares = st.floats(0, 1, width=32)


def judged(similarity, density=None, encoders=("tfidf", "phash"), modalities=("text", "photo")):
    """One candidate per row of `similarity`: postings 0 and 1, 2 and 3, ..."""
    similarity = np.array(similarity, dtype=np.float32)
    count = len(similarity)
    if density is None:
        density = np.zeros((2 * count, len(encoders)))
    return Candidates(
        np.arange(0, 2 * count, 2),
        np.arange(1, 2 * count, 2),
        similarity,
        ~np.isnan(similarity),
        np.array(density, dtype=np.float32),
        encoders,
        modalities,
        tuple("bits" if name == "phash" else "dense" for name in encoders),
    )


def scores_of(fusion, similarity, **options):
    return fusion.score(judged(similarity, **options), CATALOG)


@given(
    threshold=st.floats(0.01, 0.99), at_least=st.sampled_from([0.0, 0.45]), seed=st.integers(0, 9)
)
def test_line_agrees_with_its_definition(threshold, at_least, seed):
    rng = np.random.default_rng(seed)
    similarity, density = rng.random((2, 200)).astype(np.float32)
    given = Threshold(threshold, density_weight=0.5, at_least=at_least)
    score = given.score(similarity, density)
    assert score.dtype == np.float32
    assert ((score >= 0) & (score <= 1)).all()
    corrected = similarity.astype(float) - 0.5 * density
    clear = (np.abs(corrected - threshold) > 1e-6) & (np.abs(similarity - at_least) > 1e-6)
    matched = (corrected >= threshold) & (similarity >= at_least)
    np.testing.assert_array_equal((score >= 0.5)[clear], matched[clear])


@given(threshold=st.floats(1 / 64, 63 / 64, width=32))
def test_score_is_a_half_exactly_at_the_line(threshold):
    at = np.float32([threshold])
    nothing = np.zeros(1, dtype=np.float32)
    assert Threshold(threshold).score(at, nothing) == [0.5]
    assert Threshold(threshold).score(np.nextafter(at, np.float32(0)), nothing) < 0.5
    assert Threshold(threshold).score(np.float32([0, 1]), np.zeros(2, np.float32)).tolist() == [
        0,
        1,
    ]
    assert Threshold(1 / 128, at_least=threshold).score(at, nothing) == [0.5]


@given(
    threshold=st.builds(Threshold, st.floats(-0.1, 1.1), st.floats(0, 1), st.floats(0, 1)),
    density=shares,
    similarity=st.tuples(shares, shares),
)
def test_score_rises_with_similarity_and_falls_with_crowding(threshold, density, similarity):
    low, high = sorted(similarity)
    around = np.float32([density, density])
    below, above = threshold.score(np.float32([low, high]), around)
    assert below <= above
    crowded, lonely = threshold.score(np.float32([high, high]), np.float32([1, density]))
    assert crowded <= lonely


def test_what_is_missing_scores_nothing():
    threshold = Threshold(0.4, density_weight=0.5, at_least=0.45)
    assert threshold.score(np.float32([np.nan]), np.float32([0.3])).tolist() == [0]


def test_union_is_the_best_of_its_lines():
    fusion = Union({"tfidf": Threshold(0.5), "phash": Threshold(0.75)})
    similarity = [[0.5, 0.0], [0.25, 0.75], [1.0, np.nan], [np.nan, 0.875], [0.25, 0.375]]
    assert scores_of(fusion, similarity).tolist() == [0.5, 0.5, 1.0, 0.75, 0.25]
    lists = fusion.lists(judged(similarity))
    assert lists["text"].tolist() == [True, False, True, False, False]
    assert lists["photo"].tolist() == [False, True, False, True, False]


def test_union_takes_the_mean_density_around_both():
    fusion = Union({"tfidf": Threshold(0.5, density_weight=0.5)})
    options = {"encoders": ("tfidf",), "modalities": ("text",)}
    candidates = judged([[0.75], [0.75]], [[0.75], [0.25], [0.75], [0.75]], **options)
    assert fusion.score(candidates, CATALOG)[0] == 0.5
    assert fusion.score(candidates, CATALOG)[1] < 0.5


def test_encoders_of_one_modality_share_a_list():
    fusion = Union({"phash": Threshold(0.9), "mine": Threshold(0.8)})
    options = {"encoders": ("phash", "mine"), "modalities": ("photo", "photo")}
    candidates = judged([[0.95, 0.1], [0.1, 0.85], [0.5, 0.5]], **options)
    assert fusion.lists(candidates)["photo"].tolist() == [True, True, False]
    assert not fusion.lists(candidates)["text"].any()


def test_unknown_encoders_have_a_line_of_their_modality():
    options = {"encoders": ("my-text", "my-photo"), "modalities": ("text", "photo")}
    lines = Union().thresholds(judged([[0.9, 0.9]], **options))
    assert list(lines) == ["my-text", "my-photo"]
    assert all(0.5 < threshold.value < 1 for threshold in lines.values())


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("text_weight", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("photo", ["dense", "phash"])
def test_concat_is_the_cosine_of_the_concatenated_vectors(text_weight, photo):
    rng = np.random.default_rng(2)
    everyone = np.ones(30, dtype=bool)
    text = unit(rng.random((30, 8)))
    if photo == "phash":
        packed = rng.integers(0, 256, (30, 8), dtype=np.uint8)
        signs = 2.0 * np.unpackbits(packed, axis=1) - 1
        seen, rows = unit(signs), packed
    else:
        seen = rows = unit(rng.random((30, 5)))
    whole = np.concatenate([np.sqrt(text_weight) * text, np.sqrt(1 - text_weight) * seen], axis=1)
    sources = [
        Source(name, modality, vectors, nearest(vectors, k=29))
        for name, modality, vectors in (
            ("tfidf", "text", Vectors.of(text, everyone)),
            (photo, "photo", Vectors.of(rows, everyone)),
        )
    ]
    candidates = join_candidates(sources)
    similarity, _ = Concat(text_weight=text_weight).combine(candidates)
    expected = np.sum(whole[candidates.left] * whole[candidates.right], axis=1)
    np.testing.assert_allclose(similarity, expected, atol=1e-5)
    threshold = Concat({"combined": Threshold(0.6)}, text_weight)
    np.testing.assert_array_equal(
        threshold.score(candidates, CATALOG) >= 0.5, similarity >= np.float32(0.6)
    )


def test_concat_judges_a_pair_with_one_modality_in_common_by_that_one():
    options = {"encoders": ("tfidf", "mine"), "modalities": ("text", "photo")}
    density = [[0.2, 0.4], [0.4, 0.8]] * 3
    candidates = judged([[0.5, 1.0], [0.5, np.nan], [np.nan, 0.25]], density, **options)
    fusion = Concat(
        {
            "combined": Threshold(0.5),
            "tfidf": Threshold(0.25, density_weight=0.5),
            "mine": Threshold(0.5),
        },
        0.75,
    )
    similarity, around = fusion.combine(candidates)
    np.testing.assert_allclose(similarity, [0.625, np.nan, np.nan], rtol=1e-6)
    np.testing.assert_allclose(around, [0.375, np.nan, np.nan], rtol=1e-6)
    np.testing.assert_allclose(
        fusion.score(candidates, CATALOG), [0.625, 0.5 + 0.5 * 0.1 / 0.75, 0.25], rtol=1e-6
    )
    lists = fusion.lists(candidates)
    assert lists["combined"].tolist() == [True, False, False]
    assert lists["text"].tolist() == [False, True, False]
    assert lists["photo"].tolist() == [False, False, False]


def test_concat_counts_two_encoders_of_one_modality_once():
    options = {"encoders": ("tfidf", "one", "two"), "modalities": ("text", "photo", "photo")}
    similarity = [[0.5, 0.6, 1.0], [0.5, np.nan, 1.0]]
    combined, _ = Concat(text_weight=0.5).combine(judged(similarity, **options))
    np.testing.assert_allclose(combined, [0.65, 0.75], rtol=1e-6)


def test_concat_of_one_modality_is_its_union():
    options = {"encoders": ("tfidf",), "modalities": ("text",)}
    candidates = judged([[0.2], [0.5], [0.9]], **options)
    expected = Union().score(candidates, CATALOG)
    np.testing.assert_array_equal(Concat().score(candidates, CATALOG), expected)


@given(similarity=st.lists(st.tuples(shares | st.just(np.nan), shares), min_size=1, max_size=8))
def test_union_all_is_any_of_the_three_lists(similarity):
    lines = {"tfidf": Threshold(0.7), "phash": Threshold(0.9), "combined": Threshold(0.5)}
    both = UnionAll(lines)
    candidates = judged(similarity)
    lists = both.lists(candidates)
    assert list(lists) == ["text", "photo", "combined"]
    np.testing.assert_array_equal(lists["combined"], Concat(lines).lists(candidates)["combined"])
    np.testing.assert_array_equal(lists["photo"], candidates.similarity[:, 1] >= np.float32(0.9))
    score = both.score(candidates, CATALOG)
    np.testing.assert_array_equal(np.any(list(lists.values()), axis=0), score >= 0.5)
    assert (score >= Union(lines).score(candidates, CATALOG)).all()


@pytest.mark.parametrize("name", FUSIONS)
def test_every_fusion_draws_the_lines_it_is_given(name):
    fusion = fusion_by_name(name)
    assert fusion.name == name
    candidates = judged([[0.7, 0.9], [np.nan, 0.4]])
    before = fusion.thresholds(candidates)
    moved = {key: Threshold(0.123) for key in before}
    changed = fusion.with_thresholds(moved)
    assert changed.thresholds(candidates) == moved
    assert changed.name == name
    assert fusion.thresholds(candidates) == before
    one = next(iter(before))
    assert fusion.with_thresholds({one: Threshold(0.2)}).thresholds(candidates) == {
        **before,
        one: Threshold(0.2),
    }


@pytest.mark.parametrize("name", FUSIONS)
def test_every_fusion_takes_no_candidates(name):
    fusion = fusion_by_name(name)
    nothing = judged(np.empty((0, 2)), np.zeros((3, 2)))
    assert fusion.score(nothing, CATALOG).shape == (0,)
    assert all(members.shape == (0,) for members in fusion.lists(nothing).values())


@pytest.mark.parametrize("name", FUSIONS)
def test_scores_agree_with_lists(name):
    rng = np.random.default_rng(0)
    similarity = rng.random((500, 2))
    similarity[rng.random((500, 2)) < 0.2] = np.nan
    candidates = judged(similarity, rng.random((1000, 2)) / 2)
    fusion = fusion_by_name(name)
    score = fusion.score(candidates, CATALOG)
    assert ((score >= 0) & (score <= 1)).all()
    listed = np.any(list(fusion.lists(candidates).values()), axis=0)
    np.testing.assert_array_equal(score >= 0.5, listed)


def test_an_unknown_fusion_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no fusion 'sum'.*union, concat, union-all"):
        fusion_by_name("sum")
