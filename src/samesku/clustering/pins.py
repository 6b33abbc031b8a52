"""Must-links and cannot-links, which outrank the scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from samesku.candidates.candidates import Candidates
from samesku.candidates.neighbors import Allowed
from samesku.candidates.similarity import Ends
from samesku.catalog.answers import Answers
from samesku.catalog.catalog import Catalog
from samesku.runtime.arrays import AnyInts, Bools, Floats, Ints

# Postings and pairs that are tied together in Python; of more, scipy is faster.
FEW = 300


@dataclass(frozen=True, eq=False)
class Pins:
    """Must-links (`same`) and cannot-links: rows, ``left < right``, each pair once, ``(p,)``."""

    left: Ints
    right: Ints
    same: Bools

    @classmethod
    def of(cls, left: Ends, right: Ends, same: Bools) -> Pins:
        """Pins in any order and with duplicates; pairs of one row are none."""
        low, high = np.minimum(left, right), np.maximum(left, right)
        several = low != high
        pairs = np.stack([low[several], high[several], same[several]], axis=1).astype(np.int64)
        low, high, pinned = np.unique(pairs, axis=0).reshape(-1, 3).T
        return cls(low, high, pinned.astype(bool))

    def __len__(self) -> int:
        return len(self.left)

    def take(self, places: AnyInts | Bools) -> Pins:
        """The pins at the given places."""
        return Pins(self.left[places], self.right[places], self.same[places])

    def on(self, place: AnyInts) -> Pins:
        """The same pins between the rows that represent these; `place` is that of each row."""
        return Pins.of(place[self.left], place[self.right], self.same)

    def joins(self, left: Ends, right: Ends) -> Bools:
        """Which of the pairs, ``left < right``, are must-links."""
        size = int(max(self.right.max(initial=0), right.max(initial=0))) + 1
        must = self.left[self.same] * size + self.right[self.same]
        return np.isin(left.astype(np.int64) * size + right, must)

    def broken_by(self, clusters: Ints) -> int:
        """How many must-links have their ends in two clusters."""
        return int(np.count_nonzero(self.same & (clusters[self.left] != clusters[self.right])))

    def torn_by(self, place: AnyInts, *, linked: bool = False) -> Ints:
        """Rows that cannot be represented by others, as pins would then contradict each other.

        Of single postings that are `linked` all that are in a must-link.

        `place`, ``(n,)``, is the row that represents each. They are the pinned rows of each product
        that the must-links join, once rows are replaced by their representatives, where it holds a
        cannot-link.
        """
        if linked:
            return np.unique([self.left[self.same], self.right[self.same]])
        left, right, size = place[self.left], place[self.right], int(place.max(initial=-1)) + 1
        product = components(left[self.same], right[self.same], size)
        torn = ~self.same & (product[left] == product[right])
        several = np.isin(product, product[left[torn]])
        ends = np.concatenate([self.left, self.right])
        return np.unique(ends[several[place[ends]]])


def components(left: Ends, right: Ends, size: int) -> Ints:
    """The connected component of each of `size` postings that pairs tie together.

    Numbered in order of first appearance, as scipy meets them.
    """
    if len(left) + size <= FEW:
        return _few_components(left.tolist(), right.tolist(), size)
    graph = sp.coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _few_components(left: list[int], right: list[int], size: int) -> Ints:
    """The same of so few that scipy would check them for longer than it takes."""
    first = list(range(size))  # one that is before it in its component, or itself

    def begin(each: int) -> int:
        while first[each] != each:
            each = first[each]
        return each

    for ends in zip(left, right, strict=True):
        one, other = map(begin, ends)
        first[max(one, other)] = min(one, other)
    return np.asarray(np.unique([begin(each) for each in range(size)], return_inverse=True)[1])


def pinned_scores(pins: Pins, candidates: Candidates, scores: Floats) -> Floats:
    """The scores of candidates, those that are pinned 1 or 0."""
    pinned = scores.copy()
    pinned[candidates.places(pins.left, pins.right)] = pins.same
    return pinned


def pins_of(answers: Answers, catalog: Catalog, sources: Ints | None, pairs: Allowed) -> Pins:
    """What the answers pin, in rows of the catalogue."""
    left, right = (each[answers.decided] for each in answers.rows(catalog))
    same = answers.same[answers.decided]
    if sources is not None:
        own = sources[left] == sources[right]
        refused = same & (own if pairs == "across" else ~own)
        if refused.any():
            one, other = catalog.ids[left[refused][0]], catalog.ids[right[refused][0]]
            raise ValueError(
                f"{one} and {other} are answered to be the same product, but only pairs "
                f"{pairs} sources may match: leave {np.count_nonzero(refused):,} such answers out"
            )
        if pairs == "across":
            left, right, same = left[~own], right[~own], same[~own]
    return Pins.of(left, right, same)
