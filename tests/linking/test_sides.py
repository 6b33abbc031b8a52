"""Two catalogues side by side."""

import numpy as np
import polars as pl
import pytest

from samesku import Cache, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.linking.sides import Sides, candidates_across, with_pairs
from samesku.runtime.progress import Progress


def across(sides, k=5):
    return candidates_across(
        sides, [Tfidf(), PHash()], k=k, method="auto", cache=Cache(None), progress=Progress()
    )


@pytest.fixture
def sides(shops):
    return Sides(*map(read_catalog, shops))


def test_pairs_go_across_and_are_found_from_either_end(sides, truth):
    pairs, encoded = across(sides)
    assert (pairs.left < len(sides.left)).all()
    assert (pairs.right >= len(sides.left)).all()
    found = set(zip(pairs.left.tolist(), (pairs.right - len(sides.left)).tolist(), strict=True))
    assert {(int(left), int(right)) for left, right in truth} <= found
    assert len(encoded.vectors) == len(pairs.encoders) == 2


def test_labels_and_unknown_columns_stay_out_of_sight(sides):
    assert sides.both.labels is None
    assert sides.both.frame.columns == ["posting_id", "title", "price"]
    assert len(sides.both) == len(sides.is_left) == 72


def test_descriptions_are_one_more_search():
    ours = pl.DataFrame({"posting_id": ["1", "2"], "title": ["kettle", "AB1234X"]})
    theirs = pl.DataFrame(
        {"posting_id": ["1"], "title": ["water boiler"], "description": ["model AB1234X, 2 litres"]}
    )
    pairs, _ = across(Sides(read_catalog(ours), read_catalog(theirs)))
    assert pairs.encoders == ("tfidf", "phash", "whole")
    assert (1, 2) in set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def test_pairs_can_be_added(sides):
    pairs, _ = across(sides, k=1)
    missing = np.setdiff1d(np.arange(36, 72), pairs.right[pairs.left == 0])[:2]
    more = with_pairs(pairs, np.array([0, 0, pairs.left[3]]), np.array([*missing, pairs.right[3]]))
    assert len(more) == len(pairs) + 2
    keys = more.left * more.size + more.right
    assert (np.diff(keys) > 0).all()
    everything, _ = across(sides, k=40)
    wanted = np.searchsorted(everything.left * more.size + everything.right, keys)
    known = ~np.isnan(more.similarity[:, 0]) & (more.similarity[:, 0] >= 0.1)
    np.testing.assert_allclose(
        more.similarity[known, 0], everything.similarity[wanted[known], 0], rtol=1e-5
    )
