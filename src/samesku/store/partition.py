"""Clusters of scored pairs where people's decisions outrank the scores."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from samesku.clustering.agglomerative import COHESION, group, linked

__all__ = ["Pair", "partition"]

Pair = tuple[int, int]


def partition(
    size: int,
    scored: Sequence[tuple[int, int, float]],
    same: Sequence[Pair],
    different: Sequence[Pair],
    *,
    threshold: float,
) -> NDArray[np.int64]:
    """The cluster of each of `size` nodes, int64 ``(size,)``.

    Without decisions the clusters are those of :func:`samesku.clustering.agglomerative.group`.
    Where there are some, nodes that are `same` start as one cluster, two clusters with nodes that
    are `different` never become one, and the rest is the same average linkage.
    """
    left = np.array([pair[0] for pair in scored], dtype=np.int64)
    right = np.array([pair[1] for pair in scored], dtype=np.int64)
    score = np.array([pair[2] for pair in scored], dtype=np.float32)
    if not same and not different:
        return group(left, right, score, size, threshold=threshold)
    near = score >= np.float32(threshold)
    ends = np.array(same, dtype=np.int64).reshape(-1, 2)
    component = linked(
        np.concatenate([left[near], ends[:, 0]]), np.concatenate([right[near], ends[:, 1]]), size
    )
    decided = {int(component[a]) for a, _ in same}
    decided |= {int(component[a]) for a, b in different if component[a] == component[b]}
    free = ~np.isin(component, np.array(sorted(decided), dtype=np.int64))
    inside = free[left] & free[right]
    clusters = group(left[inside], right[inside], score[inside], size, threshold=threshold)
    clusters = np.where(free, clusters, size + np.arange(size))
    for each in sorted(decided):
        nodes = np.flatnonzero(component == each).tolist()
        place = {node: at for at, node in enumerate(nodes)}
        own = [(place[a], place[b], s) for a, b, s in scored if a in place and b in place]
        held, apart = (
            [(place[a], place[b]) for a, b in pairs if a in place and b in place]
            for pairs in (same, different)
        )
        clusters[nodes] = (
            2 * size + nodes[0] * size + _decided(len(nodes), own, held, apart, threshold)
        )
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)


def _decided(
    size: int,
    scored: Sequence[tuple[int, int, float]],
    same: Sequence[Pair],
    different: Sequence[Pair],
    threshold: float,
) -> NDArray[np.int64]:
    """Average linkage from the clusters of `same`, past no two nodes that are `different`."""
    ends = np.array(same, dtype=np.int64).reshape(-1, 2)
    name = linked(ends[:, 0], ends[:, 1], size).tolist()
    members: dict[int, list[int]] = {}
    for node, cluster in enumerate(name):
        members.setdefault(cluster, []).append(node)
    total: dict[int, dict[int, float]] = {cluster: {} for cluster in members}
    apart: dict[int, set[int]] = {cluster: set() for cluster in members}
    for a, b, score in scored:
        one, other = name[a], name[b]
        if one != other:
            total[one][other] = total[other][one] = total[one].get(other, 0.0) + score
    for a, b in different:
        apart[name[a]].add(name[b])
        apart[name[b]].add(name[a])
    least = threshold * COHESION - 1e-9

    def mean(one: int, other: int) -> float:
        return total[one][other] / (len(members[one]) * len(members[other]))

    best = [(-mean(a, b), a, b) for a in total for b in total[a] if a < b]
    heapq.heapify(best)
    while best:
        value, one, other = heapq.heappop(best)
        if -value < least:
            break
        gone = one not in members or other not in members
        if gone or other in apart[one] or -value != mean(one, other):
            continue
        members[one] += members.pop(other)
        for third, score in total.pop(other).items():
            total[third].pop(other)
            if third != one:
                total[one][third] = total[third][one] = total[one].get(third, 0.0) + score
        for third in apart.pop(other):
            apart[third].discard(other)
            apart[third].add(one)
            apart[one].add(third)
        for third in total[one]:
            heapq.heappush(best, (-mean(one, third), min(one, third), max(one, third)))
    for cluster, nodes in members.items():
        for node in nodes:
            name[node] = cluster
    # As elsewhere: two nodes that met only through one that left are no cluster.
    ties = [(a, b) for a, b, score in scored if name[a] == name[b] and score >= threshold]
    ends = np.array([*ties, *same], dtype=np.int64).reshape(-1, 2)
    return linked(ends[:, 0], ends[:, 1], size)
