"""How well vectors find the postings of one product among others, by threshold and by rank."""

from dataclasses import astuple, dataclass

import numpy as np

from samesku.candidates.neighbors import Neighbors, nearest
from samesku.encoders.base import Vectors
from samesku.metrics import Figure, Sampled, bootstrap
from samesku.runtime.arrays import Doubles, Ints

# Neighbours that count per posting; more of one product are found by chaining, not by search.
DEPTH = 50
# The lowest cosine there is: the threshold is chosen, not given.
FLOOR = -1.0


@dataclass(frozen=True, eq=False)
class Retrieval:
    """What became of each of q queries.

    `f1`, float64 ``(q,)``, is of each query, itself counted, with matches from a similarity of
    `threshold` on; `precision`, float64 ``(q,)``, its average precision, NaN where it is alone of
    its product; `products` int64 ``(q,)``.
    """

    threshold: float
    f1: Doubles
    precision: Doubles
    products: Ints

    def means(self, seed: int = 0) -> dict[str, Sampled]:
        """`f1`, and `mAP` of the queries with a counterpart, resampled by whole products."""
        asks = ~np.isnan(self.precision)
        parts = {"f1": (self.f1, self.products), "mAP": (self.precision[asks], self.products[asks])}
        return {
            name: bootstrap(values, np.ones(len(values)), products, seed=seed)
            for name, (values, products) in parts.items()
        }

    def figures(self) -> dict[str, list[float]]:
        """Mean F1 and mAP: value and the 95% interval."""
        return {name: _rounded(mean.figure) for name, mean in self.means().items()}


def retrieval(
    vectors: Vectors, labels: Ints, queries: Ints | None = None, *, threshold: float | None = None
) -> Retrieval:
    """Search every query among all postings.

    A posting without a row in `vectors` finds nothing and is not found. `labels`, int64 ``(n,)``,
    are products; -1 is unknown, neither right nor wrong nor a query. `queries` are by default all
    of known product, `threshold` the best for these very queries.
    """
    known = labels >= 0
    rows = np.flatnonzero(known) if queries is None else queries
    found = nearest(vectors.select(known), k=DEPTH, floor=FLOOR)
    actual = np.bincount(labels[known])[labels[rows]] - 1
    place = np.full(len(labels), -1, dtype=np.int32)
    place[rows] = np.arange(len(rows))
    query = place[found.query]
    asked = query >= 0
    found = Neighbors(query[asked], found.candidate[asked], found.similarity[asked], len(rows))
    hit, matched = labels[found.candidate] == labels[rows][found.query], found.rank + 1
    # Right ones up to and with each place of a query's list.
    total = np.concatenate([[0], np.cumsum(hit)])
    correct = total[1:] - total[np.arange(len(found)) - found.rank]
    # F1 of a query when nothing is matched, and after each pair that is.
    f1 = 2 / (actual + 2)
    after = 2 * (correct + 1) / (matched + actual[found.query] + 2)
    if threshold is None:
        threshold = _best_threshold(found, f1, after)
    taken = found.similarity >= np.float32(threshold)
    f1[found.query[taken]] = after[taken]  # the last one taken of each query decides
    summed = np.bincount(found.query, np.where(hit, correct / matched, 0.0), len(rows))
    precision = np.where(actual > 0, summed / np.clip(actual, 1, DEPTH), np.nan)
    return Retrieval(threshold, f1, precision, labels[rows])


def compare(first: Retrieval, second: Retrieval, seed: int = 0) -> dict[str, list[float]]:
    """How much better the first is than the second on the same queries: value, low, high."""
    other = second.means(seed)
    return {name: _rounded(mean.minus(other[name])) for name, mean in first.means(seed).items()}


def _rounded(figure: Figure) -> list[float]:
    return [round(each, 4) for each in astuple(figure)]


def _best_threshold(found: Neighbors, alone: Doubles, after: Doubles) -> float:
    """The exact optimum as the threshold falls; 1 and more where no match is better than any."""
    if not len(found):
        return 1.0
    before = np.where(found.rank == 0, alone[found.query], np.roll(after, 1))
    order = np.argsort(-found.similarity, kind="stable")
    gained, fallen = np.cumsum((after - before)[order]), found.similarity[order]
    # Pairs of equal similarity are passed at once.
    last = np.append(fallen[1:] < fallen[:-1], True)
    best = int(np.argmax(np.where(last, gained, -np.inf)))
    if gained[best] <= 0:
        return float(np.nextafter(fallen[0], np.float32(np.inf)))
    return float(fallen[best])
