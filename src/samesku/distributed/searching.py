"""Vectors of a shard by the statistics of all, and who is near whom: tile by tile, then merged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import scipy.sparse as sp

from samesku.candidates.neighbors import FLOOR, Neighbors, best, nearest
from samesku.candidates.search import search_themselves
from samesku.catalog.catalog import Catalog
from samesku.catalog.cells import OPTIONAL, REQUIRED
from samesku.distributed.reading import catalog_of
from samesku.distributed.shelf import Array, Shelf, columns_of, ragged, sparse, table_of
from samesku.distributed.statistics import GRAMS, answers, ask_looks, said_of, title_keys
from samesku.distributed.tasks import Result
from samesku.encoders.base import Encoder, PhotoEncoder, Rows, TextEncoder, Vectors
from samesku.encoders.encode import PhotoPass
from samesku.encoders.tfidf import TermCounts, Tfidf
from samesku.runtime.cache import Cache
from samesku.runtime.progress import Progress
from samesku.scoring.features.codes import coded_words, rarest_code
from samesku.scoring.features.descriptions import described_texts
from samesku.titles import normal_tokens
from samesku.titles.attributes import Spelling, read_attributes
from samesku.titles.attributes.columns import column_kind


@dataclass(frozen=True)
class Totals:
    """What is known of the whole catalogue once its terms are numbered."""

    size: int  # distinct postings
    starts: tuple[int, ...]  # number of the first posting of each shard, and how many there are
    letters: tuple[int, ...]
    terms: dict[str, int]  # items of each dictionary

    @property
    def shards(self) -> int:
        return len(self.starts) - 1


def encode_shard(
    shelf: Shelf, shard: int, totals: Totals, encoders: Sequence[Encoder], cache: str | None
) -> Result:
    """The vectors of a shard's distinct postings, and what scoring reads of their titles."""
    frame = shelf.frame(f"distinct/{shard}")
    numbers = frame["~number"].to_numpy()
    catalog = catalog_of(frame)
    titles = catalog.normal_titles
    terms = TermCounts.of(titles, np.array(totals.letters, dtype=np.int64))
    found = answers(shelf, "words", shard, totals.shards, terms.vocabulary)
    progress = Progress()
    seen = [each for each in encoders if isinstance(each, PhotoEncoder)]
    photos = PhotoPass(catalog, seen, Cache(None if cache is None else Path(cache)))
    if photos.wanted.any():
        photos.run(progress)
    for encoder in encoders:
        if isinstance(encoder, Tfidf):
            vectors = _tfidf(shelf, totals, shard, encoder, terms, found)
        elif isinstance(encoder, PhotoEncoder):
            vectors = photos.vectors(encoder, progress)
            owners, first = np.unique(vectors.owner, return_index=True)
            ask_looks(
                shelf, encoder.name, shard, totals.shards, vectors.rows[first], numbers[owners],
                [titles[owner] for owner in owners.tolist()],
            )  # fmt: skip
        else:
            assert isinstance(encoder, TextEncoder)
            vectors = encoder.encode_titles(titles)
        probe = np.zeros(len(vectors.owner), bool) if vectors.probe is None else vectors.probe
        table = table_of(number=numbers[vectors.owner], row=vectors.rows, probe=probe)
        shelf.write(f"vectors/{encoder.name}/{shard}", table)
    said = _said(shelf, totals, shard, frame, catalog, terms, found)
    shelf.write(f"said/{shard}", said.to_arrow())
    return {"refused": [[each.posting_id, each.path, each.reason] for each in photos.broken[:20]]}


def _tfidf(
    shelf: Shelf, totals: Totals, shard: int, encoder: Tfidf, terms: TermCounts,
    found: tuple[Array, ...],
) -> Vectors:  # fmt: skip
    rank, frequency, _ = found
    words = _ranked(terms.words, rank)
    parts, ranked, counted, offset = [], [], [], 0
    for name, rows, packed in zip(GRAMS, terms.ngrams, terms.packed, strict=True):
        ranks, counts, _ = answers(shelf, name, shard, totals.shards, packed)
        ranked.append(ranks + offset)
        counted.append(counts)
        parts.append(_ranked(rows, ranked[-1]))
        offset += totals.terms[name]
    columns, counts = np.concatenate(ranked), np.concatenate(counted)
    grams = _side_by_side(parts)
    # Only the columns that this shard fills, in the order of all: as wide as the shard is.
    own, grams_at = np.sort(rank), np.argsort(columns, kind="stable")
    words.indices = np.searchsorted(own, words.indices)
    grams.indices = np.searchsorted(columns[grams_at], grams.indices)
    frequencies = (frequency[np.argsort(rank, kind="stable")], counts[grams_at])
    words = sp.csr_matrix((words.data, words.indices, words.indptr), (words.shape[0], len(own)))
    grams = sp.csr_matrix((grams.data, grams.indices, grams.indptr), (grams.shape[0], len(counts)))
    vectors = encoder.weighed(words, grams, frequencies, totals.size)
    named = np.concatenate([own, columns[grams_at] + totals.terms["words"]])
    rows = vectors.rows
    rows.indices, rows._shape = named[rows.indices], (rows.shape[0], int(named.max(initial=0)) + 1)
    return vectors


