"""The attributes of a catalogue as one table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

KINDS = (
    "count", "amount", "size", "colour", "flavour", "model", "memory", "measure", "accessory",
    "gtin",
)  # fmt: skip
"""Kinds of attribute, in the order in which tables and reports name them."""


def check_kinds(names: Collection[str]) -> None:
    """Raise ValueError where a name is no kind of attribute."""
    if strange := sorted(set(names) - set(KINDS)):
        raise ValueError(
            f"there is no attribute {strange[0]!r}: same takes some of {', '.join(KINDS)}"
        )


@dataclass(frozen=True, eq=False)
class Attributes:
    """What the postings of a catalogue state, kind by kind.

    For each of `KINDS`, one entry per posting: its distinct canonical values, sorted, and `()`
    where none is stated. Values are comparable within one `aspect` only.
    """

    values: Mapping[str, Sequence[tuple[str, ...]]]

    def frame(self, posting_ids: Sequence[str]) -> pl.DataFrame:
        """Lay the attributes out as a table: `posting_id`, then one list column per kind."""
        columns = {kind: _lists(kind, self.values[kind]) for kind in KINDS}
        return pl.DataFrame(
            {"posting_id": pl.Series("posting_id", posting_ids, dtype=pl.String), **columns}
        )


def _lists(kind: str, values: Sequence[tuple[str, ...]]) -> pl.Series:
    """One list per posting; each distinct one is made once, as making lists takes long."""
    place: dict[tuple[str, ...], int] = {}
    code = [place.setdefault(each, len(place)) for each in values]
    return pl.Series(kind, [list(each) for each in place], dtype=pl.List(pl.String))[code]


def aspect(value: str) -> str:
    """Name what a value speaks of; values of different aspects do not contradict each other.

    A value that begins with a number speaks of its unit, "ram: 8 gb" of what is before the colon,
    all others of the kind itself (`""`).

    >>> [aspect(value) for value in ("400 g", "330 ml", "iphone: 14 pro", "black", "6")]
    ['g', 'ml', 'iphone', '', '']
    """
    name, colon, _ = value.partition(": ")
    if colon:
        return name
    number, _, unit = value.partition(" ")
    return unit if unit and number[0].isdigit() else ""
