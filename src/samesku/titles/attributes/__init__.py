"""Attributes: what a posting states of count, amount, size, colour, flavour, model and the like."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from samesku.titles import Stated, stated
from samesku.titles.attributes.codes import Codes
from samesku.titles.attributes.columns import (
    MPN,
    OPTION,
    article_numbers,
    column_kind,
    memory_of,
    read_beside,
    read_cell,
    with_unit,
)
from samesku.titles.attributes.reading import read_title
from samesku.titles.attributes.spelling import Spelling
from samesku.titles.attributes.table import KINDS, Attributes, aspect, check_kinds

__all__ = [
    "KINDS", "MPN", "Attributes", "Codes", "Spelling", "aspect", "check_kinds", "read_attributes",
    "read_title", "read_titles",
]  # fmt: skip


def read_titles(
    titles: Sequence[str], said: Sequence[Stated], brands: Sequence[str | None] | None = None
) -> Iterator[tuple[dict[str, set[str]], Codes]]:
    """What each title states, before it is known how the whole catalogue spells model codes."""
    return map(read_title, titles, said, [None] * len(titles) if brands is None else brands)


def read_attributes(
    titles: Sequence[str],
    specifications: Mapping[str, Sequence[str | None]] | None = None,
    *,
    brands: Sequence[str | None] | None = None,
    said: Sequence[Stated] | None = None,
    read: Iterable[tuple[Mapping[str, Collection[str]], Codes]] | None = None,
    spelling: Spelling | None = None,
) -> Attributes:
    """Read what every posting of a catalogue states, from normal titles and specification columns.

    Model codes are spelt as the whole catalogue spells them: "wh 1000 xm5" is "wh1000xm5" where
    some title writes it so; `spelling` says how, where these are not all of its titles. What a
    column holds follows from its name; columns whose name says nothing are left out. Words of the
    brand are neither colours nor model codes. `said` (of `stated`) and `read` (of `read_titles`)
    are of each title, where it was read before.
    """
    if read is None:
        said = [stated(title) for title in titles] if said is None else said
        read = read_titles(titles, said, brands)
    # Sets of a million titles would take gigabytes; what many state is held once.
    shared: dict[Hashable, Any] = {}

    def held(stated_values: Collection[str]) -> tuple[str, ...]:
        if not stated_values:
            return ()
        values = tuple([shared.setdefault(each, each) for each in sorted(stated_values)])
        same: tuple[str, ...] = shared.setdefault(values, values)
        return same

    found: dict[str, list[tuple[str, ...]]] = {kind: [] for kind in KINDS}
    written: list[Codes] = []
    for values, codes in read:
        for kind in KINDS:
            found[kind].append(held(values[kind]))
        written.append(codes)
    spelling, models = spelling or Spelling.of(written), found["model"]
    for at, codes in enumerate(written):
        if more := spelling.settle(codes):
            models[at] = held(more.union(models[at]))
    named: set[tuple[str, str]] = set()
    for name, cells in (specifications or {}).items():
        if known := column_kind(name):
            column = found[known[0]]
            if known[0] == "memory" and not name.startswith(OPTION) and known not in named:
                named.add(known)
                for at, title in enumerate(titles):
                    if more := memory_of(title, known[1]):
                        column[at] = held(more.union(column[at]))
            for at, cell in enumerate(cells):
                if cell := with_unit(name, cell):
                    # The net quantity of two jars is that of both: titles say more of amounts.
                    if known[0] != "amount" or not column[at]:
                        column[at] = held(read_cell(*known, cell).union(column[at]))
                    for kind, more in read_beside(*known, cell).items():
                        found[kind][at] = found[kind][at] or held(more)
                    if known == ("model", ""):
                        numbers = article_numbers("model", cell)
                        found["gtin"][at] = held(numbers.union(found["gtin"][at]))
    return Attributes(found)
