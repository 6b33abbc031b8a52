"""Pairs of a live index through the pair classifier of the batch run, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from samesku.scoring.presence import rarity_of
from samesku.store.memory import Memory, Near
from samesku.store.postings import Payload
from samesku.store.said import Said, catalog_of
from samesku.store.terms import NO_COLUMN, term_number

__all__ = ["ASKING", "Scored", "score_pairs"]

NEVER = 2.0
ONE: NDArray[np.float32] = np.ones(1, dtype=np.float32)
# The number of a posting that is only searched for: larger than any.
ASKING = 2**62


@dataclass(frozen=True, eq=False)
class Scored:
    """Scored pairs of distinct postings, and what is needed to explain them."""

    pairs: list[tuple[int, int]]
    candidates: Candidates
    catalog: Catalog
    judged: Judged

    def explanations(self, places: Sequence[int]) -> list[str | None]:
        """The reasons of the pairs at some places, weightiest first."""
        evidence = self.judged.evidence
        if evidence is None or not len(places):
            return [None] * len(places)
        return evidence.phrases(self.catalog, self.candidates, np.array(places))

    def table(self, place: int) -> pl.DataFrame:
        """`reason` and `log_odds` of one pair."""
        if self.judged.evidence is None:
            raise ValueError("the pair is told by its photos alone")
        return self.judged.evidence.table(self.catalog, self.candidates, place)


def score_pairs(
    memory: Memory,
    pairs: Sequence[tuple[int, int]],
    read: Callable[[Sequence[int]], dict[int, Payload]],
    learned: Learned,
    *,
    explain_from: float = NEVER,
) -> Scored:
    """Score pairs of distinct postings as the batch run would.

    The classifier sees a catalogue of the postings at the ends of the pairs. How many there are,
    how rare words are, who is near whom and how often a title is used is that of the whole store.

    Parameters
    ----------
    memory : Memory
        Holds both ends of all pairs, with their neighbours.
    pairs : sequence of (int, int)
        Numbers of distinct postings, each pair once and the smaller first.
    read : callable
        Gives the content of distinct postings.
    learned : Learned
    explain_from : float
        Pairs from this probability on can be explained.
    """
    pairs = sorted(pairs)
    core = sorted({end for pair in pairs for end in pair})
    near = {
        name: {number: memory.neighbors(number, lists) for number in core}
        for name, lists in (("tfidf", memory.near_text), ("phash", memory.near_photo))
    }
    known = set(core)
    outer = sorted(
        {each for others, _ in near["tfidf"].values() for each in others.tolist()}.union(
            each for others, _ in near["phash"].values() for each in others.tolist()
        )
        - known
    )
    place = {number: at for at, number in enumerate([*core, *outer])}
    said = memory.sayings.of(core, read, passing=ASKING)
    catalog = catalog_of(said, [str(n) for n in core], "store")
    candidates = _candidates(memory, pairs, near, place, len(core))
    rows = CatalogRows(catalog, candidates.sources)
    _prepare(rows, memory, [*core, *outer], said)
    judged = learned.judge(candidates, catalog, explain_from, rows=rows)
    return Scored(list(pairs), candidates, catalog, judged)


def _candidates(
    memory: Memory,
    pairs: Sequence[tuple[int, int]],
    near: dict[str, dict[int, Near]],
    place: dict[int, int],
    size: int,
) -> Candidates:
    sources = []
    for name, lists in near.items():
        vectors = Vectors(
            sp.csr_matrix((0, 1), dtype=np.float32)
            if name == "tfidf"
            else np.empty((0, 8), dtype=np.uint8),
            np.empty(0, dtype=np.int64),
            len(place),
        )
        modality: Modality = "text" if name == "tfidf" else "photo"
        sources.append(Source(name, modality, vectors, _neighbors(lists, place)))
    similarity = np.stack(
        [memory.text_similarity(list(pairs)), memory.photo_similarity(list(pairs))], 1
    )
    found = np.array(
        [[b in lists[a][0] or a in lists[b][0] for lists in near.values()] for a, b in pairs]
    ).reshape(-1, 2)
    # A pair that was asked for though nothing found it near is judged all the same.
    found[~found.any(axis=1), 0] = True
    return Candidates(
        np.array([place[a] for a, _ in pairs], dtype=np.int64),
        np.array([place[b] for _, b in pairs], dtype=np.int64),
        similarity,
        found,
        np.stack([density(each.neighbors, DENSITY_NEIGHBORS) for each in sources], 1)[:size],
        ("tfidf", "phash"),
        ("text", "photo"),
        ("sparse", "bits"),
        tuple(sources),
    )


def _neighbors(lists: dict[int, Near], place: dict[int, int]) -> Neighbors:
    parts = list(lists.items())
    query = np.repeat(
        np.array([place[number] for number, _ in parts], dtype=np.int64),
        [len(others) for _, (others, _) in parts],
    )
    others = [place[each] for _, (found, _) in parts for each in found.tolist()]
    similarity = [values for _, (_, values) in parts]
    return Neighbors(
        query,
        np.array(others, dtype=np.int64),
        np.concatenate(similarity) if similarity else np.empty(0, dtype=np.float32),
        len(place),
    )


def _prepare(
    rows: CatalogRows, memory: Memory, numbers: Sequence[int], said: Sequence[Said]
) -> None:
    """Give the features the numbers of the whole store in place of those of a few postings."""
    catalog, size = rows.catalog, len(said)
    lists = [each.tokens for each in said]
    terms = [memory.terms[number] for number in numbers]
    owner = np.repeat(np.arange(len(terms)), [each.words for each in terms])
    columns = np.concatenate([NO_COLUMN, *(each.columns[: each.words] for each in terms)])
    distinct, indices = np.unique(columns, return_inverse=True)
    # A term is twice in a title where two of its words have one number.
    cells = np.unique(owner * max(len(distinct), 1) + indices)
    owner, indices = np.divmod(cells, max(len(distinct), 1))
    ends = np.searchsorted(owner, np.arange(len(numbers) + 1))
    ones = np.ones(len(indices), dtype=np.float32)
    held = sp.csr_matrix((ones, indices, ends), shape=(len(numbers), max(len(distinct), 1)))
    names = [""] * held.shape[1]
    for word in {word for words in lists for word in words}:
        at = int(np.searchsorted(distinct, term_number(word)))
        if at < len(distinct) and distinct[at] == term_number(word):
            names[at] = word
    rarity = rarity_of(memory.frequency[distinct], len(memory)) if len(distinct) else ONE
    words = TitleWords(catalog.normal_titles, lists, names, held[:size], rarity, catalog.stated)
    found = rows.sources[0].neighbors
    whole = TitleWords([], [], names, held, rarity, [])
    vars(rows)["size"] = len(memory)
    vars(rows)["words"] = words
    vars(rows)["around"] = _first(Neighbourhoods.of(whole, found), held, size)
    vars(rows)["title_uses"] = np.array(
        [
            memory.title_uses(number) if title else np.nan
            for number, title in zip(numbers[:size], catalog.normal_titles, strict=True)
        ],
        dtype=np.float64,
    )


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
