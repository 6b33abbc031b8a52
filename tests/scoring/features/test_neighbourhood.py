"""Words weighed by how the nearest titles use them, against a literal reading."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.candidates.neighbors import Neighbors, nearest
from samesku.encoders import Tfidf
from samesku.scoring.features.neighbourhood import DEPTH, Neighbourhoods, neighbourhood_features
from samesku.scoring.features.words import title_words
from samesku.scoring.presence import common_cells

WORDS = ["susu", "bebelo", "vanila", "coklat", "promo", "400g", "800g", "xq1"]
catalogues = st.lists(
    st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=2, max_size=8
)


def found_among(titles, k=50):
    return nearest(Tfidf().encode_titles(titles), k=k, floor=0.05)


def described(titles, found, left, right):
    words, ends = title_words(titles), (np.asarray(left), np.asarray(right))
    cells = common_cells(words.held, *ends)
    return neighbourhood_features(Neighbourhoods.of(words, found), words, cells, *ends)


def literal(words, found, a, b):
    """The features of one pair, written out."""
    held = [set(each) for each in words.lists]
    # Without any word there is one column all the same.
    rarity = dict(zip(words.names, words.rarity.tolist(), strict=False))

    def around(posting):
        """The share of the nearest titles that hold each word."""
        near = found.candidate[found.query == posting][:DEPTH]
        return {
            word: sum(word in held[other] for other in near) / max(len(near), 1)
            for word in words.names
        }

    def one_way(mine, theirs):
        share, other_share = around(mine), around(theirs)
        local = {word: -math.log(0.98 * share[word] + 0.01) for word in held[mine]}
        split = {word: 4 * share[word] * (1 - share[word]) for word in held[mine]}
        shared = held[mine] & held[theirs]
        mass, rare = sum(local.values()), sum(rarity[word] for word in held[mine])
        return {
            "local_covered": sum(local[word] for word in shared) / max(mass, 1e-6),
            "local_unshared": sum(local[word] for word in held[mine] - shared),
            "variant_unshared": sum(split[word] for word in held[mine] - shared),
            "words_expected": sum(rarity[word] * other_share[word] for word in held[mine])
            / max(rare, 1e-6),
        }

    def direction(posting):
        row = np.array([share * rarity[word] for word, share in around(posting).items()])
        return row / max(np.linalg.norm(row), 1e-12)

    there, back = one_way(a, b), one_way(b, a)
    ends = {
        f"{name}_{end}": function(there[name], back[name])
        for name in there
        for end, function in (("min", min), ("max", max))
    }
    return {**ends, "neighbourhood_cosine": float(direction(a) @ direction(b))}


@settings(max_examples=25, deadline=None)
@given(titles=catalogues)
def test_agrees_with_a_literal_reading(titles):
    found = found_among(titles)
    left, right = np.triu_indices(len(titles), 1)
    features = described(titles, found, left, right)
    words = title_words(titles)
    for place, (a, b) in enumerate(zip(left, right, strict=True)):
        expected = literal(words, found, a, b)
        assert features.keys() == expected.keys()
        for name, value in expected.items():
            assert features[name][place] == pytest.approx(value, abs=1e-3), name


def test_a_word_that_divides_the_offers_around_marks_a_variant_and_a_flourish_does_not():
    flavours = ["vanila", "coklat"] * 6
    titles = [f"susu bebelo {flavour}" for flavour in flavours] + ["susu bebelo vanila ekspres"]
    other_flavour, flourish = (0, 1), (0, 12)
    left, right = np.transpose([other_flavour, flourish])
    features = described(titles, found_among(titles), left, right)
    assert features["variant_unshared_max"][0] > 0.9
    assert features["variant_unshared_max"][1] < 0.4
    # By rarity alone the flourish would count for more.
    assert features["local_unshared_max"][1] > features["local_unshared_max"][0]


def test_only_the_nearest_fifty_are_asked():
    size = 60
    titles = ["susu kopi", *["susu"] * 50, *["kopi"] * (size - 51)]
    others = np.arange(1, size)
    query, similarity = np.zeros(size - 1, np.int64), np.linspace(1, 0.5, size - 1)
    found = Neighbors(query, others, similarity.astype(np.float32), size)
    assert DEPTH == 50
    features = described(titles, found, [0], [1])
    # All fifty hold "susu", none "kopi", which the other title lacks.
    np.testing.assert_allclose(features["local_unshared_max"], -math.log(0.01), rtol=1e-4)


def test_titles_without_words_and_postings_without_neighbours():
    titles = ["", "susu", "lampu", "!"]
    found = Neighbors(*[np.empty(0, np.int64)] * 2, np.empty(0, np.float32), 4)
    left, right = np.triu_indices(4, 1)
    features = described(titles, found, left, right)
    assert all(np.isfinite(column).all() for column in features.values())
    assert (features["neighbourhood_cosine"] == 0).all()


def test_the_words_around_a_long_title_are_bounded():
    titles = [
        " ".join(f"w{number}x{own}" for own in range(1_500)) + " susu" for number in range(12)
    ]
    around = Neighbourhoods.of(title_words(titles), nearest_of(titles)).around
    assert around.getnnz(axis=1).max() <= 5_000
    assert around.getnnz(axis=1).min() >= 1_501  # the nearest always counts
    assert around.has_sorted_indices  # or each product of two rows takes half as long again


def nearest_of(titles):
    rows = np.arange(len(titles))
    query, candidate = (each.ravel() for each in np.meshgrid(rows, rows, indexing="ij"))
    other = query != candidate
    return Neighbors(query[other], candidate[other], np.ones(other.sum(), np.float32), len(titles))
