"""The folder that `match`, `link` or `evaluate` left, read back with its catalogue."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from samesku.candidates.collapse import Collapsed
from samesku.catalog.answers import Answers
from samesku.catalog.catalog import Catalog, catalogue_file, read_catalog
from samesku.catalog.problems import Problem
from samesku.catalog.sources import OWN_ID, joined, source_codes
from samesku.catalog.tables import STDIN
from samesku.clustering.decided import decided_clusters
from samesku.clustering.pins import Pins, pins_of
from samesku.results import run_files
from samesku.results.record import is_unchanged
from samesku.runtime.arrays import Bools, Ints
from samesku.scoring.by_name import fusion_by_name, tolerating, trained_fusion
from samesku.scoring.fusion import Fusion

if TYPE_CHECKING:
    from samesku.results.matches import Matches


@dataclass(frozen=True, eq=False)
class Run:
    """What a run decided, in rows of its catalogue."""

    folder: Path
    record: Mapping[str, Any]  # `run.json` or `evaluation.json`
    catalog: Catalog  # of two catalogues both, the left one first
    # `left`, `right` (rows), `score` (null: never scored), `matched`, `reasons` (null: not
    # written) and the similarity under each encoder, surest first
    pairs: pl.DataFrame
    # (n,); an evaluation has no one clustering: each posting stands alone
    clusters: Ints
    threshold: float
    # (n,), row of the posting that was scored in place of each, its own but for identical ones
    representative: Ints
    queries: Bools  # (n,), the postings whose errors count
    # `members` of an evaluation: clusters of two splits may share postings
    kept: pl.DataFrame | None = None
    # (n,), source of each posting, where only pairs across sources may match: `pairs` has no others
    sources: Ints | None = None
    # of a link: how many postings are the left side's, and what the two catalogues are called
    lefts: int | None = None
    shops: tuple[str, ...] | None = None

    @property
    def kind(self) -> Literal["match", "link", "evaluation"]:
        """Which command made the run."""
        if self.kept is not None:
            return "evaluation"
        return "match" if self.lefts is None else "link"

    @property
    def pair_count(self) -> int:
        """Matched pairs of postings, those of identical ones counted, too."""
        return self.matched.height if self.kept is not None else self.pairs_within(self.clusters)

    def pairs_within(self, clusters: Ints) -> int:
        """Pairs of postings that share a cluster; across sources where only these may match."""
        members = [clusters]
        if self.sources is not None:
            members.append(clusters * (int(self.sources.max()) + 1) + self.sources)
        sizes = [np.unique(each, return_counts=True)[1] for each in members]
        pairs = [int((each * (each - 1) // 2).sum()) for each in sizes]
        return pairs[0] - sum(pairs[1:])

    def clusters_at(self, threshold: float) -> Ints:
        """The clusters that the scored pairs, as they were written, give at another threshold."""
        if abs(threshold - self.threshold) < 1e-9:
            return self.clusters
        scored, left, right = self.scored
        return decided_clusters(
            self.distinct, left, right, scored["score"].cast(pl.Float32).to_numpy(),
            threshold=threshold, decide=self.record["decide"], sources=self.sources, pins=self.pins,
            crowding=self.crowding,
        )  # fmt: skip

    @property
    def crowding(self) -> tuple[float, float]:
        """What the clusters made of many likely partners."""
        weight, usual = self.record.get("crowding", (0.0, 0.0))
        return float(weight), float(usual)

    @property
    def assigned(self) -> bool:
        """Whether links were assigned between two sources, in place of making clusters."""
        return bool(self.record.get("decide", "clusters") != "clusters")

    @cached_property
    def ids(self) -> list[str]:
        """The ids to show: of a link those of the two shops, which both may use."""
        return self.catalog.frame["posting_id" if self.lefts is None else OWN_ID].to_list()

    @cached_property
    def distinct(self) -> Collapsed:
        return Collapsed.of(self.catalog, self.representative)

    @cached_property
    def scored(self) -> tuple[pl.DataFrame, Ints, Ints]:
        """The pairs with a score, and their ends in rows of the distinct postings, by these."""
        scored = self.pairs.filter(pl.col("score").is_not_null())
        ends = np.sort(self.distinct.place[scored.select("left", "right").to_numpy()], axis=1)
        order = np.lexsort((ends[:, 1], ends[:, 0]))
        return scored[order], ends[order, 0], ends[order, 1]

    @cached_property
    def pins(self) -> Pins | None:
        """The answers of pairs that were written, in rows of the distinct postings."""
        if self.answers is None:
            return None
        _, left, right = self.scored
        size = len(self.distinct.rows)
        pins = pins_of(self.answers, self.catalog, None, "all").on(self.distinct.place)
        return pins.take(np.isin(pins.left * size + pins.right, left * size + right))

    @property
    def name(self) -> str:
        return self.folder.resolve().name

    @property
    def source(self) -> Mapping[str, Any]:
        """How the catalogue was read and matched; of a link the left one."""
        return sides_of(self.record)[0]

    @property
    def fusion(self) -> Fusion:
        model, same = self.record.get("model"), self.source.get("same", ())
        fusion = fusion_by_name(self.record["fusion"]) if model is None else trained_fusion(model)
        return tolerating(fusion, same) if same else fusion

    @property
    def answers(self) -> Answers | None:
        """The answers that the run was given."""
        pins = self.record.get("answers", {}).get("pins", [])
        if not pins:
            return None
        schema = ["left_id", "right_id", "verdict", "by"]
        table = pl.DataFrame(pins, schema=schema, orient="row")
        return Answers.of(table, self.catalog, source=str(self.folder))

    @property
    def probabilistic(self) -> bool:
        return bool(self.record.get("probabilistic", self.kind == "link"))

    @property
    def result(self) -> Mapping[str, Any]:
        """Of an evaluation, what was measured of what is shown, in the whole catalogue."""
        results: list[dict[str, Any]] = self.record["results"]
        return next(each for each in results if each["fusion"] == self.record["shown"])

    @property
    def encoders(self) -> list[str]:
        """Whose similarities `pairs` holds."""
        return [name for name in self.pairs.columns if name in self.record.get("encoders", {})]

    @cached_property
    def labels(self) -> Ints | None:
        """Known products, -1 where unknown; None where none at all is known."""
        labels = self.catalog.labels
        return None if labels is None or not (labels >= 0).any() else labels

    @property
    def labelled_queries(self) -> Ints:
        """Rows of the queries of known product, by which it is measured; of links the left ones."""
        assert self.labels is not None
        return np.flatnonzero((self.queries & (self.labels >= 0))[: self.lefts])

    @cached_property
    def sizes(self) -> Ints:
        return np.bincount(self.clusters, minlength=1)

    def one_product(self, left: int, right: int) -> bool | None:
        """Whether two rows have the same label; None where a label is unknown."""
        if self.labels is None or min(self.labels[left], self.labels[right]) < 0:
            return None
        return bool(self.labels[left] == self.labels[right])

    @cached_property
    def members(self) -> pl.DataFrame:
        """Who is in the clusters of two or more: `cluster`, `row`."""
        if self.kept is not None:
            return self.kept
        rows = np.flatnonzero(self.sizes[self.clusters] > 1)
        table = pl.DataFrame({"cluster": self.clusters[rows], "row": rows})
        return table.sort("cluster", maintain_order=True)

    def rows(self, left: str, right: str) -> tuple[int, int]:
        """The rows of two postings by their ids, or as `left:ID`; of a link the left shop's first.

        ValueError: there is no such posting, both are one, or both are of one shop.
        """
        ends = left, right
        known = list(zip(self.ids, self.catalog.ids, strict=True))
        places = [[row for row, own in enumerate(known) if each in own] for each in ends]
        if strange := [each for each, rows in zip(ends, places, strict=True) if not rows]:
            raise ValueError(f"there is no posting {strange[0]!r} in {self.catalog.name}")
        if self.lefts is None and left == right:
            raise ValueError(f"{left!r} is one posting; name two")
        for pair in itertools.product(*places):
            one, other = pair if self.lefts is None else sorted(pair)
            if self.sources is None or self.sources[one] != self.sources[other]:
                return one, other
        raise ValueError(f"{left!r} and {right!r} are of one shop; name one of each")

    def pair(self, left: int, right: int) -> dict[str, Any] | None:
        """What was written down of a pair of rows; None: nothing."""
        found = self.pairs.filter(left=min(left, right), right=max(left, right))
        return found.row(0, named=True) if found.height else None

    @cached_property
    def matched(self) -> pl.DataFrame:
        return self.pairs.filter("matched")


def sides_of(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How the catalogue of a run was read and matched, of a link those of both sides."""
    source = record.get("source", {})
    return [source["left"], source["right"]] if "left" in source else [source]


