"""The content of distinct postings as the features read it: read once, kept in the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from sys import intern

import polars as pl
import sqlalchemy as sa

from samesku.candidates.collapse import READ
from samesku.catalog.catalog import Catalog
from samesku.catalog.cells import OPTIONAL, REQUIRED
from samesku.scoring.features.brands import brand_words
from samesku.scoring.features.descriptions import description_words
from samesku.store.postings import Payload, column_series, normal_title
from samesku.store.schema import distinct, look_up
from samesku.store.terms import term_number
from samesku.titles import Quantity, Stated, normal_tokens, stated
from samesku.titles.attributes import KINDS, Attributes, Codes, read_attributes, read_title
from samesku.titles.attributes.codes import NONE
from samesku.titles.attributes.spelling import Spelling

# Postings of which the content is kept in memory, the last ones that were read.
KEPT = 20_000


@dataclass(frozen=True, eq=False)
class Content:
    """One posting's content, and what is read of it: the same for all that share a content key."""

    columns: Payload  # those of `READ`, where there are some; of the description its words
    normal: str
    stated: Stated
    values: dict[str, tuple[str, ...]]  # by kind, of the title and of the specification columns
    codes: Codes  # spelt as the titles beside it spell them

    @classmethod
    def of(cls, payload: Payload) -> Content:
        normal = normal_title(str(payload["title"]))
        numbers_said = stated(normal)
        values, codes = read_title(normal, numbers_said, str(payload.get("brand", "")))
        others = payload.keys() - {*REQUIRED, *OPTIONAL}
        cells = {name: [str(payload[name])] for name in others}
        read = read_attributes([normal], cells, read=[(values, NONE)]).values
        columns = {name: payload[name] for name in READ if name in payload}
        if "description" in columns:  # its words alone are compared; one without any is one, too
            words = description_words(str(columns["description"]))
            columns["description"] = " ".join(dict.fromkeys(words)) or " "
        return cls(columns, normal, numbers_said, {k: read[k][0] for k in KINDS}, codes)

    @cached_property
    def tokens(self) -> list[str]:
        return normal_tokens(self.normal)

    @cached_property
    def words(self) -> list[str]:
        """Each word once, in the order in which `packed_terms` has their numbers."""
        return list({term_number(word): word for word in self.tokens}.values())

    @cached_property
    def brand(self) -> Sequence[str]:
        """The words of the brand."""
        return brand_words(str(self.columns.get("brand", "")))

    @cached_property
    def described(self) -> Sequence[str]:
        """The words of the title and of the description, each once: many postings share them."""
        words = str(self.columns.get("description", "")).split()
        return tuple(dict.fromkeys([*self.tokens, *map(intern, words)]))

    def pack(self) -> str:
        """As text, for the store."""
        values = [self.values[kind] for kind in KINDS]
        codes = self.codes[1:] if self.codes.title else None
        return json.dumps(
            [self.columns, self.normal, self.stated, values, codes], separators=(",", ":")
        )

    @classmethod
    def unpack(cls, packed: str) -> Content:
        """Read what `pack` gave."""
        columns, normal, (quantities, words), values, codes = json.loads(packed)
        said = Stated(tuple(Quantity(*each) for each in quantities), tuple(words))
        held = dict(zip(KINDS, map(tuple, values), strict=True))
        read = NONE if codes is None else Codes.of(normal, *codes)
        return cls(columns, normal, said, held, read)


class Contents:
    """The content of distinct postings by their numbers."""

    def __init__(self) -> None:
        self._known: dict[int, Content] = {}

    def keep(self, number: int, content: Content) -> None:
        """Keep that of a posting that is new."""
        self._known[number] = content

    def forget(self, number: int) -> None:
        self._known.pop(number, None)

    def of(self, numbers: Sequence[int], connection: sa.Connection) -> list[Content]:
        """Those of some postings, read from the store where they are not known."""
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        missing = [each for each in numbers if each not in self._known]
        found = look_up(connection, distinct.c.id, distinct.c.content, missing)
        self._known |= {number: Content.unpack(text) for number, text in found.items()}
        return [self._known[each] for each in numbers]


def catalog_of(contents: Sequence[Content], parts: Sequence[slice]) -> Catalog:
    """Postings as a catalogue that need not be read again; codes are spelt as in their part."""
    payloads = [each.columns for each in contents]
    ids = [str(place) for place in range(len(payloads))]
    titles = [each.normal for each in contents]
    columns: dict[str, pl.Series | list[str]] = {"posting_id": ids, "title": titles}
    for name in READ:
        if any(name in each for each in payloads):
            columns[name] = column_series(payloads, name)
    catalog = Catalog(pl.DataFrame(columns), (None,) * len(payloads), name="store")
    values = {kind: [each.values[kind] for each in contents] for kind in KINDS}
    values["model"] = []
    for part in parts:
        spelling = Spelling.of([each.codes for each in contents[part]])
        values["model"] += [
            tuple(sorted({*each.values["model"], *spelling.settle(each.codes)}))
            if each.codes.title
            else each.values["model"]
            for each in contents[part]
        ]
    vars(catalog).update(
        ids=ids,
        titles=titles,
        normal_titles=titles,
        stated=[each.stated for each in contents],
        attributes=Attributes(values),
    )
    return catalog
