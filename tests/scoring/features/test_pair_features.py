"""`pair_features`: every encoder's surroundings, words, strings and how popular a photo is."""

import numpy as np
import polars as pl
import pytest

from samesku import Matcher, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.scoring.features import CatalogRows, pair_features

SAME, OTHER = "94974f937d4c2433", "6b68b06c82b3dbcc"


def catalogue(*rows):
    names = ["posting_id", "title", "image_phash"]
    return read_catalog(pl.DataFrame(rows, schema=names, orient="row"))


def described(catalog, encoders=(Tfidf, PHash)):
    matcher = Matcher([encoder() for encoder in encoders], "union")
    candidates = matcher.candidates(catalog)
    features = pair_features(CatalogRows(catalog, candidates.sources), candidates)
    assert features.values.shape == (len(candidates), len(features.names))
    assert features.values.dtype == np.float32
    pairs = zip(candidates.left.tolist(), candidates.right.tolist(), strict=True)
    return {
        pair: dict(zip(features.names, row, strict=True))
        for pair, row in zip(pairs, features.values, strict=True)
    }


def test_describes_titles_and_photos_of_each_pair():
    offers = described(
        catalogue(
            ("a", "Susu Bebelo 400 gram", SAME),
            ("b", "BEBELO susu 0,4 kg", SAME),
            ("c", "Susu Bebelo 800 gram", OTHER),
            ("d", "Lampu LED", SAME),
        )
    )
    pair = offers[0, 1]
    assert pair["phash"] == 1
    assert pair["quantities_agree"] == 1
    assert pair["edit_ratio_sorted"] == 100
    assert np.isnan(pair["clash_colour"])
    assert (pair["clash_amount"], pair["clashes"]) == (0, 0)
    assert offers[0, 2]["quantities_clash"] == offers[0, 2]["clash_amount"] == 1
    assert offers[0, 3]["shared_words"] == 0


def test_some_pairs_are_described_as_among_all():
    catalog = catalogue(("a", "susu 1kg", SAME), ("b", "susu 1kg", SAME), ("c", "susu", OTHER))
    candidates = Matcher([Tfidf(), PHash()], "union").candidates(catalog)
    rows, places = CatalogRows(catalog, candidates.sources), np.array([1, 2])
    whole, some = pair_features(rows, candidates), pair_features(rows, candidates.take(places))
    np.testing.assert_array_equal(some.values, whole.take(places).values)


def test_what_may_differ_does_not_clash():
    catalog = catalogue(("a", "kaos bimo hitam", None), ("b", "kaos bimo putih", None))
    candidates = Matcher([Tfidf()], "union").candidates(catalog)
    rows = CatalogRows(catalog, candidates.sources)
    strict, tolerant = (
        dict(zip(told.names, told.values[0], strict=True))
        for told in (
            pair_features(rows, candidates),
            pair_features(rows, candidates, same=["colour"]),
        )
    )
    assert (strict["clash_colour"], strict["clashes"]) == (1, 1)
    assert np.isnan(tolerant["clash_colour"])
    assert tolerant["clashes"] == 0


def test_what_clashes_is_no_rival():
    catalog = catalogue(
        ("a", "kaos bimo sport hitam", None),
        ("b", "bimo pria hitam", None),
        ("c", "kaos bimo sport putih", None),
        ("d", "celana", None),
    )
    candidates = Matcher([Tfidf()], "union").candidates(catalog)
    place = int(candidates.places(np.array([0]), np.array([1]))[0])
    rows = CatalogRows(catalog, candidates.sources)

    def leads(same):
        told = pair_features(rows, candidates, same=same)
        return told.select(["tfidf_lead_min", "tfidf_lead_max"])[place]

    assert leads([])[0] > 0
    assert leads(["colour"])[0] < 0


def test_prices_brands_and_descriptions_count_where_there_are_such_columns():
    rows = {"posting_id": ["a", "b"], "title": ["susu bebelo", "susu bebelo"]}
    columns = {"price": [5.0, 10.0], "brand": ["Bebelo", "Bebelo"], "description": ["x", None]}
    bare = described(read_catalog(pl.DataFrame(rows)), [Tfidf])[0, 1]
    told = described(read_catalog(pl.DataFrame(rows | columns)), [Tfidf])[0, 1]
    assert not any(name.startswith(("price_", "brand_", "description_")) for name in bare)
    assert told["price_gap"] == pytest.approx(np.log(2))
    assert told["brand_same"] == 1
    assert told["description_covers_min"] == pytest.approx(1)
    assert {name: told[name] for name in bare} == pytest.approx(bare, nan_ok=True)


def test_what_a_posting_lacks_is_missing_not_zero():
    offers = described(
        catalogue(("a", "susu xq100 1kg", SAME), ("b", "susu xq100 1kg", None), ("c", "x", SAME))
    )
    of_photo = {name for name in offers[0, 1] if name.startswith(("phash", "photo_"))}
    missing = {name for name, value in offers[0, 1].items() if np.isnan(value)}
    assert of_photo == {name for name in missing if not name.startswith("clash_")}
    assert all(np.isfinite(offers[0, 2][name]) for name in of_photo)


def test_without_a_hash_encoder_nothing_is_said_about_photos():
    offers = described(catalogue(("a", "susu 1kg", SAME), ("b", "susu 1kg", SAME)), [Tfidf])
    assert not any(name.startswith(("phash", "photo_")) for name in offers[0, 1])


def test_the_order_of_the_postings_does_not_matter():
    rows = [
        ("a", "Susu Bebelo 400 gram ori", SAME),
        ("b", "BEBELO susu 0,4 kg murah", "94974f937d4c2432"),
        ("c", "Susu Bebelo 800 gram promo", None),
        ("d", "Susu kental 800 gram", OTHER),
    ]
    pairs, turned = described(catalogue(*rows)), described(catalogue(*rows[::-1]))
    assert {(3 - b, 3 - a) for a, b in pairs} == turned.keys()
    for (a, b), features in pairs.items():
        other = turned[3 - b, 3 - a]
        assert features.keys() == other.keys()
        for name, value in features.items():
            np.testing.assert_allclose(value, other[name], rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("rows", [1, 2], ids=["one posting", "two strangers"])
def test_no_pair(rows):
    offers = [("a", "susu 1kg", SAME), ("b", "lampu", OTHER)]
    assert described(catalogue(*offers[:rows])) == {}
