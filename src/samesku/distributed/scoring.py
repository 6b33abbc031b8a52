"""Pairs through the fusion of the local engine: a tile is a catalogue that knows the whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
import pyarrow as pa
import ray
import scipy.sparse as sp

from samesku.candidates.candidates import DENSITY_NEIGHBORS, Candidates, Source, join_candidates
from samesku.candidates.neighbors import Neighbors, density
from samesku.catalog.catalog import Catalog
from samesku.clustering.expected import LEAST, partners
from samesku.distributed.reading import MEMBERS, catalog_of
from samesku.distributed.searching import (
    Totals,
    load_lists,
    load_vectors,
    numbers_of,
    of_tiles,
    words_of,
)  # fmt: skip
from samesku.distributed.shelf import Array, Shelf, columns_of, ragged, sparse, table_of
from samesku.distributed.tasks import Result
from samesku.encoders.base import Encoder
from samesku.results.pair_tables import similarities
from samesku.scoring.features import CatalogRows
from samesku.scoring.features.codes import CodedTitles
from samesku.scoring.features.descriptions import DescribedWords
from samesku.scoring.features.neighbourhood import Neighbourhoods
from samesku.scoring.features.prices import Prices, log_prices
from samesku.scoring.features.similarities import Ranks
from samesku.scoring.features.title_words import TitleWords
from samesku.scoring.fusion import Fusion, PairScores
from samesku.scoring.learned import Learned
from samesku.scoring.presence import rarity_of
from samesku.scoring.untrained_photos import neighbors_as_hash
from samesku.titles import Quantity, Stated, normal_tokens
from samesku.titles.attributes import KINDS, Attributes

# Pairs from this score on are written with ids and reasons; the others count in clusters, too.
LEAST_WRITTEN = 0.02


def look_around(
    shelf: Shelf, shard: int, totals: Totals, encoders: Sequence[Encoder], known: Collection[str]
) -> Result:
    """What the lists of a shard's postings say of them: ranks, densities, words around."""
    numbers = numbers_of(shelf, shard)
    found = {each.name: load_lists(shelf, each.name, [shard]) for each in encoders}
    outer = np.unique(np.concatenate([numbers, *(each[1] for each in found.values())]))
    places = {
        name: Neighbors(_places(outer, query), _places(outer, candidate), near, len(outer))
        for name, (query, candidate, near) in found.items()
    }
    own = np.searchsorted(outer, numbers)
    kinds = {each.name: each.modality for each in encoders}
    read = neighbors_as_hash(places, kinds, known)
    table: dict[str, object] = {"number": numbers}
    for name, near in places.items():
        ranks = Ranks.of(read[name])
        for column in ("mean", "spread", "best"):
            table[f"{name} {column}"] = getattr(ranks, column)[own]
        table[f"{name} density"] = density(near, DENSITY_NEIGHBORS)[own]
        place = ranks.places.tocoo()
        ends = {"query": outer[place.row], "candidate": outer[place.col]}
        shelf.write(f"ranks/{name}/{shard}", table_of(**ends, place=place.data))
    texts = [name for name, kind in kinds.items() if kind == "text"]
    if texts:
        words, names, held_by = _words_around(shelf, totals, outer)
        around = Neighbourhoods.of(words, places[texts[0]])
        rows = around.around[own]
        by = sp.csr_matrix((held_by[rows.indices], rows.indices, rows.indptr), rows.shape)
        for each in (rows, by):
            each.indices = names[each.indices]
        table |= {"around": rows, "held_by": by}
        table |= {"share": around.share[own], "length": around.length[own]}
    shelf.write(f"around/{shard}", table_of(**table))
    return {}


def _words_around(shelf: Shelf, totals: Totals, outer: Array) -> tuple[TitleWords, Array, Array]:
    """The words of some postings, read shard by shard, with their ranks and frequencies."""
    parts, by, counts = [], [], np.zeros(len(outer), dtype=np.int64)
    cuts = np.searchsorted(outer, totals.starts)
    for shard in range(totals.shards):
        wanted = outer[cuts[shard] : cuts[shard + 1]]
        if not len(wanted):
            continue
        numbers, ranks, held_by, ends = words_of(shelf, shard)
        place = np.searchsorted(numbers, wanted)
        rows = sp.csr_matrix(
            (held_by, ranks, ends), shape=(len(numbers), int(ranks.max(initial=0)) + 1)
        )[place]
        parts.append(rows.indices.astype(np.int64))
        by.append(rows.data)
        counts[cuts[shard] : cuts[shard + 1]] = np.diff(rows.indptr)
    columns, first, at = np.unique(np.concatenate(parts), return_index=True, return_inverse=True)
    ends = np.concatenate([[0], np.cumsum(counts)])
    ones = np.ones(len(at), dtype=np.float32)
    held = sp.csr_matrix((ones, at, ends), shape=(len(outer), max(len(columns), 1)))
    held_by = np.concatenate(by)[first]
    return TitleWords([], [], [], held, rarity_of(held_by, totals.size), []), columns, held_by


