"""The files of a run, read with words for what is missing or damaged."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from samesku.catalog.catalog import Catalog
from samesku.runtime.arrays import Ints
from samesku.runtime.files import digest, read_json

_SOURCE: dict[str, Any] = {
    "path": str, "digest": str, "photos": str | None, "columns": dict | None,
    "encoding": str | None, "encoders": list, "neighbours": int, "search": str, "same": list,
    "pairs": str | None, "within": list,
}  # fmt: skip
# What the values of a record are, where it has them.
_FIELDS: dict[str, Any] = {
    "samesku": str, "python": str, "packages": {"*": str}, "catalogue": dict,
    "encoders": {"*": dict}, "notes": [str], "photos_refused": list,
    "seconds": {"*": int | float}, "fusion": str, "probabilistic": bool, "model": str,
    "crowding": [int | float], "decide": str, "chosen": [dict], "digests": dict,
    "results": dict | list, "source": {**_SOURCE, "left": _SOURCE, "right": _SOURCE},
    "left": dict, "right": dict,
    "answers": {"source": str, "by": {"*": {"*": int}}, "pins": [list], "problems": [str]},
    "audit": {"answers": int, "precision": list | None, "recall": list | None, "more": int},
    "adapted": {"moved": int | float, "crowding": int | float, "threshold": int | float,
                "threshold_before": int | float, "changed": {"*": int},
                "differences": {"*": {"answered": int, "same": int}}},
}  # fmt: skip
AGAIN = "make the run anew"


@contextmanager
def unharmed(path: Path) -> Iterator[None]:
    """Say in words that what a run wrote is not what is there."""
    try:
        yield
    except (
        pl.exceptions.PolarsError, LookupError, TypeError, AttributeError, ArithmeticError
    ) as error:  # fmt: skip
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ValueError(
            f"{path} is damaged, or another version wrote it ({said}); {AGAIN}"
        ) from error


def read_record(path: Path) -> dict[str, Any]:
    """A record that `match`, `link` or `evaluate` wrote; ValueError where it is damaged."""
    return read_json(path, _FIELDS, fix=AGAIN)


def threshold_of(record: Mapping[str, Any], path: Path) -> float:
    """The threshold of a run; ValueError where the record has none."""
    threshold: Any = record.get("threshold")
    known = isinstance(threshold, int | float) and not isinstance(threshold, bool)
    if not known or not 0 < threshold <= 1:
        raise ValueError(f"{path} has no threshold; {AGAIN}")
    return float(threshold)


def read_parquet(folder: Path, name: str, record: Mapping[str, Any]) -> pl.DataFrame:
    """A table of pairs; an error where it is gone, damaged, or not of the run of the record."""
    path = _there(folder / f"{name}.parquet", record)
    with unharmed(path):
        return pl.read_parquet(path)


def read_groups(folder: Path, record: Mapping[str, Any]) -> pl.DataFrame:
    """What is read of `groups.csv`, as text; raises as :func:`read_parquet` does."""
    path = _there(folder / "groups.csv", record)
    with unharmed(path):
        columns = ["group_id", "posting_id", "identical_to"]
        return pl.read_csv(path, columns=columns, infer_schema=False)


def _there(path: Path, record: Mapping[str, Any]) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; {AGAIN}")
    if record.get("digests", {}).get(path.name) != digest(path):
        raise ValueError(f"{path} is damaged, or of another run than the record; {AGAIN}")
    return path


def scored_as(catalog: Catalog, table: pl.DataFrame) -> Ints:
    """Row of the posting that was scored in place of each; the table says where another was."""
    rows, collapsed = np.arange(len(catalog)), table.drop_nulls("identical_to")
    row_of = {posting: row for row, posting in enumerate(catalog.ids)} if collapsed.height else {}
    for ends in collapsed.select("posting_id", "identical_to").iter_rows():
        if row_of.keys() >= set(ends):
            rows[row_of[ends[0]]] = row_of[ends[1]]
    return rows


def joined(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One after the other; each pair from the first table that has it."""
    found = pl.concat(tables, how="diagonal_relaxed")
    found = found.unique(["left_id", "right_id"], keep="first", maintain_order=True)
    return found.sort("score", descending=True, nulls_last=True, maintain_order=True)


def located(pairs: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """`left` and `right`, rows, for the ids."""
    row = pl.int_range(len(ids), dtype=pl.Int64)
    for side in ("left", "right"):
        rows = pl.select(ids.alias(f"{side}_id"), row.alias(side))
        pairs = pairs.join(rows, on=f"{side}_id", how="left", maintain_order="left")
    if strange := pairs["left"].null_count() + pairs["right"].null_count():
        raise ValueError(
            f"{strange:,} postings of the run are not in the catalogue; is it another?"
        )
    ends = pl.min_horizontal("left", "right"), pl.max_horizontal("left", "right")
    return pairs.drop("left_id", "right_id").with_columns(left=ends[0], right=ends[1])


def clusters_in_rows(catalog: Catalog, table: pl.DataFrame, folder: Path) -> Ints:
    ids = catalog.frame.select("posting_id")
    placed = ids.join(table, on="posting_id", how="left", maintain_order="left")["group_id"]
    if placed.null_count() or table.height != len(catalog):
        raise ValueError(f"{folder} is a run of another catalogue than {catalog.name}; name it")
    return placed.cast(pl.Int64).to_numpy()


def distinct_clusters(clusters: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """`cluster`, `row` of the clusters of all splits, each set of postings once."""
    rows = catalog.frame.select("posting_id", row=pl.int_range(pl.len(), dtype=pl.Int64))
    placed = clusters.join(rows, on="posting_id", how="inner", maintain_order="left")
    sets = placed.group_by("split", "group_id", maintain_order=True).agg(pl.col("row").sort())
    name = pl.col("row").cast(pl.List(pl.String)).list.join(" ")
    once = sets.unique(name, keep="first", maintain_order=True).select("row")
    numbered = once.with_row_index("cluster").with_columns(pl.col("cluster").cast(pl.Int64))
    return numbered.explode("row")
