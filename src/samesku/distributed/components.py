"""Connected components of pairs by randomised contraction, a checkpoint per round.

In each round every posting goes to the neighbour, or itself, whose random number is the least, and
edges run between those that are left: a constant share of them in expectation, so the rounds grow
with the logarithm of the postings, for chains too (Bögeholz, Brand and Todor, "In-database
connected component analysis", 2018).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from samesku.candidates.candidates import places_among
from samesku.clustering.pins import components
from samesku.distributed.searching import of_tiles
from samesku.distributed.shelf import Shelf, columns_of, table_of
from samesku.distributed.tasks import Result, Stages, Tasks
from samesku.distributed.totals import Totals
from samesku.runtime.arrays import Array
from samesku.runtime.random import mixed

# Edges that one worker finishes at once: 100 MB.
AT_ONCE = 2_000_000


def find_components(stages: Stages, scored: Shelf, totals: Totals, threshold: float) -> int:
    """Label every posting that a pair of ``scored/TILE`` ties to another; tells in how many rounds.

    Leaves ``labels/SHARD`` with `number`, ascending, and `label`. Each shard looks after its
    postings.
    """
    shards, starts, round_ = totals.shards, totals.starts, 0
    given: Tasks = {tile: (scored, tile, threshold) for tile in totals.pairs}
    found = stages.run("edges", edges_of, given, threshold)
    while sum(each["edges"] for each in found) > AT_ONCE:
        stages.each(f"contract {round_}", contract, shards, totals, round_)
        found = stages.each(f"relabel {round_}", relabel, shards, starts, round_)
        round_ += 1
    stages.run("finish", finish, {"all": (totals, round_)})
    if round_:
        stages.each("labels", label, shards, starts, round_)
        stages.each("label shards", gather_labels, shards, shards)
    return round_


def edges_of(shelf: Shelf, scored: Shelf, tile: str, threshold: float) -> Result:
    """The pairs of a tile that match, from either end."""
    left, right, score = scored.columns(f"scored/{tile}", "left", "right", "score")
    tied = score >= threshold  # as the local engine compares: what was scored in 32 bits
    left, right = left[tied], right[tied]
    ways = [table_of(one=left, other=right), table_of(one=right, other=left)]
    within = len(set(tile.split("-"))) == 1
    shelf.write(f"edges/0/{tile}", *([pa.concat_tables(ways)] if within else ways))
    return {"edges": 2 * len(left)}


def _edges(shelf: Shelf, shard: int, totals: Totals, round_: int) -> list[Array]:
    """The edges of a shard's postings: `one` and `other`."""
    table = (
        shelf.gathered(f"edges/{round_}", range(totals.shards), shard)
        if round_
        else of_tiles(shelf, "edges/0", shard, totals)
    )
    return columns_of(table, "one", "other")


def _deal(shelf: Shelf, name: str, starts: Sequence[int], by: Array, **columns: Array) -> None:
    """Write columns for the shards of the numbers `by`."""
    of = np.searchsorted(starts, by, side="right") - 1
    shelf.deal(name, table_of(**columns), of, len(starts) - 1)


def contract(shelf: Shelf, shard: int, totals: Totals, round_: int) -> None:
    """Choose who stands for each posting of a shard, and move the first ends of its edges there."""
    starts, (one, other) = totals.starts, _edges(shelf, shard, totals, round_)
    numbers, first = np.unique(one, return_inverse=True)
    ends = np.concatenate([numbers, other])
    owner = np.concatenate([np.arange(len(numbers)), first])
    seed = np.uint64((round_ + 1) * 0x9E3779B97F4A7C15 % 2**64)
    order = np.lexsort((mixed(ends.astype(np.uint64) + seed), owner))
    start = np.searchsorted(owner[order], np.arange(len(numbers)))
    chosen = ends[order][start]
    shelf.write(f"stands/{round_}/{shard}", table_of(number=numbers, stands=chosen))
    vertex = now = numbers
    if round_:
        vertex, now = _labels(shelf, shard, totals.shards, round_)
    now = looked_up(numbers, chosen, now, now)
    _deal(shelf, f"moved/{round_}/{shard}", starts, now, vertex=vertex, now=now)
    one = chosen[first] if len(chosen) else one
    _deal(shelf, f"half/{round_}/{shard}", starts, other, one=one, other=other)


def looked_up(keys: Array, values: Array, wanted: Array, others: Array | int = -1) -> Array:
    """The value of each key that is wanted; keys ascend, `others` is for what is none of them."""
    place = places_among(keys, wanted)
    return np.where(place >= 0, np.append(values, -1)[place], others)


def relabel(shelf: Shelf, shard: int, starts: Sequence[int], round_: int) -> Result:
    """Move the second ends of the edges to those who stand for them, and keep each edge once."""
    half = shelf.gathered(f"half/{round_}", range(len(starts) - 1), shard)
    one, other = columns_of(half, "one", "other")
    numbers, stands = shelf.columns(f"stands/{round_}/{shard}", "number", "stands")
    other = stands[np.searchsorted(numbers, other)] if len(other) else other
    apart = one != other
    one, other = np.unique(np.stack([one[apart], other[apart]], axis=1), axis=0).T
    _deal(shelf, f"edges/{round_ + 1}/{shard}", starts, one, one=one, other=other)
    return {"edges": len(one)}


def _labels(shelf: Shelf, shard: int, shards: int, round_: int) -> list[Array]:
    """The postings that are one of a shard's by now, and which, as the last round moved them."""
    moved = shelf.gathered(f"moved/{round_ - 1}", range(shards), shard)
    return columns_of(moved, "vertex", "now")


def finish(shelf: Shelf, totals: Totals, round_: int) -> None:
    """Label what is left in one task: few edges, of large components or of none."""
    pairs = [_edges(shelf, shard, totals, round_) for shard in range(totals.shards)]
    one, other = (np.concatenate(each) for each in zip(*pairs, strict=True))
    numbers, place = np.unique(np.concatenate([one, other]), return_inverse=True)
    ends = place[: len(one)], place[len(one) :]
    component = components(*ends, len(numbers))
    _, first = np.unique(component, return_index=True)
    labels = numbers[first][component]
    table = table_of(number=numbers, label=labels)
    shelf.write("finished", table)
    cuts = np.searchsorted(numbers, totals.starts).tolist()
    for shard, (low, high) in enumerate(pairwise([] if round_ else cuts)):
        shelf.write(f"labels/{shard}", table.slice(low, high - low))


def label(shelf: Shelf, shard: int, starts: Sequence[int], round_: int) -> None:
    """The label of each posting that is one of a shard's by now, for its own shard."""
    vertex, now = _labels(shelf, shard, len(starts) - 1, round_)
    numbers, labels = shelf.columns("finished", "number", "label")
    now = looked_up(numbers, labels, now, now)
    _deal(shelf, f"labelled/{shard}", starts, vertex, number=vertex, label=now)


def gather_labels(shelf: Shelf, shard: int, shards: int) -> None:
    found = shelf.gathered("labelled", range(shards), shard)
    shelf.write(f"labels/{shard}", found.sort_by("number"))
