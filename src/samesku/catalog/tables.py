"""Table files in: CSV as it is found in the wild, and Parquet."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from samesku.catalog.problems import CatalogError, Problem

__all__ = ["read_table", "repeated_columns"]

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_DELIMITERS = ",;\t|"
_PARQUET = b"PAR1"
_NO_TABLES = (
    (b"PK\x03\x04", "this is a spreadsheet or a zip archive"),
    (b"\xd0\xcf\x11\xe0", "this is a spreadsheet"),
    (b"\x1f\x8b", "this is compressed"),
    (b"%PDF", "this is a PDF"),
)


def read_table(path: Path) -> tuple[pl.DataFrame, list[Problem]]:
    """Read a CSV or Parquet file with every CSV column as text.

    Parameters
    ----------
    path : Path
        Parquet is told by its content, anything else is read as CSV: comma, semicolon, tab or bar;
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
        raw = path.read_bytes()
        if raw.startswith(_PARQUET):
            return pl.read_parquet(io.BytesIO(raw)), []
        content, problems = _decode(raw)
    except OSError as error:
        raise CatalogError(str(path), [_unreadable(error.strerror or str(error))]) from error
    # Damaged Parquet can make polars panic, which is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise CatalogError(str(path), [_unreadable(reason)]) from error
    if not content.strip():
        raise CatalogError(str(path), [_unreadable("the file is empty")])
    if "\n" not in content:
        content = content.replace("\r", "\n")
    return _parse(path, content, problems)


def _parse(path: Path, content: str, problems: list[Problem]) -> tuple[pl.DataFrame, list[Problem]]:
    delimiter = _delimiter(content)
    try:
        frame = pl.read_csv(io.BytesIO(content.encode()), separator=delimiter, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        ragged, misquoted = _malformed_rows(content, delimiter)
        if misquoted:
            message = "row with a quote that is not closed, or closed in the middle of a field"
            fix = 'quote the whole field and write each quote in it twice: "5"" pipe"'
            problem = Problem.at("bad_quote", message, fix, misquoted, fatal=True)
        elif ragged:
            message = "row with more fields than the header"
            fix = f"quote titles that contain {delimiter!r}"
            problem = Problem.at("ragged_row", message, fix, ragged, fatal=True)
        else:
            problem = _unreadable(str(error).splitlines()[0])
        raise CatalogError(str(path), [*problems, problem]) from error
    header = next(row for row in csv.reader(io.StringIO(content), delimiter=delimiter) if row)
    given = [name.strip() for name in header]
    if len(given) == frame.width:
        # Of equal names the first one is kept; polars has told the others apart.
        first = [name not in given[:place] for place, name in enumerate(given)]
        names = [
            name if kept else own
            for name, kept, own in zip(given, first, frame.columns, strict=True)
        ]
        if len(set(names)) == len(names):
            frame.columns = names
        problems = problems + repeated_columns(given)
    return _without_blank_end(frame), problems


def repeated_columns(names: Sequence[str]) -> list[Problem]:
    """A problem for each name that several columns have."""
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    fix = "the first one is used; rename or drop the others"
    return [
        Problem("repeated_column", f"column {name!r} occurs more than once", fix)
        for name in repeated
    ]


def _without_blank_end(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the empty lines that spreadsheets and editors leave at the end."""
    filled = frame.select(~pl.all_horizontal(pl.all().is_null())).to_series().arg_true()
    return frame.head(int(filled[-1]) + 1 if len(filled) else 0)


def _decode(raw: bytes) -> tuple[str, list[Problem]]:
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return raw.decode(encoding), []
    for mark, reason in _NO_TABLES:
        if raw.startswith(mark):
            raise ValueError(reason)
    # A header begins in ASCII: a zero beside its first letter betrays UTF-16 without a mark.
    if raw[:2].count(0) == 1:
        return raw.decode("utf-16-be" if raw[0] == 0 else "utf-16-le"), []
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


def _malformed_rows(content: str, delimiter: str) -> tuple[list[int], list[int]]:
    """Positions of rows with more fields than the header, and of rows with wrong quotes.

    Only searched after a failure.
    """
    rows = csv.reader(io.StringIO(content), delimiter=delimiter, strict=True)
    ragged: list[int] = []
    misquoted: list[int] = []
    width, position = 0, -1
    while True:
        try:
            fields = len(next(rows))
        except StopIteration:
            return ragged, misquoted
        except csv.Error:
            misquoted.append(position)
        else:
            if position < 0:
                width = fields
            elif fields > width:
                ragged.append(position)
        position += 1


def _unreadable(reason: str) -> Problem:
    return Problem("unreadable", reason, "give a CSV or Parquet file with a header row", True)
