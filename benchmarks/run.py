"""samesku and what a user would pick instead, side by side in one run on the same postings.

    python benchmarks/run.py CATALOGUE.csv [--split split.csv] [--sizes 3000,27431]
        [--contenders samesku,splink] [--photos FOLDER] [--timeout 600] [--out FOLDER]

Prints one table per size and writes `results.json` and `results.md`. benchmarks/README.md tells
what the columns mean and what was measured.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from contenders import CONTENDERS, Contender, Job, chosen
from measure import last_line, measure
from numpy.typing import NDArray
from quality import Rows, best_quality, quality_at
from rich.console import Console
from tables import Row, machine, show, write


def main() -> None:
    """Read the arguments, run every contender at every size, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path, help="CSV with posting_id and title")
    parser.add_argument("--split", type=Path, help="CSV with posting_id and split")
    parser.add_argument("--photos", type=Path, help="folder of the photos")
    parser.add_argument("--sizes", default="", help="numbers of postings, between commas")
    parser.add_argument("--contenders", default="", help=f"of {', '.join(CONTENDERS)}")
    parser.add_argument("--timeout", type=float, default=600, help="seconds per contender")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of postings")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    given = parser.parse_args()

    catalogue = pl.read_csv(given.catalogue, infer_schema=False).drop("split", strict=False)
    if given.split is not None:
        split = pl.read_csv(given.split, infer_schema=False).select("posting_id", "split")
        catalogue = catalogue.join(split, on="posting_id", how="left", maintain_order="left")
    sizes = [int(size) for size in given.sizes.split(",") if size] or [catalogue.height]
    console, rows = Console(width=160), []
    environment = machine(given.split is not None)
    for size in sizes:
        part = subsample(catalogue, size, given.seed)
        folder = given.out.resolve() / str(part.height)
        folder.mkdir(parents=True, exist_ok=True)
        job = write_job(part, folder, given.photos)
        for contender in chosen(given.contenders, CONTENDERS):
            rows.append(compete(contender, job, part, given.timeout))
            console.print(f"{part.height:,} postings: {rows[-1].contender}: {rows[-1].outcome}")
            write(given.out, environment, rows)
    show(console, rows)


def subsample(catalogue: pl.DataFrame, size: int, seed: int) -> pl.DataFrame:
    """Whole products drawn at random until there are `size` postings; rows keep their order."""
    if size >= catalogue.height:
        return catalogue
    by = "label_group" if "label_group" in catalogue.columns else "posting_id"
    product = catalogue[by].fill_null(catalogue["posting_id"])
    drawn = np.random.default_rng(seed).permutation(product.unique(maintain_order=True).to_numpy())
    count = dict(product.value_counts().iter_rows())
    reached = np.cumsum([count[name] for name in drawn])
    kept = drawn[: int(np.searchsorted(reached, size)) + 1]
    return catalogue.filter(product.is_in(kept.tolist()))


def write_job(part: pl.DataFrame, folder: Path, photos: Path | None) -> Job:
    """Write what the contenders read: the postings, and those whose labels may be learnt from."""
    catalogue = folder / "catalogue.csv"
    part.drop("label_group", "split", strict=False).write_csv(catalogue)
    labelled = None
    if "label_group" in part.columns:
        labelled = folder / "labelled.csv"
        known = part.drop_nulls("label_group")
        known = known.filter(pl.col("split") == "train") if "split" in part.columns else known
        known.write_csv(labelled)
    return Job(folder, catalogue, None if photos is None else photos.resolve(), labelled)


def compete(contender: Contender, job: Job, part: pl.DataFrame, timeout: float) -> Row:
    """Run one contender in a process of its own and score what it found."""
    log = job.folder / f"{contender.slug}.log"
    row = Row(part.height, contender.name, contender.sees)
    if contender.prime is not None:
        measure(contender.prime(job), timeout=timeout, log=log)
    cost = measure(contender.command(job), timeout=timeout, log=log)
    row = replace(row, wall=cost.wall, cpu=cost.cpu, peak_mb=cost.peak_mb)
    if cost.timed_out:
        return replace(row, note=f"stopped after {timeout:.0f} s")
    if cost.status != 0:
        return replace(row, note=last_line(log) or f"ended with status {cost.status}")
    rows = _rows(part)
    if rows is None:
        return row
    found = contender.read(job)
    row = replace(row, best=best_quality(found, rows, contender.ways))
    if contender.default is not None:
        default = quality_at(found, contender.ways[0], contender.default, rows)
        row = replace(row, default=contender.default, as_shipped=default)
    return row


def _rows(part: pl.DataFrame) -> Rows | None:
    if "label_group" not in part.columns:
        return None
    codes = part["label_group"].cast(pl.Categorical).to_physical().cast(pl.Int64)
    labels: NDArray[np.int64] = codes.fill_null(-1).to_numpy()
    known = labels >= 0
    if "split" not in part.columns:
        return Rows(labels, np.flatnonzero(known), np.flatnonzero(known))
    train = (part["split"] == "train").fill_null(False).to_numpy()
    tested = (part["split"] != "train").fill_null(False).to_numpy()
    return Rows(labels, np.flatnonzero(known & train), np.flatnonzero(known & tested))


if __name__ == "__main__":
    main()
