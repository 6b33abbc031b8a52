"""Titles as vectors of words weighed by how much they tell."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku import Matcher, read_catalog
from samesku.candidates.similarity import pair_similarity
from samesku.encoders import Telling, encoder_by_name
from samesku.encoders.telling import shipped_weights
from samesku.encoders.word_weights import TRAITS, WordWeights, word_presence
from samesku.scoring.presence import rarity
from samesku.titles import clean_title, normalise_title

TITLES = ["susu bebelac 400g cod", "susu bebelac 800g cod", "bebelac susu 400g", "lampu cod"]
NOTHING = np.zeros(TRAITS, dtype=np.float32)


def cosine(vectors, a, b):
    return float(pair_similarity(vectors, np.array([a]), np.array([b]))[0])


def weighing(**logarithms):
    words = tuple(sorted(logarithms))
    own = np.array([logarithms[word] for word in words], dtype=np.float32)
    return Telling(WordWeights(words, own, NOTHING))


def test_without_learning_it_is_binary_tfidf():
    rows = weighing().encode_titles(TITLES).rows
    _, presence = word_presence(TITLES)
    expected = presence.toarray() * rarity(presence)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(rows.toarray(), expected, rtol=1e-5)


def test_words_that_tell_nothing_count_less_and_telling_ones_more():
    plain, taught = weighing().encode_titles(TITLES), weighing(cod=-3).encode_titles(TITLES)
    assert cosine(taught, 1, 3) < cosine(plain, 1, 3)
    assert cosine(taught, 0, 2) > cosine(plain, 0, 2)
    sized = weighing(**{"400g": 1.5, "800g": 1.5}).encode_titles(TITLES)
    assert cosine(sized, 0, 1) < cosine(plain, 0, 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_titles_become_unit_rows(titles):
    normal = [normalise_title(clean_title(title)) for title in titles]
    vectors = weighing(susu=0.5).encode_titles(normal)
    assert vectors.kind == "sparse"
    assert sp.isspmatrix_csr(vectors.rows)
    assert vectors.rows.dtype == np.float32
    assert vectors.size == len(titles)
    assert vectors.rows.shape[0] == len(vectors.owner)
    lengths = np.sqrt(vectors.rows.multiply(vectors.rows).sum(axis=1)).A1
    np.testing.assert_allclose(lengths, 1, atol=1e-5)


def test_an_empty_title_owns_no_row():
    assert weighing().encode_titles(["", "tas", "-"]).owner.tolist() == [1]


def test_fingerprint_tells_weights_apart():
    assert weighing(cod=1.0).fingerprint == weighing(cod=1.0).fingerprint
    assert weighing(cod=1.0).fingerprint != weighing(cod=1.1).fingerprint


def test_the_shipped_weights_know_what_tells():
    fits_and_boasts = ["a5s", "a3s", "xs", "garansi", "resmi"]
    # Nobody sold 755ml in the training: its spelling tells.
    quantities = ["500ml", "250ml", "400g", "755ml"]
    factors = shipped_weights().factors([*fits_and_boasts, *quantities])
    assert factors[:5].max() < 0.8
    assert factors[5:].min() > 1.5


def test_it_finds_candidates_beside_tfidf(tmp_path):
    offers = tmp_path / "offers.csv"
    offers.write_text("posting_id,title\n" + "\n".join(f"{i},{t}" for i, t in enumerate(TITLES)))
    matcher = Matcher([weighing()], "union")
    candidates = matcher.candidates(read_catalog(offers))
    assert candidates.encoders == ("telling",)
    assert (0, 2) in set(zip(candidates.left.tolist(), candidates.right.tolist(), strict=True))


def test_its_name_is_known_to_users():
    assert isinstance(encoder_by_name("telling"), Telling)
