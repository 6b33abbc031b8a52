"""Who is near whom: what one search found, scored pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from samesku.runtime.arrays import Array, Floats, Ints

NEIGHBORS = 50
Near: TypeAlias = tuple[Ints, Floats]


# A scored pair of one distinct posting with another: similarities (NaN unknown), probability, and
# whether they clash in an attribute that may not differ.
PAIR = np.dtype(
    [
        ("other", "<i8"),
        ("text", "<f4"),
        ("photo", "<f4"),
        ("probability", "<f4"),
        ("clashes", "?"),
    ]
)


def scored_pairs(*columns: Array) -> Array:
    """Pairs of these columns, which are those of `PAIR`."""
    pairs = np.empty(len(columns[0]), PAIR)
    for name, column in zip(PAIR.names or (), columns, strict=True):
        pairs[name] = column
    return pairs


def nearest(others: Ints, similarity: Floats) -> Near:
    """Near to far, ties by slot."""
    order = np.lexsort((others, -similarity))[:NEIGHBORS]
    return others[order], similarity[order]


def joined(near: Sequence[Near]) -> tuple[Ints, Floats]:
    """All that were found, ascending, and their similarities ``(e, m)``; NaN where not found."""
    others = np.unique(np.concatenate([found for found, _ in near]))
    similarity = np.full((len(near), len(others)), np.nan, dtype=np.float32)
    for column, (found, alike) in zip(similarity, near, strict=True):
        column[np.searchsorted(others, found)] = alike
    return others, similarity
