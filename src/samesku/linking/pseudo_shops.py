"""Pairs of shops with known truth, cut from one labelled catalogue."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.catalog.catalog import Catalog, read_catalog
from samesku.linking.pseudo_sheets import product_sheets, told_beside
from samesku.linking.sides import Sides
from samesku.linking.title_styles import restyled_titles

__all__ = ["PseudoShops", "deal", "draw_shops", "reworded"]

OVERLAPS = (1.0, 0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05)
# Share of the products of one shop only that go to the left one.
BALANCES = (0.5, 0.5, 0.5, 0.3, 0.7, 0.1, 0.9, 0.03, 0.97)
FEWEST_PRODUCTS, FEWEST_OFFERS = 120, 10
# A small shop all of whose products a large one has: their share, and how many the large one has.
CONTAINED = (0.02, 0.05, 0.1, 0.2, 0.3)
LEAST_OF_LARGE, MOST_OF_LARGE = 300, 4000
# How often a shop has one offer per product, and tells the hashes of its photos.
SINGLE, HASHES = 0.75, 0.3
# A third of the shops leave words out, each its own share of them; some turn the words around, some
# put words of their own before every title.
SHORT, MOST_LEFT_OUT, SHUFFLED = 1 / 3, 0.4, 0.2
# In some pairs of shops products have model codes. Most offers tell it, as one word or two; some
# products are another's look-alike but for the code, and the code mostly one of a series.
CODED, TOLD, LOOK_ALIKE, SERIES = 0.5, 0.9, 0.6, 0.7
LETTERS, DIGITS = "abcdefghjklmnprstuvwx", "0123456789"
PREFIXES: tuple[tuple[str, ...], ...] = ((), (), ("TOKO", "Jaya"), ("Original",))


@dataclass(frozen=True)
class PseudoShops:
    """How a catalogue is dealt to two shops.

    Parameters
    ----------
    overlap : float
        Share of the products that both shops have.
    balance : float
        Share of the others that go to the left shop.
    single : bool
        Whether a shop has one offer per product; else all offers are dealt.
    """

    overlap: float
    balance: float = 0.5
    single: bool = True


def deal(catalog: Catalog, shops: PseudoShops, seed: int) -> Sides:
    """Deal the postings of each product of a labelled catalogue to two shops."""
    labels = catalog.labels
    if labels is None:
        raise ValueError(f"{catalog.name} has no labels to deal its products by")
    random = np.random.default_rng(seed)
    order = random.permutation(np.flatnonzero(labels >= 0))
    products = labels[order]
    shared = (random.random(labels.max() + 1) < shops.overlap)[products]
    is_left = (random.random(labels.max() + 1) < shops.balance)[products]
    turn = _turns(products)
    # The first offer of a shared product goes left, the second right, the others anywhere.
    dealt = np.where(turn < 2, turn == 0, random.random(len(order)) < 0.5)
    goes_left = np.where(shared, dealt, is_left)
    kept = turn < np.where(shared, 2, 1) if shops.single else np.ones(len(order), dtype=bool)
    return Sides(
        catalog.take(np.sort(order[kept & goes_left])),
        catalog.take(np.sort(order[kept & ~goes_left])),
    )


def draw_shops(
    catalog: Catalog,
    seed: int,
    most_products: int = 2000,
    *,
    sheets: bool = False,
    contained: bool = False,
) -> Sides:
    """Draw two shops with all that differs between pairs of shops drawn, too.

    Size, overlap, balance, several offers per product, hashes, model codes, and the style of
    titles: shops that leave words out, turn them around or put their name before each.

    Parameters
    ----------
    catalog : Catalog
        With labels.
    seed : int
    most_products : int
        Products of both shops taken together, at most.
    sheets : bool
        Whether the shops also tell descriptions, prices or both, made up from sheets that their
        common products share in part.
    contained : bool
        Whether one shop is large and has all products of the other; `most_products` is not read.
    """
    random = np.random.default_rng(seed)
    labels = catalog.labels
    if labels is None:
        raise ValueError(f"{catalog.name} has no labels to deal its products by")
    fewest = FEWEST_PRODUCTS
    if contained:
        fewest, most_products = LEAST_OF_LARGE, MOST_OF_LARGE
    while True:
        shops = PseudoShops(
            random.choice(CONTAINED if contained else OVERLAPS),
            float(random.integers(2)) if contained else random.choice(BALANCES),
            bool(random.random() < SINGLE),
        )
        count = int(np.exp(random.uniform(np.log(fewest), np.log(most_products))))
        some = random.permutation(labels.max() + 1)[:count]
        drawn = catalog.take(np.flatnonzero(np.isin(labels, some)))
        if random.random() < CODED:
            drawn = _coded(drawn, random)
        sides = deal(drawn, shops, seed)
        if min(len(sides.left), len(sides.right)) >= FEWEST_OFFERS:
            break
    hashes = bool(random.random() < HASHES)
    styled = [_restyled(side, random, hashes=hashes) for side in (sides.left, sides.right)]
    if sheets:
        styled = told_beside(styled, product_sheets(drawn, random), random)
    return Sides(*styled)


def reworded(sides: Sides, seed: int) -> Sides:
    """The same shops, each of which words its titles in a way of its own, further apart."""
    random = np.random.default_rng(70_000 + seed)
    left, right = (
        replace(
            side,
            frame=side.frame.with_columns(pl.Series("title", restyled_titles(side.titles, random))),
        )
        for side in (sides.left, sides.right)
    )
    return Sides(left, right)


def _turns(products: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many offers of the same product come before each."""
    order = np.argsort(products, kind="stable")
    turn = np.empty(len(products), dtype=np.int64)
    start = np.searchsorted(products[order], products[order])
    turn[order] = np.arange(len(products)) - start
    return turn


