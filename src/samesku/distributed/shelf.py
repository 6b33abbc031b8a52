"""The tables between the stages: Parquet and JSON in a folder that all workers see."""

import json
import os
import posixpath
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import scipy.sparse as sp

from samesku.runtime.arrays import Array
from samesku.runtime.files import claimed


@lru_cache(maxsize=16)
def file_system(place: str) -> tuple[Any, str]:
    """The file system of an absolute path or of a URI as ``s3://bucket``, and the path in it."""
    found: tuple[Any, str] = pafs.FileSystem.from_uri(place)
    return found


@dataclass(frozen=True)
class Shelf:
    """A folder of tables, by name; a table that is there is complete.

    Between two stages each task writes one file, with a piece for each task that reads of it:
    `deal` and `cut` write the pieces, `gathered` reads one of each file of a folder.
    """

    root: str

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep others from a local folder; ValueError where another run has it."""
        fs, place = file_system(self.root)
        claim = None
        if fs.type_name == "local":
            fs.create_dir(place, recursive=True)
            try:
                claim = claimed(Path(place))
            except BlockingIOError as error:
                raise ValueError(
                    f"another run works in {self.root}: wait for its end, or name another folder"
                ) from error
        try:
            yield
        finally:
            if claim is not None:
                os.close(claim)

    def path(self, name: str) -> str:
        return posixpath.join(file_system(self.root)[1], name)

    def write(self, name: str, *pieces: pa.Table) -> None:
        """Write one file, of a piece for each of those who read it."""
        with (
            self.written(name) as out,
            pq.ParquetWriter(out, pieces[0].schema, compression="zstd") as writer,
        ):
            for piece in pieces:
                writer.write_table(piece, row_group_size=max(len(piece), 1))

    def deal(self, name: str, table: pa.Table, of: Array, readers: int) -> None:
        """Write one file with, for each reader, the rows that are `of` it."""
        self.write(name, *(table.filter(array_of(of == each)) for each in range(readers)))

    def cut(self, name: str, table: pa.Table, numbers: Array, starts: Sequence[int]) -> None:
        """Write one file with, for each range of ascending numbers, the rows in it."""
        cuts = pairwise(np.searchsorted(numbers, starts).tolist())
        self.write(name, *(table.slice(a, b - a) for a, b in cuts))

    @contextmanager
    def written(self, name: str) -> Iterator[Any]:
        """A file to write, which appears when it is complete."""
        fs, place = file_system(self.root)[0], self.path(name)
        fs.create_dir(posixpath.dirname(place), recursive=True)
        # On storage of objects a file appears when it is closed; here it would grow in sight.
        local = fs.type_name == "local"
        hidden = f"{place}.{uuid.uuid4().hex}" if local else place
        with fs.open_output_stream(hidden) as out:
            yield out
        if local:
            fs.move(hidden, place)

    def names(self) -> list[str]:
        """The Parquet files of the folder; none where it is not there."""
        fs, place = file_system(self.root)
        found = fs.get_file_info(pafs.FileSelector(place, allow_not_found=True))
        return sorted(each.base_name for each in found if each.extension == "parquet")

    def remove(self, folder: str) -> None:
        with suppress(FileNotFoundError):
            file_system(self.root)[0].delete_dir(self.path(folder))

    def remove_file(self, name: str) -> None:
        with suppress(FileNotFoundError):
            file_system(self.root)[0].delete_file(self.path(name))

    def read(
        self, name: str, columns: Sequence[str] | None = None, piece: int | None = None
    ) -> pa.Table:
        with file_system(self.root)[0].open_input_file(self.path(name)) as file:
            table = pq.ParquetFile(file)
            return table.read(columns) if piece is None else table.read_row_group(piece, columns)

    def columns(self, name: str, *columns: str) -> list[Array]:
        return columns_of(self.read(name, columns), *columns)

    def frame(self, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        return frame_of(self.read(name, columns))

    def gathered(self, folder: str, writers: Iterable[object], reader: int) -> pa.Table:
        """What all who wrote in a folder have for one of those who read it."""
        return pa.concat_tables(self.read(f"{folder}/{each}", piece=reader) for each in writers)

    def between(self, name: str, column: str, low: str | None, high: str | None) -> pl.DataFrame:
        """The rows whose text in a column is from `low` on and below `high`."""
        bounds = [(column, ">=", low), (column, "<", high)]
        given = [bound for bound in bounds if bound[2] is not None]
        fs = file_system(self.root)[0]
        found = pq.read_table(
            self.path(name), filesystem=fs, filters=given or None, partitioning=None
        )
        return frame_of(found)

    def write_json(self, name: str, record: Mapping[str, Any]) -> None:
        with self.written(name) as out:
            out.write(json.dumps(record, ensure_ascii=False, indent=1).encode())

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Read a small record; None where there is none, or it was cut off."""
        try:
            with file_system(self.root)[0].open_input_stream(self.path(name)) as file:
                found: dict[str, Any] = json.loads(file.read())
                return found
        except (FileNotFoundError, ValueError):
            return None


def absolute(place: str) -> str:
    """A local path from the root, as workers stand elsewhere; a URI as it is."""
    return place.rstrip("/") if "://" in place else str(Path(place).resolve())


def part_of(items: Array | pl.Series, parts: int) -> Array:
    """A part for each number or text, at random, and the same wherever it stands."""
    return (pl.Series(items).hash().to_numpy() % np.uint64(parts)).astype(np.int64)


def texts_of(values: Iterable[str | None]) -> pl.Series:
    """A column of texts, of none at all, too."""
    return pl.Series(values, dtype=pl.String)


def array_of(values: Array) -> pa.Array:
    """The same for Arrow, whose own way loads pandas where it is installed."""
    return pl.Series(np.ascontiguousarray(values)).to_arrow()


def values_of(column: pa.Array) -> Array:
    """The numbers of an Arrow array, whose own way loads pandas where it is installed."""
    return pl.Series(column).to_numpy()


def table_of(**columns: Any) -> pa.Table:
    """A table of arrays; a CSR matrix becomes two columns of lists, `NAME` and `NAME_at`."""
    made: dict[str, Any] = {}
    for name, values in columns.items():
        if sp.issparse(values):
            ends = array_of(values.indptr.astype(np.int32))
            made[name] = pa.ListArray.from_arrays(ends, array_of(values.data))
            made[f"{name}_at"] = pa.ListArray.from_arrays(ends, array_of(values.indices))
        elif isinstance(values, np.ndarray) and values.ndim == 2:
            flat = array_of(values.ravel())
            made[name] = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
        else:
            made[name] = values.to_arrow() if isinstance(values, pl.Series) else array_of(values)
    return pa.table(made)


def columns_of(table: pa.Table, *names: str) -> list[Array]:
    """Columns of numbers, or of texts."""
    return [each.to_numpy() for each in frame_of(table.select(names))]


def frame_of(table: pa.Table) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(table))


def sparse(table: pa.Table, name: str, width: int) -> sp.csr_matrix:
    """A CSR matrix that :func:`table_of` took apart."""
    values, columns = (table.column(each).combine_chunks() for each in (name, f"{name}_at"))
    ends = values_of(values.offsets)
    cells = values_of(values.flatten()), values_of(columns.flatten()), ends - ends[0]
    return sp.csr_matrix(cells, shape=(len(ends) - 1, max(width, 1)))
