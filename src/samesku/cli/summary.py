"""How a command ends: what it read, skipped, found and wrote, and how long each stage took."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from samesku.catalog.catalog import Catalog
from samesku.cli.console import TerminalProgress, console, emit, say

# Refused photos that are named, and the files of a run that name them all.
NAMED = 5
RECORDS = ("run.json", "evaluation.json")
# Share of the whole time below which a stage is left out; seconds up to which time is shown in
# hundredths.
SHORT, QUICK = 0.01, 10
# Share of the whole time from which the time between stages is shown.
MUCH = 0.1
WIDEST = len("Written")


def show_summary(
    progress: TerminalProgress,
    record: Mapping[str, Any] | None = None,
    *,
    read: Sequence[Catalog] = (),
    found: str = "",
    written: Sequence[Path] = (),
    seen: Mapping[str, int] | None = None,
) -> None:
    """Print how a command went, in the same five lines for all; nothing where it is quiet.

    `record` is printed instead with --json. `found` is the result in one line, `seen` says how many
    postings each encoder could read.
    """
    if record is not None:
        emit(record)
    if progress.quiet:
        return
    name_refused(progress, next((path.name for path in written if path.name in RECORDS), ""))
    lines = {
        "Read": "; ".join(
            f"{len(each):,} postings of {each.name}, {each.with_photo.sum():,} with a photo"
            for each in read
        ),
        "Skipped": "; ".join(_skipped(read, progress)) or ("nothing" if read else ""),
        "Found": found,
        "Took": _stages(progress),
        "Written": _places(written),
    }
    if seen:
        lines["Read"] += f"; seen by {counted(seen)}"
    table = Table.grid(padding=(0, 1, 0, 0))
    for name, line in lines.items():
        if line and console.is_terminal:
            table.add_row(Text(name, style="bold"), Text(line))
        elif line:
            console.print(f"{name:{WIDEST}} {line}")
    if table.row_count:
        console.print(table)


def counted(counts: Mapping[str, int]) -> str:
    """Names with their numbers.

    >>> counted({"matched_pairs": 1_204, "clusters": 31})
    'matched pairs 1,204, clusters 31'
    """
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items())


def _skipped(read: Sequence[Catalog], progress: TerminalProgress) -> Iterator[str]:
    """What could not be used as it is: by kind, of all catalogues together."""
    count = Counter[str]()
    for catalog in read:
        for problem in catalog.problems:
            if problem.left_out != "nothing":
                count[problem.message] += problem.count
    count["photo not readable"] += len(progress.refused)
    for message, number in count.items():
        if number:
            yield f"{number:,} x {message}"


def name_refused(progress: TerminalProgress, record: str = "") -> None:
    """Say which photos could not be read; `record` is the file of the run that names them all."""
    for (posting, path), reason in list(progress.refused.items())[:NAMED]:
        say(f"  - photo of {posting} not used: {path}: {reason}")
    if (more := len(progress.refused) - NAMED) > 0:
        say(f"  - and {more:,} more photos not used" + (f"; {record} names all" if record else ""))


def _stages(progress: TerminalProgress) -> str:
    whole = progress.elapsed
    digits = 2 if whole < QUICK else 1
    long = {name: taken for name, taken in progress.seconds.items() if taken >= SHORT * whole}
    rest = whole - sum(progress.seconds.values())
    if rest >= MUCH * whole:
        long["loading and the rest"] = rest
    stages = ", ".join(f"{name} {taken:.{digits}f}" for name, taken in long.items())
    return f"{whole:.{digits}f} s" + (f": {stages}" if stages else "")


def _places(written: Sequence[Path]) -> str:
    """The files by folder, with their size all together."""
    names: dict[Path, list[str]] = {}
    for path in written:
        names.setdefault(path.parent, []).append(path.name)
    listed = "; ".join(f"to {folder}: {', '.join(files)}" for folder, files in names.items())
    return f"{listed} ({_size(written)})" if listed else ""


def _size(written: Sequence[Path]) -> str:
    files = [file for path in written for file in ([path] if path.is_file() else path.rglob("*"))]
    size = sum(file.stat().st_size for file in files if file.is_file())
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"
