"""What is counted over all postings: terms, titles, prices, spellings, photos of many."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs
import pyarrow as pa

from samesku.catalog.catalog import Catalog
from samesku.distributed.reading import catalog_of, representatives
from samesku.distributed.shelf import Shelf, frame_of, part_of, table_of, texts_of
from samesku.distributed.tasks import Result
from samesku.encoders.base import Vectors
from samesku.encoders.tfidf import TermCounts
from samesku.runtime.arrays import Array
from samesku.scoring.features.codes import coded_words
from samesku.scoring.features.descriptions import described_texts
from samesku.scoring.features.prices import log_prices, spread
from samesku.titles import normal_tokens
from samesku.titles.attributes import Codes, read_titles
from samesku.titles.attributes.spelling import spelt
from samesku.titles.unlike import FEWEST, common_words, unlike
from samesku.titles.unlike import READ as ENOUGH

# Terms are in the order of the first posting that says them: of its shard, then within it.
FIRST = 2**40


def answers(
    shelf: Shelf, name: str, shard: int, parts: int, items: Array | pl.Series
) -> pl.DataFrame:
    """The least `rank`, and the sums of other columns over all shards, of each item of a shard."""
    found = frame_of(shelf.gathered(f"numbered/{name}", range(parts), shard))
    by_part = np.argsort(part_of(items, parts), kind="stable")
    return found[np.argsort(by_part)]


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
        pl.Series("~number", numbers[own]), pl.Series("~members", members[own])
    )
    catalog = catalog_of(frame)
    terms = TermCounts.of(catalog.normal_titles, np.array(letters, dtype=np.int64))
    codes_of = coded_words([normal_tokens(t) for t in catalog.normal_titles], catalog.stated)
    coded = Counter(code for codes in codes_of for code in set(codes))
    models, read = _read_titles(catalog, codes_of)
    shelf.write(f"distinct/{shard}", frame.with_columns(read).to_arrow())

    def ask(name: str, items: Array | pl.Series, **counted: Any) -> None:
        """Write what the shard holds of each item, for the parts of a dictionary."""
        table = pl.DataFrame({"item": items, **counted}).to_arrow()
        shelf.deal(f"asked/{name}/{shard}", table, part_of(items, shards), shards)

    words, grams = (
        np.bincount(rows.indices, minlength=rows.shape[1]) for rows in (terms.words, terms.ngrams)
    )
    ask(
        "words", texts_of(terms.vocabulary), held_by=words,
        rank=shard * FIRST + np.arange(len(words)),
        coded=pl.Series([coded[word] for word in terms.vocabulary], dtype=pl.Int64),
    )  # fmt: skip
    ask("grams", terms.packed, held_by=grams)
    ask("titles", texts_of(catalog.normal_titles).hash(), held_by=np.ones(len(frame), np.int64))
    if "description" in frame.columns:
        _, texts = described_texts(catalog)
        said = Counter(word for text in texts for word in dict.fromkeys(text))
        held_by = pl.Series(list(said.values()), dtype=pl.Int64)
        rank = shard * FIRST + np.arange(len(said))
        ask("described", texts_of(list(said)), held_by=held_by, rank=rank)
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
    stated = texts_of(json.dumps(each) for each in catalog.stated)
    return spelt, (stated.alias("~stated"), texts_of(lines).alias("~read"))


def merge_terms(shelf: Shelf, part: int, shards: int, names: Sequence[str]) -> None:
    """Add up what all shards hold of the items of one part; answer each in the order it asked."""
    least, sums = cs.by_name("rank", require_all=False), cs.exclude("item", "rank")
    for name in names:
        tables = [shelf.read(f"asked/{name}/{shard}", piece=part) for shard in range(shards)]
        whole = frame_of(pa.concat_tables(tables)).select(
            sums.sum().over("item"), least.min().over("item")
        )
        shard = np.repeat(np.arange(shards), [len(table) for table in tables])
        shelf.cut(f"numbered/{name}/{part}", whole.to_arrow(), shard, range(shards + 1))


def merge_held(shelf: Shelf, shards: int, priced: bool) -> None:
    """What workers hold of all shards: names and codes, each once, and how often each price is."""
    spelling = pl.concat(shelf.frame(f"spelt/{shard}") for shard in range(shards))
    shelf.write("spelt/all", spelling.unique().to_arrow())
    if priced:
        prices = pl.concat(shelf.frame(f"prices/{shard}") for shard in range(shards))
        counted = prices.group_by("value").agg(pl.col("count").sum()).sort("value")
        shelf.write("prices/all", counted.to_arrow())


def ask_looks(
    shelf: Shelf, name: str, parts: int, vectors: Vectors, postings: pl.DataFrame
) -> None:
    """Write the look of each photo, its first row's bytes, and the title above it."""
    owners, first = np.unique(vectors.owner, return_index=True)
    looks = [row.tobytes() for row in np.ascontiguousarray(vectors.rows[first])]
    look = pl.Series("look", looks, dtype=pl.Binary)
    seen = postings[owners].select(look, number="~number", title="~normal")
    shelf.deal(name, seen.to_arrow(), part_of(look, parts), parts)


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
