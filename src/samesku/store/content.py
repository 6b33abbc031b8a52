"""The content of distinct postings, read once and kept while they are asked for again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.catalog.catalog import Catalog
from samesku.catalog.cells import OPTIONAL, REQUIRED
from samesku.store.postings import Payload, column_series, normal_title
from samesku.store.terms import term_number
from samesku.titles import Stated, normal_tokens, stated
from samesku.titles.attributes import KINDS, Attributes, Codes, read_title
from samesku.titles.attributes.codes import Spelling
from samesku.titles.attributes.columns import column_kind, read_cell

# Postings of which the content is kept in memory, the last ones asked for.
KEPT = 20_000
# Columns that the features read of the frame.
_READ = ("price", "brand", "description")

Read = Callable[[Sequence[int]], Mapping[int, Payload]]


@dataclass(frozen=True, eq=False)
class Content:
    """One posting's content, and what is read of it.

    Attributes
    ----------
    numbers : int64
        The term number of each token.
    values : dict of kind of attribute to values, ascending
        Of the title and of the specification columns.
    codes : Codes
        Its model codes, which are spelt as the titles beside it spell them.
    """

    payload: Payload
    normal: str
    tokens: list[str]
    numbers: NDArray[np.int64]
    stated: Stated
    values: dict[str, tuple[str, ...]]
    codes: Codes

    @classmethod
    def of(cls, payload: Payload) -> Content:
        """Read a posting."""
        normal = normal_title(payload)
        numbers_said = stated(normal)
        values, codes = read_title(normal, numbers_said, str(payload.get("brand", "")))
        for name in payload.keys() - {*REQUIRED, *OPTIONAL}:
            if (kind := column_kind(name)) is not None:
                values[kind[0]] |= read_cell(*kind, str(payload[name]))
        tokens = normal_tokens(normal)
        return cls(
            payload,
            normal,
            tokens,
            np.array([term_number(token) for token in tokens], dtype=np.int64),
            numbers_said,
            {kind: tuple(sorted(values[kind])) for kind in KINDS},
            codes,
        )


class Contents:
    """The content of postings by their slots."""

    def __init__(self) -> None:
        self._known: dict[int, Content] = {}

    def forget(self, slot: int) -> None:
        """Keep nothing of a posting."""
        self._known.pop(slot, None)

    def of(self, slots: Sequence[int], read: Read, *, passing: int = -1) -> list[Content]:
        """Those of some postings, `read` where they are not known; `passing` is not kept."""
        known = {slot: self._known.pop(slot) for slot in slots if slot in self._known}
        if missing := [slot for slot in slots if slot not in known]:
            known |= {slot: Content.of(payload) for slot, payload in read(missing).items()}
        # The last ones asked for stand last.
        self._known |= {slot: content for slot, content in known.items() if slot != passing}
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        return [known[slot] for slot in slots]


def catalog_of(contents: Sequence[Content]) -> Catalog:
    """Postings as a catalogue that need not be read again."""
    payloads = [each.payload for each in contents]
    ids = [str(place) for place in range(len(payloads))]
    titles = [str(each["title"]) for each in payloads]
    columns: dict[str, pl.Series | list[str]] = {"posting_id": ids, "title": titles}
    for name in _READ:
        if any(name in each for each in payloads):
            columns[name] = column_series(payloads, name)
    catalog = Catalog(pl.DataFrame(columns), (None,) * len(payloads), name="store")
    spelling = Spelling.of([each.codes for each in contents])
    values = {kind: [each.values[kind] for each in contents] for kind in KINDS}
    values["model"] = [
        tuple(sorted({*each.values["model"], *spelling.settle(each.codes)})) for each in contents
    ]
    vars(catalog).update(
        ids=ids,
        titles=titles,
        normal_titles=[each.normal for each in contents],
        stated=[each.stated for each in contents],
        attributes=Attributes(values),
    )
    return catalog
