"""Photo encoders on the photos that the shipped network never saw, with 95% bootstrap intervals.

    python -m research.photo_network.held_out --shopee FOLDER --grocery FOLDER [--onnx FILE...]
        [--copies 300] [--seed 0]

research/photo_network/split.py says what is held out. Two pools per data set: the held-out photos
alone, and held-out photos asking among all.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from research.photo_network.compare import CHANGES, Rows, encode, make_copies, rows_of, similarity
from research.photo_network.split import Labelled, read_labelled
from samesku.encoders.base import PhotoEncoder
from samesku.encoders.onnx import Onnx
from samesku.encoders.phash import PHash
from samesku.encoders.photo import Photo
from samesku.encoders.signature import Signature

Scores = NDArray[np.float64]
Mask = NDArray[np.bool_]
DRAWS = 2000
FALSE_MATCHES = 0.001


def main() -> None:
    """Read the arguments, measure, print three tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shopee", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--grocery", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--onnx", type=Path, nargs="*", default=[], metavar="FILE")
    parser.add_argument("--copies", type=int, default=300, help="photos that get altered copies")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    pools = {"grocery": read_labelled(given.grocery), "Shopee": read_labelled(given.shopee)}
    encoders: list[PhotoEncoder] = [PHash(), Signature(), *map(Onnx, given.onnx), Photo()]

    places = [path for pool in pools.values() for path in pool.paths]
    apart = np.concatenate([pool.held_out for pool in pools.values()])
    drawn = [places[at] for at in np.flatnonzero(apart)]
    chosen, companions, copies = make_copies(drawn, given.copies, given.seed)
    asked, beside = np.flatnonzero(apart)[chosen], np.flatnonzero(apart)[companions]

    precisions: dict[str, dict[str, Scores]] = {}
    found = Table("encoder", *(f"{change} first" for change in CHANGES))
    quality = Table("encoder", *(f"{name} {what}" for name in pools for what in MEASURES))
    for encoder in encoders:
        rows = encode(encoder, places)
        cells, start = [], 0
        own: dict[str, Scores] = {}
        for name, pool in pools.items():
            mine = rows[start : start + len(pool.paths)]
            start += len(pool.paths)
            similar = similarity(encoder, mine, mine)
            for what, (asking, among) in masks(pool).items():
                own[f"{name} {what}"] = precision(similar, pool.labels, asking, among)
                cells.append(interval(own[f"{name} {what}"], given.seed))
            cells.append(recall(similar, pool.labels, pool.held_out, given.seed))
        precisions[encoder.name] = own
        quality.add_row(encoder.name, *cells)
        found.add_row(encoder.name, *first(encoder, copies, rows, asked, beside))
    console = Console(width=220)
    console.print(quality, found, differences(precisions, given.seed))


MEASURES = (
    "mAP, held-out alone",
    "mAP, among all",
    "mAP, new products alone",
    "recall at 0.1% false matches, held-out alone",
)


def masks(pool: Labelled) -> dict[str, tuple[Mask, Mask]]:
    """Who asks and who is found, by the name of the measure."""
    everyone = np.ones(len(pool.paths), dtype=bool)
    sides = (
        (pool.held_out, pool.held_out),
        (pool.held_out, everyone),
        (pool.new_product, pool.new_product),
    )
    return dict(zip(MEASURES, sides, strict=False))


def precision(similar: Rows, labels: NDArray[np.str_], asking: Mask, among: Mask) -> Scores:
    """Average precision of each photo that asks and has a mate among the others."""
    similar = similar.copy()
    np.fill_diagonal(similar, -np.inf)
    order = np.argsort(-similar[asking][:, among], axis=1, kind="stable")
    pool = np.flatnonzero(among)
    itself = pool[order] == np.flatnonzero(asking)[:, None]
    same = (labels[pool][order] == labels[asking][:, None]) & ~itself
    same = same[same.any(axis=1)]
    hits = same.cumsum(axis=1) * same
    return np.asarray((hits / np.arange(1, same.shape[1] + 1)).sum(axis=1) / same.sum(axis=1))


def recall(similar: Rows, labels: NDArray[np.str_], apart: Mask, seed: int) -> str:
    """Share of the pairs of one product above the line that 0.1% of the others pass.

    The interval is over products.
    """
    owners, found = above_line(similar, labels, apart)
    products, of = np.unique(owners, return_inverse=True)
    pairs = np.bincount(of)
    above = np.bincount(of, weights=found)
    drawn = np.random.default_rng(seed).integers(0, len(products), (DRAWS, len(products)))
    shares = above[drawn].sum(axis=1) / pairs[drawn].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return f"{above.sum() / pairs.sum():.3f} [{low:.3f}, {high:.3f}]"


def above_line(
    similar: Rows, labels: NDArray[np.str_], among: Mask
) -> tuple[NDArray[np.str_], Mask]:
    """Product of each pair of one product, and whether it is above the line of false matches."""
    labels, similar = labels[among], similar[among][:, among]
    left, right = np.triu_indices(len(labels), 1)
    same, height = labels[left] == labels[right], similar[left, right]
    line = np.quantile(height[~same], 1 - FALSE_MATCHES)
    return labels[left[same]], height[same] > line


def interval(scores: Scores, seed: int) -> str:
    """Mean, and its interval over queries."""
    drawn = np.random.default_rng(seed).choice(scores, (DRAWS, len(scores))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{scores.mean():.3f} [{low:.3f}, {high:.3f}] ({len(scores)})"


def first(
    encoder: PhotoEncoder,
    copies: dict[str, list[NDArray[np.uint8]]],
    rows: Rows,
    asked: NDArray[np.int64],
    beside: NDArray[np.int64],
) -> list[str]:
    """Share of the copies whose original comes first among all photos."""
    cells = []
    for change, altered in copies.items():
        similar = similarity(encoder, rows_of(encoder, altered), rows)
        if change == "collage":  # its other half is an original too, and rightly found
            similar[np.arange(len(asked)), beside] = -1
        cells.append(f"{(similar.argmax(axis=1) == asked).mean():.3f}")
    return cells


def differences(precisions: dict[str, dict[str, Scores]], seed: int) -> Table:
    """How much more the shipped network has than each other, query by query."""
    ours = precisions[Photo.name]
    table = Table("photo less", *ours)
    for name, theirs in precisions.items():
        if name != Photo.name:
            table.add_row(name, *(interval(ours[what] - theirs[what], seed) for what in ours))
    return table


if __name__ == "__main__":
    main()
