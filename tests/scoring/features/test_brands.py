"""Brands, also where only one of the two postings names its own."""

import numpy as np
import polars as pl

from samesku import read_catalog
from samesku.scoring.features.brands import brand_features, brand_rows, branded_words


def features(postings, left, right):
    ids = [f"p{row}" for row in range(len(postings))]
    titles, brands = zip(*postings, strict=True)
    frame = pl.DataFrame({"posting_id": ids, "title": titles, "brand": brands})
    return brand_features(
        brand_rows(*branded_words(read_catalog(frame))), np.array(left), np.array(right)
    )


def test_brands_are_compared_word_by_word():
    postings = [
        ("turntable", "Sony"),
        ("turntable", "SONY Corporation"),
        ("turntable", "Denon"),
        ("turntable", None),
    ]
    found = features(postings, [0, 0, 0], [1, 2, 3])
    np.testing.assert_array_equal(found["brand_same"], [1, 0, np.nan])
    np.testing.assert_array_equal(found["brand_named_max"], [1, 0, 0])


def test_a_brand_in_the_title_counts():
    found = features([("turntable", "Sony"), ("sony lp player", None)], [0], [1])
    assert np.isnan(found["brand_same"][0])
    assert found["brand_named_min"][0] == found["brand_named_max"][0] == 1


def test_no_brand_by_any_name_is_unknown():
    postings = [("a", "No Brand"), ("b", "Genérica"), ("c", ""), ("d", "无品牌")]
    found = features(postings, [0, 1, 1], [1, 2, 3])
    assert all(np.isnan(column).all() for column in found.values())
