"""Vectors of a shard by the statistics of all, and what scoring reads of its titles."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from samesku.catalog.catalog import Catalog
from samesku.catalog.cells import OPTIONAL, REQUIRED
from samesku.distributed.reading import catalog_of
from samesku.distributed.shelf import Shelf, table_of, texts_of
from samesku.distributed.statistics import answers, ask_looks
from samesku.distributed.tasks import Result, digest_of
from samesku.distributed.totals import Totals
from samesku.encoders.base import Encoder, Kind, PhotoEncoder, TextEncoder, Vectors
from samesku.encoders.encode import PhotoPass
from samesku.encoders.tfidf import TermCounts, Tfidf
from samesku.runtime.cache import Cache
from samesku.runtime.progress import Progress
from samesku.scoring.features.codes import rarest_code
from samesku.scoring.features.descriptions import described_texts
from samesku.scoring.presence import presence, with_data
from samesku.titles.attributes import KINDS, Codes, Spelling, read_attributes
from samesku.titles.attributes.columns import column_kind


def photos_of(shelf: Shelf, shard: int) -> Result:
    """A digest of the photos of a shard as they are now: places, sizes and times."""
    seen = []
    for place in shelf.frame(f"distinct/{shard}", ["~photo"])["~photo"].drop_nulls().to_list():
        with suppress(OSError):
            status = os.stat(place)
            seen.append((place, status.st_size, status.st_mtime_ns))
    return {"digest": digest_of(seen)}


def encode_shard(
    shelf: Shelf, shard: int, totals: Totals, encoders: Sequence[Encoder], cache: str | None
) -> Result:
    """The vectors of a shard's distinct postings, and what scoring reads of their titles."""
    frame = shelf.frame(f"distinct/{shard}")
    catalog = catalog_of(frame)
    titles = catalog.normal_titles
    terms = TermCounts.of(titles, np.array(totals.letters, dtype=np.int64))
    found = answers(shelf, "words", shard, totals.shards, texts_of(terms.vocabulary))
    progress = Progress()
    seen = [each for each in encoders if isinstance(each, PhotoEncoder)]
    photos = PhotoPass(catalog, seen, Cache(cache))
    photos.run(progress)
    words = by_rank(terms.words, found["rank"])
    table: dict[str, Any] = {"words": with_data(words, np.ones_like(words.data))}
    named = found.select("rank", "held_by", name=texts_of(terms.vocabulary)).sort("rank")
    shelf.write(f"words/{shard}", named.to_arrow())
    if "description" in frame.columns:
        table |= _described(shelf, totals, shard, catalog)
    searched: dict[str, tuple[Kind, int, int]] = {}
    for encoder in encoders:
        products = 0
        if isinstance(encoder, Tfidf):
            vectors, products = _tfidf(shelf, totals, shard, encoder, terms, words, named)
        elif isinstance(encoder, PhotoEncoder):
            vectors = photos.vectors(encoder, progress)
            ask_looks(shelf, f"looks/{encoder.name}/{shard}", totals.shards, vectors, frame)
        else:
            assert isinstance(encoder, TextEncoder)
            vectors = encoder.encode_titles(titles)
        probe = np.zeros(len(vectors.owner), bool) if vectors.probe is None else vectors.probe
        searched[encoder.name] = vectors.kind, int(np.count_nonzero(~probe)), products
        shelf.write(
            f"vectors/{encoder.name}/{shard}",
            table_of(owner=vectors.owner, row=vectors.rows, probe=probe),
        )
    counts = dict(zip(terms.vocabulary, found["coded"], strict=True))
    table |= _said(shelf, totals, shard, frame, catalog, counts)
    kept = {each.name: each for each in frame.drop("~read", "description", strict=False)}
    shelf.write(f"said/{shard}", table_of(**kept, **table))
    refused = [[*photo, reason] for photo, reason in progress.refused.items()][:20]
    return {"refused": refused, "searched": searched}


def by_rank(rows: sp.csr_matrix, rank: pl.Series) -> sp.csr_matrix:
    """The same rows with their columns in the order of their ranks."""
    place = rank.arg_sort().arg_sort().cast(pl.Int32).to_numpy()
    cells = (rows.data.copy(), place[rows.indices], rows.indptr)
    ranked = sp.csr_matrix(cells, shape=(rows.shape[0], max(len(rank), 1)))
    ranked.sort_indices()
    return ranked


def _tfidf(
    shelf: Shelf, totals: Totals, shard: int, encoder: Tfidf, terms: TermCounts,
    words: sp.csr_matrix, named: pl.DataFrame,
) -> tuple[Vectors, int]:  # fmt: skip
    """The vectors, and how many cells of all postings are in the columns of theirs."""
    grams = answers(shelf, "grams", shard, totals.shards, terms.packed)
    # The numbers of n-grams are above all ranks of words.
    grams = grams.select(pl.Series("rank", terms.packed.astype(np.int64)), "held_by")
    columns = pl.concat([named.select("rank", "held_by"), grams])
    shelf.write(f"vectors/{encoder.name}/{shard} columns", columns.to_arrow())
    held_by = columns["held_by"].to_numpy()
    words.resize(words.shape[0], len(named))
    parts = np.split(held_by, [len(named)])
    vectors = encoder.weighed(words, terms.ngrams, parts, totals.size)
    return vectors, int(held_by[vectors.rows.indices].sum())


def _said(
    shelf: Shelf, totals: Totals, shard: int, frame: pl.DataFrame, catalog: Catalog,
    coded: Mapping[str, int],
) -> dict[str, Any]:  # fmt: skip
    """What scoring reads of each posting beside its columns and words."""
    # Model codes, attributes, and what is settled by the spelling of all.
    read = [
        (codes, dict.fromkeys(KINDS, ()) | values, Codes.of(*said))
        for codes, values, said in map(json.loads, frame["~read"])
    ]
    spelt = shelf.frame("spelt/all")
    kinds = spelt.partition_by("kind", as_dict=True)
    names, codes, glued = (kinds.get((kind,), spelt.clear()) for kind in ("name", "code", "glued"))
    spelling = Spelling(names["one"], codes["one"], glued.select("one", "other").rows())
    columns = {
        name: catalog.frame[name].to_list()
        for name in catalog.frame.columns
        if name not in REQUIRED + OPTIONAL and column_kind(name)
    }
    stated = read_attributes(
        catalog.normal_titles, columns, read=(each[1:] for each in read), spelling=spelling
    )
    titles = texts_of(catalog.normal_titles).hash()
    made: dict[str, Any] = {
        "~uses": answers(shelf, "titles", shard, totals.shards, titles)["held_by"],
        "~code": texts_of(rarest_code(each[0], coded) for each in read),
    }
    for kind, values in stated.values.items():
        texts = {each: json.dumps(each) for each in set(values)}
        made[f"~{kind}"] = texts_of(texts[each] for each in values)
    return made


def _described(shelf: Shelf, totals: Totals, shard: int, catalog: Catalog) -> dict[str, Any]:
    """The words of titles, and of titles and descriptions."""
    titles, texts = described_texts(catalog)
    vocabulary: dict[str, int] = {}
    whole = presence(texts, vocabulary)
    found = answers(shelf, "described", shard, totals.shards, texts_of(list(vocabulary)))
    shelf.write(f"described/{shard}", found.sort("rank").to_arrow())
    title = presence(titles, vocabulary)
    return {"whole": by_rank(whole, found["rank"]), "in title": by_rank(title, found["rank"])}
