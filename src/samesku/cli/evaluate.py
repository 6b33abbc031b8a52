"""`samesku evaluate`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from rich import table as rich
from rich.box import SIMPLE_HEAD

from samesku.cli.commands import Evaluate
from samesku.cli.console import TerminalProgress, UsageError, console, say
from samesku.cli.reading import comma_list, matcher_of, read, read_labelled, seen_by_encoders
from samesku.cli.summary import show_summary
from samesku.evaluation import Evaluation, read_split
from samesku.evaluation import evaluate as protocol
from samesku.report.tables import Table, evaluation_tables
from samesku.runtime.extras import need_extra
from samesku.runtime.files import Staged, check_folder
from samesku.scoring.by_name import fusion_by_name, tolerating, trained_fusion
from samesku.scoring.fusion import Fusion

# Options without a meaning for --leave-one-out.
OF_FOLDS = ("fusion", "model", "shipped", "same", "folds", "split", "defaults")


def evaluate(options: Evaluate) -> None:
    if len(options.catalogues) > 1 and not options.leave_one_out:
        raise UsageError("several catalogues are scored with --leave-one-out only")
    unused = [
        name for name in OF_FOLDS if getattr(options, name) not in (getattr(Evaluate, name), [])
    ]
    if options.leave_one_out and unused:
        named = ", ".join(f"--{name}" for name in unused)
        raise UsageError(f"--leave-one-out takes no {named}: leave it out")
    progress = TerminalProgress(quiet=options.quiet)
    if options.out is not None:
        check_folder(options.out)
    if options.leave_one_out:
        _leave_one_out(options, progress)
    else:
        _protocol(options, progress)


def _protocol(options: Evaluate, progress: TerminalProgress) -> None:
    names, tuned = options.fusion or ["union", "concat", "union-all"], not options.defaults
    if tuned and "learned" in names:
        need_extra("evaluate --fusion learned, which trains,", "trees", "lightgbm", "onnx")
    matcher = matcher_of(options, progress, "union")
    fusions = [fusion_by_name(name) for name in dict.fromkeys(names)]
    models = _models(options, taken=[fusion.name for fusion in fusions])
    catalog = read(options, options.catalogues[0], progress)
    splits = None if options.split is None else read_split(options.split, catalog)
    # By folds all postings are scored.
    rows = np.arange(len(catalog)) if splits is None else np.concatenate([s.test for s in splits])
    for note in seen_by_encoders(options.encoder or (), catalog.take(rows)):
        progress.note(note)
    evaluation = protocol(
        catalog, matcher, fusions=fusions, models=models, splits=splits, folds=options.folds,
        seed=options.seed, tuned=tuned, keep_pairs=options.out is not None,
    )  # fmt: skip
    if count := evaluation.record["labelled_in_no_split"]:
        say(f"  - {count:,} labelled postings are in no split: searched only", quiet=options.quiet)
    written = []
    if options.out is not None:
        with progress.stage("write"):
            written = evaluation.write(options.out)
    if not options.quiet:
        _show(evaluation_tables(evaluation.summary))
    show_summary(
        progress,
        evaluation.summary,
        read=[catalog],
        found=_found(evaluation),
        written=written,
    )


def _leave_one_out(options: Evaluate, progress: TerminalProgress) -> None:
    # Imported only here, as it loads what trains trees.
    from samesku.evaluation.leave_one_out import leave_one_out

    matcher = matcher_of(options, progress, "union")
    catalogs = read_labelled(options, options.catalogues, progress)
    figures = leave_one_out(catalogs, matcher, seed=options.seed)
    written = []
    if options.out is not None:
        with Staged(options.out) as staged:
            figures.write_csv(staged.path("leave_one_out.csv"))
        written = staged.written
    if not options.quiet:
        _show([_left_out_table(figures)])
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
    columns = "posting_f1", "pair_precision", "pair_recall", "bcubed_f1", "calibration_error"
    rows: list[list[str]] = []
    for catalogue, *more in figures.select("catalogue", "way", *columns).iter_rows():
        name = Path(catalogue).name
        if [name] not in rows:
            rows.append([name])
        way, *values = more
        rows.append([f"  {way}", *("" if value is None else f"{value:.3f}" for value in values)])
    head = ["", "F1 per posting", "pair P", "pair R", "B-cubed F1", "calibration error"]
    return Table("Each catalogue by a model that was trained on the others", head, rows)


def _found(evaluation: Evaluation) -> str:
    """The figure that sums each fusion up, in the whole catalogue."""
    whole = evaluation.results[0].pool
    figures = [
        f"{result.fusion} {result.figures['posting_f1'].value:.4f}"
        for result in evaluation.results
        if result.pool == whole
    ]
    return f"F1 per posting: {', '.join(figures)} ({evaluation.results[0].queries:,} queries)"


def _models(options: Evaluate, *, taken: Sequence[str]) -> dict[str, Fusion]:
    """The models that are scored as they are, by their folders' names, by whole paths if equal."""
    models = {"shipped": fusion_by_name("learned")} if options.shipped else {}
    folders = list(dict.fromkeys(folder.resolve() for folder in options.model or ()))
    used = Counter([*taken, *models, *(folder.name for folder in folders)])
    for folder in folders:
        name = folder.name if used[folder.name] == 1 else str(folder)
        models[name] = trained_fusion(folder)
    same = comma_list(options.same)
    if same and not models:
        raise UsageError("--same is of models: add --shipped or --model FOLDER")
    return {name: tolerating(model, same) for name, model in models.items()} if same else models


def _show(tables: Sequence[Table]) -> None:
    """No figure is cut off: a table of many is wider than a narrow terminal."""
    for table in tables:
        shown = rich.Table(
            title=table.caption, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
        )
        for place, head in enumerate(table.head):
            cells = [head, *(row[place] for row in table.rows if place < len(row))]
            longest = max(len(word) for cell in cells for word in ("", *cell.split()))
            shown.add_column(head, no_wrap=place == 0, min_width=longest)
        for row in table.rows:
            shown.add_row(*row)
        whole = console.measure(shown, options=console.options.update(width=10_000)).maximum
        for column in shown.columns[1:] if whole > console.width else ():
            column.max_width = column.min_width  # all figures in two lines, not some
        console.print(shown)
