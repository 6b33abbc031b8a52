"""How alike two titles are as strings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rapidfuzz import fuzz, process

from samesku.candidates.similarity import Ends
from samesku.runtime.arrays import Floats
from samesku.runtime.cores import usable_cores
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.features.title_words import TitleWords

# Pairs of texts from which starting a thread is worth it.
MANY = 500


def string_features(words: TitleWords, left: Ends, right: Ends) -> dict[str, Column]:
    """Edit ratios of the titles of pairs ``(m,)``, and of their sorted words.

    Of longer titles the first 200 characters are compared.
    """
    texts, ordered, length = words.texts

    def alike(titles: Column) -> Column:
        return compared(titles[left], titles[right], fuzz.ratio)

    return {
        "edit_ratio": alike(texts),
        "edit_ratio_sorted": alike(ordered),
        **both_ways("letters", length[left], length[right]),
    }


def compared(mine: Column, theirs: Column, scorer: Callable[..., float]) -> Floats:
    """What a scorer of rapidfuzz says of each two texts, float32 ``(m,)``."""
    workers = usable_cores() if len(mine) >= MANY else 1
    said: Floats = process.cpdist(mine, theirs, scorer=scorer, workers=workers, dtype=np.float32)
    return said
