"""Table files in: CSV as it is found in the wild, and Parquet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl

from samesku.problems import CatalogError, Problem

__all__ = ["read_table"]

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_DELIMITERS = ",;\t|"


def read_table(path: Path) -> tuple[pl.DataFrame, list[Problem]]:
    """Read a CSV or Parquet file with every CSV column as text.

    Parameters
    ----------
    path : Path
        `.parquet` / `.pq` is Parquet, anything else is read as CSV: comma, semicolon, tab or bar;
        UTF-8, UTF-16 or UTF-32 by its byte order mark, else Windows-1252.

    Returns
    -------
    frame : polars.DataFrame
    problems : list of Problem
        What was repaired on the way.

    Raises
    ------
    CatalogError
        When the file is empty or not a table; names the row where that is known.
    """
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pl.read_parquet(path), []
        content, problems = _decode(path.read_bytes())
    except (pl.exceptions.PolarsError, OSError, UnicodeError) as error:
        raise CatalogError(str(path), [_unreadable(str(error))]) from error
    if not content.strip():
        raise CatalogError(str(path), [_unreadable("the file is empty")])
    return _parse(path, content, problems)


def _parse(path: Path, content: str, problems: list[Problem]) -> tuple[pl.DataFrame, list[Problem]]:
    delimiter = _delimiter(content)
    try:
        frame = pl.read_csv(io.BytesIO(content.encode()), separator=delimiter, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        ragged = _ragged_rows(content, delimiter)
        if ragged:
            message = "row with more fields than the header"
            fix = f"quote titles that contain {delimiter!r}"
            problem = Problem.at("ragged_row", message, fix, ragged, fatal=True)
        else:
            problem = _unreadable(str(error).splitlines()[0])
        raise CatalogError(str(path), [*problems, problem]) from error
    trimmed = [name.strip() for name in frame.columns]
    if len(set(trimmed)) == len(trimmed):
        frame.columns = trimmed
    return frame, problems


def _decode(raw: bytes) -> tuple[str, list[Problem]]:
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return raw.decode(encoding), []
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start)
        message = "text that is not UTF-8"
        fix = "read as Windows-1252; save the file as UTF-8 if titles look wrong"
        # cp1252 leaves five bytes undefined; latin-1 maps them to control characters.
        text = (
            raw.decode("cp1252", errors="replace") if b"\x00" not in raw else raw.decode("latin-1")
        )
        return text, [Problem.at("encoding", message, fix, [row - 1])]


def _delimiter(content: str) -> str:
    header = content.lstrip().split("\n", 1)[0]
    counts = {mark: header.count(mark) for mark in _DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _ragged_rows(content: str, delimiter: str) -> list[int]:
    """Positions of the rows with more fields than the header (only searched after a failure)."""
    rows = csv.reader(io.StringIO(content), delimiter=delimiter)
    try:
        width = len(next(rows))
        return [position for position, row in enumerate(rows) if len(row) > width]
    except csv.Error:
        return []


def _unreadable(reason: str) -> Problem:
    return Problem("unreadable", reason, "give a CSV or Parquet file with a header row", True)
