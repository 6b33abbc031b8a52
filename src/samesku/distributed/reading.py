"""Files of postings to shards of distinct ones: read, sort by id, collapse what is identical."""

import posixpath
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from samesku.candidates.collapse import looked_at, says_nothing
from samesku.catalog.catalog import COMPETITION_FILES, Catalog, read_catalog
from samesku.catalog.cells import OPTIONAL, REQUIRED
from samesku.catalog.problems import CatalogError, Problem
from samesku.distributed.shelf import Shelf, columns_of, file_system, frame_of, part_of, table_of
from samesku.distributed.tasks import Result
from samesku.encoders.tfidf import letters_of
from samesku.runtime.arrays import Array

# Keys of a file that show how those of all are spread; problems of a file that are shown.
SAMPLE, SHOWN = 256, 20
ROWS = 20_000
# Columns of our own begin with "~". "~key": what postings are sorted into shards by, the value of a
# column, or nothing, and the id; "~stated", "~read": what a title states, what else is read of it.


def files_of(catalogue: str) -> list[tuple[str, int, str]]:
    """The files of a catalogue with their sizes and times: one, or all Parquet files of a folder.

    Raises FileNotFoundError where there is none.
    """
    fs, place = file_system(catalogue)
    prefix = catalogue.removesuffix("/")[: -len(place)] if "://" in catalogue else ""
    info = fs.get_file_info(place)
    if info.type == pafs.FileType.NotFound:
        raise FileNotFoundError(
            f"{catalogue}: no such file; give a CSV, a Parquet file or a folder"
        )
    found = [info]
    if info.type == pafs.FileType.Directory:
        inside = fs.get_file_info(pafs.FileSelector(place, recursive=True))
        found = [each for each in inside if each.path.endswith(".parquet")]
        named = [
            each for each in inside if posixpath.relpath(each.path, place) in COMPETITION_FILES
        ]
        found = found or named[:1]
    if not found:
        raise FileNotFoundError(f"{catalogue}: holds no Parquet files; name a file or their folder")
    return sorted((prefix + each.path, each.size, str(each.mtime_ns)) for each in found)


def read_file(
    shelf: Shelf, how: Mapping[str, Any], route: str | None, number: int, file: str
) -> Result:
    """Check the postings of one file, read as `how` says, and sort them by id, or a column and id.

    `how`: keywords of :func:`samesku.catalog.catalog.read_catalog`, `columns` among them.
    """
    lacking: dict[str, str] = {}
    try:
        with _at_hand(file) as path:
            lacking = _lacking(path, how["columns"])
            there = {k: v for k, v in how["columns"].items() if k not in lacking}
            catalog = read_catalog(path, **{**how, "columns": there})
    except (CatalogError, UnicodeError) as error:
        found = error.problems if isinstance(error, CatalogError) else [error]
        return {"file": file, "fatal": [str(each) for each in found][:SHOWN], "lacking": lacking}
    frame = catalog.frame.select(
        pl.col(name) if name == "price" else pl.col(name).cast(pl.String)
        for name, kind in catalog.frame.schema.items()
        if not kind.is_nested()
    )
    photos = [None if photo is None else str(photo) for photo in catalog.photos]
    left_out = [
        row for each in catalog.problems if each.left_out == "rows" for row in each.positions
    ]
    value = pl.col(route).cast(pl.String).fill_null("") if route in frame.columns else pl.lit("")
    frame = frame.with_columns(
        # No value holds what stands between, so each is in one piece.
        pl.format("{}\0{}", value, "posting_id").alias("~key"),
        pl.Series("~photo", photos, dtype=pl.String),
        pl.lit(number).alias("~file"),
        pl.Series("~row", np.setdiff1d(np.arange(frame.height + len(left_out)), left_out)),
    ).sort("~key")
    # In parts, of which a range of keys reads some.
    parts = [frame.slice(at, ROWS).to_arrow() for at in range(0, max(frame.height, 1), ROWS)]
    shelf.write(f"read/{number}", *parts)
    absent = [
        f"there is no column {theirs!r}: {ours} is missing" for ours, theirs in lacking.items()
    ]
    at = np.linspace(0, frame.height - 1, min(SAMPLE, frame.height)).astype(np.int64)
    return {
        "file": file,
        "rows": frame.height,
        "columns": [name for name in frame.columns if not name.startswith("~")],
        "photos": len(photos) - photos.count(None),
        "keys": frame["~key"][at].to_list(),
        "lacking": lacking,
        "problems": [*absent, *map(str, catalog.problems)][:SHOWN],
    }


def check_files(catalogue: str, read: Sequence[Result]) -> None:
    """Raise CatalogError for mapped columns that no file has, else with what is wrong in each."""
    names = ", ".join(dict.fromkeys(name for each in read for name in each.get("columns", ())))
    fix = f"the files have {names}" if names else "map another"
    problems = [
        Problem("mapping", f"column {theirs!r}, mapped to {ours!r}, is in no file", fix, True)
        for ours, theirs in read[0]["lacking"].items()
        if all(ours in each["lacking"] for each in read)
    ] or [
        Problem("file", f"{each['file']}: {found}", "mend the file", True)
        for each in read
        for found in each.get("fatal", ())
    ]
    if problems:
        raise CatalogError(catalogue, problems)


