"""Connected components of pairs by randomised contraction, a checkpoint per round.

In each round every posting goes to the neighbour, or itself, whose random number is the least, and
edges run between those that are left: a constant share of them in expectation, so the rounds grow
with the logarithm of the postings, for chains too (Bögeholz, Brand and Todor, "In-database
connected component analysis", 2018).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samesku.candidates.candidates import places_among
from samesku.clustering.agglomerative import components
from samesku.distributed.shelf import Array, Shelf, columns_of, table_of
from samesku.distributed.tasks import Result, Stages, Tasks

# Edges that one worker finishes at once: 100 MB.
AT_ONCE = 2_000_000


def part_of(numbers: Array, parts: int) -> Array:
    """The part that looks after each posting."""
    return np.asarray(_mixed(numbers, 0) % np.uint64(parts)).astype(np.int64)


def _mixed(numbers: Array, seed: int) -> Array:
    """A random number of 64 bits for each, no two alike (splitmix64)."""
    mixed = numbers.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def find_components(
    stages: Stages, scored: Shelf, tiles: Sequence[str], starts: Sequence[int], threshold: float,
    at_once: int,
) -> int:  # fmt: skip
    """Label every posting that a pair of ``scored/TILE`` ties to another; tells in how many rounds.

    Leaves ``labels/SHARD`` with `number` and `label`.
    """
    parts = len(starts) - 1
    given: Tasks = {tile: (scored, tile, parts, threshold) for tile in tiles}
    found = stages.run("edges", edges_of, given, threshold)
    left, sources, round_, where = sum(each["edges"] for each in found), list(tiles), 0, "edges"
    while left > at_once:
        stages.each(f"contract {round_}", contract, parts, parts, where, sources, round_)
        found = stages.each(f"relabel {round_}", relabel, parts, parts, round_)
        left, round_ = sum(each["edges"] for each in found), round_ + 1
        sources, where = [str(part) for part in range(parts)], f"edges/{round_}"
    stages.run("finish", finish, {"all": (parts, where, sources)})
    stages.each("labels", label, parts, where, sources, round_, starts)
    stages.each("label shards", gather_labels, parts, parts)
    return round_


def edges_of(shelf: Shelf, scored: Shelf, tile: str, parts: int, threshold: float) -> Result:
    """The pairs of a tile that match, in both directions."""
    names = ["left", "right", "score"]
    left, right, score = columns_of(scored.read(f"scored/{tile}", names), *names)
    # As the local engine compares: what was scored in 32 bits.
    tied = score >= threshold
    one = np.concatenate([left[tied], right[tied]])
    other = np.concatenate([right[tied], left[tied]])
    shelf.deal(f"edges/{tile}", table_of(one=one, other=other), part_of(one, parts), parts)
    return {"edges": len(one)}


def contract(
    shelf: Shelf, part: int, parts: int, where: str, sources: Sequence[str], round_: int
) -> Result:
    """Choose who stands for each posting of a part, and move the first ends of its edges there."""
    one, other = columns_of(shelf.gathered(where, sources, part), "one", "other")
    numbers, first = np.unique(one, return_inverse=True)
    ends = np.concatenate([numbers, other])
    owner = np.concatenate([np.arange(len(numbers)), first])
    order = np.lexsort((_mixed(ends, round_ + 1), owner))
    start = np.searchsorted(owner[order], np.arange(len(numbers)))
    chosen = ends[order][start]
    shelf.write(f"stands/{round_}/{part}", table_of(number=numbers, stands=chosen))
    vertex, now = _labels(shelf, part, parts, round_) if round_ else (numbers, numbers)
    now = looked_up(numbers, chosen, now, now)
    moved = table_of(vertex=vertex, now=now)
    shelf.deal(f"moved/{round_}/{part}", moved, part_of(now, parts), parts)
    half = table_of(one=chosen[first] if len(chosen) else one, other=other)
    shelf.deal(f"half/{round_}/{part}", half, part_of(other, parts), parts)
    return {"postings": len(numbers)}


def looked_up(keys: Array, values: Array, wanted: Array, others: Array | int = -1) -> Array:
    """The value of each key that is wanted; keys ascend, `others` is for what is none of them."""
    place = places_among(keys, wanted)
    return np.where(place >= 0, np.append(values, -1)[place], others)


def relabel(shelf: Shelf, part: int, parts: int, round_: int) -> Result:
    """Move the other ends, too, and keep each edge once."""
    one, other = columns_of(shelf.gathered(f"half/{round_}", range(parts), part), "one", "other")
    numbers, stands = columns_of(shelf.read(f"stands/{round_}/{part}"), "number", "stands")
    other = stands[np.searchsorted(numbers, other)] if len(other) else other
    apart = one != other
    one, other = np.unique(np.stack([one[apart], other[apart]], axis=1), axis=0).T
    edges = table_of(one=one, other=other)
    shelf.deal(f"edges/{round_ + 1}/{part}", edges, part_of(one, parts), parts)
    return {"edges": len(one)}


def _labels(shelf: Shelf, part: int, parts: int, round_: int) -> list[Array]:
    """The postings that a part looks after as one of those left, as the last round moved them."""
    return columns_of(shelf.gathered(f"moved/{round_ - 1}", range(parts), part), "vertex", "now")


def finish(shelf: Shelf, parts: int, where: str, sources: Sequence[str]) -> Result:
    """Label what is left in one task: few edges, of large components or of none."""
    pairs = [columns_of(shelf.gathered(where, sources, p), "one", "other") for p in range(parts)]
    one, other = (np.concatenate(each) for each in zip(*pairs, strict=True))
    numbers, place = np.unique(np.concatenate([one, other]), return_inverse=True)
    ends = place[: len(one)], place[len(one) :]
    component = components(*ends, max(len(numbers), 1))[: len(numbers)]
    _, first = np.unique(component, return_index=True)
    labels = numbers[first][component] if len(numbers) else numbers
    shelf.write("finished", table_of(number=numbers, label=labels))
    return {"edges": len(one)}


def label(
    shelf: Shelf, part: int, where: str, sources: Sequence[str], round_: int, starts: Sequence[int]
) -> Result:
    """The label of each posting that a part looks after, for its shard."""
    if round_:
        vertex, now = _labels(shelf, part, len(starts) - 1, round_)
    else:
        (one,) = columns_of(shelf.gathered(where, sources, part), "one")
        vertex = now = np.unique(one)
    numbers, labels = columns_of(shelf.read("finished"), "number", "label")
    now = looked_up(numbers, labels, now, now)
    order = np.argsort(vertex)
    vertex, now = vertex[order], now[order]
    shelf.cut(f"labelled/{part}", table_of(number=vertex, label=now), vertex, starts)
    return {"postings": len(vertex)}


def gather_labels(shelf: Shelf, shard: int, parts: int) -> Result:
    """The labels of a shard's postings."""
    shelf.write(
        f"labels/{shard}", shelf.gathered("labelled", range(parts), shard).sort_by("number")
    )
    return {}
