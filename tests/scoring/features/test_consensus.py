"""What the likely offers of one product say together, against dense matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.scoring.features import title_words
from samesku.scoring.features.consensus import CORE, consensus_features
from samesku.scoring.features.graph import FAINT

WORDS = ["susu", "bebelo", "vanila", "coklat", "promo", "400g", "800g", "xq1"]
catalogues = st.lists(
    st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join), min_size=2, max_size=7
)


def described(titles, pairs):
    """Features by name of pairs ``(left, right, probability)``."""
    left, right, told = (np.array(column) for column in zip(*pairs, strict=True))
    return consensus_features(title_words(titles), left, right, told.astype(np.float32))


def cosine(a, b):
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return a @ b / lengths if lengths > 1e-6 else 0


def literal(words, tie, a, b):
    """The features of one pair, written out over full matrices."""
    unit, held = words.unit.toarray().astype(float), words.held.toarray()

    def said_without(one, other):
        """What the likely offers of one say, without the other posting."""
        mine = tie[one].copy()
        mine[other] = 0
        return mine @ unit

    def core(one, other):
        share = tie[one] @ held / tie[one].sum()
        weight = np.where(share > CORE, share * words.rarity, 0)
        has = weight @ held[other]
        return weight.sum() - has, has / max(weight.sum(), 1e-6)

    said = {a: said_without(a, b), b: said_without(b, a)}
    to_title = cosine(said[a], unit[b]), cosine(said[b], unit[a])
    (lacking, covered), (other_lacking, other_covered) = core(a, b), core(b, a)
    return {
        "consensus_to_title_min": min(to_title),
        "consensus_to_title_max": max(to_title),
        "consensus_cosine": cosine(said[a], said[b]),
        "core_words_lacking_min": min(lacking, other_lacking),
        "core_words_lacking_max": max(lacking, other_lacking),
        "core_words_covered_min": min(covered, other_covered),
        "core_words_covered_max": max(covered, other_covered),
    }


@settings(max_examples=40, deadline=None)
@given(titles=catalogues, seed=st.integers(0, 2**32 - 1))
def test_agrees_with_full_matrices(titles, seed):
    rng = np.random.default_rng(seed)
    size = len(titles)
    left, right = np.triu_indices(size, 1)
    taken = rng.random(len(left)) < 0.7
    taken[0] = True
    left, right = left[taken], right[taken]
    told = np.where(rng.random(len(left)) < 0.3, FAINT / 2, rng.uniform(0.03, 1, len(left)))
    tie = np.eye(size)
    tie[left, right] = tie[right, left] = np.where(told >= FAINT, told, 0)
    features = described(titles, list(zip(left, right, told, strict=True)))
    words = title_words(titles)
    share = tie @ words.held.toarray() / tie.sum(axis=1, keepdims=True)
    clear = (np.abs(share - CORE) > 1e-5).all()
    for place, (a, b) in enumerate(zip(left, right, strict=True)):
        expected = literal(words, tie, a, b)
        assert features.keys() == expected.keys()
        for name, value in expected.items():
            # Shares of exactly a half fall to either side.
            if clear or not name.startswith("core"):
                assert features[name][place] == pytest.approx(value, abs=5e-3), name


def test_the_two_titles_of_a_pair_do_not_speak_for_each_other():
    titles = ["susu bebelo", "susu kapten", "lampu led"]
    features = described(titles, [(0, 1, 0.9)])
    words = title_words(titles)
    alone = float((words.unit[0] @ words.unit[1].T).toarray()[0, 0])
    for name in ("consensus_to_title_min", "consensus_to_title_max", "consensus_cosine"):
        assert features[name][0] == pytest.approx(alone, abs=1e-5)


def test_a_third_offer_says_what_a_title_leaves_out():
    titles = ["bebelo vanila 400g", "susu bebelo vanila", "susu 400g", "lampu led"]
    likely = [(0, 1, 0.9), (0, 2, 0.3), (1, 2, 0.3)]
    without = described(titles, [(0, 2, 0.3)])["consensus_to_title_max"][0]
    helped = described(titles, likely)["consensus_to_title_max"][1]
    assert helped > without + 0.1


def test_core_words_are_those_that_most_likely_offers_have():
    titles = ["susu bebelo promo", "susu bebelo", "susu bebelo murah", "susu kapten"]
    likely = [(0, 1, 0.9), (0, 2, 0.9), (0, 3, 0.1), (1, 2, 0.9)]
    features = described(titles, likely)
    # The core "susu bebelo" is in the second title; the last lacks "bebelo".
    assert features["core_words_covered_max"][0] == pytest.approx(1)
    assert features["core_words_lacking_min"][0] == pytest.approx(0, abs=1e-6)
    assert features["core_words_lacking_max"][2] > 0.5
    assert features["core_words_covered_min"][2] < 0.6


def test_it_does_not_matter_which_posting_comes_first():
    titles = ["susu bebelo promo", "susu bebelo", "bebelo murah", "susu kapten"]
    likely = [(0, 1, 0.9), (0, 2, 0.6), (1, 2, 0.4), (2, 3, 0.2)]
    there = described(titles, likely)
    back = described(titles, [(b, a, told) for a, b, told in likely])
    for name, column in there.items():
        np.testing.assert_allclose(column, back[name], atol=1e-6, err_msg=name)


def test_titles_without_words_are_finite():
    features = described(["", "!", "susu"], [(0, 1, 0.9), (0, 2, 0.9)])
    assert all(np.isfinite(column).all() for column in features.values())


def test_no_pair():
    nothing = np.empty(0, dtype=np.int64)
    words = title_words(["susu", "susu bebelo"])
    columns = consensus_features(words, nothing, nothing, np.empty(0, np.float32))
    assert all(column.shape == (0,) for column in columns.values())
