"""Connected components of pairs: those of each tile first, then of all tiles together."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from samesku.candidates.candidates import places_among
from samesku.clustering.pins import components
from samesku.distributed.shelf import Shelf, columns_of, table_of
from samesku.distributed.tasks import Stages, Tasks
from samesku.distributed.totals import Totals
from samesku.runtime.arrays import Array
from samesku.runtime.random import mixed

# Labels of tiles that are held before they are joined: 100 MB.
AT_ONCE = 2_000_000


def part_of(numbers: Array, parts: int) -> Array:
    """A part for each number, at random."""
    return np.asarray(mixed(numbers.astype(np.uint64)) % np.uint64(parts)).astype(np.int64)


def looked_up(keys: Array, values: Array, wanted: Array, others: Array | int = -1) -> Array:
    """The value of each key that is wanted; keys ascend, `others` is for what is none of them."""
    place = places_among(keys, wanted)
    return np.where(place >= 0, np.append(values, -1)[place], others)


def find_components(stages: Stages, scored: Shelf, totals: Totals, threshold: float) -> None:
    """Label every posting that a pair of ``scored/TILE`` ties to another.

    Leaves ``labels/SHARD`` with `number`, ascending, and `label`. A tile passes on one label per
    posting in place of its pairs, so that one task can join all.
    """
    given: Tasks = {tile: (scored, tile, threshold) for tile in totals.pairs}
    stages.run("edges", label_tile, given, threshold)
    stages.run("components", join_tiles, {"all": (totals,)})


def label_tile(shelf: Shelf, scored: Shelf, tile: str, threshold: float) -> None:
    """The components of the pairs of a tile that match."""
    left, right, score = scored.columns(f"scored/{tile}", "left", "right", "score")
    tied = score >= threshold  # as the local engine compares: what was scored in 32 bits
    shelf.write(f"edges/{tile}", _labelled(left[tied], right[tied]))


def join_tiles(shelf: Shelf, totals: Totals) -> None:
    """The components of all, by the labels of the tiles."""
    held: list[pa.Table] = []
    for tile in totals.pairs:
        held.append(shelf.read(f"edges/{tile}"))
        if sum(map(len, held[1:])) > AT_ONCE:
            held = [_joined(held)]
    table = _joined(held)
    cuts = np.searchsorted(columns_of(table, "number")[0], totals.starts).tolist()
    for shard, (low, high) in enumerate(pairwise(cuts)):
        shelf.write(f"labels/{shard}", table.slice(low, high - low))


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return _labelled(*columns_of(pa.concat_tables(tables), "number", "label"))


def _labelled(one: Array, other: Array) -> pa.Table:
    """The numbers that pairs tie together, ascending, and the least of the component of each."""
    numbers, place = np.unique(np.concatenate([one, other]), return_inverse=True)
    component = components(place[: len(one)], place[len(one) :], len(numbers))
    _, first = np.unique(component, return_index=True)
    return table_of(number=numbers, label=numbers[first][component])
