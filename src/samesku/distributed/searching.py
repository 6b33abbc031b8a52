"""Who is near whom: the shards tile by tile, then the lists of each posting merged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import scipy.sparse as sp

from samesku.candidates.neighbors import FLOOR, Neighbors, best, nearest
from samesku.candidates.search import search_themselves
from samesku.distributed.shelf import Array, Shelf, columns_of, sparse, table_of, values_of
from samesku.distributed.tasks import Result, held
from samesku.distributed.tiles import Tiles
from samesku.encoders.base import Encoder, PhotoEncoder, Vectors


def numbers_of(shelf: Shelf, shard: int) -> Array:
    """Numbers of the distinct postings of a shard, ascending."""
    return columns_of(shelf.read(f"distinct/{shard}", ["~number"]), "~number")[0]


class Rows(NamedTuple):
    """The vectors of a shard's postings; the names of sparse columns, block by block, ascending."""

    vectors: Vectors
    columns: Sequence[Array]


def load_vectors(shelf: Shelf, encoder: Encoder, shard: int, parts: int) -> Rows:
    """The vectors of a shard; photos that stand for none are left out."""
    table, numbers = shelf.read(f"vectors/{encoder.name}/{shard}"), numbers_of(shelf, shard)
    owner, probe = columns_of(table, "owner", "probe")
    columns: list[Array] = []
    if "row_at" in table.column_names:
        named = shelf.read(f"vectors/{encoder.name}/{shard} columns")
        block, name = columns_of(named, "block", "name")
        columns = np.split(name, np.searchsorted(block, range(1, block.max(initial=0) + 1)))
        rows = sparse(table, "row", len(name))
    else:
        width = table.schema.field("row").type.list_size
        rows = values_of(table.column("row").combine_chunks().flatten()).reshape(-1, width)
    vectors = Vectors(rows, owner, len(numbers), probe if probe.any() else None)
    if isinstance(encoder, PhotoEncoder):
        (blank,) = columns_of(shelf.gathered("blank", range(parts), shard), "number")
        vectors = vectors.select(~np.isin(numbers, blank))
    return Rows(vectors, columns)


def joined_vectors(parts: Sequence[Rows], places: Sequence[Array], size: int) -> Vectors:
    """The vectors of some shards; `places`: the new place of each posting, -1 for none."""
    rows, owners, probes = [], [], []
    for (vectors, _), place in zip(parts, places, strict=True):
        owner = place[vectors.owner]
        if len(keep := np.flatnonzero(owner >= 0)) < len(owner):
            vectors = vectors.select(place >= 0)
        rows.append(vectors.rows)
        owners.append(owner[keep])
        probes.append(np.zeros(len(keep), bool) if vectors.probe is None else vectors.probe)
    if parts[0].columns:
        # A shard of nothing but empty titles has no columns.
        blocks = zip_longest(*(each.columns for each in parts), fillvalue=parts[0].columns[0][:0])
        names = [np.unique(np.concatenate(each)) for each in blocks]
        wide = (widened(row, each.columns, names) for row, each in zip(rows, parts, strict=True))
        whole = sp.vstack(list(wide), format="csr")
    else:
        whole = np.concatenate([each for each in rows if len(each)] or rows[:1])
    probe = np.concatenate(probes)
    return Vectors(whole, np.concatenate(owners), size, probe if probe.any() else None)


def widened(rows: sp.csr_matrix, mine: Sequence[Array], names: Sequence[Array]) -> sp.csr_matrix:
    """The same rows with blocks of columns that hold all of theirs, by ascending names."""
    before = np.cumsum([0, *map(len, names)], dtype=np.int32)
    blocks = zip(names, mine, before, strict=False)
    place = np.concatenate([np.searchsorted(all_, own) + first for all_, own, first in blocks])
    shape = (rows.shape[0], max(int(before[-1]), 1))
    cells = (rows.data, place.astype(np.int32)[rows.indices], rows.indptr)
    return sp.csr_matrix(cells, shape=shape)


