"""Judging, saving and loading of the pair classifier; its training: `test_fitting.py`."""

import json
import shutil
from dataclasses import replace

import numpy as np
import onnx
import polars as pl
import pytest

from samesku.encoders import PHash, Tfidf
from samesku.scoring.adaptation import Adaptation
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.features import CatalogRows, around_features, pair_features
from samesku.scoring.features.neighbourhood import AROUND
from samesku.scoring.trees import UNLIKELY, Trees, probability

FILES = ["model.json", "trees.onnx"]


@pytest.fixture
def saved(model, tmp_path):
    model.save(tmp_path / "model")
    return tmp_path / "model"


def test_tells_products_that_it_never_saw(model, unseen, truth, area_under_curve):
    catalog, candidates = unseen
    probability = model.predict(catalog, candidates).scores
    same = truth(catalog, candidates)
    assert probability.dtype == np.float32
    assert probability.shape == (len(candidates),)
    assert ((probability >= 0) & (probability <= 1)).all()
    by_title = area_under_curve(candidates.similarity[:, 0], same)
    assert area_under_curve(probability, same) > max(0.95, by_title)
    decided = probability >= model.threshold
    assert np.mean(decided[same]) > 0.8
    assert np.mean(same[decided]) > 0.8


def test_what_a_pair_rests_on_sums_to_its_score(model, unseen):
    told = model.predict(*unseen, explain_from=0.01)
    scores = told.scores[told.explanations.places].astype(np.float64)
    odds = told.explanations.start + told.explanations.parts.sum(axis=1, dtype=np.float64)
    assert len(scores) > 100
    np.testing.assert_allclose(1 / (1 + np.exp(-odds)), scores, atol=1e-5)


def test_works_where_nobody_shows_a_photo(model, unseen, search, truth, area_under_curve):
    bare, candidates = search(unseen[0].frame.drop("image_phash"))
    assert np.isnan(candidates.similarity[:, 1]).all()
    probability = model.predict(bare, candidates).scores
    assert area_under_curve(probability, truth(bare, candidates)) > 0.9


def test_a_photo_encoder_may_be_missing_as_photos_may(model, unseen, search):
    bare = unseen[0].frame.drop("image_phash")
    without_encoder = search(bare, encoders=[Tfidf])
    assert without_encoder[1].encoders == ("tfidf",)
    scores = model.predict(*without_encoder, explain_from=0.2).scores
    np.testing.assert_array_equal(scores, model.predict(*search(bare)).scores)


def test_a_missing_text_encoder_is_refused_with_what_to_do(model, unseen, search):
    by_photo = search(unseen[0].frame, encoders=[PHash])
    assert len(by_photo[1])
    with pytest.raises(ValueError, match=r"by tfidf, .* the encoders phash: add -e tfidf"):
        model.predict(*by_photo)


