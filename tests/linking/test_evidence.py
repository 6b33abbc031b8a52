"""Evidence relative to the two shops."""

import numpy as np
import polars as pl
import pytest

from samesku import Cache, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.linking.evidence import other_view, price_view, title_view
from samesku.linking.sides import Sides, candidates_across
from samesku.runtime.progress import Progress


def described(sides):
    candidates, _ = candidates_across(
        sides, [Tfidf(), PHash()], k=20, method="auto", cache=Cache(None), progress=Progress()
    )
    return candidates, title_view(sides, candidates)


def column(features, name):
    return features.values[:, features.names.index(name)]


def test_a_link_leads_its_rivals_and_its_siblings(shops, truth):
    sides = Sides(*map(read_catalog, shops))
    candidates, told = described(sides)
    same = np.array(
        [
            (str(left), str(right - len(sides.left))) in truth
            for left, right in zip(candidates.left, candidates.right, strict=True)
        ]
    )
    assert (column(told, "tfidf_lead_min")[same] > 0).mean() > 0.9
    assert (column(told, "tfidf_lead_min")[~same] < 0).mean() > 0.9
    own = column(told, "tfidf_own_lead_min")
    assert own[same].mean() > own[~same].mean() + 0.1
    assert column(told, "tfidf_rank_max").max() <= 20


def test_the_usual_difference_of_two_shops_is_taken_off(shops, truth):
    sides = Sides(*map(read_catalog, shops))
    candidates, _ = described(sides)
    keys = {
        (int(left), int(right) - 36): place
        for place, (left, right) in enumerate(zip(candidates.left, candidates.right, strict=True))
    }
    sure = np.array([keys[int(left), int(right)] for left, right in sorted(truth)])
    view = price_view(sides, candidates, sure)
    assert column(view, "price_gap")[sure].max() < 0.01
    none = Sides(read_catalog(shops[0].drop("price")), sides.right)
    assert np.isnan(price_view(none, candidates, sure).values).all()


@pytest.mark.parametrize("brand", [True, False])
def test_brands_are_the_second_view(shops, brand):
    ours, theirs = shops
    if brand:
        ours = ours.with_columns(brand=pl.col("title").str.split(" ").list.first())
    sides = Sides(read_catalog(ours), read_catalog(theirs))
    candidates, _ = described(sides)
    named = column(other_view(sides, candidates), "brand_named_max")
    assert np.isnan(named).all() != brand
