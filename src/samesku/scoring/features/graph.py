"""Judged pairs as a graph of postings."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["pair_graph"]

# Pairs less likely than this are no edges: they are many and say nothing.
FAINT = 0.02


def pair_graph(
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    probability: NDArray[np.float32],
    size: int,
) -> tuple[sp.csr_matrix, NDArray[np.bool_]]:
    """The pairs as edges weighed by probability, every posting tied to itself with 1.

    Parameters
    ----------
    left, right : integer (m,)
        Each pair once.
    probability : float32 (m,)
    size : int
        Number of postings.

    Returns
    -------
    graph : float32 CSR (size, size)
        Symmetric, indices sorted.
    kept : bool (m,)
        Which pairs are likely enough to be edges.
    """
    kept = probability >= FAINT
    low, high, weight = left[kept], right[kept], probability[kept]
    own = np.arange(size)
    row, column = np.concatenate([low, high, own]), np.concatenate([high, low, own])
    weights = np.concatenate([weight, weight, np.ones(size, dtype=np.float32)])
    graph = sp.csr_matrix((weights, (row, column)), shape=(size, size))
    graph.sort_indices()
    return graph, kept
