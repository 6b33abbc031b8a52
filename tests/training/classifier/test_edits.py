import numpy as np
import polars as pl
import pytest

from samesku import read_catalog
from samesku.titles import clean_title, normalise_title
from samesku.training.classifier.edits import edited, variants, with_gtins, with_options

TITLES = [
    "Kelva phone X200 128 GB black",
    "Herbia shampoo aloe 400 ml",
    "Arvo cotton shirt men size M red",
    "Volta batteries AA 4 pcs",
    "Nordo desk lamp brass",
] * 120


@pytest.fixture(scope="module")
def shop():
    frame = pl.DataFrame(
        {
            "posting_id": [f"p{row:04}" for row in range(len(TITLES))],
            "title": TITLES,
            "label_group": [f"g{row % 5}" for row in range(len(TITLES))],
            "brand": [title.split()[0] for title in TITLES],
            "price": ["9.90"] * len(TITLES),
        }
    )
    return read_catalog(frame)


@pytest.fixture(scope="module")
def made(shop):
    return edited(shop, np.random.default_rng(0))


def test_the_postings_come_first_and_unchanged(shop, made):
    catalog, source, product = made
    size = len(shop)
    assert catalog.frame.head(size).equals(shop.frame)
    assert source[:size].tolist() == list(range(size))
    assert not product[:size].any()
    assert len(catalog) == len(source) == len(product) > 1.2 * size
    assert len(set(catalog.ids)) == len(catalog)


def test_another_product_has_other_words_and_the_same_brand(shop, made):
    catalog, source, product = made
    for row in np.flatnonzero(product):
        assert catalog.normal_titles[row] != shop.normal_titles[source[row]]
        assert catalog.frame["brand"][int(row)] == shop.frame["brand"][int(source[row])]
    others = catalog.frame.filter(pl.Series(product > 0))
    assert 0.3 < others["price"].null_count() / len(others) < 0.7
    assert len(others) > 20


def test_the_same_product_has_the_same_words_in_another_order_at_about_its_price(shop, made):
    catalog, source, product = made
    same = [row for row in range(len(shop), len(catalog)) if not product[row]]
    assert len(same) > 10
    for row in same:
        before = normalise_title(clean_title(shop.titles[source[row]])).split()
        assert sorted(catalog.titles[row].split()) == sorted(before)
        price = catalog.frame["price"][row]
        assert price is None or 5 < price != shop.frame["price"][int(source[row])]


def test_of_few_postings_each_is_offered_several_times_often_under_its_title(shop):
    rng, unchanged, offers = np.random.default_rng(0), 0, []
    for _ in range(60):
        few = shop.take(np.arange(3))
        catalog, source, product = edited(few, rng)
        same = [row for row in range(3, len(catalog)) if not product[row]]
        offers += np.bincount(source[same], minlength=3).tolist()
        unchanged += sum(catalog.titles[row] == few.normal_titles[source[row]] for row in same)
    assert max(offers) > 3
    assert 0.3 < unchanged / sum(offers) < 0.8


def test_each_edit_is_one_product_of_one_source(made):
    _, source, product = made
    for number in range(1, product.max() + 1):
        assert len(set(source[product == number])) == 1


@pytest.mark.parametrize("kind", ["size", "memory", "amount", "count", "colour", "accessory"])
def test_every_kind_of_attribute_is_edited(shop, made, kind):
    catalog, source, product = made
    after, before = catalog.attributes.values[kind], shop.attributes.values[kind]
    assert any(set(after[row]) != set(before[source[row]]) for row in np.flatnonzero(product))


def test_the_same_seed_edits_the_same(shop, made):
    again = edited(shop, np.random.default_rng(0))[0]
    assert again.titles == made[0].titles


def test_a_colour_that_is_alone_in_its_word_list_is_left():
    frame = pl.DataFrame({"posting_id": [str(row) for row in range(200)], "title": "trimmer braun"})
    catalog, _, product = edited(read_catalog(frame), np.random.default_rng(0))
    assert product.any()
    assert len(catalog) > 200


def test_gtins_are_of_products_but_for_gaps_errors_and_second_numbers(shop):
    products = np.arange(len(TITLES)) // 3
    numbered = with_gtins(shop, products, products, np.random.default_rng(3))
    numbers = numbered.attributes.values["gtin"]
    pairs = [(a, b) for a, b in zip(numbers[::3], numbers[1::3], strict=True) if a and b]
    assert 0.1 < numbers.count(()) / len(numbers) < 0.9
    assert 0.7 < np.mean([a == b for a, b in pairs]) < 0.98
    others = [(a, b) for a, b in zip(numbers, numbers[3:], strict=False) if a and b]
    assert np.mean([a == b for a, b in others]) < 0.02
    # Those of the catalogue itself do not stand beside them.
    again = with_gtins(numbered, products, products, np.random.default_rng(2))
    assert again.attributes.values["gtin"] != numbers


def test_variants_of_a_few_products_have_one_gtin(shop):
    products = np.arange(len(TITLES))
    numbers = with_gtins(shop, products, products // 2, np.random.default_rng(1))
    numbers = numbers.attributes.values["gtin"]
    pairs = [(a, b) for a, b in zip(numbers[::2], numbers[1::2], strict=True) if a and b]
    assert 0.03 < np.mean([a == b for a, b in pairs]) < 0.25


def test_options_move_from_titles_to_columns_and_state_the_same(shop):
    moved = with_options(shop)
    assert moved.titles[:5] == [
        "kelva phone x200", "herbia shampoo", "arvo shirt men", "volta batteries aa",
        "nordo desk lamp",
    ]  # fmt: skip
    assert moved.frame.row(2, named=True)["colour"] == "red"
    for kind in ("size", "amount", "count", "colour", "flavour"):
        assert moved.attributes.values[kind] == shop.attributes.values[kind]
    assert moved.attributes.values["memory"][0] == ("storage: 128 gb",)


def test_variants_of_an_article_differ_in_what_they_state_and_in_nothing_else(shop):
    catalog, source, product = variants(shop.take(np.arange(40)), np.random.default_rng(0))
    words = [tuple(sorted(title.split())) for title in catalog.normal_titles]
    states = list(zip(words, *catalog.attributes.values.values(), strict=True))
    one_price = []
    for article in range(40):
        rows = np.flatnonzero(source == article)
        numbers = product[rows]
        assert 2 <= len(set(numbers.tolist())) <= 6
        stated = {number: states[row] for row, number in zip(rows, numbers, strict=True)}
        assert len(set(stated.values())) == len(stated)  # each its own
        assert all(states[row] == stated[number] for row, number in zip(rows, numbers, strict=True))
        one_price.append(catalog.frame["price"][rows].n_unique() == 1)
    assert 0.2 < np.mean(one_price) < 0.8
    assert len(product) > product.max()  # some are offered twice
