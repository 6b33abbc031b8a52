"""`samesku evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from samesku.cli.console import TerminalProgress, console, say
from samesku.cli.match import Settings
from samesku.evaluation import Evaluation, evaluate, read_split
from samesku.files import check_folder
from samesku.fusion import fusion_by_name

__all__ = ["evaluation_table", "run"]

FIGURES = {
    "posting_f1": "F1 per posting",
    "pair_precision": "pair precision",
    "pair_recall": "pair recall",
    "pair_f1": "pair F1",
    "bcubed_precision": "B-cubed precision",
    "bcubed_recall": "B-cubed recall",
    "bcubed_f1": "B-cubed F1",
    "lost_not_candidate": "lost: no candidate",
    "lost_below_line": "lost: below the line",
    "lost_by_grouping": "lost: cut by groups",
}


def run(
    settings: Settings,
    *,
    out: Path | None,
    fusions: Sequence[str],
    folds: int,
    split: Path | None,
    tuned: bool,
    seed: int,
) -> None:
    """Read, score, print, write."""
    progress = TerminalProgress(quiet=settings.quiet)
    matcher = settings.matcher(progress)
    catalog = settings.read(progress)
    splits = None if split is None else read_split(split, catalog)
    if out is not None:
        check_folder(out)
    evaluation = evaluate(
        catalog,
        matcher,
        fusions=[fusion_by_name(name) for name in dict.fromkeys(fusions)],
        splits=splits,
        folds=folds,
        seed=seed,
        tuned=tuned,
    )
    if count := evaluation.record["labelled_in_no_split"]:
        say(f"  - {count:,} labelled postings are in no split: searched only", quiet=settings.quiet)
    if not settings.quiet:
        for pool in dict.fromkeys(result.pool for result in evaluation.results):
            console.print(evaluation_table(evaluation, pool))
    if out is not None:
        written = evaluation.write(out)
        console.print(f"Written to {written}")


def evaluation_table(evaluation: Evaluation, pool: str) -> Table:
    """Every figure with its interval for one pool, whose size stands above."""
    results = [result for result in evaluation.results if result.pool == pool]
    low, high = min(results[0].pool_size), max(results[0].pool_size)
    size = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    title = f"{results[0].queries:,} queries searched in: {pool}, {size} postings (95% intervals)"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for result in results:
        table.add_column(result.fusion, no_wrap=True)
    # Three fusions fit 80 columns on one line each; of more the interval goes below.
    gap = "  " if len(results) <= 3 else "\n"
    for name, words in FIGURES.items():
        if name == "lost_not_candidate":
            table.add_section()
        figures = [result.figures[name] for result in results]
        shown = [f"{each.value:.4f}{gap}{_bound(each.low)}-{_bound(each.high)}" for each in figures]
        table.add_row(words, *shown)
    return table


def _bound(value: float) -> str:
    """Three decimals without the leading zero: a table of three fusions fits 80 columns."""
    return f"{value:.3f}".removeprefix("0")
