"""Pairs of postings that state one article number: worth scoring however their titles differ."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import polars as pl

from samesku.runtime.arrays import Ints

# With how many others of a number, in their order, each posting is paired: a shop's default number
# may be on all that it sells.
NEXT = 50


def sharing(numbers: Sequence[Sequence[str]]) -> tuple[Ints, Ints]:
    """Rows that state the same number, ``left < right``, int64 ``(m,)``.

    Each with the `NEXT` that follow it. Rows that share two numbers come twice.
    """
    row = np.repeat(np.arange(len(numbers)), list(map(len, numbers)))
    code = pl.Series(chain.from_iterable(numbers), dtype=pl.String).rank("dense").to_numpy()
    order = np.argsort(code, kind="stable")
    row, code = row[order], code[order]
    pairs = [np.empty((2, 0), dtype=np.int64)]
    for step in range(1, NEXT + 1):
        first = np.flatnonzero(code[step:] == code[:-step])
        if not len(first):
            break
        pairs.append(np.stack([row[first], row[first + step]]))
    left, right = np.concatenate(pairs, axis=1)
    return left, right
