"""How alike two titles are as strings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from samesku.runtime.cores import usable_cores
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.features.title_words import TitleWords, title_words

__all__ = ["string_features"]


def string_features(
    titles: Sequence[str],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    *,
    words: TitleWords | None = None,
) -> dict[str, Column]:
    """Edit ratios of the titles, and of their sorted words.

    Of longer titles the first 200 characters are compared.

    Parameters
    ----------
    titles : sequence of str
        Normal titles of the whole catalogue.
    left, right : integer (m,)
        The pairs.
    words : TitleWords, optional
        Those of the titles, where they were read before.
    """
    words = title_words(titles) if words is None else words
    texts, ordered, length = words.texts

    def alike(titles: Column) -> Column:
        return process.cpdist(
            titles[left], titles[right], scorer=fuzz.ratio, workers=usable_cores(), dtype=np.float32
        )

    return {
        "edit_ratio": alike(texts),
        "edit_ratio_sorted": alike(ordered),
        **both_ways("letters", length[left], length[right]),
    }
