"""Two catalogues side by side, and the pairs across them that are worth judging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates, Source, join_candidates
from samesku.candidates.neighbors import Method, Neighbors, nearest
from samesku.candidates.similarity import pair_similarity
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Encoder, Vectors
from samesku.encoders.encode import Encoded, encode
from samesku.runtime.cache import Cache
from samesku.runtime.progress import Progress
from samesku.scoring.features.descriptions import DescribedWords, described_words
from samesku.scoring.features.title_words import TitleWords, title_words

__all__ = ["DESCRIPTION", "FLOOR", "Sides", "candidates_across", "with_pairs"]

# What is looked at; whatever else a shop's table holds (labels, above all) stays out of sight.
READ = ("posting_id", "title", "image_phash", "price", "brand", "description")
# Lower than within one catalogue: two shops word their titles in ways of their own.
FLOOR = {"sparse": 0.1, "dense": 0.5, "bits": 0.75}
# The name of the search among titles and descriptions taken together.
DESCRIPTION = "whole"


@dataclass(frozen=True, eq=False)
class Sides:
    """Two catalogues; their ids may overlap, for an id is only looked up on its own side.

    Attributes
    ----------
    left, right : Catalog
    """

    left: Catalog
    right: Catalog

    @cached_property
    def both(self) -> Catalog:
        """One catalogue of all postings, the left ones first, without labels.

        Encoded together, so that words are as rare as they are in both shops taken together.
        """
        frames = [
            side.frame.select(name for name in READ if name in side.frame.columns)
            for side in (self.left, self.right)
        ]
        return Catalog(
            pl.concat(frames, how="diagonal_relaxed"),
            self.left.photos + self.right.photos,
            name=f"{self.left.name} and {self.right.name}",
        )

    @property
    def is_left(self) -> NDArray[np.bool_]:
        """Which postings of `both` are the left catalogue's, bool ``(n,)``."""
        return np.arange(len(self.left) + len(self.right)) < len(self.left)

    @cached_property
    def title_words(self) -> TitleWords:
        """The words of the titles of `both`."""
        return title_words(self.both.normal_titles)

    @cached_property
    def words(self) -> DescribedWords:
        """The words of titles and descriptions of `both`."""
        return described_words(self.both)


def candidates_across(
    sides: Sides,
    encoders: Sequence[Encoder],
    *,
    k: int,
    method: Method,
    cache: Cache,
    progress: Progress,
) -> tuple[Candidates, Encoded]:
    """The pairs of a left and a right posting that are near under any encoder, from either end.

    Parameters
    ----------
    sides : Sides
    encoders : sequence of Encoder
        Where a posting has a description, titles and descriptions taken together are one more.
    k : int
        Neighbours per posting and encoder.
    method : {"auto", "exact", "approximate"}
    cache : Cache
    progress : Progress

    Returns
    -------
    candidates : Candidates
        Positions in `sides.both`; the left posting of each pair is of the left catalogue.
    encoded : Encoded
        With the vectors of all searches, in the order of the candidates' encoders.
    """
    encoded = encode(sides.both, encoders, cache, progress)
    looks = [
        (encoder.name, encoder.modality, vectors)
        for encoder, vectors in zip(encoders, encoded.vectors, strict=True)
    ]
    with progress.stage("read descriptions"):
        if sides.words.described.any():
            looks.append((DESCRIPTION, "text", sides.words.vectors))
    sources = []
    for name, modality, vectors in looks:
        with progress.stage(f"find neighbours ({name})"):
            found = _across(vectors, sides.is_left, k, method)
        sources.append(Source(name, modality, vectors, found))
    with progress.stage("join candidates"):
        candidates = join_candidates(sources)
    return candidates, replace(encoded, vectors=[vectors for _, _, vectors in looks])


def with_pairs(
    candidates: Candidates, left: NDArray[np.int64], right: NDArray[np.int64]
) -> Candidates:
    """The candidates and further pairs, each once, with their similarities."""
    size = candidates.size
    before = candidates.left * size + candidates.right
    new = np.setdiff1d(left * size + right, before)
    more_left, more_right = np.divmod(new, size)
    similarity = [
        pair_similarity(source.vectors, more_left, more_right) for source in candidates.sources
    ]
    order = np.argsort(np.concatenate([before, new]), kind="stable")
    return replace(
        candidates,
        left=np.concatenate([candidates.left, more_left])[order],
        right=np.concatenate([candidates.right, more_right])[order],
        similarity=np.vstack([candidates.similarity, np.stack(similarity, axis=1)])[order],
        found=np.vstack([candidates.found, np.zeros((len(new), len(similarity)), bool)])[order],
    )


def _across(vectors: Vectors, is_left: NDArray[np.bool_], k: int, method: Method) -> Neighbors:
    """The nearest right postings of each left one, then the nearest left ones of each right one."""
    halves = vectors.select(is_left), vectors.select(~is_left)
    floor = FLOOR[vectors.kind]
    there = nearest(*halves, k=k, floor=floor, method=method)
    back = nearest(*halves[::-1], k=k, floor=floor, method=method)
    return Neighbors(
        np.concatenate([there.query, back.query]),
        np.concatenate([there.candidate, back.candidate]),
        np.concatenate([there.similarity, back.similarity]),
        vectors.size,
    )
