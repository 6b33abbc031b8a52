"""Connected components of pairs by randomised contraction, a checkpoint per round.

In each round every posting goes to the neighbour, or itself, whose random number is the least, and
edges run between those that are left: a constant share of them in expectation, so the rounds grow
with the logarithm of the postings, for chains too (Bögeholz, Brand and Todor, "In-database
connected component analysis", 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from samesku.candidates.candidates import places_among
from samesku.clustering.agglomerative import components
from samesku.distributed.shelf import Array, Shelf, columns_of, table_of
from samesku.distributed.tasks import Result, Stages, Tasks

__all__ = ["find_components", "part_of"]

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
    found = stages.run(
        "edges",
        edges_of,
        {tile: (scored, tile, parts, threshold) for tile in tiles},
        threshold,
    )
    left, sources, round_, where = sum(each["edges"] for each in found), list(tiles), 0, "edges"
    while left > at_once:
        arguments: Tasks = {str(p): (p, parts, where, sources, round_) for p in range(parts)}
        stages.run(f"contract {round_}", contract, arguments)
        arguments = {str(p): (p, parts, round_) for p in range(parts)}
        found = stages.run(f"relabel {round_}", relabel, arguments)
        left, round_ = sum(each["edges"] for each in found), round_ + 1
        sources, where = [str(part) for part in range(parts)], f"edges/{round_}"
    stages.run("finish", finish, {"all": (parts, where, sources)})
    arguments = {str(p): (p, where, sources, round_, starts) for p in range(parts)}
    stages.run("labels", label, arguments)
    arguments = {str(shard): (shard, parts) for shard in range(parts)}
    stages.run("label shards", gather_labels, arguments)
    return round_


def edges_of(shelf: Shelf, scored: Shelf, tile: str, parts: int, threshold: float) -> Result:
    """The pairs of a tile that match, in both directions."""
    table = scored.read(f"scored/{tile}", ["left", "right", "score"])
    left, right, score = columns_of([table], "left", "right", "score")
    # As the local engine compares: what was scored in 32 bits.
    tied = score >= threshold
    one = np.concatenate([left[tied], right[tied]])
    other = np.concatenate([right[tied], left[tied]])
    _write_edges(shelf, f"edges/{tile}", one, other, parts)
    return {"edges": len(one)}


def _write_edges(shelf: Shelf, name: str, one: Array, other: Array, parts: int) -> None:
    of = part_of(one, parts)
    pieces = [table_of(one=one[of == part], other=other[of == part]) for part in range(parts)]
    shelf.write_pieces(name, pieces)


def _edges(shelf: Shelf, where: str, sources: Sequence[str], part: int) -> tuple[Array, Array]:
    one, other = columns_of(
        [shelf.piece(f"{where}/{each}", part) for each in sources], "one", "other"
    )
    return one, other


def contract(
    shelf: Shelf, part: int, parts: int, where: str, sources: Sequence[str], round_: int
) -> Result:
    """Choose who stands for each posting of a part, and move the first ends of its edges there."""
    one, other = _edges(shelf, where, sources, part)
    numbers, first = np.unique(one, return_inverse=True)
    ends = np.concatenate([numbers, other])
    owner = np.concatenate([np.arange(len(numbers)), first])
    order = np.lexsort((_mixed(ends, round_ + 1), owner))
    start = np.searchsorted(owner[order], np.arange(len(numbers)))
    chosen = ends[order][start]
    shelf.write(f"stands/{round_}/{part}", table_of(number=numbers, stands=chosen))
    vertex, now = _labels(shelf, part, parts, round_) if round_ else (numbers, numbers)
    now = _moved(numbers, chosen, now)
    of = part_of(now, parts)
    shelf.write_pieces(
        f"moved/{round_}/{part}",
        [table_of(vertex=vertex[of == p], now=now[of == p]) for p in range(parts)],
    )
    half = chosen[first] if len(chosen) else one
    of = part_of(other, parts)
    pieces = [table_of(one=half[of == p], other=other[of == p]) for p in range(parts)]
    shelf.write_pieces(f"half/{round_}/{part}", pieces)
    return {"postings": len(numbers)}


def _moved(numbers: Array, to: Array, now: Array) -> Array:
    """Where each goes: those that are none of the `numbers`, which ascend, stay."""
    place = places_among(numbers, now)
    return np.where(place >= 0, np.append(to, -1)[place], now)


def relabel(shelf: Shelf, part: int, parts: int, round_: int) -> Result:
    """Move the other ends, too, and keep each edge once."""
    pieces = [shelf.piece(f"half/{round_}/{each}", part) for each in range(parts)]
    one, other = columns_of(pieces, "one", "other")
    numbers, stands = columns_of([shelf.read(f"stands/{round_}/{part}")], "number", "stands")
    other = stands[np.searchsorted(numbers, other)] if len(other) else other
    apart = one != other
    pairs = np.unique(np.stack([one[apart], other[apart]], axis=1), axis=0)
    _write_edges(shelf, f"edges/{round_ + 1}/{part}", pairs[:, 0], pairs[:, 1], parts)
    return {"edges": len(pairs)}


def _labels(shelf: Shelf, part: int, parts: int, round_: int) -> tuple[Array, Array]:
    """The postings that a part looks after as one of those left, as the last round moved them."""
    pieces = [shelf.piece(f"moved/{round_ - 1}/{each}", part) for each in range(parts)]
    vertex, now = columns_of(pieces, "vertex", "now")
    return vertex, now


def finish(shelf: Shelf, parts: int, where: str, sources: Sequence[str]) -> Result:
    """Label what is left in one task: few edges, of large components or of none."""
    pairs = [_edges(shelf, where, sources, part) for part in range(parts)]
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
        vertex = now = np.unique(_edges(shelf, where, sources, part)[0])
    numbers, labels = columns_of([shelf.read("finished")], "number", "label")
    now = _moved(numbers, labels, now)
    order = np.argsort(vertex)
    vertex, now = vertex[order], now[order]
    cuts = np.searchsorted(vertex, starts)
    pieces = [table_of(number=vertex[a:b], label=now[a:b]) for a, b in pairwise(cuts)]
    shelf.write_pieces(f"labelled/{part}", pieces)
    return {"postings": len(vertex)}


def gather_labels(shelf: Shelf, shard: int, parts: int) -> Result:
    """The labels of a shard's postings."""
    pieces = [shelf.piece(f"labelled/{part}", shard) for part in range(parts)]
    number, found = columns_of(pieces, "number", "label")
    order = np.argsort(number)
    shelf.write(f"labels/{shard}", table_of(number=number[order], label=found[order]))
    return {}
