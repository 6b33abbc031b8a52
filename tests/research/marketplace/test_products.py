"""Products, sellers and their titles."""

from __future__ import annotations

import ast
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from research.marketplace.products import LARGEST_GROUP, draw_families
from research.marketplace.sellers import draw_seller
from research.marketplace.titles import write_title


@given(postings=st.integers(2, 600), seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_families_share_out_every_posting(postings: int, seed: int) -> None:
    products = [product for family in draw_families(postings, seed) for product in family]
    assert sum(product.postings for product in products) == postings
    assert all(1 <= product.postings <= LARGEST_GROUP for product in products)
    assert [product.number for product in products] == list(range(len(products)))
    assert len({product.name for product in products}) == len(products)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_look_alikes_share_all_traits_but_one(seed: int) -> None:
    for family in draw_families(120, seed):
        first = family[0]
        for product in family[1:]:
            differing = [
                mine.kind
                for mine, other in zip(product.traits, first.traits, strict=True)
                if mine != other
            ]
            assert differing == [product.differs]
            assert (product.brand, product.line) == (first.brand, first.line)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_title_says_every_trait_that_it_does_not_omit(seed: int) -> None:
    rng = Random(seed)
    product = rng.choice(draw_families(40, seed))[0]
    seller = draw_seller(seed, seed)
    said = 0
    for _ in range(10):
        title, omitted = write_title(product, seller, rng)
        assert title.strip() == title != ""
        assert set(omitted) <= {trait.kind for trait in product.traits}
        said += all(
            any(way.lower() in title.lower() for way in trait.ways)
            for trait in product.traits
            if trait.kind not in omitted
        )
    # A typing error may hit the very word.
    assert said >= 7


def test_byte_escapes_spell_the_title_that_was_meant() -> None:
    seller = next(
        seller
        for seller in (draw_seller(number, 0) for number in range(400))
        if seller.escapes and seller.emoji
    )
    product = draw_families(20, 0)[0][0]
    titles = [write_title(product, seller, Random(number))[0] for number in range(40)]
    literals = [title for title in titles if title.startswith(("b'", 'b"'))]
    assert literals
    assert all(title.isascii() for title in titles)
    assert all(not ast.literal_eval(title).decode().isascii() for title in literals)
