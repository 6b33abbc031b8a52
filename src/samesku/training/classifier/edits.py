"""Data augmentation: postings edited so that they are another product, or the same in other words.

Labelled catalogues rarely hold the cases in which a mistake is worst: a phone beside its case, a
can beside the pack of 24, two sizes of one article with no other difference. Edited
postings bring them into the training.
"""

import itertools
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.random import Generator

from samesku.catalog.catalog import Catalog
from samesku.runtime.arrays import AnyInts, Bools, Doubles, Ints
from samesku.runtime.files import packaged_table
from samesku.titles.attributes.columns import check_sum, column_kind
from samesku.titles.lexicon import spellings
from samesku.titles.units import spell

# One posting in so many is edited.
EDITED = 0.4
# Of the edited ones, so many are the same product in other words. How far prices lie apart, as the
# standard deviation of their logarithm.
REWORDED, PRICES = 0.35, 0.1
# Of so few postings each of these is offered several times, by this geometric distribution, half of
# them under the same title: words and ranks tell other things where nearly all is one product.
FEW, OFFERS = 10, 0.4
# GTINs that are drawn: part of them that is of another posting, of the products that have two, and
# of those with one for all variants.
WRONG_NUMBER, TWO_NUMBERS, ONE_NUMBER = 0.005, 0.2, 0.1
_DATA = packaged_table("samesku.training.classifier", "edits.toml")
_COLUMNS = {unit: column for column, units in _DATA["columns"].items() for unit in units}
_MEASURED = re.compile(rf"(?<![a-z0-9.])([0-9]+(?:\.[0-9]+)?)({'|'.join(_COLUMNS)})(?![a-z0-9])")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"(?<![a-z0-9.,-])[1-9][0-9]?(?![a-z0-9.,%-])")
_CODE = re.compile(r"(?=[a-z0-9-]*[a-z])[a-z0-9-]*[0-9]{2,}[a-z0-9-]*")
_SIZE = re.compile(r"size_(?:x{0,3}[sl]|m|[0-9]{2})(?![a-z0-9])")
_SIZES = ("xs", "s", "m", "l", "xl", "xxl")
_FACTORS = (0.25, 0.5, 1.5, 2, 3, 4)
# Fewest variants of an article and one more than most, and part of them that is offered twice.
VARIANTS, TWICE = (2, 7), 0.3
Item = TypeVar("Item")


def edited(catalog: Catalog, rng: Generator) -> tuple[Catalog, Ints, Ints]:
    """Add edited copies of some postings to a catalogue.

    Returns the postings, then the edited ones: those of the same product keep all columns, those of
    another one brand and source, and half of both have about its price, and its photo and hash. The
    row of the posting that each was made from, or its own, int64 ``(n,)``; and which other product
    each edited posting shows, int64 ``(n,)`` from 1, 0 for that of its source.
    """
    titles = list(catalog.titles)
    source, product = list(range(len(titles))), [0] * len(titles)
    for row, title in enumerate(catalog.normal_titles):
        if not title or rng.random() >= EDITED:
            continue
        same = rng.random() < REWORDED
        if not same:
            made = _changed(title, rng)
        elif len(catalog) > FEW:
            made = [_reworded(title, rng)]
        else:
            made = _offered(title, rng)
        number = 0 if same else 1 + max(product)
        titles += made
        source += [row] * len(made)
        product += [number] * len(made)
    new = np.arange(len(source)) >= len(catalog)
    factor = np.where(new, np.exp(rng.normal(0, PRICES, len(source))), 1)
    unseen, unpriced = (new & (rng.random(len(source)) < 0.5) for _ in range(2))
    whole = _copies(catalog, titles, source, product, len(catalog), (factor, unseen, unpriced))
    return whole, np.array(source), np.array(product)


def variants(catalog: Catalog, rng: Generator) -> tuple[Catalog, Ints, Ints]:
    """A shop that has each posting of a catalogue in several sizes, colours or quantities.

    All variants of an article have its price, or of half of the articles one of their own, and all
    or none its photo and hash; some are offered twice. Returns as `edited`, of variants alone.
    """
    titles: list[str] = []
    source: list[int] = []
    product: list[int] = []
    number = 0
    for row, title in enumerate(catalog.normal_titles):
        base = _without(title, _stated(title).values())
        for variant in _varied(base or "product", rng):
            offered = [variant, *(_offered(variant, rng)[:1] if rng.random() < TWICE else ())]
            number += 1
            titles += offered
            source += [row] * len(offered)
            product += [number] * len(offered)
    rows, each = np.array(source), rng.random((2, len(catalog))) < 0.5
    factor = np.where(each[0, rows], np.exp(rng.normal(0, PRICES, len(rows))), 1)
    unpriced = np.zeros(len(rows), dtype=bool)
    shop = _copies(catalog, titles, source, product, 0, (factor, each[1, rows], unpriced))
    return shop, rows, np.array(product)


