"""The pairs and lists that groups are written down as, none growing with the square of a group."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.collapse import Collapsed
from samesku.catalog.catalog import Catalog
from samesku.catalog.sources import OWN_ID

__all__ = ["ALL_PAIRS", "as_links", "for_spreadsheets", "pairs_within", "submission"]

# Groups up to this size are written with all their pairs, larger ones with the judged pairs only.
ALL_PAIRS = 100
# Postings that the competition takes per posting, itself among them.
LISTED = 50


def pairs_within(
    groups: NDArray[np.integer], left: NDArray[np.integer], right: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs that share a group, each once: all pairs of small groups, the judged ones of large.

    Parameters
    ----------
    groups : integer (n,)
    left, right : integer (m,)
        The judged pairs, each once.
    """
    sizes = np.bincount(groups, minlength=1)
    small = np.flatnonzero(sizes[groups] <= ALL_PAIRS)
    a, b = _all_pairs(groups[small])
    large = np.flatnonzero((groups[left] == groups[right]) & (sizes[groups[left]] > ALL_PAIRS))
    return (
        np.concatenate([small[a], left[large]]).astype(np.int64),
        np.concatenate([small[b], right[large]]).astype(np.int64),
    )


def as_links(pairs: pl.DataFrame, catalog: Catalog, sources: NDArray[np.integer]) -> pl.DataFrame:
    """The pairs across sources under the ids of their sources, the source first by name left."""
    frame = catalog.frame
    own = frame[OWN_ID] if OWN_ID in frame.columns else frame["posting_id"]
    known = pl.DataFrame({"id": frame["posting_id"], "own": own, "of": sources})
    if priced := "price" in frame.columns:
        known = known.with_columns(price=frame["price"].cast(pl.Float64))
    for side in ("left", "right"):
        named = known.rename({name: f"{side}_{name}" for name in known.columns})
        pairs = pairs.join(named, on=f"{side}_id", how="left", maintain_order="left")
    pairs = pairs.filter(pl.col("left_of") != pl.col("right_of"))
    turned = pl.col("left_of") > pl.col("right_of")

    def end(name: str, one: str, other: str) -> pl.Expr:
        return pl.when(turned).then(f"{other}_{name}").otherwise(f"{one}_{name}")

    columns = {
        "left_id": end("own", "left", "right"),
        "right_id": end("own", "right", "left"),
        "probability": pl.col("score"),
        "reasons": pl.col("reasons"),
    }
    if priced:
        ours, theirs = end("price", "left", "right"), end("price", "right", "left")
        gap = ((theirs - ours) / ours).round(4)
        columns |= {"left_price": ours, "right_price": theirs, "price_gap": gap}
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


def submission(
    catalog: Catalog,
    collapsed: Collapsed,
    groups: NDArray[np.integer],
    pairs: tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.floating]],
) -> pl.DataFrame:
    """`posting_id`, `matches`: the members of its group between spaces, itself first.

    Parameters
    ----------
    pairs : left, right, score
        All pairs of the groups up to `ALL_PAIRS`; the surest are listed first.
    """
    left, right, score = pairs
    sizes = np.bincount(groups, minlength=1)[groups]
    alike = collapsed.members
    large, following = _following(groups, alike[sizes[alike] > ALL_PAIRS])
    small = np.flatnonzero(sizes <= ALL_PAIRS)
    ids = catalog.frame["posting_id"]
    listed = pl.DataFrame(
        {
            "posting_id": ids[np.concatenate([small, left, right, large])],
            "match": ids[np.concatenate([small, right, left, following])],
            "score": np.concatenate(
                [np.full(len(small), 2.0), score, score, np.where(large == following, 2.0, 0.0)]
            ),
        }
    )
    joined = (
        listed.sort("score", "match", descending=[True, False])
        .group_by("posting_id", maintain_order=True)
        .agg(pl.col("match").str.join(" ").alias("matches"))
    )
    return catalog.frame.select("posting_id").join(joined, on="posting_id", maintain_order="left")


def _following(
    groups: NDArray[np.integer], rows: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each of the rows with itself and those that follow it in its group, around, `LISTED`."""
    rows = rows[np.argsort(groups[rows], kind="stable")]
    own = groups[rows]
    start, stop = np.searchsorted(own, own), np.searchsorted(own, own, side="right")
    turn = np.arange(len(rows))[:, None] - start[:, None] + np.arange(LISTED)
    following = rows[start[:, None] + turn % (stop - start)[:, None]]
    return np.repeat(rows, LISTED), following.ravel()


def _all_pairs(groups: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs that share a group, ``left < right``."""
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups, minlength=1)
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.arange(len(groups)) - start
    # Each posting is paired with those that stand before it in its group.
    right = np.repeat(np.arange(len(groups)), place)
    offset = np.arange(len(right)) - np.repeat(np.cumsum(place) - place, place)
    return order[np.repeat(start, place) + offset], order[right]
