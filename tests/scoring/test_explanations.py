"""Why a pair is judged so: in words, and in numbers that sum to its score."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from samesku import Matcher, read_catalog
from samesku.encoders import PHash, TextEncoder, Tfidf, Vectors
from samesku.scoring.explanations import FAMILIES, Explanations, families
from samesku.scoring.features.words import title_words

PHOTO, NEAR, OTHER = "94974f937d4c2433", "94974f937d4c2437", "6b68b06c82b3dbcc"
ROWS = [
    ("a", "Susu Bebelo 400 gram promo", PHOTO, "50 EUR", "Bebelo", "milk"),
    ("b", "BEBELO susu 0,4 kg murah", PHOTO, "52", "Bebelo", "powder"),
    ("c", "Susu Bebelo 800 gram", NEAR, "50 EUR", "Kapten", None),
    ("d", "Susu Bebelo vanila", OTHER, None, None, None),
    ("e", "Susu Bebelo", None, None, None, None),
    ("f", "Radio ZX7700", None, None, None, None),
    ("g", "ZX7700 stereo", None, None, None, None),
]
COLUMNS = ["posting_id", "title", "image_phash", "price", "brand", "description"]


@pytest.fixture(scope="module")
def shop():
    catalog = read_catalog(pl.DataFrame(ROWS, schema=COLUMNS, orient="row"))
    return catalog, Matcher([Tfidf(), PHash()], "union").candidates(catalog)


def place_of(candidates, left, right):
    found = (candidates.left == left) & (candidates.right == right)
    return int(np.flatnonzero(found)[0])


def evidence_of(shop, parts, start=-2.0):
    """Explanations for pairs ``(left, right)``: what the families named add."""
    catalog, candidates = shop
    added = {place_of(candidates, *pair): given for pair, given in parts.items()}
    places = np.array(sorted(added))
    rows = np.zeros((len(places), len(FAMILIES)), dtype=np.float32)
    for row, place in enumerate(places):
        for family, value in added[place].items():
            rows[row, FAMILIES.index(family)] = value
    return Explanations(places, rows, start, title_words(catalog.normal_titles))


def said(shop, left, right, **added):
    """What is said about one pair; names of families with _ for spaces."""
    catalog, candidates = shop
    parts = {(left, right): {name.replace("_", " "): value for name, value in added.items()}}
    place = np.array([place_of(candidates, left, right)])
    (line,) = evidence_of(shop, parts).phrases(catalog, candidates, place)
    return line


@pytest.mark.parametrize(
    ("pair", "family", "added", "phrase"),
    [
        ((0, 1), "numbers", 1, "same 400g +1.00"),
        ((0, 2), "numbers", -1.5, "400g against 800g -1.50"),
        ((0, 4), "numbers", -0.5, "400g -0.50"),
        ((3, 4), "numbers", -0.5, "numbers differ -0.50"),
        ((3, 4), "numbers", 0.5, "numbers agree +0.50"),
        ((5, 6), "codes", 0.5, "model codes agree +0.50"),
        ((0, 3), "codes", 0.5, "no model code differs +0.50"),
        ((0, 1), "codes", 0.5, "no model code differs +0.50"),
        ((0, 3), "codes", -0.5, "no model code in common -0.50"),
        ((0, 1), "photo", 2.25, "photo identical +2.25"),
        ((0, 2), "photo", 1, "photos alike 0.98 +1.00"),
        ((0, 3), "photo", -1, "photos differ 0.00 -1.00"),
        ((0, 4), "photo", -0.1, "no photo to compare -0.10"),
        ((0, 1), "rare_words", -1, 'rare word "promo" and "murah" in one only -1.00'),
        ((3, 4), "rare_words", -1, 'rare word "vanila" in one only -1.00'),
        ((3, 4), "rare_words", 1, 'rare word "milk" in both +1.00'),
        ((0, 1), "density", 1, "nearest of their kind +1.00"),
        ((0, 1), "density", -1, "many look like them -1.00"),
        ((0, 1), "attributes", 1, "attributes agree +1.00"),
        ((0, 1), "amount", 1, "same amount 400 g +1.00"),
        ((0, 2), "amount", -1, "amount 400 g against 800 g -1.00"),
        ((0, 4), "amount", -1, "amount 400 g against none -1.00"),
        ((0, 1), "price", -1, "prices 50 EUR and 52 -1.00"),
        ((0, 2), "price", 1, "same price 50 EUR +1.00"),
        ((3, 4), "price", -1, "no price stated -1.00"),
        ((0, 1), "brand", 1, "same brand Bebelo +1.00"),
        ((0, 2), "brand", -1, "brands Bebelo and Kapten -1.00"),
        ((0, 3), "brand", 1, "only one brand stated +1.00"),
        ((0, 1), "description", -1, "descriptions differ -1.00"),
        ((0, 2), "description", -1, "only one description stated -1.00"),
        ((3, 4), "description", -1, "no description stated -1.00"),
    ],
)
def test_what_a_family_says(shop, pair, family, added, phrase):
    assert said(shop, *pair, **{family: added}) == f"{phrase}; start -2.00"


def test_a_brand_adds_no_reason_of_its_own():
    rows = [("a", "tas hitam size XL", "A; start +9.99\n"), ("b", "tas hitam", "A; start +9.99\n")]
    catalog = read_catalog(
        pl.DataFrame(rows, schema=["posting_id", "title", "brand"], orient="row")
    )
    shop = catalog, Matcher([Tfidf(), PHash()], "union").candidates(catalog)
    assert said(shop, 0, 1, brand=1) == "same brand A, start +9.99 +1.00; start -2.00"
    assert "size_" not in said(shop, 0, 1, rare_words=-1)


def test_how_alike_titles_are(shop):
    candidates = shop[1]
    cosine = candidates.similarity[place_of(candidates, 0, 1), 0]
    assert said(shop, 0, 1, titles=3) == f"titles alike {cosine:.2f} +3.00; start -2.00"


def test_titles_are_as_alike_as_they_are_to_encoders_that_the_model_knows(shop):
    class Initial(TextEncoder):
        name, fingerprint = "initial", "initial"

        def encode_titles(self, titles):
            return Vectors.of(np.ones((len(titles), 1), np.float32), np.array(titles) != "")

    candidates = Matcher([Tfidf(), Initial()], "union").candidates(shop[0])
    place = np.array([place_of(candidates, 0, 1)])
    explanations = evidence_of((shop[0], candidates), {(0, 1): {"titles": 3}})
    (line,) = replace(explanations, encoders=["tfidf"]).phrases(shop[0], candidates, place)
    assert line == f"titles alike {candidates.similarity[place[0], 0]:.2f} +3.00; start -2.00"


def test_the_weightiest_reason_comes_first_and_the_start_last(shop):
    line = said(shop, 0, 1, titles=1, photo=0.5, numbers=2, density=-3)
    reasons = [reason.rsplit(" ", 1)[0] for reason in line.split("; ")]
    assert [reason.split(" ")[0] for reason in reasons] == [
        "many",
        "same",
        "titles",
        "photo",
        "start",
    ]


def test_what_hardly_counts_is_summed_up_with_the_start(shop):
    assert said(shop, 0, 1, photo=1, density=0.04, codes=-0.01) == (
        "photo identical +1.00; start -1.97"
    )


def test_pairs_that_were_not_looked_at_have_no_reasons(shop):
    catalog, candidates = shop
    explanations = evidence_of(shop, {(0, 2): {"photo": 1}, (1, 2): {"photo": 2}})
    asked = [place_of(candidates, *pair) for pair in ((1, 2), (0, 1), (0, 2), (3, 4))]
    found = explanations.phrases(catalog, candidates, np.array([*asked, -1]))
    assert [line and line.split("; ")[0] for line in found] == [
        "photos alike 0.98 +2.00",
        None,
        "photos alike 0.98 +1.00",
        None,
        None,
    ]
    assert explanations.phrases(catalog, candidates, np.empty(0, dtype=np.int64)) == []


def test_the_table_of_a_pair_holds_every_family_and_sums_to_its_log_odds(shop):
    catalog, candidates = shop
    parts = {(0, 1): {"photo": 1.5, "density": -2, "codes": 0.25}, (0, 2): {"photo": 9}}
    table = evidence_of(shop, parts).table(catalog, candidates, place_of(candidates, 0, 1))
    assert table.columns == ["reason", "log_odds"]
    assert table["reason"].head(3).to_list() == [
        "many look like them",
        "photo identical",
        "no model code differs",
    ]
    assert table.height == len(FAMILIES) + 1
    assert table.row(-1) == ("start", -2.0)
    assert table["log_odds"].sum() == pytest.approx(1.5 - 2 + 0.25 - 2)


@pytest.mark.parametrize("pair", [(0, 1), (3, 4)])
def test_there_is_no_table_for_a_pair_that_was_not_looked_at(shop, pair):
    catalog, candidates = shop
    explanations = evidence_of(shop, {(0, 2): {"photo": 1}})
    with pytest.raises(ValueError, match="too unlikely"):
        explanations.table(catalog, candidates, place_of(candidates, *pair))


def test_the_numbers_of_a_trained_model_sum_to_its_scores(model, unseen):
    catalog, candidates = unseen
    judged = model.predict(catalog, candidates, explain_from=0.1)
    assert len(judged.explanations.places) > 50
    lines = judged.explanations.phrases(catalog, candidates, judged.explanations.places)
    for place, line in zip(judged.explanations.places, lines, strict=True):
        score = float(judged.scores[place])
        odds = np.log(score / (1 - score))
        added = [float(number) for number in re.findall(r" ([+-]\d+\.\d\d)(?:;|$)", line)]
        # Each is rounded to two digits.
        assert len(added) == line.count(";") + 1
        assert sum(added) == pytest.approx(odds, abs=0.005 * len(added) + 0.01)
        table = judged.explanations.table(catalog, candidates, int(place))
        assert table["log_odds"].sum() == pytest.approx(odds, abs=5e-3)
        reasons = {reason.rsplit(" ", 1)[0] for reason in line.split("; ")}
        assert reasons <= set(table["reason"])  # the same beside other pairs as alone


def test_features_belong_to_families():
    encoders = {"tfidf": "text", "onnx:titles": "text", "phash": "photo", "onnx:photo": "photo"}
    expected = {
        "tfidf": "titles",
        "tfidf_z_min": "density",
        "onnx:titles_near_max": "density",
        "phash": "photo",
        "onnx:photo": "photo",
        "onnx:photo_rank_max": "photo",
        "edit_ratio": "titles",
        "words_min": "titles",
        "words_expected_max": "density",
        "rarest_shared": "rare words",
        "variant_unshared_min": "rare words",
        "quantities_clash": "numbers",
        "quantities_min": "numbers",
        "unshared_codes_max": "codes",
        "code_alike": "codes",
        "clash_colour": "colour",
        "alone_count": "count",
        "clashes": "attributes",
        "attributes_alone": "attributes",
        "price_gap": "price",
        "brand_same": "brand",
        "description_cosine": "description",
    }
    found = families(list(expected), encoders)
    assert dict(zip(expected, (FAMILIES[place] for place in found), strict=True)) == expected
