"""Sparse rows of words."""

import numpy as np

from samesku.scoring.presence import presence, rarity, segment_max, unit_rows, weighted

ROWS = [["a", "b", "b"], [], ["b", "c"]]


def test_each_item_counts_once():
    vocabulary: dict[str, int] = {}
    held = presence(ROWS, vocabulary)
    assert held.toarray()[:, [vocabulary[word] for word in "abc"]].tolist() == [
        [1, 1, 0],
        [0, 0, 0],
        [0, 1, 1],
    ]


def test_rare_words_weigh_more():
    vocabulary: dict[str, int] = {}
    held = presence(ROWS, vocabulary)
    weight = rarity(held)
    assert weight[vocabulary["a"]] == weight[vocabulary["c"]] > weight[vocabulary["b"]] > 0
    expected = [weight[vocabulary["a"]], 0, weight[vocabulary["c"]]]
    assert segment_max(weighted(held, weight).data, held.indptr).tolist() == expected


def test_rows_of_length_one_and_empty_ones():
    held = unit_rows(presence(ROWS, {}))
    np.testing.assert_allclose(
        np.asarray(held.multiply(held).sum(axis=1)).ravel(), [1, 0, 1], rtol=1e-6
    )
