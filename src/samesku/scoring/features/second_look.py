"""What a first judgement of all pairs says about each of them: the pairs as a graph."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.similarity import row_similarity
from samesku.clustering.agglomerative import group
from samesku.scoring.features.graph import pair_graph
from samesku.scoring.features.table import Features, both_ways

__all__ = ["second_look"]

SURE = 0.5
LINE, COHESION = 0.4, 0.85


def second_look(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    probability: NDArray[np.float32],
    size: int,
) -> Features:
    """Describe each pair by the first pass's probabilities around it.

    Parameters
    ----------
    left, right : integer (m,)
        Each pair once.
    probability : float32 (m,)
        That it is the same product, by the first pass.
    size : int
        Number of postings.

    Returns
    -------
    Features
        Common neighbours, agreement with the groups that would follow, ranks and gaps.
    """
    graph, _ = pair_graph(left, right, probability, size)
    degree = np.asarray(graph.sum(axis=1)).ravel()
    square = np.asarray(graph.multiply(graph).sum(axis=1)).ravel()
    common = row_similarity(graph, left, graph, right)
    sure = np.bincount(graph.nonzero()[0][graph.data >= SURE], minlength=size)
    groups = group(left, right, probability, size, line=LINE, cohesion=COHESION)
    members = np.bincount(groups, minlength=1)
    shape = (size, len(members))
    belonging = sp.csr_matrix((np.ones(size, np.float32), (np.arange(size), groups)), shape=shape)
    to_group = sp.csr_matrix(graph @ belonging)
    tie_left = _cells(to_group, left, groups[right]) / members[groups[right]]
    tie_right = _cells(to_group, right, groups[left]) / members[groups[left]]
    rank, gap, lead = _standing(left, right, probability, size)
    lengths = np.sqrt(square)
    return Features.of(
        {
            "first_probability": probability,
            "common_mass": common,
            "common_cosine": common / (lengths[left] * lengths[right]),
            **both_ways("common_share", common / degree[left], common / degree[right]),
            **both_ways("degree", degree[left], degree[right]),
            **both_ways("sharpness", (square / degree)[left], (square / degree)[right]),
            **both_ways("sure_neighbours", sure[left], sure[right]),
            "same_group": groups[left] == groups[right],
            **both_ways("group_size", members[groups[left]], members[groups[right]]),
            **both_ways("tie_to_group", tie_left, tie_right),
            **both_ways("probability_rank", rank[0], rank[1]),
            **both_ways("probability_gap", gap[0], gap[1]),
            **both_ways("probability_lead", lead[0], lead[1]),
        }
    )


def _cells(
    matrix: sp.csr_matrix, row: NDArray[np.integer], column: NDArray[np.integer]
) -> NDArray[np.float64]:
    """``matrix[row[i], column[i]]``, by search in the sorted cells."""
    matrix.sort_indices()
    width = matrix.shape[1]
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    keys = rows * width + matrix.indices
    wanted = row * width + column
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    if not len(keys):
        return np.zeros(len(row))
    return np.where(keys[place] == wanted, matrix.data[place], 0)


def _standing(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    probability: NDArray[np.float32],
    size: int,
) -> tuple[list[NDArray[np.float64]], ...]:
    """Rank, gap to the best and lead over the next, seen from either end of each pair."""
    query = np.concatenate([left, right])
    seen = np.concatenate([probability, probability]).astype(np.float64)
    order = np.lexsort((-seen, query))
    start = np.searchsorted(query[order], query[order])
    rank, gap, lead = np.empty((3, len(query)))
    rank[order] = np.arange(len(query)) - start
    gap[order] = seen[order] - seen[order][start]
    following = np.append(seen[order][1:], 0)
    following[np.append(query[order][1:] != query[order][:-1], True)] = 0
    lead[order] = seen[order] - following
    count = len(left)
    return tuple([column[:count], column[count:]] for column in (rank, gap, lead))
