"""Words of titles, read once, and their features against a literal reading of two titles."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from samesku.scoring.features.words import WordMarks, string_features, title_words, word_features
from samesku.scoring.presence import common_cells
from samesku.titles import normal_tokens, normalise_title, stated

WORDS = ["susu", "bebelo", "lampu", "led", "ori", "a505x", "rtx3080", "12", "7", "400g", "2kg"]
# The last one keeps a quantity in every catalogue.
catalogues = st.lists(
    st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=2, max_size=7
).map(lambda titles: [normalise_title(title) for title in [*titles, "gula 1kg"]])


def features_of(titles, left, right):
    words = title_words(titles)
    cells = common_cells(words.held, left, right)
    return word_features(words, WordMarks.of(words), cells, left, right)


def all_pairs(titles):
    return np.triu_indices(len(titles), 1)


def rarity_of(titles):
    """Smoothed inverse document frequency of every word, by that of a word used once."""
    sets = [set(normal_tokens(title)) for title in titles]
    once = math.log((1 + len(titles)) / 2) + 1
    return {
        word: (math.log((1 + len(titles)) / (1 + sum(word in held for held in sets))) + 1) / once
        for word in set().union(*sets)
    }


def described(rarity, a, b):
    """The features of one pair, written out."""
    mine, theirs = set(normal_tokens(a)), set(normal_tokens(b))
    shared = mine & theirs

    def mass(words):
        return sum(rarity[word] for word in words)

    def rarest(words):
        return max((rarity[word] for word in words), default=0)

    def numbers(words):
        return {word for word in words if any(letter.isdigit() for letter in word)}

    def codes(words):
        return {
            word
            for word in numbers(words)
            if len(word) >= 4 and any("a" <= letter <= "z" for letter in word)
        }

    def ends(name, one, other):
        return {f"{name}_min": min(one, other), f"{name}_max": max(one, other)}

    mine_held, theirs_held = set(stated(a).quantities), set(stated(b).quantities)
    mine_units, theirs_units = ({unit for _, unit in held} for held in (mine_held, theirs_held))
    agreeing = {unit for _, unit in mine_held & theirs_held}
    length = math.sqrt(
        sum(rarity[word] ** 2 for word in mine) * sum(rarity[word] ** 2 for word in theirs)
    )
    return {
        "word_cosine": sum(rarity[word] ** 2 for word in shared) / length if length else 0,
        "shared_mass": mass(shared),
        "shared_mass_of_all": mass(shared) / max(mass(mine | theirs), 1e-6),
        **ends(
            "covered",
            mass(shared) / max(mass(mine), 1e-6),
            mass(shared) / max(mass(theirs), 1e-6),
        ),
        "shared_words": len(shared),
        "rarest_shared": rarest(shared),
        **ends("rarest_unshared", rarest(mine - shared), rarest(theirs - shared)),
        "shared_numbers": mass(numbers(shared)),
        **ends("unshared_numbers", mass(numbers(mine - shared)), mass(numbers(theirs - shared))),
        "shared_codes": mass(codes(shared)),
        **ends("unshared_codes", mass(codes(mine - shared)), mass(codes(theirs - shared))),
        **ends("words", len(mine), len(theirs)),
        "quantities_agree": len(agreeing),
        "quantities_clash": len(mine_units & theirs_units) - len(agreeing),
        **ends("quantities", len(mine_units), len(theirs_units)),
    }


@settings(max_examples=40, deadline=None)
@given(titles=catalogues)
def test_agrees_with_a_literal_reading(titles):
    left, right = all_pairs(titles)
    features = features_of(titles, left, right)
    rarity = rarity_of(titles)
    for place, (a, b) in enumerate(zip(left, right, strict=True)):
        for name, value in described(rarity, titles[a], titles[b]).items():
            assert features[name][place] == pytest.approx(value, abs=2e-5), name


def one(a, b, *others):
    titles = [normalise_title(title) for title in [a, b, *others]]
    features = features_of(titles, np.array([0]), np.array([1]))
    return {name: column[0] for name, column in features.items()}


@pytest.mark.parametrize(
    ("a", "b", "agree", "clash"),
    [
        ("susu 400 gram", "susu 0,4 kg", 1, 0),
        ("susu 400 gram", "susu 800 gram", 0, 1),
        ("susu 400 gram isi 2", "susu 400 gram isi 3", 1, 1),
        ("susu 400 gram", "susu 400 ml", 0, 0),
        ("susu 400 gram", "susu", 0, 0),
    ],
)
def test_quantities_agree_and_clash_by_unit(a, b, agree, clash):
    features = one(a, b)
    assert (features["quantities_agree"], features["quantities_clash"]) == (agree, clash)


def test_a_rare_word_in_common_weighs_more_than_a_frequent_one():
    others = ["promo lampu 5w", "promo gelas", "promo sepatu"]
    rare = one("zenfone promo", "zenfone baru", *others)
    frequent = one("zenfone promo", "promo baru", *others)
    assert rare["shared_words"] == frequent["shared_words"] == 1
    assert rare["rarest_shared"] > frequent["rarest_shared"]
    assert rare["shared_mass"] > frequent["shared_mass"]


@pytest.mark.parametrize(
    "titles", [["lampu merah", "lampu biru"], ["", ""], ["!!", "lampu"]], ids=repr
)
def test_catalogues_without_quantities_or_without_words(titles):
    features = one(*titles)
    assert features["shared_words"] == len(set(titles[0].split()) & set(titles[1].split()))
    assert features["quantities_agree"] == features["quantities_clash"] == 0
    assert all(np.isfinite(value) for value in features.values())


TITLES = ["susu bebelo 400g susu", "lampu led", "", "susu led 12w"]


def test_words_in_their_order_and_who_holds_which():
    words = title_words(TITLES)
    assert words.lists == [normal_tokens(title) for title in TITLES]
    assert words.lists[0] == ["susu", "bebelo", "400g", "susu"]
    assert sorted(words.names) == sorted({word for each in words.lists for word in each})
    assert words.held.shape == (4, len(words.names))
    for row, mine in enumerate(words.lists):
        held = words.held[row].toarray().ravel()
        assert {words.names[column] for column in np.flatnonzero(held)} == set(mine)
        assert set(held) <= {0, 1}


def test_rarity_is_the_smooth_inverse_document_frequency_by_that_of_a_word_used_once():
    words = title_words(TITLES)
    rarity = dict(zip(words.names, words.rarity.tolist(), strict=True))
    once = math.log(5 / 2) + 1
    assert rarity["susu"] == pytest.approx((math.log(5 / 3) + 1) / once)
    assert rarity["bebelo"] == 1


def test_rows_by_rarity_and_of_unit_length():
    words = title_words(TITLES)
    expected = words.held.toarray() * words.rarity
    np.testing.assert_allclose(words.weighted.toarray(), expected)
    lengths = np.linalg.norm(words.unit.toarray(), axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(
        words.unit.toarray()[0], expected[0] / np.linalg.norm(expected[0]), rtol=1e-6
    )


@pytest.mark.parametrize("titles", [[], [""], ["!", ""]], ids=repr)
def test_titles_without_words(titles):
    words = title_words(titles)
    assert words.names == []
    assert words.weighted.shape[0] == words.unit.shape[0] == len(titles)
    assert words.unit.nnz == 0


def alike(a, b):
    words = title_words([normalise_title(a), normalise_title(b)])
    features = string_features(words, np.array([0]), np.array([1]))
    return {name: column[0] for name, column in features.items()}


def test_equal_titles_are_wholly_alike():
    features = alike("susu bebelo", "susu bebelo")
    assert [value for name, value in features.items() if name.startswith("edit")] == [100] * 2
    assert features["letters_min"] == features["letters_max"] == 11


def test_whole_and_sorted_words():
    features = alike("susu bebelo", "bebelo susu")
    assert features["edit_ratio"] == pytest.approx(fuzz.ratio("susu bebelo", "bebelo susu"))
    assert features["edit_ratio_sorted"] == 100
    features = alike("susu bebelo", "promo bebelo susu murah")
    assert features["edit_ratio"] < features["edit_ratio_sorted"] < 100
    assert (features["letters_min"], features["letters_max"]) == (11, 23)


def test_the_spelling_of_quantities_does_not_matter():
    assert alike("susu 400 gram", "susu 0,4 kg")["edit_ratio"] == 100
