"""The folder that `match`, `link` or `evaluate` left, read back with its catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.catalog.catalog import Catalog, catalogue_file, read_catalog
from samesku.catalog.problems import Problem
from samesku.catalog.sources import OWN_ID, join_sources
from samesku.report.run_files import line_of, read_json, read_parquet, read_table, unharmed
from samesku.results.matches import Matches
from samesku.runtime.files import digest

__all__ = ["Kind", "Run", "read_run", "read_source", "run_of"]

Kind: TypeAlias = Literal["match", "link", "evaluation"]
PLAIN = (
    "left_id", "right_id", "left", "right", "score", "matched", "reasons", "probability",
    "left_postings", "right_postings",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Run:
    """What a run decided, in rows of its catalogue.

    Attributes
    ----------
    folder : Path
    kind : {"match", "link", "evaluation"}
    record : mapping
        What `run.json` or `evaluation.json` holds.
    catalog : Catalog
        Of a link both sides, the left one first.
    pairs : polars.DataFrame
        `left`, `right` (rows), `score` (null: never judged), `matched`, `reasons` (null: not told)
        and the similarity under each encoder, surest first.
    groups : int64 (n,)
        Group of each posting. An evaluation has no one grouping: each posting stands alone.
    line : float
    queries : bool (n,)
        The postings whose errors count.
    lefts : int, optional
        Of a link, how many postings are the left side's.
    kept : polars.DataFrame, optional
        `members` of an evaluation: groups of two splits may share postings.
    judged_as : int64 (n,), optional
        Row of the posting that was judged in place of each, its own but for identical ones. Pairs
        are of these.
    shops : tuple of str
        Of a link, what the two catalogues are called.
    """

    folder: Path
    kind: Kind
    record: Mapping[str, Any]
    catalog: Catalog
    pairs: pl.DataFrame
    groups: NDArray[np.int64]
    line: float
    queries: NDArray[np.bool_]
    lefts: int | None = None
    kept: pl.DataFrame | None = None
    judged_as: NDArray[np.int64] | None = None
    shops: tuple[str, str] = ("", "")

    @property
    def representative(self) -> NDArray[np.int64]:
        """Row of the posting that was judged in place of each, int64 ``(n,)``."""
        return np.arange(len(self.catalog)) if self.judged_as is None else self.judged_as

    @property
    def pair_count(self) -> int:
        """Matched pairs of postings, of a link across it, those of identical ones counted, too."""
        if self.kept is not None:
            return self.matched.height
        if self.lefts is not None:
            ours, theirs = (
                np.bincount(side, minlength=len(self.sizes))
                for side in np.split(self.groups, [self.lefts])
            )
            return int(ours @ theirs)
        return int((self.sizes * (self.sizes - 1) // 2).sum())

    @property
    def name(self) -> str:
        """What the run is called on the page."""
        return self.folder.resolve().name

    @property
    def probabilistic(self) -> bool:
        """Whether the scores are probabilities."""
        return bool(self.record.get("probabilistic", self.kind == "link"))

    @property
    def encoders(self) -> list[str]:
        """Whose similarities `pairs` holds."""
        return [name for name in self.pairs.columns if name not in PLAIN]

    @cached_property
    def labels(self) -> NDArray[np.int64] | None:
        """Known products, -1 where unknown; None where none at all is known."""
        labels = self.catalog.labels
        return None if labels is None or not (labels >= 0).any() else labels

    @cached_property
    def offers(self) -> NDArray[np.int64]:
        """How many postings each known product has."""
        known = np.empty(0, dtype=np.int64) if self.labels is None else self.labels
        return np.bincount(known[known >= 0])

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Postings of each group."""
        return np.bincount(self.groups, minlength=1)

    @cached_property
    def members(self) -> pl.DataFrame:
        """Who is in the groups of two or more: `group`, `row`."""
        if self.kept is not None:
            return self.kept
        rows = np.flatnonzero(self.sizes[self.groups] > 1)
        table = pl.DataFrame({"group": self.groups[rows], "row": rows})
        return table.sort("group", maintain_order=True)

    def rows(self, left: str, right: str) -> tuple[int, int]:
        """The rows of two postings by their ids; of a link the left shop's first.

        Raises
        ------
        ValueError
            There is no such posting, both are one, or both are of one shop.
        """
        ids, lefts = self.catalog.ids, self.lefts
        for name in (left, right):
            if name not in ids:
                raise ValueError(f"there is no posting {name!r} in {self.catalog.name}")
        if lefts is None:
            if left == right:
                raise ValueError(f"{left!r} is one posting; name two")
            return ids.index(left), ids.index(right)
        ours, theirs = ids[:lefts], ids[lefts:]
        for mine, other in ((left, right), (right, left)):
            if mine in ours and other in theirs:
                return ours.index(mine), lefts + theirs.index(other)
        raise ValueError(f"{left!r} and {right!r} are of one shop; name one of each")

    def pair(self, left: int, right: int) -> dict[str, Any] | None:
        """What was written down of a pair of rows; None: nothing."""
        low, high = min(left, right), max(left, right)
        found = self.pairs.filter(pl.col("left") == low, pl.col("right") == high)
        return found.row(0, named=True) if found.height else None

    @cached_property
    def matched(self) -> pl.DataFrame:
        """The matched pairs."""
        return self.pairs.filter("matched")


