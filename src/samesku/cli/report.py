"""`samesku report`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from samesku.cli.console import TerminalProgress, UsageError
from samesku.cli.summary import show_summary
from samesku.runtime.files import check_folder

__all__ = ["run"]


def run(
    folder: Path,
    *,
    out: Path | None,
    compare: Path | None,
    catalogue: Sequence[Path],
    photos: Path | None,
    allow_outside: bool,
    fusion: str | None,
    quiet: bool,
) -> None:
    """Read a run back, make its page, write it."""
    # Only who asks for a report waits for its parts to load.
    from samesku.report.page import build_report
    from samesku.results.runs import read_run

    progress = TerminalProgress(quiet=quiet)
    with progress.stage("read run"):
        read = partial(read_run, catalogue=catalogue, photos=photos, allow_outside=allow_outside)
        shown = read(folder, fusion=fusion)
        other = None if compare is None else read(compare)
    path = out or folder / "report.html"
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out is the page, a file that ends in .html, not {path}")
    check_folder(path.parent)
    report = build_report(shown, other=other, progress=progress)
    with progress.stage("write"):
        written = report.write(path)
    more = (
        ""
        if report.suspects is None
        else f"; {report.suspects.height:,} pairs with a doubtful label"
    )
    found = f"one page that opens in any browser{more}"
    show_summary(progress, read=[shown.catalog], found=found, written=written)
