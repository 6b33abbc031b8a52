"""Scores of pairs that somebody names, whether or not an encoder found them near."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from samesku.candidates.candidates import Candidates, with_pairs
from samesku.candidates.similarity import Ends
from samesku.catalog.catalog import Catalog, table_of
from samesku.catalog.cells import as_text
from samesku.runtime.arrays import Ints
from samesku.scoring.fusion import NEVER, Fusion, PairScores


def score_chosen(
    fusion: Fusion,
    catalog: Catalog,
    candidates: Candidates,
    left: Ends,
    right: Ends,
    explain_from: float = NEVER,
) -> tuple[Candidates, PairScores]:
    """The distinct ones of pairs of rows, ``left < right``, candidates or not, and their scores.

    The candidates of the catalogue have their sources; pairs that score `explain_from` or more are
    explained, where the fusion can, by default none.
    """
    every = with_pairs(candidates, left, right)
    near = every.take(np.unique(every.places(left, right)))
    # A pair that is asked for counts as found by the first encoder: else it would not be looked at.
    near.found[~near.found.any(axis=1), 0] = True
    return near, fusion.predict(near, catalog, explain_from)


def pair_ids(pairs: Any) -> pl.DataFrame:
    """`left_id` and `right_id`, text, of a table that has these or of pairs of ids.

    Raises ValueError where these are no pairs.
    """
    names = ["left_id", "right_id"]
    if hasattr(pairs, "columns"):
        table, _ = table_of(pairs)
        if not set(names) <= set(table.columns):
            raise ValueError(f"a table of pairs has the columns {' and '.join(names)}")
        return table.select(as_text(table[name]) for name in names)
    rows = [(pair,) if isinstance(pair, str) else tuple(pair) for pair in pairs]
    if strange := [row for row in rows if len(row) != 2]:
        raise ValueError(f"a pair is two ids, not {strange[0]!r}")
    return pl.DataFrame(
        [(str(a), str(b)) for a, b in rows], dict.fromkeys(names, pl.String), orient="row"
    )


def rows_of_pairs(catalog: Catalog, pairs: Sequence[tuple[str | int, str | int]]) -> Ints:
    """Rows of the postings of pairs, int64 ``(p, 2)``.

    Raises ValueError where there is no such posting, or both are one.
    """
    rows = catalog.rows_of([posting for pair in pairs for posting in pair]).reshape(-1, 2)
    if len(one := np.flatnonzero(rows[:, 0] == rows[:, 1])):
        raise ValueError(f"{pairs[one[0]][0]!r} is one posting; name two")
    return rows
