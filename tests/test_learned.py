"""The learned fusion: a trained classifier in the place of lines."""

import numpy as np
import polars as pl
import pytest

from samesku import Matcher, Union, read_catalog
from samesku.classifier import train_classifier
from samesku.encoders import Tfidf
from samesku.learned import Learned


@pytest.fixture(scope="module")
def market():
    rng = np.random.default_rng(0)
    rows = []
    for number in range(60):
        told = [f"merek{number % 12}", f"barang{number % 7}", "ready", f"{number % 5 + 1}00g"]
        for seller in range(4):
            words = [word for word in told if rng.random() < 0.9] or told
            rows.append((f"{number}-{seller}", " ".join(words), str(number)))
    columns = ["posting_id", "title", "label_group"]
    return read_catalog(pl.DataFrame(rows, schema=columns, orient="row"))


@pytest.fixture(scope="module")
def candidates(market):
    return Matcher([Tfidf()], "union", k=20).candidates(market)


@pytest.fixture(scope="module")
def fusion(market, candidates):
    return Learned(train_classifier(market, candidates, np.arange(len(market)))[0])


def test_scores_are_the_model_s_probabilities(fusion, market, candidates):
    np.testing.assert_array_equal(
        fusion.score(candidates, market), fusion.model.probability(market, candidates)
    )


def test_matches_from_the_line_of_its_training(fusion, market):
    matches = Matcher([Tfidf()], fusion, k=20).match(market)
    assert matches.line == fusion.line == fusion.model.line
    assert matches.summary["fusion"] == "learned"
    left = matches.pairs["left_id"].str.split("-").list.first()
    right = matches.pairs["right_id"].str.split("-").list.first()
    assert matches.pairs.height > 100
    assert (left == right).mean() > 0.6
    assert matches.rethreshold(0.999).pairs.height <= matches.pairs.height


def test_has_no_lines_to_move(fusion, candidates):
    assert fusion.lines(candidates) == {}
    assert fusion.with_lines({}) is fusion


def test_lists_what_titles_or_photos_alone_would_match(fusion, candidates):
    lists = fusion.lists(candidates, 0.9)
    for name, alone in Union().lists(candidates).items():
        np.testing.assert_array_equal(lists[name], alone)
