"""Pairs of postings that agree in all that is looked at."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog

__all__ = ["identical_pairs", "identity_codes"]

READ = ("price", "brand", "description")
# Similarities of the same rows differ from 1 by rounding only.
ROUNDING = 1e-5


def identity_codes(catalog: Catalog) -> NDArray[np.int64]:
    """Equal for postings of one normal title, price, brand and description, int64 ``(n,)``.

    What both lack agrees; -1 without a title, which is never identical.
    """
    columns = [name for name in READ if name in catalog.frame.columns]
    title = pl.Series("title", catalog.normal_titles, dtype=pl.String)
    table = pl.DataFrame([title, *(catalog.frame[name] for name in columns)])
    codes = table.select(pl.struct(pl.all()).rank("dense").cast(pl.Int64)).to_series().to_numpy()
    titled = np.array([bool(each) for each in catalog.normal_titles], dtype=bool)
    return np.where(titled, codes, -1)


def identical_pairs(identity: NDArray[np.int64], candidates: Candidates) -> NDArray[np.bool_]:
    """Pairs of one identity that also show the same photo, or both none, bool ``(m,)``."""
    left, right = candidates.left, candidates.right
    same = (identity[left] == identity[right]) & (identity[left] >= 0)
    for column, source in enumerate(candidates.sources):
        present = source.vectors.present
        alike = candidates.similarity[:, column] >= 1 - ROUNDING
        same &= (present[left] == present[right]) & (alike | ~present[left])
    return np.asarray(same)
