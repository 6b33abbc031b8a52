"""Pairs through the fusion of the local engine: a tile is a catalogue that knows the whole."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import ray

from samesku.candidates.candidates import (
    DENSITY_NEIGHBORS,
    Candidates,
    join_candidates,
    with_pairs,
)
from samesku.candidates.neighbors import Neighbors, density
from samesku.clustering.expected import partners
from samesku.distributed.parts import RANKED, Part, Terms, Tile, decoded, ends_of, taken
from samesku.distributed.searching import numbers_of, of_tiles
from samesku.distributed.shelf import Shelf, columns_of, frame_of, table_of
from samesku.distributed.tasks import Result, held
from samesku.distributed.totals import Totals
from samesku.encoders.base import Encoder
from samesku.results.pair_tables import LEAST_WRITTEN, similarities
from samesku.runtime.arrays import Array
from samesku.scoring.features.attributes import AttributeRows, attribute_rows, clashing
from samesku.scoring.features.neighbourhood import Neighbourhoods
from samesku.scoring.features.similarities import Ranks
from samesku.scoring.features.words import TitleWords
from samesku.scoring.fusion import PairScores
from samesku.scoring.learned import Learned
from samesku.scoring.untrained_photos import neighbors_as_hash
from samesku.titles.attributes import KINDS, Attributes


def look_around(
    shelf: Shelf, shard: int, totals: Totals, encoders: Sequence[Encoder],
    known: Collection[str], same: Collection[str],
) -> None:  # fmt: skip
    """What the lists of a shard's postings say of them: ranks, densities, words around."""
    numbers = numbers_of(shelf, shard)
    found = {e.name: ends_of(shelf, f"lists/{e.name}/{shard}", "similarity") for e in encoders}
    outer = np.unique(np.concatenate([numbers, *(each[1] for each in found.values())]))
    places = {}
    for name, (*listed, alike) in found.items():
        query, candidate = np.searchsorted(outer, listed).astype(np.int32)
        places[name] = Neighbors(query, candidate, alike, len(outer))
    own = np.searchsorted(outer, numbers)
    kinds = {each.name: each.modality for each in encoders}
    read = neighbors_as_hash(places, kinds, known)
    table: dict[str, object] = {"number": numbers}
    stated = _attributes_around(shelf, totals, outer)
    for name, near in places.items():
        clashes = clashing(stated, read[name].query, read[name].candidate, same=same)
        ranks = Ranks.of(read[name], clashes)
        for column in RANKED:
            table[f"{name} {column}"] = getattr(ranks, column)[own]
        table[f"{name} rival"] = np.append(outer, -1)[ranks.rival[own]]
        table[f"{name} density"] = density(near, DENSITY_NEIGHBORS)[own]
        place = ranks.places.tocoo()
        ends = {"query": outer[place.row], "candidate": outer[place.col]}
        shelf.write(f"ranks/{name}/{shard}", table_of(**ends, place=place.data))
    terms = _words_around(shelf, totals, outer)
    (held,) = terms.matrices
    words = [held[own]]
    if texts := [name for name, kind in kinds.items() if kind == "text"]:
        spoken = TitleWords([], [], [], held, terms.rarity(totals.size), [])
        around = Neighbourhoods.of(spoken, places[texts[0]])
        words.append(around.around[own])
        table |= {"share": around.share[own], "length": around.length[own]}
    inner = taken([replace(terms, matrices=words)], [slice(None)])
    shelf.write(f"around/{shard} words", inner.columns.to_arrow())
    table |= zip(("words", "around"), inner.matrices, strict=False)
    shelf.write(f"around/{shard}", table_of(**table))


def _words_around(shelf: Shelf, totals: Totals, outer: Array) -> Terms:
    """The words of some postings, read shard by shard, of one at least."""
    parts: list[Terms] = []
    for shard, table, place in _said_of(shelf, totals, outer, ["words", "words_at"]):
        parts.append(taken([Terms.read(shelf, f"words/{shard}", table, ["words"])], [place]))
    return taken(parts, [slice(None)] * len(parts))


def _attributes_around(shelf: Shelf, totals: Totals, outer: Array) -> AttributeRows:
    """What some postings state, read shard by shard."""
    values: dict[str, list[tuple[str, ...]]] = {kind: [] for kind in KINDS}
    for _, table, place in _said_of(shelf, totals, outer, [f"~{kind}" for kind in KINDS]):
        taken = frame_of(table.take(place))
        for kind in KINDS:
            values[kind].extend(decoded(taken[f"~{kind}"], tuple))
    return attribute_rows(Attributes(values))


