"""How a pair stands among the candidates around it."""

import numpy as np
import pytest

from samesku import Matcher, read_catalog
from samesku.encoders import Tfidf
from samesku.scoring.features.standing import standing


@pytest.fixture
def candidates(tmp_path):
    offers = tmp_path / "offers.csv"
    titles = ["susu kotak putih", "susu kotak merah", "susu kotak biru", "susu kaleng"]
    offers.write_text("posting_id,title\n" + "\n".join(f"{i},{t}" for i, t in enumerate(titles)))
    return Matcher([Tfidf()], "union").candidates(read_catalog(offers))


def pair(candidates, columns, name, left, right):
    at = np.flatnonzero((candidates.left == left) & (candidates.right == right))[0]
    return columns[f"{name}_min"][at], columns[f"{name}_max"][at]


def told(candidates, known):
    pairs = zip(candidates.left.tolist(), candidates.right.tolist(), strict=True)
    return np.array([known.get(pair, 0.1) for pair in pairs], dtype=np.float32)


def test_ranks_and_gaps_are_seen_from_either_end(candidates):
    similarity = told(candidates, {(0, 1): 0.9, (0, 2): 0.5, (1, 2): 0.7})
    columns = standing("new", similarity, candidates)
    assert columns["new"] is similarity
    assert pair(candidates, columns, "new_rank", 0, 1) == (0, 0)
    assert pair(candidates, columns, "new_rank", 0, 2) == (1, 1)
    assert pair(candidates, columns, "new_rank", 1, 2) == (0, 1)
    assert pair(candidates, columns, "new_gap", 1, 2) == pytest.approx((-0.2, 0), abs=1e-6)
    low, high = pair(candidates, columns, "new_z", 0, 1)
    assert 0.5 < low <= high


def test_what_is_not_known_is_nan_and_stands_last(candidates):
    similarity = told(candidates, {(0, 1): np.nan, (0, 2): 0.5})
    columns = standing("new", similarity, candidates)
    unknown = np.isnan(similarity)
    assert unknown.sum() == 1
    assert all((np.isnan(values) == unknown).all() for values in columns.values())
    assert pair(candidates, columns, "new_rank", 0, 2)[0] == 0


def test_no_pairs(candidates):
    nothing = candidates.take(np.empty(0, dtype=np.int64))
    columns = standing("new", np.empty(0, np.float32), nothing)
    assert all(len(values) == 0 for values in columns.values())
