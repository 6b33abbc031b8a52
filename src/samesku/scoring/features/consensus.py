"""What the likely offers of one product say together, against the other title."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.similarity import row_similarity
from samesku.scoring.features.graph import pair_graph
from samesku.scoring.features.table import Column, both_ways
from samesku.scoring.features.title_words import TitleWords

__all__ = ["consensus_features"]

# Of the likely offers of a product, the share that a word of its core is in.
CORE = 0.5


def consensus_features(
    words: TitleWords,
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    probability: NDArray[np.float32],
) -> dict[str, Column]:
    """Compare each title with what the likely offers of the other's product say together.

    One title leaves out what another says; the mean of all that are likely one product, weighed by
    probability, says it all (query expansion: Chum et al., "Total recall", 2007, for images).

    Parameters
    ----------
    words : TitleWords
    left, right : integer (m,)
        Each pair once.
    probability : float32 (m,)
        That it is the same product, by an earlier judgement.

    Returns
    -------
    dict of str to float (m,)
        `consensus_to_title` and `consensus_cosine`, in which the two titles of the pair itself do
        not speak for each other; `core_words_lacking` and `core_words_covered`, the words that most
        of one's likely offers have and the other title lacks or has.
    """
    graph, kept = pair_graph(left, right, probability, words.held.shape[0])
    own = np.where(kept, probability, 0).astype(np.float32)
    titles = words.unit
    mean = sp.csr_matrix(graph @ titles)
    length = np.asarray(mean.multiply(mean).sum(axis=1)).ravel()
    norm = np.asarray(titles.multiply(titles).sum(axis=1)).ravel()
    forth = row_similarity(mean, left, titles, right)
    back = row_similarity(mean, right, titles, left)
    # Squared lengths and products with the other title's own part taken out.
    length_left = np.maximum(length[left] - own * (2 * forth - own * norm[right]), 1e-9)
    length_right = np.maximum(length[right] - own * (2 * back - own * norm[left]), 1e-9)
    product = (
        row_similarity(mean, left, mean, right)
        - own * row_similarity(mean, left, titles, left)
        - own * row_similarity(mean, right, titles, right)
        + own * own * row_similarity(titles, left, titles, right)
    )
    core = _core(graph, words)
    mass = np.asarray(core.sum(axis=1)).ravel()
    has_right = row_similarity(core, left, words.held, right)
    has_left = row_similarity(core, right, words.held, left)
    return {
        **both_ways(
            "consensus_to_title",
            (forth - own * norm[right]) / np.sqrt(length_left),
            (back - own * norm[left]) / np.sqrt(length_right),
        ),
        "consensus_cosine": product / np.sqrt(length_left * length_right),
        **both_ways("core_words_lacking", mass[left] - has_right, mass[right] - has_left),
        **both_ways(
            "core_words_covered",
            has_right / np.maximum(mass[left], 1e-6),
            has_left / np.maximum(mass[right], 1e-6),
        ),
    }


def _core(graph: sp.csr_matrix, words: TitleWords) -> sp.csr_matrix:
    """The words that most of each posting's likely offers have, by share and rarity."""
    degree = np.asarray(graph.sum(axis=1)).ravel()
    core = sp.csr_matrix(graph @ words.held)
    core.data /= np.repeat(degree, np.diff(core.indptr)).astype(np.float32)
    core.data *= np.where(core.data > CORE, words.rarity[core.indices], 0)
    core.eliminate_zeros()
    return core
