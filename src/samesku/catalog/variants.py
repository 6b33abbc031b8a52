"""What tells variants apart in exports of shop systems: options by name and value, and columns."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from samesku.catalog.cells import OPTIONAL, REQUIRED, as_text
from samesku.catalog.problems import Problem
from samesku.catalog.tables import folded_name
from samesku.runtime.files import packaged_table
from samesku.titles.attributes.columns import OPTION, column_kind, read_cell

# Columns of a table with options as columns; further options stand behind titles.
MOST_COLUMNS = 500
_OURS = frozenset(map(folded_name, (*REQUIRED, *OPTIONAL)))
# Kinds of attribute that shops without columns for them write into titles.
_IN_TITLES = ("colour", "size", "flavour", "count", "amount", "memory", "measure")
# What all variants of a product share, and an export may write once.
_SHARED = ("title", "brand", "description")


def read_variants(
    frame: pl.DataFrame, places: list[int]
) -> tuple[pl.DataFrame, list[int], list[Problem]]:
    """Read what tells the variants of a product apart, beside attributes of a known kind.

    Exports of shops give options by name and value: each gets a column of its kind. What is of no
    known kind, or not all understood, and columns as "pattern", tell rows of one title apart where
    those of one source differ: as text in columns of their own, and behind the title.

    Beside columns as "Option1 Name" and "Option1 Value" a row without a title takes that of its
    product, and rows that are no offers are left out: further photos, and products as a whole
    beside their variants. `places` are those of the rows in the file; returned with the frame.
    """
    pairs = _option_columns(frame.columns)
    photos = pl.repeat(False, frame.height, eager=True)
    if pairs:
        frame, photos = _with_shared(frame, pairs)
    wholes = _wholes(frame)
    left_out = (
        ("photo_row", "row with a further photo of a product only", photos),
        ("whole_product", "row of a product as a whole, whose variants have rows", wholes),
    )
    problems = [
        Problem.at(kind, message, "left out", [places[row] for row in rows.arg_true()])
        for kind, message, rows in left_out
        if rows.any()
    ]
    if problems:
        kept = (~(photos | wholes)).arg_true().to_list()
        frame, places = frame[kept], [places[row] for row in kept]
    options = [(frame[name], frame[value]) for name, value in pairs]
    for name in _columns(frame, "varying"):
        names = pl.repeat(name, frame.height, eager=True)
        options.append((names, _trimmed(frame[name])))
    return (_told_apart(frame, options) if options else frame), places, problems


def with_options_in_titles(frame: pl.DataFrame) -> pl.DataFrame:
    """Put behind titles what rows of one title differ in, as other shops write their titles."""
    behind = []
    for name in frame.columns:
        kind = column_kind(name)
        if folded_name(name) in _OURS or kind is None or kind[0] not in _IN_TITLES:
            continue
        if not name.startswith(OPTION):  # those of no known kind stand there already
            table = pl.DataFrame({"title": frame["title"], "value": _trimmed(frame[name])})
            differ = pl.col("value").drop_nulls().n_unique().over("title") > 1
            behind.append(table.select(pl.when(differ).then("value").alias(name)).to_series())
    titled = pl.concat_str(frame["title"], *behind, separator=", ", ignore_nulls=True)
    return frame.with_columns(title=pl.when(pl.col("title").is_not_null()).then(titled))


def _with_shared(
    frame: pl.DataFrame, pairs: list[tuple[str, str]]
) -> tuple[pl.DataFrame, pl.Series]:
    """Rows with the title of their product, and which of them hold a further photo of it only."""
    names, values = zip(*pairs, strict=True)
    product = _column(frame, "product")
    read = (*names, *values, *_shared(frame), *([] if product is None else [product]))
    frame = frame.with_columns(_trimmed(frame[name]).alias(name) for name in dict.fromkeys(read))
    titled = frame["title"].is_not_null()
    if product is not None:  # rows that name no product are not of one
        shared, named = pl.col(*_shared(frame), *names), pl.col(product).is_not_null()
        first = shared.drop_nulls().first().over(product)
        frame = frame.with_columns(pl.when(named).then(shared.fill_null(first)).otherwise(shared))
    stated = frame.select(pl.any_horizontal(pl.col(values).is_not_null())).to_series()
    return frame, ~titled & ~stated & frame["title"].is_not_null()


def _wholes(frame: pl.DataFrame) -> pl.Series:
    """Which rows are products as a whole, whose variants have rows of their own."""
    type_of, parent = _column(frame, "type"), _column(frame, "parent")
    if type_of is None:
        return pl.repeat(False, frame.height, eager=True)
    types = _trimmed(frame[type_of]).str.to_lowercase()
    wholes = types.is_in(_data()["roles"]["whole"]).fill_null(False)
    if parent is None:
        return wholes & bool(types.is_in(_data()["roles"]["part"]).any())
    parents = _trimmed(frame[parent]).drop_nulls().implode()
    keys = [pl.Series(name, _trimmed(frame[name])) for name in _columns(frame, "key")]
    named = (
        pl.col(each.name).is_in(parents) | ("id:" + pl.col(each.name)).is_in(parents)
        for each in keys
    )
    return wholes & pl.select(keys).select(pl.any_horizontal(named)).to_series().fill_null(False)


def _told_apart(frame: pl.DataFrame, options: list[tuple[pl.Series, pl.Series]]) -> pl.DataFrame:
    """Options, given by name and value, in columns, and behind titles of which they are several.

    Several of one source: two shops may write one value in different ways.
    """
    titles = as_text(frame["title"])
    sources = as_text(frame["source"]) if "source" in frame.columns else None
    columns = {folded_name(name): name for name in frame.columns}
    behind: list[pl.Series] = []
    differ = _folded(pl.col("value")).drop_nulls().n_unique().over("title", "name", "source") > 1
    for names, values in options:
        given = {"title": titles, "name": names, "value": values, "source": sources}
        table = pl.DataFrame(given).with_columns(_folded(pl.col("title")))
        table = table.with_columns(differ=differ)
        table = table.with_columns(pl.col("differ").any().over("title", "name"))
        read, told = _columns_for(table.drop_nulls(["title", "name", "value"]), columns)
        apart = pl.col("title").is_not_null() & pl.col("name").is_in(list(told)) & pl.col("differ")
        own = table.select(pl.when(apart).then("value")).to_series()
        frame = _filled(_filled(frame, names, values, read), names, own, told)
        # What is of a known kind may differ with it: words in titles would part them all the same.
        plain = [name for name in told if column_kind(name) is None]
        behind.append(own.set(~names.is_in(plain).fill_null(False), None).alias(str(len(behind))))
    titled = pl.select(pl.concat_str(titles, *behind, separator=", ", ignore_nulls=True))
    return frame.with_columns(title=titled.to_series().zip_with(titles.is_not_null(), titles))


def _columns_for(
    stated: pl.DataFrame, columns: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The column of each option that is read, and of each that tells titles apart as text.

    `columns` are those of the table by folded name; new ones are added. "": no more fit.
    """
    read: dict[str, str] = {}
    told: dict[str, str] = {}
    options = stated.group_by("name").agg(pl.col("value").unique(), pl.col("differ").any())
    for name, values, differ in options.sort("name").iter_rows():
        folded, fits = folded_name(name), len(columns) < MOST_COLUMNS
        kind = column_kind(name) if fits and folded not in _OURS else None
        if kind is not None or folded in _SHARED[1:]:
            read[name] = columns.setdefault(folded, name if kind else folded)
        understood = kind is not None and all(read_cell(*kind, each) for each in values)
        if differ and not understood and folded not in _SHARED:  # "Title": "Default Title"
            own = OPTION + folded
            told[name] = columns.setdefault(own, own) if fits else columns.get(own, "")
    return read, told


