"""The learned fusion: a trained classifier in the place of lines."""

import numpy as np
import polars as pl
import pytest

from samesku import Matcher, Union, read_catalog
from samesku.candidates.candidates import Source, join_candidates
from samesku.candidates.neighbors import nearest
from samesku.encoders import PHash, Tfidf, Vectors
from samesku.scoring.fusion import EXPLAINED_FROM
from samesku.scoring.learned import Learned


@pytest.fixture(scope="module")
def fusion(model):
    return Learned(model)


@pytest.fixture(scope="module")
def catalog(unseen):
    return unseen[0]


@pytest.fixture(scope="module")
def candidates(unseen):
    return unseen[1]


@pytest.fixture(scope="module")
def matches(fusion, catalog):
    return Matcher([Tfidf(), PHash()], fusion, k=20).match(catalog)


def test_scores_are_the_model_s_probabilities(fusion, catalog, candidates):
    expected = fusion.model.predict(catalog, candidates).scores
    np.testing.assert_array_equal(fusion.score(candidates, catalog), expected)
    judged = fusion.predict(candidates, catalog)
    np.testing.assert_array_equal(judged.scores, expected)
    explained = np.flatnonzero(expected >= EXPLAINED_FROM)
    np.testing.assert_array_equal(judged.explanations.places, explained)


def test_matches_from_the_line_of_its_training(fusion, matches, catalog):
    assert matches.threshold == fusion.threshold == fusion.model.threshold
    assert matches.summary["fusion"] == "learned"
    product = dict(zip(catalog.ids, catalog.labels, strict=True))
    same = [product[a] == product[b] for a, b in matches.pairs.select("left_id", "right_id").rows()]
    assert len(same) > 100
    assert np.mean(same) > 0.8
    assert matches.rethreshold(0.999).pairs.height <= matches.pairs.height


def test_every_pair_that_it_accepts_tells_reasons_that_can_be_looked_into(matches):
    accepted = matches.pairs.filter(pl.col("score") >= matches.threshold)
    assert accepted["reasons"].str.contains(r"; start [+-]\d+\.\d\d$").all()
    left, right, score = accepted.select("left_id", "right_id", "score").row(0)
    odds = matches.explain(left, right)["log_odds"].sum()
    assert 1 / (1 + np.exp(-odds)) == pytest.approx(score, abs=1e-4)


def test_has_no_lines_to_move(fusion, candidates):
    assert fusion.thresholds(candidates) == {}
    assert fusion.with_thresholds({}) is fusion


def test_lists_what_titles_or_photos_alone_would_match(fusion, candidates):
    lists = fusion.lists(candidates, 0.9)
    for name, alone in Union().lists(candidates).items():
        np.testing.assert_array_equal(lists[name], alone)


def test_a_photo_encoder_that_the_model_does_not_know_is_heard_through_the_hash(
    fusion, catalog, candidates
):
    """Unknown eyes take for one photo what no hash shows."""
    same = catalog.labels[candidates.left] == catalog.labels[candidates.right]
    hidden = same & np.isnan(candidates.similarity[:, 1])
    rows = np.eye(catalog.labels.max() + 1, dtype=np.float32)[catalog.labels]
    vectors = Vectors.of(rows, np.ones(len(catalog), dtype=bool))
    eyes = Source("onnx:eyes", "photo", vectors, nearest(vectors, k=20, floor=0.5))
    seen = join_candidates([*candidates.sources, eyes])
    place = np.searchsorted(
        seen.left * seen.size + seen.right, candidates.left * seen.size + candidates.right
    )
    before, after = fusion.score(candidates, catalog), fusion.score(seen, catalog)[place]
    assert np.count_nonzero(hidden) > 20
    assert after[hidden].mean() > before[hidden].mean()
    knows = fusion.model.predict(catalog, seen).scores[place]
    assert after[hidden].mean() > knows[hidden].mean()


def test_an_encoder_that_it_never_met_adds_no_pairs_but_of_one_photo(fusion, catalog, candidates):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(len(catalog), 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    vectors = Vectors.of(rows, np.ones(len(catalog), dtype=bool))
    stranger = Source("onnx:strange", "photo", vectors, nearest(vectors, k=50, floor=-1))
    more = join_candidates([*candidates.sources, stranger])
    assert len(more) > 2 * len(candidates)
    judged = fusion.predict(more, catalog)
    size = len(catalog)
    known = np.isin(more.left * size + more.right, candidates.left * size + candidates.right)
    np.testing.assert_array_equal(judged.scores[known], fusion.score(candidates, catalog))
    assert not judged.scores[~known].any()
    assert known[judged.explanations.places].all()


@pytest.mark.parametrize(("theirs", "moved"), [("4006381333931", 3), ("4006381333955", -1)])
def test_gtins_say_more_than_other_words_do(theirs, moved):
    offers = pl.DataFrame(
        {
            "posting_id": ["a", "b"],
            "title": ["Bosch Akku-Bohrschrauber GSR 12V-15 blau", "GSR 12V-15 cordless drill kit"],
            "EAN": ["4006381333931", theirs],
        }
    )
    told, silent = (
        Matcher().score_pairs(read_catalog(each), [("a", "b")])["probability"].item()
        for each in (offers, offers.drop("EAN"))
    )
    assert (np.log(told / (1 - told)) - np.log(silent / (1 - silent))) / moved > 1
