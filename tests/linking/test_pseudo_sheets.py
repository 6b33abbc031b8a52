"""Descriptions and prices of pseudo-shops."""

import numpy as np

from samesku.linking.pseudo_sheets import product_sheets
from samesku.linking.pseudo_shops import draw_shops


def test_a_sheet_says_more_than_a_title(catalog):
    sheets = product_sheets(catalog, np.random.default_rng(0))
    assert len(sheets.facts) == len(sheets.price) == 300
    for product in range(300):
        facts = sheets.facts[sheets.products[f"g{product}"]]
        assert f"maker{product // 10}" in facts
        assert len(facts) > 4
    # Some look-alikes share theirs.
    assert len({frozenset(facts[3:]) for facts in sheets.facts}) < 300
    assert len(np.unique(sheets.price)) < 300


def test_shops_tell_part_of_what_their_common_products_have(catalog):
    drawn = [draw_shops(catalog, seed, sheets=True) for seed in range(8)]
    told = [set(sides.both.frame.columns) for sides in drawn]
    assert any("description" in columns for columns in told)
    assert any("price" in columns for columns in told)
    again = draw_shops(catalog, 3, sheets=True)
    assert again.right.frame.equals(drawn[3].right.frame)


def test_titles_and_products_are_those_without_sheets(catalog):
    plain, told = draw_shops(catalog, 5), draw_shops(catalog, 5, sheets=True)
    assert told.left.titles == plain.left.titles
    assert told.right.ids == plain.right.ids
