"""Train the model that comes with samesku, or score the way it is trained.

    python benchmarks/shipped_model.py train.csv --grocery grocery --out src/samesku/models/learned
    python benchmarks/shipped_model.py train.csv --grocery grocery --split split.csv

Beside the labelled postings it trains on drawn marketplaces, in seeds that the demo does not use,
so that it meets catalogues of other sizes, with photos, and look-alikes that differ in one number;
and on true photos of groceries: those that the photo network learned from, no others.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl
from photo_split import read_labelled

from research.marketplace import draw_marketplace
from samesku.catalog.catalog import read_catalog
from samesku.catalog.photo_places import photo_root
from samesku.cli import app
from samesku.evaluation.splits import read_split

# Postings and seed of each marketplace.
MARKETS = ((2000, 101), (800, 102), (250, 103), (80, 104))
FUSIONS = ("union-all", "union", "concat")


def main() -> None:
    """Draw, then train or score by the commands that everyone has."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--out", type=Path, help="folder of the model")
    parser.add_argument("--split", type=Path, help="train on its `train` part, score the other")
    parser.add_argument("--grocery", type=Path, help="folder of the grocery photos")
    parser.add_argument("--encoder", "-e", action="append", help="default: tfidf, phash, photo")
    parser.add_argument("--work", type=Path, default=Path("shipped-model-work"))
    options = parser.parse_args()
    if (options.out is None) == (options.split is None):
        parser.error("give --out to train or --split to score")
    others = [folder / "train.csv" for folder in markets(options.work)]
    if options.grocery is not None:
        others.append(taught_groceries(options.grocery, options.work))
    shared = [f"--beside={catalogue}" for catalogue in others]
    shared += [f"--encoder={name}" for name in options.encoder or ("tfidf", "phash", "photo")]
    if options.out is not None:
        samesku("train", options.catalogue, "--out", options.out, *shared)
        return
    model = options.work / "model"
    part = training_part(options.catalogue, options.split, options.work / "train")
    samesku("train", part, "--out", model, *shared)
    judges = ["--model", model, *(f"--fusion={name}" for name in FUSIONS)]
    split = ["--split", options.split, "-e", "tfidf", "-e", "phash"]
    samesku("evaluate", options.catalogue, *split, *judges)


def samesku(*words: object) -> None:
    """The command of that name; a failure ends all."""
    if code := app(list(map(str, words)), standalone_mode=False):
        raise SystemExit(code)


def training_part(catalogue: Path, split: Path, work: Path) -> Path:
    """The catalogue of the postings that the split calls `train`."""
    catalog = read_catalog(catalogue)
    rows = read_split(split, catalog)[0].train
    return copied(catalog.take(rows).frame, catalogue, work)


def taught_groceries(grocery: Path, work: Path) -> Path:
    """The catalogue of those photos that the network's training saw; the others to score on."""
    photos = read_labelled(grocery)
    taught = [path.name for path in photos.taught]
    table = grocery / "postings.csv"
    postings = read_catalog(table).frame.drop("split")
    seen = pl.col("image").is_in(taught)
    copied(postings.filter(~seen), table, work / "grocery-held-out")
    return copied(postings.filter(seen), table, work / "grocery")


def copied(postings: pl.DataFrame, table: Path, work: Path) -> Path:
    """A table of some of another's postings, with its photos beside it."""
    work.mkdir(parents=True, exist_ok=True)
    root = photo_root(table, postings, None)
    if root is not None and not (work / "images").exists():
        (work / "images").symlink_to(root.resolve())
    postings.write_csv(work / "train.csv")
    return work / "train.csv"


def markets(work: Path) -> list[Path]:
    """Folders of the drawn marketplaces; drawn once."""
    folders = []
    for postings, seed in MARKETS:
        folder = work / f"market-{seed}"
        if not (folder / "train.csv").is_file():
            draw_marketplace(folder, postings=postings, seed=seed)
        folders.append(folder)
    return folders


if __name__ == "__main__":
    main()
