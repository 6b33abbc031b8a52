"""The files of a run, read with words for what is missing or damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

__all__ = ["again", "line_of", "read_json", "read_parquet", "read_table", "unharmed"]

# The command that writes each kind of run.
_COMMANDS = {"match": "samesku match", "link": "samesku link", "evaluation": "samesku evaluate"}


def again(kind: str) -> str:
    """What to do where a file of a run is gone or damaged."""
    out = " --out FOLDER" if kind == "evaluation" else ""
    return f"make the run anew: {_COMMANDS[kind]}{out}"


@contextmanager
def unharmed(folder: Path, kind: str) -> Iterator[None]:
    """Say in words that what a run wrote is not what is there."""
    try:
        yield
    except (pl.exceptions.PolarsError, KeyError, TypeError, AttributeError) as error:
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ValueError(
            f"{folder} is damaged, or another version wrote it ({said}); {again(kind)}"
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    """A record that `match`, `link` or `evaluate` wrote.

    Raises
    ------
    ValueError
        It is no JSON, or holds something else.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error}); make the run anew") from error
    if not isinstance(record, dict):
        raise ValueError(f"{path} does not hold what samesku writes; make the run anew")
    return record


def line_of(record: Mapping[str, Any], path: Path) -> float:
    """The line that a record tells.

    Raises
    ------
    ValueError
        It tells none.
    """
    line = record.get("line")
    if not isinstance(line, int | float):
        raise ValueError(f"{path} tells no line; make the run anew")
    return float(line)


def read_parquet(folder: Path, name: str, kind: str) -> pl.DataFrame:
    """A table of pairs.

    Raises
    ------
    FileNotFoundError, ValueError
        It is not there, or is damaged.
    """
    path = _there(folder / f"{name}.parquet", kind)
    with unharmed(path, kind):
        return pl.read_parquet(path)


def read_table(folder: Path, name: str, kind: str, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of a CSV file, as text; raises as :func:`read_parquet` does."""
    path = _there(folder / f"{name}.csv", kind)
    with unharmed(path, kind):
        return pl.read_csv(path, columns=list(columns), infer_schema=False)


def _there(path: Path, kind: str) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; {again(kind)}")
    return path
