"""A catalogue to train on, and what its pairs look like to each pass of the classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.encoders.word_weights import WordWeights
from samesku.scoring.classifier import by_learned_words, look_again
from samesku.scoring.features import Features, TitleWords, glance, pair_features, title_words
from samesku.training.word_weights import similarity_by_fold

__all__ = ["Scene", "parts_of", "stacked"]

# Postings whose photos the training does not see.
PHOTO_GAPS = 0.1


@dataclass(frozen=True, eq=False)
class Scene:
    """A catalogue to train on, and what its pairs look like to each pass."""

    catalog: Catalog
    candidates: Candidates
    labels: NDArray[np.int64]
    seed: int

    @cached_property
    def words(self) -> TitleWords:
        return title_words(self.catalog.normal_titles)

    @cached_property
    def glanced(self) -> Features:
        """What the sieve reads of all pairs."""
        return self._with_photo_gaps(glance(self.catalog, self.candidates), self.candidates)

    def crossed_words(
        self, weights: Mapping[int, WordWeights], dealt: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Similarity of all pairs by learned words, under weights that did not see their truth."""
        ends, fold = (self.candidates.left, self.candidates.right), dealt[self.labels]
        return similarity_by_fold(weights, self.catalog.normal_titles, self.labels, *ends, fold)

    def described(
        self,
        kept: NDArray[np.int64],
        told: NDArray[np.float32],
        known: tuple[NDArray[np.int64], Features] | None = None,
    ) -> Features:
        """What the first pass reads of the pairs that the sieve left.

        Parameters
        ----------
        kept : int64 (k,)
        told : float32 (m,)
            Similarity of all pairs by learned words.
        known : (int64 (j,), Features), optional
            Pairs that were described before, ascending: only their learned words are new.
        """
        learned = by_learned_words(told, self.candidates).take(kept)
        if known is None:
            return self._without_words(kept).beside(learned)
        places, described = known
        old = np.isin(kept, places, assume_unique=True)
        new = self._without_words(kept[~old])
        values = np.empty((len(kept), len(new.names)), dtype=np.float32)
        again = described.take(np.searchsorted(places, kept[old]))
        values[old], values[~old] = again.select(new.names), new.values
        return Features(new.names, values).beside(learned)

    def _without_words(self, kept: NDArray[np.int64]) -> Features:
        """All that the first pass reads but what was learned about words."""
        near, glanced = self.candidates.take(kept), self.glanced.take(kept)
        described = pair_features(self.catalog, near, self.words, glanced=glanced)
        return self._with_photo_gaps(described, near)

    def again(self, kept: NDArray[np.int64], first: NDArray[np.float32]) -> Features:
        """What the second pass reads besides."""
        return look_again(self.candidates.take(kept), first, self.words)

    def _with_photo_gaps(self, described: Features, candidates: Candidates) -> Features:
        """Take the photos of some postings away, so that the model learns to do without them."""
        gone = np.random.default_rng(self.seed).random(candidates.size) < PHOTO_GAPS
        pairs = gone[candidates.left] | gone[candidates.right]
        photo = [
            name
            for name, modality in zip(candidates.encoders, candidates.modalities, strict=True)
            if modality == "photo"
        ]
        values = described.values.copy()
        for column, name in enumerate(described.names):
            if name in photo or name.startswith(tuple(f"{each}_" for each in ("photo", *photo))):
                values[pairs, column] = np.nan
        return Features(described.names, values)


def stacked(parts: Sequence[Features]) -> Features:
    """The pairs of several catalogues one after the other; a name that one lacks is NaN there."""
    names = parts[0].names
    return Features(names, np.concatenate([part.select(names, may_miss=names) for part in parts]))


def parts_of(kept: NDArray[np.int64], lengths: Sequence[int]) -> list[NDArray[np.int64]]:
    """Places in the stacked pairs of catalogues as places in each of them."""
    ends = np.cumsum(lengths)
    cuts = np.searchsorted(kept, ends[:-1])
    return [
        part - begin
        for part, begin in zip(np.split(kept, cuts), ends - np.asarray(lengths), strict=True)
    ]
