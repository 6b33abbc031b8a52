"""Pairs and lists of clusters, none growing with the square of a cluster."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.similarity import Ends
from samesku.catalog.catalog import Catalog
from samesku.catalog.currencies import rates
from samesku.catalog.sources import OWN_ID
from samesku.runtime.arrays import AnyInts

# Clusters up to this size are written with all their pairs, larger ones with the scored pairs only.
ALL_PAIRS = 100


def pairs_within(
    clusters: AnyInts, left: Ends, right: Ends
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pairs that share a cluster, each once: all pairs of small clusters, the scored ones of large.

    `clusters` is ``(n,)``; `left` and `right` are the scored pairs, each once.
    """
    crowded = np.bincount(clusters, minlength=1)[clusters] > ALL_PAIRS
    small = np.flatnonzero(~crowded).astype(np.int32)
    a, b = _all_pairs(clusters[small])
    large = np.flatnonzero(crowded[left])
    large = large[clusters[left[large]] == clusters[right[large]]]
    first = np.concatenate([small[a], left[large].astype(np.int32)])
    return first, np.concatenate([small[b], right[large].astype(np.int32)])


def with_ends(pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Pairs with what is known by `posting_id` of either end, as `left_NAME` and `right_NAME`."""
    for side in ("left", "right"):
        names = {name: f"{side}_{name}" for name in facts.columns} | {"posting_id": f"{side}_id"}
        pairs = pairs.join(facts.rename(names), on=f"{side}_id", how="left", maintain_order="left")
    return pairs


def as_links(pairs: pl.DataFrame, catalog: Catalog, sources: AnyInts) -> pl.DataFrame:
    """The pairs across sources under the ids of their sources, the source first by name left."""
    frame = catalog.frame
    own = frame[OWN_ID] if OWN_ID in frame.columns else frame["posting_id"]
    known = pl.DataFrame({"posting_id": frame["posting_id"], "own": own, "of": sources})
    if priced := "price" in frame.columns:
        worth = pl.Series(rates(frame), nan_to_null=True)
        known = known.with_columns(price=frame["price"].cast(pl.Float64), rate=worth)
    if stated := priced and "currency" in frame.columns:
        known = known.with_columns(frame["currency"])
    pairs = with_ends(pairs, known.select("posting_id", "of"))
    pairs = pairs.filter(pl.col("left_of") != pl.col("right_of"))
    turned = pl.when(pl.col("left_of") > pl.col("right_of"))
    left = turned.then("right_id").otherwise("left_id")
    right = turned.then("left_id").otherwise("right_id")
    pairs = with_ends(pairs.select("score", "reasons", left_id=left, right_id=right), known)
    columns: dict[str, str | pl.Expr] = {"left_id": "left_own", "right_id": "right_own"}
    columns |= {"probability": "score", "reasons": "reasons"}
    if priced:
        rate = (pl.col("left_rate") / pl.col("right_rate")).fill_null(1)
        gap = (pl.col("right_price") * rate / pl.col("left_price") - 1).round(4)
        columns |= {"left_price": "left_price", "right_price": "right_price", "price_gap": gap}
    if stated:
        columns |= {"left_currency": "left_currency", "right_currency": "right_currency"}
    return pairs.select(**columns)


def for_spreadsheets(table: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would run as a formula get a `'` before them; ids stay as they are.

    Whoever wrote a title would else decide what the spreadsheet of its reader does.
    """
    texts = [
        name
        for name, kind in table.schema.items()
        if kind == pl.String and not name.endswith(("_id", "identical_to"))
    ]
    formula = pl.col(texts).str.contains(r"^[\s\x00-\x1f]*[=+\-@＝＋－＠]|^[\t\r\n]")
    return table.with_columns(
        pl.when(formula).then(pl.lit("'") + pl.col(texts)).otherwise(pl.col(texts)).name.keep()
    )


def _all_pairs(clusters: AnyInts) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """All pairs that share a cluster, ``left < right``."""
    order = np.argsort(clusters, kind="stable").astype(np.int32)
    sizes = np.bincount(clusters, minlength=1)
    start = np.repeat(np.cumsum(sizes) - sizes, sizes).astype(np.int32)
    place = np.arange(len(clusters), dtype=np.int32) - start
    # Each posting is paired with those that stand before it in its cluster.
    right = np.repeat(np.arange(len(clusters), dtype=np.int32), place)
    first = (np.cumsum(place) - place).astype(np.int32)
    left = np.arange(len(right), dtype=np.int32)
    left -= np.repeat(first, place)
    left += np.repeat(start, place)
    return order[left], order[right]