def _lacking(file: Path, columns: Mapping[str, str]) -> dict[str, str]:
    """The mapped columns that a Parquet file has not; others of its folder may have them."""
    try:
        names = [name.strip() for name in pq.read_schema(file).names]
    except (pa.ArrowException, OSError):  # no Parquet, or damaged
        return {}
    known = columns.keys() & {*REQUIRED, *OPTIONAL}
    return {ours: columns[ours] for ours in sorted(known) if columns[ours] not in names}


@contextmanager
def _at_hand(file: str) -> Iterator[Path]:
    """A file of shared storage as one of this machine."""
    fs, place = file_system(file)
    if fs.type_name == "local":
        yield Path(place)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / posixpath.basename(place)
        pafs.copy_files(file, str(path))
        yield path


def sort_shard(
    shelf: Shelf, shard: int, bounds: Sequence[tuple[str | None, str | None]], files: int,
    names: Sequence[str], photos: bool,
) -> Result:  # fmt: skip
    """The postings of a range of keys from all files, in the order of their keys."""
    shards = len(bounds)
    parts = [shelf.between(f"read/{file}", "~key", *bounds[shard]) for file in range(files)]
    frame = pl.concat(parts, how="diagonal").sort("~key", "~file", "~row")
    ids, keys = frame.select("posting_id", "~file", "~row"), frame["~key"]
    shelf.deal(f"ids/{shard}", ids.to_arrow(), part_of(ids["posting_id"], shards), shards)
    frame = frame.with_columns(
        pl.lit(None, dtype=pl.Float64 if name == "price" else pl.String).alias(name)
        for name in names
        if name not in frame.columns
    ).select(*names, "~photo", "~file", "~row")
    catalog = catalog_of(frame)
    frame = frame.with_columns(pl.Series("~normal", catalog.normal_titles, dtype=pl.String))
    shelf.write(f"sorted/{shard}", frame.to_arrow())
    table = looked_at(catalog, photos)
    texts = table.select(pl.concat_str(pl.all().fill_null("\0"), separator="\x1f")).to_series()
    rows = np.flatnonzero(~says_nothing(table["title"]))
    seen = (text.encode("utf-8", "surrogatepass") for text in texts.gather(rows))
    digests = b"".join(blake2b(text, digest_size=16).digest() for text in seen)
    one, other = np.frombuffer(digests, dtype=np.int64).reshape(-1, 2).T
    shelf.deal(f"keys/{shard}", table_of(row=rows, one=one, other=other), one % shards, shards)
    return {
        "rows": frame.height,
        "letters": letters_of(catalog.normal_titles).tolist(),
        "range": [key.partition("\0")[0] for key in (keys[0], keys[-1])] if len(keys) else ["", ""],
    }


def catalog_of(frame: pl.DataFrame) -> Catalog:
    """Postings that were read before as a catalogue."""
    names = [name for name in frame.columns if not name.startswith("~")]
    photos = tuple(None if each is None else Path(each) for each in frame["~photo"].to_list())
    catalog = Catalog(frame.select(names), photos)
    if "~normal" in frame.columns:
        vars(catalog)["normal_titles"] = frame["~normal"].to_list()
    return catalog


def same_postings(shelf: Shelf, reader: int, starts: Sequence[int]) -> Result:
    """Which posting stands for each, of identical ones the first; and ids that occur twice."""
    shards = len(starts) - 1
    tables = [shelf.read(f"keys/{shard}", piece=reader) for shard in range(shards)]
    shard = np.repeat(np.arange(shards), [len(table) for table in tables])
    frame = frame_of(pa.concat_tables(tables))
    frame = frame.with_columns(number=pl.col("row") + pl.Series(np.asarray(starts)[shard])).select(
        "row",
        first=pl.col("number").min().over("one", "other"),
        members=pl.len().cast(pl.Int64).over("one", "other"),
    )
    shelf.deal(f"same/{reader}", frame.to_arrow(), shard, shards)
    ids = frame_of(shelf.gathered("ids", range(shards), reader))
    twice = ids.filter(pl.col("posting_id").is_duplicated()).sort("posting_id", "~file", "~row")
    return {"twice": twice.head(SHOWN).rows()}


def representatives(shelf: Shelf, shard: int, starts: Sequence[int]) -> tuple[Array, Array]:
    """Number of the posting that stands for each of a shard, and for how many it does."""
    own = np.arange(starts[shard], starts[shard + 1])
    members = np.ones(len(own), dtype=np.int64)
    same = shelf.gathered("same", range(len(starts) - 1), shard)
    rows, first, count = columns_of(same, "row", "first", "members")
    own[rows], members[rows] = first, count
    return own, members
