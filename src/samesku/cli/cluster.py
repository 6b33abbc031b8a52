"""`samesku match --engine ray`."""

from __future__ import annotations

from pathlib import Path

from samesku.cli.console import TerminalProgress, UsageError, emit, say
from samesku.cli.match import Settings, chosen_fusion, parse_columns
from samesku.cli.summary import counted
from samesku.runtime.extras import need_extra

__all__ = ["run_on_ray"]


def run_on_ray(
    settings: Settings,
    out: Path,
    fusion: str | None,
    threshold: float | None,
    model: Path | None,
    work: str | None,
    address: str | None,
    shards: int | None,
) -> None:
    """Match on a cluster, and tell what came out."""
    need_extra("--engine ray", "ray", "ray", "pyarrow")
    if work is None:
        raise UsageError("--engine ray needs --work FOLDER, which all workers see")
    from samesku.distributed.engine import RayEngine

    progress = TerminalProgress(quiet=settings.quiet)
    matcher = settings.matcher(progress, chosen_fusion(fusion, model), threshold)
    engine = RayEngine(matcher, work, shards=shards, memory=settings.memory, address=address)
    record = engine.match(
        _place(settings.catalogue),
        _place(out),
        photos=None if settings.photos is None else _place(settings.photos),
        columns=parse_columns(settings.columns),
        encoding=settings.encoding,
        allow_outside=settings.allow_outside,
    )
    for each in record["split"]:
        say(
            f"A component of {each['postings']:,} postings was split by the threshold "
            f"{each['threshold']:.2f}",
            quiet=settings.quiet,
        )
    say(
        f"Found {counted(record['results'])}; wrote groups.csv, {record['clusters']}/, "
        f"{record['matches']}/ and run.json to {out}",
        quiet=settings.quiet,
    )
    emit(record)


def _place(path: Path) -> str:
    """A path as it was given: pathlib takes a slash from ``s3://``."""
    head, colon, rest = str(path).partition(":/")
    return (
        f"{head}://{rest.lstrip('/')}" if colon and head.isalnum() and len(head) > 1 else str(path)
    )
