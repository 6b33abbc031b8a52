"""`samesku link`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from samesku.cli.console import TerminalProgress
from samesku.cli.match import Settings
from samesku.cli.summary import counted, show_summary
from samesku.encoders import encoders_by_name
from samesku.linking import link
from samesku.linking.assignment import LinkRule
from samesku.linking.linker import check_apart
from samesku.runtime.cache import Cache, default_folder
from samesku.runtime.files import check_folder

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
    results = found.summary["results"]
    show_summary(
        progress,
        read=[left_catalog, right_catalog],
        found=f"{counted(results)} (line {found.line:.2f}, {found.rule})",
        written=written,
    )
