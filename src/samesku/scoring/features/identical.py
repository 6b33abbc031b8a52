"""Pairs of postings that agree in all that is looked at."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog

__all__ = ["identical_pairs"]

READ = ("price", "brand", "description")
# Similarities of the same rows differ from 1 by rounding only.
ROUNDING = 1e-5


def identical_pairs(catalog: Catalog, candidates: Candidates) -> NDArray[np.bool_]:
    """Pairs with one normal title, and the same photo, price, brand and description, bool ``(m,)``.

    What both lack agrees; a pair without a title is none.
    """
    columns = [name for name in READ if name in catalog.frame.columns]
    title = pl.Series("title", catalog.normal_titles, dtype=pl.String)
    table = pl.DataFrame([title, *(catalog.frame[name] for name in columns)])
    codes = table.select(pl.struct(pl.all()).rank("dense")).to_series().to_numpy()
    titled = np.array([bool(title) for title in catalog.normal_titles], dtype=bool)
    left, right = candidates.left, candidates.right
    same = (codes[left] == codes[right]) & titled[left]
    for column, source in enumerate(candidates.sources):
        present = source.vectors.present
        alike = candidates.similarity[:, column] >= 1 - ROUNDING
        same &= (present[left] == present[right]) & (alike | ~present[left])
    return np.asarray(same)