def _copies(
    catalog: Catalog,
    titles: Sequence[str],
    source: Sequence[int],
    product: Sequence[int],
    first: int,
    drawn: tuple[Doubles, Bools, Bools],
) -> Catalog:
    """Postings made of those at `source`; from row `first` on they are new.

    What each price is multiplied by, and whose photos and hashes, and prices, are hidden, is drawn.
    """
    factor, unseen, unpriced = drawn
    number = pl.int_range(pl.len()) - first
    frame = catalog.frame[list(source)].with_columns(
        title=pl.Series(titles),
        posting_id=pl.when(number < 0)
        .then("posting_id")
        .otherwise(pl.format("{}~{}", "posting_id", number)),
    )
    if "price" in frame.columns:
        frame = frame.with_columns(pl.col("price") * pl.Series(factor))
    kept = {"posting_id", "title", "label_group", "brand", "source"}
    hidden = {"image": unseen, "image_phash": unseen, "price": unpriced}
    other = np.array(product) > 0
    frame = frame.with_columns(
        pl.when(pl.Series(~hidden.get(name, other))).then(name).alias(name)
        for name in frame.columns
        if name not in kept
    )
    photos = tuple(
        None if hide else catalog.photos[row] for row, hide in zip(source, unseen, strict=True)
    )
    return Catalog(frame, photos, name=catalog.name)


def with_options(catalog: Catalog) -> Catalog:
    """Move sizes, colours and quantities from titles into columns, as shops give variants."""
    titles: list[str] = []
    options: list[dict[str, str]] = []
    for title in catalog.normal_titles:
        found = _stated(title)
        titles.append(_without(title, found.values()) or "product")
        options.append({name: one[0].removeprefix("size_") for name, one in found.items()})
    columns = [
        pl.Series(name, [cells.get(name) for cells in options], dtype=pl.String)
        for name in ("size", "colour", "flavour", "material", *dict.fromkeys(_COLUMNS.values()))
    ]
    frame = catalog.frame.with_columns(*columns, title=pl.Series(titles))
    return Catalog(frame, catalog.photos, name=catalog.name)


def _stated(title: str) -> dict[str, re.Match[str]]:
    """Sizes, colours and quantities of a normal title by the column that holds such a thing."""
    measured = ((_COLUMNS[one[2]], one) for one in _MEASURED.finditer(title))
    sized = (("size", one) for one in _SIZE.finditer(title))
    named = ((_named()[one[0]], one) for one in _WORD.finditer(title) if one[0] in _named())
    return dict((*measured, *sized, *named))


@cache
def _named() -> dict[str, str]:
    """Words for colours, flavours and materials, and the column that holds them."""
    return {
        word: kind
        for kind in ("flavour", "material", "colour")
        for spelt in spellings(f"{kind}s.toml").values()
        for words in spelt.values()
        for word in words
    }


def _without(title: str, found: Collection[re.Match[str]]) -> str:
    for one in sorted(found, key=re.Match.start, reverse=True):
        title = title[: one.start()] + title[one.end() :]
    return " ".join(title.split())


def _varied(title: str, rng: Generator) -> list[str]:
    """A title with several values of one option or two behind it."""
    words = (_words(kind, rng) for kind in ("colours", "flavours", "materials"))
    lists = [*_DATA["options"], *(each for each in words if len(each) > 1)]
    chosen = [lists[at] for at in rng.permutation(len(lists))[: rng.integers(1, 3)]]
    values = rng.permutation([" ".join(each) for each in itertools.product(*chosen)])
    return [f"{title} {value}" for value in values[: rng.integers(*VARIANTS)]]


def _words(kind: str, rng: Generator) -> list[str]:
    """What each of a kind, "colours", is called in a language, English in half of all cases."""
    lists = {name: listed for name, listed in spellings(f"{kind}.toml").items() if len(name) == 2}
    listed = lists["en" if rng.random() < 0.5 else _pick(sorted(lists), rng)]
    words = [spelt[0] for key, spelt in listed.items() if key and "+" not in key]
    return [word for word in words if " " not in word]


def with_gtins(catalog: Catalog, products: AnyInts, origin: AnyInts, rng: Generator) -> Catalog:
    """Give postings the GTINs of their products, as shops have them, in place of their own.

    Some have none, a few that of another posting, some products are sold under two numbers, and
    variants of a few under one. `products` and the products that they were made from are ``(n,)``.
    """
    size = len(catalog)
    _, parent = np.unique(origin, return_inverse=True)
    shared = (rng.random(size) < ONE_NUMBER)[parent]
    _, product = np.unique(np.where(shared, -1 - parent, products), return_inverse=True)
    second = (rng.random(size) < TWO_NUMBERS)[product] & (rng.random(size) < 0.5)
    number = 4 * 10**11 + rng.permutation(8 * size)[2 * product + second]
    number = np.where(rng.random(size) < WRONG_NUMBER, rng.permutation(number), number)
    known = rng.random(size) >= rng.uniform()
    written = [f"{each}{-check_sum(f'{each}0') % 10}" for each in number.tolist()]
    gtins = pl.Series("gtin", written).set(pl.Series(~known), None)
    own = [name for name in catalog.frame.columns if column_kind(name) == ("gtin", "")]
    frame = catalog.frame.drop(own).with_columns(gtins)
    return replace(catalog, frame=frame)


