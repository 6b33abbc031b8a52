"""Titles that are found in the other posting's description."""

import numpy as np
import polars as pl
import pytest

from samesku import read_catalog
from samesku.scoring.features.descriptions import (
    described_texts,
    described_words,
    description_features,
)

OFFERS = pl.DataFrame(
    {
        "posting_id": ["a", "b", "c", "d"],
        "title": ["Sony PSLX350H turntable", "Sony record player", "Denon deck", "Denon deck"],
        "description": [None, "the PSLX350H is a turntable by Sony", None, None],
    }
)


@pytest.fixture
def words():
    return described_words(*described_texts(read_catalog(OFFERS)))


def test_a_title_is_found_in_the_other_description(words):
    found = description_features(words, np.array([0, 1]), np.array([1, 2]))
    assert found["description_covers_max"][0] == pytest.approx(1)
    assert 0 < found["description_covers_min"][0] < 1
    assert found["description_lacks_min"][0] == 0
    assert found["description_lacks_max"][0] == 1  # a word of one posting
    assert found["description_covers_max"][1] == found["description_cosine"][1] == 0


def test_two_postings_without_description_are_unknown(words):
    found = description_features(words, np.array([2]), np.array([3]))
    assert all(np.isnan(column).all() for column in found.values())


def test_it_does_not_matter_which_posting_comes_first(words):
    there = description_features(words, np.array([0, 1]), np.array([1, 3]))
    back = description_features(words, np.array([1, 3]), np.array([0, 1]))
    for name in there:
        np.testing.assert_allclose(there[name], back[name], rtol=1e-6, err_msg=name)


def test_no_pair(words):
    nothing = np.empty(0, dtype=np.int64)
    found = description_features(words, nothing, nothing)
    assert all(column.shape == (0,) for column in found.values())
