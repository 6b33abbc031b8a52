"""From matched pairs to groups, without letting one wrong pair chain two products."""

from __future__ import annotations

import heapq

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

__all__ = ["COHESION", "group", "linked"]

# Measured on the training postings: docs/benchmarks/index.md.
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
        parts = _split(a, b, score[pairs], len(own), least)
        groups[own] = fresh + parts
        fresh += int(parts.max()) + 1
    # Two postings that met only through one that left are no group: a pair at the line ties.
    ties = (groups[left] == groups[right]) & (score >= line)
    return linked(left[ties], right[ties], size)


def _split(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    score: NDArray[np.floating],
    size: int,
    least: float,
) -> NDArray[np.int64]:
    """Groups within one connected component, merged while their mean score reaches `least`."""
    if size > DENSE_LIMIT:
        return _split_sparse(left, right, score, size, least - 1e-9)
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


def _split_sparse(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    score: NDArray[np.floating],
    size: int,
    least: float,
) -> NDArray[np.int64]:
    """The same average linkage without a distance matrix, for components too large for one.

    Only clusters that share a judged pair can reach a mean above 0, so merging walks along pairs:
    the best two clusters first, while their mean score reaches `least`.
    """
    judged = list(zip(left.tolist(), right.tolist(), score.tolist(), strict=True))
    # Sum of the scores between each cluster and its neighbours, and who is in it.
    total: list[dict[int, float]] = [{} for _ in range(size)]
    for a, b, value in judged:
        total[a][b] = total[b][a] = value
    members = [[posting] for posting in range(size)]
    best = [(-value, a, b) for a, b, value in judged if value >= least]
    heapq.heapify(best)
    while best:
        mean, a, b = heapq.heappop(best)
        shared = total[a].get(b)
        if shared is None or -mean != shared / (len(members[a]) * len(members[b])):
            continue  # one of the two has grown since
        if len(total[a]) < len(total[b]):
            a, b = b, a
        members[a] += members[b]
        members[b] = []
        del total[a][b]
        for other, value in total[b].items():
            if other != a:
                del total[other][b]
                total[a][other] = total[other][a] = total[a].get(other, 0.0) + value
        total[b] = {}
        for other, value in total[a].items():
            mean = value / (len(members[a]) * len(members[other]))
            if mean >= least:
                heapq.heappush(best, (-mean, a, other))
    groups = np.empty(size, dtype=np.int64)
    for name, own in enumerate(filter(None, members)):
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
