"""Table files in: CSV as it is found in the wild, and Parquet."""

import csv
import io
import itertools
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from samesku.catalog.encodings import decode
from samesku.catalog.foreign import foreign_kind
from samesku.catalog.problems import CatalogError, Problem

_DELIMITERS = ",;\t|"
# The path that means standard input.
STDIN = "-"
_PARQUET = b"PAR1"


def read_table(path: Path, encoding: str | None = None) -> tuple[pl.DataFrame, list[Problem]]:
    """Read a CSV or Parquet file (``-``: standard input), every CSV column as text.

    Parquet is known by its content, anything else is read as CSV: comma, semicolon, tab or bar;
    in `encoding`, by default the one of its byte order mark, UTF-16, UTF-8 or Windows-1252.
    Returns the frame and what was repaired on the way. Raises CatalogError where the file is empty
    or not a table; names the row where that is known.
    """
    piped = str(path) == STDIN
    if not (piped or path.is_file() or path.is_dir()) and path.exists():  # could wait for ever
        raise CatalogError(str(path), [Problem.of("unreadable", reason="not a regular file")])
    try:
        raw = sys.stdin.buffer.read() if piped else path.read_bytes()
    except OSError as error:
        raise CatalogError(
            str(path), [Problem.of("unreadable", reason=error.strerror or str(error))]
        ) from error
    return parse_table(raw, path, encoding)


def parse_table(
    raw: bytes, path: Path, encoding: str | None = None
) -> tuple[pl.DataFrame, list[Problem]]:
    """The table of a file's content, as :func:`read_table` reads it; `path` is for messages."""
    try:
        if raw.startswith(_PARQUET):
            return pl.read_parquet(io.BytesIO(raw)), []
        content, problems = (_decoded(path, raw, encoding), []) if encoding else decode(raw)
        content = content.removeprefix("\ufeff")
        if not content.strip():
            raise ValueError("the file is empty")
        if kind := foreign_kind(content[:1000]):
            raise ValueError(f"this is {kind}")
    except CatalogError:
        raise
    # Damaged Parquet can make polars panic, which is no Exception.
    except (
        pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, LookupError
    ) as error:  # fmt: skip
        reason = str(error).splitlines()[0][:200]
        raise CatalogError(str(path), [Problem.of("unreadable", reason=reason)]) from error
    return _parse(path, content, problems)


def _parse(path: Path, content: str, problems: list[Problem]) -> tuple[pl.DataFrame, list[Problem]]:
    content, delimiter = _delimited(content)
    rows, misquoted = _rows(content, delimiter)
    start = _header(rows)
    if start:
        problems = [*problems, Problem.of("preamble", lines=start)]
    first, rows = rows[start], rows[start + 1 :]
    header = [name.strip() for name in first]
    while rows and not any(rows[-1]):  # what spreadsheets and editors leave at the end
        rows.pop()
    width = max((place for place, name in enumerate(header, start=1) if name), default=0)
    if not any(any(row[width:]) for row in rows):  # and beside it
        header = header[:width]
    ragged = [place for place, row in enumerate(rows) if any(row[len(header) :])]
    if misquoted:
        fault = Problem.of("bad_quote", [place - start - 1 for place in misquoted])
        raise CatalogError(str(path), [*problems, fault])
    if ragged:
        fault = Problem.of("ragged_row", ragged, delimiter=delimiter)
        raise CatalogError(str(path), [*problems, fault])
    if repeated := [place for place, row in enumerate(rows) if row == first]:
        problems = [*problems, Problem.of("repeated_header", repeated)]
        for place in repeated:  # an empty row, so that the others keep their places
            rows[place] = []
    cut = (row[: len(header)] for row in rows)
    columns = itertools.zip_longest(header, *cut) if rows else ((name,) for name in header)
    named = zip(distinct(header), columns, strict=True)
    table = {name: [cell or None for cell in cells[1:]] for name, cells in named}
    frame = pl.DataFrame(table, schema=dict.fromkeys(table, pl.String))
    return frame, problems + repeated_columns(header)


def _rows(content: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """All rows as Python reads them, and the places of those with wrong quotes."""
    limit = csv.field_size_limit(len(content) + 1)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    misquoted: list[int] = []
    try:
        while True:
            try:
                row = next(reader)
            except csv.Error:
                misquoted.append(len(rows))
                row = []
            if row or rows:
                rows.append(row)
    except StopIteration:
        return rows or [[]], misquoted
    finally:
        csv.field_size_limit(limit)


def _header(rows: list[list[str]]) -> int:
    """Place of the header: behind lines of one cell where the table has more of them.

    Amazon's templates have theirs behind a line about the template and one of labels.
    """
    if len(rows) > 2 and "".join(rows[0][:1]).startswith("TemplateType="):
        return 2
    filled = [sum(map(bool, row)) for row in rows[:20]]
    if max(filled) < 2 or filled[0] > 1:
        return 0
    return next(place for place, count in enumerate(filled) if count > 1)


def distinct(header: list[str]) -> list[str]:
    """Names of columns, of equal ones the first as it is."""
    names: list[str] = []
    for name in header:
        own, count = name, 0
        while own in names or (count and own in header):
            own, count = f"{name}_duplicated_{count}", count + 1
        names.append(own)
    return names


def repeated_columns(names: Sequence[str]) -> list[Problem]:
    """A problem for each name that several columns have."""
    return [
        Problem.of("repeated_column", name=name)
        for name, count in Counter(names).items()
        if count > 1 and name
    ]


def _decoded(path: Path, raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except (LookupError, UnicodeError) as error:
        rows = []
        if isinstance(error, UnicodeDecodeError):
            rows = [raw.count(b"\n", 0, error.start) - 1]
        problem = Problem.of("other_encoding", rows, encoding=encoding, error=error)
        raise CatalogError(str(path), [problem]) from error


def _delimited(content: str) -> tuple[str, str]:
    """The content without a spreadsheet's line `sep=;`, and what separates its fields."""
    lines = content[: 10**6].lstrip("\n\r ").splitlines()[:20]
    stated = re.match(r'\s*"?sep=(.)"?\r?(?:\n|$)', content)
    if stated:
        return content[stated.end() :], stated[1]
    for line in lines:
        best = max(_DELIMITERS, key=line.count)
        if best in line:
            return content, best
    return content, ","
