"""Where true pairs are lost on the way: never a candidate, scored low, cut by the grouping."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

STAGES = ("matched", "not a candidate", "scored low", "cut by clustering")
# Pairs of larger products are left out: one of n postings has n * (n - 1) / 2 pairs.
LARGEST = 1_000


def true_pairs(labels: NDArray[np.integer], queries: NDArray[np.bool_]) -> pl.DataFrame:
    """All pairs of one known product that touch a query: `left`, `right`, ``left < right``."""
    known = pl.DataFrame({"label": labels}).with_row_index("row").filter(pl.col("label") >= 0)
    known = known.with_columns(pl.col("row").cast(pl.Int64))
    known = known.filter(pl.len().over("label").is_between(2, LARGEST))
    pairs = known.join(known, on="label", suffix="_right").filter(
        pl.col("row") < pl.col("row_right")
    )
    pairs = pairs.select(left="row", right="row_right").sort("left", "right")
    asked = queries[pairs["left"].to_numpy()] | queries[pairs["right"].to_numpy()]
    return pairs.filter(pl.Series(asked))


def pair_stages(truth: pl.DataFrame, pairs: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """True pairs with what is known of them, and how far each came: `stage`.

    `truth` has `left`, `right`; `pairs` has `left`, `right`, `score` (null: not scored), `matched`
    and other columns to keep, of all true pairs that were candidates. From `threshold` on pairs
    were accepted.
    """
    either = pl.min_horizontal("left", "right"), pl.max_horizontal("left", "right")
    ordered = pairs.with_columns(left=either[0], right=either[1])
    met = truth.join(ordered, on=["left", "right"], how="left", maintain_order="left")
    stage = (
        pl.when(pl.col("matched").fill_null(False))
        .then(pl.lit(STAGES[0]))
        .when(pl.col("score").is_null())
        .then(pl.lit(STAGES[1]))
        .when(pl.col("score") < float(np.float32(threshold)))
        .then(pl.lit(STAGES[2]))
        .otherwise(pl.lit(STAGES[3]))
    )
    return met.with_columns(stage=stage)
