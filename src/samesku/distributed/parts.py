"""What scoring reads of a shard, prepared once by a worker; and of two shards, a tile."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from samesku.candidates.candidates import Source, places_among
from samesku.candidates.neighbors import Neighbors
from samesku.candidates.shared_numbers import sharing
from samesku.catalog.catalog import Catalog
from samesku.distributed.searching import in_columns, joined_vectors, load_vectors
from samesku.distributed.shelf import Shelf, columns_of, frame_of, sparse
from samesku.distributed.totals import Totals
from samesku.encoders.base import Encoder
from samesku.runtime.arrays import Array
from samesku.scoring.features import CatalogRows
from samesku.scoring.features.codes import CodedTitles
from samesku.scoring.features.descriptions import DescribedWords
from samesku.scoring.features.neighbourhood import Neighbourhoods
from samesku.scoring.features.prices import Prices, log_prices
from samesku.scoring.features.similarities import Ranks
from samesku.scoring.features.words import TitleWords
from samesku.scoring.presence import rarity_of, row_cells
from samesku.titles import Quantity, Stated, normal_tokens
from samesku.titles.attributes import KINDS, Attributes

# The words of titles, of titles and descriptions, and of titles among them.
WORDS = ["words", "whole", "in title"]
# What `Ranks` hold of a posting, beside its nearest rival; `Neighbourhoods` of one, and of words.
RANKED = ("mean", "spread", "first", "second")
AROUND, WEIGHTS = ("share", "length", "mass", "split"), ("local", "variant")
# The texts of a title that `TitleWords` compare.
TEXTS = ("beginning", "words sorted", "characters")


@dataclass(frozen=True)
class Terms:
    """Which postings hold words; of each its `rank` among all, its name, and how many hold it."""

    columns: pl.DataFrame  # `rank`, ascending, `held_by`, and `name` where it is asked for
    matrices: Sequence[sp.csr_matrix]

    @classmethod
    def read(cls, shelf: Shelf, name: str, table: Any, wanted: Sequence[str]) -> Terms:
        """The words of a shard, and the matrices in the given columns of a table."""
        columns = shelf.frame(name)
        return cls(columns, [sparse(table, each, len(columns)) for each in wanted])

    def rarity(self, size: int) -> Array:
        """How rare the words are among so many postings."""
        return rarity_of(self.columns["held_by"].to_numpy(), size)


def taken(parts: Sequence[Terms], places: Sequence[Array | slice]) -> Terms:
    """Some rows of several, below each other, without the columns that they leave empty."""
    rows = [[m[at] for m in part.matrices] for part, at in zip(parts, places, strict=True)]
    filled = []
    for part, matrices in zip(parts, rows, strict=True):
        own = np.zeros(len(part.columns), dtype=bool)
        for each in matrices:
            own[each.indices] = True
        filled.append(part.columns.filter(pl.Series(own)))
    columns = pl.concat(filled).unique("rank").sort("rank")
    ranks, *own_ranks = (each["rank"].to_numpy() for each in (columns, *(p.columns for p in parts)))
    aligned = (
        [in_columns(each, own, ranks) for each in matrices]
        for own, matrices in zip(own_ranks, rows, strict=True)
    )
    return Terms(columns, [sp.vstack(each, format="csr") for each in zip(*aligned, strict=True)])


class Part:
    """What scoring reads of one shard and what is around it."""

    def __init__(
        self, shelf: Shelf, totals: Totals, encoders: Sequence[Encoder], shard: int
    ) -> None:
        table, around = shelf.read(f"said/{shard}"), shelf.read(f"around/{shard}")
        kept = [name for name in table.column_names if name.removesuffix("_at") not in WORDS]
        self.frame, self.start = frame_of(table.select(kept)), totals.starts[shard]
        titles, self.numbers = self.frame["~normal"].to_list(), self.frame["~number"].to_numpy()
        # Of each number from `start` on; -1 for those that are identical to another.
        self.place = np.full(totals.starts[shard + 1] - self.start, -1, dtype=np.int32)
        self.place[self.numbers - self.start] = np.arange(len(self.numbers), dtype=np.int32)
        # What is known of each posting, by name: first what the lists of each encoder say.
        self.said = {n: columns_of(around, n)[0] for n in around.column_names if " " in n}
        self.said |= {kind: decoded(self.frame[f"~{kind}"], tuple) for kind in KINDS}
        self.said |= vars(CodedTitles.read(titles, self.frame["~code"].to_list()))
        self.said |= {"number": self.numbers, "stated": decoded(self.frame["~stated"], _stated)}
        # The words of the titles, and of the titles around them.
        words = [name for name in ("words", "around") if name in around.column_names]
        self.words = Terms.read(shelf, f"around/{shard} words", around, words)
        lists = [normal_tokens(title) for title in titles]
        rare = self.words.rarity(totals.size)
        spoken = TitleWords(titles, lists, [], self.words.matrices[0], rare, [])
        self.said |= dict(zip(TEXTS, spoken.texts, strict=True))
        if "around" in around.column_names:
            share, length = columns_of(around, "share", "length")
            near = Neighbourhoods.read(spoken, self.words.matrices[1], share, length)
            self.said |= {name: getattr(near, name) for name in AROUND}
            # Of the words of all titles, one after the other.
            self.weights = {name: getattr(near, name) for name in WEIGHTS}
        self.described: Terms | None = None
        if "whole" in table.column_names:
            self.described = Terms.read(shelf, f"described/{shard}", table, ["whole", "in title"])
        names = [encoder.name for encoder in encoders]
        self.vectors = {e.name: load_vectors(shelf, e, shard, totals.shards) for e in encoders}
        # Query, candidate and similarity, or place in the list, by number.
        self.lists = {n: ends_of(shelf, f"lists/{n}/{shard}", "similarity") for n in names}
        self.ranks = {n: ends_of(shelf, f"ranks/{n}/{shard}", "place") for n in names}


def ends_of(shelf: Shelf, name: str, value: str) -> list[Array]:
    return shelf.columns(name, "query", "candidate", value)


def decoded(texts: pl.Series, make: Callable[[Any], Any]) -> Array:
    """JSON read, each different text once."""
    found = {text: make(json.loads(text)) for text in texts.unique()}
    return np.fromiter(map(found.__getitem__, texts), dtype=object, count=len(texts))


def _stated(said: tuple[list[list[Any]], list[str]]) -> Stated:
    return Stated(tuple(Quantity(*each) for each in said[0]), tuple(said[1]))


class Tile:
    """The postings of two shards, or of one, that are neighbours across them, by their numbers."""

    def __init__(self, parts: Sequence[Part], encoders: Sequence[Encoder]) -> None:
        self.parts, sizes = parts, [len(part.numbers) for part in parts]
        self._before = [0, *sizes[:-1]]
        edges = [self._crossing([part.lists[each.name] for part in parts]) for each in encoders]
        same_article = self._sharing()
        used = np.zeros(sum(sizes), dtype=bool)
        for query, candidate, *_ in (*edges, same_article):
            used[query], used[candidate] = True, True
        self._new = np.where(used, np.cumsum(used, dtype=np.int32) - 1, -1).astype(np.int32)
        self.size = int(np.count_nonzero(used))
        self.same_article = tuple(self._new[end] for end in same_article)
        own = np.split(used, self._before[1:])
        self.places = [np.flatnonzero(each) for each in own]
        taken = list(zip(parts, self.places, strict=True))
        self.frame = pl.concat(part.frame[places] for part, places in taken)
        # What the parts know of each posting.
        self.said = {
            name: np.concatenate([part.said[name][places] for part, places in taken])
            for name in parts[0].said
        }
        names = [name for name in self.frame.columns if not name.startswith("~")]
        self.catalog = Catalog(self.frame.select(names), (None,) * self.size)
        vars(self.catalog).update(
            normal_titles=self.frame["~normal"].to_list(),
            stated=self.said["stated"].tolist(),
            attributes=Attributes({kind: self.said[kind].tolist() for kind in KINDS}),
        )
        new = np.split(self._new, self._before[1:])
        self.sources = []
        for encoder, (query, candidate, near) in zip(encoders, edges, strict=True):
            found = Neighbors(self._new[query], self._new[candidate], near, self.size)
            vectors = joined_vectors([part.vectors[encoder.name] for part in parts], new, self.size)
            self.sources.append(Source(encoder.name, encoder.modality, vectors, found))

    def _crossing(self, lists: Sequence[list[Array]]) -> list[Array]:
        """The ends, counted over the parts, and the values of what crosses from part to part."""
        found = []
        for at, (part, (query, candidate, value)) in enumerate(zip(self.parts, lists, strict=True)):
            other = self.parts[at - 1]
            stop = other.start + len(other.place)
            inside = np.flatnonzero((candidate >= other.start) & (candidate < stop))
            one = part.place[query[inside] - part.start] + self._before[at]
            two = other.place[candidate[inside] - other.start] + self._before[at - 1]
            found.append((one, two, value[inside]))
        return [np.concatenate(each) for each in zip(*found, strict=True)]

    def _sharing(self) -> tuple[Array, Array]:
        """The ends, counted over the parts, of pairs across them that state one article number."""
        left, right = sharing([each for part in self.parts for each in part.said["gtin"]])
        across = (left < self._before[-1]) & (right >= self._before[-1])
        crossing = across if len(self.parts) > 1 else slice(None)
        return left[crossing], right[crossing]

    def rows(self, totals: Totals, prices: Any, same: Collection[str]) -> CatalogRows:
        """What the features read, by the numbers of the whole catalogue in place of a tile's."""
        words = taken([part.words for part in self.parts], self.places)
        known: dict[str, object] = {
            "codes": CodedTitles(*(self.said[each.name] for each in fields(CodedTitles))),
            "ranks": {frozenset(same): [self._ranks(each.encoder) for each in self.sources]},
        }
        if prices is not None:
            values, counts = columns_of(prices, "value", "count")
            spreads = [(slice(None), values, counts)]
            known["prices"] = Prices(*log_prices(self.catalog), spreads)
        if described := [part.described for part in self.parts if part.described is not None]:
            terms = taken(described, self.places)
            whole, title = terms.matrices
            known["descriptions"] = DescribedWords.of(title, whole, terms.rarity(totals.size))
        held, *around = words.matrices
        titles, names = self.catalog.normal_titles, words.columns["name"].to_list()
        rare = words.rarity(totals.size)
        spoken = TitleWords(titles, [], names, held, rare, self.catalog.stated)
        vars(spoken)["texts"] = tuple(self.said[name] for name in TEXTS)
        known |= {
            "words": spoken,
            "around": self._near(around[0]) if around else None,
            "uses": self.frame["~uses"].to_numpy(),
            "size": totals.size,
        }
        return CatalogRows.of_part(self.catalog, self.sources, **known)

    def _ranks(self, encoder: str) -> Ranks:
        query, candidate, place = self._crossing([part.ranks[encoder] for part in self.parts])
        ends = self._new[query], self._new[candidate]
        there = (ends[0] >= 0) & (ends[1] >= 0)
        cells = (place[there], (ends[0][there], ends[1][there]))
        places = sp.csr_matrix(cells, shape=(self.size, self.size))
        # The nearest rivals by their places in the tile; -1 where one is not in it.
        rival = places_among(self.said["number"], self.said[f"{encoder} rival"]).astype(np.int32)
        known = {name: self.said[f"{encoder} {name}"] for name in RANKED}
        return Ranks(rival=rival, places=places, **known)

    def _near(self, around: sp.csr_matrix) -> Neighbourhoods:
        """The words around each posting, as its part read them."""
        cells = [
            row_cells(part.words.matrices[0], at)[0]
            for part, at in zip(self.parts, self.places, strict=True)
        ]
        local, variant = (
            np.concatenate([p.weights[name][at] for p, at in zip(self.parts, cells, strict=True)])
            for name in WEIGHTS
        )
        share, length, mass, split = (self.said[name] for name in AROUND)
        return Neighbourhoods(around, share, length, local, variant, mass, split)
