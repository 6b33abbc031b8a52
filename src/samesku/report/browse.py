"""The clusters to browse: their postings, how sure each is, and the pairs that say why."""

from typing import Any, TypeAlias

import numpy as np
import polars as pl

from samesku.report.book import Book, sampled
from samesku.results.matches import NEAR_MISS
from samesku.results.runs import Run
from samesku.runtime.arrays import Ints

# Rows, score, reasons.
Pair: TypeAlias = tuple[int, int, float | None, str | None]

MOST_CLUSTERS = 12_000
MOST_NEAR = 400
# Pairs of one cluster that are shown: half the surest, half the least sure.
MOST_PAIRS = 30
# Postings of one cluster that are shown.
MOST_POSTINGS = 60
# Where a cluster on the page says what.
CERTAINTY, SPREAD, PRODUCTS, MISSING = 2, 3, 6, 7


def shown_clusters(run: Run, book: Book) -> dict[str, Any]:
    """Clusters of two or more, least sure first, as the page wants them.

    Each is `[postings, size, certainty in thousandths, price spread in thousandths, pairs, number
    of pairs, products, missing]`: the spread is by which share the dearest is over the cheapest,
    the products how many known ones it holds, missing how many postings of these are elsewhere.
    """
    sets = run.members.group_by("cluster", maintain_order=True).agg("row").sort("cluster")
    members = {number: np.array(rows) for number, rows in sets.iter_rows()}
    pairs, shown = _by_cluster(run), sampled(members, MOST_CLUSTERS)
    known = np.empty(0, dtype=np.int64) if run.labels is None else run.labels
    counts = np.bincount(known[known >= 0])  # of the postings of each product
    clusters = [
        _cluster(run, book, members[number], pairs.get(number, []), counts) for number in shown
    ]
    clusters.sort(key=lambda cluster: (cluster[2] is None, cluster[2]))
    return {"clusters": clusters, "clustersWanted": len(members)}


def near_matches(run: Run, book: Book) -> tuple[list[int], int]:
    """The pairs that nearly were matches, nearest first, and how many there are in all."""
    alike = pl.col("score") >= float(np.float32(NEAR_MISS))
    near = run.pairs.filter(~pl.col("matched") & alike)
    rows = near.head(MOST_NEAR).select("left", "right", "score", "reasons").iter_rows()
    return [book.pair(*row) for row in rows], near.height


def _by_cluster(run: Run) -> dict[int, list[Pair]]:
    """The matched pairs of each cluster, surest first."""
    lefts = run.members.rename({"row": "left"})
    own = run.matched.join(lefts, on="left", maintain_order="left")
    rights = run.members.rename({"row": "right"})
    own = own.join(rights, on=["right", "cluster"], how="semi", maintain_order="left")
    found: dict[int, list[Pair]] = {}
    for number, *pair in own.select("cluster", "left", "right", "score", "reasons").iter_rows():
        found.setdefault(number, []).append(tuple(pair))
    return found


def _cluster(run: Run, book: Book, rows: Ints, pairs: list[Pair], counts: Ints) -> list[Any]:
    members = [int(row) for row in rows[:MOST_POSTINGS]]
    inside = set(members)
    kept = [pair for pair in pairs if pair[0] in inside and pair[1] in inside]
    if len(kept) > MOST_PAIRS:
        kept = kept[: MOST_PAIRS // 2] + kept[-MOST_PAIRS // 2 :]
    scores = [pair[2] for pair in pairs if pair[2] is not None]
    certainty = round(1000 * sum(scores) / len(scores)) if scores else None
    products, missing = _truth(run, rows, counts)
    return [
        [book.posting(row) for row in members],
        len(rows),
        certainty,
        _spread(book, rows),
        [book.pair(*pair) for pair in kept],
        len(pairs),
        products,
        missing,
    ]


def _truth(run: Run, rows: Ints, counts: Ints) -> tuple[int, int]:
    """How many known products are in a cluster, and how many of their postings are not.

    Of links none is missing: a posting may have but one counterpart.
    """
    if run.labels is None:
        return 0, 0
    known = run.labels[rows]
    known = known[known >= 0]
    products = np.unique(known)
    if run.lefts is not None:
        return len(products), 0
    return len(products), int(counts[products].sum()) - len(known)


def _spread(book: Book, rows: Ints) -> int | None:
    """By which share the dearest is over the cheapest; in euros where all currencies are known."""
    rows = rows[[book.prices[row] is not None for row in rows]]
    worth = book.rates[rows]
    prices = np.array([book.prices[row] for row in rows]) / (1 if np.isnan(worth).any() else worth)
    return round(1000 * (prices.max() / prices.min() - 1)) if len(prices) > 1 else None