def read_run(
    folder: Path,
    *,
    catalogue: Sequence[Any] = (),
    photos: Path | None = None,
    fusion: str | None = None,
    allow_outside: bool = False,
) -> Run:
    """Read what a command wrote, and the catalogue that it read.

    The folder may come from others: nothing that its record names is read unless it is the file
    that the run read, byte for byte, or photos in the folder of the catalogue (`allow_outside`:
    wherever it names them). `catalogue` and `photos` say where they are, if not where they were; of
    a link the left catalogue and the right one. A catalogue may also be a table, or one as it was
    read. `fusion` chooses one of an evaluation; default: the last. Raises FileNotFoundError or
    ValueError where there is no run, or its catalogue has gone or is not the one that it read.
    """
    evaluated = (folder / "evaluation.json").is_file()
    path = folder / ("evaluation.json" if evaluated else "run.json")
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} holds neither run.json nor evaluation.json; give the folder that "
            f"`samesku match`, `link` or `evaluate --out` wrote"
        )
    record = run_files.read_record(path)
    if "engine" in record:
        raise ValueError(
            f"{folder} is a run on Ray, of which only groups.csv and the Parquet folders can be "
            "read; match on one machine what you want to report, explain or adapt"
        )
    with run_files.unharmed(folder):
        sides = sides_of(record)
        if catalogue and len(catalogue) != len(sides):
            many = ("one", "two catalogues: --catalogue LEFT --catalogue RIGHT")[len(sides) - 1]
            raise ValueError(f"{folder} is a run of {many}, and {len(catalogue)} are given")
        threshold = 0.0 if evaluated else run_files.threshold_of(record, path)
        catalogs = [
            _read_source(record, side, place, photos, allow_outside)
            for side, place in itertools.zip_longest(sides, catalogue)
        ]
        if evaluated:
            return _evaluation(folder, record, catalogs[0], fusion)
        return _decided(folder, record, threshold, catalogs)


