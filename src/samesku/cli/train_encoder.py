"""`samesku train-encoder`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from samesku.catalog.catalog import Catalog
from samesku.cli.commands import TrainEncoder
from samesku.cli.console import TerminalProgress, UsageError, console
from samesku.cli.reading import cache_of, read
from samesku.cli.summary import show_summary
from samesku.evaluation import Split, group_folds, read_split
from samesku.runtime.extras import need_extra
from samesku.runtime.files import Staged, check_folder

VALIDATION = "validation"


def train(options: TrainEncoder) -> None:
    settings = options.training
    need_extra("train-encoder", "train", "torch", "transformers", "pytorch_metric_learning", "onnx")
    from samesku.training.train_encoder import train_encoder

    if options.folds is not None and options.split is not None:
        raise UsageError("--folds deals all products, --split says which train: ask for one")
    progress = TerminalProgress(quiet=options.quiet)
    catalog = read(options, options.catalogue, progress)
    check_folder(options.out)
    cache, places = cache_of(options), []
    for place, chosen in _trainings(catalog, options):
        places.append(place)
        card = train_encoder(
            catalog, options.kind, options.base, place, settings, split=chosen,
            export=options.export, cache=cache, progress=progress,
        )  # fmt: skip
        if not options.quiet:
            _show(card, place)
    cache.prune()
    show_summary(progress, read=[catalog], written=places)


def _trainings(catalog: Catalog, options: TrainEncoder) -> Iterator[tuple[Path, Split]]:
    """The folder of each encoder, and whose labels train it and choose its epoch."""
    out, split, holdout, seed = options.out, options.split, options.holdout, options.seed
    if split is not None:
        named = {each.name: each for each in read_split(split, catalog)}
        if VALIDATION not in named:
            raise ValueError(
                f"{split} has no split {VALIDATION!r} to choose the epoch by, only "
                f"{', '.join(named)}; name one so"
            )
        yield out, named[VALIDATION]
        return
    if options.folds is None:
        known = np.flatnonzero(np.array([]) if catalog.labels is None else catalog.labels >= 0)
        yield out, _held_out(catalog, known, holdout, seed)
        return
    dealt = group_folds(catalog, options.folds, seed)
    for number, fold in enumerate(dealt):
        place = out / f"fold-{number}"
        yield place, _held_out(catalog, fold.train, holdout, seed)
        _write_splits(catalog, place, {number: fold}, "train")
    _write_splits(catalog, out, dict(enumerate(dealt)), None)


def _held_out(catalog: Catalog, rows: np.ndarray, share: float, seed: int) -> Split:
    """Hold a share of the products out to choose the epoch by."""
    if share == 0:
        return Split(VALIDATION, rows, np.empty(0, dtype=np.int64))
    first = group_folds(catalog.take(rows), max(2, round(1 / share)), seed)[0]
    return Split(VALIDATION, rows[first.train], rows[first.test])


def _write_splits(
    catalog: Catalog, folder: Path, folds: dict[int, Split], others: str | None
) -> None:
    """Which posting is in which fold, as `samesku evaluate --split` reads it."""
    name = np.full(len(catalog), others, dtype=object)
    for number, fold in folds.items():
        name[fold.test] = f"fold-{number}"
    frame = pl.DataFrame({"posting_id": catalog.ids, "split": name.tolist()})
    file = "split.csv" if others else "folds.csv"
    with Staged(folder) as staged:
        frame.drop_nulls().write_csv(staged.path(file))


def _show(card: dict[str, Any], place: Path) -> None:
    if figures := card["figures"]:
        for name, of in figures["of"].items():
            f1, precision = ("{:.4f} ({:.3f}-{:.3f})".format(*of[each]) for each in ("f1", "mAP"))
            console.print(f"{name}: F1 per posting {f1}, mAP {precision}")
        console.print(
            f"on {figures['pool']:,} held-out postings; epoch {card['best_epoch']} was kept"
        )
    console.print(f"Use it: samesku match CATALOGUE --encoder {place} --out DIR")
