"""What shops call the columns that are read, by language."""

import re
from collections.abc import Sequence
from functools import cache

from samesku.catalog.currencies import currency_of
from samesku.runtime.files import packaged_table

# "Preis (EUR)", "価格（税込）", "Цена, руб.": a unit or a tax behind the name.
_ASIDE = re.compile(r"\s*[(\[（【,].*")


def folded_name(name: str) -> str:
    """A column's name in small letters and digits alone, to compare spellings."""
    return "".join(filter(str.isalnum, name.casefold()))


def meant_by(ours: str, given: Sequence[str]) -> str | None:
    """Which of the given columns is called as other shops call ours; None where none is."""
    spelt: dict[str, str] = {}
    for read in (folded_name, _plain):
        for name in given:
            spelt.setdefault(read(name), name)
    names = (name for each in _names().get(ours, {}).values() for name in each)
    return next((spelt[name] for name in (folded_name(ours), *names) if name in spelt), None)


def known_names(language: str) -> frozenset[str]:
    """All names of columns of a language, folded."""
    return frozenset(name for each in _names().values() for name in each.get(language, ()))


@cache
def languages() -> tuple[str, ...]:
    """The languages of which names are known."""
    return tuple(dict.fromkeys(language for each in _names().values() for language in each))


@cache
def _names() -> dict[str, dict[str, list[str]]]:
    table = packaged_table("samesku.catalog", "column_names.toml")
    return {
        ours: {language: list(map(folded_name, names)) for language, names in each.items()}
        for ours, each in table.items()
    }


def _plain(name: str) -> str:
    """A folded name without what stands behind it in brackets, and without a currency."""
    *words, last = _ASIDE.sub("", name).split() or [""]
    return folded_name(" ".join(words if words and currency_of(last) else [*words, last]))
