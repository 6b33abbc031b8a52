"""Drawings of products, photos of them, and copies of the photos."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from research.marketplace.categories import CATEGORIES
from research.marketplace.copies import EDITS, collage, edit_copy
from research.marketplace.products import Product, draw_families
from research.marketplace.scenes import PHOTO_SIDE, catalogue_photo, own_shot
from research.marketplace.sellers import BACKGROUNDS, draw_seller
from research.marketplace.shapes import SHAPES, draw_product

PRODUCTS = [product for family in draw_families(600, 1) for product in family]


def difference(first: Image.Image, second: Image.Image) -> float:
    """Return the mean absolute difference of two pictures of one size, in grey levels."""
    return float(np.asarray(ImageChops.difference(first, second)).mean())


def test_every_shape_belongs_to_a_category_and_the_other_way_round() -> None:
    assert {shape for category in CATEGORIES for shape in category.shapes} == set(SHAPES)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_is_drawn_with_print_on_it(shape: str) -> None:
    category = next(category for category in CATEGORIES if shape in category.shapes)
    product = replace(PRODUCTS[0], category=category, shape=shape, nouns=category.nouns[0])
    drawn = draw_product(product)
    renamed = draw_product(replace(product, brand="Mmmmmm", line="Wwwww"))
    assert drawn.mode == "RGBA"
    assert 100 < max(drawn.size) <= 300
    assert np.asarray(drawn.getchannel("A")).mean() > 40
    assert drawn.tobytes() != renamed.tobytes()


def test_look_alikes_in_size_look_nearly_alike_but_not_equal() -> None:
    families: dict[int, list[Product]] = {}
    for product in PRODUCTS:
        if product.differs == "size" and product.shape != "phone_case":
            families.setdefault(product.family, []).append(product)
    pairs = [members[:2] for members in families.values() if len(members) > 1]
    assert len(pairs) > 5
    for first, second in pairs:
        near = difference(draw_product(first), draw_product(second))
        assert 0 < near < 6


def test_a_catalogue_photo_is_the_same_every_time() -> None:
    product = PRODUCTS[3]
    cutout = draw_product(product)
    photos = [catalogue_photo(product, cutout) for _ in range(2)]
    assert photos[0].size == (PHOTO_SIDE, PHOTO_SIDE)
    assert photos[0].tobytes() == photos[1].tobytes()


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_own_shots_differ_from_each_other_and_from_the_catalogue(
    background: str,
) -> None:
    product = PRODUCTS[3]
    cutout = draw_product(product)
    seller = replace(draw_seller(0, 0), background=background)
    shots = [own_shot(cutout, seller, Random(number))[0] for number in range(2)]
    again = own_shot(cutout, seller, Random(0))[0]
    assert shots[0].size == (PHOTO_SIDE, PHOTO_SIDE)
    assert shots[0].tobytes() == again.tobytes()
    assert difference(*shots) > 5
    assert difference(shots[0], catalogue_photo(product, cutout)) > 5


@given(seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_edited_copies_stay_photos(seed: int) -> None:
    photo = Image.linear_gradient("L").resize((PHOTO_SIDE, PHOTO_SIDE)).convert("RGB")
    before = photo.tobytes()
    rng = Random(seed)
    board = collage(photo, photo.rotate(90), rng)
    assert board.size == photo.size
    copy, names = edit_copy(board, draw_seller(seed, 0), rng)
    assert copy.mode == "RGB"
    assert min(copy.size) > 80
    assert set(names) <= set(EDITS)
    assert (copy.tobytes() == board.tobytes()) == (not names)
    assert photo.tobytes() == before


@pytest.mark.parametrize("name", sorted(EDITS))
def test_every_edit_changes_the_photo(name: str) -> None:
    cutout = draw_product(PRODUCTS[3])
    photo = catalogue_photo(PRODUCTS[3], cutout)
    edited = EDITS[name][0](photo, draw_seller(1, 0), Random(2))
    assert edited.tobytes() != photo.tobytes()
