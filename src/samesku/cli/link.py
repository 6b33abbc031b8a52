"""`samesku link`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.table import Table

from samesku.cache import Cache, default_folder
from samesku.cli.console import TerminalProgress, console, say
from samesku.cli.match import Settings
from samesku.encoders import encoders_by_name
from samesku.files import check_folder
from samesku.linking import Links, link
from samesku.linking.assignment import LinkRule
from samesku.linking.linker import check_apart

__all__ = ["run"]


def run(
    settings: Settings,
    *,
    right: Path,
    right_photos: Path | None,
    right_columns: str | None,
    out: Path,
    links: LinkRule,
    labels: Path | None,
    line: float,
) -> None:
    """Read both sides, link, write, tell."""
    if not 0 < line <= 1:
        raise ValueError(f"--line is a probability above 0 and up to 1, not {line}")
    check_apart(settings.catalogue, right)
    progress = TerminalProgress(quiet=settings.quiet)
    encoders = encoders_by_name(settings.encoders)
    left_catalog = settings.read(progress)
    columns = settings.columns if right_columns is None else right_columns
    other = replace(settings, catalogue=right, photos=right_photos, columns=columns)
    right_catalog = other.read(progress)
    check_folder(out)
    folder = None if settings.no_cache else settings.cache or default_folder()
    cache = Cache(folder)
    found = link(
        left_catalog,
        right_catalog,
        links=links,
        labels=labels,
        line=line,
        encoders=encoders,
        k=settings.neighbours,
        method=settings.search,
        cache=cache,
        progress=progress,
    )
    read = {"left": settings.source, "right": other.source}
    found = replace(found, run={**found.run, "source": read})
    with progress.stage("write"):
        written = found.write(out)
    cache.prune()
    if not settings.quiet:
        _show(found, progress)
        console.print(f"Written to {out}: {', '.join(path.name for path in written)}")


def _show(found: Links, progress: TerminalProgress) -> None:
    """What came out, on the terminal."""
    summary = found.summary
    for photo in summary["photos_refused"][:5]:
        say(f"  - photo of {photo['posting_id']} not used: {photo['path']}: {photo['reason']}")
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("left postings", f"{len(found.sides.left):,}")
    table.add_row("right postings", f"{len(found.sides.right):,}")
    for name, count in summary["results"].items():
        table.add_row(name.replace("_", " "), f"{count:,}")
    table.add_row("rule", found.rule)
    seconds = ", ".join(f"{name} {taken:.1f}" for name, taken in progress.seconds.items())
    table.add_row("seconds", f"{sum(progress.seconds.values()):.1f} ({seconds})")
    console.print(table)
