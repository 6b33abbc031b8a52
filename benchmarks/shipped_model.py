"""Train the model that comes with samesku, or score the way it is trained.

    python benchmarks/shipped_model.py train.csv --out src/samesku/models/titles-and-hashes
    python benchmarks/shipped_model.py train.csv --split split.csv

Beside the labelled postings it trains on drawn marketplaces, in seeds that the demo does not use,
so that it meets catalogues of other sizes, with photos, and look-alikes that differ in one number.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from samesku.cli import app
from samesku.demo import draw_marketplace

# Postings and seed of each marketplace.
MARKETS = ((2000, 101), (800, 102), (250, 103), (80, 104))
FUSIONS = ("union-all", "union", "concat", "learned")


def main() -> None:
    """Draw, then train or score by the commands that everyone has."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--out", type=Path, help="folder of the model")
    parser.add_argument("--split", type=Path, help="score on this split instead of training on all")
    parser.add_argument("--encoder", "-e", action="append", help="default: tfidf, phash")
    parser.add_argument("--work", type=Path, default=Path("shipped-model-work"))
    options = parser.parse_args()
    if (options.out is None) == (options.split is None):
        parser.error("give --out to train or --split to score")
    shared = [f"--beside={folder / 'train.csv'}" for folder in markets(options.work)]
    for name in options.encoder or ("tfidf", "phash"):
        shared += ["--encoder", name]
    if options.out is not None:
        command = ["train", options.catalogue, "--out", options.out, *shared]
    else:
        command = ["evaluate", options.catalogue, "--split", options.split, *shared]
        command += [f"--fusion={name}" for name in FUSIONS]
    app(list(map(str, command)))


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
