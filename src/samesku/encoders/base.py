"""What an encoder is: postings in, vectors out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from samesku.catalog.catalog import Catalog
from samesku.runtime.arrays import Array, Bools, Bytes, Ints
from samesku.runtime.memory import kept
from samesku.runtime.progress import Advance

Modality: TypeAlias = Literal["text", "photo"]
Kind: TypeAlias = Literal["dense", "sparse", "bits"]
# float32 array, uint8 array or float32 CSR matrix: Vectors.kind says which.
Rows: TypeAlias = Any


@dataclass(frozen=True, eq=False)
class Vectors:
    """The vectors of a catalogue of `size` postings under one encoder.

    A posting owns no row when this modality is missing, one row usually, and several when an
    encoder looks at it in several ways (a photo whole, mirrored, cropped). The similarity of two
    postings is the largest over their rows: the cosine, for bits one minus the share that differ.

    `rows` are unit rows, float32 ``(r, d)`` or float32 CSR ``(r, d)``, or packed bits uint8
    ``(r, b / 8)``; `owner`, int64 ``(r,)`` ascending, is the posting of each. Where `probe`, bool
    ``(r,)``, is true, a row only asks and is not itself found; None: every row can be found.
    """

    rows: Rows
    owner: Ints
    size: int
    probe: Bools | None = None

    @classmethod
    def of(cls, rows: Rows, present: Bools) -> Vectors:
        """One row per posting: `rows` holds those of the postings that are `present`, in order."""
        return cls(rows, np.flatnonzero(present), len(present))

    @property
    def kind(self) -> Kind:
        """How the rows are stored, which decides how they are searched."""
        if sp.issparse(self.rows):
            return "sparse"
        return "bits" if self.rows.dtype == np.uint8 else "dense"

    @property
    def present(self) -> Bools:
        """Which postings have this modality, bool ``(size,)``."""
        return np.bincount(self.owner, minlength=self.size) > 0

    def select(self, keep: Bools) -> Vectors:
        """Only the rows of the postings to `keep`, bool ``(size,)``; positions stay as they are."""
        return self._only(keep[self.owner])

    @property
    def findable(self) -> Vectors:
        """Without the probes, which only ask and are not found."""
        return self if self.probe is None else self._only(~self.probe)

    @property
    def shelved(self) -> Vectors:
        """The same, where they are large in a file: to compare some pairs of them."""
        rows = self.rows
        if not sp.issparse(rows):
            return replace(self, rows=kept(rows))
        cells = kept(rows.data), kept(rows.indices), rows.indptr
        return replace(self, rows=sp.csr_matrix(cells, shape=rows.shape, copy=False))

    def _only(self, mask: Bools) -> Vectors:
        probe = None if self.probe is None else self.probe[mask]
        return Vectors(self.rows[mask], self.owner[mask], self.size, probe)


class Encoder(ABC):
    """Anything that turns postings into vectors; see its two kinds.

    `name` is what users call it, e.g. ``"tfidf"``; `fingerprint`, part of cache keys, changes
    whenever the vectors would.
    """

    modality: ClassVar[Modality]
    name: str
    fingerprint: str

    @property
    def notes(self) -> list[str]:
        """What the user should know of what was encoded last, e.g. how many titles were cut."""
        return []


class TextEncoder(Encoder):
    """Turns the titles of a catalogue, all at once, into vectors."""

    modality: ClassVar[Modality] = "text"

    @abstractmethod
    def encode_titles(self, titles: Sequence[str]) -> Vectors:
        """Vectors of the normal titles, in order; an empty title owns no row."""

    def encode_with_progress(self, titles: Sequence[str], advance: Advance) -> Vectors:
        """As :meth:`encode_titles`, calling `advance` with the number of titles just done."""
        vectors = self.encode_titles(titles)
        advance(len(titles))
        return vectors


class PhotoEncoder(Encoder):
    """Turns photos into vectors, in two steps so that one decoding serves several encoders."""

    modality: ClassVar[Modality] = "photo"
    # Which of the rows made per photo only ask, bool (views,).
    probes: Bools = np.zeros(1, dtype=bool)

    @abstractmethod
    def look(self, photo: Bytes) -> Array:
        """What this encoder keeps of a decoded RGB photo ``(h, w, 3)``; runs in many threads."""

    @abstractmethod
    def embed(self, looks: Sequence[Array]) -> Array:
        """Rows ``(photos, views, d)`` for a batch of looks, unit float32 or packed bits uint8."""

    def informative(self, rows: Array) -> Bools:
        """Which photos have a vector, bool ``(photos,)``: the first row of a blank one is zero."""
        return np.asarray(rows[:, 0].any(axis=1))

    def given(self, catalog: Catalog) -> tuple[Array, Bools] | None:
        """Rows ``(present, views, d)`` that the catalogue brings, and bool ``(n,)`` whose."""
        return None
