"""The words of all titles, read once."""

import math

import numpy as np
import pytest

from samesku.scoring.features.title_words import title_words
from samesku.titles import normal_tokens

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
