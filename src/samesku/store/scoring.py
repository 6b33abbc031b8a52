"""Pairs of a live index through the pair classifier of the batch run, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.candidates import DENSITY_NEIGHBORS, Candidates, Source
from samesku.candidates.neighbors import Neighbors, density
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Modality, Vectors
from samesku.scoring.features import CatalogRows
from samesku.scoring.features.neighbourhood import Neighbourhoods
from samesku.scoring.features.title_words import TitleWords
from samesku.scoring.fusion import Judged
from samesku.scoring.learned import Learned
from samesku.store.content import Content, catalog_of
from samesku.store.memory import Memory
from samesku.store.postings import Payload

__all__ = ["Scored", "score_pairs"]

NEVER = 2.0
_ENCODERS: tuple[tuple[str, Modality], ...] = (("tfidf", "text"), ("phash", "photo"))
_NO_VECTORS = (sp.csr_matrix((0, 1), dtype=np.float32), np.empty((0, 8), dtype=np.uint8))


@dataclass(frozen=True, eq=False)
class Scored:
    """Scored pairs of distinct postings by their slots, and what is needed to explain them."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    candidates: Candidates
    catalog: Catalog
    judged: Judged

    def explanations(self, places: Sequence[int]) -> list[str | None]:
        """The explanations of the pairs at some places, the weightiest contribution first."""
        evidence = self.judged.evidence
        if evidence is None or not len(places):
            return [None] * len(places)
        return evidence.phrases(self.catalog, self.candidates, np.array(places))

    def table(self, place: int) -> pl.DataFrame:
        """`reason` and `log_odds` of one pair."""
        if self.judged.evidence is None:
            raise ValueError("the pair is scored by its photos alone")
        return self.judged.evidence.table(self.catalog, self.candidates, place)


def score_pairs(
    memory: Memory,
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    read: Callable[[Sequence[int]], Mapping[int, Payload]],
    learned: Learned,
    *,
    explain_from: float = NEVER,
    passing: int = -1,
) -> Scored:
    """Score pairs of distinct postings as the batch run would.

    The classifier sees a catalogue of the postings at the ends of the pairs. How many there are,
    how rare words are, who is near whom and how often a title is used is that of the whole store.

    Parameters
    ----------
    memory : Memory
        Holds both ends of all pairs, with their neighbours.
    left, right : integer (m,)
        Slots of distinct postings, ``left < right``, each pair once.
    read : callable
        Gives the content of slots.
    learned : Learned
    explain_from : float
        Pairs from this probability on can be explained.
    passing : int
        The slot of a posting that is only searched for.
    """
    order = np.lexsort((right, left))
    a, b = left[order].astype(np.int64), right[order].astype(np.int64)
    core = np.unique(np.concatenate([a, b]))
    near = [memory.neighbors(core, lists) for lists in (memory.text, memory.photo)]
    slots = _with_core_first(core, [found for _, found, _ in near])
    contents = memory.contents.of(core.tolist(), read, passing=passing)
    catalog = catalog_of(contents)
    candidates = _candidates(memory, a, b, core, slots, near)
    rows = CatalogRows(catalog, candidates.sources)
    _prepare(rows, memory, slots, contents)
    judged = learned.judge(candidates, catalog, explain_from, rows=rows)
    return Scored(a, b, candidates, catalog, judged)


def _with_core_first(
    core: NDArray[np.int64], others: Sequence[NDArray[np.int64]]
) -> NDArray[np.int64]:
    """The slots of `core`, then all others that are near them."""
    known = np.unique(np.concatenate(others))
    return np.concatenate([core, known[~_within(core, known)]])


def _within(ascending: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.bool_]:
    place = np.minimum(np.searchsorted(ascending, asked), len(ascending) - 1)
    there: NDArray[np.bool_] = ascending[place] == asked
    return there


