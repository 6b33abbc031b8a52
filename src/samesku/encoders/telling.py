"""Titles as vectors of words, each weighed by how much it tells products apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import scipy.sparse as sp

from samesku.encoders.base import TextEncoder, Vectors
from samesku.encoders.word_weights import WordWeights, word_presence
from samesku.scoring.presence import rarity, unit_rows, weighted

__all__ = ["SHIPPED", "Telling", "shipped_weights"]

SHIPPED = Path(__file__).parents[1] / "models" / "learned"


class Telling(TextEncoder):
    """Binary TF-IDF of words times learned factors.

    Rarity alone takes "garansi" (warranty) and the phones that a case fits for as telling as a
    volume of the same frequency. The factors come from labelled groups
    (:func:`samesku.training.word_weights.train_word_weights`): the words that offers of one product
    share, and look-alikes do not, weigh more. Stands beside ``tfidf``, whose character n-grams
    forgive typos; it does not replace it, and on other goods than those of the training it may be
    worse (docs/experiments.md).

    Parameters
    ----------
    weights : WordWeights, optional
        Default: those that come with samesku.
    """

    name = "telling"

    def __init__(self, weights: WordWeights | None = None) -> None:
        self.weights = shipped_weights() if weights is None else weights

    @property
    def fingerprint(self) -> str:
        """Version of the method and its weights."""
        return f"telling-1:{self.weights.digest}"

    def encode_titles(self, titles: Sequence[str]) -> Vectors:
        """Encode normal titles.

        Parameters
        ----------
        titles : sequence of str, length n
            Titles as :attr:`samesku.Catalog.normal_titles` gives them.

        Returns
        -------
        Vectors
            Sparse float32 unit rows; a title without any word owns no row.
        """
        return self.encode_words(*word_presence(titles))

    def encode_words(self, words: Sequence[str], presence: sp.csr_matrix) -> Vectors:
        """Encode titles whose words were read before.

        Parameters
        ----------
        words : sequence of str
            The word of each column.
        presence : float32 CSR (n, words)
            1 where a title holds a word.
        """
        present = presence.getnnz(axis=1) > 0
        rows = weighted(presence[present], rarity(presence) * self.weights.factors(words))
        return Vectors.of(unit_rows(rows), present)


@lru_cache(maxsize=1)
def shipped_weights() -> WordWeights:
    """The weights that come with samesku, a part of the shipped model: its card tells of both."""
    head = json.loads((SHIPPED / "model.json").read_text(encoding="utf-8"))
    return WordWeights.read(SHIPPED / "words.npz", head["sha256"]["words"])
