"""Titles as TF-IDF vectors of words and of character n-grams, quantities in one form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.encoders.base import TextEncoder, Vectors
from samesku.runtime.arrays import AnyInts, Floats, Ints
from samesku.runtime.cores import map_in_order
from samesku.titles import normal_tokens

NGRAMS = (3, 4)
# Characters are numbered and packed into 60 bits, four at a time, below the length of their n-gram;
# the rarest beyond share a number.
ALPHABET, LENGTH = 2**15, 2**60
# Characters of titles whose n-grams are sorted at once: they stay in the processor's cache.
AT_ONCE = 500_000


class Tfidf(TextEncoder):
    """Sublinear TF-IDF of words beside that of character n-grams, each unit-normalised.

    Words distinguish products, character n-grams forgive typos and glued words. The cosine of two
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
        self.fingerprint = f"tfidf-2:{word_weight}"

    def encode_titles(self, titles: Sequence[str]) -> Vectors:
        """Sparse float32 unit rows of normal titles; a title without any word owns no row."""
        counts = TermCounts.of(titles)
        words, ngrams = counts.words, counts.ngrams
        del counts
        frequencies = [
            np.bincount(each.indices, minlength=each.shape[1]) for each in (words, ngrams)
        ]
        return self.weighed(words, ngrams, frequencies, len(titles))

    def weighed(
        self, words: sp.csr_matrix, ngrams: sp.csr_matrix, frequencies: Sequence[AnyInts], size: int
    ) -> Vectors:
        """The vectors of counted titles, of how many of all `size` hold each word and n-gram."""
        weights = (self.word_weight, 1 - self.word_weight)
        for counts, frequency, weight in zip((words, ngrams), frequencies, weights, strict=True):
            _weigh(counts, frequency, size)
            counts.data = (counts.data * np.float64(np.sqrt(weight))).astype(np.float32)
        # Without a word there are only n-grams of punctuation, which say nothing.
        present = words.getnnz(axis=1) > 0
        rows = sp.hstack([words, ngrams], format="csr", dtype=np.float32)
        del words, ngrams, counts  # a million titles take a gigabyte
        lengths = _lengths(rows)
        present &= lengths > 0
        if not present.all():
            rows, lengths = rows[present], lengths[present]
        # A title with words but no n-gram of its own is stretched to unit length.
        rows.data *= np.repeat(1 / lengths.astype(np.float32), np.diff(rows.indptr))
        rows.sort_indices()  # so the search reads memory in order, a tenth faster
        return Vectors.of(rows, present)


@dataclass(frozen=True, eq=False)
class TermCounts:
    """How often each of n titles holds each word and each n-gram."""

    words: sp.csr_matrix  # float32 (n, words)
    vocabulary: list[str]  # the words, in the order in which they first occur
    ngrams: sp.csr_matrix  # float32 (n, n-grams)
    packed: NDArray[np.uint64]  # the n-grams as numbers, ascending

    @classmethod
    def of(cls, titles: Sequence[str], letters: AnyInts | None = None) -> TermCounts:
        """Count normal titles; `letters`: those of all titles, where these are not all."""
        words, vocabulary = _word_counts(titles)
        letters = letters_of(titles) if letters is None else letters
        number = np.zeros(0x110000, dtype=np.uint64)
        number[letters] = np.minimum(np.arange(len(letters)), ALPHABET - 1)
        chunks = _chunks(titles)
        sized, packed = zip(*(_sized_counts(chunks, number, n) for n in NGRAMS), strict=True)
        ngrams = sp.hstack(sized, format="csr", dtype=np.float32)
        return cls(words, vocabulary, ngrams, np.concatenate(packed))


def _word_counts(titles: Sequence[str]) -> tuple[sp.csr_matrix, list[str]]:
    vocabulary: dict[str, int] = {}
    columns: list[int] = []
    ends = np.zeros(len(titles) + 1, dtype=np.int64)
    for row, title in enumerate(titles):
        columns += [vocabulary.setdefault(word, len(vocabulary)) for word in normal_tokens(title)]
        ends[row + 1] = len(columns)
    cells = np.ones(len(columns), dtype=np.float32), np.array(columns, dtype=np.int64), ends
    counts = sp.csr_matrix(cells, shape=(len(titles), len(vocabulary)))
    counts.sum_duplicates()
    return counts, list(vocabulary)


