"""A catalogue through all stages on a Ray cluster: the clusters of the local engine."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import ray

from samesku.catalog.problems import CatalogError, Problem
from samesku.clustering.agglomerative import COHESION
from samesku.clustering.expected import climb, moves
from samesku.distributed import clustering, components, reading, scoring, searching, statistics
from samesku.distributed.clustering import Clustered
from samesku.distributed.reading import Reading
from samesku.distributed.searching import Totals
from samesku.distributed.shelf import Shelf
from samesku.distributed.tasks import Result, Stages, Tasks, digest_of
from samesku.matcher import Matcher
from samesku.results.record import environment
from samesku.runtime.memory import CEILING, bytes_of, needed
from samesku.scoring.learned import Learned

__all__ = ["RayEngine", "start"]

# Bytes of a worker: the program with the model, and per posting of its shard, of which a tile holds
# two. A quarter more than was seen with shards of 5,000 and 10,000 postings.
PROGRAM, POSTING = 430 * 2**20, 60_000
# Postings of a component that one worker clusters; larger ones are split by a higher threshold.
MOST = 200_000
# On a busy machine the processes of Ray may come up too late.
TRIES = 3


def start(address: str | None, **options: object) -> None:
    """Connect to a cluster, or start Ray on this machine; nothing where it runs already.

    `options` are further ones of ``ray.init``.
    """
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    threads = {"env_vars": {"SAMESKU_THREADS": "1", "OMP_NUM_THREADS": "1"}}
    given: dict[str, Any] = {"runtime_env": threads, "log_to_driver": False, **options}
    if address is not None:
        ray.init(address=address, **given)
        return
    for attempt in range(TRIES):
        try:
            ray.init("local", include_dashboard=False, **given)
            return
        except Exception as error:  # Ray has no kind of its own for it
            ray.shutdown()
            if attempt == TRIES - 1:
                raise RuntimeError(
                    f"Ray did not start on this machine in {TRIES} attempts, often as it is busy "
                    f"or short of memory: try again, or use the local engine ({error})"
                ) from error


class RayEngine:
    """Matches a catalogue on a Ray cluster.

    Parameters
    ----------
    matcher : Matcher
        What is looked at, and how it is scored.
    work : str
        Folder of the tables between the stages, which all workers see: a path, or ``s3://...``.
        A run that was killed goes on from what is there.
    shards : int, optional
        Into how many ranges of ids the postings are divided; default: as many as `memory` asks for.
    memory : str or int, optional
        What a worker may take, which bounds a shard; default 4 GB.
    address : str, optional
        Of the cluster, ``"auto"`` or ``"ray://HOST:10001"``; default: Ray on this machine.
    at_once : int
        Edges between matched postings that are left to one worker to finish.
    most : int
        Postings of a component that are clustered at once.
    """

    def __init__(
        self,
        matcher: Matcher,
        work: str,
        *,
        shards: int | None = None,
        memory: str | int | None = None,
        address: str | None = None,
        at_once: int = components.AT_ONCE,
        most: int = MOST,
    ) -> None:
        if shards is not None and shards < 1:
            raise ValueError(f"shards are at least 1, not {shards}")
        if (matcher.pairs or "within") == "across" or matcher.within or matcher.decide not in (
            None, "clusters"
        ):  # fmt: skip
            raise ValueError(
                "the engine ray clusters the postings of one catalogue: leave out pairs across, "
                "within and decide, or use the local engine"
            )
        if matcher.method == "approximate":
            raise ValueError("the engine ray searches each tile exactly: leave search out")
        self.matcher, self.shards, self.address = matcher, shards, address
        self.memory = None if memory is None else bytes_of(memory)
        if self.memory is not None and (least := needed(0)) > self.memory:
            raise ValueError(f"a worker needs {least // 2**20:,}MB of memory: allow more")
        self.at_once, self.most = at_once, most
        self.work = Shelf(_absolute(work))

    def match(
        self,
        catalogue: str,
        out: str,
        *,
        photos: str | None = None,
        columns: Mapping[str, str] | None = None,
        encoding: str | None = None,
        allow_outside: bool = False,
    ) -> dict[str, Any]:
        """Match a file, or all Parquet files of a folder; write the result, and return its record.

        Parameters
        ----------
        catalogue : str
            A path or URI.
        out : str
            Gets ``clusters/``, ``matches/`` (Parquet), ``groups.csv`` and ``run.json``.
        photos, columns, encoding, allow_outside
            As :func:`samesku.read_catalog` takes them, of each file.

        Raises
        ------
        CatalogError
            With the problems of all files.
        """
        start(self.address)
        self.stages = Stages(self.work, self.matcher.progress, self.memory)
        catalogue, out = _absolute(catalogue), _absolute(out)
        photos = None if photos is None else _absolute(photos)
        how = Reading(photos, columns, encoding, allow_outside)
        read, bounds, names = self._read(catalogue, how)
        totals = self._count(read, bounds, names)
        tiles = self._pairs(totals)
        return self._write(catalogue, out, read, totals, tiles, bounds, names)

    def _read(self, catalogue: str, how: Reading) -> tuple[list[Result], Any, list[str]]:
        """Check all files; the ranges of ids that become shards."""
        files = reading.files_of(catalogue)
        work = {str(number): (how, number, file[0]) for number, file in enumerate(files)}
        read = self.stages.run("read", reading.read_file, work, files, how)
        if fatal := [each for each in read if "fatal" in each]:
            raise CatalogError(
                catalogue,
                [
                    Problem("file", f"{each['file']}: {found}", "mend the file", True)
                    for each in fatal
                    for found in each["fatal"]
                ],
            )
        for each in read:
            for found in each["problems"]:
                self.matcher.progress.note(f"{each['file']}: {found}")
        count = sum(each["rows"] for each in read)
        bounds = _bounds(read, self._shards(count))
        names = list(dict.fromkeys(name for each in read for name in each["columns"]))
        return read, bounds, names

    def _shards(self, count: int) -> int:
        """Into how many shards so many postings go, so that two fit a worker."""
        ceiling = CEILING if self.memory is None else self.memory
        shards = self.shards or max(1, math.ceil(count * POSTING / (ceiling - PROGRAM)))
        self.stages.postings = 2 * math.ceil(count / shards)
        if self.memory is not None and (least := needed(self.stages.postings)) > self.memory:
            raise ValueError(
                f"a worker that holds two of {shards:,} shards needs about {least // 2**20:,}MB of "
                f"memory, more than the {self.memory // 2**20:,}MB that are allowed: allow more"
                + (", or take more shards" if self.shards else "")
            )
        return shards

    def _count(self, read: list[Result], bounds: Sequence[Any], names: list[str]) -> Totals:
        """Sort, collapse what is identical, and count over all."""
        run, files, shards = self.stages.run, list(range(len(read))), len(bounds)
        photos = any(each.modality == "photo" for each in self.matcher.encoders)
        each_shard = range(shards)
        given: Tasks = {str(s): (s, shards, bounds[s], files, names, photos) for s in each_shard}
        found = run("sort", reading.sort_shard, given, shards, names, photos)
        self._unique(read, found)
        starts = tuple(np.cumsum([0, *(each["rows"] for each in found)]).tolist())
        letters = tuple(sorted({letter for each in found for letter in each["letters"]}))
        run("collapse", reading.same_postings, {str(s): (s, starts) for s in each_shard})
        given = {str(s): (s, starts, letters) for s in each_shard}
        found = run("count", statistics.count_shard, given)
        counted = statistics.dictionaries(names)
        given = {str(s): (s, shards, counted) for s in each_shard}
        merged = run("add up", statistics.merge_terms, given)
        run("number", statistics.number_terms, given)
        if "price" in names:
            run("prices", statistics.merge_prices, {"all": (shards,)})
        run("spelling", statistics.merge_spelling, {"all": (shards,)})
        terms = {name: sum(each["sizes"][name] for each in merged) for name in counted}
        return Totals(sum(each["distinct"] for each in found), starts, letters, terms)

    def _unique(self, read: list[Result], found: list[Result]) -> None:
        if twice := [row for each in found for row in each["twice"]]:
            said = [f"{each} in {read[file]['file']} row {row + 2}" for each, file, row in twice]
            raise CatalogError(
                "the catalogue",
                [
                    Problem(
                        "duplicate_id",
                        f"posting_id that occurs more than once: {'; '.join(said[:10])}",
                        "ids must be unique among all files; drop or rename all but one",
                        True,
                    )
                ],
            )

    def _pairs(self, totals: Totals) -> list[str]:
        """Encode, search tile by tile, and score."""
        run, matcher, shards = self.stages.run, self.matcher, totals.shards
        encoders, names = matcher.encoders, [each.name for each in matcher.encoders]
        prints = [each.fingerprint for each in encoders]
        folder = matcher.cache.folder
        cache = None if folder is None else str(Path(folder).resolve())
        each_shard = [str(shard) for shard in range(shards)]
        given: Tasks = {s: (totals, int(s), encoders, cache) for s in each_shard}
        found = run("encode", searching.encode_shard, given, prints)
        for posting, path, reason in (each for one in found for each in one["refused"]):
            matcher.progress.refuse(posting, path, reason)
        seen = [each.name for each in encoders if each.modality == "photo"]
        found = run(
            "photos", statistics.merge_looks, {s: (int(s), shards, seen) for s in each_shard}
        )
        looks = {name: sum(each["looks"][name] for each in found) for name in seen}
        given = {s: (int(s), totals.starts, looks) for s in each_shard}
        run("placeholders", statistics.judge_looks, given)
        tiles = {f"{a}-{b}": (a, b) for a in range(shards) for b in range(a, shards)}
        given = {name: (encoders, pair, shards, matcher.k) for name, pair in tiles.items()}
        run("search", searching.search_tile, given, matcher.k)
        size = totals.starts[-1]
        given = {s: (names, int(s), shards, matcher.k, size) for s in each_shard}
        run("merge lists", searching.merge_lists, given)
        fusion = matcher.fusion
        known = list(fusion.model.encoders) if isinstance(fusion, Learned) else names
        given = {s: (totals, encoders, known, int(s)) for s in each_shard}
        run("look around", scoring.look_around, given, known)
        given = {
            name: (totals, encoders, pair, scoring.LEAST_WRITTEN) for name, pair in tiles.items()
        }
        found = run("score", scoring.score_tile, given, _named(fusion), shared=fusion)
        self._scored = sum(each["candidates"] for each in found)
        return list(tiles)

    def _clusters(self, totals: Totals, tiles: list[str]) -> tuple[float, Clustered]:
        """The threshold, chosen as the local engine does, and the clusters there."""
        found: dict[float, Clustered] = {}
        shards = range(totals.shards)

        def value(threshold: float) -> float:
            found[threshold] = clustering.cluster_at(
                self.stages, tiles, totals.starts, threshold, self.at_once, self.most
            )
            stages, whole = found[threshold].stages, self.stages.shelf
            given: Tasks = {str(s): (whole, s, totals.shards) for s in shards}
            f1 = stages.run("expected f1", clustering.expect_f1, given)
            return float(sum(each["f1"] for each in f1)) / totals.starts[-1]

        given: Tasks = {str(shard): (shard, totals.shards) for shard in shards}
        self.stages.run("partners", scoring.add_partners, given)
        threshold = self.matcher.threshold
        if self.matcher.get_params()["threshold"] is None and moves(self.matcher.fusion):
            threshold = climb(value, threshold)
        else:
            value(threshold)
        return threshold, found[threshold]

    def _write(
        self, catalogue: str, out: str, read: list[Result], totals: Totals, tiles: list[str],
        bounds: Sequence[Any], names: list[str],
    ) -> dict[str, Any]:  # fmt: skip
        run, starts, shards = self.stages.run, totals.starts, totals.shards
        each_shard = [str(shard) for shard in range(shards)]
        threshold, clustered = self._clusters(totals, tiles)
        given: Tasks = {s: (clustered.stages.shelf, int(s), shards) for s in each_shard}
        heads = run("heads", clustering.heads_of, given, clustered.stages.input)
        offsets = np.cumsum([0, *(each["clusters"] for each in heads)]).tolist()
        file_starts = np.cumsum([0, *(each["rows"] for each in read)]).tolist()
        given = {s: (int(s), starts, offsets, file_starts) for s in each_shard}
        run("name", clustering.name_clusters, given)
        before = Shelf(out).read_json("run.json") or {}
        last = f"{out}/{before['clusters']}" if "clusters" in before else None
        if last is not None:
            given = {s: (int(s), shards, last, bounds[int(s)]) for s in each_shard}
            run("overlap", clustering.count_overlap, given, last)
            given = {s: (int(s), shards, offsets[-1]) for s in each_shard}
            run("heirs", clustering.choose_heirs, given)
        name, sizes = self._finish(out, tiles, totals, offsets, last)
        self._check_peak()
        record = {
            **environment(),
            "engine": {
                "name": "ray", "ray": ray.__version__, "shards": shards, "tiles": len(tiles),
                "rounds": clustered.rounds, "work": self.stages.shelf.root,
            },
            "catalogue": {
                "name": catalogue,
                "files": [each["file"] for each in read],
                "postings": starts[-1],
                "photos": sum(each["photos"] for each in read),
                "columns": names,
                "problems": [found for each in read for found in each["problems"]],
            },
            "notes": list(self.matcher.progress.notes),
            "fusion": self.matcher.fusion.name,
            "threshold": threshold,
            "cohesion": COHESION,
            "split": clustered.split,
            "stages": self.stages.records,
            "seconds": {k: round(v, 3) for k, v in self.matcher.progress.seconds.items()},
            "clusters": f"clusters-{name}",
            "matches": f"matches-{name}",
            "results": {
                "distinct_postings": totals.size,
                "candidates": self._scored,
                "matched_pairs": sum(s * (s - 1) // 2 * count for s, count in sizes.items()),
                "clusters": sum(count for size, count in sizes.items() if size > 1),
                "postings_alone": sizes.get(1, 0),
                "largest_cluster": max(sizes, default=0),
            },
        }  # fmt: skip
        folder = Shelf(out)
        folder.write_json("run.json", record)
        for kind in ("clusters", "matches"):
            if before.get(kind) not in (None, record[kind]):
                folder.remove(before[kind])
        return record

    def _check_peak(self) -> None:
        """Tell where a worker took more than it may."""
        stage, record = max(self.stages.records.items(), key=lambda each: each[1]["peak_mb"])
        if self.memory is not None and record["peak_mb"] > self.memory // 2**20:
            self.matcher.progress.note(
                f"a worker took {record['peak_mb']:,}MB by the end of the stage {stage}, more than "
                f"the {self.memory // 2**20:,}MB that are allowed: take more shards"
            )

    def _finish(
        self, out: str, tiles: list[str], totals: Totals, offsets: list[int], last: str | None
    ) -> tuple[str, dict[int, int]]:
        """Write clusters and matches; their name, and how many clusters have how many postings."""
        run, shards = self.stages.run, totals.shards
        name = digest_of(self.stages.input, out, last)
        parts = [str(part) for part in range(shards)]
        given: Tasks = {p: (out, int(p), shards, name, last is not None) for p in parts}
        found = run("gather", clustering.gather_clusters, given, out, name)
        sizes: dict[int, int] = {}
        for size, count in (pair for each in found for pair in each["sizes"]):
            sizes[size] = sizes.get(size, 0) + count
        order = sorted(sizes, reverse=True)
        run("write groups", clustering.write_groups, {"all": (out, name, shards, order)})
        given = {tile: (out, name, tile, totals.starts, offsets) for tile in tiles}
        run("write matches", clustering.write_matches, given)
        return name, sizes


def _absolute(place: str) -> str:
    """A local path from the root, as workers stand elsewhere; a URI as it is."""
    return place.rstrip("/") if "://" in place else str(Path(place).resolve())


def _named(fusion: object) -> str:
    """What a fusion scores by, in short."""
    if isinstance(fusion, Learned):
        model, trees = fusion.model, fusion.model.trees
        more = model.adaptation and model.adaptation.record
        # By the threshold pairs without titles are scored.
        scored_by = (trees.content, trees.first is None, model.calibration, model.threshold, more)
        return digest_of(scored_by, sorted(fusion.same))
    return digest_of(fusion)


def _bounds(read: list[Result], shards: int) -> list[tuple[str | None, str | None]]:
    """Ranges of ids with about as many postings each."""
    ids = np.array([each for one in read for each in one["ids"]], dtype=object)
    weight = np.array([one["rows"] / max(len(one["ids"]), 1) for one in read for _ in one["ids"]])
    order = np.argsort(ids, kind="stable")
    passed = np.cumsum(weight[order])
    cuts = [passed[-1] * part / shards for part in range(1, shards)] if len(ids) else []
    edges = list(dict.fromkeys(ids[order][np.searchsorted(passed, cut)] for cut in cuts))
    return list(zip([None, *edges], [*edges, None], strict=True))
