"""How a pair stands among the candidates of both its postings, by a similarity known for pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.scoring.features.table import Column, both_ways

__all__ = ["standing"]

DEPTH = 30
LEAST_SPREAD = 0.01


def standing(
    role: str, similarity: NDArray[np.float32], candidates: Candidates
) -> dict[str, Column]:
    """Similarity of each pair, its z-score, rank and gap to the best, seen from either end.

    Unlike :func:`samesku.scoring.features.surroundings.surroundings` it needs no
    neighbours of an encoder: a cross-fitted similarity comes from several encoders, and has none.

    Parameters
    ----------
    role : str
        First part of the features' names.
    similarity : float32 (m,)
        Of each candidate pair; NaN where it is not known.
    candidates : Candidates
        All of a catalogue: who stands around a pair are the other candidates of its two postings.
    """
    ends = np.concatenate([candidates.left, candidates.right])
    seen = np.nan_to_num(np.tile(similarity, 2).astype(np.float64))
    order = np.lexsort((-seen, ends))
    first = order[np.searchsorted(ends[order], ends)]
    rank = np.empty(len(ends))
    rank[order] = np.arange(len(ends)) - np.searchsorted(ends[order], ends[order])
    near, size = rank < DEPTH, candidates.size
    count = np.maximum(np.bincount(ends[near], minlength=size), 1)
    mean = np.bincount(ends[near], seen[near], size) / count
    square = np.bincount(ends[near], seen[near] ** 2, size) / count
    spread = np.sqrt(np.maximum(square - mean**2, LEAST_SPREAD**2))
    numbers = {"z": (seen - mean[ends]) / spread[ends], "rank": rank, "gap": seen - seen[first]}
    columns: dict[str, Column] = {role: similarity}
    unknown = np.isnan(similarity)
    for name, values in numbers.items():
        left, right = np.where(unknown, np.nan, values.reshape(2, -1))
        columns |= both_ways(f"{role}_{name}", left, right)
    return columns
