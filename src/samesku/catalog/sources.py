"""Two catalogues as one with two sources, and the sources of a catalogue."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from samesku.catalog.catalog import Catalog
from samesku.catalog.variants import with_options_in_titles
from samesku.runtime.arrays import Bools, Ints

# Column of the ids that each source gave; posting ids that both use get a prefix.
OWN_ID = "own_posting_id"


def join_sources(left: Catalog, right: Catalog) -> Catalog:
    """One catalogue of the postings of two, `source` saying whose; ValueError if one is empty.

    Encoded together, so that words are as rare as they are in both.
    """
    shared, own = bool(set(left.ids) & set(right.ids)), pl.col("posting_id")
    frames = []
    for side, catalog in (("left", left), ("right", right)):
        if not len(catalog):
            raise ValueError(f"the {side} catalogue ({catalog.name}) has no postings; give some")
        unique = pl.lit(f"{side}:") + own if shared else own
        columns = {OWN_ID: own, "posting_id": unique, "source": pl.lit(side)}
        frames.append(with_options_in_titles(catalog.frame).with_columns(**columns))
    return Catalog(
        pl.concat(frames, how="diagonal_relaxed"),
        left.photos + right.photos,
        left.problems + right.problems,
        f"{left.name} and {right.name}",
    )


def joined(catalogs: Sequence[Catalog], pairs: str | None) -> Catalog:
    """One catalogue or two as one, where pairs are across with options behind the titles."""
    if len(catalogs) == 2:
        return join_sources(*catalogs)
    one = catalogs[0]
    return replace(one, frame=with_options_in_titles(one.frame)) if pairs == "across" else one


def source_codes(catalog: Catalog) -> Ints:
    """Source of each posting, numbered in the order of their names, int64 ``(n,)``.

    Raises ValueError where there is no column `source`, or a posting has none.
    """
    if "source" not in catalog.frame.columns:
        raise ValueError(
            f"{catalog.name} has no column source, which says whose each posting is; add or map "
            "one (--columns source=THEIRS), or give two catalogues"
        )
    column = catalog.frame["source"]
    if missing := column.null_count():
        row = int(column.is_null().arg_true()[0])
        raise ValueError(
            f"{missing:,} postings of {catalog.name} have no source, first row {row + 1}"
        )
    return column.rank("dense").to_numpy().astype(np.int64) - 1


def sources_to_match(
    catalog: Catalog, pairs: str | None = None, decide: str = "clusters", *, several: bool = False
) -> Ints | None:
    """The source of each posting, int64 ``(n,)``; None where every pair may match.

    `pairs` and `decide` are those of :class:`samesku.Matcher`; `several`: two catalogues are given.
    Raises ValueError where the catalogue has not the sources that these need.
    """
    if decide != "clusters" and pairs != "across":
        raise ValueError(
            f"{decide} is decided across two sources: it needs pairs='across' (--pairs across)"
        )
    # A catalogue given alone is one, whoever posted in it, unless its sources shall be linked.
    if pairs == "all" or (pairs != "across" and not several):
        return None
    sources = source_codes(catalog)
    count = len(np.unique(sources))
    if pairs == "across" and count < 2:
        raise ValueError(f"all postings of {catalog.name} are of one source: none to link with")
    if decide != "clusters" and count != 2:
        raise ValueError(
            f"{decide} is decided between two sources, and {catalog.name} has {count}: "
            "decide by clusters, or give two"
        )
    return sources


def check_within(columns: Sequence[str], pairs: str | None, *catalogs: Catalog | None) -> None:
    """Raise ValueError where a catalogue lacks a column to match within, or no pair can agree."""
    for catalog in (each for each in catalogs if each is not None):
        names = catalog.frame.columns
        if strange := [name for name in columns if name not in names]:
            raise ValueError(
                f"{catalog.name} has no column {strange[0]!r} to match within: it has "
                f"{', '.join(names)}"
            )
    if "source" in columns and pairs == "across":
        raise ValueError("pairs across sources never agree in source: match within another column")


def agreement_codes(catalog: Catalog, columns: Sequence[str]) -> Ints:
    """A number per posting, equal where two agree in all the columns, int64 ``(n,)``.

    A posting without a value in one of them agrees with no other. ValueError: no such column.
    """
    check_within(columns, None, catalog)
    values = catalog.frame.select(pl.col(columns).cast(pl.String))
    unknown = values.select(pl.any_horizontal(pl.all().is_null())).to_series().to_numpy()
    return agreement(values, unknown)


def agreement(table: pl.DataFrame, alone: Bools) -> Ints:
    """A number per row, equal where two agree in all columns; rows `alone` agree with no other."""
    codes = table.select(pl.struct(pl.all()).rank("dense").cast(pl.Int64)).to_series().to_numpy()
    return np.where(alone, len(codes) + 1 + np.arange(len(codes)), codes)
