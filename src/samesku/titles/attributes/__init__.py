"""Attributes: what a posting states of count, amount, size, colour, flavour, model and the like."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from samesku.titles import Stated, clean_title, normalise_title, stated
from samesku.titles.attributes.codes import Codes, Spelling
from samesku.titles.attributes.columns import column_kind, read_cell
from samesku.titles.attributes.reading import read_title
from samesku.titles.attributes.table import KINDS, Attributes, aspect

__all__ = [
    "KINDS", "Attributes", "Codes", "Spelling", "aspect", "read_attributes", "read_title"
]  # fmt: skip


def read_attributes(
    titles: Sequence[str],
    specifications: Mapping[str, Sequence[str | None]] | None = None,
    *,
    brands: Sequence[str | None] | None = None,
    said: Sequence[Stated] | None = None,
    read: Sequence[tuple[Mapping[str, Collection[str]], Codes]] | None = None,
    spelling: Spelling | None = None,
) -> Attributes:
    """Read what every posting of a catalogue states, from titles and specification columns.

    The order of the postings does not matter. Model codes are spelt as the whole catalogue spells
    them: "wh 1000 xm5" is "wh1000xm5" where some title writes it so.

    Parameters
    ----------
    titles
        As `normalise_title` returns them.
    specifications
        Columns by name, one value per posting. What a column holds is told by its name; columns
        whose name says nothing are left out.
    brands
        Brand of each posting; its words are neither colours nor model codes.
    said
        What :func:`samesku.titles.stated` reads of each title, where it was read before.
    read
        What `read_title` reads of each title, where it was read before.
    spelling
        How the titles of the whole catalogue write model codes, where these are not all.
    """
    if read is None:
        names = brands if brands is not None else [None] * len(titles)
        said = [stated(title) for title in titles] if said is None else said
        read = [
            read_title(title, numbers, normalise_title(clean_title(brand)) if brand else "")
            for title, numbers, brand in zip(titles, said, names, strict=True)
        ]
    spelling = spelling or Spelling.of([codes for _, codes in read])
    found = [{kind: set(each) for kind, each in values.items()} for values, _ in read]
    for values, (_, codes) in zip(found, read, strict=True):
        values["model"] |= spelling.settle(codes)
    for name, cells in (specifications or {}).items():
        if told := column_kind(name):
            for values, cell in zip(found, cells, strict=True):
                if cell:
                    values[told[0]] |= read_cell(*told, cell)
    return Attributes({kind: [tuple(sorted(one[kind])) for one in found] for kind in KINDS})
