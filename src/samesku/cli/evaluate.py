"""`samesku evaluate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from samesku.catalog.catalog import Catalog
from samesku.cli.commands import Evaluate
from samesku.cli.console import TerminalProgress, UsageError, console, say
from samesku.cli.provenance import seen_by_encoders
from samesku.cli.reading import matcher_of, read, read_labelled, source_of
from samesku.cli.summary import show_summary
from samesku.evaluation import Evaluation, Figure, Result, Split, read_split
from samesku.evaluation import evaluate as protocol
from samesku.evaluation.calibration import Reliability
from samesku.runtime.extras import need_extra
from samesku.runtime.files import Staged, check_folder
from samesku.scoring.by_name import fusion_by_name, trained_fusion
from samesku.scoring.fusion import Fusion

__all__ = ["FIGURES", "evaluate"]

SHIPPED_NAME = "shipped"

FIGURES = {
    "posting_f1": "F1 per posting",
    "pair_precision": "pair precision",
    "pair_recall": "pair recall",
    "pair_f1": "pair F1",
    "bcubed_precision": "B-cubed precision",
    "bcubed_recall": "B-cubed recall",
    "bcubed_f1": "B-cubed F1",
    "lost_not_candidate": "lost: no candidate",
    "lost_below_threshold": "lost: below the threshold",
    "lost_by_clustering": "lost: cut by clustering",
}


def evaluate(options: Evaluate) -> None:
    """Read, score, print, write."""
    if len(options.catalogues) > 1 and not options.leave_one_out:
        raise UsageError("several catalogues are scored with --leave-one-out only")
    progress = TerminalProgress(quiet=options.quiet)
    if options.out is not None:
        check_folder(options.out)
    if options.leave_one_out:
        _leave_one_out(options, progress)
    else:
        _protocol(options, progress)


def _protocol(options: Evaluate, progress: TerminalProgress) -> None:
    """Score fusions and models by folds or by a split."""
    names, tuned = options.fusion or ["union", "concat", "union-all"], not options.defaults
    if tuned and "learned" in names:
        need_extra("evaluate --fusion learned, which trains,", "trees", "lightgbm", "onnx")
    matcher = matcher_of(options, progress, "union")
    fusions = [fusion_by_name(name) for name in dict.fromkeys(names)]
    models = _models(options, taken=[fusion.name for fusion in fusions])
    catalog = read(options, options.catalogues[0], progress)
    splits = None if options.split is None else read_split(options.split, catalog)
    for note in seen_by_encoders(options.encoder or (), _scored(catalog, splits)):
        progress.note(note)
    others = read_labelled(replace(options, photos=None), options.beside or (), progress)
    evaluation = protocol(
        catalog,
        matcher,
        fusions=fusions,
        models=models,
        splits=splits,
        folds=options.folds,
        seed=options.seed,
        tuned=tuned,
        beside=others,
        keep_pairs=options.out is not None,
    )
    evaluation.record["source"] = source_of(options, options.catalogues[0], matcher)
    if count := evaluation.record["labelled_in_no_split"]:
        say(f"  - {count:,} labelled postings are in no split: searched only", quiet=options.quiet)
    written = []
    if options.out is not None:
        with progress.stage("write"):
            written = evaluation.write(options.out)
    if not options.quiet:
        _show(evaluation)
    show_summary(
        progress,
        evaluation.summary,
        read=[catalog, *others],
        found=_found(evaluation),
        written=written,
    )


def _leave_one_out(options: Evaluate, progress: TerminalProgress) -> None:
    """Leave each catalogue out in turn."""
    # Imported only here, as it loads what trains trees.
    from samesku.evaluation.leave_one_out import leave_one_out

    matcher = matcher_of(options, progress, "union")
    catalogs = read_labelled(options, options.catalogues, progress)
    with progress.stage("leave one out", len(catalogs)) as advance:
        figures = leave_one_out(catalogs, matcher, seed=options.seed, advance=advance)
    written = []
    if options.out is not None:
        with Staged(options.out) as staged:
            figures.write_csv(staged.path("leave_one_out.csv"))
        written = staged.written
    if not options.quiet:
        console.print(_left_out_table(figures))
    mean = float(figures.filter(way="default")["posting_f1"].to_numpy().mean())
    show_summary(
        progress,
        {"results": figures.to_dicts(), "written": written},
        read=catalogs,
        found=f"mean F1 per posting of the default, on catalogues left out: {mean:.4f}",
        written=written,
    )


def _left_out_table(figures: pl.DataFrame) -> Table:
    """Every catalogue's ways under each other."""
    table = _table("Each catalogue by a model that was trained on the others")
    for name in ("F1 per posting", "pair P", "pair R", "B-cubed F1", "calibration error"):
        table.add_column(name, justify="right", no_wrap=True)
    for place in figures["catalogue"].unique(maintain_order=True).to_list():
        table.add_section()
        table.add_row(escape(Path(place).name))
        for row in figures.filter(catalogue=place).iter_rows(named=True):
            error = row["calibration_error"]
            shown = [row[n] for n in ("posting_f1", "pair_precision", "pair_recall", "bcubed_f1")]
            shown += [] if error is None else [error]
            table.add_row(f"  {row['way']}", *(f"{value:.3f}" for value in shown))
    return table


