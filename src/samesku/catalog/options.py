"""Options by name and value, as exports of shop systems hold them: in columns, or listed in one."""

import re
from functools import cache
from itertools import pairwise
from typing import Any

import polars as pl

from samesku.catalog.cells import MISSING, OPTIONAL, REQUIRED, as_text
from samesku.catalog.column_names import folded_name
from samesku.runtime.files import packaged_table
from samesku.titles.attributes.columns import OPTION, column_kind, plain_name

_OURS = frozenset(map(folded_name, (*REQUIRED, *OPTIONAL)))
# Names in a column that lists options; one with more is of offers of all kinds.
_MOST_NAMES = 200
# "Size=S", "Size: S", '{"Size":"S"', "[RT]Size=S"; "https://..." is none.
_NAME = r"\s*[\"'\[{(]*(?:[A-Z]{1,3}\])?([^\W\d_][^,;|=:\n\"']{0,39})[\"']?\s*[=:](?!//)"
_BEGIN = "^" + _NAME.replace("(?!//)", "([^/]|$)")  # for an engine that does not look ahead
_PAIR = re.compile(rf"{_NAME}(.*)", re.DOTALL)
_BETWEEN = re.compile(rf"[,;|/\n](?={_NAME.replace('([^', '(?:[^')})")
# What may stand behind a value: the number of a colour ("Blue[#0000ff]"), quotes and brackets.
_COLOUR = re.compile(r"[\[(:]?#[0-9a-fA-F]{3,8}\W*$")
_LAST = "\"'}];,| \t\r\n\xa0"
# "Size:select:0, Color:color:1", and "S:0, Blue:1" in the next column.
_NUMBERED = r"^[^:,]+:[a-z_]+:[0-9]+\s*(?:,|$)"
_PART = re.compile(r"\s*([^:]+?)(?::[a-z_]+)?:[0-9]+\s*(?:,|$)")


def paired_columns(names: list[str]) -> list[tuple[str, str]]:
    """Which columns hold names of options, each with that of the values."""
    there: dict[str, str] = {}
    for name in names:
        there.setdefault(folded_name(name), name)
    found = []
    for pattern, value in data()["pairs"].items():
        number = re.compile(folded_name(pattern.replace("#", "0")).replace("0", "([0-9]+)"))
        matches = filter(None, map(number.fullmatch, there))
        found += [
            (there[match[0]], there.get(folded_name(value.replace("#", match[number.groups]))))
            for match in matches
        ]
    return [(name, value) for name, value in found if value is not None]


def with_numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """The table with "Size=S;Color=Blue" for options and values that are numbered."""
    for name, value in pairwise(frame.columns):
        if frame[name].dtype.is_numeric():
            continue
        names = stated_cells(frame[name])
        if names.drop_nulls().str.contains(_NUMBERED).mean() == 1:
            columns = (each.fill_null("") for each in (names, stated_cells(frame[value])))
            rows = zip(*(map(_PART.findall, each) for each in columns), strict=True)
            cells = [";".join(map("=".join, zip(*row, strict=False))) for row in rows]
            frame = frame.with_columns(pl.Series(name, cells, dtype=pl.String))
    return frame


