"""What a benchmark prints and writes."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar, Protocol

from quality import Chosen, Quality
from rich.console import Console
from rich.table import Table

from samesku.runtime.cores import usable_cores

__all__ = ["Row", "TableRow", "load_average", "machine", "markdown", "number", "show", "write"]

PACKAGES = (
    *("samesku", "scikit-learn", "string-grouper", "splink", "dedupe", "imagehash"),
    *("imagededup", "pyjedai", "numpy", "scipy", "polars", "sparse-dot-topn", "usearch"),
)
COLUMNS = (
    *("contender", "sees", "wall s", "CPU s", "peak MB", "F1", "precision", "recall"),
    *("threshold", "F1 as shipped", "note"),
)


def load_average() -> float:
    """How many processes wanted a core in the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


class TableRow(Protocol):
    """A row of a table; all of one heading stand in one table."""

    columns: ClassVar[Sequence[str]]

    @property
    def heading(self) -> str: ...

    @property
    def cells(self) -> list[str]: ...


@dataclass(frozen=True)
class Row:
    """One contender at one size; None where it could not be measured."""

    postings: int
    contender: str
    sees: str
    wall: float | None = None
    cpu: float | None = None
    peak_mb: float | None = None
    best: Chosen | None = None
    default: float | None = None
    as_shipped: Quality | None = None
    note: str = ""
    load: float = field(default_factory=load_average)

    columns: ClassVar[Sequence[str]] = COLUMNS

    @property
    def heading(self) -> str:
        """Of the table that holds the row."""
        return f"{self.postings:,} postings"

    @property
    def outcome(self) -> str:
        """In one line."""
        if self.note:
            return self.note
        f1 = "" if self.best is None else f", F1 {self.best.quality.f1:.3f}"
        return f"{self.wall or 0:.1f} s, {self.peak_mb or 0:.0f} MB{f1}"

    @property
    def cells(self) -> list[str]:
        """As text, under COLUMNS."""
        best = self.best
        quality = [""] * 4
        if best is not None:
            figures = best.quality
            quality = [f"{figures.f1:.3f}", f"{figures.precision:.3f}", f"{figures.recall:.3f}"]
            quality.append(f"{best.threshold:.3f} ({best.way})")
        shipped = "" if self.as_shipped is None else f"{self.as_shipped.f1:.3f}"
        shipped += "" if self.as_shipped is None else f" (at {self.default:.2f})"
        costs = [number(self.wall, 1), number(self.cpu, 1), number(self.peak_mb, 0)]
        return [self.contender, self.sees, *costs, *quality, shipped, self.note]


def machine(split: bool) -> dict[str, Any]:
    """Where it was measured, with what, and how thresholds were chosen."""
    return {
        "command": " ".join(["python", *sys.argv]),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": usable_cores(),
        "packages": {name: _version(name) for name in PACKAGES},
        "thresholds": "chosen on the train rows of the split, scored on the others"
        if split
        else "chosen on the very rows that are scored, for every contender alike",
    }


def show(console: Console, rows: Sequence[TableRow]) -> None:
    """One table per heading."""
    for heading in dict.fromkeys(row.heading for row in rows):
        alike = [row for row in rows if row.heading == heading]
        table = Table(*alike[0].columns, title=heading)
        for row in alike:
            table.add_row(*row.cells)
        console.print(table)


def write(folder: Path, environment: dict[str, Any], rows: Sequence[TableRow]) -> None:
    """Write `results.json` and `results.md`; the rows are dataclasses."""
    record = {**environment, "rows": [asdict(row) for row in rows]}  # type: ignore[call-overload]
    (folder / "results.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    (folder / "results.md").write_text(markdown(environment, rows), encoding="utf-8")


def markdown(environment: dict[str, Any], rows: Sequence[TableRow]) -> str:
    """The tables, and what to know when reading them."""
    packages = ", ".join(f"{name} {release}" for name, release in environment["packages"].items())
    lines = [
        f"Python {environment['python']}, {environment['cores']} cores; {packages}.",
        f"Thresholds: {environment['thresholds']}.",
    ]
    for heading in dict.fromkeys(row.heading for row in rows):
        alike = [row for row in rows if row.heading == heading]
        columns = alike[0].columns
        lines += ["", f"### {heading}", "", _line(columns), _line(["---"] * len(columns))]
        lines += [_line(row.cells) for row in alike]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def number(value: float | None, digits: int) -> str:
    """With so many digits, empty where there is none."""
    return "" if value is None else f"{value:,.{digits}f}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
