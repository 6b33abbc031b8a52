"""`samesku evaluate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from samesku.catalog.catalog import Catalog
from samesku.cli.console import TerminalProgress, console, emit, say
from samesku.cli.match import Settings
from samesku.cli.provenance import seen_by_encoders
from samesku.cli.summary import show_summary
from samesku.evaluation import Evaluation, Figure, Result, Split, evaluate, read_split
from samesku.runtime.extras import need_extra
from samesku.runtime.files import Staged, check_folder
from samesku.scoring.by_name import fusion_by_name
from samesku.scoring.fusion import Fusion

__all__ = ["difference_table", "evaluation_table", "reliability_table", "run", "run_leave_one_out"]

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


def run(
    settings: Settings,
    *,
    out: Path | None,
    fusions: Sequence[str],
    models: Sequence[Path],
    shipped: bool,
    folds: int,
    split: Path | None,
    tuned: bool,
    beside: Sequence[Path],
    seed: int,
) -> None:
    """Read, score, print, write."""
    if tuned and "learned" in fusions:
        need_extra("evaluate --fusion learned, which trains,", "trees", "lightgbm", "onnx")
    progress = TerminalProgress(quiet=settings.quiet)
    matcher = settings.matcher(progress)
    judges = [fusion_by_name(name) for name in dict.fromkeys(fusions)]
    trained = _trained(models, shipped=shipped, taken=[fusion.name for fusion in judges])
    catalog = settings.read(progress)
    splits = None if split is None else read_split(split, catalog)
    for line in seen_by_encoders(settings.encoders, _scored(catalog, splits)):
        progress.note(line)
    if out is not None:
        check_folder(out)
    others = settings.read_others(beside, progress)
    evaluation = evaluate(
        catalog,
        matcher,
        fusions=judges,
        models=trained,
        splits=splits,
        folds=folds,
        seed=seed,
        tuned=tuned,
        beside=others,
        keep_pairs=out is not None,
    )
    evaluation.record["source"] = settings.source
    if count := evaluation.record["labelled_in_no_split"]:
        say(f"  - {count:,} labelled postings are in no split: searched only", quiet=settings.quiet)
    if out is None:
        written = []
    else:
        with progress.stage("write"):
            written = evaluation.write(out)
    if not settings.quiet:
        show(evaluation)
    read = [catalog, *others]
    show_summary(progress, read=read, found=_found(evaluation), written=written)
    emit(evaluation.summary)


def run_leave_one_out(
    settings: Settings, *, others: Sequence[Path], out: Path | None, seed: int
) -> None:
    """Read, leave each out in turn, print, write."""
    # Only who asks for it waits for what trains trees.
    from samesku.evaluation.leave_one_out import leave_one_out

    progress = TerminalProgress(quiet=settings.quiet)
    matcher = settings.matcher(progress)
    catalog = settings.read(progress)
    catalogs = [catalog, *settings.read_others(others, progress)]
    if out is not None:
        check_folder(out)
    with progress.stage("leave one out", len(catalogs)) as advance:
        figures = leave_one_out(catalogs, matcher, seed=seed, advance=advance)
    written = []
    if out is not None:
        with Staged(out) as staged:
            figures.write_csv(staged.path("leave_one_out.csv"))
        written = staged.written
    if not settings.quiet:
        console.print(_left_out_table(figures))
    mean = float(figures.filter(way="default")["posting_f1"].to_numpy().mean())
    found = f"mean F1 per posting of the default, on catalogues left out: {mean:.4f}"
    show_summary(progress, read=catalogs, found=found, written=written)
    emit({"results": figures.to_dicts(), "written": written})


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
            told = "" if error is None else f"{error:.3f}"
            table.add_row(f"  {row['way']}", *(f"{value:.3f}" for value in shown), told)
    return table


def _found(evaluation: Evaluation) -> str:
    """The figure that sums each fusion up, in the whole catalogue."""
    whole = evaluation.results[0].pool
    told = [
        f"{result.fusion} {result.figures['posting_f1'].value:.4f}"
        for result in evaluation.results
        if result.pool == whole
    ]
    return f"F1 per posting: {', '.join(told)} ({evaluation.results[0].queries:,} queries)"


def _scored(catalog: Catalog, splits: Sequence[Split] | None) -> Catalog:
    """The postings whose figures are told; by folds, that is all."""
    if splits is None:
        return catalog
    return catalog.take(np.concatenate([split.test for split in splits]))


def _trained(models: Sequence[Path], *, shipped: bool, taken: Sequence[str]) -> dict[str, Fusion]:
    """The models that are scored as they are, by their folders' names, by whole paths if equal."""
    if not models and not shipped:
        return {}
    # Only who asks for it waits for the trees to load.
    from samesku.scoring.classifier import PairClassifier
    from samesku.scoring.learned import Learned, shipped_model

    trained: dict[str, Fusion] = {SHIPPED_NAME: Learned(shipped_model())} if shipped else {}
    places = list(dict.fromkeys(folder.resolve() for folder in models))
    used = Counter([*taken, *trained, *(place.name for place in places)])
    for place in places:
        name = place.name if used[place.name] == 1 else str(place)
        trained[name] = Learned(PairClassifier.load(place))
    return trained


def show(evaluation: Evaluation) -> None:
    """Each pool's figures and differences, then how true the queries' probabilities are."""
    for pool in dict.fromkeys(result.pool for result in evaluation.results):
        console.print(evaluation_table(evaluation, pool))
        if any(result.differences for result in evaluation.results):
            console.print(difference_table(evaluation, pool))
    whole = evaluation.results[0].pool
    for result in evaluation.results:
        if result.pool == whole and result.reliability is not None:
            console.print(reliability_table(result))


def evaluation_table(evaluation: Evaluation, pool: str) -> Table:
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
        table.caption = "* trained on scored postings, or its card does not tell: flattered"
    # Three fusions fit 80 columns on one line each; of more the interval goes below.
    gap = "  " if len(results) <= 3 else "\n"
    for name, words in FIGURES.items():
        if name == "lost_not_candidate":
            table.add_section()
        figures = [result.figures[name] for result in results]
        shown = [f"{each.value:.4f}{gap}{_bound(each.low)}-{_bound(each.high)}" for each in figures]
        table.add_row(words, *shown)
    return table


def difference_table(evaluation: Evaluation, pool: str) -> Table:
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


def reliability_table(result: Result) -> Table:
    """Predicted beside observed probabilities of the queries' pairs."""
    found = result.reliability
    if found is None:
        raise ValueError(f"the scores of {result.fusion} are no probabilities")
    table = _table(
        f"{result.fusion}: are its probabilities true? Calibration error {found.error:.4f}, and "
        f"{found.likely_error:.4f} of\nthe {found.likely_pairs:,} of {found.pairs:,} pairs that it "
        f"predicted 0.005 or more"
    )
    for name in ("pairs", "mean predicted", "observed (95%)"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in found.bins:
        observed = (
            f"{each.observed.value:.4f}  {_bound(each.observed.low)}-{_bound(each.observed.high)}"
        )
        span = f"predicted {each.low:g} to {each.high:g}"
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


def _bound(value: float, sign: str = "") -> str:
    """Three decimals without the leading zero: a table of three fusions fits 80 columns."""
    return f"{value:{sign}.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:{sign}.3f}"
