"""How modalities combine to a decision: union, concat and union-all, under one signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from samesku.candidates import Candidates
from samesku.catalog import Catalog

__all__ = ["FUSIONS", "Concat", "Fusion", "Line", "Union", "UnionAll", "fusion_by_name"]

Scores = NDArray[np.float32]


class Fusion(Protocol):
    """Judges candidates. A score of 0.5 is the line between matched and not."""

    @property
    def name(self) -> str:
        """What users call it."""

    def score(self, candidates: Candidates, catalog: Catalog) -> Scores:
        """How sure it is that each pair is the same product, float32 ``(m,)`` in [0, 1]."""

    def lists(self, candidates: Candidates) -> dict[str, NDArray[np.bool_]]:
        """Which of the text, photo and combined matches each pair is in, bool ``(m,)``."""

    @property
    def lines(self) -> dict[str, Line]:
        """The lines it draws, by the name of the encoder or of the combination."""

    def with_lines(self, lines: Mapping[str, Line]) -> Fusion:
        """The same fusion with other lines."""


@dataclass(frozen=True)
class Line:
    """Where similarity becomes a match.

    Parameters
    ----------
    threshold : float
        Least similarity, after the correction for crowding.
    crowding : float
        Share of the mean density around both postings taken off their similarity (cross-domain
        local scaling: Conneau et al., "Word translation without parallel data", 2018). In a crowded
        part of a catalogue, where all offers look alike, more is asked; it also makes one threshold
        hold in small and in large catalogues.
    at_least : float
        Least similarity before the correction: nothing below is ever a match.
    """

    threshold: float
    crowding: float = 0.0
    at_least: float = 0.0

    def score(self, similarity: Scores, density: Scores) -> Scores:
        """Map similarity to [0, 1] with the line at 0.5; NaN becomes 0.

        Parameters
        ----------
        similarity, density : float32 (m,)
            Of each pair, and the mean density around its two postings.
        """
        above = similarity - self.crowding * density - self.threshold
        if self.at_least > 0:
            above = np.minimum(above, similarity - self.at_least)
        room = np.where(above >= 0, max(1 - self.threshold, 1e-6), max(self.threshold, 1e-6))
        return np.nan_to_num(np.clip(0.5 + 0.5 * above / room, 0, 1)).astype(np.float32)


# Chosen on the training postings of the Shopee data (docs/evaluation.md tells the command);
# the photo encoders' from their own papers' copies, see docs/photos.md.
DEFAULT_LINES = {
    "tfidf": Line(0.36, crowding=0.5, at_least=0.45),
    "phash": Line(1 - 6 / 64),
    "signature": Line(0.9),
}
DEFAULT_PHOTO_LINE = Line(0.85)
DEFAULT_TEXT_LINE = Line(0.8)
DEFAULT_COMBINED_LINE = Line(0.36, crowding=0.5, at_least=0.45)
DEFAULT_TEXT_WEIGHT = 0.6


@dataclass(frozen=True)
class Union:
    """Text matches together with photo matches: each encoder has a line of its own."""

    drawn: Mapping[str, Line] = field(default_factory=dict)
    name: str = "union"

    @property
    def lines(self) -> dict[str, Line]:
        """Lines that differ from the defaults, by encoder."""
        return dict(self.drawn)

    def with_lines(self, lines: Mapping[str, Line]) -> Union:
        """The same fusion with other lines."""
        return replace(self, drawn={**self.drawn, **lines})

    def score(self, candidates: Candidates, catalog: Catalog) -> Scores:
        """The best of the encoders' scores."""
        best: Scores = np.max(self._scores(candidates), axis=1, initial=0)
        return best

    def lists(self, candidates: Candidates) -> dict[str, NDArray[np.bool_]]:
        """Text matches and photo matches."""
        matched = self._scores(candidates) >= 0.5
        of = np.array(candidates.modalities)
        return {
            modality: np.any(matched[:, of == modality], axis=1) for modality in ("text", "photo")
        }

    def line(self, candidates: Candidates, column: int) -> Line:
        """The line of one encoder."""
        encoder = candidates.encoders[column]
        fallback = (
            DEFAULT_TEXT_LINE if candidates.modalities[column] == "text" else DEFAULT_PHOTO_LINE
        )
        return self.drawn.get(encoder, DEFAULT_LINES.get(encoder, fallback))

    def _scores(self, candidates: Candidates) -> Scores:
        columns = [
            self.line(candidates, column).score(
                candidates.similarity[:, column],
                _pair_mean(candidates, candidates.density[:, column]),
            )
            for column in range(len(candidates.encoders))
        ]
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Concat:
    """One combined vector per posting, each modality unit-normalised, and one line for its cosine.

    The cosine of two concatenated vectors is the weighted mean of the modalities' cosines, and no
    mean is larger than its largest part: the neighbours of each modality above the line hold every
    neighbour of the combined vector above it, so the combined vector is never built. Where one of
    the two postings lacks a modality, the others speak alone.

    Parameters
    ----------
    text_weight : float
        Share of the text in the combined cosine.
    """

    drawn: Mapping[str, Line] = field(default_factory=dict)
    text_weight: float = DEFAULT_TEXT_WEIGHT
    name: str = "concat"

    @property
    def lines(self) -> dict[str, Line]:
        """The one line, named `combined`."""
        return {"combined": self.drawn.get("combined", DEFAULT_COMBINED_LINE)}

    def with_lines(self, lines: Mapping[str, Line]) -> Concat:
        """The same fusion with another line."""
        return replace(self, drawn={**self.drawn, **lines})

    def score(self, candidates: Candidates, catalog: Catalog) -> Scores:
        """Score of the combined cosine."""
        similarity, density = self.combine(candidates)
        return self.lines["combined"].score(similarity, density)

    def lists(self, candidates: Candidates) -> dict[str, NDArray[np.bool_]]:
        """Combined matches."""
        similarity, density = self.combine(candidates)
        return {"combined": self.lines["combined"].score(similarity, density) >= 0.5}

    def combine(self, candidates: Candidates) -> tuple[Scores, Scores]:
        """Combined cosine of each pair and the density around it, both float32 ``(m,)``."""
        of = np.array(candidates.modalities)
        share = np.where(of == "text", self.text_weight, 1 - self.text_weight)
        weight = share / np.array([np.count_nonzero(of == modality) for modality in of])
        there = ~np.isnan(candidates.similarity)
        total = np.maximum((there * weight).sum(axis=1), 1e-9)
        cosine = _as_cosine(candidates.similarity, candidates.encoders)
        similarity = np.nansum(cosine * weight, axis=1) / total
        dense = np.maximum(_as_cosine(candidates.density, candidates.encoders), 0)
        around = (dense[candidates.left] + dense[candidates.right]) / 2
        density = np.sum(around * weight * there, axis=1) / total
        return similarity.astype(np.float32), density.astype(np.float32)


