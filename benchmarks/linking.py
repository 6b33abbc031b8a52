"""How good the links of two shops are, beside mutual nearest titles.

    python benchmarks/linking.py abt_buy.csv --out links.json

The file holds both shops: `source` tells the shop, `label_group` the product. Labels are used to
score, never to link; with `--known N`, N products are told to `--labels` and left out of the score.
With `--overlap 0.1`, nine tenths of the products that both shops have are taken from either.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl

from samesku.catalog.catalog import read_catalog
from samesku.catalog.tables import read_table
from samesku.encoders import Tfidf
from samesku.linking import link
from samesku.linking.sides import Sides

THRESHOLDS = np.arange(0.02, 1, 0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--known", type=int, default=0, help="products told to --labels")
    parser.add_argument("--overlap", type=float, default=1.0, help="share of products kept in both")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON with the figures")
    options = parser.parse_args()
    sides = thinned(by_source(options.catalogue), options.overlap, options.seed)
    known = draw_known(sides, options.known, options.seed)
    start = time.perf_counter()
    found = link(sides.left, sides.right, labels=known)
    seconds = time.perf_counter() - start
    told = set() if known is None else set(known["left_id"]) | set(known["right_id"])
    precision, recall, f1 = figures(found.table, sides, told)
    result = {
        "catalogue": options.catalogue.name,
        "overlap": options.overlap,
        "postings": [len(sides.left), len(sides.right)],
        "known_links": 0 if known is None else known.height,
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "yardstick_f1": yardstick(sides, told),
        "seconds": seconds,
    }
    for name, value in result.items():
        print(f"{name:14} {value:.3f}" if isinstance(value, float) else f"{name:14} {value}")
    if options.out is not None:
        options.out.write_text(json.dumps(result, indent=2) + "\n")


def by_source(catalogue: Path) -> Sides:
    """The two shops of a file, in the order in which they first appear."""
    frame, _ = read_table(catalogue)
    shops = frame["source"].unique(maintain_order=True).to_list()
    if len(shops) != 2:
        raise SystemExit(f"{catalogue} holds {len(shops)} sources instead of two: {shops}")
    left, right = (read_catalog(frame.filter(pl.col("source") == shop)) for shop in shops)
    return Sides(left, right)


def thinned(sides: Sides, overlap: float, seed: int) -> Sides:
    """Take products that both shops have from one of them, by turns, until `overlap` are left."""
    products = [side.frame["label_group"].to_list() for side in (sides.left, sides.right)]
    shared = sorted(set(products[0]) & set(products[1]))
    kept = round(overlap * len(shared))
    gone = [shared[place] for place in np.random.default_rng(seed).permutation(len(shared))[kept:]]
    drop = set(gone[::2]), set(gone[1::2])
    left, right = (
        side.take([row for row, product in enumerate(own) if product not in without])
        for side, own, without in zip((sides.left, sides.right), products, drop, strict=True)
    )
    return Sides(left, right)


def draw_known(sides: Sides, count: int, seed: int) -> pl.DataFrame | None:
    """Links of so many products that both shops have."""
    if not count:
        return None
    pairs = true_links(sides)
    rows = np.random.default_rng(seed).permutation(pairs.height)[:count]
    return pairs[np.sort(rows)]


def true_links(sides: Sides) -> pl.DataFrame:
    """All pairs of a left and a right posting of one product: `left_id`, `right_id`."""
    left, right = (
        side.frame.select("label_group", pl.col("posting_id").alias(f"{name}_id"))
        for name, side in (("left", sides.left), ("right", sides.right))
    )
    return left.join(right, on="label_group").select("left_id", "right_id")


def figures(
    found: pl.DataFrame, sides: Sides, told: set[str] | frozenset[str] = frozenset()
) -> tuple[float, float, float]:
    """Precision, recall and F1 of links among the postings that were not told."""
    found, truth = (
        table.filter(~pl.col("left_id").is_in(list(told)) & ~pl.col("right_id").is_in(list(told)))
        for table in (found, true_links(sides))
    )
    right = found.join(truth, on=["left_id", "right_id"], how="semi").height
    precision, recall = right / max(found.height, 1), right / max(truth.height, 1)
    return precision, recall, 2 * right / max(found.height + truth.height, 1)


def yardstick(sides: Sides, told: set[str] | frozenset[str] = frozenset()) -> float:
    """F1 of mutually nearest titles by character n-grams, at the threshold best afterwards."""
    found = mutual_nearest(sides)
    return max(
        figures(found.filter(pl.col("score") >= least), sides, told)[2] for least in THRESHOLDS
    )


def mutual_nearest(sides: Sides) -> pl.DataFrame:
    """Titles that are each other's nearest by character n-grams: `left_id`, `right_id`, `score`."""
    vectors = Tfidf(word_weight=0).encode_titles(sides.both.normal_titles)
    rows = vectors.rows
    owner = vectors.owner
    mine, theirs = owner < len(sides.left), owner >= len(sides.left)
    cosine = (rows[mine] @ rows[theirs].T).toarray()
    best_right, best_left = cosine.argmax(axis=1), cosine.argmax(axis=0)
    one = np.flatnonzero(best_left[best_right] == np.arange(len(best_right)))
    other = best_right[one]
    ids = sides.both.frame["posting_id"]
    return pl.DataFrame(
        {
            "left_id": ids[owner[mine][one]],
            "right_id": ids[owner[theirs][other]],
            "score": cosine[one, other].astype(np.float64),
        }
    )


def best_threshold(pairs: pl.DataFrame, truth: pl.DataFrame) -> dict[str, float]:
    """Threshold, precision, recall and F1 over pairs where F1 is best, chosen knowing the truth.

    Parameters
    ----------
    pairs : polars.DataFrame
        `left_id`, `right_id`, `score`.
    truth : polars.DataFrame
        `left_id` and `right_id` of every true pair.
    """
    keys = ["left_id", "right_id"]
    marked = truth.select(keys).unique().with_columns(same=True)
    found = pairs.join(marked, on=keys, how="left", maintain_order="left").sort(
        "score", descending=True, maintain_order=True
    )
    right = found["same"].fill_null(False).cum_sum().to_numpy()
    score = found["score"].to_numpy()
    # Pairs of one score are accepted together.
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True)[: len(score)])
    if not len(last):
        return {"threshold": 1.0, "precision": 0.0, "recall": 0.0, "f1": 0.0}
    f1 = 2 * right[last] / (last + 1 + marked.height)
    place = last[int(f1.argmax())]
    return {
        "threshold": float(score[place]),
        "precision": float(right[place] / (place + 1)),
        "recall": float(right[place] / marked.height),
        "f1": float(f1.max()),
    }


if __name__ == "__main__":
    main()
