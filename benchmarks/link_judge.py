"""Train the judge of links on pseudo-shops cut from a labelled catalogue, and score it on others.

    python benchmarks/link_judge.py train.csv --split split.csv --out src/samesku/models/links

Trains on the postings that the split calls `train`, and scores pseudo-shops cut from the others.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from linking import figures, yardstick

from samesku.catalog.catalog import Catalog, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.evaluation.splits import read_split
from samesku.linking import LinkJudge, link
from samesku.linking.pseudo_shops import PseudoShops, deal, draw_shops, reworded
from samesku.linking.sides import Sides
from samesku.linking.training import train_judge
from samesku.results.record import environment

# Pairs of shops that train, of each kind; every number a multiple of the judge's four folds.
PLAIN, CONTAINED, WORDED, BOTH = 160, 60, 80, 40
OVERLAPS = (1.0, 0.5, 0.25, 0.1, 0.05)
# Pairs of shops of each kind that are scored.
DRAWS, UNEVEN, STYLED, TOLD = 3, 24, 60, 24
# A shop of so many offers, all of them in one that has all other products, and so many of those
# that trained: as strangers, which no offer is to be linked with.
FEW, STRANGERS, SMALL = 50, 1900, 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--split", type=Path, required=True, help="posting_id,split")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--out", type=Path, help="folder of the judge; without it: only score")
    what.add_argument("--judge", type=Path, help="folder of the judge to score; default: shipped")
    options = parser.parse_args()
    train, rest = split_catalog(options.catalogue, options.split)
    judge = None if options.judge is None else LinkJudge.load(options.judge)
    if options.out is not None:
        card = {
            **environment(),
            "trained_on": {"catalogue": options.catalogue.name, "postings": len(train)},
        }
        judge = train_judge(training_shops(train), card)
        judge.save(options.out)
    score(rest, train, judge)


def training_shops(catalog: Catalog) -> Iterator[Sides]:
    """Pairs of shops as unlike each other as shops are."""
    yield from (draw_shops(catalog, 1000 + number) for number in range(PLAIN))
    yield from (draw_shops(catalog, 20_000 + number, contained=True) for number in range(CONTAINED))
    yield from (reworded(draw_shops(catalog, 40_000 + number), number) for number in range(WORDED))
    for number in range(BOTH):
        yield reworded(draw_shops(catalog, 21_000 + number, contained=True), 500 + number)


def split_catalog(catalogue: Path, split: Path) -> tuple[Catalog, Catalog]:
    """The training postings and the others."""
    catalog = read_catalog(catalogue)
    train = read_split(split, catalog)[0].train
    return catalog.take(train), catalog.take(np.setdiff1d(np.arange(len(catalog)), train))


def score(catalog: Catalog, strangers: Catalog, judge: LinkJudge | None) -> None:
    """Print mean precision, recall, F1 and yardstick on pairs of shops of several kinds."""
    print("pseudo-shops, pairs of them, precision, recall, F1, yardstick F1", flush=True)
    for kind, pairs in kinds_of_shops(catalog, strangers):
        rows = []
        for sides in pairs:
            found = link(sides.left, sides.right, encoders=[Tfidf(), PHash()], judge=judge)
            rows.append((*figures(found.table, sides), yardstick(sides)))
        told = "  ".join(f"{mean:.3f}" for mean in np.mean(rows, axis=0))
        print(f"{kind:32}  {len(rows):2}  {told}", flush=True)


def kinds_of_shops(catalog: Catalog, strangers: Catalog) -> Iterator[tuple[str, list[Sides]]]:
    """Pairs of shops by what they share, how they word it, their sizes and what they tell."""
    for overlap in OVERLAPS:
        shops = PseudoShops(overlap)
        yield f"overlap {overlap}", [deal(catalog, shops, seed) for seed in range(DRAWS)]
    yield "lopsided", [deal(catalog, lopsided(seed), seed) for seed in range(UNEVEN)]
    yield "styled, coded", [draw_shops(catalog, 9000 + seed) for seed in range(STYLED)]
    worded = (reworded(draw_shops(catalog, 50_000 + seed), 2000 + seed) for seed in range(STYLED))
    yield "worded further apart", list(worded)
    yield "50 offers, all in 3,000", [few(catalog, strangers, seed) for seed in range(SMALL)]
    apart = (reworded(few(catalog, strangers, 200 + seed), 900 + seed) for seed in range(SMALL))
    yield "50 in 3,000, further apart", list(apart)
    half = (few(catalog, strangers, 100 + seed, FEW // 2) for seed in range(SMALL // 2))
    yield "50 offers, half in 3,000", list(half)
    told = [draw_shops(catalog, 15_000 + seed, 600, sheets=True) for seed in range(TOLD)]
    yield "with descriptions, prices", told
    yield "the same, titles alone", [Sides(*map(titles_alone, (s.left, s.right))) for s in told]


def lopsided(seed: int) -> PseudoShops:
    """One shop ten to a hundred times as large as the other."""
    less = 1 / np.random.default_rng(500 + seed).uniform(10, 100)
    return PseudoShops((0.01, 0.02, 0.05)[seed % 3], less if seed % 2 else 1 - less)


def few(catalog: Catalog, strangers: Catalog, seed: int, shared: int = FEW) -> Sides:
    """Some offers, titles alone, of which so many are in a large shop, too."""
    random = np.random.default_rng(80_000 + seed)
    labels, others = catalog.labels, strangers.labels
    assert labels is not None
    assert others is not None
    products = random.permutation(labels.max() + 1)
    offers: dict[int, list[int]] = {}
    for place in random.permutation(np.flatnonzero(labels >= 0)):
        offers.setdefault(int(labels[place]), []).append(int(place))
    large = [offers[product][0] for product in (*products[FEW:], *products[:shared])]
    small = [offers[product][1] for product in products[:FEW]]
    mixed = random.permutation(len(strangers))
    _, first = np.unique(others[mixed], return_index=True)
    more = mixed[np.sort(first)[:STRANGERS]]
    one, other, beside = (
        part.take(np.sort(places)).frame.select("posting_id", "title", "label_group")
        for part, places in ((catalog, large), (catalog, small), (strangers, more))
    )
    shops = read_catalog(pl.concat([one, beside])), read_catalog(other)
    return Sides(*(shops if seed % 2 == 0 else shops[::-1]))


def titles_alone(shop: Catalog) -> Catalog:
    """The shop without its descriptions and prices."""
    return Catalog(shop.frame.drop("description", "price", strict=False), shop.photos)


if __name__ == "__main__":
    main()
