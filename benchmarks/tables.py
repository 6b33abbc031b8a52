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
from typing import Any

from quality import Chosen, Quality
from rich.console import Console
from rich.table import Table

from samesku.cores import usable_cores

__all__ = ["Row", "machine", "markdown", "show", "write"]

PACKAGES = (
    *("samesku", "scikit-learn", "string-grouper", "splink", "dedupe", "imagehash"),
    *("imagededup", "pyjedai", "numpy", "scipy", "polars", "sparse-dot-topn", "usearch"),
)
COLUMNS = (
    *("contender", "sees", "wall s", "CPU s", "peak MB", "F1", "precision", "recall"),
    *("threshold", "F1 as shipped", "note"),
)


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


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
    load: float = field(default_factory=_load)

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
        costs = [_number(self.wall, 1), _number(self.cpu, 1), _number(self.peak_mb, 0)]
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


def show(console: Console, rows: Sequence[Row]) -> None:
    """One table per size."""
    for size in dict.fromkeys(row.postings for row in rows):
        table = Table(*COLUMNS, title=f"{size:,} postings")
        for row in rows:
            if row.postings == size:
                table.add_row(*row.cells)
        console.print(table)


def write(folder: Path, environment: dict[str, Any], rows: Sequence[Row]) -> None:
    """Write `results.json` and `results.md`."""
    record = {**environment, "rows": [asdict(row) for row in rows]}
    (folder / "results.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    (folder / "results.md").write_text(markdown(environment, rows), encoding="utf-8")


def markdown(environment: dict[str, Any], rows: Sequence[Row]) -> str:
    """The tables, and what to know when reading them."""
    packages = ", ".join(f"{name} {number}" for name, number in environment["packages"].items())
    lines = [
        f"Python {environment['python']}, {environment['cores']} cores; {packages}.",
        f"Thresholds: {environment['thresholds']}.",
    ]
    for size in dict.fromkeys(row.postings for row in rows):
        lines += ["", f"### {size:,} postings", "", _line(COLUMNS), _line(["---"] * len(COLUMNS))]
        lines += [_line(row.cells) for row in rows if row.postings == size]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
