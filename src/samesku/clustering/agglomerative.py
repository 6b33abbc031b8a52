"""From scored pairs to clusters, without letting one wrong pair chain two products."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from samesku.clustering.pins import Pins

# Measured on the training postings: docs/benchmarks/index.md.
COHESION = 0.85

# Largest component whose full distance matrix is built (float64: 64 MB).
DENSE_LIMIT = 2_800


def agglomerate(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    score: NDArray[np.floating],
    size: int,
    *,
    threshold: float = 0.5,
    cohesion: float = COHESION,
    pins: Pins | None = None,
) -> NDArray[np.int64]:
    """Cluster `size` postings by average-linkage agglomeration of the scores, in [0, 1].

    Two clusters become one while the mean score over all pairs between them, pairs that were never
    candidates counting 0, reaches ``threshold * cohesion``. A single wrong pair between two
    products of several postings is outvoted by the pairs that do not match. Each pair comes once;
    from `threshold` on it is a match. `pins`, without contradictions, are must-links, merged first
    whatever they score, and cannot-links.

    Returns the cluster of each posting, int64 ``(size,)``, numbered in order of first appearance.
    """
    pins = Pins.of(left[:0], right[:0], left[:0] > 0) if pins is None else pins
    musts = pins.take(pins.same)
    matched = score >= threshold
    component = components(*_with(left[matched], right[matched], musts), size)
    pins = pins.take(component[pins.left] == component[pins.right])
    inside = component[left] == component[right]
    left, right, score = left[inside], right[inside], score[inside]
    members = np.bincount(component, minlength=size)
    groups = component.copy()
    # A component in which every pair scores high enough is one group as it is; so are one or two
    # postings. Only the others are looked into.
    least = threshold * cohesion
    near = np.bincount(component[left[score >= least]], minlength=size)
    pinned = np.bincount(component[pins.left], minlength=size) > 0
    mixed = np.flatnonzero(
        ((members > 2) & (near < members * (members - 1) // 2)) | (pinned & (members > 1))
    )
    pairs_by_component = np.argsort(component[left], kind="stable")
    bounds = np.searchsorted(component[left][pairs_by_component], np.arange(size + 1))
    postings_by_component = np.argsort(component, kind="stable")
    starts = np.concatenate([[0], np.cumsum(members)])
    fresh = size
    for place in mixed:
        own = postings_by_component[starts[place] : starts[place + 1]]
        pairs = pairs_by_component[bounds[place] : bounds[place + 1]]
        a, b = np.searchsorted(own, left[pairs]), np.searchsorted(own, right[pairs])
        if pinned[place]:
            inside = pins.take(np.isin(pins.left, own))
            places = np.searchsorted(own, inside.left), np.searchsorted(own, inside.right)
            mine = Pins(*places, inside.same)
            parts = _split_sparse(a, b, score[pairs], len(own), least - 1e-9, mine)
        else:
            parts = _split(a, b, score[pairs], len(own), least)
        groups[own] = fresh + parts
        fresh += int(parts.max()) + 1
    # Two postings that met only through one that left are no group: a pair at the threshold ties.
    ties = (groups[left] == groups[right]) & (score >= threshold)
    return linked(*_with(left[ties], right[ties], musts), size)


def _with(
    left: NDArray[np.integer], right: NDArray[np.integer], pins: Pins
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs and pins."""
    return np.concatenate([left, pins.left]), np.concatenate([right, pins.right])


def _split(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    score: NDArray[np.floating],
    size: int,
    least: float,
) -> NDArray[np.int64]:
    """Groups within one connected component, merged while their mean score reaches `least`."""
    if size > DENSE_LIMIT:
        return _split_giant(left, right, score, size, least - 1e-9)
    # Takes a fifth of a second to load, which only who has such groups waits for.
    from scipy.cluster.hierarchy import linkage

    distance = np.ones((size, size))
    distance[left, right] = distance[right, left] = 1 - score
    condensed = distance[np.triu_indices(size, 1)]
    tree = linkage(condensed, method="average")
    return _cut(tree, 1 - least + 1e-9)


def _cut(tree: NDArray[np.float64], height: float) -> NDArray[np.int64]:
    """Groups that merge up to a height, by any numbers; `fcluster` checks longer than it cuts.

    Average linkage merges ever higher: the merges up to the height come first.
    """
    size = len(tree) + 1
    merges = tree[: np.searchsorted(tree[:, 2], height, side="right"), :2].astype(np.int64)
    # Each node's group is the one above it; the later merges stand above the earlier.
    name = list(range(size + len(merges)))
    for above, (one, other) in reversed(list(enumerate(merges.tolist(), start=size))):
        name[one] = name[other] = name[above]
    return np.array(name[:size], dtype=np.int64)