def read_run(
    folder: Path,
    *,
    catalogue: Sequence[Path] = (),
    photos: Path | None = None,
    fusion: str | None = None,
    allow_outside: bool = False,
) -> Run:
    """Read what a command wrote, and the catalogue that it read.

    The folder may come from others: nothing that its record names is read unless it is the file
    that the run read, byte for byte, or photos in the folder of the catalogue.

    Parameters
    ----------
    folder : Path
        That `match`, `link` or `evaluate --out` wrote.
    catalogue : sequence of Path, optional
        Where the catalogue is, if not where it was; of a link the left one and the right one.
    photos : Path, optional
        Where its photos are.
    fusion : str, optional
        Of an evaluation: which of its fusions or models; default: the last.
    allow_outside : bool
        Read photos wherever the record and the catalogue name them.

    Raises
    ------
    FileNotFoundError
        The folder holds no run, or its catalogue has gone.
    ValueError
        The catalogue is not the one that the run read.
    """
    asked = _Asked(photos, allow_outside)
    kind: Kind = "match"
    if (folder / "evaluation.json").is_file():
        kind = "evaluation"
    elif not (folder / "run.json").is_file():
        raise FileNotFoundError(
            f"{folder} holds neither run.json nor evaluation.json; give the folder that "
            f"`samesku match`, `link` or `evaluate --out` wrote"
        )
    elif _two_sides(folder):
        kind = "link"
    wanted = 2 if kind == "link" else 1
    if catalogue and len(catalogue) != wanted:
        many = "two catalogues: --catalogue LEFT --catalogue RIGHT" if wanted == 2 else "one"
        raise ValueError(f"{folder} is a run of {many}, and --catalogue names {len(catalogue)}")
    places: list[Path | None] = list(catalogue) or [None] * wanted
    with unharmed(folder, kind):
        if kind == "evaluation":
            return _evaluation(folder, places[0], asked, fusion)
        if kind == "link":
            return _link(folder, places, asked)
        return _match(folder, places[0], asked)


def _two_sides(folder: Path) -> bool:
    """Whether a run read two catalogues."""
    return "left" in read_json(folder / "run.json").get("source", {})


def run_of(matches: Matches) -> Run:
    """Matches that were not written down, as a run."""
    ids = matches.catalog.frame["posting_id"]
    tables = [matches.pairs, matches.near_misses, matches.judged]
    pairs = _located(_joined(tables), ids, ids)
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    groups = matches.groups
    pairs = pairs.with_columns(matched=groups[left] == groups[right])
    everyone = np.ones(len(matches.catalog), dtype=bool)
    return Run(
        Path(), "match", matches.summary, matches.catalog, pairs, groups, matches.line, everyone,
        judged_as=matches.distinct.representative,
    )  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """What the user said of photos, whatever a record says."""

    photos: Path | None
    allow_outside: bool