def read_lists(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Columns of which most cells list options: each `cell` with a `name` and `value`.

    A column that is not called after options lists known ones or several in most cells, and their
    names recur.
    """
    found = {}
    for column in frame.columns:
        if folded_name(column) in _OURS or frame[column].dtype.is_numeric():
            continue
        cells = stated_cells(frame[column]).drop_nulls().alias("cell").to_frame()
        if not cells.select(pl.col("cell").str.contains(_BEGIN).sum() * 2 > pl.len()).item():
            continue
        rows = [(cell, *pair) for cell in cells["cell"].unique() for pair in listed_in(cell)]
        schema = dict.fromkeys(("cell", "name", "value"), pl.String)
        listed = pl.DataFrame(rows, schema, orient="row")
        names = {name: option_name(name) for name in listed["name"].unique().head(_MOST_NAMES + 1)}
        sizes = cells.join(listed.group_by("cell").len(), on="cell")["len"]
        known = any(each in data()["varying"] or column_kind(each) for each in names.values())
        many = (sizes > 1).sum() * 2 > cells.height
        likely = lists_options(column) or ((known or many) and len(names) * 2 <= sizes.sum())
        if likely and len(names) <= _MOST_NAMES and len(sizes) * 2 > cells.height:
            none = pl.col("name").is_in(data()["names"]["none"])
            found[column] = listed.with_columns(pl.col("name").replace(names)).filter(~none)
    return found


def lists_options(column: str) -> bool:
    """Whether a column is called after options or variants."""
    name = folded_name(column.removeprefix(OPTION))
    return any(word in name for word in data()["names"]["options"])


def listed_in(cell: str) -> list[tuple[str, str]]:
    """Options that a cell lists, by name; none where it lists several variants.

    >>> listed_in("Color=Blue|Size=S"), listed_in("Name=Size|Value=S")
    ([('color', 'Blue'), ('size', 'S')], [('size', 'S')])
    """
    found = filter(None, map(_PAIR.match, _BETWEEN.split(cell)))
    pairs = [
        (each[1].strip().casefold(), _COLOUR.sub("", each[2].strip(" \"'")).rstrip(_LAST))
        for each in found
    ]
    names, values = ([text for name, text in pairs if name == role] for role in ("name", "value"))
    if names and values:
        pairs = list(zip(map(str.casefold, names), values, strict=False))
    return pairs if len(dict(pairs)) == len(pairs) else []


def options_of(
    frame: pl.DataFrame, pairs: list[tuple[str, str]], lists: dict[str, pl.DataFrame]
) -> pl.DataFrame:
    """Options of all rows, one a line: `row`, `name`, `value`, and whether it is a `quantity`.

    A quantity is that of a column of any file, as its weight.
    """
    found = [stated_in(frame["title"].head(0), "")]
    found += (stated_in(frame[value], frame[name]) for name, value in pairs)
    for column, listed in lists.items():
        cells = stated_in(frame[column], column).rename({"value": "cell"}).drop("name")
        found.append(cells.join(listed, on="cell").select(found[0].columns))
    for column in frame.columns:
        prefix = next(filter(column.startswith, data()["names"]["prefixes"]), "")
        plain = option_name(column.removeprefix(prefix))
        known = prefix or plain in data()["varying"] or trait_of(column)
        if known and plain not in data()["names"]["none"] and not column.startswith(OPTION):
            found.append(stated_in(frame[column], plain, "" if prefix else trait_of(column)))
    given = pl.concat(found)
    names = {name: option_name(name) for name in given["name"].unique()}
    return given.with_columns(pl.col("name").replace(names))


def stated_in(values: pl.Series, names: pl.Series | str, trait: str = "") -> pl.DataFrame:
    """The options of a column, by the names of all its rows or of each."""
    given = pl.DataFrame({"value": stated_cells(values)}).with_row_index("row")
    named = pl.lit(names) if isinstance(names, str) else as_text(names)
    given = given.with_columns(name=named, quantity=pl.lit(trait == "quantity"))
    return given.select("row", "name", "value", "quantity").drop_nulls()


def option_name(name: str) -> str:
    """What an option is called in English where that is known, else as it is, in small letters."""
    return _varying().get(folded_name(name)) or plain_name(name) or folded_name(name)


def kind_of(name: str) -> tuple[str, str] | None:
    """The kind and aspect of an option or column; None of what is none, and of columns of ours."""
    return None if folded_name(name) in _OURS else column_kind(name)


def trait_of(name: str) -> str:
    """Whether variants differ in what a column holds by a "quantity", by a "choice" or, "", not."""
    kind = (kind_of(name) or ("",))[0]
    return next((trait for trait, kinds in data()["kinds"].items() if kind in kinds), "")


def stated_cells(column: pl.Series) -> pl.Series:
    """The cells of a column as text, without those that say nothing; "None" is a choice."""
    texts = as_text(column).str.strip_chars()
    empty = texts.str.contains(MISSING) & (texts.str.to_lowercase() != "none")
    return texts.set(empty.fill_null(False), None).replace("", None).alias(column.name)


def columns_called(frame: pl.DataFrame, role: str) -> list[str]:
    """Columns by what they tell of the rows of an export."""
    known = set(map(folded_name, data()["roles"][role]))
    return [name for name in frame.columns if folded_name(name) in known]


@cache
def _varying() -> dict[str, str]:
    table = data()["varying"].items()
    return {folded_name(name): plain for plain, names in table for name in (plain, *names)}


@cache
def data() -> dict[str, Any]:
    """What columns and options are called."""
    return packaged_table("samesku.catalog", "option_columns.toml")
