"""Pairs of a live index through the pair classifier of the batch run, a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import sqlalchemy as sa

from samesku.candidates.candidates import DENSITY_NEIGHBORS, Candidates, Source, places_among
from samesku.candidates.neighbors import Neighbors, density
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Modality, Vectors
from samesku.runtime.arrays import Array, Bools, Floats, Ints
from samesku.scoring.features import CatalogRows
from samesku.scoring.features.attributes import attribute_rows, clashing
from samesku.scoring.features.neighbourhood import Neighbourhoods
from samesku.scoring.features.similarities import Ranks
from samesku.scoring.features.title_words import TitleWords
from samesku.scoring.fusion import PairScores
from samesku.scoring.learned import Learned
from samesku.scoring.presence import filled_rows, rarity_of, rows_between
from samesku.store.content import Content, catalog_of
from samesku.store.memory import SPAN, Memory
from samesku.store.terms import WIDTH

_ENCODERS: tuple[tuple[str, Modality], ...] = (("tfidf", "text"), ("phash", "photo"))
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
    places = (np.searchsorted(core, each) for each in (left, right))
    clashes = clashing(attributes, *places, same=learned.same)
    near = memory.neighbors(core, () if found is None else (right, left, found, clashes))
    others = np.setdiff1d(np.concatenate([found for _, found, *_ in near]), core)
    slots = np.concatenate([core, others])
    candidates = _candidates(memory, left, right, slots, len(core), near)
    words, held = _title_words(memory, contents, catalog, slots)
    ranks = [
        Ranks.of(source.neighbors, clash)
        for source, (*_, clash) in zip(candidates.sources, near, strict=True)
    ]
    beside = right[np.searchsorted(left // SPAN, core // SPAN)] % SPAN if sought else None
    rows = CatalogRows.of_part(
        catalog, candidates.sources, words=words, attributes=attributes,
        ranks={frozenset(learned.same): ranks}, parts=parts, size=memory.size,
        around=Neighbourhoods.of(words, candidates.sources[0].neighbors, others=held),
        uses=memory.title_uses(core % SPAN, beside),
    )  # fmt: skip
    predicted = learned.predict(candidates, catalog, explain_from, rows=rows)
    return Scored(clashes, candidates, catalog, predicted)


def _candidates(
    memory: Memory,
    left: Ints,
    right: Ints,
    slots: Ints,
    size: int,
    near: Sequence[tuple[Array, ...]],
) -> Candidates:
    """The pairs as candidates among the slots; with the neighbours of their ends, the first."""
    order = np.argsort(slots).astype(np.int32)
    a, b = (order[np.searchsorted(slots, ends, sorter=order)] for ends in (left, right))
    both = [(one.astype(np.int64), other) for one, other in ((a, b), (b, a))]
    similarity = np.empty((len(left), 2), dtype=np.float32)
    sources = []
    for at, ((name, modality), (query, others, values, _)) in enumerate(
        zip(_ENCODERS, near, strict=True)
    ):
        near_by = order[np.searchsorted(slots, others, sorter=order)]
        # Who is near is known of either end.
        known = query * len(slots) + near_by
        by_pair = np.argsort(known)
        places = [places_among(known[by_pair], one * len(slots) + other) for one, other in both]
        alike = np.append(values[by_pair], np.float32(np.nan))
        similarity[:, at] = np.fmax(*(alike[each] for each in places))
        vectors = Vectors(_NO_VECTORS[at], np.empty(0, dtype=np.int64), len(slots))
        # Only the ends ask; they find all.
        neighbors = Neighbors(query.astype(np.int32), near_by, values, size)
        sources.append(Source(name, modality, vectors, neighbors))
    found = ~np.isnan(similarity)
    for at, compare in enumerate((memory.text_similarity, memory.photo_similarity)):
        rest = np.flatnonzero(~found[:, at])
        similarity[rest, at] = compare(left[rest] % SPAN, right[rest] % SPAN)
    # A pair that was asked for though nothing found it near is scored all the same.
    found[~found.any(axis=1), 0] = True
    densities = np.stack([density(each.neighbors, DENSITY_NEIGHBORS) for each in sources], axis=1)
    names, modalities = zip(*_ENCODERS, strict=True)
    return Candidates(
        a, b, similarity, found, densities, names, modalities, ("sparse", "bits"), tuple(sources)
    )


def _title_words(
    memory: Memory, contents: Sequence[Content], catalog: Catalog, slots: Ints
) -> tuple[TitleWords, sp.csr_matrix]:
    """The words of some titles, as rare as in the whole store; which of them all slots hold.

    The titles are those of the first slots, and their terms come first, ascending; the others need
    no name. As the slots, the terms of each search are others.
    """
    size = len(contents)
    words, bounds = memory.words(slots % SPAN)
    search = slots // SPAN * WIDTH
    terms, columns = np.unique(words + np.repeat(search, np.diff(bounds)), return_inverse=True)
    named = np.zeros(len(terms), dtype=bool)
    named[columns[: bounds[size]]] = True
    order = np.argsort(~named, kind="stable")
    columns = np.argsort(order)[columns].astype(np.int32)
    ones = np.ones(len(columns), dtype=np.float32)
    held = filled_rows(ones, columns, bounds, max(len(terms), 1))
    own = rows_between(held, 0, size)
    own.sort_indices()
    terms = terms[order]
    spoken = {
        first + number: token
        for each, first in zip(contents, search[:size].tolist(), strict=True)
        for number, token in zip(each.numbers, each.tokens, strict=True)
    }
    names = [spoken[term] for term in terms[: np.count_nonzero(named)].tolist()]
    lists = [each.tokens for each in contents]
    rare = rarity_of(memory.frequency[terms % WIDTH], memory.size)
    return TitleWords(catalog.normal_titles, lists, names, own, rare, catalog.stated), held
