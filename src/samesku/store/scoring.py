"""Pairs of a live index through the pair classifier of the batch run, a few at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import sqlalchemy as sa

from samesku.candidates.candidates import DENSITY_NEIGHBORS, Candidates, Source, places_among
from samesku.candidates.neighbors import Neighbors, density
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Modality, Vectors
from samesku.runtime.arrays import AnyInts, Array, Bools, Floats, Ints
from samesku.scoring.features import CatalogRows
from samesku.scoring.features.attributes import attribute_rows, clashing
from samesku.scoring.features.neighbourhood import Neighbourhoods
from samesku.scoring.features.similarities import Ranks
from samesku.scoring.features.title_words import TitleWords
from samesku.scoring.fusion import PairScores
from samesku.scoring.learned import Learned
from samesku.scoring.presence import filled_rows, rarity_of, rows_between
from samesku.store.content import catalog_of
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


class EndPostings:
    """The distinct postings at the ends of pairs, as a catalogue.

    `left` and `right` are slots, ``left < right``, in ascending order, each pair once; of several
    searches larger by multiples of `SPAN`.
    """

    def __init__(self, connection: sa.Connection, memory: Memory, left: Ints, right: Ints) -> None:
        self.left, self.right = left, right
        # The different ends, of which each is a posting of the catalogue.
        self.core = core = np.unique(np.concatenate([left, right]))
        self.contents = memory.contents.of(memory.numbers(core % SPAN).tolist(), connection)
        starts = np.flatnonzero(np.diff(core // SPAN, prepend=-1)).tolist()
        # The postings of each search.
        self.parts = [slice(*each) for each in zip(starts, [*starts[1:], len(core)], strict=True)]
        self.catalog = catalog_of(self.contents, self.parts)
        self.attributes = attribute_rows(self.catalog.attributes)

    def clashes(self, same: Collection[str]) -> Bools:
        """Which pairs clash in an attribute of a kind that may not differ."""
        places = (np.searchsorted(self.core, each) for each in (self.left, self.right))
        return clashing(self.attributes, *places, same=same)


def score_pairs(
    memory: Memory,
    ends: EndPostings,
    learned: Learned,
    *,
    explain_from: float,
    found: Floats | None = None,
    sought: bool = False,
) -> Scored:
    """Score pairs of distinct postings as the batch run would.

    The classifier sees a catalogue of the postings at the ends of the pairs. How many there are,
    how rare words are, who is near whom and how often a title is used is that of the whole store.

    `found`: the similarities of pairs that are new, ``(2, m)``, by the titles and by the photos;
    NaN where a search did not find them so. `sought`: the right ends are only searched for.
    """
    left, core = ends.left, ends.core
    clashes = ends.clashes(learned.same)
    near = memory.neighbors(core, () if found is None else (ends.right, left, found, clashes))
    others = np.setdiff1d(np.concatenate([found for _, found, *_ in near]), core)
    slots = np.concatenate([core, others])
    candidates = _candidates(memory, ends, slots, near)
    ranks = [
        Ranks.of(source.neighbors, clash)
        for source, (*_, clash) in zip(candidates.sources, near, strict=True)
    ]
    known = {frozenset(learned.same): ranks}
    beside = ends.right[np.searchsorted(left // SPAN, core // SPAN)] % SPAN if sought else None
    uses = memory.title_uses(core % SPAN, beside)
    rows = _rows(ends, candidates.sources, memory, slots, known, uses)
    predicted = learned.predict(candidates, ends.catalog, explain_from, rows=rows)
    return Scored(clashes, candidates, ends.catalog, predicted)


def _candidates(
    memory: Memory, pairs: EndPostings, slots: Ints, near: Sequence[tuple[Array, ...]]
) -> Candidates:
    """The pairs as candidates among the slots, with the neighbours of their ends."""
    left, right = pairs.left, pairs.right
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
        # Only the core ones ask; they find all.
        neighbors = Neighbors(query.astype(np.int32), near_by, values, len(pairs.core))
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


def _rows(
    ends: EndPostings,
    sources: Sequence[Source],
    memory: Memory,
    slots: Ints,
    ranks: dict[frozenset[str], list[Ranks]],
    uses: AnyInts,
) -> CatalogRows:
    """What the features read, by the numbers of the whole store in place of a few postings'."""
    catalog, contents, size = ends.catalog, ends.contents, len(ends.contents)
    held, terms, named = _held(memory, slots, size)
    spoken: dict[int, dict[int, str]] = defaultdict(dict)
    for each, search in zip(contents, (slots[:size] // SPAN).tolist(), strict=True):
        spoken[search].update(zip(each.numbers, each.tokens, strict=True))
    named_terms = (each.tolist() for each in np.divmod(terms[:named], WIDTH))
    names = [spoken[search][term] for search, term in zip(*named_terms, strict=True)]
    lists = [each.tokens for each in contents]
    own = rows_between(held, 0, size)
    own.sort_indices()
    rare = rarity_of(memory.frequency[terms % WIDTH], memory.size)
    words = TitleWords(catalog.normal_titles, lists, names, own, rare, catalog.stated)
    return CatalogRows.of_part(
        catalog, sources, words=words, attributes=ends.attributes, ranks=ranks,
        around=Neighbourhoods.of(words, sources[0].neighbors, others=held),
        uses=uses, size=memory.size, parts=ends.parts,
    )  # fmt: skip


def _held(memory: Memory, ends: Ints, size: int) -> tuple[sp.csr_matrix, Ints, int]:
    """Which words the titles of ends hold, their terms, and how many the first `size` hold.

    Those of the first titles come first, ascending; the others need no name. As the ends, the terms
    of each search are others.
    """
    words, bounds = memory.terms(ends % SPAN).words
    first = np.repeat(ends // SPAN * WIDTH, np.diff(bounds))
    terms, columns = np.unique(words + first, return_inverse=True)
    named = np.zeros(len(terms), dtype=bool)
    named[columns[: bounds[size]]] = True
    order = np.argsort(~named, kind="stable")
    columns = np.argsort(order)[columns].astype(np.int32)
    ones = np.ones(len(columns), dtype=np.float32)
    held = filled_rows(ones, columns, bounds, max(len(terms), 1))
    return held, terms[order], int(named.sum())
