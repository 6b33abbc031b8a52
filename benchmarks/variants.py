"""Shops of variants: what is matched within one, where nothing is the same, and linked between two.

    python benchmarks/variants.py [--model FOLDER] [--seed 0]

Invented exports of a shop: articles of two words, each in two to five variants by one option or
two. The options are in columns, as Shopify exports them, or behind the title. Linked are the export
and the titles, one to one.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
from numpy.random import Generator

from samesku import Matcher, read_catalog
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.learned import Learned, shipped_model

ARTICLES = (
    "T-Shirt,Hoodie,Jeans,Dress,Sneaker,Backpack,Candle,Shampoo,Argan Oil,Face Cream,Coffee Beans,"
    "Green Tea,Dog Food,Protein Powder,Bed Sheet,Towel,Rug,Lamp,Phone Case,USB Cable,Headphones,"
    "Water Bottle,Yoga Mat,Bracelet,Ring,Poster,Notebook,Pen,Mug,Bowl,Knife,Pan,Curtain,Pillow,"
    "Socks,Cap,Scarf,Gloves,Belt,Wallet"
).split(",")
NAMES = (
    "Classic Slim Organic Premium Vintage Soft Urban Nordic Royal Pure Fresh Daily Mini Active "
    "Bold Essential Coast Ember Grove Haven Ivy Juniper Lark Maple North Opal Pine Quartz Raven"
).split()
BRANDS = "Acme Brau Lumo Kite Noma Zeal Fjord Vela".split()
OPTIONS: Mapping[str, list[str]] = {
    "Size": ["S", "M", "L", "XL"],
    "Color": ["Red", "Blue", "Black", "Green", "White"],
    "Volume": ["50 ml", "100 ml", "250 ml", "500 ml"],
    "Weight": ["250 g", "500 g", "1 kg", "5 kg"],
    "Storage": ["64 GB", "128 GB", "256 GB"],
    "Pack": ["1", "3", "6"],
    "Shoe size": ["38", "39", "40", "41"],
    "Length": ["30", "32", "34"],
    "Material": ["Cotton", "Wool", "Silk"],
    "Scent": ["Lavender", "Rose", "Citrus"],
    "Motif": ["Alps", "Sea", "City"],
}
# Articles of a shop, and how many such shops.
SIZES = {3: 24, 10: 10, 30: 4, 100: 2, 400: 1}


def main() -> None:
    """One line per size of shop, with the options in columns and in titles."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="folder; default: the shipped one")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    model = PairClassifier.load(options.model) if options.model else shipped_model()
    matcher = Matcher(fusion=Learned(model))
    print(
        "| articles | shops | postings | matched: in columns | in titles | links, right | wrong |"
    )
    print("|---|---|---|---|---|---|---|")
    for articles, shops in SIZES.items():
        made = [
            shop(articles, np.random.default_rng([options.seed, articles, at]))
            for at in range(shops)
        ]
        total = sum(each.height for each in made)
        shares = [
            sum(matched(matcher, way(each)) for each in made) / total for way in (export, in_titles)
        ]
        right, wrong = np.sum([linked(matcher, each) for each in made], axis=0)
        cells = [articles, shops, total, *(f"{share:.3f}" for share in shares), right, wrong]
        print("|", " | ".join(map(str, cells)), "|")


def shop(articles: int, rng: Generator) -> pl.DataFrame:
    """Articles of a shop, as their export has them."""
    rows: list[tuple[str | float | None, ...]] = []
    named = rng.permutation(list(product(NAMES, ARTICLES)))[:articles]
    for number, (name, article) in enumerate(named.tolist()):
        kinds = rng.permutation(list(OPTIONS))[: rng.integers(1, 3)].tolist()
        values = list(product(*(OPTIONS[kind] for kind in kinds)))
        price, dearer, brand = rng.uniform(5, 80), rng.random() < 0.4, str(rng.choice(BRANDS))
        chosen = rng.permutation(len(values))[: rng.integers(2, 6)]
        for place, at in enumerate(chosen.tolist()):
            kind, value = (*kinds, None)[:2], (*values[at], None)[:2]
            cost = round(price * (1 + 0.2 * place * dearer), 2)
            rows.append((f"{number}-{place}", f"{name} {article}", brand, cost, *kind, *value))
    names = ["posting_id", "title", "brand", "price", "kind 1", "kind 2", "value 1", "value 2"]
    return pl.DataFrame(rows, schema=names, orient="row")


def export(made: pl.DataFrame) -> pl.DataFrame:
    """Options by name and value."""
    names = {
        f"{part} {n}": f"Option{n} {name}"
        for part, name in (("kind", "Name"), ("value", "Value"))
        for n in (1, 2)
    }
    return made.rename(names)


def in_titles(made: pl.DataFrame) -> pl.DataFrame:
    """Options behind the title."""
    title = pl.concat_str("title", "value 1", "value 2", separator=" ", ignore_nulls=True)
    return made.select("posting_id", "brand", "price", title=title)


def matched(matcher: Matcher, table: pl.DataFrame) -> int:
    """How many postings are in a cluster with another."""
    clusters = matcher.match(read_catalog(table)).clusters
    return int((np.bincount(clusters)[clusters] > 1).sum())


def linked(matcher: Matcher, made: pl.DataFrame) -> tuple[int, int]:
    """How many links between the export of a shop and its titles are right, and wrong."""
    titles = in_titles(made).with_columns(posting_id="b" + pl.col("posting_id"))
    pairs = matcher.match(read_catalog(export(made)), read_catalog(titles)).pairs
    right = int((pairs["right_id"] == "b" + pairs["left_id"]).sum())
    return right, pairs.height - right


if __name__ == "__main__":
    main()
