"""Training, judging, saving and loading of the pair classifier."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
from scipy.stats import rankdata

from samesku import Matcher, read_catalog
from samesku.classifier import FITS, PairClassifier, train_classifier
from samesku.encoders import PHash, Tfidf
from samesku.features import pair_features

NOISE = ["promo", "murah", "original", "ready", "stock", "cod", "termurah", "grosir", "terlaris"]
FILES = ["first.txt", "model.json", "second.txt", "sieve.txt"]


def offers(products, seed, sellers=4):
    """Titles of invented products: sellers drop words, shout, and copy each other's photo."""
    rng = np.random.default_rng(seed)

    def word():
        return "".join(rng.choice(list("bdgkmnrst")) + rng.choice(list("aeiou")) for _ in range(3))

    brands, things = [word() for _ in range(8)], [word() for _ in range(8)]
    rows = []
    for product in range(products):
        own = [rng.choice(brands), *rng.choice(things, 2), f"{rng.choice([1, 2, 4, 8])}00g", word()]
        photo = int(rng.integers(2**63))
        for _ in range(sellers):
            kept = [part for part in own if rng.random() < 0.85] or own
            shouted = list(rng.choice(NOISE, rng.integers(0, 4), replace=False))
            shown = photo ^ (1 << int(rng.integers(63))) if rng.random() < 0.5 else None
            code = None if shown is None else f"{shown:016x}"
            rows.append((" ".join(rng.permutation(kept + shouted)), code, f"product {product}"))
    rows = [rows[place] for place in rng.permutation(len(rows))]
    table = pl.DataFrame(rows, schema=["title", "image_phash", "label_group"], orient="row")
    return table.with_row_index("posting_id")


def searched(table, *, encoders=(Tfidf, PHash)):
    catalog = read_catalog(table)
    return catalog, Matcher([encoder() for encoder in encoders], "union", k=20).candidates(catalog)


def trained(catalog, candidates, rows=None, **options):
    rows = np.arange(len(catalog)) if rows is None else rows
    return train_classifier(catalog, candidates, rows, **options)


def truth(catalog, candidates):
    return catalog.labels[candidates.left] == catalog.labels[candidates.right]


def area_under_curve(probability, same):
    """Chance that a pair of one product is told to be likelier than a pair of two."""
    count = np.count_nonzero(same)
    above = rankdata(probability)[same].sum() - count * (count + 1) / 2
    return above / (count * np.count_nonzero(~same))


@pytest.fixture(scope="module")
def market():
    return searched(offers(60, seed=0))


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def training(market, steps):
    return trained(*market, advance=steps.append)


@pytest.fixture(scope="module")
def model(training):
    return training[0]


@pytest.fixture(scope="module")
def unseen():
    return searched(offers(30, seed=1))


@pytest.fixture
def saved(model, tmp_path):
    model.save(tmp_path / "model")
    return tmp_path / "model"


def test_learns_to_tell_products_that_it_never_saw(model, unseen):
    catalog, candidates = unseen
    probability = model.probability(catalog, candidates)
    same = truth(catalog, candidates)
    assert probability.dtype == np.float32
    assert probability.shape == (len(candidates),)
    assert ((probability >= 0) & (probability <= 1)).all()
    by_title = area_under_curve(candidates.similarity[:, 0], same)
    assert area_under_curve(probability, same) > max(0.95, by_title)
    decided = probability >= model.line
    assert np.mean(decided[same]) > 0.8
    assert np.mean(same[decided]) > 0.8


def test_honest_probabilities_are_good_and_not_those_of_the_model(market, training):
    catalog, candidates = market
    model, honest = training
    same = truth(catalog, candidates)
    assert honest.dtype == np.float32
    assert area_under_curve(honest, same) > 0.95
    assert not np.array_equal(honest, model.probability(catalog, candidates))


def test_the_same_seed_gives_the_same_model(market, training, model, tmp_path):
    again, probability = trained(*market)
    np.testing.assert_array_equal(probability, training[1])
    model.save(tmp_path / "one")
    again.save(tmp_path / "two")
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_tells_how_far_it_is(training, steps):
    assert sum(steps) == FITS


def test_arbitrary_labels_cannot_be_told_in_advance():
    table = offers(100, seed=2, sellers=3)
    shuffled = np.random.default_rng(0).permutation(table["label_group"].to_numpy())
    catalog, candidates = searched(
        table.with_columns(pl.Series("label_group", shuffled)), encoders=[Tfidf]
    )
    same = truth(catalog, candidates)
    model, honest = trained(catalog, candidates)
    learnt_by_heart = model.boosters["sieve"].predict(pair_features(catalog, candidates).values)
    assert area_under_curve(learnt_by_heart, same) > 0.85
    assert area_under_curve(honest, same) < 0.75


def test_labels_of_other_postings_teach_nothing(market):
    catalog, candidates = market
    codes = catalog.labels
    rows = np.flatnonzero(codes < 40)
    others = np.flatnonzero(codes >= 40)
    labels = catalog.frame["label_group"].to_numpy().copy()
    labels[others] = labels[np.random.default_rng(0).permutation(others)]
    other = read_catalog(catalog.frame.with_columns(pl.Series("label_group", labels)))
    one, _ = trained(catalog, candidates, rows)
    two, _ = trained(other, candidates, rows)
    for name, booster in one.boosters.items():
        assert booster.model_to_string() == two.boosters[name].model_to_string()


