"""`samesku explain`."""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text
from scipy.special import expit

from samesku.cli.commands import Explain
from samesku.cli.console import TerminalProgress, console, say
from samesku.report.whynot import nearness, reasons_again, search_again, verdict
from samesku.results.pair_tables import ANSWERED, IDENTICAL
from samesku.results.runs import Run
from samesku.results.steps import START, Step, steps

Rows: TypeAlias = tuple[int, int]

# Characters of a bar of the waterfall.
BAR = 24


def explain(options: Explain) -> None:
    run = options.read(options.run)
    own = run.rows(options.posting_a, options.posting_b)
    for row in own:
        title = re.sub(r"\s", " ", run.catalog.titles[row])[:200] or "(no title)"
        console.print(f"{run.ids[row]}  {title}")
    console.print()
    left, right = rows = tuple(run.representative[list(own)].tolist())
    for row, scored in zip(own, rows, strict=True):
        if row != scored:
            same = f"{run.ids[row]} is identical to {run.ids[scored]}"
            console.print(f"{same} in all that is compared, and was scored as that.")
    if left == right:
        console.print("The two are one posting to samesku: nothing distinguishes them.")
    elif (pair := run.pair(left, right)) is None:
        _never_written(options, run, (left, right))
    else:
        _written(options, run, (left, right), pair)
    if (one := run.one_product(*own)) is not None:
        console.print(f"Their labels say: {'one product' if one else 'two products'}.")


def _written(options: Explain, run: Run, rows: Rows, pair: Mapping[str, Any]) -> None:
    console.print(verdict(run, rows, pair))
    reasons, score = pair["reasons"], pair["score"]
    learned = run.kind != "evaluation" and run.record.get("fusion") == "learned"
    unsaid = not steps(reasons) and not (reasons or "").startswith((ANSWERED, IDENTICAL))
    if unsaid and score is not None and learned:
        say("Its explanation was not written; scoring again.", quiet=options.quiet)
        progress = TerminalProgress(quiet=options.quiet)
        reasons = reasons_again(run, rows, score, options.cache, progress) or reasons
    if waterfall := steps(reasons):
        console.print(_table(waterfall, score))
    elif reasons:
        console.print(f"Because: {reasons}")
    known = [f"{name} {pair[name]:.2f}" for name in run.encoders if pair[name] is not None]
    if known:
        console.print(f"Similarity: {', '.join(known)}")


def _never_written(options: Explain, run: Run, rows: Rows) -> None:
    say("The run did not write this pair; searching again to say why.", quiet=options.quiet)
    progress = TerminalProgress(quiet=options.quiet)
    collapsed, candidates = search_again(run, options.cache, progress)
    places = np.sort(collapsed.place[list(rows)])
    found = candidates.places(places[:1], places[1:])[0] >= 0
    console.print(
        "They were candidates, but scored too low for any threshold that one would choose."
        if found
        else "They never became a candidate, so they were never scored, because:"
    )
    for encoder, alike, why_not in nearness(candidates, *places):
        similarity = "nothing to compare" if alike is None else f"{alike:.2f}"
        console.print(f"  {encoder}: {f'similarity {similarity}' if found else why_not}")


def _table(waterfall: list[Step], score: float) -> Table:
    """The contributions from the start to the probability, `score`."""
    edges = [edge for step in waterfall for edge in (step.before, step.after)]
    low, high = min(0.0, *edges), max(0.0, *edges)
    unit = BAR / (high - low or 1)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("reason", "", "log-odds", "so far"):
        table.add_column(name, justify="right" if name in ("log-odds", "so far") else "left")
    for step in waterfall:
        first = round((min(step.before, step.after) - low) * unit)
        length = max(1, round(abs(step.added) * unit))
        bar = Text(" " * first + "█" * length, "cyan" if step.added >= 0 else "yellow")
        added, so_far = f"{step.added:+.2f}", f"{expit(step.after):.0%}"
        start = "before looking (most pairs differ)"
        name = start if step.reason == START else step.reason
        table.add_row(name, bar, added, so_far)
    table.add_section()
    # Their sum is of rounded numbers, the score is not.
    table.add_row("together", "", f"{waterfall[-1].after:+.2f}", f"{score:.1%}")
    return table