def search_tile(
    shelf: Shelf, encoders: list[Encoder], shards: tuple[int, int], parts: int, k: int
) -> Result:
    """The k nearest of each posting of two shards in the other, by every encoder."""
    pair = sorted(set(shards))
    for encoder, numbers, edge, found in _searched(shelf, encoders, pair, parts, k):
        ends = numbers[found.query], numbers[found.candidate]
        table = table_of(query=ends[0], candidate=ends[1], similarity=found.similarity)
        second = (found.query >= edge) & (len(pair) > 1)
        shelf.deal(f"near/{encoder}/{pair[0]}-{pair[-1]}", table, second, len(pair))
    return {}


def _searched(
    shelf: Shelf, encoders: list[Encoder], pair: list[int], parts: int, k: int
) -> Iterator[tuple[str, Array, int, Neighbors]]:
    """By each encoder: the postings of two shards, where the second begins, who is near whom."""

    def load(shard: int) -> tuple[Array, dict[str, Rows]]:
        vectors = {each.name: load_vectors(shelf, each, shard, parts) for each in encoders}
        return numbers_of(shelf, shard), vectors

    own = held("vectors", pair, load)
    numbers = np.concatenate([each for each, _ in own])
    edge = len(own[0][0]) if len(own) > 1 else 0
    places = np.split(np.arange(len(numbers)), [edge] if len(own) > 1 else [])
    for encoder in encoders:
        rows = [each[encoder.name] for _, each in own]
        vectors = joined_vectors(rows, places, len(numbers))
        found = _both_ways(vectors, edge, k) if edge else nearest(
            vectors, k=k, floor=FLOOR[vectors.kind], method="exact"
        )  # fmt: skip
        yield encoder.name, numbers, edge, found


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
    return Neighbors.joined(
        [
            nearest(mine, theirs, k=k, floor=floor, method="exact")
            for mine, theirs in (sides, sides[::-1])
        ]
    )


def of_tiles(shelf: Shelf, folder: str, shard: int, tiles: Tiles) -> pa.Table:
    """What the tiles of a shard have for it."""
    return pa.concat_tables(
        shelf.piece(f"{folder}/{min(shard, other)}-{max(shard, other)}", int(shard > other))
        for other in tiles.partners(shard)
    )


def merge_lists(
    shelf: Shelf, shard: int, encoders: Sequence[str], tiles: Tiles, k: int, size: int
) -> Result:
    """The k nearest of each posting of a shard among all, from its tiles."""
    found = {}
    for encoder in encoders:
        near = of_tiles(shelf, f"near/{encoder}", shard, tiles)
        query, candidate, similarity = columns_of(near, "query", "candidate", "similarity")
        merged = best(query, candidate, similarity, k, size)
        shelf.write(f"lists/{encoder}/{shard}", table_of(**merged.arrays))
        found[encoder] = [len(merged), len(np.unique(merged.query))]
    return {"found": found}


def missed_tile(
    shelf: Shelf, encoders: list[Encoder], shards: tuple[int, int], parts: int, k: int
) -> Result:
    """How many of the k nearest, and of the nearest, a tile holds that was left out."""
    missed = {}
    for encoder, numbers, _, found in _searched(shelf, encoders, sorted(shards), parts, k):
        last, first = np.full((2, len(numbers)), -np.inf)
        for shard in shards:
            listed = shelf.frame(f"lists/{encoder}/{shard}", ["query", "similarity"])
            near = pl.col("similarity")
            of = listed.group_by("query").agg(pl.len(), last=near.min(), first=near.max())
            place = np.searchsorted(numbers, of["query"].to_numpy())
            first[place] = of["first"].to_numpy()
            last[place] = np.where(of["len"].to_numpy() < k, -np.inf, of["last"].to_numpy())
        nearer = found.query[found.similarity > first[found.query]]
        listable = np.count_nonzero(found.similarity > last[found.query])
        missed[encoder] = [int(listable), len(np.unique(nearer))]
    return {"missed": missed}