def _ranked(rows: sp.csr_matrix, rank: Array) -> sp.csr_matrix:
    """The same rows with their columns as they are numbered among all, ascending."""
    width = int(rank.max(initial=0)) + 1
    ranked = sp.csr_matrix(
        (rows.data.copy(), rank[rows.indices], rows.indptr), shape=(rows.shape[0], width)
    )
    ranked.sort_indices()
    return ranked


def _side_by_side(parts: Sequence[sp.csr_matrix]) -> sp.csr_matrix:
    """One matrix of several whose columns follow each other already."""
    width = max(part.shape[1] for part in parts)
    wide = (sp.csr_matrix((p.data, p.indices, p.indptr), (p.shape[0], width)) for p in parts)
    whole = reduce(add, wide)
    whole.sort_indices()
    return whole


def _said(
    shelf: Shelf, totals: Totals, shard: int, frame: pl.DataFrame, catalog: Catalog,
    terms: TermCounts, found: tuple[Array, ...],
) -> pl.DataFrame:  # fmt: skip
    """What scoring reads of each posting beside its columns, read once."""
    lists = [normal_tokens(title) for title in catalog.normal_titles]
    place = {word: at for at, word in enumerate(terms.vocabulary)}
    rank, frequency, coded = found
    spelt = shelf.frame("spelt/all")
    kinds = spelt.partition_by("kind", as_dict=True)
    names, codes, glued = (kinds.get((kind,), spelt.clear()) for kind in ("name", "code", "glued"))
    spelling = Spelling(names["one"], codes["one"], glued.select("one", "other").rows())
    columns = {name: catalog.frame[name].to_list() for name in _specifications(catalog.frame)}
    stated = read_attributes(
        catalog.normal_titles, columns, read=said_of(catalog), spelling=spelling
    )
    keys, own = np.unique(title_keys(catalog.normal_titles), return_inverse=True)
    uses = answers(shelf, "titles", shard, totals.shards, keys)[1][own]
    counts = {word: int(coded[at]) for word, at in place.items()}
    held = [sorted((int(rank[place[word]]), word) for word in set(words)) for words in lists]
    made: dict[str, Any] = {
        "~words": [[word for _, word in each] for each in held],
        "~ranks": [[at for at, _ in each] for each in held],
        "~held_by": [[int(frequency[place[word]]) for _, word in each] for each in held],
        "~quantities": [json.dumps(said.quantities) for said in catalog.stated],
        "~tokens": [list(said.tokens) for said in catalog.stated],
        "~code": [rarest_code(codes, counts) for codes in coded_words(lists, catalog.stated)],
        "~uses": uses,
        **{f"~{kind}": [list(each) for each in values] for kind, values in stated.values.items()},
    }
    if "description" in frame.columns:
        made |= _described(shelf, totals, shard, catalog)
    strings = {f"~{kind}": pl.List(pl.String) for kind in stated.values}
    strings |= {"~words": pl.List(pl.String), "~tokens": pl.List(pl.String)}
    numbers = {n: pl.List(pl.Int64) for n in ("~ranks", "~held_by", "~all", "~all_held_by")}
    kinds_of = {name: kind for name, kind in (strings | numbers).items() if name in made}
    return frame.with_columns(
        pl.Series(name, values, dtype=kinds_of.get(name)) for name, values in made.items()
    )


def _specifications(frame: pl.DataFrame) -> list[str]:
    return [
        name for name in frame.columns
        if not name.startswith("~") and name not in REQUIRED + OPTIONAL and column_kind(name)
    ]  # fmt: skip


def _described(shelf: Shelf, totals: Totals, shard: int, catalog: Catalog) -> dict[str, Any]:
    titles, texts = described_texts(catalog)
    words = list(dict.fromkeys(word for text in texts for word in text))
    rank, held, _ = answers(shelf, "described", shard, totals.shards, words)
    of = {word: (int(at), int(by)) for word, at, by in zip(words, rank, held, strict=True)}
    every = [sorted({of[word] for word in text}) for text in texts]
    own = [{of[word][0] for word in title} for title in titles]
    return {
        "~all": [[at for at, _ in each] for each in every],
        "~all_held_by": [[by for _, by in each] for each in every],
        "~in_title": [
            [at in mine for at, _ in each] for each, mine in zip(every, own, strict=True)
        ],
    }


def numbers_of(shelf: Shelf, shard: int) -> Array:
    """Numbers of the distinct postings of a shard, ascending."""
    return np.asarray(shelf.read(f"distinct/{shard}", ["~number"]).column(0).to_numpy())


