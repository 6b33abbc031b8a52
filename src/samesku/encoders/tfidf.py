"""Titles as TF-IDF vectors of words and of character n-grams, quantities in one form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.encoders.base import TextEncoder, Vectors
from samesku.titles import normal_tokens

__all__ = ["Tfidf"]

NGRAMS = (3, 4)
# Characters are numbered and packed into 64 bits, four at a time; the rarest beyond share a number.
ALPHABET = 2**16


class Tfidf(TextEncoder):
    """Sublinear TF-IDF of words beside that of character n-grams, each unit-normalised.

    Words tell products apart, character n-grams forgive typos and glued words. The cosine of two
    rows is the weighted mean of both cosines, so `word_weight` says what counts how much.

    Parameters
    ----------
    word_weight : float
        Share of the word cosine in the similarity, between 0 and 1.

    Notes
    -----
    Weights are those of scikit-learn's ``TfidfVectorizer(sublinear_tf=True)``, n-grams those of its
    ``analyzer="char_wb"`` with three and four characters, to the last digit. Counting whole arrays
    instead of one n-gram at a time takes half the time, and loading scikit-learn would take longer
    than either.

    Inverse document frequencies come from the catalogue itself, so vectors of two catalogues can
    be compared only when both were encoded together.
    """

    name = "tfidf"

    def __init__(self, word_weight: float = 0.5) -> None:
        if not 0 <= word_weight <= 1:
            raise ValueError(f"word_weight is a share between 0 and 1, not {word_weight}")
        self.word_weight = word_weight

    @property
    def fingerprint(self) -> str:
        """Version of the method and its parameters."""
        return f"tfidf-2:{self.word_weight}"

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
        words, ngrams = _word_counts(titles), _ngram_counts(titles)
        parts = [
            _unit_tfidf(words) * np.sqrt(self.word_weight),
            _unit_tfidf(ngrams) * np.sqrt(1 - self.word_weight),
        ]
        rows = sp.hstack(parts, format="csr", dtype=np.float32)
        lengths = np.sqrt(rows.multiply(rows).sum(axis=1)).A1
        # Without a word there are only n-grams of punctuation, which say nothing.
        present = (words.getnnz(axis=1) > 0) & (lengths > 0)
        # A title with words but no n-gram of its own is stretched to unit length.
        stretch = sp.diags_array(1 / lengths[present].astype(np.float32))
        kept = sp.csr_matrix(stretch @ rows[present])
        kept.sort_indices()  # so the search reads memory in order, a tenth faster
        return Vectors.of(kept, present)


def _word_counts(titles: Sequence[str]) -> sp.csr_matrix:
    vocabulary: dict[str, int] = {}
    columns: list[int] = []
    ends = np.zeros(len(titles) + 1, dtype=np.int64)
    for row, title in enumerate(titles):
        columns.extend(
            vocabulary.setdefault(word, len(vocabulary)) for word in normal_tokens(title)
        )
        ends[row + 1] = len(columns)
    return _counts(np.array(columns, dtype=np.int64), ends, len(vocabulary))


def _ngram_counts(titles: Sequence[str]) -> sp.csr_matrix:
    """Occurrences of the n-grams that cross no word, each word with a space on either side."""
    # Two spaces between words and four between titles: no window over one of them is a word's.
    padded = [f" {'  '.join(title.split())} " for title in titles]
    text = "  ".join(padded)
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    spans = np.array([len(title) + 2 for title in padded], dtype=np.int64)
    owner = np.repeat(np.arange(len(titles)), spans)[: len(letters)]
    number = np.unique(letters, return_inverse=True)[1]
    code = np.minimum(number, ALPHABET - 1).astype(np.uint64)
    space = letters == ord(" ")
    double = np.append(space[:-1] & space[1:], True)
    rows, columns, found = [], [], 0
    for length in NGRAMS:
        windows = len(letters) - length + 1
        if windows <= 0:
            continue
        whole = np.ones(windows, dtype=bool)
        packed: NDArray[np.uint64] = np.zeros(windows, dtype=np.uint64)
        for offset in range(length):
            packed = packed * np.uint64(ALPHABET) + code[offset : offset + windows]
            if offset < length - 1:
                whole &= ~double[offset : offset + windows]
        distinct, column = np.unique(packed[whole], return_inverse=True)
        rows.append(owner[:windows][whole])
        columns.append(column + found)
        found += len(distinct)
    if not rows:
        return sp.csr_matrix((len(titles), 0), dtype=np.float32)
    row, column = np.concatenate(rows), np.concatenate(columns)
    ones = np.ones(len(row), dtype=np.float32)
    return sp.csr_matrix((ones, (row, column)), shape=(len(titles), found))


def _counts(columns: NDArray[np.int64], ends: NDArray[np.int64], width: int) -> sp.csr_matrix:
    ones = np.ones(len(columns), dtype=np.float32)
    counts = sp.csr_matrix((ones, columns, ends), shape=(len(ends) - 1, width))
    counts.sum_duplicates()
    return counts


def _unit_tfidf(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Sublinear frequency times smooth inverse document frequency, rows of unit length."""
    size = counts.shape[0]
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = (np.log((1 + size) / (1 + frequency)) + 1).astype(np.float32)
    weighted = counts.copy()
    weighted.data = (np.log(counts.data) + 1) * rarity[counts.indices]
    lengths = np.sqrt(weighted.multiply(weighted).sum(axis=1)).A1
    scale = 1 / np.where(lengths > 0, lengths, 1)
    weighted.data *= np.repeat(scale, np.diff(weighted.indptr)).astype(np.float32)
    return weighted
