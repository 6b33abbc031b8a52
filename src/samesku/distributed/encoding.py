"""Vectors of a shard by the statistics of all, and what scoring reads of its titles."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from samesku.catalog.catalog import Catalog
from samesku.catalog.cells import OPTIONAL, REQUIRED
from samesku.distributed.reading import PHOTO, READ, catalog_of
from samesku.distributed.shelf import Shelf, array_of, table_of
from samesku.distributed.statistics import GRAMS, answers, ask_looks, title_keys
from samesku.distributed.tasks import Result, digest_of
from samesku.distributed.totals import Totals
from samesku.encoders.base import Encoder, Kind, PhotoEncoder, TextEncoder, Vectors
from samesku.encoders.encode import PhotoPass
from samesku.encoders.tfidf import TermCounts, Tfidf
from samesku.runtime.arrays import Array
from samesku.runtime.cache import Cache
from samesku.runtime.progress import Progress
from samesku.scoring.features.codes import rarest_code
from samesku.scoring.features.descriptions import described_texts
from samesku.scoring.presence import presence, with_data
from samesku.titles.attributes import KINDS, Codes, Spelling, read_attributes
from samesku.titles.attributes.codes import Piece
from samesku.titles.attributes.columns import column_kind


def photos_of(shelf: Shelf, shard: int) -> Result:
    """A digest of the photos of a shard as they are now: places, sizes and times."""
    seen = []
    for place in shelf.frame(f"distinct/{shard}", [PHOTO])[PHOTO].drop_nulls().to_list():
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
    found = answers(shelf, "words", shard, totals.shards, terms.vocabulary)
    progress = Progress()
    seen = [each for each in encoders if isinstance(each, PhotoEncoder)]
    photos = PhotoPass(catalog, seen, Cache(cache))
    photos.run(progress)
    words = by_rank(terms.words, found[0])
    table: dict[str, Any] = {"words": with_data(words, np.ones_like(words.data))}
    write_terms(shelf, f"words/{shard}", found, terms.vocabulary)
    if "description" in frame.columns:
        table |= _described(shelf, totals, shard, catalog)
    searched: dict[str, tuple[Kind, int, int]] = {}
    for encoder in encoders:
        products = 0
        if isinstance(encoder, Tfidf):
            vectors, products = _tfidf(shelf, totals, shard, encoder, terms, words, found)
        elif isinstance(encoder, PhotoEncoder):
            vectors = photos.vectors(encoder, progress)
            owners, first = np.unique(vectors.owner, return_index=True)
            ask_looks(
                shelf, encoder.name, shard, totals.shards, vectors.rows[first],
                frame["~number"].to_numpy()[owners], [titles[owner] for owner in owners.tolist()],
            )  # fmt: skip
        else:
            assert isinstance(encoder, TextEncoder)
            vectors = encoder.encode_titles(titles)
        probe = np.zeros(len(vectors.owner), bool) if vectors.probe is None else vectors.probe
        searched[encoder.name] = vectors.kind, int(np.count_nonzero(~probe)), products
        shelf.write(
            f"vectors/{encoder.name}/{shard}",
            table_of(owner=vectors.owner, row=vectors.rows, probe=probe),
        )
    table |= _said(shelf, totals, shard, frame, catalog, terms, found[2])
    kept = frame.drop(READ, "description", strict=False).to_arrow()
    for name, column in zip((made := table_of(**table)).column_names, made.columns, strict=True):
        kept = kept.append_column(name, column)
    shelf.write(f"said/{shard}", kept)
    refused = [[*photo, reason] for photo, reason in progress.refused.items()][:20]
    return {"refused": refused, "searched": searched}


def by_rank(rows: sp.csr_matrix, rank: Array) -> sp.csr_matrix:
    """The same rows with their columns in the order of their ranks."""
    place = np.empty(len(rank), dtype=np.int32)
    place[np.argsort(rank)] = np.arange(len(rank), dtype=np.int32)
    cells = (rows.data.copy(), place[rows.indices], rows.indptr)
    ranked = sp.csr_matrix(cells, shape=(rows.shape[0], max(len(rank), 1)))
    ranked.sort_indices()
    return ranked


def write_terms(
    shelf: Shelf, name: str, found: Sequence[Array], items: Sequence[str] | None = None
) -> None:
    """Write the ranks of columns, ascending, how many hold them, and their names."""
    order = np.argsort(found[0])
    table = {"rank": found[0][order], "held_by": found[1][order]}
    if items is not None:
        table["name"] = _texts(items).take(array_of(order))
    shelf.write(name, table_of(**table))


def _tfidf(
    shelf: Shelf, totals: Totals, shard: int, encoder: Tfidf, terms: TermCounts,
    words: sp.csr_matrix, found: tuple[Array, ...],
) -> tuple[Vectors, int]:  # fmt: skip
    """The vectors, and how many cells of all postings are in the columns of theirs."""
    order = np.argsort(found[0])
    names = [found[0][order], *terms.packed]
    block = np.repeat(np.arange(len(names), dtype=np.int8), [len(each) for each in names])
    held = [
        answers(shelf, name, shard, totals.shards, packed)[1]
        for name, packed in zip(GRAMS, terms.packed, strict=True)
    ]
    held_by = np.concatenate([found[1][order], *held])
    table = table_of(block=block, name=np.concatenate(names), held_by=held_by)
    shelf.write(f"vectors/{encoder.name}/{shard} columns", table)
    grams = sp.hstack(terms.ngrams, format="csr", dtype=np.float32)
    words.resize(words.shape[0], len(order))
    vectors = encoder.weighed(words, grams, np.split(held_by, [len(order)]), totals.size)
    return vectors, int(held_by[vectors.rows.indices].sum())


def _said(
    shelf: Shelf, totals: Totals, shard: int, frame: pl.DataFrame, catalog: Catalog,
    terms: TermCounts, coded: Array,
) -> dict[str, Any]:  # fmt: skip
    """What scoring reads of each posting beside its columns and words."""
    read = [_unpacked(*json.loads(text)) for text in frame[READ]]
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
    keys, own = np.unique(title_keys(catalog.normal_titles), return_inverse=True)
    counts = dict(zip(terms.vocabulary, coded.tolist(), strict=True))
    made: dict[str, Any] = {
        "~uses": answers(shelf, "titles", shard, totals.shards, keys)[1][own],
        "~code": _texts([rarest_code(each[0], counts) for each in read]),
    }
    for kind, values in stated.values.items():
        texts = {each: json.dumps(each) for each in set(values)}
        made[f"~{kind}"] = _texts([texts[each] for each in values])
    return made


def _texts(values: Sequence[str]) -> Any:
    return pl.Series(values, dtype=pl.String).to_arrow()


def _unpacked(
    coded: list[str], values: dict[str, list[str]], said: list[Any]
) -> tuple[list[str], dict[str, Any], Codes]:
    """Model codes, attributes, and what is settled by the spelling of all, of one title."""
    title, *parts = said
    codes = Codes(title, *(tuple((*each, Piece(*at)) for *each, at in part) for part in parts))
    return coded, dict.fromkeys(KINDS, ()) | values, codes


def _described(shelf: Shelf, totals: Totals, shard: int, catalog: Catalog) -> dict[str, Any]:
    """The words of titles, and of titles and descriptions."""
    titles, texts = described_texts(catalog)
    vocabulary: dict[str, int] = {}
    whole = presence(texts, vocabulary)
    found = answers(shelf, "described", shard, totals.shards, list(vocabulary))
    write_terms(shelf, f"described/{shard}", found)
    title = presence(titles, vocabulary)
    return {"whole": by_rank(whole, found[0]), "in title": by_rank(title, found[0])}
