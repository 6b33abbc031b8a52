"""What pseudo-shops tell beside titles: descriptions and prices, made up, shared in part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.neighbors import nearest
from samesku.catalog.catalog import Catalog
from samesku.encoders import Tfidf
from samesku.titles import tokens

__all__ = ["ProductSheets", "product_sheets", "told_beside"]

# Words and numbers of a product's sheet beside those of its titles.
MOST_FACTS, MOST_NUMBERS = 40, 6
UNITS = ("cm", "mm", "kg", "g", "ml", "w", "v", "inch", "pcs", "")
# So many products have the sheet and the price of their nearest look-alike, but for a few words.
FAMILY, CHANGED = 0.4, 3
# A shop says its own phrases in so many of its descriptions, and describes so many of its offers.
PHRASES, LONGEST_PHRASE = 0.6, 40
# Shares of the facts that a shop tells, of the offers that it describes and prices.
LEAST_TOLD, LEAST_DESCRIBED = 0.3, 0.5
BOTH_DESCRIBE, SPREAD = 0.8, 0.15


@dataclass(frozen=True, eq=False)
class ProductSheets:
    """What there is to say about each product of a labelled catalogue.

    Attributes
    ----------
    products : mapping
        The number of each product, by its label.
    facts : list of list of str
        Words of each product.
    price : float64 (products,)
    words : sequence of str
        All words of the titles, as often as they are said.
    """

    products: Mapping[str, int]
    facts: list[list[str]]
    price: NDArray[np.float64]
    words: Sequence[str]


def product_sheets(catalog: Catalog, random: np.random.Generator) -> ProductSheets:
    """Make up a sheet for each product: what its titles say, and facts that no title tells.

    Look-alikes share most of theirs: descriptions are copied from one colour to the next.
    """
    labels = catalog.labels
    assert labels is not None
    said = [tokens(title) for title in catalog.normal_titles]
    words = [word for title in said for word in title] or ["thing"]
    count = int(labels.max()) + 1
    facts: list[list[str]] = [[] for _ in range(count)]
    for label, title in zip(labels, said, strict=True):
        facts[label] += title
    most = random.integers(5, MOST_FACTS)
    for sheet in facts:
        more = random.choice(words, size=random.integers(3, most))
        numbers = [
            f"{random.integers(1, 500)}{UNITS[random.integers(len(UNITS))]}"
            for _ in range(random.integers(MOST_NUMBERS))
        ]
        sheet[:] = dict.fromkeys([*sheet, *map(str, more), *numbers])
    price = np.exp(random.normal(3, 1, size=count))
    like = _look_alikes(catalog, labels, count)
    for product in np.flatnonzero((like >= 0) & (random.random(count) < FAMILY)):
        own = facts[product][:CHANGED]
        facts[product] = list(dict.fromkeys([*own, *facts[like[product]][CHANGED:]]))
        price[product] = price[like[product]]
    names = catalog.frame["label_group"].cast(str).to_list()
    return ProductSheets(dict(zip(names, labels.tolist(), strict=True)), facts, price, words)


def _look_alikes(catalog: Catalog, labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The product with the nearest title to the first of each product, -1 for none."""
    _, first = np.unique(labels, return_index=True)
    first = first[labels[first] >= 0]
    vectors = Tfidf().encode_titles(catalog.take(first).normal_titles)
    found = nearest(vectors, k=1, floor=0.1)
    like = np.full(count, -1, dtype=np.int64)
    like[labels[first[found.query]]] = labels[first[found.candidate]]
    return like


def told_beside(
    sides: Sequence[Catalog], sheets: ProductSheets, random: np.random.Generator
) -> list[Catalog]:
    """Two shops with descriptions, prices or both: each tells part of the sheets, in its own words.

    Parameters
    ----------
    sides : two of Catalog
    sheets : ProductSheets
    random : numpy.random.Generator
    """
    what = random.integers(3)
    one = random.integers(2) if random.random() > BOTH_DESCRIBE else -1
    told = []
    for place, side in enumerate(sides):
        labels = side.frame["label_group"].cast(str)
        own = np.array([sheets.products[label] for label in labels], dtype=np.int64)
        columns = []
        if what != 1 and place != one:
            columns.append(pl.Series("description", _descriptions(own, sheets, random)))
        if what != 0:
            columns.append(pl.Series("price", _prices(sheets.price[own], random)))
        told.append(Catalog(side.frame.with_columns(columns), side.photos, name=side.name))
    return told


def _descriptions(
    products: NDArray[np.int64], sheets: ProductSheets, random: np.random.Generator
) -> list[str]:
    described, share = random.uniform(LEAST_DESCRIBED, 1), random.uniform(LEAST_TOLD, 0.95)
    greeting, farewell = (
        random.choice(sheets.words, size=random.integers(0, LONGEST_PHRASE)).tolist()
        for _ in range(2)
    )
    texts = []
    for product in products:
        facts = [word for word in sheets.facts[product] if random.random() < share]
        if random.random() >= described:
            texts.append("")
            continue
        opening = greeting if random.random() < PHRASES else []
        texts.append(" ".join([*opening, *facts, *farewell]))
    return texts


def _prices(price: NDArray[np.float64], random: np.random.Generator) -> list[float | None]:
    level, spread = np.exp(random.normal(0, 2)), random.uniform(0.01, SPREAD)
    known = random.random(len(price)) < random.uniform(LEAST_DESCRIBED, 1)
    noisy = price * level * np.exp(random.normal(0, spread, size=len(price)))
    return [
        round(float(each), 2) if here else None for each, here in zip(noisy, known, strict=True)
    ]
