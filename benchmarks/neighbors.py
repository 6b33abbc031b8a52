"""Exact against approximate search: from which size on it pays to approximate, and what is lost.

    python benchmarks/neighbors.py [--titles CATALOGUE.csv] [--kinds sparse,dense,bits]
        [--sizes 12500,25000,50000,100000,200000] [--limit 60] [--out FOLDER]

Sparse rows are TF-IDF of real titles, reworded where more are needed; dense rows and bits are drawn
in clusters, as photos of products are. Searches are those of `samesku match`. One that took longer
than the limit is not tried at larger sizes. The crossing is what `APPROXIMATE_FROM` in
`samesku.candidates.neighbors` should say.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from noise import renoise
from rich.console import Console
from rich.table import Table

from samesku.candidates.neighbors import APPROXIMATE_FROM, FLOOR, Neighbors, nearest
from samesku.encoders import Tfidf, Vectors
from samesku.encoders.base import Kind
from samesku.titles import clean_title, normalise_title

NEIGHBOURS = 50
# Pairs at least so similar are what a search is for: about where a match begins.
INTEREST: dict[Kind, float] = {"sparse": 0.5, "dense": 0.7, "bits": 1 - 8 / 64}
CLUSTER = 4  # postings per product, as in real catalogues
DENSE_WIDTH = 256


@dataclass(frozen=True)
class Trial:
    """Both searches at one size; None where one was not run."""

    kind: Kind
    rows: int
    exact_s: float | None
    approximate_s: float | None
    recall: float | None


def main() -> None:
    """Read the arguments, search, print one table per kind and the crossings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--titles", type=Path, help="CSV with posting_id and title, for sparse")
    parser.add_argument("--kinds", default="sparse,dense,bits")
    parser.add_argument("--sizes", default="12500,25000,50000,100000,200000")
    parser.add_argument("--limit", type=float, default=60, help="seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    given = parser.parse_args()

    kinds = [kind for kind in INTEREST if kind in given.kinds.split(",")]
    sizes = sorted(int(size) for size in given.sizes.split(","))
    if "sparse" in kinds and given.titles is None:
        raise SystemExit("sparse rows are made of real titles: --titles CATALOGUE.csv")
    console, trials = Console(), []
    for kind in kinds:
        own = compare(kind, sizes, given.titles, given.limit, given.seed)
        trials += own
        console.print(table(kind, own))
        said = APPROXIMATE_FROM[kind]
        console.print(f"{kind}: {crossing(own)}; APPROXIMATE_FROM says {said:,}\n")
    given.out.mkdir(parents=True, exist_ok=True)
    record = json.dumps([asdict(trial) for trial in trials], indent=2)
    (given.out / "neighbors.json").write_text(record + "\n", encoding="utf-8")


def compare(
    kind: Kind, sizes: Sequence[int], titles: Path | None, limit: float, seed: int
) -> list[Trial]:
    """Both searches at growing sizes, until each is past the limit."""
    trials = []
    slow: set[str] = set()
    for size in sizes:
        vectors = made(kind, size, titles, seed)
        exact, exact_s = searched(vectors, "exact") if "exact" not in slow else (None, None)
        near, near_s = (
            searched(vectors, "approximate") if "approximate" not in slow else (None, None)
        )
        recall = None if exact is None or near is None else recalled(exact, near, INTEREST[kind])
        trials.append(Trial(kind, size, exact_s, near_s, recall))
        taken = {"exact": exact_s, "approximate": near_s}
        slow |= {name for name, seconds in taken.items() if seconds and seconds > limit}
        if len(slow) == 2:
            break
    return trials


def made(kind: Kind, size: int, titles: Path | None, seed: int) -> Vectors:
    """Vectors of `size` postings."""
    rng = np.random.default_rng(seed)
    everyone = np.ones(size, dtype=bool)
    product = rng.integers(0, max(size // CLUSTER, 1), size)
    if kind == "dense":
        centres = rng.standard_normal((max(size // CLUSTER, 1), DENSE_WIDTH), dtype=np.float32)
        rows = centres[product]
        # Cosine between two offers of one product: 0.75 on average.
        rows += np.float32(0.58) * rng.standard_normal(rows.shape, dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return Vectors.of(rows, everyone)
    if kind == "bits":
        hashes = rng.integers(0, 2, (max(size // CLUSTER, 1), 64), dtype=np.uint8)[product]
        hashes ^= rng.random(hashes.shape) < 0.03
        return Vectors.of(np.packbits(hashes, axis=1), everyone)
    assert titles is not None
    catalogue = pl.read_csv(titles, columns=["posting_id", "title"], infer_schema=False)
    larger = renoise(catalogue, math.ceil(size / catalogue.height), seed)
    drawn = larger.sample(size, seed=seed)["title"].fill_null("")
    normal = [normalise_title(clean_title(title)) for title in drawn.to_list()]
    return Tfidf().encode_titles(normal)


def searched(vectors: Vectors, method: Literal["exact", "approximate"]) -> tuple[Neighbors, float]:
    """The neighbours, and the seconds they took."""
    begun = time.perf_counter()
    found = nearest(vectors, k=NEIGHBOURS, floor=FLOOR[vectors.kind], method=method)
    return found, time.perf_counter() - begun


def recalled(exact: Neighbors, near: Neighbors, interest: float) -> float:
    """Share of the exact search's pairs of interest that the other one found too."""
    wanted = exact.similarity >= interest
    sought = exact.query[wanted].astype(np.int64) * exact.size + exact.candidate[wanted]
    found = near.query.astype(np.int64) * near.size + near.candidate
    return float(np.isin(sought, found).mean()) if len(sought) else 1.0


def crossing(trials: Sequence[Trial]) -> str:
    """Where the approximate search becomes the faster one, in words."""
    points = [
        (trial.rows, trial.exact_s / trial.approximate_s)
        for trial in trials
        if trial.exact_s is not None and trial.approximate_s is not None
    ]
    faster = next((place for place, (_, ratio) in enumerate(points) if ratio > 1), None)
    if faster is None:
        return f"exact is the faster one up to {points[-1][0]:,} rows" if points else "not measured"
    if faster == 0:
        return f"approximate is the faster one from {points[0][0]:,} rows or fewer"
    (low, before), (high, after) = points[faster - 1 : faster + 1]
    share = math.log(1 / before) / math.log(after / before)
    return f"the lines cross at about {low * (high / low) ** share:,.0f} rows"


def table(kind: Kind, trials: Sequence[Trial]) -> Table:
    """One line per size."""
    shown = Table("rows", "exact s", "approximate s", f"recall of pairs >= {INTEREST[kind]:.3f}")
    shown.title = f"{kind}, {NEIGHBOURS} neighbours"
    for trial in trials:
        seconds = [
            "" if value is None else f"{value:.2f}"
            for value in (trial.exact_s, trial.approximate_s)
        ]
        recall = "" if trial.recall is None else f"{trial.recall:.4f}"
        shown.add_row(f"{trial.rows:,}", *seconds, recall)
    return shown


if __name__ == "__main__":
    main()
