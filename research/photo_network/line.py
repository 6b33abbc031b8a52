"""From which similarity the photo network takes two photos for one: what a line keeps.

    python -m research.photo_network.line --shopee FOLDER --grocery FOLDER --work WORK
        [--network FILE]

Pairs above a line that are one product, among the photos that the network was trained on and among
those of a drawn marketplace, which is kept in WORK; and copies of training photos above it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from research.marketplace import draw_marketplace
from research.photo_network.compare import Rows, encode, make_copies, rows_of, similarity
from research.photo_network.split import read_labelled
from samesku.catalog.catalog import read_catalog
from samesku.catalog.photos import PhotoError, read_photos
from samesku.encoders.photo import NETWORK, Photo

LINES = (0.75, 0.80, 0.85, 0.88, 0.90, 0.92, 0.95)
POSTINGS, SEED = 900, 55
COPIES, COPIES_SEED = 100, 3


def main() -> None:
    """Read the arguments, measure, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shopee", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--grocery", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--network", type=Path, default=NETWORK, metavar="FILE.onnx")
    given = parser.parse_args()
    encoder = Photo(given.network)
    columns: dict[str, list[str]] = {}
    places: list[Path] = []
    for name, folder in (("Shopee", given.shopee), ("grocery", given.grocery)):
        pool = read_labelled(folder)
        places += pool.taught
        rows = encode(encoder, pool.taught)
        columns[name] = precisions(encoder, rows, pool.labels[~pool.held_out])
    columns["drawn"] = precisions(encoder, *drawn(encoder, given.work))
    chosen, _, copies = make_copies(places, COPIES, COPIES_SEED)
    rows = encode(encoder, [places[at] for at in chosen])
    for change, altered in copies.items():
        own = similarity(encoder, rows_of(encoder, altered), rows).diagonal()
        columns[change] = [f"{(own >= line).mean():.2f}" for line in LINES]
    table = Table("similarity", *columns)
    for line, *cells in zip(LINES, *columns.values(), strict=True):
        table.add_row(f"{line:.2f}", *cells)
    Console(width=160).print(table)


def drawn(encoder: Photo, work: Path) -> tuple[Rows, NDArray[np.str_]]:
    """The photos of a drawn marketplace that can be read, and their products."""
    folder = work / f"line-marketplace-{SEED}"
    if not folder.is_dir():
        draw_marketplace(folder, postings=POSTINGS, seed=SEED)
    catalog = read_catalog(folder)
    assert catalog.labels is not None
    there = [at for at, path in enumerate(catalog.photos) if path is not None]
    paths = [path for path in catalog.photos if path is not None]
    seen = [
        (at, photo)
        for at, photo in read_photos(paths, np.asarray)
        if not isinstance(photo, PhotoError)
    ]
    labels = catalog.labels[there][[at for at, _ in seen]].astype(str)
    return rows_of(encoder, [photo for _, photo in seen]), labels


def precisions(encoder: Photo, rows: Rows, labels: NDArray[np.str_]) -> list[str]:
    """Share of the pairs above each line that are one product, and their number."""
    similar = similarity(encoder, rows, rows)
    left, right = np.triu_indices(len(labels), 1)
    same, height = labels[left] == labels[right], similar[left, right]
    counts = [(height >= line).sum() for line in LINES]
    return [
        f"{same[height >= line].mean():.2f} of {count:,}" if count else "none"
        for line, count in zip(LINES, counts, strict=True)
    ]


if __name__ == "__main__":
    main()