def read_source(
    source: Mapping[str, Any], told: Mapping[str, Any], catalogue: Path | None, asked: _Asked
) -> Catalog:
    """The catalogue of a run, from where it was or where the user says that it is now."""
    path = catalogue or Path(str(source.get("path") or told.get("name")))
    if not path.exists():
        which = "the catalogue" if catalogue else "the catalogue of the run"
        raise FileNotFoundError(f"{which}, {path}, is not there; say with --catalogue where it is")
    file = catalogue_file(path)
    if catalogue is None and (source.get("digest") or told.get("digest")) != digest(file):
        raise ValueError(
            f"{file} is not, or no more, what the run read; say with --catalogue which file to read"
        )
    photos, problems = asked.photos, list[Problem]()
    if photos is None and (named := source.get("photos")) and Path(named).is_dir():
        inside = Path(named).resolve().is_relative_to(file.resolve().parent)
        photos = Path(named) if inside or asked.allow_outside else None
        if photos is None:
            message = f"photo folder of the run, {named}, is not beside the catalogue"
            problems.append(Problem("photos_elsewhere", message, "not read; name it with --photos"))
    catalog = read_catalog(
        file,
        photos=photos,
        columns=source.get("columns"),
        encoding=source.get("encoding"),
        allow_outside=asked.allow_outside,
    )
    return replace(catalog, problems=(*catalog.problems, *problems))


def _match(folder: Path, catalogue: Path | None, asked: _Asked) -> Run:
    record = read_json(folder / "run.json")
    line = line_of(record, folder / "run.json")
    told = record.get("catalogue", {})
    catalog = read_source(record.get("source", {}), told, catalogue, asked)
    groups, judged_as, pairs = _decided(catalog, folder, "match", record)
    everyone = np.ones(len(catalog), dtype=bool)
    return Run(folder, "match", record, catalog, pairs, groups, line, everyone, judged_as=judged_as)


def _link(folder: Path, catalogues: Sequence[Path | None], asked: _Asked) -> Run:
    record = read_json(folder / "run.json")
    line, source = line_of(record, folder / "run.json"), record["source"]
    left, right = (
        read_source(source[side], {}, place, asked)
        for side, place in zip(("left", "right"), catalogues, strict=True)
    )
    both = join_sources(left, right)
    groups, judged_as, pairs = _decided(both, folder, "link", record)
    ends = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    across = (ends[0] < len(left)) != (ends[1] < len(left))
    # The page names postings as their own shop does.
    named = replace(both, frame=both.frame.with_columns(posting_id=OWN_ID))
    everyone = np.ones(len(both), dtype=bool)
    shops = (Path(left.name).name, Path(right.name).name)
    return Run(
        folder, "link", record, named, pairs.filter(across), groups, line, everyone, len(left),
        judged_as=judged_as, shops=shops,
    )  # fmt: skip


def _decided(
    catalog: Catalog, folder: Path, kind: Kind, record: Mapping[str, Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64], pl.DataFrame]:
    """The group of each posting, what it was judged as, and every pair that was written down."""
    columns = ["group_id", "posting_id", "identical_to"]
    table = read_table(folder, "groups", kind, record, columns)
    groups = _in_rows(catalog, table, folder)
    names = ("pairs", "near_misses", "judged")
    tables = [read_parquet(folder, name, kind, record) for name in names]
    ids = catalog.frame["posting_id"]
    pairs = _located(_joined(tables), ids, ids)
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    return (
        groups,
        _judged_as(catalog, table),
        pairs.with_columns(matched=groups[left] == groups[right]),
    )


def _judged_as(catalog: Catalog, table: pl.DataFrame) -> NDArray[np.int64]:
    """Row of the posting that was judged in place of each; the table tells where another was."""
    rows = np.arange(len(catalog))
    told = table.filter(pl.col("identical_to").is_not_null())
    row_of = {posting: row for row, posting in enumerate(catalog.ids)} if told.height else {}
    for posting, other in told.select("posting_id", "identical_to").iter_rows():
        if posting in row_of and other in row_of:
            rows[row_of[posting]] = row_of[other]
    return rows


