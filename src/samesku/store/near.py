"""Who is near whom: what one search found, scored pairs."""

from __future__ import annotations

import numpy as np

from samesku.runtime.arrays import Array, Floats, Ints

NEIGHBORS = 50


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


def nearest(others: Ints, similarity: Floats) -> tuple[Ints, Floats]:
    """Near to far, ties by slot."""
    order = np.lexsort((others, -similarity))[:NEIGHBORS]
    return others[order], similarity[order]