def _chunks(titles: Sequence[str]) -> list[Sequence[str]]:
    """The titles in parts of about as many characters."""
    before = np.cumsum([0, *map(len, titles)])[:-1]
    starts = (np.flatnonzero(np.diff(before // AT_ONCE)) + 1).tolist()
    return [titles[start:end] for start, end in pairwise([0, *starts, len(titles)])]


def letters_of(titles: Sequence[str]) -> Ints:
    """The code points that occur in titles, ascending."""
    occurs = np.zeros(0x110000, dtype=bool)
    for chunk in _chunks(titles):
        occurs[_letters(_padded(chunk))] = True
    return np.flatnonzero(occurs)


def _padded(titles: Sequence[str]) -> list[str]:
    # Two spaces between words and four between titles: no window over one of them is a word's.
    return [f" {'  '.join(title.split())} " for title in titles]


def _letters(padded: Sequence[str]) -> NDArray[np.uint32]:
    return np.frombuffer("  ".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _sized_counts(
    chunks: Sequence[Sequence[str]], number: NDArray[np.uint64], length: int
) -> tuple[sp.csr_matrix, NDArray[np.uint64]]:
    """The n-grams of one length that cross no word, each word with a space on either side.

    Some titles at a time, as sorting takes memory.
    """
    found = list(map_in_order(lambda titles: _windows(titles, number, length), chunks))
    distinct = np.unique(np.concatenate([own for own, _ in found]))
    parts = []
    for own, counts in found:
        place = np.searchsorted(distinct, own).astype(np.int32)
        # The order of the columns stays: both are sorted.
        cells = (counts.data, place[counts.indices], counts.indptr)
        parts.append(sp.csr_matrix(cells, shape=(counts.shape[0], len(distinct))))
    return sp.vstack(parts, format="csr"), distinct + np.uint64(length * LENGTH)


def _windows(
    titles: Sequence[str], number: NDArray[np.uint64], length: int
) -> tuple[NDArray[np.uint64], sp.csr_matrix]:
    """The distinct n-grams of some titles, each packed into 64 bits, and how often they occur."""
    padded = _padded(titles)
    letters = _letters(padded)
    spans = np.array([len(title) + 2 for title in padded], dtype=np.int64)
    owner = np.repeat(np.arange(len(titles)), spans)[: len(letters)]
    code = number[letters]
    space = letters == ord(" ")
    double = np.append(space[:-1] & space[1:], True)
    windows = max(len(letters) - length + 1, 0)
    whole = np.ones(windows, dtype=bool)
    packed: NDArray[np.uint64] = np.zeros(windows, dtype=np.uint64)
    for offset in range(length):
        packed = packed * np.uint64(ALPHABET) + code[offset : offset + windows]
        if offset < length - 1:
            whole &= ~double[offset : offset + windows]
    distinct, column = np.unique(packed[whole], return_inverse=True)
    ones = np.ones(len(column), dtype=np.float32)
    shape = (len(titles), len(distinct))
    return distinct, sp.csr_matrix((ones, (owner[:windows][whole], column)), shape=shape)


def _weigh(counts: sp.csr_matrix, frequency: AnyInts, size: int) -> None:
    """Sublinear frequency times smooth inverse document frequency, rows of unit length."""
    rarity = (np.log((1 + size) / (1 + frequency)) + 1).astype(np.float32)
    counts.data = (np.log(counts.data) + 1) * rarity[counts.indices]
    lengths = _lengths(counts)
    scale = (1 / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    counts.data *= np.repeat(scale, np.diff(counts.indptr))


def _lengths(rows: sp.csr_matrix) -> Floats:
    squares = sp.csr_matrix((rows.data**2, rows.indices, rows.indptr), shape=rows.shape)
    return np.asarray(np.sqrt(np.asarray(squares.sum(axis=1)).ravel()))
