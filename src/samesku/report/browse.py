"""The groups to browse: their postings, how sure each is, and the pairs that say why."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.report.book import Book, sampled
from samesku.report.runs import Run

__all__ = ["MOST_GROUPS", "near_matches", "shown_groups"]

MOST_GROUPS = 12_000
MOST_NEAR = 400
# Pairs of one group that are told: half the surest, half the least sure.
MOST_PAIRS = 30
# Postings of one group that are shown.
MOST_POSTINGS = 60


def shown_groups(run: Run, book: Book) -> dict[str, Any]:
    """Groups of two or more, least sure first, as the page wants them.

    Each is `[postings, size, certainty in thousandths, price spread in thousandths, pairs, number
    of pairs, products]`: the spread is by which share the dearest is over the cheapest, the
    products how many known ones it holds.
    """
    several = np.flatnonzero(run.sizes > 1)
    shown = sampled(several, MOST_GROUPS)
    order = np.argsort(run.groups, kind="stable")
    start = np.concatenate([[0], np.cumsum(run.sizes)])
    pairs = _by_group(run)
    told = []
    for number in shown:
        rows = order[start[number] : start[number + 1]]
        own = pairs.get(number, [])
        told.append(_group(run, book, rows, own))
    told.sort(key=lambda group: (group[2] is None, group[2]))
    return {"groups": told, "groupsWanted": len(several)}


def near_matches(run: Run, book: Book) -> list[int]:
    """The pairs that nearly were matches, nearest first."""
    near = run.pairs.filter(~pl.col("matched") & (pl.col("score") > 0)).head(MOST_NEAR)
    rows = near.select("left", "right", "score", "reasons").iter_rows()
    return [book.pair(*row) for row in rows]


def _by_group(run: Run) -> dict[int, list[tuple[int, int, float | None, str | None]]]:
    """The matched pairs of each group, surest first."""
    matched = run.matched
    group = run.groups[matched["left"].to_numpy()]
    found: dict[int, list[tuple[int, int, float | None, str | None]]] = {}
    rows = matched.select("left", "right", "score", "reasons").iter_rows()
    for number, row in zip(group.tolist(), rows, strict=True):
        found.setdefault(number, []).append(row)
    return found


def _group(
    run: Run,
    book: Book,
    rows: NDArray[np.int64],
    pairs: list[tuple[int, int, float | None, str | None]],
) -> list[Any]:
    members = [int(row) for row in rows[:MOST_POSTINGS]]
    inside = set(members)
    told = [pair for pair in pairs if pair[0] in inside and pair[1] in inside]
    if len(told) > MOST_PAIRS:
        told = told[: MOST_PAIRS // 2] + told[-MOST_PAIRS // 2 :]
    scores = [pair[2] for pair in pairs if pair[2] is not None]
    certainty = round(1000 * sum(scores) / len(scores)) if scores else None
    products = 0
    if run.labels is not None:
        known = run.labels[rows]
        products = len(set(known[known >= 0].tolist()))
    return [
        [book.posting(row) for row in members],
        len(rows),
        certainty,
        _spread(run, rows),
        [book.pair(*pair) for pair in told],
        len(pairs),
        products,
    ]


def _spread(run: Run, rows: NDArray[np.int64]) -> int | None:
    if "price" not in run.catalog.frame.columns:
        return None
    prices = run.catalog.frame["price"][rows].drop_nulls()
    prices = prices.filter(prices > 0)
    if len(prices) < 2:
        return None
    low, high = float(prices.min()), float(prices.max())  # type: ignore[arg-type]
    return round(1000 * (high / low - 1))
