"""What is counted over all postings: terms, titles, prices, spellings, photos of many."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from zlib import crc32

import numpy as np
import polars as pl
import pyarrow as pa

from samesku.catalog.catalog import Catalog
from samesku.distributed.components import part_of
from samesku.distributed.reading import MEMBERS, READ, STATED, catalog_of, representatives
from samesku.distributed.shelf import Shelf, columns_of, frame_of, table_of
from samesku.distributed.tasks import Result
from samesku.encoders.tfidf import NGRAMS, TermCounts
from samesku.runtime.arrays import Array
from samesku.scoring.features.codes import coded_words
from samesku.scoring.features.descriptions import described_texts
from samesku.scoring.features.prices import log_prices, spread
from samesku.titles import normal_tokens
from samesku.titles.attributes import Codes, read_titles
from samesku.titles.attributes.spelling import spelt
from samesku.titles.unlike import FEWEST, common_words, unlike
from samesku.titles.unlike import READ as ENOUGH

GRAMS = tuple(f"grams{length}" for length in NGRAMS)
Items = Sequence[str] | Array
# Terms are in the order of the first posting that says them: of its shard, then within it.
FIRST = 2**40
ANSWERED = ("order", "count", "coded")


def dictionaries(columns: Sequence[str]) -> list[str]:
    """The names of what is counted of catalogues with these columns."""
    return ["words", *GRAMS, "titles", *(["described"] if "description" in columns else [])]


def _parts_of(items: Items, parts: int) -> Array:
    """The part that counts each item over all shards."""
    if isinstance(items, np.ndarray):
        return part_of(items, parts)
    found = (crc32(item.encode("utf-8", "surrogatepass")) % parts for item in items)
    return np.fromiter(found, dtype=np.int64, count=len(items))


def _ask(
    shelf: Shelf, name: str, shard: int, parts: int, items: Items, order: Array, count: Array,
    coded: Array | None = None,
) -> None:  # fmt: skip
    """Write what a shard holds of each item, for the parts of the dictionary."""
    numbers = isinstance(items, np.ndarray)
    frame = pl.DataFrame(
        {
            "item": pl.Series(items, dtype=pl.UInt64 if numbers else pl.String),
            "order": order.astype(np.uint64),
            "count": count.astype(np.int64),
            "coded": np.zeros(len(count), np.int64) if coded is None else coded.astype(np.int64),
        }
    )
    shelf.deal(f"asked/{name}/{shard}", frame.to_arrow(), _parts_of(items, parts), parts)


def answers(shelf: Shelf, name: str, shard: int, parts: int, items: Items) -> tuple[Array, ...]:
    """Least `order`, and sums of `count` and `coded` over all shards, of each item of a shard."""
    of = _parts_of(items, parts)
    found = tuple(np.zeros(len(of), dtype=kind) for kind in (np.uint64, np.int64, np.int64))
    for part in range(parts):
        table = shelf.piece(f"numbered/{name}/{part}", shard)
        for column, values in zip(found, columns_of(table, *ANSWERED), strict=True):
            column[of == part] = values
    return found


def count_shard(shelf: Shelf, shard: int, starts: Sequence[int], letters: Sequence[int]) -> Result:
    """Keep the distinct postings of a shard, and count what they say."""
    shards = len(starts) - 1
    frame = shelf.frame(f"sorted/{shard}")
    stands, members = representatives(shelf, shard, starts)
    numbers = np.arange(starts[shard], starts[shard + 1])
    whole = frame.select(
        "posting_id", "title", "~file", "~row", number=pl.Series(numbers), stands=pl.Series(stands)
    )
    shelf.write(f"whole/{shard}", whole.to_arrow())
    own = stands == numbers
    frame = frame.filter(pl.Series(own)).with_columns(
        pl.Series("~number", numbers[own]), pl.Series(MEMBERS, members[own])
    )
    catalog = catalog_of(frame)
    terms = TermCounts.of(catalog.normal_titles, np.array(letters, dtype=np.int64))
    first = shard * FIRST
    codes_of = coded_words([normal_tokens(t) for t in catalog.normal_titles], catalog.stated)
    coded = Counter(code for codes in codes_of for code in set(codes))
    models, read = _read_titles(catalog, codes_of)
    shelf.write(f"distinct/{shard}", frame.with_columns(read).to_arrow())
    words = terms.vocabulary
    _ask(
        shelf, "words", shard, shards, words, first + np.arange(len(words)),
        np.bincount(terms.words.indices, minlength=len(words)),
        np.array([coded[word] for word in words], dtype=np.int64),
    )  # fmt: skip
    for name, rows, packed in zip(GRAMS, terms.ngrams, terms.packed, strict=True):
        held = np.bincount(rows.indices, minlength=len(packed))
        _ask(shelf, name, shard, shards, packed, packed, held)
    keys = title_keys(catalog.normal_titles)
    titles, uses = np.unique(keys, return_counts=True)
    _ask(shelf, "titles", shard, shards, titles, titles, uses)
    if "description" in frame.columns:
        _, texts = described_texts(catalog)
        said = Counter(word for text in texts for word in dict.fromkeys(text))
        counts = np.array(list(said.values()), dtype=np.int64)
        order = first + np.arange(len(said))
        _ask(shelf, "described", shard, shards, list(said), order, counts)
    if "price" in frame.columns:
        values, counts = spread(*log_prices(catalog))
        shelf.write(f"prices/{shard}", table_of(value=values, count=counts))
    names, codes, glued = spelt(models)
    kinds = [("name", name, "") for name in names] + [("code", code, "") for code in codes]
    kinds += [("glued", *pair) for pair in glued]
    spelling = pl.DataFrame(kinds, schema={"kind": str, "one": str, "other": str}, orient="row")
    shelf.write(f"spelt/{shard}", spelling.to_arrow())
    return {"distinct": frame.height}


def _read_titles(
    catalog: Catalog, coded: Sequence[list[str]]
) -> tuple[list[Codes], tuple[pl.Series, pl.Series]]:
    """How titles spell models, and two columns with all that is read of them."""
    brands = catalog.frame["brand"].to_list() if "brand" in catalog.frame.columns else None
    spelt, lines = [], []
    titles = read_titles(catalog.normal_titles, catalog.stated, brands)
    for codes, (values, said) in zip(coded, titles, strict=True):
        spelt.append(said)
        lines.append(json.dumps([codes, {k: sorted(v) for k, v in values.items() if v}, said]))
    stated = [json.dumps(each) for each in catalog.stated]
    return spelt, (pl.Series(STATED, stated, pl.String), pl.Series(READ, lines, pl.String))


def title_keys(titles: Sequence[str]) -> Array:
    """A number of 64 bits for each title."""
    found = (blake2b(title.encode("utf-8", "surrogatepass"), digest_size=8) for title in titles)
    return np.frombuffer(b"".join(each.digest() for each in found), dtype=np.uint64)


def merge_terms(shelf: Shelf, part: int, shards: int, names: Sequence[str]) -> None:
    """Add up what all shards hold of the items of one part; answer each in the order it asked."""
    least, *sums = (pl.col(name) for name in ANSWERED)
    whole = [least.min().over("item"), *(each.sum().over("item") for each in sums)]
    for name in names:
        tables = [shelf.piece(f"asked/{name}/{shard}", part) for shard in range(shards)]
        found = frame_of(pa.concat_tables(tables)).select(whole).to_arrow()
        shard = np.repeat(np.arange(shards), [len(table) for table in tables])
        shelf.cut(f"numbered/{name}/{part}", found, shard, range(shards + 1))


def merge_held(shelf: Shelf, shards: int, priced: bool) -> None:
    """What workers hold of all shards: names and codes, each once, and how often each price is."""
    spelling = pl.concat(shelf.frame(f"spelt/{shard}") for shard in range(shards))
    shelf.write("spelt/all", spelling.unique().to_arrow())
    if priced:
        prices = pl.concat(shelf.frame(f"prices/{shard}") for shard in range(shards))
        counted = prices.group_by("value").agg(pl.col("count").sum()).sort("value")
        shelf.write("prices/all", counted.to_arrow())


def ask_looks(
    shelf: Shelf, encoder: str, shard: int, parts: int, first: Array, numbers: Array,
    titles: Sequence[str],
) -> None:  # fmt: skip
    """Write the look of each photo, its first row's bytes, and the title above it."""
    looks = [row.tobytes() for row in np.ascontiguousarray(first)]
    of = np.array([crc32(look) % parts for look in looks], dtype=np.int64)
    frame = pl.DataFrame(
        {
            "look": pl.Series(looks, dtype=pl.Binary),
            "number": pl.Series(numbers, dtype=pl.Int64),
            "title": pl.Series(titles, dtype=pl.String),
        }
    )
    shelf.deal(f"looks/{encoder}/{shard}", frame.to_arrow(), of, parts)


