"""`samesku explain`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from samesku.cli.console import TerminalProgress, console, say

if TYPE_CHECKING:
    from samesku.results.runs import Run
    from samesku.results.steps import Step

__all__ = ["run"]

# Characters of a bar of the waterfall.
BAR = 24


def run(
    folder: Path,
    left: str,
    right: str,
    *,
    catalogue: Sequence[Path],
    photos: Path | None,
    allow_outside: bool,
    cache: Path | None,
    quiet: bool,
) -> None:
    """Say why two postings of a run matched or not."""
    # Only who asks waits for its parts to load.
    from samesku.report.whynot import verdict
    from samesku.results.runs import read_run

    made = read_run(folder, catalogue=catalogue, photos=photos, allow_outside=allow_outside)
    rows = made.rows(left, right)
    for row in rows:
        title = _printable(made.catalog.titles[row])[:200] or "(no title)"
        console.print(f"{_printable(made.catalog.ids[row])}  {title}", markup=False)
    console.print()
    own, rows = rows, tuple(made.representative[list(rows)].tolist())
    for row, scored in zip(own, rows, strict=True):
        if row != scored:
            same = f"{made.catalog.ids[row]} is identical to {made.catalog.ids[scored]}"
            console.print(f"{same} in all that is looked at, and was scored as that.", markup=False)
    if rows[0] == rows[1]:
        console.print("The two are one posting to samesku: nothing distinguishes them.")
        _truth(made, own)
        return
    pair = made.pair(*rows)
    if pair is None:
        _never_written(made, rows, cache, quiet=quiet)
    else:
        console.print(verdict(made, rows, pair), markup=False)
        reasons = pair["reasons"]
        if reasons is None and pair["score"] is not None:
            reasons = _reasons_again(made, rows, pair["score"], cache, quiet=quiet)
        _because(reasons)
        known = [(name, pair[name]) for name in made.encoders if pair[name] is not None]
        if known:
            alike = ", ".join(f"{name} {value:.2f}" for name, value in known)
            console.print(f"How alike they are: {alike}", markup=False)
    _truth(made, rows)


def _because(reasons: str | None) -> None:
    from samesku.results.steps import chance, steps

    if waterfall := steps(reasons):
        console.print(_table(waterfall, chance))
    elif reasons:
        console.print(f"Because: {_printable(reasons)}", markup=False)


def _reasons_again(
    run: Run, rows: tuple[int, int], score: float, cache: Path | None, *, quiet: bool
) -> str | None:
    """The explanation of a pair that was too unlikely for it to be written down."""
    from samesku.report.whynot import reasons_again, search_again

    if run.kind != "match" or run.record.get("fusion") != "learned":
        return None
    say("Its explanation was not written down; scoring again to say why.", quiet=quiet)
    progress = TerminalProgress(quiet=quiet)
    collapsed, candidates = search_again(run, cache, progress)
    with progress.stage("score"):
        return reasons_again(run, collapsed, candidates, rows, score)


def _never_written(run: Run, rows: tuple[int, int], cache: Path | None, *, quiet: bool) -> None:
    """Search again, to say why the pair was no candidate or how low it scored."""
    from samesku.report.whynot import candidate_place, nearness, search_again

    say("The run did not write this pair down; searching again to say why.", quiet=quiet)
    collapsed, candidates = search_again(run, cache, TerminalProgress(quiet=quiet))
    places = collapsed.place[list(rows)]
    place = candidate_place(candidates, *places)
    near = nearness(candidates, *places)
    if place is None:
        console.print(
            "They never became a candidate, so they were never scored, because:", markup=False
        )
        for each in near:
            console.print(f"  {each.encoder}: {each.why_not}", markup=False)
        return
    console.print(
        "They were candidates, but scored too low for any threshold that one would choose.",
        markup=False,
    )
    for each in near:
        alike = "nothing to compare" if each.similarity is None else f"{each.similarity:.2f} alike"
        console.print(f"  {each.encoder}: {alike}", markup=False)


def _table(waterfall: list[Step], chance: Any) -> Table:
    """The contributions from the start to the probability."""
    edges = [edge for step in waterfall for edge in (step.before, step.after)]
    low, high = min(0.0, *edges), max(0.0, *edges)
    unit = BAR / (high - low or 1)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("reason", "", "log-odds", "so far"):
        table.add_column(name, justify="right" if name in ("log-odds", "so far") else "left")
    for step in waterfall:
        first = round((min(step.before, step.after) - low) * unit)
        length = max(1, round(abs(step.added) * unit))
        tone = "cyan" if step.added >= 0 else "yellow"
        bar = f"{' ' * first}[{tone}]{'█' * length}[/]"
        reason = _printable(step.reason).replace("[", r"\[")
        table.add_row(reason, bar, f"{step.added:+.2f}", f"{chance(step.after):.0%}")
    table.add_section()
    end = waterfall[-1].after
    table.add_row("together", "", f"{end:+.2f}", f"{chance(end):.1%}")
    return table


def _truth(run: Run, rows: tuple[int, int]) -> None:
    if run.labels is None or min(run.labels[list(rows)]) < 0:
        return
    same = run.labels[rows[0]] == run.labels[rows[1]]
    console.print(f"Their labels say: {'one product' if same else 'two products'}.", markup=False)


def _printable(text: str) -> str:
    """Without what would steer the terminal or turn the line around."""
    return "".join(char if char.isprintable() else " " for char in text)