def score_tile(
    shelf: Shelf, given: Sequence[ray.ObjectRef], totals: Totals, encoders: list[Encoder],
    shards: tuple[int, int], least: float,
) -> Result:  # fmt: skip
    """Score the pairs of two shards, as the local engine would among all."""
    fusion = _fusion(given[0])
    pair = sorted(set(shards))
    name = f"{pair[0]}-{pair[-1]}"
    every = [numbers_of(shelf, shard) for shard in pair]
    edges = {e.name: _edges(load_lists(shelf, e.name, pair), every) for e in encoders}
    ends = [np.concatenate([query, candidate]) for query, candidate, _ in edges.values()]
    numbers = np.unique(np.concatenate(ends))
    frame = pl.concat(_some(shelf, f"said/{shard}", numbers, "~number") for shard in pair)
    sources = []
    for encoder in encoders:
        query, candidate, near = edges[encoder.name]
        places = _places(numbers, query), _places(numbers, candidate)
        vectors = load_vectors(shelf, encoder, pair, totals.shards, numbers)
        found = Neighbors(*places, near, len(numbers))
        sources.append(Source(encoder.name, encoder.modality, vectors, found))
    around = pl.concat([_some(shelf, f"around/{shard}", numbers, "number") for shard in pair])
    candidates = replace(
        join_candidates(sources),
        density=np.stack([around[f"{e.name} density"].to_numpy() for e in encoders], axis=1),
    )
    catalog = catalog_of(frame)
    scored = PairScores(np.empty(0, np.float32))
    if isinstance(fusion, Learned) and len(candidates):
        _restore(catalog, frame)
        rows = _rows(shelf, candidates, catalog, totals, frame, around, pair, numbers)
        scored = fusion.predict(candidates, catalog, rows=rows)
    elif len(candidates):
        scored = fusion.predict(candidates, catalog)
    scores, explanations = scored.scores, scored.explanations
    members = frame[MEMBERS].to_numpy()
    _write_scored(shelf, name, candidates, scores, numbers, members)
    near = scores >= LEAST
    likely = partners(candidates.left[near], candidates.right[near], scores[near], members)
    table = table_of(number=numbers, likely=likely)
    starts = [*(totals.starts[each] for each in pair), totals.starts[-1]]
    shelf.cut(f"partners/{name}", table, numbers, starts)
    kept = np.flatnonzero(scores >= least)
    reasons: list[str | None] = [None] * len(kept)
    if explanations is not None:
        reasons = explanations.phrases(catalog, candidates, kept)
    shelf.write(f"explained/{name}", _written(candidates, scores, kept, numbers, catalog, reasons))
    return {"candidates": len(candidates), "kept": len(kept)}


def _write_scored(
    shelf: Shelf, name: str, candidates: Candidates, scores: Array, numbers: Array, members: Array
) -> None:
    """Write the pairs of a tile that may be one product, and for how many postings each end is."""
    some = np.flatnonzero(scores > 0)
    left, right = candidates.left[some], candidates.right[some]
    table = table_of(
        left=numbers[left], right=numbers[right], score=scores[some],
        left_members=members[left], right_members=members[right],
    )  # fmt: skip
    shelf.write(f"scored/{name}", table)


def add_partners(shelf: Shelf, shard: int, shards: int) -> Result:
    """How many postings each of a shard stands for, and is expected to be one product with."""
    names = ["~number", MEMBERS]
    numbers, members = columns_of(shelf.read(f"distinct/{shard}", names), *names)
    likely = np.zeros(len(numbers))
    number, found = columns_of(of_tiles(shelf, "partners", shard, shards), "number", "likely")
    np.add.at(likely, np.searchsorted(numbers, number), found)
    shelf.write(f"likely/{shard}", table_of(number=numbers, members=members, likely=likely))
    return {}


def _written(
    candidates: Candidates, scores: Array, kept: Array, numbers: Array, catalog: Catalog,
    reasons: Sequence[str | None],
) -> object:  # fmt: skip
    ids = catalog.frame["posting_id"]
    left, right = candidates.left[kept], candidates.right[kept]
    columns = {
        "left": numbers[left], "right": numbers[right],
        "left_id": ids[left], "right_id": ids[right], "score": scores[kept],
        **similarities(candidates, kept), "reasons": pl.Series(list(reasons), dtype=pl.String),
    }  # fmt: skip
    return pl.DataFrame(columns).to_arrow()


_loaded: dict[str, Fusion] = {}


def _fusion(reference: ray.ObjectRef) -> Fusion:
    """The fusion, read once by each worker."""
    name = reference.hex()
    if name not in _loaded:
        _loaded.clear()
        _loaded[name] = ray.get(reference)
    return _loaded[name]


def _edges(lists: tuple[Array, ...], sides: Sequence[Array]) -> tuple[Array, ...]:
    """The neighbours across two shards, or within one."""
    query, candidate, similarity = lists
    if len(sides) == 1:
        inside = np.isin(candidate, sides[0])
    else:
        low = sides[1][0] if len(sides[1]) else np.iinfo(np.int64).max
        both = np.isin(candidate, np.concatenate(sides))
        inside = both & ((query < low) != (candidate < low))
    return query[inside], candidate[inside], similarity[inside]