def _said_of(
    shelf: Shelf, totals: Totals, outer: Array, columns: Sequence[str]
) -> Iterator[tuple[int, Any, Array]]:
    """What was read of some postings: the shards, their tables, and the places in these.

    Of no postings at all an empty part of the first shard.
    """
    cuts = np.searchsorted(outer, totals.starts)
    for shard in range(totals.shards):
        wanted = outer[cuts[shard] : cuts[shard + 1]]
        if len(wanted) or not (len(outer) or shard):
            table = shelf.read(f"said/{shard}", ["~number", *columns])
            yield shard, table, np.searchsorted(columns_of(table, "~number")[0], wanted)


def score_tile(
    shelf: Shelf, given: Sequence[ray.ObjectRef], totals: Totals, encoders: list[Encoder],
    shards: tuple[int, int],
) -> Result:  # fmt: skip
    """Score the pairs of two shards, as the local engine would among all."""
    (fusion,) = held("fusion", [given[0].hex()], lambda _: ray.get(given[0]))
    pair = sorted(set(shards))
    name = f"{pair[0]}-{pair[-1]}"
    tile = Tile(held("part", pair, partial(Part, shelf, totals, encoders)), encoders)
    catalog, numbers = tile.catalog, tile.said["number"]
    candidates = replace(
        with_pairs(join_candidates(tile.sources), *tile.same_article, found=True),
        density=np.stack([tile.said[f"{each.name} density"] for each in encoders], axis=1),
    )
    scored = PairScores(np.empty(0, np.float32))
    if isinstance(fusion, Learned) and len(candidates):
        prices = None
        if "price" in catalog.frame.columns:
            (prices,) = held("prices", ["all"], lambda name: shelf.read(f"prices/{name}"))
        scored = fusion.predict(candidates, catalog, rows=tile.rows(totals, prices, fusion.same))
    elif len(candidates):
        scored = fusion.predict(candidates, catalog)
    members = tile.frame["~members"].to_numpy()
    likely = partners(candidates.left, candidates.right, scored.scores, members)
    table = table_of(number=numbers, likely=likely)
    starts = [*(totals.starts[each] for each in pair), totals.starts[-1]]
    shelf.cut(f"partners/{name}", table, numbers, starts)
    _write_pairs(shelf, name, tile, candidates, scored)
    return {"candidates": len(candidates)}


def _write_pairs(
    shelf: Shelf, name: str, tile: Tile, candidates: Candidates, scored: PairScores
) -> None:
    """Write the pairs of a tile that may be one product, and the likelier ones with reasons."""
    scores, numbers, members = scored.scores, tile.said["number"], tile.frame["~members"].to_numpy()
    some = np.flatnonzero(scores > 0)
    left, right = candidates.left[some], candidates.right[some]
    table = table_of(
        left=numbers[left], right=numbers[right], score=scores[some],
        left_members=members[left], right_members=members[right],
    )  # fmt: skip
    shelf.write(f"scored/{name}", table)
    kept = np.flatnonzero(scores >= LEAST_WRITTEN)
    reasons: list[str | None] = [None] * len(kept)
    if scored.explanations is not None:
        reasons = scored.explanations.phrases(tile.catalog, candidates, kept)
    ids = tile.catalog.frame["posting_id"]
    left, right = candidates.left[kept], candidates.right[kept]
    columns = {
        "left": numbers[left], "right": numbers[right],
        "left_id": ids[left], "right_id": ids[right], "score": scores[kept],
        **similarities(candidates, kept), "reasons": pl.Series(reasons, dtype=pl.String),
    }  # fmt: skip
    shelf.write(f"explained/{name}", pl.DataFrame(columns).to_arrow())


def add_partners(shelf: Shelf, shard: int, totals: Totals) -> None:
    """How many postings each of a shard stands for, and is expected to be one product with."""
    numbers, members = shelf.columns(f"distinct/{shard}", "~number", "~members")
    likely = np.zeros(len(numbers))
    number, found = columns_of(of_tiles(shelf, "partners", shard, totals), "number", "likely")
    np.add.at(likely, np.searchsorted(numbers, number), found)
    shelf.write(f"likely/{shard}", table_of(number=numbers, members=members, likely=likely))
