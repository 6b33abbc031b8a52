"""A catalogue through all stages on a Ray cluster: the clusters of the local engine."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import ray

from samesku.candidates.neighbors import approximation_pays
from samesku.catalog.problems import CatalogError, Problem
from samesku.clustering.agglomerative import COHESION
from samesku.clustering.expected import climb, moves
from samesku.distributed import clustering, encoding, reading, scoring, searching, statistics
from samesku.distributed.searching import Search
from samesku.distributed.shelf import Shelf, absolute
from samesku.distributed.tasks import Result, Stages, Tasks, digest_of, start
from samesku.distributed.totals import Totals
from samesku.matcher import Matcher
from samesku.results.record import environment
from samesku.runtime.memory import CEILING, bytes_of, needed
from samesku.scoring.by_name import check_titles_read
from samesku.scoring.learned import Learned

# Bytes of a worker: the program with the model, and per posting of its shard, of which a tile holds
# two. A quarter more than was seen with shards of 5,000 and 10,000 postings.
PROGRAM, POSTING = 430 * 2**20, 60_000
# Tiles that were left out, searched to tell what they hold.
MEASURED = 32


class RayEngine:
    """Matches a catalogue on a Ray cluster.

    `work` is the folder of the tables between the stages, which all workers see: a path, or
    ``s3://...``; a run that was killed goes on from what is there. `shards`: into how many parts
    the postings are divided, by default as many as `memory`, what a worker may take (4 GB), asks
    for. `address` is that of the cluster, ``"auto"`` or ``"ray://HOST:10001"``; default: Ray on
    this machine. `route` is a column, as ``"category"``: the postings are divided by its values,
    only parts that share one are compared, and it is measured which neighbours are missed so.
    """

    def __init__(
        self,
        matcher: Matcher,
        work: str,
        *,
        shards: int | None = None,
        memory: str | int | None = None,
        address: str | None = None,
        route: str | None = None,
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
        check_titles_read(matcher.fusion, matcher.encoders)
        self.matcher, self.shards, self.address = matcher, shards, address
        self.memory = None if memory is None else bytes_of(memory)
        if self.memory is not None and (least := needed(0)) > self.memory:
            raise ValueError(f"a worker needs {least // 2**20:,}MB of memory: allow more")
        self.route, self.work = route, Shelf(absolute(work))

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

        Both places are paths or URIs. `out` gets ``clusters-RUN/``, ``matches-RUN/`` (Parquet),
        ``groups.csv`` and ``run.json``. The options are those of :func:`samesku.read_catalog`, for
        each file. Raises CatalogError with the problems of all files, FileExistsError where
        ``groups.csv`` would replace the catalogue.
        """
        catalogue, out = absolute(catalogue), absolute(out)
        if catalogue == f"{out}/groups.csv":
            raise FileExistsError(f"{catalogue} is read and stays; name another folder")
        photos = None if photos is None else absolute(photos)
        how = {"photos": photos, "columns": dict(columns or {}), "encoding": encoding,
               "allow_outside": allow_outside}  # fmt: skip
        with self.work.claimed():
            start(self.address)
            self.stages = Stages(self.work, self.matcher.progress, self.memory)
            read, bounds, names = self._read(catalogue, how)
            totals = self._count(read, bounds, names)
            routing = self._pairs(totals)
            return self._write(catalogue, out, read, totals, names, routing)

    def _read(self, catalogue: str, how: Mapping[str, Any]) -> tuple[list[Result], Any, list[str]]:
        """Check all files; the ranges of keys that become shards."""
        files = reading.files_of(catalogue)
        work = {
            str(number): (how, self.route, number, file[0]) for number, file in enumerate(files)
        }
        read = self.stages.run("read", reading.read_file, work, files, how, self.route)
        reading.check_files(catalogue, read)
        for each in read:
            for found in each["problems"]:
                self.matcher.progress.note(f"{each['file']}: {found}")
        self._photos = any(each["photos"] for each in read)
        count = sum(each["rows"] for each in read)
        bounds = _bounds(read, self._shards(count))
        names = list(dict.fromkeys(name for each in read for name in each["columns"]))
        if self.route not in (None, *names):
            raise ValueError(
                f"{catalogue} has no column {self.route!r} to route by: it has {', '.join(names)}"
            )
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
        each, shards = self.stages.each, len(bounds)
        photos = any(encoder.modality == "photo" for encoder in self.matcher.encoders)
        found = each(
            "sort", reading.sort_shard, shards, bounds, len(read), names, photos,
            reads=[shards, names, photos],
        )  # fmt: skip
        ranges = [tuple(shard["range"]) for shard in found]
        starts = tuple(np.cumsum([0, *(shard["rows"] for shard in found)]).tolist())
        letters = tuple(sorted({letter for shard in found for letter in shard["letters"]}))
        found = each("collapse", reading.same_postings, shards, starts)
        if twice := [row for shard in found for row in shard["twice"]]:
            said = [f"{each} in {read[file]['file']} row {row + 2}" for each, file, row in twice]
            message = f"posting_id that occurs more than once: {'; '.join(said[:10])}"
            fix = "ids must be unique among all files; drop or rename all but one"
            raise CatalogError("the catalogue", [Problem("duplicate_id", message, fix, True)])
        found = each("count", statistics.count_shard, shards, starts, letters)
        counted = ["words", "grams", "titles", *(["described"] if "description" in names else [])]
        each("add up", statistics.merge_terms, shards, shards, counted)
        self.stages.run("merge", statistics.merge_held, {"all": (shards, "price" in names)})
        return Totals(starts, ranges, sum(shard["distinct"] for shard in found), letters)

    def _pairs(self, totals: Totals) -> dict[str, Any] | None:
        """Encode, search tile by tile, and score; what leaving out tiles misses."""
        run, each, matcher = self.stages.run, self.stages.each, self.matcher
        shards, k = totals.shards, matcher.k
        encoders, names = matcher.encoders, [encoder.name for encoder in matcher.encoders]
        prints = [encoder.fingerprint for encoder in encoders]
        folder = matcher.cache.folder
        cache = None if folder is None else str(Path(folder).resolve())
        photos = self._photos and self.stages.anew("photo files", encoding.photos_of, shards)
        prints += [shard["digest"] for shard in photos or ()]
        found = each("encode", encoding.encode_shard, shards, totals, encoders, cache,
                     reads=[prints])  # fmt: skip
        for posting, path, reason in (photo for shard in found for photo in shard["refused"]):
            matcher.progress.refuse(posting, path, reason)
        self._searches = self._chosen([shard["searched"] for shard in found])
        seen = [encoder.name for encoder in encoders if encoder.modality == "photo"]
        found = each("photos", statistics.merge_looks, shards, shards, seen)
        looks = {name: sum(part["looks"][name] for part in found) for name in seen}
        each("placeholders", statistics.judge_looks, shards, totals.starts, looks)
        methods = {name: search.method for name, search in self._searches.items()}
        found = each("search", searching.search_shard, shards, totals, encoders, self._searches, k,
                     reads=[k, methods])  # fmt: skip
        routing = self._missed(totals, found)
        fusion = matcher.fusion
        known, same = names, list[str]()
        if isinstance(fusion, Learned):
            known, same = list(fusion.model.encoders), sorted(fusion.same)
        each("look around", scoring.look_around, shards, totals, encoders, known, same,
             reads=[known, same])  # fmt: skip
        given: Tasks = {name: (totals, encoders, pair) for name, pair in totals.pairs.items()}
        found = run("score", scoring.score_tile, given, _named(fusion), shared=fusion)
        self._scored = sum(tile["candidates"] for tile in found)
        return routing

    def _chosen(self, counted: list[dict[str, Any]]) -> dict[str, Search]:
        """How each encoder is searched: as locally, but dense vectors always exactly."""
        chosen = {}
        for encoder in self.matcher.encoders:
            kinds, rows, products = zip(*(each[encoder.name] for each in counted), strict=True)
            method = self.matcher.method
            if kinds[0] == "dense":
                method = "exact"
            elif method == "auto":
                pays = approximation_pays(kinds[0], sum(rows), sum(products))
                method = "approximate" if pays else "exact"
            chosen[encoder.name] = Search(method, sum(rows))
        return chosen

    def _missed(self, totals: Totals, merged: list[Result]) -> dict[str, Any] | None:
        """By a sample of the tiles left out: the share of the neighbours that were found."""
        left_out = totals.left_out
        if not left_out:
            return None
        encoders, k = self.matcher.encoders, self.matcher.k
        some = left_out[:: -(-len(left_out) // MEASURED)]
        given: Tasks = {f"{a}-{b}": (totals, encoders, self._searches, (a, b), k) for a, b in some}
        found = self.stages.run("recall", searching.missed_tile, given, k)
        recall = {}
        for name in (encoder.name for encoder in encoders):
            listed = np.sum([each["found"][name] for each in merged], axis=0)
            missed = np.sum([each["missed"][name] for each in found], axis=0)
            among = listed + missed * len(left_out) / len(some)
            if among.all():
                shares = np.round(listed / among, 4).tolist()
                recall[name] = dict(zip(("neighbours", "nearest"), shares, strict=True))
        kept = len(totals.pairs)
        self.matcher.progress.note(
            f"routed by {self.route}: {kept:,} of {kept + len(left_out):,} tiles were compared, "
            "which found the nearest of about "
            + ", ".join(f"{share['nearest']:.1%} by {name}" for name, share in recall.items())
        )
        return {"column": self.route, "left_out": len(left_out), "searched_of_these": len(some),
                "recall": recall}  # fmt: skip

    def _clusters(self, totals: Totals) -> tuple[float, int, Stages, list[Result]]:
        """The threshold, chosen as the local engine does, and rounds, clusters and splits there."""
        shards, starts, whole = totals.shards, totals.starts, self.stages.shelf
        found: dict[float, tuple[float, int, Stages, list[Result]]] = {}

        def value(threshold: float) -> float:
            at = replace(scored, shelf=Shelf(f"{scored.shelf.root}/at-{threshold:g}"))
            rounds, split = clustering.cluster_at(at, scored.shelf, totals, threshold)
            found[threshold] = threshold, rounds, at, split
            f1 = at.each("expected f1", clustering.expect_f1, shards, whole, shards)
            return float(sum(shard["f1"] for shard in f1)) / max(starts[-1], 1)

        self.stages.each("partners", scoring.add_partners, shards, totals)
        scored, crowding = self.stages, self.matcher.fusion.crowding
        if crowding[0]:
            scored = replace(self.stages, shelf=Shelf(f"{whole.root}/uncrowded"))
            given = {name: (whole, name, pair, crowding) for name, pair in totals.pairs.items()}
            scored.run("uncrowd", clustering.uncrowd_tile, given)
        threshold = self.matcher.threshold
        chosen = self.matcher.get_params()["threshold"] is not None
        if not chosen and moves(self.matcher.fusion, starts[-1]):
            threshold = climb(value, threshold)
        else:
            value(threshold)
        return found[threshold]

    def _write(
        self, catalogue: str, out: str, read: list[Result], totals: Totals, names: list[str],
        routing: dict[str, Any] | None,
    ) -> dict[str, Any]:  # fmt: skip
        each, starts, shards = self.stages.each, totals.starts, totals.shards
        threshold, rounds, at, split = self._clusters(totals)
        crowding = self.matcher.fusion.crowding
        heads = each("heads", clustering.heads_of, shards, at.shelf, shards, reads=[at.input])
        offsets = np.cumsum([0, *(shard["clusters"] for shard in heads)]).tolist()
        file_starts = np.cumsum([0, *(file["rows"] for file in read)]).tolist()
        each("name", clustering.name_clusters, shards, starts, offsets, file_starts)
        before = Shelf(out).read_json("run.json") or {}
        last = f"{out}/{before['clusters']}" if "clusters" in before else None
        if last is not None and not Shelf(last).names():
            last = None
        if last is not None:
            each("overlap", clustering.count_overlap, shards, last, shards, reads=[last])
            each("heirs", clustering.choose_heirs, shards, shards, offsets[-1])
        name, sizes = self._finish(out, totals, offsets, last)
        self._check_peak()
        record = {
            **environment(),
            "engine": {
                "name": "ray", "ray": ray.__version__, "shards": shards, "tiles": len(totals.pairs),
                "search": {name: each.method for name, each in self._searches.items()},
                "rounds": rounds, "work": self.stages.shelf.root, "routing": routing,
            },
            "catalogue": {
                "name": catalogue,
                "files": [file["file"] for file in read],
                "postings": starts[-1],
                "photos": sum(file["photos"] for file in read),
                "columns": names,
                "problems": [found for file in read for found in file["problems"]],
            },
            "notes": list(self.matcher.progress.notes),
            "fusion": self.matcher.fusion.name,
            "threshold": threshold,
            "cohesion": COHESION,
            **({"crowding": list(crowding)} if crowding[0] else {}),
            "split": split,
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
        self, out: str, totals: Totals, offsets: list[int], last: str | None
    ) -> tuple[str, dict[int, int]]:
        """Write clusters and matches; their name, and how many clusters have how many postings."""
        run, shards, carried = self.stages.run, totals.shards, last is not None
        name = digest_of(self.stages.input, out, last)
        gather = clustering.gather_clusters
        found = self.stages.each("gather", gather, shards, out, shards, name, carried,
                                 reads=[out, name])  # fmt: skip
        sizes = Counter[int]()
        for size, count in (pair for part in found for pair in part["sizes"]):
            sizes[size] += count
        own = [[size for size, _ in part["sizes"]] for part in found]
        run("write groups", clustering.write_groups, {"all": (out, name, own)})
        given: Tasks = {tile: (out, name, tile, totals.starts, offsets) for tile in totals.pairs}
        run("write matches", clustering.write_matches, given)
        return name, sizes


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
    keys = np.array([each for one in read for each in one["keys"]], dtype=object)
    weight = np.array([one["rows"] / max(len(one["keys"]), 1) for one in read for _ in one["keys"]])
    order = np.argsort(keys, kind="stable")
    passed = np.cumsum(weight[order])
    cuts = [passed[-1] * part / shards for part in range(1, shards)] if len(keys) else []
    edges = list(dict.fromkeys(keys[order][np.searchsorted(passed, cut)] for cut in cuts))
    if edges and edges[0] == keys[order][0]:  # nothing would lie before it
        del edges[0]
    return list(zip([None, *edges], [*edges, None], strict=True))