def merge_looks(shelf: Shelf, part: int, shards: int, encoders: Sequence[str]) -> Result:
    """The different photos of one part, each with the title that it is first seen under."""
    counts = {}
    for encoder in encoders:
        known = (
            frame_of(shelf.gathered(f"looks/{encoder}", range(shards), part))
            .group_by("look")
            .agg(pl.col("title").sort_by("number").first())
            .sort("look")
        )
        shelf.write(f"seen/{encoder}/{part}", known.to_arrow())
        counts[encoder] = known.height
    return {"looks": counts}


def judge_looks(shelf: Shelf, part: int, starts: Sequence[int], looks: Mapping[str, int]) -> None:
    """Which postings of one part show a photo that stands under unlike titles.

    `looks`: how many different photos there are, by encoder. Past 20,000 some of every part tell
    which words are common, where the local engine takes some of all.
    """
    shards, blank = len(starts) - 1, set[int]()
    for encoder, count in looks.items():
        seen = [shelf.frame(f"seen/{encoder}/{other}", ["title"]) for other in range(shards)]
        step = 1 + count // ENOUGH
        common = common_words(t for each in seen for t in each["title"].gather_every(step))
        many = (
            frame_of(shelf.gathered(f"looks/{encoder}", range(shards), part))
            .filter(pl.len().over("look") >= FEWEST)
            .group_by("look")
            .agg("number", "title")
        )
        for numbers, titles in many.select("number", "title").iter_rows():
            if unlike(set(titles), common):
                blank.update(numbers)
    found = np.array(sorted(blank), dtype=np.int64)
    shelf.cut(f"blank/{part}", table_of(number=found), found, starts)
