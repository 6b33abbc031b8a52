"""Postings that agree in all that is looked at become one, which is searched and scored once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from samesku.candidates.similarity import Ends
from samesku.catalog.catalog import Catalog
from samesku.catalog.sources import agreement
from samesku.runtime.arrays import AnyInts, Bools, Floats, Ints
from samesku.titles.attributes.columns import column_kind

READ = ("price", "currency", "brand", "description")
_TOLD = r"[\p{L}\p{N}]"


@dataclass(frozen=True, eq=False)
class Collapsed:
    """The distinct postings of a catalogue, and which of them each posting is.

    Of identical ones the one with the smallest id represents all. The distinct ones are in the
    order of their ids, so nothing that follows depends on the order in which the postings came.
    """

    catalog: Catalog  # one row per distinct posting, its representative
    place: Ints  # (n,), row in `catalog` of each posting's representative
    rows: Ints  # (d,), row of each representative among all postings
    order: Ints  # (n,), all postings in the order of their ids
    content: Ints  # (d,), equal where two are identical and kept apart all the same

    @classmethod
    def of(
        cls,
        catalog: Catalog,
        codes: AnyInts,
        content: AnyInts | None = None,
    ) -> Collapsed:
        """Postings of equal codes, ``(n,)``, as one; those of equal `content` are identical."""
        order = catalog.frame["posting_id"].arg_sort().to_numpy().astype(np.int64)
        number, first = by_first(codes[order])
        place = np.empty(len(catalog), dtype=np.int64)
        place[order] = number
        rows = order[first]
        kinds = np.asarray(codes if content is None else content, dtype=np.int64)[rows]
        return cls(catalog.take(rows, name=catalog.name), place, rows, order, kinds)

    @property
    def representative(self) -> Ints:
        """Row of each posting's representative among all postings, int64 ``(n,)``."""
        return self.rows[self.place]

    @property
    def counts(self) -> Ints:
        """How many postings each distinct one stands for, int64 ``(d,)``."""
        return np.bincount(self.place, minlength=len(self.rows))

    @property
    def members(self) -> Ints:
        """All postings, those of one representative together, each in the order of their ids."""
        return self.order[np.argsort(self.place[self.order], kind="stable")]

    def identical(self, left: Ends, right: Ends) -> Bools:
        """Which pairs of distinct postings are identical, as those of two sources may be."""
        return np.asarray(self.content[left] == self.content[right])

    def sure(self, left: Ends, right: Ends, scores: Floats) -> Floats:
        """The scores of pairs, of identical ones 1."""
        return np.where(self.identical(left, right), np.float32(1), scores)

    def identical_across(self, owners: AnyInts) -> tuple[Ints, Ints]:
        """Each distinct posting with the first that is identical, where their `owners` differ."""
        _, first, kind = np.unique(self.content, return_index=True, return_inverse=True)
        left, right = first[kind], np.arange(len(kind))
        across = owners[left] != owners[right]
        return left[across], right[across]

    def numbered(self, groups: AnyInts) -> Ints:
        """The same groups of all postings, numbered by the smallest id in each."""
        named = np.empty(len(groups), dtype=np.int64)
        named[self.order] = by_first(groups[self.order])[0]
        return named

    def expanded(self, left: Ends, right: Ends) -> tuple[Ints, Ints, Ints]:
        """Pairs of postings in place of pairs of representatives: which they come from, and rows.

        As many as the end with more postings has: each of them with one of the other end. All pairs
        would grow with the square.
        """
        members, count = self.members, self.counts
        start = np.cumsum(count) - count
        times = np.maximum(count[left], count[right])
        pair = np.repeat(np.arange(len(left)), times)
        turn = np.arange(len(pair)) - np.repeat(np.cumsum(times) - times, times)

        def rows(end: AnyInts) -> Ints:
            of = end[pair]
            return np.asarray(members[start[of] + np.where(turn < count[of], turn, 0)])

        return pair, rows(left), rows(right)


def collapse(
    catalog: Catalog,
    *,
    photos: bool = True,
    parts: Sequence[AnyInts] = (),
    sources: AnyInts | None = None,
    apart: AnyInts | None = None,
) -> Collapsed:
    """Collapse identical postings: one normal title, photo, and columns that are read.

    A posting whose title says nothing is identical to no other. What both lack agrees. Photos count
    where they are looked at. `parts` are numbers, integer ``(n,)``, in which identical postings
    agree, too. Those of two `sources`, integer ``(n,)``, and the rows `apart` stay distinct.
    """
    table = looked_at(catalog, photos)
    table = table.with_columns(pl.Series(f"part {at}", part) for at, part in enumerate(parts))
    content = agreement(table, says_nothing(table["title"]))
    alone = np.zeros(len(catalog), dtype=bool)
    alone[[] if apart is None else apart] = True
    owners = np.zeros_like(content) if sources is None else sources
    codes = agreement(pl.DataFrame({"content": content, "source": owners}), alone)
    return Collapsed.of(catalog, codes, content)


def by_first(codes: AnyInts) -> tuple[Ints, Ints]:
    """Codes numbered as they come, int64 ``(n,)``, and where each number comes first."""
    _, first, place = np.unique(codes, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[place], np.sort(first)


def says_nothing(titles: pl.Series) -> Bools:
    """Which normal titles hold neither letter nor digit."""
    return ~titles.str.contains(_TOLD).to_numpy()


def looked_at(catalog: Catalog, photos: bool) -> pl.DataFrame:
    """What identical postings agree in, as text."""
    frame = catalog.frame
    columns = [pl.Series("title", catalog.normal_titles, dtype=pl.String)]
    columns += [
        frame[name].cast(pl.String)
        for name in frame.columns
        if name != "title" and (name in READ or column_kind(name) is not None)
    ]
    if photos:
        paths = [None if each is None else str(each) for each in catalog.photos]
        columns.append(pl.Series("photo file", paths, dtype=pl.String))
        if "image_phash" in frame.columns:
            columns.append(frame["image_phash"])
    return pl.DataFrame(columns)
