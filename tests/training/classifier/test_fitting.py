"""Training of the pair classifier: cross-fitting, what may be looked at, the line."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from samesku import Matcher, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.learned import Learned
from samesku.training.classifier import fitting
from samesku.training.classifier.fitting import THRESHOLDS, fit_classifier, fits
from samesku.training.classifier.labelled import LEAST_PAIRS, Labelled, tolerated_kinds

FILES = ["model.json", "trees.onnx"]


def trained(catalog, candidates, rows=None, **options):
    model, held_out = fit_classifier([Labelled.of(catalog, candidates, rows)], **options)
    return model, held_out[0]


@pytest.fixture
def few_trees(monkeypatch):
    monkeypatch.setattr(fitting, "ROUNDS", 20)


def test_honest_probabilities_are_good_and_not_those_of_the_model(
    market, training, truth, area_under_curve
):
    catalog, candidates = market
    model, honest = training
    same = truth(catalog, candidates)
    assert honest.dtype == np.float32
    assert honest.shape == (len(candidates),)
    assert area_under_curve(honest, same) > 0.95
    assert not np.array_equal(honest, model.predict(catalog, candidates).scores)


def test_honest_probabilities_tell_the_share_of_true_pairs(market, training, truth):
    same, honest = truth(*market), training[1].astype(np.float64)
    assert honest.sum() == pytest.approx(np.count_nonzero(same), rel=0.02)


def test_the_model_knows_what_it_was_trained_with(model):
    assert model.encoders == {"tfidf": "text", "phash": "photo"}
    assert model.trees.width == len(model.features)
    assert {"tfidf", "tfidf_rank_min", "clash_colour", "attributes_alone"} <= set(model.features)


def test_the_threshold_is_one_of_those_tried(model):
    assert model.threshold in THRESHOLDS
    assert 0.3 < model.threshold < 0.7
    assert list(THRESHOLDS) == sorted(THRESHOLDS)


@pytest.mark.usefixtures("few_trees")
def test_the_same_seed_gives_the_same_bytes(market, tmp_path):
    (one, honest), (two, again) = trained(*market), trained(*market)
    np.testing.assert_array_equal(honest, again)
    one.save(tmp_path / "one")
    two.save(tmp_path / "two")
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_tells_how_far_it_is(training, steps):
    assert sum(steps) == fits([], "products")


@pytest.mark.usefixtures("few_trees")
def test_arbitrary_labels_cannot_be_told_in_advance(offers, search, truth, area_under_curve):
    table = offers(20, seed=2, sellers=8)
    shuffled = np.random.default_rng(0).permutation(table["label_group"].to_numpy())
    catalog, candidates = search(
        table.with_columns(pl.Series("label_group", shuffled)), encoders=[Tfidf]
    )
    same = truth(catalog, candidates)
    model, honest = trained(catalog, candidates)
    assert area_under_curve(model.predict(catalog, candidates).scores, same) > 0.85
    assert area_under_curve(honest, same) < 0.75


@pytest.mark.usefixtures("few_trees")
def test_labels_of_other_postings_teach_nothing(market):
    catalog, candidates = market
    codes = catalog.labels
    rows, others = np.flatnonzero(codes < 25), np.flatnonzero(codes >= 25)
    labels = catalog.frame["label_group"].to_numpy().copy()
    labels[others] = labels[np.random.default_rng(0).permutation(others)]
    other = read_catalog(catalog.frame.with_columns(pl.Series("label_group", labels)))
    (one, honest), (two, also) = (trained(each, candidates, rows) for each in (catalog, other))
    np.testing.assert_array_equal(honest, also)
    assert (one.threshold, one.trees.content) == (two.threshold, two.trees.content)


def test_too_few_labels_are_refused_with_what_to_do(market):
    catalog, candidates = market
    bare = read_catalog(catalog.frame.drop("label_group"))
    with pytest.raises(ValueError, match="no labels"):
        trained(bare, candidates)
    codes = catalog.labels
    for rows in ([], [0], np.flatnonzero(codes == codes[0]), np.flatnonzero(codes < 5)):
        with pytest.raises(ValueError, match=r"needs 50 of each: label more postings, or use"):
            trained(catalog, candidates, np.array(rows, dtype=np.int64))


def test_the_refusal_counts_the_pairs_of_either_kind(offers, search, truth):
    catalog, candidates = search(offers(2, seed=0, sellers=20), encoders=[Tfidf])
    same = np.count_nonzero(truth(catalog, candidates))
    other = len(candidates) - same
    assert other < LEAST_PAIRS < same
    told = rf"frame has {same} candidate pairs of one product and {other} of two"
    with pytest.raises(ValueError, match=told):
        trained(catalog, candidates)


@pytest.mark.usefixtures("few_trees")
def test_a_catalogue_whose_products_are_easy_to_tell_apart(search, truth, area_under_curve):
    sellers = ["{}", "promo {}", "{} murah", "ready {} ori"]
    titles = [f"merek{number} barang {number % 5}00g" for number in range(40)]
    rows = [(words.format(title), title) for title in titles for words in sellers]
    table = pl.DataFrame(rows, schema=["title", "label_group"], orient="row")
    catalog, candidates = search(table.with_row_index("posting_id"), encoders=[Tfidf])
    _, honest = trained(catalog, candidates)
    assert area_under_curve(honest, truth(catalog, candidates)) > 0.9


@pytest.fixture(scope="module")
def everything(offers):
    """Offers with prices, brands and descriptions, the brand the title's first word."""
    table = offers(30, seed=3)
    product = table["label_group"].str.split(" ").list.last().cast(pl.Int64)
    return table.with_columns(
        price=100.0 * (1 + product % 7),
        brand=table["title"].str.split(" ").list.first(),
        description=table["title"] + pl.lit(" garansi resmi"),
    )


