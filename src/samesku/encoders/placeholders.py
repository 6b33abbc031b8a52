"""Photos in place of a photo: a shop's "no picture" card, a logo."""

from collections.abc import Sequence

import numpy as np

from samesku.encoders.base import Vectors
from samesku.runtime.arrays import Bools
from samesku.titles.unlike import FEWEST, READ, common_words, unlike


def placeholders(vectors: Vectors, titles: Sequence[str]) -> Bools:
    """Which postings show a photo that three or more unlike titles have, bool ``(size,)``.

    `vectors` are of a photo encoder: equal first rows are one photo. `titles` are normal titles.
    """
    found = np.zeros(vectors.size, dtype=bool)
    owners, start = np.unique(vectors.owner, return_index=True)
    rows = np.ascontiguousarray(vectors.rows[start])
    looks = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1])))[:, 0]
    _, first, look = np.unique(looks, return_index=True, return_inverse=True)
    sizes = np.bincount(look)
    if sizes.max(initial=0) < FEWEST:
        return found
    common = common_words(titles[owner] for owner in owners[first[:: 1 + len(first) // READ]])
    members = np.split(owners[np.argsort(look, kind="stable")], np.cumsum(sizes)[:-1])
    for group in members:
        if len(group) >= FEWEST:
            found[group] = unlike({titles[row] for row in group}, common)
    return found
