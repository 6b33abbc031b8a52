"""Who is near whom: the nearest postings of each shard, among one other shard after another."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
import scipy.sparse as sp
from sparse_dot_topn import zip_sp_matmul_topn

from samesku.candidates.candidates import places_among
from samesku.candidates.neighbors import FLOOR, Neighbors, best, nearest
from samesku.candidates.search import EXTRA, in_full, most_by_terms, rows_of, telling_terms
from samesku.distributed.shelf import Shelf, columns_of, sparse, table_of, values_of
from samesku.distributed.tasks import Result
from samesku.distributed.totals import Totals
from samesku.encoders.base import Encoder, PhotoEncoder, Vectors
from samesku.runtime.arrays import Array


def numbers_of(shelf: Shelf, shard: int) -> Array:
    """Numbers of the distinct postings of a shard, ascending."""
    return shelf.columns(f"distinct/{shard}", "~number")[0]


class Rows(NamedTuple):
    """The numbers and vectors of a shard's distinct postings, and what sparse columns stand for.

    `columns` are their names, ascending; `held_by`, int64 ``(columns,)``, is how many postings of
    the whole catalogue have each.
    """

    numbers: Array
    vectors: Vectors
    columns: Array
    held_by: Array


def load_vectors(shelf: Shelf, encoder: Encoder, shard: int, parts: int) -> Rows:
    """The vectors of a shard; photos that stand for none are left out."""
    name, numbers = f"vectors/{encoder.name}/{shard}", numbers_of(shelf, shard)
    table = shelf.read(name)
    owner, probe = columns_of(table, "owner", "probe")
    columns = held_by = np.empty(0, dtype=np.int64)
    if "row_at" in table.column_names:
        columns, held_by = shelf.columns(f"{name} columns", "rank", "held_by")
        rows = sparse(table, "row", len(columns))
    else:
        width = table.schema.field("row").type.list_size
        rows = values_of(table.column("row").combine_chunks().flatten()).reshape(-1, width)
    vectors = Vectors(rows, owner, len(numbers), probe if probe.any() else None)
    if isinstance(encoder, PhotoEncoder):
        (blank,) = columns_of(shelf.gathered("blank", range(parts), shard), "number")
        vectors = vectors.select(~np.isin(numbers, blank))
    return Rows(numbers, vectors, columns, held_by)


def joined_vectors(parts: Sequence[Rows], places: Sequence[Array], size: int) -> Vectors:
    """The vectors of some shards; `places`: the new place of each posting, -1 for none."""
    rows, owners, probes = [], [], []
    for part, place in zip(parts, places, strict=True):
        vectors = part.vectors
        owner = place[vectors.owner]
        if len(keep := np.flatnonzero(owner >= 0)) < len(owner):
            vectors = vectors.select(place >= 0)
        rows.append(vectors.rows)
        owners.append(owner[keep])
        probes.append(np.zeros(len(keep), bool) if vectors.probe is None else vectors.probe)
    if parts[0].vectors.kind == "sparse":
        names = np.unique(np.concatenate([each.columns for each in parts]))
        wide = (in_columns(row, each.columns, names) for row, each in zip(rows, parts, strict=True))
        whole = sp.vstack(list(wide), format="csr")
    else:
        whole = np.concatenate([each for each in rows if len(each)] or rows[:1])
    probe = np.concatenate(probes)
    return Vectors(whole, np.concatenate(owners), size, probe if probe.any() else None)


def in_columns(rows: sp.csr_matrix, mine: Array, names: Array) -> sp.csr_matrix:
    """Rows in other columns, by ascending names, without cells that these do not hold."""
    place = places_among(names, mine).astype(np.int32)[rows.indices]
    cells = rows.data, place, rows.indptr
    if not (held := place >= 0).all():
        ends = np.concatenate([[0], np.cumsum(held)])[rows.indptr]
        cells = rows.data[held], place[held], ends
    return sp.csr_matrix(cells, shape=(rows.shape[0], max(len(names), 1)))


@dataclass(frozen=True)
class Search:
    """How the vectors of one encoder are searched, and how many rows there are to be found."""

    method: Literal["exact", "approximate"]
    rows: int


# The shards to search, read one after the other.
Shards: TypeAlias = Callable[[], Iterator[Rows]]
# Query, candidate and similarity of some pairs.
Pairs: TypeAlias = tuple[Array, Array, Array]


def search_shard(
    shelf: Shelf, shard: int, totals: Totals, encoders: Sequence[Encoder],
    searches: Mapping[str, Search], k: int,
) -> Result:  # fmt: skip
    """Write the k nearest of each posting of a shard among those that it is compared with."""
    found = {}
    for encoder in encoders:
        read = partial(load_vectors, shelf, encoder, parts=totals.shards)
        others = totals.partners(shard)
        near = _nearest(read, shard, others, searches[encoder.name], k, totals.starts[-1])
        shelf.write(f"lists/{encoder.name}/{shard}", table_of(**near.arrays))
        found[encoder.name] = [len(near), len(np.unique(near.query))]
    return {"found": found}


def missed_tile(
    shelf: Shelf, totals: Totals, encoders: Sequence[Encoder], searches: Mapping[str, Search],
    shards: tuple[int, int], k: int,
) -> Result:  # fmt: skip
    """How many of the k nearest, and of the nearest, a tile holds that was left out."""
    missed = {}
    for encoder in encoders:
        read = partial(load_vectors, shelf, encoder, parts=totals.shards)
        listable = nearest_ones = 0
        for shard, other in (shards, shards[::-1]):
            search = searches[encoder.name]
            found = _nearest(read, shard, [other], search, k, totals.starts[-1])
            listed = shelf.frame(f"lists/{encoder.name}/{shard}", ["query", "similarity"])
            near = pl.col("similarity")
            of = listed.group_by("query").agg(pl.len(), last=near.min(), first=near.max())
            numbers = numbers_of(shelf, shard)
            place = np.searchsorted(numbers, of["query"].to_numpy())
            last, first = np.full((2, len(numbers)), -np.inf)
            first[place] = of["first"].to_numpy()
            last[place] = np.where(of["len"].to_numpy() < k, -np.inf, of["last"].to_numpy())
            own = np.searchsorted(numbers, found.query)
            listable += int(np.count_nonzero(found.similarity > last[own]))
            nearest_ones += len(np.unique(own[found.similarity > first[own]]))
        missed[encoder.name] = [listable, nearest_ones]
    return {"missed": missed}


def _nearest(
    read: Callable[[int], Rows], shard: int, others: Sequence[int], search: Search, k: int,
    size: int,
) -> Neighbors:  # fmt: skip
    """The k nearest of each posting of a shard in some shards; numbers are those of all `size`."""
    mine, none = read(shard), np.empty(0, dtype=np.int32)

    def shards() -> Iterator[Rows]:
        return (mine if other == shard else read(other) for other in others)

    bounded = mine.vectors.kind == "sparse" and search.method == "approximate"
    near = Neighbors(none, none, none.astype(np.float32), size)
    for found in (_by_terms if bounded else _one_by_one)(mine, shards, search, k):
        known = near.query, near.candidate, near.similarity
        query, candidate, similarity = map(np.concatenate, zip(known, found, strict=True))
        near = best(query, candidate, similarity, k, size)
    return near


def _one_by_one(mine: Rows, shards: Shards, search: Search, k: int) -> Iterator[Pairs]:
    """The k nearest of each posting in each shard."""
    asking, edge = mine.vectors, len(mine.numbers)
    near = partial(nearest, k=k, floor=FLOOR[asking.kind], method=search.method)
    for theirs in shards():
        if theirs is mine:
            found, numbers = near(asking), mine.numbers
        else:
            index, numbers = theirs.vectors, np.concatenate([mine.numbers, theirs.numbers])
            asked = Vectors(
                _aligned(asking.rows, mine, theirs), asking.owner, len(numbers),
                asking.probe,
            )  # fmt: skip
            found = near(asked, Vectors(index.rows, index.owner + edge, len(numbers), index.probe))
        yield numbers[found.query], numbers[found.candidate], found.similarity


def _by_terms(mine: Rows, shards: Shards, search: Search, k: int) -> Iterator[Pairs]:
    """The k nearest of sparse rows as the local engine approximates them.

    Which rows look most alike by the terms that tell most is found over all shards; these are
    compared in full.
    """
    rows, floor = mine.vectors.rows, FLOOR["sparse"]
    asked = telling_terms(rows, mine.held_by, search.rows)
    count = min(k + 1, search.rows) + EXTRA
    most, edges = sp.csr_matrix((rows.shape[0], 0), dtype=np.float32), [0]
    for theirs in shards():
        index = theirs.vectors.rows
        known = _aligned(asked, mine, theirs)
        part = most_by_terms(known, index.T.tocsr(), count, floor)
        most = zip_sp_matmul_topn(count, [most, part])
        edges.append(most.shape[1])
    row, column = rows_of(most), most.indices
    del most
    for theirs, first, last in zip(shards(), edges, edges[1:], strict=False):
        here = np.flatnonzero((column >= first) & (column < last))
        index, known = theirs.vectors, _aligned(rows, mine, theirs)
        at, found, alike = in_full(known, row[here], index.rows, column[here] - first, floor)
        query = mine.numbers[mine.vectors.owner[at]]
        candidate = theirs.numbers[index.owner[found]]
        other = query != candidate
        yield query[other], candidate[other], alike[other]


def _aligned(rows: Any, mine: Rows, theirs: Rows) -> Any:
    """Rows in the columns of another shard; dense ones as they are."""
    sparse_ones = mine.vectors.kind == "sparse"
    return in_columns(rows, mine.columns, theirs.columns) if sparse_ones else rows


def of_tiles(shelf: Shelf, folder: str, shard: int, totals: Totals) -> pa.Table:
    """What the tiles of a shard wrote for it, in one table."""
    return pa.concat_tables(
        shelf.read(f"{folder}/{min(shard, other)}-{max(shard, other)}", piece=int(shard > other))
        for other in totals.partners(shard)
    )