def _split_giant(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    score: NDArray[np.floating],
    size: int,
    least: float,
) -> NDArray[np.int64]:
    """The same average linkage of a giant, along its pairs and many merges at a time.

    A merged cluster is as near to a third as the nearer of its parts at most. So two that are each
    other's nearest may merge at once, wherever else others do, and one that has none near enough
    never will have (Murtagh, "A survey of recent advances in hierarchical clustering", 1983).
    """
    groups: NDArray[Any] = np.arange(size)
    count: NDArray[Any] = np.ones(size)
    a: NDArray[Any] = left.astype(np.int32)
    b: NDArray[Any] = right.astype(np.int32)
    total: NDArray[Any] = score.astype(np.float64)
    while True:
        mean = total / (count[a] * count[b])
        best = np.zeros(len(count))
        np.maximum.at(best, a, mean)
        np.maximum.at(best, b, mean)
        mutual = np.flatnonzero((mean >= least) & (mean == best[a]) & (mean == best[b]))
        if not len(mutual):
            return groups
        one, other = _matched(a[mutual], b[mutual])
        open_ends = (best[a] >= least) & (best[b] >= least)
        a, b, total = a[open_ends], b[open_ends], total[open_ends]
        into = np.arange(len(count), dtype=np.int32)
        into[other] = one
        count = np.bincount(into, count, len(count))
        groups, a, b = into[groups], into[a], into[b]
        apart = a != b
        low, high = np.minimum(a, b)[apart], np.maximum(a, b)[apart]
        keys, place = np.unique(low.astype(np.int64) * size + high, return_inverse=True)
        a, b = (end.astype(np.int32) for end in np.divmod(keys, size))
        total = np.bincount(place, total[apart], len(keys))


def _matched(
    a: NDArray[np.integer], b: NDArray[np.integer]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Of pairs the first ones in which nobody is twice: of equally near ones all but one wait."""
    taken: set[int] = set()
    chosen = []
    for place, (one, other) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        if one not in taken and other not in taken:
            taken |= {one, other}
            chosen.append(place)
    return a[chosen].astype(np.int32), b[chosen].astype(np.int32)


def _split_sparse(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    score: NDArray[np.floating],
    size: int,
    least: float,
    pins: Pins,
) -> NDArray[np.int64]:
    """The same average linkage one merge at a time, where pairs are pinned.

    Only clusters that share a scored pair can reach a mean above 0, so merging walks along pairs:
    the best two clusters first, while their mean score reaches `least`.
    """
    scored = list(zip(left.tolist(), right.tolist(), score.tolist(), strict=True))
    clusters = _Clusters(scored, size)
    for done, which in ((clusters.bar, ~pins.same), (clusters.merge, pins.same)):
        for a, b in zip(pins.left[which].tolist(), pins.right[which].tolist(), strict=True):
            done(a, b)
    best = [(-mean, a, b) for mean, a, b in clusters.means() if mean >= least]
    heapq.heapify(best)
    while best:
        mean, a, b = heapq.heappop(best)
        # Otherwise one of the two has grown since.
        if -mean == clusters.mean(a, b) and not clusters.barred(a, b):
            kept = clusters.merge(a, b)
            for other in clusters.total[kept]:
                if (between := clusters.mean(kept, other)) >= least:
                    heapq.heappush(best, (-between, kept, other))
    groups = np.empty(size, dtype=np.int64)
    for name, own in enumerate(filter(None, clusters.members)):
        groups[own] = name
    return groups


class _Clusters:
    """Clusters that grow: the sum of the scores between each two, and which may never be one."""

    def __init__(self, scored: list[tuple[int, int, float]], size: int) -> None:
        self.total: list[dict[int, float]] = [{} for _ in range(size)]
        for a, b, value in scored:
            self.total[a][b] = self.total[b][a] = value
        self.members = [[posting] for posting in range(size)]
        self._barred: dict[int, set[int]] = {}
        self._into = list(range(size))

    def means(self) -> Iterator[tuple[float, int, int]]:
        """The mean score of each two clusters that share a scored pair."""
        for a, others in enumerate(self.total):
            yield from ((self.mean(a, b), a, b) for b in others if a < b)

    def mean(self, a: int, b: int) -> float:
        """The mean score over all pairs between two clusters; -1 where one is no more."""
        shared = self.total[a].get(b)
        return -1.0 if shared is None else shared / (len(self.members[a]) * len(self.members[b]))

    def bar(self, a: int, b: int) -> None:
        """Keep two clusters apart."""
        self._barred.setdefault(a, set()).add(b)
        self._barred.setdefault(b, set()).add(a)

    def barred(self, a: int, b: int) -> bool:
        """Whether two are kept apart."""
        return b in self._barred.get(a, ())

    def merge(self, a: int, b: int) -> int:
        """Make one cluster of those that two postings are in; returns its number."""
        a, b = self._now(a), self._now(b)
        if a == b:
            return a
        if len(self.total[a]) < len(self.total[b]):
            a, b = b, a
        self.members[a] += self.members[b]
        self.members[b] = []
        self._into[b] = a
        self.total[a].pop(b, None)
        for other, value in self.total[b].items():
            if other != a:
                del self.total[other][b]
                self.total[a][other] = self.total[other][a] = self.total[a].get(other, 0.0) + value
        self.total[b] = {}
        for other in self._barred.pop(b, ()):
            self._barred[other].discard(b)
            self.bar(a, other)
        return a

    def _now(self, a: int) -> int:
        while self._into[a] != a:
            a = self._into[a]
        return a


def linked(left: NDArray[np.integer], right: NDArray[np.integer], size: int) -> NDArray[np.int64]:
    """Groups of the postings that pairs tie together, int64 ``(size,)``, in order of appearance."""
    groups = components(left, right, size)
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[place]


def components(
    left: NDArray[np.integer], right: NDArray[np.integer], size: int
) -> NDArray[np.int64]:
    """The connected component of each of `size` postings that pairs tie together."""
    if not len(left):
        return np.arange(size)
    graph = sp.coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
