"""`samesku match --engine ray`."""

from __future__ import annotations

from pathlib import Path

from samesku.cli.commands import Match
from samesku.cli.console import UsageError, emit, say
from samesku.cli.reading import parse_columns
from samesku.cli.summary import counted
from samesku.matcher import Matcher
from samesku.runtime.extras import need_extra

LOCAL = ("judge", "answers", "submission", "within", "decide")


def check_engine(options: Match) -> None:
    """Refuse options that the engine does not know, before any work."""
    if options.engine == "local":
        if options.address or options.work or options.shards:
            raise UsageError("--address, --work and --shards belong to --engine ray")
        return
    if strange := [name for name in LOCAL if getattr(options, name)]:
        raise UsageError(
            f"--engine ray does not know {', '.join(f'--{name}' for name in strange)}: leave it "
            "out, or use the local engine"
        )
    if options.work is None:
        raise UsageError("--engine ray needs --work FOLDER, which all workers see")
    need_extra("--engine ray", "ray", "ray", "pyarrow")


def match_on_ray(options: Match, matcher: Matcher) -> None:
    """Match on a cluster, and say what was found."""
    from samesku.distributed.engine import RayEngine

    assert options.work is not None
    engine = RayEngine(
        matcher, options.work, shards=options.shards, memory=options.memory, address=options.address
    )
    record = engine.match(
        _place(options.catalogue),
        _place(options.out),
        photos=None if options.photos is None else _place(options.photos),
        columns=parse_columns(options.columns),
        encoding=options.encoding,
        allow_outside=options.allow_outside,
    )
    for each in record["split"]:
        say(
            f"A component of {each['postings']:,} postings was split by the threshold "
            f"{each['threshold']:.2f}",
            quiet=options.quiet,
        )
    say(
        f"Found {counted(record['results'])}; wrote groups.csv, {record['clusters']}/, "
        f"{record['matches']}/ and run.json to {options.out}",
        quiet=options.quiet,
    )
    emit(record)


def _place(path: Path) -> str:
    """A path as it was given: pathlib takes a slash from ``s3://``."""
    head, colon, rest = str(path).partition(":/")
    return (
        f"{head}://{rest.lstrip('/')}" if colon and head.isalnum() and len(head) > 1 else str(path)
    )
