"""Train the model that comes with samesku, on labelled catalogues that each weigh the same.

    python benchmarks/shipped_model.py A.csv B.csv C.csv ... --out src/samesku/models/learned

Calibration and threshold are chosen on whole catalogues held out in turn; the figures of each, left
out, stand in the model's card. With --split the first catalogue's `train` part trains, and its
other postings are scored among all, beside the three approaches:

    python benchmarks/shipped_model.py train.csv B.csv C.csv ... --split split.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl

from samesku.catalog.catalog import read_catalog
from samesku.catalog.splits import read_split
from samesku.cli import app

FUSIONS = ("union-all", "union", "concat")
ENCODERS = ("-e", "tfidf", "-e", "phash")


def main() -> None:
    """Train or score by the commands that everyone has."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogues", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, help="folder of the model")
    parser.add_argument("--split", type=Path, help="train on its `train` part, score the other")
    parser.add_argument("--work", type=Path, default=Path("shipped-model-work"))
    options = parser.parse_args()
    if (options.out is None) == (options.split is None):
        parser.error("give --out to train or --split to score")
    options.work.mkdir(parents=True, exist_ok=True)
    tables = [readable(table, options.work) for table in options.catalogues]
    model = options.out or options.work / "model"
    if options.split is not None:
        catalog = read_catalog(tables[0])
        rows = read_split(options.split, catalog)[0].train
        part = options.work / "train-part.csv"
        catalog.take(rows).frame.write_csv(part)
        samesku("train", part, *tables[1:], "--out", model, "--leave-one-out", *ENCODERS)
        scored = ["--split", options.split, "--model", model, "--defaults", *ENCODERS]
        samesku("evaluate", tables[0], *scored, *(f"--fusion={name}" for name in FUSIONS))
        return
    samesku("train", *tables, "--out", model, "--leave-one-out", *ENCODERS)


def samesku(*words: object) -> None:
    """The command of that name; a failure ends all."""
    if code := app(list(map(str, words)), standalone_mode=False):
        raise SystemExit(code)


def readable(table: Path, work: Path) -> Path:
    """A copy with ids without spaces, each posting once, and no photos but their hashes."""
    frame = pl.read_csv(table, infer_schema=False).drop("image", strict=False)
    frame = frame.with_columns(pl.col("posting_id").str.replace_all(r"\s", "_"))
    place = work / table.name
    frame.unique("posting_id", maintain_order=True).write_csv(place)
    return place


if __name__ == "__main__":
    main()