def run_of(matches: Matches) -> Run:
    """Matches that were not written down, as a run."""
    tables = [matches.pairs, matches.near_misses, matches.scored]
    pairs = _pairs_in_rows(tables, matches.catalog, matches.clusters, matches.sources)
    return Run(
        Path(), matches.summary, matches.catalog, pairs, matches.clusters, matches.threshold,
        matches.distinct.representative, np.ones(len(matches.catalog), dtype=bool),
        sources=matches.sources,
    )  # fmt: skip


def _read_source(
    record: Mapping[str, Any],
    source: Mapping[str, Any],
    catalogue: Any,
    photos: Path | None,
    allow_outside: bool,
) -> Catalog:
    """The catalogue of a run, from where it was or where the user says that it is now."""
    if isinstance(catalogue, Catalog):
        return catalogue
    file, beside = catalogue, Path()
    if catalogue is None or isinstance(catalogue, str | Path):
        file = _file_of(record, source, catalogue)
        beside = file.parent
    problems: tuple[Problem, ...] = ()
    if photos is None and (named := source.get("photos")) and Path(named).is_dir():
        if allow_outside or Path(named).resolve().is_relative_to(beside.resolve()):
            photos = Path(named)
        else:
            problems = (Problem.of("photos_elsewhere", folder=named),)
    catalog = read_catalog(
        file, photos=photos, columns=source.get("columns"), encoding=source.get("encoding"),
        allow_outside=allow_outside,
    )  # fmt: skip
    return replace(catalog, problems=catalog.problems + problems)