def test_the_order_of_the_encoders_does_not_matter(model, unseen, search):
    turned = search(unseen[0].frame, encoders=[PHash, Tfidf])
    np.testing.assert_array_equal(model.predict(*turned).scores, model.predict(*unseen).scores)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_small_catalogues_are_no_special_case(model, search, rows):
    table = pl.DataFrame(
        {
            "posting_id": ["a", "b", "c"],
            "title": ["susu bebelo 400g", "lampu led", "susu bebelo 400 gram"],
        }
    )
    told = model.predict(*search(table[:rows]), explain_from=0.0)
    assert told.scores.shape == (rows // 3,)


def test_saved_and_loaded_it_judges_alike(model, saved, unseen):
    again = PairClassifier.load(saved)
    before, after = (each.predict(*unseen).scores for each in (model, again))
    np.testing.assert_array_equal(after, before)
    assert (again.threshold, again.features) == (model.threshold, model.features)
    assert again.calibration == model.calibration
    assert again.encoders == {"tfidf": "text", "phash": "photo"}


def test_words_around_titles_are_compared_of_the_pairs_that_the_first_booster_lets_through(
    model, unseen, monkeypatch
):
    catalog, candidates = unseen
    rows = CatalogRows(catalog, candidates.sources)
    values = pair_features(rows, candidates).select(model.features)
    blind = values.copy()
    blind[:, [name.startswith(AROUND) for name in model.features]] = np.nan
    likely = model.trees.log_odds(blind) >= UNLIKELY
    assert 0 < np.count_nonzero(likely) < len(likely) / 2
    compared = []

    def counted(rows, pairs):
        compared.append(len(pairs))
        return around_features(rows, pairs)

    monkeypatch.setattr("samesku.scoring.classifier.around_features", counted)
    alone = model.predict(*unseen).scores
    assert not compared  # without a first booster those of all pairs, with the other features
    both = replace(model, trees=Trees(model.trees.content, model.trees))
    scores = both.predict(*unseen).scores
    assert sum(compared) == np.count_nonzero(likely)
    np.testing.assert_allclose(scores[likely], alone[likely], rtol=1e-5)
    slope, offset = model.calibration
    unlikely = probability(slope * model.trees.log_odds(blind) + offset)[~likely]
    np.testing.assert_allclose(scores[~likely], unlikely, rtol=1e-5)
    weights = np.zeros(1)
    adapted = Adaptation(("neighbourhood_cosine",), weights, weights + 1, weights + 0.1)
    replace(both, adaptation=adapted).predict(*unseen)
    assert sum(compared) == np.count_nonzero(likely)  # answers may weigh those of any pair


def test_a_first_booster_and_a_rule_are_kept_and_a_strange_one_refused(model, unseen, tmp_path):
    trees = Trees(model.trees.content, model.trees)
    saved = replace(model, trees=trees, threshold_rule="expected")
    saved.save(tmp_path)
    again = PairClassifier.load(tmp_path)
    assert (again.threshold_rule, again.trees.first.content) == ("expected", trees.content)
    np.testing.assert_array_equal(again.predict(*unseen).scores, saved.predict(*unseen).scores)
    cut(tmp_path / "first_trees.onnx")
    with pytest.raises(ValueError, match=r"first_trees.onnx is not what was saved"):
        PairClassifier.load(tmp_path)
    saved.save(tmp_path)
    rewrite_head(tmp_path, threshold_rule="by mood")
    with pytest.raises(ValueError, match="no rule 'by mood'"):
        PairClassifier.load(tmp_path)


def test_saved_again_it_has_the_same_bytes(saved, tmp_path):
    PairClassifier.load(saved).save(tmp_path / "again")
    for name in FILES:
        assert (saved / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_saved_model_holds_nothing_that_runs(saved):
    assert sorted(path.name for path in saved.iterdir()) == FILES
    json.loads((saved / "model.json").read_text(encoding="utf-8"))
    for path in saved.glob("*.onnx"):
        onnx.checker.check_model(onnx.load(path))


def test_the_card_is_kept(model, tmp_path):
    card = {"trained_on": {"name": "büro.csv"}, "seed": 3}
    replace(model, threshold=0.4, card=card).save(tmp_path)
    again = PairClassifier.load(tmp_path)
    assert (again.card, again.threshold) == (card, 0.4)


def rewrite_head(folder, **changes):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def drop_a_feature(folder):
    features = json.loads((folder / "model.json").read_text())["features"]
    rewrite_head(folder, features=features[1:])


def change_a_leaf(path):
    """As a damaged disk does: still trees that can be read, but others."""
    network = onnx.load(path)
    # Which of the two trees runs, of sums or of contributions, depends on an input.
    branch = network.graph.node[0].attribute[0].g.node[0]
    weights = {each.name: each for each in branch.attribute}["target_weights"]
    weights.floats[0] += 1
    onnx.save(network, path)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


DAMAGES = {
    "no folder": shutil.rmtree,
    "no head": lambda folder: (folder / "model.json").unlink(),
    "empty head": lambda folder: (folder / "model.json").write_text(""),
    "a list": lambda folder: (folder / "model.json").write_text("[]"),
    "deep head": lambda folder: (folder / "model.json").write_text("[" * 100_000),
    "a card of text": lambda folder: rewrite_head(folder, card="good"),
    "encoders of numbers": lambda folder: rewrite_head(folder, encoders={"tfidf": 3}),
    "a line beyond numbers": lambda folder: rewrite_head(folder, threshold=10**400),
    "a folder as trees": lambda folder: (
        (folder / "trees.onnx").unlink(),
        (folder / "trees.onnx").mkdir(),
    ),
    "other format": lambda folder: rewrite_head(folder, format=999),
    "no line": lambda folder: rewrite_head(folder, threshold=None),
    "line out of range": lambda folder: rewrite_head(folder, threshold=7),
    "no calibration": lambda folder: rewrite_head(folder, calibration=None),
    "calibration upside down": lambda folder: rewrite_head(folder, calibration=[-1, 0]),
    "no features": lambda folder: rewrite_head(folder, features=[]),
    "no checksums": lambda folder: rewrite_head(folder, sha256=""),
    "other features": drop_a_feature,
    "no trees": lambda folder: (folder / "trees.onnx").unlink(),
    "empty trees": lambda folder: (folder / "trees.onnx").write_text(""),
    "something else": lambda folder: (folder / "trees.onnx").write_bytes(b"\x80\x04\x95pickle"),
    "another leaf": lambda folder: change_a_leaf(folder / "trees.onnx"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_model_is_refused_by_name(saved, damage):
    damage(saved)
    with pytest.raises(ValueError, match=f"{saved.name} (holds no model|is no model)"):
        PairClassifier.load(saved)


def test_another_format_is_told(saved):
    rewrite_head(saved, format=1)
    with pytest.raises(ValueError, match=r"format 1 instead of \d+; train it again"):
        PairClassifier.load(saved)
