"""From matched pairs to groups, without letting one wrong pair chain two products."""

from __future__ import annotations

import heapq

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from scipy.sparse.csgraph import connected_components

__all__ = ["COHESION", "group", "linked"]

# Measured on the training postings: docs/evaluation.md.
COHESION = 0.85

# Largest component whose full distance matrix is built (float64: 64 MB).
DENSE_LIMIT = 2_800


def group(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    score: NDArray[np.floating],
    size: int,
    *,
    line: float = 0.5,
    cohesion: float = COHESION,
    crowded: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Put postings in groups by average-linkage agglomeration of the scores.

    Two groups become one while the mean score over all pairs between them, pairs that were never
    candidates counting 0, reaches ``line * cohesion``. A single wrong pair between two products of
    several offers is outvoted by the pairs that do not match.

    Parameters
    ----------
    left, right : integer (m,)
        Judged pairs, each once.
    score : float (m,)
        In [0, 1].
    size : int
        Number of postings.
    line : float
        Pairs from this score on are matches.
    cohesion : float
        Share of `line` that the mean score between two groups must reach, in (0, 1].
    crowded : bool (size,), optional
        Postings whose candidates are only some of those that are as near. That two of them were
        no candidates says little: such pairs count 0 only as often as the smaller group has
        postings, so that one pair does not join two large groups.

    Returns
    -------
    int64 (size,)
        Group of each posting, numbered in order of first appearance.
    """
    matched = score >= line
    component = _components(left[matched], right[matched], size)
    inside = component[left] == component[right]
    left, right, score = left[inside], right[inside], score[inside]
    members = np.bincount(component, minlength=size)
    groups = component.copy()
    # A component in which every pair scores high enough is one group as it is; so are one or two
    # postings. Only the others are looked into.
    least = line * cohesion
    near = np.bincount(component[left[score >= least]], minlength=size)
    mixed = np.flatnonzero((members > 2) & (near < members * (members - 1) // 2))
    pairs_by_component = np.argsort(component[left], kind="stable")
    bounds = np.searchsorted(component[left][pairs_by_component], np.arange(size + 1))
    postings_by_component = np.argsort(component, kind="stable")
    starts = np.concatenate([[0], np.cumsum(members)])
    fresh = size
    for place in mixed:
        own = postings_by_component[starts[place] : starts[place + 1]]
        pairs = pairs_by_component[bounds[place] : bounds[place + 1]]
        a, b = np.searchsorted(own, left[pairs]), np.searchsorted(own, right[pairs])
        full = np.zeros(len(own), dtype=bool) if crowded is None else crowded[own]
        parts = _split(a, b, score[pairs], full, least)
        groups[own] = fresh + parts
        fresh += int(parts.max()) + 1
    # Two postings that met only through one that left are no group: a pair at the line ties.
    ties = (groups[left] == groups[right]) & (score >= line)
    return linked(left[ties], right[ties], size)


def _split(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    score: NDArray[np.floating],
    crowded: NDArray[np.bool_],
    least: float,
) -> NDArray[np.int64]:
    """Groups within one connected component, merged while their mean score reaches `least`."""
    size = len(crowded)
    if size > DENSE_LIMIT or crowded.any():
        return _split_sparse(left, right, score, crowded, least - 1e-9)
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


def _split_sparse(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    score: NDArray[np.floating],
    crowded: NDArray[np.bool_],
    least: float,
) -> NDArray[np.int64]:
    """The same average linkage without a distance matrix, for components too large for one.

    Only clusters that share a judged pair can reach a mean above 0, so merging walks along pairs:
    the best two clusters first, while their mean score reaches `least`.
    """
    clusters = _Clusters(crowded)
    # Sum of the scores between each cluster and its neighbours, and how many pairs were judged.
    shared: list[dict[int, tuple[float, int]]] = [{} for _ in crowded]
    best = []
    for a, b, value in zip(left.tolist(), right.tolist(), score.tolist(), strict=True):
        shared[a][b] = shared[b][a] = (value, 1)
        if value >= least:
            best.append((-value, a, b))
    heapq.heapify(best)
    while best:
        mean, a, b = heapq.heappop(best)
        now = shared[a].get(b)
        if now is None:
            continue
        true = -clusters.mean(a, b, *now)
        if true != mean:
            # One of the two has grown since, which lowers their mean.
            if mean < true <= -least:
                heapq.heappush(best, (true, a, b))
            continue
        if len(shared[a]) < len(shared[b]):
            a, b = b, a
        clusters.merge(a, b)
        del shared[a][b]
        for other, (value, count) in shared[b].items():
            if other != a:
                del shared[other][b]
                before = shared[a].get(other, (0.0, 0))
                total = before[0] + value, before[1] + count
                shared[a][other] = shared[other][a] = total
                if (joint := clusters.mean(a, other, *total)) >= least:
                    heapq.heappush(best, (-joint, a, other))
        shared[b] = {}
    return clusters.names


class _Clusters:
    """Clusters that merge, and the mean score between two of them."""

    def __init__(self, crowded: NDArray[np.bool_]) -> None:
        self.members = [[posting] for posting in range(len(crowded))]
        self.crowded = crowded.astype(int).tolist()

    def merge(self, a: int, b: int) -> None:
        """The second becomes part of the first."""
        self.members[a] += self.members[b]
        self.members[b] = []
        self.crowded[a] += self.crowded[b]

    def mean(self, a: int, b: int, total: float, judged: int) -> float:
        """Mean of the scores between two clusters."""
        sizes = len(self.members[a]), len(self.members[b])
        pairs, untold = sizes[0] * sizes[1], self.crowded[a] * self.crowded[b]
        # All pairs count; of those that a crowd leaves untold some.
        return float(total / min(pairs, max(judged, pairs - untold) + min(sizes)))

    @property
    def names(self) -> NDArray[np.int64]:
        """Cluster of each posting."""
        groups = np.empty(len(self.members), dtype=np.int64)
        for name, own in enumerate(filter(None, self.members)):
            groups[own] = name
        return groups


def linked(left: NDArray[np.integer], right: NDArray[np.integer], size: int) -> NDArray[np.int64]:
    """Groups of the postings that pairs tie together, int64 ``(size,)``, in order of appearance."""
    return _in_order(_components(left, right, size))


def _components(
    left: NDArray[np.integer], right: NDArray[np.integer], size: int
) -> NDArray[np.int64]:
    graph = sp.coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _in_order(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[place]
