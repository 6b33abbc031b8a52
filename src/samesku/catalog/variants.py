"""What tells variants apart in exports of shop systems: options by name and value, and columns."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import polars as pl

from samesku.catalog.cells import MISSING, OPTIONAL, REQUIRED, as_text
from samesku.catalog.problems import Problem
from samesku.catalog.tables import folded_name
from samesku.runtime.files import packaged_table
from samesku.titles import normal_title
from samesku.titles.attributes import aspect
from samesku.titles.attributes.columns import OPTION, column_kind, read_cell

# Columns of a table with options as columns; further options stand behind titles.
MOST_COLUMNS = 500
_OURS = frozenset(map(folded_name, (*REQUIRED, *OPTIONAL)))
# Kinds of attribute that shops without columns for them write into titles.
_IN_TITLES = ("colour", "size", "flavour", "count", "amount")
# What all variants of a product share, and an export may write once.
_SHARED = ("title", "brand", "description")
# Kinds of attribute in which variants differ, in columns of any file.
_VARYING = ("colour", "size", "flavour")
# Kinds of which a clash keeps equal titles apart: they need not stand behind them, where they would
# part what `--same` lets differ.
_CLEAR = ("colour", "size", "count", "amount", "memory")


def read_variants(
    frame: pl.DataFrame, places: list[int]
) -> tuple[pl.DataFrame, list[int], list[Problem]]:
    """Read what tells the variants of a product apart, beside attributes of a known kind.

    Exports of shops give options by name and value: each gets a column of its kind. Where values
    differ under one title but not as they are read ("Aurora", "white" and "white matt"), they are
    also compared as text, in a column of their own. What is of no known kind, columns as "pattern",
    and flavours stand behind titles, too.

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
    for name in _varying(frame):
        names = pl.repeat(name, frame.height, eager=True)
        options.append((names, _stated(frame[name])))
    one_shop = bool(pairs or _columns(frame, "parent") or _columns(frame, "group"))
    return (_with_options(frame, options, one_shop) if options else frame), places, problems


def with_options_in_titles(frame: pl.DataFrame) -> pl.DataFrame:
    """Put behind titles what rows of one title differ in, as other shops write their titles."""
    options = [frame[name].drop_nulls().unique() for name, _ in _option_columns(frame.columns)]
    given = {folded_name(name) for names in options for name in names}
    behind = []
    for name in frame.columns:
        kind, folded = column_kind(name), folded_name(name)
        if kind is None or folded in _OURS or not (kind[0] in _IN_TITLES or folded in given):
            continue
        if not name.startswith(OPTION):  # those of no known kind stand there already
            table = pl.DataFrame({"title": frame["title"], "value": _stated(frame[name])})
            differ = pl.col("value").drop_nulls().n_unique().over("title") > 1
            behind.append(table.select(pl.when(differ).then("value").alias(name)).to_series())
    return _behind_titles(frame, frame["title"], behind)


def _with_shared(
    frame: pl.DataFrame, pairs: list[tuple[str, str]]
) -> tuple[pl.DataFrame, pl.Series]:
    """Rows with the title of their product, and which of them hold a further photo of it only."""
    names, values = zip(*pairs, strict=True)
    product = _column(frame, "product")
    read = (*names, *values, *_shared(frame), *([] if product is None else [product]))
    frame = frame.with_columns(_stated(frame[name]) for name in dict.fromkeys(read))
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
    types = _stated(frame[type_of]).str.to_lowercase()
    wholes = types.is_in(_data()["roles"]["whole"]).fill_null(False)
    if parent is None:
        return wholes & bool(types.is_in(_data()["roles"]["part"]).any())
    parents = _stated(frame[parent]).drop_nulls().implode()
    keys = [_stated(frame[name]) for name in _columns(frame, "key")]
    named = (
        pl.col(each.name).is_in(parents) | ("id:" + pl.col(each.name)).is_in(parents)
        for each in keys
    )
    return wholes & pl.select(keys).select(pl.any_horizontal(named)).to_series().fill_null(False)


def _varying(frame: pl.DataFrame) -> list[str]:
    """Columns of a file in which variants of a product differ."""
    known = set(_columns(frame, "varying"))
    for name in frame.columns:
        kind = None if folded_name(name) in _OURS else column_kind(name)
        if kind is not None and kind[0] in _VARYING and not name.startswith(OPTION):
            known.add(name)
    return [name for name in frame.columns if name in known]


