"""Components to clusters by the local agglomeration, their names, and the files of the result."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.crowding import uncrowded
from samesku.clustering.expected import partners, summed_f1
from samesku.clustering.pins import components
from samesku.distributed.components import find_components, looked_up
from samesku.distributed.searching import numbers_of
from samesku.distributed.shelf import Shelf, array_of, columns_of, frame_of, part_of, table_of
from samesku.distributed.tasks import Result, Stages, digest_of
from samesku.distributed.totals import Totals
from samesku.results.listing import for_spreadsheets
from samesku.runtime.arrays import Array

# Postings of a component that one worker clusters; larger ones are split by a higher threshold.
MOST = 200_000
# Share of the way to 1 by which the threshold rises until a component is small enough.
RISE = 0.1
# The columns of `groups.csv`.
GROUPS = ["group_id", "group_size", "posting_id", "title", "identical_to"]


def uncrowd_tile(
    shelf: Shelf, scored: Shelf, tile: str, pair: tuple[int, int], crowding: tuple[float, float]
) -> None:
    """The pairs of a tile with the scores that the likely partners of their ends leave them."""
    said = pa.concat_tables(scored.read(f"likely/{shard}") for shard in sorted(set(pair)))
    numbers, likely = columns_of(said, "number", "likely")
    table = scored.read(f"scored/{tile}")
    *ends, score = columns_of(table, "left", "right", "score")
    left, right = (np.searchsorted(numbers, each) for each in ends)
    moved = array_of(uncrowded(left, right, score, likely, crowding))
    place = table.schema.get_field_index("score")
    shelf.write(f"scored/{tile}", table.set_column(place, "score", moved))


def cluster_at(
    stages: Stages, scored: Shelf, totals: Totals, threshold: float
) -> tuple[int, list[Result]]:
    """Cluster the scored pairs; tells in how many rounds of contraction, and of what was split."""
    rounds = find_components(stages, scored, totals, threshold)
    given = {tile: (scored, tile, totals.shards) for tile in totals.pairs}
    stages.run("component pairs", _pairs_of_tile, given)
    found = stages.each("cluster", _cluster_part, totals.shards, totals, threshold, MOST)
    return rounds, [each for one in found for each in one["split"]]


def _pairs_of_tile(shelf: Shelf, scored: Shelf, tile: str, parts: int) -> None:
    """The pairs of a tile that lie within one component, for the part that clusters it."""
    shards = dict.fromkeys(tile.split("-"))
    labels = pa.concat_tables(shelf.read(f"labels/{shard}") for shard in shards)
    number, found = columns_of(labels, "number", "label")
    table = scored.read(f"scored/{tile}")
    left, right = (looked_up(number, found, each) for each in columns_of(table, "left", "right"))
    of = np.where((left == right) & (left >= 0), part_of(left, parts), -1)
    shelf.deal(f"inside/{tile}", table, of, parts)


def _cluster_part(shelf: Shelf, part: int, totals: Totals, threshold: float, most: int) -> Result:
    """The clusters of the components of one part; those too large are split before."""

    def pieces(*names: str) -> Iterator[list[Array]]:
        for tile in totals.pairs:
            yield columns_of(shelf.read(f"inside/{tile}", names, part), *names)

    # One piece at a time, as most of a catalogue may be one component.
    numbers = np.unique(np.concatenate([np.union1d(*ends) for ends in pieces("left", "right")]))
    members, read = np.empty(len(numbers), dtype=np.int64), []
    for *ends, score, one, other in pieces(
        "left", "right", "score", "left_members", "right_members"
    ):
        left, right = (np.searchsorted(numbers, each).astype(np.int32) for each in ends)
        members[left], members[right] = one, other
        read.append((left, right, score))
    left, right, score = map(np.concatenate, zip(*read, strict=True))
    del read
    # In the order in which the local engine reads them.
    order = np.lexsort((right, left))
    left, right, score = left[order], right[order], score[order]
    kept, split = _small_enough(left, right, score, len(numbers), threshold, most)
    clusters = agglomerate(left[kept], right[kept], score[kept], len(numbers), threshold=threshold)
    inside = clusters[left] == clusters[right]
    likely = partners(left[inside], right[inside], score[inside], members)
    found = np.bincount(clusters, members).astype(np.float64)[clusters]
    _, first = np.unique(clusters, return_index=True)
    heads = numbers[first][clusters]
    table = table_of(number=numbers, head=heads, found=found, inside=likely)
    shelf.cut(f"clustered/{part}", table, numbers, totals.starts)
    return {"split": split}


def _small_enough(
    left: Array, right: Array, score: Array, size: int, threshold: float, most: int
) -> tuple[Array, list[Result]]:
    """The pairs left when components of more than so many postings are split, and how."""
    kept, split, tied = np.ones(len(score), dtype=bool), [], score >= threshold
    of = components(left[tied], right[tied], size)
    counts = np.bincount(of)
    for label in np.flatnonzero(counts > most):
        own = (of[left] == label) & (of[right] == label)
        raised = threshold
        while True:
            raised += RISE * (1 - raised)
            near = own & (score >= raised)
            part = components(left[near], right[near], size)
            if np.bincount(part[of == label]).max() <= most or raised > 0.999:
                break
        kept[own] = part[left[own]] == part[right[own]]
        split.append({"postings": int(counts[label]), "threshold": round(float(raised), 4)})
    return kept, split


def expect_f1(shelf: Shelf, shard: int, whole: Shelf, parts: int) -> Result:
    """The sum of the expected F1 over the postings of a shard."""
    numbers, members, likely = whole.columns(f"likely/{shard}", "number", "members", "likely")
    found, inside = members.astype(np.float64), np.zeros(len(members))
    clustered = shelf.gathered("clustered", range(parts), shard)
    number, size, near = columns_of(clustered, "number", "found", "inside")
    place = np.searchsorted(numbers, number)
    found[place], inside[place] = size, near
    return {"f1": summed_f1(members, found, inside, likely)}


def heads_of(shelf: Shelf, shard: int, clustered: Shelf, parts: int) -> Result:
    """The first posting of the cluster of each distinct posting of a shard."""
    numbers = numbers_of(shelf, shard)
    found = clustered.gathered("clustered", range(parts), shard).sort_by("number")
    number, head = columns_of(found, "number", "head")
    heads = looked_up(number, head, numbers, numbers)
    shelf.write(f"heads/{shard}", table_of(number=numbers, head=heads))
    return {"clusters": int(np.count_nonzero(numbers == heads))}


def _cluster_numbers(
    shelf: Shelf, stands: Array, starts: Sequence[int], offsets: Sequence[int]
) -> Array:
    """The number of the cluster of each distinct posting named."""
    heads = np.zeros(len(stands), dtype=np.int64)
    for source, shard in _by_shard(stands, starts):
        number, head = shelf.columns(f"heads/{shard}", "number", "head")
        heads[source] = head[np.searchsorted(number, stands[source])]
    found = np.zeros(len(stands), dtype=np.int64)
    for source, shard in _by_shard(heads, starts):
        number, head = shelf.columns(f"heads/{shard}", "number", "head")
        found[source] = offsets[shard] + np.searchsorted(number[number == head], heads[source])
    return found


def _by_shard(numbers: Array, starts: Sequence[int]) -> list[tuple[Array, int]]:
    shard = np.searchsorted(starts, numbers, side="right") - 1
    return [(np.flatnonzero(shard == each), int(each)) for each in np.unique(shard)]


def name_clusters(
    shelf: Shelf, shard: int, starts: Sequence[int], offsets: Sequence[int],
    file_starts: Sequence[int],
) -> None:  # fmt: skip
    """Number the cluster of every posting of a shard, by the smallest id in it."""
    parts = len(starts) - 1
    frame = shelf.frame(f"whole/{shard}")
    stands, numbers = frame["stands"].to_numpy(), frame["number"].to_numpy()
    clusters = _cluster_numbers(shelf, stands, starts, offsets)
    other: list[str | None] = [None] * frame.height
    moved = np.flatnonzero(stands != numbers)
    for source, home in _by_shard(stands[moved], starts):
        ids = shelf.read(f"whole/{home}", ["posting_id"]).column(0)
        for place in moved[source].tolist():
            other[place] = ids[int(stands[place]) - starts[home]].as_py()
    rows = np.asarray(file_starts)[frame["~file"].to_numpy()] + frame["~row"].to_numpy()
    named = frame.select("posting_id", "title").with_columns(
        group_id=pl.Series(clusters),
        identical_to=pl.Series(other, dtype=pl.String),
        row=pl.Series(rows),
    )
    shelf.write(f"named/{shard}", named.to_arrow())
    of = clusters * parts // max(offsets[-1], 1)
    shelf.deal(f"members/{shard}", named.to_arrow(), of, parts)


def count_overlap(shelf: Shelf, shard: int, last: str, shards: int) -> None:
    """How many postings of each cluster of the last run are in each cluster of this one."""
    folder, now = Shelf(last), shelf.frame(f"named/{shard}", ["posting_id", "group_id"])
    low, high = now.select(pl.min("posting_id"), pl.max("posting_id").alias("last")).row(0)
    end = None if high is None else f"{high}\0"
    parts = (folder.between(name, "posting_id", low, end) for name in folder.names())
    before = pl.concat(part.select("posting_id", "cluster_id") for part in parts)
    found = now.join(before, on="posting_id").group_by("cluster_id", "group_id").len()
    shelf.deal(f"overlap/{shard}", found.to_arrow(), part_of(found["cluster_id"], shards), shards)


def choose_heirs(shelf: Shelf, part: int, shards: int, clusters: int) -> None:
    """The cluster that has the most postings of each of the last run, for its part."""
    found = (
        frame_of(shelf.gathered("overlap", range(shards), part))
        .group_by("cluster_id", "group_id")
        .agg(pl.col("len").sum())
        .sort("len", "group_id", descending=[True, False])
        .unique("cluster_id", keep="first", maintain_order=True)
    )
    of = found["group_id"].to_numpy() * shards // max(clusters, 1)
    shelf.deal(f"heirs/{part}", found.to_arrow(), of, shards)


def gather_clusters(
    shelf: Shelf, part: int, out: str, shards: int, run: str, carried: bool
) -> Result:
    """Write the clusters of one part with all their postings, largest first, a piece per size."""
    frame = frame_of(shelf.gathered("members", range(shards), part))
    frame = frame.with_columns(group_size=pl.len().over("group_id"))
    frame = frame.sort("group_size", "group_id", "row", descending=[True, False, False])
    fresh = frame.group_by("group_id").agg(pl.col("posting_id").min())
    names = [digest_of(run, each)[:16] for each in fresh["posting_id"]]
    ids = fresh.select("group_id").with_columns(cluster_id=pl.Series(names, dtype=pl.String))
    if carried:
        heirs = frame_of(shelf.gathered("heirs", range(shards), part))
        heirs = heirs.sort("len", "cluster_id", descending=[True, False])
        old = heirs.unique("group_id", keep="first").select("group_id", carried="cluster_id")
        ids = ids.join(old, on="group_id", how="left").select(
            "group_id", cluster_id=pl.coalesce("carried", "cluster_id")
        )
    whole = frame.join(ids, on="group_id", how="left", maintain_order="left")
    whole = whole.select("cluster_id", *GROUPS)
    pieces = whole.partition_by("group_size", maintain_order=True) or [whole]
    name = f"clusters-{run}/part-{part:05}.parquet"
    Shelf(out).write(name, *(piece.to_arrow() for piece in pieces))
    sizes = frame.group_by("group_id").len()["len"]
    counted = sizes.value_counts().sort("len", descending=True)
    return {"sizes": counted.rows()}


def write_groups(shelf: Shelf, out: str, run: str, sizes: Sequence[Sequence[int]]) -> None:
    """`groups.csv` as the local engine writes it: part by part for each size, never all at once.

    `sizes`: those of the clusters of each part, as their pieces come.
    """
    folder = Shelf(out)
    with folder.written("groups.csv") as file:
        file.write(f"{','.join(GROUPS)}\n".encode())
        for size in sorted(set().union(*sizes), reverse=True):
            for part, own in enumerate(sizes):
                if size in own:
                    name = f"clusters-{run}/part-{part:05}.parquet"
                    frame = frame_of(folder.read(name, piece=own.index(size)))
                    shown = for_spreadsheets(frame.select(GROUPS))
                    file.write(shown.write_csv(include_header=False).encode())


def write_matches(
    shelf: Shelf, out: str, run: str, tile: str, starts: Sequence[int], offsets: Sequence[int]
) -> None:
    """The scored pairs of a tile whose postings share a cluster."""
    frame = shelf.frame(f"explained/{tile}")
    left, right = (
        _cluster_numbers(shelf, frame[side].to_numpy(), starts, offsets)
        for side in ("left", "right")
    )
    matched = frame.with_columns(group_id=pl.Series(left)).filter(pl.Series(left == right))
    matched = matched.drop("left", "right").sort("score", descending=True)
    Shelf(out).write(f"matches-{run}/part-{tile}.parquet", matched.to_arrow())
