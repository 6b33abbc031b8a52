"""Two shops cut from one catalogue."""

import numpy as np
import pytest

from samesku import read_catalog
from samesku.linking.pseudo_shops import PseudoShops, deal, draw_shops, reworded


def products(side):
    return side.frame["label_group"].to_list()


def test_as_many_products_as_asked_are_in_both(catalog):
    sides = deal(catalog, PseudoShops(overlap=1.0), seed=0)
    assert len(sides.left) == len(sides.right) == 300
    assert set(products(sides.left)) == set(products(sides.right))
    sides = deal(catalog, PseudoShops(overlap=0.5, balance=0.1), seed=0)
    shared = set(products(sides.left)) & set(products(sides.right))
    assert 120 < len(shared) < 180
    assert len(sides.left) < len(sides.right)
    assert not set(sides.left.ids) & set(sides.right.ids)


def test_several_offers_of_a_product(catalog):
    sides = deal(catalog, PseudoShops(overlap=0.5, single=False), seed=1)
    assert len(sides.left) + len(sides.right) == 900


def test_drawn_shops_differ_and_can_be_drawn_again(catalog):
    drawn = [draw_shops(catalog, seed) for seed in range(6)]
    again = draw_shops(catalog, 3)
    assert again.left.titles == drawn[3].left.titles
    assert len({len(sides.left) for sides in drawn}) > 3
    lengths = [np.mean([len(title.split()) for title in sides.left.titles]) for sides in drawn]
    assert max(lengths) > min(lengths)


def test_labels_are_needed(catalog):
    blind = read_catalog(catalog.frame.drop("label_group"))
    with pytest.raises(ValueError, match="has no labels"):
        deal(blind, PseudoShops(1.0), seed=0)


def test_a_large_shop_has_all_that_a_small_one_has(catalog):
    for seed in range(6):
        sides = draw_shops(catalog, seed, contained=True)
        small, large = sorted((sides.left, sides.right), key=len)
        assert set(products(small)) <= set(products(large))
        assert len(small) < len(large) / 2


def test_reworded_shops_have_the_same_offers(catalog):
    sides = draw_shops(catalog, 3)
    worded = [reworded(sides, seed) for seed in (0, 0, 1, 2)]
    assert all(products(sides.left) == products(each.left) for each in worded)
    assert worded[0].left.titles == worded[1].left.titles
    assert len({tuple(each.right.titles) for each in [sides, *worded]}) > 1
