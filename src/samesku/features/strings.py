"""How alike two titles are as strings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from samesku.cores import usable_cores
from samesku.features.table import Column, both_ways
from samesku.features.title_words import TitleWords, title_words

__all__ = ["string_features"]

RATIOS = {
    "edit_ratio": fuzz.ratio,
    "edit_ratio_sorted": fuzz.token_sort_ratio,
    "edit_ratio_shared": fuzz.token_set_ratio,
    "edit_ratio_part": fuzz.partial_ratio,
}


def string_features(
    titles: Sequence[str],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    *,
    words: TitleWords | None = None,
) -> dict[str, Column]:
    """Edit ratios of the whole titles, of their sorted and shared words, and of the best part.

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
    texts = np.array([" ".join(each) for each in words.lists], dtype=object)
    ratios = {
        name: process.cpdist(
            texts[left], texts[right], scorer=ratio, workers=usable_cores(), dtype=np.float32
        )
        for name, ratio in RATIOS.items()
    }
    length = np.array([len(text) for text in texts], dtype=np.float32)
    return {**ratios, **both_ways("letters", length[left], length[right])}
