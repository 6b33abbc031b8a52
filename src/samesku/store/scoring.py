"""Pairs of a live index through the pair classifier of the batch run, a few at a time."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import scipy.sparse as sp
import sqlalchemy as sa
from numpy.typing import NDArray

from samesku.candidates.candidates import DENSITY_NEIGHBORS, Candidates, Source, places_among
from samesku.candidates.neighbors import Neighbors, density
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Modality, Vectors
from samesku.runtime.arrays import Array, Bools, Floats, Ints
from samesku.scoring.features import CatalogRows
from samesku.scoring.features.attributes import any_clash, attribute_counts, attribute_rows
from samesku.scoring.features.brands import brand_rows
from samesku.scoring.features.descriptions import described_words
from samesku.scoring.features.neighbourhood import Neighbourhoods
from samesku.scoring.features.similarities import Ranks
from samesku.scoring.features.words import TitleWords
from samesku.scoring.fusion import PairScores
from samesku.scoring.learned import Learned
from samesku.scoring.presence import filled_rows, rarity_of, rows_between
from samesku.store.content import Content, catalog_of
from samesku.store.memory import SPAN, Memory
from samesku.store.terms import WIDTH

_ENCODERS: tuple[tuple[str, Modality], ...] = (("tfidf", "text"), ("phash", "photo"))
# Held by a search or a change of one posting while it computes: two threads that do so at a time
# take the interpreter from each other hundreds of times, which costs a fifth more.
COMPUTING = threading.Lock()
_NO_VECTORS = (sp.csr_matrix((0, 1), dtype=np.float32), np.empty((0, 8), dtype=np.uint8))


@dataclass(frozen=True, eq=False)
class Scored:
    """Scored pairs of distinct postings, and what is needed to explain them."""

    clashes: Bools  # in an attribute that may not differ
    candidates: Candidates
    catalog: Catalog
    predicted: PairScores

    def explanations(self, places: Sequence[int]) -> list[str | None]:
        """The explanations of the pairs at some places, the weightiest contribution first."""
        explanations = self.predicted.explanations
        if explanations is None:
            return [None] * len(places)
        return explanations.phrases(self.catalog, self.candidates, np.array(places))

    def reasons(self, place: int) -> list[dict[str, Any]]:
        """`reason` and `log_odds` of one pair; none where it is scored by its photos alone."""
        explanations = self.predicted.explanations
        if explanations is None or place not in explanations.places:
            return []
        return explanations.table(self.catalog, self.candidates, place).to_dicts()


def score_pairs(
    connection: sa.Connection,
    memory: Memory,
    left: Ints,
    right: Ints,
    learned: Learned,
    *,
    explain_from: float,
    found: Floats | None = None,
    sought: bool = False,
) -> Scored:
    """Score pairs of distinct postings as the batch run would.

    The classifier sees a catalogue of the postings at the ends of the pairs. How many there are,
    how rare words are, who is near whom and how often a title is used is that of the whole store.

    `left` and `right` are slots, ``left < right``, in ascending order, each pair once; of several
    searches larger by multiples of `SPAN`. `found`: the similarities of pairs that are new,
    ``(2, m)``, by the titles and by the photos; NaN where a search did not find them so. `sought`:
    the right ends are only searched for.
    """
    # The different ends, of which each is a posting of the catalogue.
    core = np.unique(np.concatenate([left, right]))
    contents = memory.contents.of(memory.numbers(core % SPAN).tolist(), connection)
    starts = np.flatnonzero(np.diff(core // SPAN, prepend=-1)).tolist()
    # The postings of each search.
    parts = [slice(*each) for each in zip(starts, [*starts[1:], len(core)], strict=True)]
    catalog = catalog_of(contents, parts)
    attributes = attribute_rows(catalog.attributes)
    # The ends come first in all that follows.
    one, other = (np.searchsorted(core, end).astype(np.int32) for end in (left, right))
    counted = attribute_counts(attributes, one, other)
    clashes = any_clash(counted[1], learned.same)
    near = memory.neighbors(core, () if found is None else (right, left, found, clashes))
    found = memory.scored_by(left, right) if found is None else found
    candidates, slots = _candidates(memory, core, (left, right), (one, other), found, near)
    words, held = _title_words(memory, contents, catalog, slots)
    ranks = [
        Ranks.of(source.neighbors, clash)
        for source, (*_, clash) in zip(candidates.sources, near, strict=True)
    ]
    beside = right[np.searchsorted(left // SPAN, core // SPAN)] % SPAN if sought else None
    rows = CatalogRows.of_part(
        catalog, candidates.sources, words=words, attributes=attributes, counted=counted,
        ranks={frozenset(learned.same): ranks}, parts=parts, size=memory.size,
        around=Neighbourhoods.of(words, candidates.sources[0].neighbors, others=held),
        uses=memory.title_uses(core % SPAN, beside),
    )  # fmt: skip
    known = catalog.frame.columns
    if "brand" in known:
        vars(rows)["brands"] = brand_rows([each.brand for each in contents], words.lists)
    if "description" in known:
        texts = [each.described for each in contents]
        vars(rows)["descriptions"] = described_words(words.lists, texts, parts)
    predicted = learned.predict(candidates, catalog, explain_from, rows=rows)
    return Scored(clashes, candidates, catalog, predicted)


def _candidates(
    memory: Memory,
    core: Ints,
    ends: tuple[Ints, Ints],
    places: tuple[NDArray[np.int32], NDArray[np.int32]],
    found: Floats,
    near: Sequence[tuple[Array, ...]],
) -> tuple[Candidates, Ints]:
    """The pairs as candidates, with the neighbours of their ends; the slots of all of them.

    The ends, `core`, come first, at the `places` of each pair.
    """
    others = np.concatenate([each for _, each, *_ in near])
    near_by = places_among(core, others)
    beyond = np.flatnonzero(near_by < 0)
    beside, place = np.unique(others[beyond], return_inverse=True)
    near_by[beyond] = len(core) + place
    bounds = np.cumsum([len(each) for _, each, *_ in near])[:-1]
    sources = []
    for (name, modality), empty, (query, _, values, _), candidate in zip(
        _ENCODERS, _NO_VECTORS, near, np.split(near_by.astype(np.int32), bounds), strict=True
    ):
        vectors = Vectors(empty, np.empty(0, dtype=np.int64), len(core) + len(beside))
        # Only the ends ask; they find all.
        neighbors = Neighbors(query.astype(np.int32), candidate, values, len(core))
        sources.append(Source(name, modality, vectors, neighbors))
    similarity, there = found.T.copy(), ~np.isnan(found.T)
    for at, compare in enumerate((memory.text_similarity, memory.photo_similarity)):
        rest = np.flatnonzero(~there[:, at])
        similarity[rest, at] = compare(*(end[rest] % SPAN for end in ends))
    # A pair that was asked for though nothing found it near is scored all the same.
    there[~there.any(axis=1), 0] = True
    densities = np.stack([density(each.neighbors, DENSITY_NEIGHBORS) for each in sources], axis=1)
    names, modalities = zip(*_ENCODERS, strict=True)
    return Candidates(
        *places, similarity, there, densities, names, modalities, ("sparse", "bits"),
        tuple(sources),
    ), np.concatenate([core, beside])  # fmt: skip


def _title_words(
    memory: Memory, contents: Sequence[Content], catalog: Catalog, slots: Ints
) -> tuple[TitleWords, sp.csr_matrix]:
    """The words of some titles, as rare as in the whole store; which of them all slots hold.

    The titles are those of the first slots, and their terms come first, ascending; the others need
    no name. As the slots, the terms of each search are others.
    """
    size = len(contents)
    words, bounds = memory.words(slots % SPAN)
    search = np.repeat(slots // SPAN * WIDTH, np.diff(bounds))
    terms, columns = np.unique(words + search, return_inverse=True)
    # A word of the first titles that each term is.
    spoken = np.full(len(terms), -1)
    spoken[columns[: bounds[size]]] = np.arange(bounds[size])
    order = np.argsort(spoken < 0, kind="stable")
    column = np.empty(len(terms), dtype=np.int32)
    column[order] = np.arange(len(terms), dtype=np.int32)
    ones = np.ones(len(columns), dtype=np.float32)
    held = filled_rows(ones, column[columns], bounds, max(len(terms), 1))
    own = rows_between(held, 0, size)
    own.sort_indices()
    texts = list(chain.from_iterable(each.words for each in contents))
    spoken = spoken[order]
    names = [texts[place] for place in spoken[spoken >= 0].tolist()]
    lists = [each.tokens for each in contents]
    rare = rarity_of(memory.frequency(terms[order] % WIDTH), memory.size)
    return TitleWords(catalog.normal_titles, lists, names, own, rare, catalog.stated), held