def _candidates(
    memory: Memory,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    core: NDArray[np.int64],
    slots: NDArray[np.int64],
    near: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]],
) -> Candidates:
    """The pairs as candidates among the slots, with the neighbours of the core ones."""
    order = np.argsort(slots)
    ascending = slots[order]
    a, b = np.searchsorted(core, left), np.searchsorted(core, right)
    found = np.empty((len(left), 2), dtype=bool)
    sources = []
    for at, ((name, modality), (query, others, similarity)) in enumerate(
        zip(_ENCODERS, near, strict=True)
    ):
        known = np.sort(query * len(slots) + order[np.searchsorted(ascending, others)])
        found[:, at] = np.isin(a * len(slots) + b, known) | np.isin(b * len(slots) + a, known)
        place = order[np.searchsorted(ascending, others)]
        neighbors = Neighbors(query, place, similarity, len(slots))
        vectors = Vectors(_NO_VECTORS[at], np.empty(0, dtype=np.int64), len(slots))
        sources.append(Source(name, modality, vectors, neighbors))
    # A pair that was asked for though nothing found it near is scored all the same.
    found[~found.any(axis=1), 0] = True
    return Candidates(
        a,
        b,
        np.stack([memory.text_similarity(core, a, b), memory.photo_similarity(left, right)], 1),
        found,
        np.stack([density(each.neighbors, DENSITY_NEIGHBORS) for each in sources], 1)[: len(core)],
        ("tfidf", "phash"),
        ("text", "photo"),
        ("sparse", "bits"),
        tuple(sources),
    )


def _prepare(
    rows: CatalogRows, memory: Memory, slots: NDArray[np.int64], contents: Sequence[Content]
) -> None:
    """Give the features the numbers of the whole store in place of those of a few postings."""
    catalog, size = rows.catalog, len(contents)
    held, columns = _held(memory, slots, size)
    numbers = np.concatenate([each.numbers for each in contents])
    tokens = [token for each in contents for token in each.tokens]
    # The words of the core postings have the first columns; the others need no name.
    own = np.argsort(columns[: held[:size].indices.max(initial=-1) + 1])
    names = [""] * len(own)
    place = own[np.minimum(np.searchsorted(columns[own], numbers), max(len(own) - 1, 0))]
    for at, token in zip(place.tolist(), tokens, strict=True):
        names[at] = token
    rarity = _rarity(memory, columns)
    lists = [each.tokens for each in contents]
    words = TitleWords(catalog.normal_titles, lists, names, held[:size], rarity, catalog.stated)
    whole = TitleWords([], [], names, held, rarity, [])
    around = Neighbourhoods.of(whole, rows.sources[0].neighbors)
    uses = [
        memory.title_uses(slot) if title else np.nan
        for slot, title in zip(slots[:size].tolist(), catalog.normal_titles, strict=True)
    ]
    vars(rows).update(
        size=len(memory),
        words=words,
        around=_first(around, held, size),
        title_uses=np.array(uses, dtype=np.float64),
    )


def _held(
    memory: Memory, slots: NDArray[np.int64], size: int
) -> tuple[sp.csr_matrix, NDArray[np.int32]]:
    """Which words the titles of slots hold, those of the first `size` first; and their terms."""
    read = memory.terms.words(slots)
    terms, column = np.unique(read.columns, return_inverse=True)
    later = np.ones(len(terms), dtype=bool)
    later[column[read.owner < size]] = False
    order = np.argsort(later, kind="stable")
    place = np.empty(len(terms), dtype=np.int64)
    place[order] = np.arange(len(terms))
    width = max(len(terms), 1)
    # A term is twice in a title where two of its words have one number.
    cells = np.unique(read.owner * width + place[column])
    owner, indices = np.divmod(cells, width)
    ends = np.searchsorted(owner, np.arange(len(slots) + 1))
    ones = np.ones(len(indices), dtype=np.float32)
    return sp.csr_matrix((ones, indices, ends), shape=(len(slots), width)), terms[order]


def _rarity(memory: Memory, columns: NDArray[np.int32]) -> NDArray[np.float32]:
    """As :func:`samesku.scoring.presence.rarity`, of the whole store."""
    size = len(memory)
    if not len(columns):
        return np.ones(1, dtype=np.float32)
    rare = np.log((1 + size) / (1 + memory.frequency[columns])) + 1
    return np.asarray(rare / (np.log((1 + size) / 2) + 1), dtype=np.float32)


def _first(around: Neighbourhoods, held: sp.csr_matrix, size: int) -> Neighbourhoods:
    """Those of the first postings only."""
    cells = held.indptr[size]
    return Neighbourhoods(
        around.around[:size],
        around.directions[:size],
        around.local[:cells],
        around.variant[:cells],
        around.mass[:size],
        around.split[:size],
        around.rarity[:size],
    )