def _some(shelf: Shelf, name: str, numbers: Array, column: str) -> pl.DataFrame:
    frame = shelf.frame(name)
    return frame.filter(pl.Series(np.isin(frame[column].to_numpy(), numbers)))


def _restore(catalog: Catalog, frame: pl.DataFrame) -> None:
    """Give a catalogue what was read of its titles before."""
    vars(catalog)["stated"] = [
        Stated(tuple(Quantity(*each) for each in json.loads(quantities)), tuple(tokens))
        for quantities, tokens in frame.select("~quantities", "~tokens").iter_rows()
    ]
    values = {kind: [tuple(each) for each in frame[f"~{kind}"].to_list()] for kind in KINDS}
    vars(catalog)["attributes"] = Attributes(values)


def _rows(
    shelf: Shelf, candidates: Candidates, catalog: Catalog, totals: Totals, frame: pl.DataFrame,
    around: pl.DataFrame, pair: Sequence[int], numbers: Array,
) -> CatalogRows:  # fmt: skip
    """What the features read, by the numbers of the whole catalogue in place of a tile's."""
    table, titles = frame.to_arrow(), catalog.normal_titles
    (ranks, ends), (by, _) = ragged(table, "~ranks"), ragged(table, "~held_by")
    spoken, read, near = np.append(ragged(table, "~words")[0], ""), None, by[:0]
    if "around" in around.columns:
        rows, held_by = (sparse(around.to_arrow(), name) for name in ("around", "held_by"))
        near, by = rows.indices, np.concatenate([by, held_by.data])
    every, first, at = np.unique(
        np.concatenate([ranks, near]), return_index=True, return_inverse=True
    )
    if "around" in around.columns:
        cells = (rows.data, at[len(ranks) :], rows.indptr)
        rows = sp.csr_matrix(cells, shape=(len(numbers), max(len(every), 1)))
        share, length = around["share"].to_numpy(), around["length"].to_numpy()
        read = partial(Neighbourhoods.read, around=rows, share=share, length=length)
    known: dict[str, object] = {
        "codes": CodedTitles.read(titles, frame["~code"].to_list()),
        "ranks": [_ranks_of(shelf, around, e, pair, numbers) for e in candidates.encoders],
    }
    if "price" in catalog.frame.columns:
        prices = shelf.read("prices/all")
        below = np.concatenate([[0], np.cumsum(prices.column("count").to_numpy())])
        known["prices"] = Prices(log_prices(catalog), prices.column("value").to_numpy(), below)
    if "~all" in frame.columns:
        known["descriptions"] = _descriptions(table, totals.size)
    lists = [normal_tokens(title) for title in titles]
    names = spoken[np.minimum(first, len(ranks))].tolist()
    held, uses = _held(at[: len(ranks)], ends, len(every)), frame["~uses"].to_numpy()
    words = (lists, names, held, by[first])
    return CatalogRows.of_part(catalog, candidates.sources, words, read, uses, totals.size, **known)


def _held(at: Array, ends: Array, width: int) -> sp.csr_matrix:
    ones = np.ones(len(at), dtype=np.float32)
    return sp.csr_matrix((ones, at, ends), shape=(len(ends) - 1, max(width, 1)))


def _descriptions(table: object, size: int) -> DescribedWords:
    (ranks, ends), (held_by, _) = ragged(table, "~all"), ragged(table, "~all_held_by")
    own = ragged(table, "~in_title")[0]
    columns, first, at = np.unique(ranks, return_index=True, return_inverse=True)
    whole = _held(at, ends, len(columns))
    before = np.concatenate([[0], np.cumsum(own)])
    title = _held(at[own.astype(bool)], before[ends], len(columns))
    rarity = rarity_of(held_by[first], size) if len(columns) else np.ones(1, np.float32)
    return DescribedWords.of(title, whole, rarity)


def _ranks_of(
    shelf: Shelf, around: pl.DataFrame, encoder: str, pair: Sequence[int], numbers: Array
) -> Ranks:
    ranks = pa.concat_tables(shelf.read(f"ranks/{encoder}/{shard}") for shard in pair)
    query, candidate, place = columns_of(ranks, "query", "candidate", "place")
    there = np.isin(query, numbers) & np.isin(candidate, numbers)
    ends = _places(numbers, query[there]), _places(numbers, candidate[there])
    places = sp.csr_matrix((place[there], ends), shape=(len(numbers), len(numbers)))
    mean, spread, best = (
        around[f"{encoder} {column}"].to_numpy() for column in ("mean", "spread", "best")
    )
    return Ranks(mean, spread, best, places)


def _places(numbers: Array, wanted: Array) -> Array:
    """Where each of the wanted stands among ascending numbers that hold them all, int32."""
    return np.searchsorted(numbers, wanted).astype(np.int32)
