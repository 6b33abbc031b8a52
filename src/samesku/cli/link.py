"""`samesku link`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from samesku.catalog.sources import join_sources
from samesku.cli.console import TerminalProgress, UsageError
from samesku.cli.consulting import JudgeOptions
from samesku.cli.match import Settings, answered, chosen_fusion, read_checked, show_matches
from samesku.runtime.files import check_folder

__all__ = ["run"]


def run(
    settings: Settings,
    *,
    right: Path,
    right_photos: Path | None,
    right_columns: str | None,
    right_encoding: str | None,
    out: Path,
    fusion: str | None,
    model: Path | None,
    threshold: float | None,
    answers: Path | None = None,
    judge: JudgeOptions | None = None,
) -> None:
    """Read both sides, match across them, write, tell."""
    left = settings.catalogue
    if left.exists() and right.exists() and left.samefile(right):
        raise UsageError(
            "both sides are the same catalogue; what is the same product within one is found by "
            "`samesku match`"
        )
    progress = TerminalProgress(quiet=settings.quiet)
    matcher = settings.matcher(progress, chosen_fusion(fusion, model), threshold)
    judge = judge or JudgeOptions()
    judge.check(matcher)
    columns = settings.columns if right_columns is None else right_columns
    encoding = settings.encoding if right_encoding is None else right_encoding
    other = replace(
        settings, catalogue=right, photos=right_photos, columns=columns, encoding=encoding
    )
    catalogs = settings.read(progress), other.read(progress)
    if not judge.dry_run:
        check_folder(out)
    given = None
    if answers is not None:
        given = read_checked(answers, join_sources(*catalogs), quiet=settings.quiet)
    matches = answered(matcher, catalogs, given, judge, threshold, progress)
    if matches is None:
        return
    read = {**matches.run, "source": {"left": settings.source, "right": other.source}}
    if model is not None:
        read["model"] = str(model.resolve())
    matches = replace(matches, run=read)
    with progress.stage("write"):
        written = matches.write(out)
    matcher.cache.prune()
    show_matches(matches, progress, written, catalogs)
