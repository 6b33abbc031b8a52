"""What distinct postings say, read once and kept while they are asked for again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from samesku.catalog.catalog import Catalog
from samesku.catalog.cells import OPTIONAL, REQUIRED
from samesku.store.postings import Payload, as_catalog, normal_title
from samesku.titles import Stated, clean_title, normal_tokens, normalise_title, stated
from samesku.titles.attributes import Codes, read_attributes, read_title
from samesku.titles.attributes.columns import column_kind

__all__ = ["Said", "Sayings", "catalog_of"]

# Postings of which the content is kept in memory, the last ones asked for.
KEPT = 20_000

Read = Callable[[Sequence[int]], Mapping[int, Payload]]


@dataclass(frozen=True, eq=False)
class Said:
    """One posting's content, and what is read of its title."""

    payload: Payload
    normal: str
    tokens: list[str]
    stated: Stated
    title: tuple[dict[str, set[str]], Codes]

    @classmethod
    def of(cls, payload: Payload) -> Said:
        """Read a posting."""
        normal = normal_title(payload)
        said = stated(normal)
        brand = normalise_title(clean_title(str(payload.get("brand", ""))))
        return cls(payload, normal, normal_tokens(normal), said, read_title(normal, said, brand))


class Sayings:
    """What postings say by their numbers."""

    def __init__(self) -> None:
        self._known: dict[int, Said] = {}

    def forget(self, number: int) -> None:
        """Keep nothing of a posting."""
        self._known.pop(number, None)

    def of(self, numbers: Sequence[int], read: Read, *, passing: int = -1) -> list[Said]:
        """Those of some postings, `read` where they are not known; `passing` is not kept."""
        known = {number: self._known.pop(number) for number in numbers if number in self._known}
        if missing := [number for number in numbers if number not in known]:
            known |= {number: Said.of(payload) for number, payload in read(missing).items()}
        # The last ones asked for stand last.
        self._known |= {number: said for number, said in known.items() if number != passing}
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        return [known[number] for number in numbers]


def catalog_of(said: Sequence[Said], ids: Sequence[str], name: str) -> Catalog:
    """Postings as a catalogue that need not be read again."""
    payloads = [each.payload for each in said]
    catalog = as_catalog(payloads, ids, name)
    titles = [each.normal for each in said]
    columns = {name for each in payloads for name in each if column_kind(name)}
    held = vars(catalog)
    held["titles"] = [str(each["title"]) for each in payloads]
    held["normal_titles"] = titles
    held["stated"] = [each.stated for each in said]
    held["attributes"] = read_attributes(
        titles,
        {
            name: [None if name not in each else str(each[name]) for each in payloads]
            for name in sorted(columns - {*REQUIRED, *OPTIONAL})
        },
        read=[each.title for each in said],
    )
    return catalog