def test_works_where_nobody_shows_a_photo(model, unseen):
    bare, candidates = searched(unseen[0].frame.drop("image_phash"))
    assert np.isnan(candidates.similarity[:, 1]).all()
    probability = model.probability(bare, candidates)
    assert area_under_curve(probability, truth(bare, candidates)) > 0.9


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_small_catalogues_are_no_special_case(model, rows):
    table = pl.DataFrame(
        {
            "posting_id": ["a", "b", "c"],
            "title": ["susu bebelo 400g", "lampu led", "susu bebelo 400 gram"],
        }
    )
    catalog, candidates = searched(table[:rows])
    probability = model.probability(catalog, candidates)
    assert probability.shape == (len(candidates),) == (rows // 3,)


def test_other_encoders_than_at_training_are_refused(model, unseen):
    catalog, _ = unseen
    _, candidates = searched(catalog.frame, encoders=[Tfidf])
    with pytest.raises(ValueError, match=r"phash.*encoders"):
        model.probability(catalog, candidates)


def test_no_labels_or_too_few_are_refused(market):
    catalog, candidates = market
    bare = read_catalog(catalog.frame.drop("label_group"))
    with pytest.raises(ValueError, match="no labels"):
        trained(bare, candidates)
    labels = catalog.labels
    one_product = np.flatnonzero(labels == labels[0])
    for rows in ([], [0], one_product):
        with pytest.raises(ValueError, match="more labels"):
            trained(catalog, candidates, np.array(rows, dtype=np.int64))


def test_a_catalogue_whose_products_are_easy_to_tell_apart():
    sellers = ["{}", "promo {}", "{} murah", "ready {} ori"]
    titles = [f"merek{number} barang {number % 5}00g" for number in range(60)]
    rows = [(words.format(title), title) for title in titles for words in sellers]
    table = pl.DataFrame(rows, schema=["title", "label_group"], orient="row")
    catalog, candidates = searched(table.with_row_index("posting_id"), encoders=[Tfidf])
    _, honest = trained(catalog, candidates)
    assert area_under_curve(honest, truth(catalog, candidates)) > 0.9


def test_encoders_whose_names_have_a_colon_can_be_learnt_from(market):
    """Networks are called ``onnx:`` and their file's name."""

    class Renamed(PHash):
        name = "onnx:photo"

    catalog, _ = market
    catalog, candidates = searched(catalog.frame, encoders=[Tfidf, Renamed])
    model, _ = trained(catalog, candidates, np.flatnonzero(catalog.labels < 15))
    assert len(model.probability(catalog, candidates)) == len(candidates)


def test_saved_and_loaded_it_judges_alike(model, saved, unseen):
    again = PairClassifier.load(saved)
    np.testing.assert_array_equal(again.probability(*unseen), model.probability(*unseen))
    assert (again.line, again.features) == (model.line, model.features)


def test_a_saved_model_is_text_only(saved):
    assert sorted(path.name for path in saved.iterdir()) == FILES
    for path in saved.iterdir():
        path.read_text(encoding="utf-8")
    head = json.loads((saved / "model.json").read_text())
    assert 0 < head["line"] < 1


def test_the_card_is_kept(model, tmp_path):
    card = {"trained_on": {"name": "büro.csv"}, "seed": 3}
    PairClassifier(model.boosters, model.features, 0.4, card).save(tmp_path)
    again = PairClassifier.load(tmp_path)
    assert (again.card, again.line) == (card, 0.4)


def rewrite_head(folder, **changes):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def drop_a_feature(folder):
    features = json.loads((folder / "model.json").read_text())["features"]
    rewrite_head(folder, features=features | {"first": features["first"][1:]})


DAMAGES = {
    "no folder": shutil.rmtree,
    "no head": lambda folder: (folder / "model.json").unlink(),
    "empty head": lambda folder: (folder / "model.json").write_text(""),
    "a list": lambda folder: (folder / "model.json").write_text("[]"),
    "other format": lambda folder: rewrite_head(folder, format=999),
    "no line": lambda folder: rewrite_head(folder, line=None),
    "line out of range": lambda folder: rewrite_head(folder, line=7),
    "no features": lambda folder: rewrite_head(folder, features={}),
    "other features": drop_a_feature,
    "no trees": lambda folder: (folder / "first.txt").unlink(),
    "empty trees": lambda folder: (folder / "first.txt").write_text(""),
    "something else": lambda folder: (folder / "first.txt").write_bytes(b"\x80\x04\x95pickle"),
    "trees of another pass": lambda folder: shutil.copy(
        folder / "second.txt", folder / "first.txt"
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_model_is_refused_by_name(saved, damage):
    damage(saved)
    with pytest.raises(ValueError, match=f"{saved.name} (holds no model|is no model)"):
        PairClassifier.load(saved)


def test_another_format_is_told(saved):
    rewrite_head(saved, format=999)
    with pytest.raises(ValueError, match=r"format 999.*train it again"):
        PairClassifier.load(saved)