def _offered(title: str, rng: Generator) -> list[str]:
    """Titles of some further offers of the same product, half of them the same one."""
    count = int(rng.geometric(OFFERS))
    return [title if rng.random() < 0.5 else _reworded(title, rng) for _ in range(count)]


def _changed(title: str, rng: Generator) -> list[str]:
    """One or two titles of another product; none where no edit applies."""
    for edit in rng.permutation(np.array(_EDITS, dtype=object)):
        found: str = edit(title, rng)
        if found and found != title:
            return [found, _reworded(found, rng)] if rng.random() < 0.5 else [found]
    return []


def _reworded(title: str, rng: Generator) -> str:
    """The same words, one of them first or last: none that a number beside it may belong to."""
    words = title.split(" ")
    numbered = [any(map(str.isdigit, word)) for word in ("", *words, "")]
    free = [at for at in range(len(words)) if not any(numbered[at : at + 3])]
    if not free:
        return title
    word = words.pop(_pick(free, rng))
    return " ".join([word, *words] if rng.random() < 0.5 else [*words, word])


def _accessory(title: str, rng: Generator) -> str:
    """Something for the product: "case for T", "T case"."""
    language, word = _part(rng)
    before = spellings("contexts.toml")["for"].get(language)
    if before and rng.random() < 0.6:
        return f"{word} {before[0]} {title}"
    return f"{word} {title}" if rng.random() < 0.5 else f"{title} {word}"


def _bundle(title: str, rng: Generator) -> str:
    """The product with something for it: "T + 2 cases"."""
    word = _part(rng)[1]
    return f"{title} + {rng.integers(1, 4)} {word}" if rng.random() < 0.5 else f"{title} + {word}"


def _count(title: str, rng: Generator) -> str:
    if "pcs" in title:
        return ""
    pack = f"{_pick(_DATA['packs'], rng)}pcs"
    return f"{pack} {title}" if rng.random() < 0.4 else f"{title} {pack}"


def _quantity(title: str, rng: Generator) -> str:
    found = list(_MEASURED.finditer(title))
    if not found:
        return ""
    one = found[rng.integers(len(found))]
    value = max(1.0, round(float(one[1]) * _pick(_FACTORS, rng)))
    if value == float(one[1]):
        value += 1
    return title[: one.start()] + spell(value) + one[2] + title[one.end() :]


def _colour(title: str, rng: Generator) -> str:
    for language in rng.permutation(list(spellings("colours.toml"))):
        words = list(spellings("colours.toml")[language].values())
        known = {word for each in words for word in each}
        for match in _WORD.finditer(title):
            if match[0] not in known:
                continue
            if others := [each[0] for each in words if match[0] not in each]:
                return title[: match.start()] + _pick(others, rng) + title[match.end() :]
    return ""


def _size(title: str, rng: Generator) -> str:
    return _SIZE.sub(lambda one: f"size_{_pick(_SIZES, rng)}", title, count=1)


def _model(title: str, rng: Generator) -> str:
    """One digit of a model code, or a small number, is another."""
    found = [*_CODE.finditer(title), *_NUMBER.finditer(title)]
    found = [one for one in found if not _MEASURED.fullmatch(one[0])]
    if not found:
        return ""
    one = found[rng.integers(len(found))]
    places = [at for at in range(one.start(), one.end()) if title[at].isdigit()]
    at = places[rng.integers(len(places))]
    digit = str((int(title[at]) + rng.integers(1, 9)) % 9 + 1)
    return title[:at] + digit + title[at + 1 :]


_EDITS: tuple[Callable[[str, Generator], str], ...] = (
    *(_accessory, _accessory, _accessory, _bundle, _count, _count),
    *(_quantity, _quantity, _colour, _colour, _size, _model, _model),
)


def _part(rng: Generator) -> tuple[str, str]:
    """A language, English in half of all cases, and one of its words for an accessory."""
    languages = {k: v for k, v in spellings("accessories.toml").items() if k not in ("", "maker")}
    language = "en" if rng.random() < 0.5 else _pick(sorted(languages), rng)
    return language, _pick([word for words in languages[language].values() for word in words], rng)


def _pick(some: Sequence[Item], rng: Generator) -> Item:
    return some[int(rng.integers(len(some)))]
