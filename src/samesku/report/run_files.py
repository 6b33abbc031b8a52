"""The files of a run, read with words for what is missing or damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from samesku.runtime.files import digest

__all__ = ["again", "line_of", "read_json", "read_parquet", "read_table", "unharmed"]

# What the values of a record are, where it has them; `each` is of those within.
_SHAPES: dict[str, Any] = {
    "samesku": str, "python": str, "packages": dict, "catalogue": dict, "encoders": dict,
    "notes": list, "photos_refused": list, "seconds": dict, "fusion": str, "probabilistic": bool,
    "model": str, "cohesion": (int, float), "decide": str, "chosen": list, "digests": dict,
    "results": (dict, list), "source": dict, "left": dict, "right": dict,
}  # fmt: skip
_EACH: dict[str, Any] = {
    "encoders": dict, "notes": str, "seconds": (int, float), "chosen": dict, "packages": str,
}  # fmt: skip
_SOURCE_SHAPES: dict[str, Any] = {
    "path": str, "digest": str, "photos": (str, type(None)), "columns": (dict, type(None)),
    "encoding": (str, type(None)), "encoders": list,
    "neighbours": int, "search": str, "same": list, "pairs": (str, type(None)),
}  # fmt: skip
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
    except (
        pl.exceptions.PolarsError, LookupError, TypeError, AttributeError, ArithmeticError
    ) as error:  # fmt: skip
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ValueError(
            f"{folder} is damaged, or another version wrote it ({said}); {again(kind)}"
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    """A record that `match`, `link` or `evaluate` wrote.

    Raises
    ------
    ValueError
        It is no JSON, or holds something else; tells what.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON ({error}); make the run anew") from error
    if not isinstance(record, dict):
        raise ValueError(f"{path} does not hold what samesku writes; make the run anew")
    if strange := next(_strange(record), None):
        raise ValueError(
            f"{path} is damaged, or another version wrote it: its {strange} cannot be read; "
            "make the run anew"
        )
    return record


def _strange(record: Mapping[str, Any]) -> Iterator[str]:
    """Names of values that are of another kind than what samesku writes."""
    yield from _unlike(record, _SHAPES, "")
    for name, kind in _EACH.items():
        values = record.get(name, ())
        for value in values.values() if isinstance(values, dict) else values:
            if not isinstance(value, kind):
                yield name
    source = record.get("source", {})
    for part in (source, source.get("left", {}), source.get("right", {})):
        yield from _unlike(part, _SOURCE_SHAPES, "source: ")


def _unlike(record: Any, shapes: Mapping[str, Any], within: str) -> Iterator[str]:
    if not isinstance(record, dict):
        yield within.removesuffix(": ")
        return
    for name, kind in shapes.items():
        if name in record and not isinstance(record[name], kind):
            yield within + name


def line_of(record: Mapping[str, Any], path: Path) -> float:
    """The line that a record tells.

    Raises
    ------
    ValueError
        It tells none.
    """
    line = record.get("line")
    if isinstance(line, bool) or not isinstance(line, int | float) or not 0 < line <= 1:
        raise ValueError(f"{path} tells no line; make the run anew")
    return float(line)


def read_parquet(folder: Path, name: str, kind: str, record: Mapping[str, Any]) -> pl.DataFrame:
    """A table of pairs.

    Raises
    ------
    FileNotFoundError, ValueError
        It is not there, is damaged, or is not of the run of the record.
    """
    path = _there(folder / f"{name}.parquet", kind, record)
    with unharmed(path, kind):
        return pl.read_parquet(path)


def read_table(
    folder: Path, name: str, kind: str, record: Mapping[str, Any], columns: Sequence[str]
) -> pl.DataFrame:
    """Some columns of a CSV file, as text; raises as :func:`read_parquet` does."""
    path = _there(folder / f"{name}.csv", kind, record)
    with unharmed(path, kind):
        return pl.read_csv(path, columns=list(columns), infer_schema=False)


def _there(path: Path, kind: str, record: Mapping[str, Any]) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; {again(kind)}")
    if record.get("digests", {}).get(path.name) != digest(path):
        raise ValueError(f"{path} is damaged, or of another run than the record; {again(kind)}")
    return path
