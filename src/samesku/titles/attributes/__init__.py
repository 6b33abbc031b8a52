"""Attributes: what a posting states of count, amount, size, colour, flavour, model and the like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from samesku.titles.attributes.codes import settle
from samesku.titles.attributes.columns import column_kind, read_cell
from samesku.titles.attributes.reading import read_title
from samesku.titles.attributes.table import KINDS, Attributes, aspect
from samesku.titles.clean import clean_title
from samesku.titles.words import normalise_title

__all__ = ["KINDS", "Attributes", "aspect", "read_attributes"]


def read_attributes(
    titles: Sequence[str],
    specifications: Mapping[str, Sequence[str | None]] | None = None,
    *,
    brands: Sequence[str | None] | None = None,
) -> Attributes:
    """Read what every posting of a catalogue states, from titles and specification columns.

    Parameters
    ----------
    titles
        As `normalise_title` returns them.
    specifications
        Columns by name, one value per posting. What a column holds is told by its name; columns
        whose name says nothing are left out.
    brands
        Brand of each posting; its words are neither colours nor model codes.

    Returns
    -------
    Attributes
        It does not depend on the order of the postings. The spelling of model codes is that of the
        whole catalogue: "wh 1000 xm5" is "wh1000xm5" where some title writes it so.
    """
    names = brands if brands is not None else [None] * len(titles)
    read = [
        read_title(title, normalise_title(clean_title(brand)) if brand else "")
        for title, brand in zip(titles, names, strict=True)
    ]
    known = {code for _, codes in read for code in codes.codes}
    found = [values for values, _ in read]
    for title, (values, codes) in zip(titles, read, strict=True):
        values["model"] = settle(title, codes, known)
    for name, cells in (specifications or {}).items():
        if told := column_kind(name):
            for values, cell in zip(found, cells, strict=True):
                if cell:
                    values[told[0]] |= read_cell(*told, cell)
    return Attributes({kind: [tuple(sorted(one[kind])) for one in found] for kind in KINDS})