def _evaluation(folder: Path, catalogue: Path | None, asked: _Asked, fusion: str | None) -> Run:
    record = read_json(folder / "evaluation.json")
    names = list(dict.fromkeys(result["fusion"] for result in record["results"]))
    if fusion is not None and fusion not in names:
        raise ValueError(f"{folder} evaluated no {fusion!r}; it has {', '.join(names)}")
    name = fusion or names[-1]
    catalog = read_source(record.get("source", {}), record["catalogue"], catalogue, asked)
    whole, groups, queries = (
        read_parquet(folder, table, "evaluation", record)
        for table in ("judged", "groups", "queries")
    )
    ids = catalog.frame["posting_id"]
    pairs = _located(whole.filter(pl.col("fusion") == name).drop("fusion"), ids, ids)
    scored = ids.is_in(queries["posting_id"].implode())
    chosen = [each["line"] for each in record["chosen"] if each["fusion"] == name]
    shown = {**record, "probabilistic": _has_reliability(record, name), "shown": name}
    alone = np.arange(len(catalog))
    line = float(np.mean(chosen))
    kept = _distinct(groups.filter(pl.col("fusion") == name), catalog)
    return Run(
        folder, "evaluation", shown, catalog, pairs, alone, line, scored.to_numpy(), kept=kept,
        judged_as=_judged_as(catalog, queries),
    )  # fmt: skip


def _distinct(groups: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """`group`, `row` of the groups of all splits, each set of postings once."""
    rows = catalog.frame.select("posting_id").with_row_index("row")
    rows = rows.with_columns(pl.col("row").cast(pl.Int64))
    placed = groups.join(rows, on="posting_id", how="inner", maintain_order="left")
    sets = placed.group_by("split", "group_id", maintain_order=True).agg(pl.col("row").sort())
    name = pl.col("row").cast(pl.List(pl.String)).list.join(" ")
    once = sets.unique(name, keep="first", maintain_order=True).select("row")
    numbered = once.with_row_index("group").with_columns(pl.col("group").cast(pl.Int64))
    return numbered.explode("row")


def _has_reliability(record: Mapping[str, Any], name: str) -> bool:
    of = [result for result in record["results"] if result["fusion"] == name]
    return any(result["reliability"] is not None for result in of)


def _joined(tables: list[pl.DataFrame]) -> pl.DataFrame:
    """One after the other; each pair from the first table that has it."""
    found = tables[0]
    for table in tables[1:]:
        new = table.join(found, on=["left_id", "right_id"], how="anti", maintain_order="left")
        found = pl.concat([found, new], how="diagonal_relaxed")
    return found.sort("score", descending=True, nulls_last=True, maintain_order=True)


def _located(pairs: pl.DataFrame, lefts: pl.Series, rights: pl.Series) -> pl.DataFrame:
    """`left` and `right`, rows, for the ids."""
    for side, ids in (("left", lefts), ("right", rights)):
        rows = pl.DataFrame({f"{side}_id": ids}).with_row_index(side)
        pairs = pairs.join(
            rows.with_columns(pl.col(side).cast(pl.Int64)),
            on=f"{side}_id",
            how="left",
            maintain_order="left",
        )
    if strange := pairs["left"].null_count() + pairs["right"].null_count():
        raise ValueError(
            f"{strange:,} postings of the run are not in the catalogue; is it another?"
        )
    ends = pl.min_horizontal("left", "right"), pl.max_horizontal("left", "right")
    return pairs.drop("left_id", "right_id").with_columns(left=ends[0], right=ends[1])


def _in_rows(catalog: Catalog, table: pl.DataFrame, folder: Path) -> NDArray[np.int64]:
    ids = catalog.frame.select("posting_id")
    placed = ids.join(table, on="posting_id", how="left", maintain_order="left")["group_id"]
    if placed.null_count() or table.height != len(catalog):
        raise ValueError(f"{folder} is a run of another catalogue than {catalog.name}; name it")
    return placed.cast(pl.Int64).to_numpy()