@pytest.mark.usefixtures("few_trees")
def test_columns_and_networks_are_learnt_from_and_may_be_missing_later(
    everything, search, truth, area_under_curve
):
    class Renamed(PHash):
        """Networks are called ``onnx:`` and their file's name."""

        name = "onnx:photo"

    model, _ = trained(*search(everything, encoders=[Tfidf, Renamed]))
    assert model.encoders == {"tfidf": "text", "onnx:photo": "photo"}
    read = set(model.features)
    assert {"price_gap", "brand_same", "description_cosine", "onnx:photo_z_min"} <= read
    columns = ["price", "brand", "description"]
    for gone in (columns, ["price"]):
        absent = search(everything.drop(gone), encoders=[Tfidf])
        told = model.predict(*absent, explain_from=0.2)
        assert area_under_curve(told.scores, truth(*absent)) > 0.9


def test_pairs_of_one_product_alone_are_no_training(search):
    titles = [f"gula putih kemasan {number}" for number in range(12)]
    others = [f"gula merah nomor {number}" for number in range(30)]
    labels = ["sugar"] * len(titles) + others
    table = pl.DataFrame({"title": titles + others, "label_group": labels})
    catalog, candidates = search(table.with_row_index("posting_id"), encoders=[Tfidf])
    with pytest.raises(ValueError, match="too few products: label offers of more products"):
        trained(catalog, candidates)


def coloured(search, *, one_product):
    """Offers of which half name another colour; whether these are one product."""
    rng = np.random.default_rng(0)
    rows = []
    for product in range(60):
        words = " ".join(f"{stem}{product}" for stem in ("kaos", "bimo", "tipe"))
        for colour in ("hitam", "putih", "hitam", "putih"):
            label = f"{product}" if one_product else f"{product} {colour}"
            extra = rng.choice(["promo", "murah", "ready", "cod"])
            rows.append((f"{words} {colour} {extra}", label))
    table = pl.DataFrame(rows, schema=["title", "label_group"], orient="row")
    return search(table.with_row_index("posting_id"), encoders=[Tfidf])


def test_what_may_differ_is_measured_from_the_labels(search):
    one, apart = (coloured(search, one_product=each) for each in (True, False))
    assert tolerated_kinds(Labelled.of(*one, same=())) == ("colour",)
    assert tolerated_kinds(Labelled.of(*apart, same=())) == ()


@pytest.mark.usefixtures("few_trees")
def test_one_model_serves_both_opinions(search, truth):
    one, apart = (coloured(search, one_product=each) for each in (True, False))
    model, _ = fit_classifier([Labelled.of(*one), Labelled.of(*apart)])
    same = truth(*one)
    tolerant = model.predict(*one, same=("colour",)).scores
    strict = model.predict(*apart).scores
    # The same pairs, but what the user says may differ.
    other_colour = truth(*one) & ~truth(*apart)
    assert other_colour.sum() > 50
    assert tolerant[other_colour].mean() > 0.7
    assert strict[other_colour].mean() < 0.3
    assert tolerant[~same].mean() < 0.3


@pytest.mark.usefixtures("few_trees")
def test_a_model_keeps_what_may_differ_in_the_catalogues_that_it_learned_from(search, tmp_path):
    catalog = coloured(search, one_product=True)[0]
    fitted = Matcher("tfidf").fit(catalog)
    assert fitted.fusion.same == ("colour",)
    fitted.fusion.model.save(tmp_path)
    again = Learned(PairClassifier.load(tmp_path))
    assert again.same == ("colour",)
    scores = fitted.match(catalog).scores
    np.testing.assert_array_equal(scores, Matcher("tfidf", fusion=again).match(catalog).scores)
    # Given to the matcher, it is what the training takes.
    assert Matcher("tfidf", same=["size"]).fit(catalog).fusion.same == ("size",)


@pytest.mark.usefixtures("few_trees")
def test_what_differs_in_one_catalogue_only_is_the_users_to_say(search):
    some = [Labelled.of(*coloured(search, one_product=each)) for each in (True, False)]
    assert fit_classifier(some)[0].same == ()


@pytest.mark.usefixtures("few_trees")
def test_whole_catalogues_are_held_out_of_three_or_more(search, offers):
    with pytest.raises(ValueError, match="three catalogues are needed"):
        fit_classifier([Labelled.of(*search(offers(20, seed=4)))], hold_out="catalogues")
    several = [Labelled.of(*search(offers(20, seed=seed))) for seed in (5, 6, 7)]
    done = []
    model, held_out = fit_classifier(several, hold_out="catalogues", advance=done.append)
    assert sum(done) == fits(several, "catalogues") == 7
    assert [len(each) for each in held_out] == [len(each.candidates) for each in several]
    # Half of the F1 to expect, whichever catalogue had been left out.
    assert 0.3 < model.threshold <= 0.5


@pytest.mark.usefixtures("few_trees")
def test_tables_of_small_catalogues_are_in_every_other_model(search, offers):
    several = [Labelled.of(*search(offers(20, seed=seed))) for seed in (5, 6, 7)]
    table = replace(Labelled.of(*search(offers(20, seed=8))), parts=4)
    with pytest.raises(ValueError, match="three catalogues are needed"):
        fit_classifier([*several[:2], table], hold_out="catalogues")
    assert fits([*several, table], "catalogues") == 7  # no model for the table alone
    model, held_out = fit_classifier([table, *several], hold_out="catalogues")
    # What the models without the table say of it, which are not those with it.
    assert np.isfinite(held_out[0]).all()
    said = model.predict(table.catalog, table.candidates).scores
    assert np.abs(said - table.true).mean() < np.abs(held_out[0] - table.true).mean()