def load_vectors(
    shelf: Shelf, encoder: Encoder, shards: Sequence[int], parts: int, numbers: Array
) -> Vectors:
    """The vectors of some shards, owned by the places of their postings in `numbers`."""
    found, owners, probes = [], [], []
    for shard in shards:
        table = shelf.read(f"vectors/{encoder.name}/{shard}")
        owner = table.column("number").to_numpy()
        keep = np.isin(owner, numbers)
        if isinstance(encoder, PhotoEncoder):
            blank = shelf.gathered("blank", range(parts), shard).column("number")
            keep &= ~np.isin(owner, blank.to_numpy())
        if "row_at" in table.column_names:
            rows = sparse(table, "row")
        else:
            width = table.schema.field("row").type.list_size
            flat = table.column("row").combine_chunks().flatten().to_numpy()
            rows = flat.reshape(-1, width)
        found.append(rows[keep])
        owners.append(owner[keep])
        probes.append(table.column("probe").to_numpy()[keep])
    owner = np.searchsorted(numbers, np.concatenate(owners))
    probe = np.concatenate(probes)
    return Vectors(_stacked(found), owner, len(numbers), probe if probe.any() else None)


def _stacked(parts: Sequence[Rows]) -> Rows:
    """Rows of several shards; of sparse ones only the columns that are filled, in their order."""
    if not sp.issparse(parts[0]):
        return np.concatenate([part for part in parts if len(part)] or parts[:1])
    columns = np.unique(np.concatenate([part.indices for part in parts]))
    width = max(len(columns), 1)
    cells = ((p.data, np.searchsorted(columns, p.indices), p.indptr) for p in parts)
    rows = [sp.csr_matrix(each, shape=(len(each[2]) - 1, width)) for each in cells]
    return sp.vstack(rows, format="csr")


def search_tile(
    shelf: Shelf, encoders: list[Encoder], shards: tuple[int, int], parts: int, k: int
) -> Result:
    """The k nearest of each posting of two shards in the other, by every encoder."""
    pair = sorted(set(shards))
    own = [numbers_of(shelf, shard) for shard in pair]
    numbers = np.concatenate(own)
    edge = len(own[0]) if len(own) > 1 else 0
    for encoder in encoders:
        vectors = load_vectors(shelf, encoder, pair, parts, numbers)
        found = _both_ways(vectors, edge, k) if edge else nearest(
            vectors, k=k, floor=FLOOR[vectors.kind], method="exact"
        )  # fmt: skip
        ends = numbers[found.query], numbers[found.candidate]
        table = table_of(query=ends[0], candidate=ends[1], similarity=found.similarity)
        second = (found.query >= edge) & (len(pair) > 1)
        shelf.deal(f"near/{encoder.name}/{pair[0]}-{pair[-1]}", table, second, len(pair))
    return {}


def _both_ways(vectors: Vectors, edge: int, k: int) -> Neighbors:
    """The nearest across an edge: of those before it behind it, and the reverse."""
    before = np.arange(vectors.size) < edge
    sides = vectors.select(before), vectors.select(~before)
    floor = FLOOR[vectors.kind]
    if vectors.kind == "sparse" and len(sides[0].owner) and len(sides[1].owner):
        found = search_themselves(sides[0].rows, floor, k + 1, sides[1].rows)
        if found is not None:
            owner = np.concatenate([sides[0].owner, sides[1].owner])
            row, column, similarity = found
            return best(owner[row], owner[column], similarity, k, vectors.size)
    parts = [
        nearest(mine, theirs, k=k, floor=floor, method="exact")
        for mine, theirs in (sides, sides[::-1])
    ]
    query, candidate, similarity = (
        np.concatenate([part.arrays[name] for part in parts]) for name in parts[0].arrays
    )
    return Neighbors(query, candidate, similarity, vectors.size)


def of_tiles(shelf: Shelf, folder: str, shard: int, shards: int) -> pa.Table:
    """What the tiles of a shard have for it."""
    return pa.concat_tables(
        shelf.piece(f"{folder}/{min(shard, other)}-{max(shard, other)}", int(shard > other))
        for other in range(shards)
    )


def merge_lists(
    shelf: Shelf, shard: int, encoders: Sequence[str], shards: int, k: int, size: int
) -> Result:
    """The k nearest of each posting of a shard among all, from its tiles."""
    found = 0
    for encoder in encoders:
        near = of_tiles(shelf, f"near/{encoder}", shard, shards)
        query, candidate, similarity = columns_of(near, "query", "candidate", "similarity")
        merged = best(query, candidate, similarity, k, size)
        shelf.write(f"lists/{encoder}/{shard}", table_of(**merged.arrays))
        found += len(merged)
    return {"found": found}


def load_lists(shelf: Shelf, encoder: str, shards: Sequence[int]) -> tuple[Array, ...]:
    """Query, candidate and similarity of the lists of some shards."""
    lists = pa.concat_tables(shelf.read(f"lists/{encoder}/{shard}") for shard in shards)
    return tuple(columns_of(lists, "query", "candidate", "similarity"))


def words_of(shelf: Shelf, shard: int) -> tuple[Array, Array, Array, Array]:
    """Numbers of a shard, the ranks and frequencies of their words, and where each one's end."""
    table = shelf.read(f"said/{shard}", ["~number", "~ranks", "~held_by"])
    ranks, ends = ragged(table, "~ranks")
    return table.column("~number").to_numpy(), ranks, ragged(table, "~held_by")[0], ends