def _found(evaluation: Evaluation) -> str:
    """The figure that sums each fusion up, in the whole catalogue."""
    whole = evaluation.results[0].pool
    figures = [
        f"{result.fusion} {result.figures['posting_f1'].value:.4f}"
        for result in evaluation.results
        if result.pool == whole
    ]
    return f"F1 per posting: {', '.join(figures)} ({evaluation.results[0].queries:,} queries)"


def _scored(catalog: Catalog, splits: Sequence[Split] | None) -> Catalog:
    """The postings that are scored; by folds, that is all."""
    if splits is None:
        return catalog
    return catalog.take(np.concatenate([split.test for split in splits]))


def _models(options: Evaluate, *, taken: Sequence[str]) -> dict[str, Fusion]:
    """The models that are scored as they are, by their folders' names, by whole paths if equal."""
    models = {SHIPPED_NAME: fusion_by_name("learned")} if options.shipped else {}
    folders = list(dict.fromkeys(folder.resolve() for folder in options.model or ()))
    used = Counter([*taken, *models, *(folder.name for folder in folders)])
    for folder in folders:
        name = folder.name if used[folder.name] == 1 else str(folder)
        models[name] = trained_fusion(folder)
    return models


def _show(evaluation: Evaluation) -> None:
    """Each pool's figures and differences, then the calibration of the queries' probabilities."""
    for pool in dict.fromkeys(result.pool for result in evaluation.results):
        console.print(_figures_table(evaluation, pool))
        if any(result.differences for result in evaluation.results):
            console.print(_difference_table(evaluation, pool))
    whole = evaluation.results[0].pool
    for result in evaluation.results:
        if result.pool == whole and result.reliability is not None:
            console.print(_reliability_table(result.fusion, result.reliability))


def _figures_table(evaluation: Evaluation, pool: str) -> Table:
    """Every figure with its interval for one pool, whose size stands above."""
    results = _of(evaluation, pool)
    low, high = min(results[0].pool_size), max(results[0].pool_size)
    size = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    table = _table(
        f"{results[0].queries:,} queries searched in: {pool}, {size} postings (95% intervals)"
    )
    seen = {model["name"] for model in evaluation.record["models"] if model["scored_seen"] != 0}
    for result in results:
        mark = "*" if result.fusion in seen else ""
        table.add_column(escape(result.fusion) + mark, no_wrap=True)
    if seen:
        table.caption = "* trained on scored postings, or its card does not say: flattered"
    # Three fusions fit 80 columns on one line each; of more the interval goes below.
    gap = "  " if len(results) <= 3 else "\n"
    for name, words in FIGURES.items():
        if name == "lost_not_candidate":
            table.add_section()
        table.add_row(words, *(_with_interval(result.figures[name], gap) for result in results))
    return table


def _difference_table(evaluation: Evaluation, pool: str) -> Table:
    """How much better than the first each of the others is, on the same queries."""
    first, *others = _of(evaluation, pool)
    table = _table(f"compared with {first.fusion}, {pool} (paired 95% intervals)")
    for result in others:
        table.add_column(escape(result.fusion), no_wrap=True)
    gap = " " if len(others) <= 2 else "\n"
    for name in others[0].differences:
        shown = [_signed(result.differences[name], gap) for result in others]
        table.add_row(FIGURES[name], *shown)
    return table


def _reliability_table(name: str, found: Reliability) -> Table:
    """Predicted beside observed probabilities of the queries' pairs."""
    table = _table(
        f"{name}, predicted and observed probabilities: calibration error {found.error:.4f},\n"
        f"{found.likely_error:.4f} among the {found.likely_pairs:,} of {found.pairs:,} pairs "
        "predicted at 0.005 or more"
    )
    for column in ("pairs", "mean predicted", "observed (95%)"):
        table.add_column(column, justify="right", no_wrap=True)
    for each in found.bins:
        span = f"predicted {each.low:g} to {each.high:g}"
        observed = _with_interval(each.observed)
        table.add_row(span, f"{each.pairs:,}", f"{each.predicted:.4f}", observed)
    return table


def _of(evaluation: Evaluation, pool: str) -> list[Result]:
    return [result for result in evaluation.results if result.pool == pool]


def _table(title: str) -> Table:
    table = Table(
        title=escape(title),
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", no_wrap=True)
    return table


def _signed(difference: Figure, gap: str) -> str:
    low, high = (_bound(each, sign="+") for each in (difference.low, difference.high))
    return f"{difference.value:+.4f}{gap}{low} to {high}"


def _with_interval(figure: Figure, gap: str = "  ") -> str:
    return f"{figure.value:.4f}{gap}{_bound(figure.low)}-{_bound(figure.high)}"


def _bound(value: float, sign: str = "") -> str:
    """Three decimals without the leading zero: a table of three fusions fits 80 columns."""
    return f"{value:{sign}.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:{sign}.3f}"
