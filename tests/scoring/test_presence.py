"""Sparse rows of words."""

import numpy as np

import samesku.scoring.presence
from samesku.scoring.presence import (
    common_cells,
    presence,
    rarity,
    segment_max,
    unit_rows,
    weighted,
)

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


def test_common_cells_are_those_that_both_rows_fill(monkeypatch):
    monkeypatch.setattr(samesku.scoring.presence, "CELLS_AT_ONCE", 40)  # many parts
    rng = np.random.default_rng(2)
    held = presence([*rng.integers(0, 30, (20, 6)).tolist(), []], {})
    left, right = rng.integers(0, 21, (2, 200))
    cells = common_cells(held, left, right)
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        own = slice(cells.ends[at], cells.ends[at + 1])
        mine, theirs = (set(held[[row]].indices.tolist()) for row in (one, other))
        assert held.indices[cells.mine[own]].tolist() == sorted(mine & theirs)
        assert held.indices[cells.theirs[own]].tolist() == sorted(mine & theirs)
        assert (
            (cells.mine[own] >= held.indptr[one]) & (cells.mine[own] < held.indptr[one + 1])
        ).all()