def _coded(catalog: Catalog, random: np.random.Generator) -> Catalog:
    """Give every product a model code, and some the titles of another product beside it."""
    labels = catalog.labels
    assert labels is not None
    products = int(labels.max()) + 1
    codes = [_code(random) for _ in range(products)]
    looks = np.where(
        random.random(products) < LOOK_ALIKE, random.integers(products, size=products), -1
    )
    for product in np.flatnonzero((looks >= 0) & (random.random(products) < SERIES)):
        letters, digits = codes[looks[product]]
        place = random.integers(len(digits))
        other = str(random.choice(list(DIGITS)))
        codes[product] = letters, digits[:place] + other + digits[place + 1 :]
    titles = catalog.titles
    offers = [np.flatnonzero(labels == product) for product in range(products)]
    told = []
    for title, product in zip(titles, labels, strict=True):
        letters, digits = codes[product]
        if looks[product] >= 0:
            title = titles[random.choice(offers[looks[product]])]
        if random.random() < TOLD:
            sign = ("", "", "-", " ")[random.integers(4)]
            code = f"{letters}{sign}{digits}".upper()
            title = f"{title} {code}" if random.random() < 0.5 else f"{code} {title}"
        told.append(title)
    return replace(catalog, frame=catalog.frame.with_columns(pl.Series("title", told)))


def _code(random: np.random.Generator) -> tuple[str, str]:
    letters = "".join(random.choice(list(LETTERS), size=random.integers(1, 5)))
    digits = "".join(random.choice(list(DIGITS), size=random.integers(3, 5)))
    return letters, digits + ("" if random.random() < 0.6 else str(random.choice(list(LETTERS))))


def _restyled(catalog: Catalog, random: np.random.Generator, *, hashes: bool) -> Catalog:
    left_out = random.uniform(0, MOST_LEFT_OUT) if random.random() < SHORT else 0.0
    shuffled = random.random() < SHUFFLED
    prefix = PREFIXES[random.integers(len(PREFIXES))]
    titles = []
    for title in catalog.titles:
        words = title.split()
        kept = [word for word in words if random.random() >= left_out] or words[:1]
        if shuffled:
            random.shuffle(kept)
        titles.append(" ".join([*prefix, *kept]))
    frame = catalog.frame.with_columns(pl.Series("title", titles))
    columns = ["posting_id", "title", "label_group", *(["image_phash"] if hashes else [])]
    return read_catalog(frame.select(name for name in columns if name in frame.columns))