def _filled(
    frame: pl.DataFrame, names: pl.Series, values: pl.Series, columns: Mapping[str, str]
) -> pl.DataFrame:
    """The values of options put into the columns for their names, where these say nothing."""
    place = names.replace_strict(columns, default=None, return_dtype=pl.String)
    for column in sorted(set(columns.values()) - {""}):
        given = as_text(frame[column]) if column in frame.columns else None
        own = values.set(place.ne_missing(column), None)
        frame = frame.with_columns((own if given is None else given.fill_null(own)).alias(column))
    return frame


def _trimmed(column: pl.Series) -> pl.Series:
    return as_text(column).str.strip_chars().replace("", None)


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()


def _shared(frame: pl.DataFrame) -> list[str]:
    return [name for name in _SHARED if name in frame.columns]


def _option_columns(names: list[str]) -> list[tuple[str, str]]:
    """Which columns hold names of options, each with that of the values."""
    there: dict[str, str] = {}
    for name in names:
        there.setdefault(folded_name(name), name)
    found = []
    for pattern, value in _data()["pairs"].items():
        number = re.compile(folded_name(pattern.replace("#", "0")).replace("0", "([0-9]+)"))
        matches = filter(None, map(number.fullmatch, there))
        found += [
            (there[match[0]], there.get(folded_name(value.replace("#", match[1]))))
            for match in matches
        ]
    return [(name, value) for name, value in found if value is not None]


def _columns(frame: pl.DataFrame, role: str) -> list[str]:
    known = set(map(folded_name, _data()["roles"][role]))
    return [name for name in frame.columns if folded_name(name) in known]


def _column(frame: pl.DataFrame, role: str) -> str | None:
    return next(iter(_columns(frame, role)), None)


@cache
def _data() -> dict[str, Any]:
    return packaged_table("samesku.catalog", "option_columns.toml")