@dataclass(frozen=True)
class UnionAll:
    """Text matches, photo matches and combined matches together."""

    union: Union = field(default_factory=Union)
    concat: Concat = field(default_factory=Concat)
    name: str = "union-all"

    @property
    def lines(self) -> dict[str, Line]:
        """The lines of both parts."""
        return {**self.union.lines, **self.concat.lines}

    def with_lines(self, lines: Mapping[str, Line]) -> UnionAll:
        """The same fusion with other lines."""
        combined = {key: line for key, line in lines.items() if key == "combined"}
        others = {key: line for key, line in lines.items() if key != "combined"}
        return replace(
            self, union=self.union.with_lines(others), concat=self.concat.with_lines(combined)
        )

    def score(self, candidates: Candidates, catalog: Catalog) -> Scores:
        """The better of both parts' scores."""
        parts = self.union.score(candidates, catalog), self.concat.score(candidates, catalog)
        return np.maximum(*parts)

    def lists(self, candidates: Candidates) -> dict[str, NDArray[np.bool_]]:
        """Text, photo and combined matches."""
        return {**self.union.lists(candidates), **self.concat.lists(candidates)}


FUSIONS = {"union": Union, "concat": Concat, "union-all": UnionAll}


def fusion_by_name(name: str) -> Fusion:
    """The fusion that users call `name`, with its default lines."""
    if name not in FUSIONS:
        raise ValueError(f"there is no fusion {name!r}; choose one of {', '.join(FUSIONS)}")
    fusion: Fusion = FUSIONS[name]()
    return fusion


def _pair_mean(candidates: Candidates, density: Scores) -> Scores:
    return (density[candidates.left] + density[candidates.right]) / np.float32(2)


def _as_cosine(similarity: Scores, encoders: tuple[str, ...]) -> Scores:
    """Shares of agreeing bits become the cosine of the bits read as +1 and -1."""
    bits = np.array([encoder == "phash" for encoder in encoders])
    return np.where(bits, 2 * similarity - 1, similarity)
