"""Titles as TF-IDF vectors."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from samesku.candidates.similarity import pair_similarity
from samesku.encoders import Tfidf
from samesku.titles import clean_title, normal_tokens, normalise_title

TITLES = [
    "susu bebelac 3 vanila 400g",
    "bebelac susu vanila 400g original",
    "lampu led philips 12w",
    "lampu philips led 9w",
    "tas ransel anak",
    "susu kotak",
]


def cosine(vectors, a, b):
    return float(pair_similarity(vectors, np.array([a]), np.array([b]))[0])


def lengths(vectors):
    return np.sqrt(np.asarray(vectors.rows.multiply(vectors.rows).sum(axis=1))).ravel()


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.5, 1.0])
def test_similarity_is_the_weighted_mean_of_both_cosines(weight):
    vectors = Tfidf(word_weight=weight).encode_titles(TITLES)
    words = TfidfVectorizer(analyzer=normal_tokens, sublinear_tf=True).fit_transform(TITLES)
    chars = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 4), lowercase=False, sublinear_tf=True
    ).fit_transform(TITLES)
    expected = weight * (words @ words.T) + (1 - weight) * (chars @ chars.T)
    np.testing.assert_allclose(
        (vectors.rows @ vectors.rows.T).todense(), expected.todense(), atol=1e-6
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=8), st.sampled_from([0.0, 0.5, 1.0]))
def test_any_titles_become_unit_rows(titles, weight):
    normal = [normalise_title(clean_title(title)) for title in titles]
    vectors = Tfidf(word_weight=weight).encode_titles(normal)
    assert vectors.kind == "sparse"
    assert sp.isspmatrix_csr(vectors.rows)
    assert vectors.rows.dtype == np.float32
    assert vectors.size == len(titles)
    assert vectors.rows.shape[0] == len(vectors.owner)
    np.testing.assert_allclose(lengths(vectors), 1, atol=1e-5)
    assert not any(vectors.present[place] for place, title in enumerate(normal) if not title)


def test_a_title_without_any_word_owns_no_row():
    vectors = Tfidf().encode_titles(["", "tas", " ", "lampu", "???"])
    assert vectors.owner.tolist() == [1, 3]
    np.testing.assert_allclose(lengths(vectors), 1, atol=1e-6)


def test_quantities_in_any_form_are_the_same():
    titles = ["Susu 400 gram", "susu 0,4kg", "susu 800 gram"]
    vectors = Tfidf().encode_titles([normalise_title(clean_title(title)) for title in titles])
    assert cosine(vectors, 0, 1) == pytest.approx(1, abs=1e-6)
    assert cosine(vectors, 0, 2) < 0.9


def test_fingerprint_tells_settings_apart():
    settings = [Tfidf(), Tfidf(word_weight=0.4)]
    assert len({encoder.fingerprint for encoder in settings}) == 2
    assert Tfidf().fingerprint == Tfidf().fingerprint
    assert all(encoder.name == "tfidf" for encoder in settings)


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_a_weight_that_is_no_share_is_refused(weight):
    with pytest.raises(ValueError, match="between 0 and 1"):
        Tfidf(word_weight=weight)