def _stated(column: pl.Series) -> pl.Series:
    """The cells of a column as text, without those that say nothing; "None" is a choice."""
    texts = as_text(column).str.strip_chars()
    empty = texts.str.contains(MISSING) & (texts.str.to_lowercase() != "none")
    return texts.set(empty.fill_null(False), None).replace("", None).alias(column.name)


def _with_options(
    frame: pl.DataFrame, options: list[tuple[pl.Series, pl.Series]], one_shop: bool
) -> pl.DataFrame:
    """Options, given by name and value, in columns, and those of no known kind behind titles.

    Where values of one source differ: two shops may write one value in different ways.
    """
    titles = as_text(frame["title"])
    alike = titles.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    source = as_text(frame["source"]) if "source" in frame.columns else None
    shared = {"title": alike, "source": source}
    tables = [pl.DataFrame({**shared, "name": names, "value": values}) for names, values in options]
    columns = {folded_name(name): name for name in frame.columns}
    read: dict[str, str] = {}
    as_written: dict[str, str] = {}
    in_titles: list[str] = []
    apart: dict[str, list[str]] = {"name": [], "title": []}
    given = pl.concat(tables).drop_nulls(["title", "name", "value"]).unique().sort("name", "value")
    for (name,), stated in given.group_by("name", maintain_order=True):
        folded, fits = folded_name(name), len(columns) < MOST_COLUMNS
        kind = column_kind(name) if fits and folded not in _OURS else None
        if kind is not None or folded in _SHARED[1:]:
            read[name] = columns.setdefault(folded, name if kind else folded)
        unclear = [] if folded in _SHARED else _unclear(stated, kind, one_shop)
        if unclear:  # not "Title": "Default Title"
            own = OPTION + (name.casefold() if kind else folded)
            as_written[name] = columns.setdefault(own, own) if fits else columns.get(own, "")
            apart["title"] += unclear
            apart["name"] += [name] * len(unclear)
            if kind is None or kind[0] not in _CLEAR:
                in_titles.append(name)
    marks = pl.DataFrame(apart, schema=dict.fromkeys(apart, pl.String)).with_columns(apart=True)
    behind: list[pl.Series] = []
    for table, (names, values) in zip(tables, options, strict=True):
        marked = table.join(marks, on=["title", "name"], how="left", maintain_order="left")
        own_values = values.set(marked["apart"].is_null(), None)
        frame = _filled(_filled(frame, names, values, read), names, own_values, as_written)
        own_values = own_values.set(~names.is_in(in_titles).fill_null(False), None)
        behind.append(own_values.alias(str(len(behind))))
    return _behind_titles(frame, titles, behind)


def _behind_titles(frame: pl.DataFrame, titles: pl.Series, behind: list[pl.Series]) -> pl.DataFrame:
    """The table with these titles, what is stated behind those that there are."""
    titled = pl.select(pl.concat_str(titles, *behind, separator=", ", ignore_nulls=True))
    return frame.with_columns(title=titled.to_series().zip_with(titles.is_not_null(), titles))


def _unclear(stated: pl.DataFrame, kind: tuple[str, str] | None, one_shop: bool) -> list[str]:
    """Titles with values of one option that differ, and that what is read does not tell apart.

    Where several shops may have written them, values of which one is read as part of another are
    taken to be one: "white" and "pure white".
    """
    groups = stated.group_by("title", "source").agg("value").filter(pl.col("value").list.len() > 1)
    cells = {
        each: (normal_title(each), frozenset(read_cell(*kind, each) if kind else ()))
        for each in groups["value"].explode().unique().drop_nulls()
    }
    titles = {
        title
        for title, _, given in groups.iter_rows()
        if _alike((cells[each] for each in given), one_shop)
    }
    return sorted(titles)


def _alike(cells: Iterable[tuple[str, frozenset[str]]], one_shop: bool) -> bool:
    """Whether some of the values, each as text and as read, differ and do not clash."""
    values = dict(cells)
    read = list(values.values())
    if len(values) < 2 or (all(read) and not one_shop):
        return False
    distinct, aspects = set(read), {frozenset(map(aspect, each)) for each in read}
    if len(distinct) < len(read) or frozenset() in distinct or len(aspects) > 1:
        return True
    holding = defaultdict[str, list[frozenset[str]]](list)
    for one in distinct:
        for value in one:
            holding[value].append(one)
    # What holds all of one also holds the rarest of its values.
    rarest = ((one, min((holding[value] for value in one), key=len)) for one in distinct)
    return any(one < other for one, others in rarest for other in others)


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