def _file_of(
    record: Mapping[str, Any], source: Mapping[str, Any], named: str | Path | None
) -> Path:
    """The file of the catalogue of a run: the one that is named, else the one that it read."""
    if named is not None:
        if not Path(named).exists():
            raise FileNotFoundError(f"the catalogue, {named}, is not there")
        return catalogue_file(Path(named))
    path = Path(str(source.get("path") or record.get("catalogue", {}).get("name")))
    if str(path) == STDIN:
        raise FileNotFoundError(
            "the run read its catalogue from standard input; say with --catalogue which file it was"
        )
    if not path.exists():
        raise FileNotFoundError(
            f"the catalogue of the run, {path}, is not there; say with --catalogue where it is, in "
            "Python give the file, table or Catalog to Matches.load"
        )
    file = catalogue_file(path)
    if not is_unchanged(file, record, source):
        raise ValueError(
            f"{file} is not, or no more, what the run read; say with --catalogue which file to read"
        )
    return file


def _decided(
    folder: Path, record: dict[str, Any], threshold: float, catalogs: Sequence[Catalog]
) -> Run:
    """A run of `match` or, of two catalogues, of `link`."""
    catalog = joined(catalogs, record.get("pairs"))
    table = run_files.read_groups(folder, record)
    clusters = run_files.clusters_in_rows(catalog, table, folder)
    names = ("pairs", "near_misses", "scored")
    tables = [run_files.read_parquet(folder, name, record) for name in names]
    linked = len(catalogs) == 2 and record.get("pairs", "across") == "across"
    sources = source_codes(catalog) if linked or record.get("pairs") == "across" else None
    pairs = _pairs_in_rows(tables, catalog, clusters, sources)
    everyone = np.ones(len(catalog), dtype=bool)
    scored = run_files.scored_as(catalog, table)
    return Run(
        folder, record, catalog, pairs, clusters, threshold, scored, everyone, sources=sources,
        lefts=len(catalogs[0]) if linked else None,
        shops=tuple(Path(each.name).name for each in catalogs) if linked else None,
    )  # fmt: skip


def _pairs_in_rows(
    tables: Sequence[pl.DataFrame], catalog: Catalog, clusters: Ints, sources: Ints | None
) -> pl.DataFrame:
    """The pairs that may match; a cluster also holds pairs of one source, where these may not."""
    pairs = run_files.located(run_files.joined(tables), catalog.frame["posting_id"])
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    pairs = pairs.with_columns(matched=clusters[left] == clusters[right])
    return pairs if sources is None else pairs.filter(sources[left] != sources[right])


def _evaluation(folder: Path, record: dict[str, Any], catalog: Catalog, fusion: str | None) -> Run:
    names = list(dict.fromkeys(result["fusion"] for result in record["results"]))
    if fusion is not None and fusion not in names:
        raise ValueError(f"{folder} evaluated no {fusion!r}; it has {', '.join(names)}")
    name = fusion or names[-1]
    pairs, clusters, queries = (
        run_files.read_parquet(folder, table, record) for table in ("scored", "groups", "queries")
    )
    own, ids = pl.col("fusion") == name, catalog.frame["posting_id"]
    chosen = [each for each in record["chosen"] if each["fusion"] == name]
    results = [each for each in record["results"] if each["fusion"] == name]
    calibrated = any(result["reliability"] is not None for result in results)
    return Run(
        folder,
        {**record, "probabilistic": calibrated, "shown": name},
        catalog,
        run_files.located(pairs.filter(own).drop("fusion"), ids),
        np.arange(len(catalog)),
        float(np.mean([each["threshold"] for each in chosen])),
        run_files.scored_as(catalog, queries),
        ids.is_in(queries["posting_id"].implode()).to_numpy(),
        run_files.distinct_clusters(clusters.filter(own), catalog),
    )
