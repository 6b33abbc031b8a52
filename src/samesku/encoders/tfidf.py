"""Titles as TF-IDF vectors of words and of character n-grams, quantities in one form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from samesku.encoders.base import TextEncoder, Vectors
from samesku.titles import tokens

__all__ = ["Tfidf"]


class Tfidf(TextEncoder):
    """Sublinear TF-IDF of words beside that of character n-grams, each unit-normalised.

    Words tell products apart, character n-grams forgive typos and glued words. The cosine of two
    rows is the weighted mean of both cosines, so `word_weight` says what counts how much.

    Parameters
    ----------
    word_weight : float
        Share of the word cosine in the similarity, between 0 and 1.
    ngrams : (int, int)
        Shortest and longest character n-gram; they do not cross words.

    Notes
    -----
    Inverse document frequencies come from the catalogue itself, so vectors of two catalogues can
    be compared only when both were encoded together.
    """

    name = "tfidf"

    def __init__(self, word_weight: float = 0.5, ngrams: tuple[int, int] = (3, 4)) -> None:
        if not 0 <= word_weight <= 1:
            raise ValueError(f"word_weight is a share between 0 and 1, not {word_weight}")
        self.word_weight = word_weight
        self.ngrams = ngrams

    @property
    def fingerprint(self) -> str:
        """Version of the method and its parameters."""
        return f"tfidf-1:{self.word_weight}:{self.ngrams}"

    def encode_titles(self, titles: Sequence[str]) -> Vectors:
        """Encode normal titles.

        Parameters
        ----------
        titles : sequence of str, length n
            Titles as :attr:`samesku.Catalog.normal_titles` gives them.

        Returns
        -------
        Vectors
            Sparse float32 unit rows; a title without any token owns no row.
        """
        words = _unit_tfidf(TfidfVectorizer(analyzer=tokens, **_WEIGHTING), titles)
        chars = _unit_tfidf(
            TfidfVectorizer(
                analyzer="char_wb", ngram_range=self.ngrams, lowercase=False, **_WEIGHTING
            ),
            titles,
        )
        parts = [words * np.sqrt(self.word_weight), chars * np.sqrt(1 - self.word_weight)]
        rows = sp.hstack(parts, format="csr", dtype=np.float32)
        lengths = np.sqrt(rows.multiply(rows).sum(axis=1).A1)
        present = lengths > 0
        # A title with words but no n-gram of its own (or the reverse) is stretched to unit length.
        stretch = sp.diags_array(1 / lengths[present].astype(np.float32))
        return Vectors.of(sp.csr_matrix(stretch @ rows[present]), present)


_WEIGHTING = {"sublinear_tf": True, "dtype": np.float32}


def _unit_tfidf(vectorizer: TfidfVectorizer, titles: Sequence[str]) -> sp.csr_matrix:
    try:
        return sp.csr_matrix(vectorizer.fit_transform(titles))
    except ValueError as error:
        if "empty vocabulary" not in str(error):
            raise
        return sp.csr_matrix((len(titles), 1), dtype=np.float32)
