"""What tells variants of a product apart, and rows of exports that are no offers."""

from collections import defaultdict
from functools import lru_cache

import polars as pl

from samesku.catalog.cells import as_text
from samesku.catalog.options import (
    columns_called,
    data,
    kind_of,
    lists_options,
    option_name,
    options_of,
    paired_columns,
    read_lists,
    stated_cells,
    stated_in,
    trait_of,
    with_numbered,
)
from samesku.catalog.problems import Problem
from samesku.titles import normal_title
from samesku.titles.attributes import aspect
from samesku.titles.attributes.columns import OPTION, read_cell

# Columns that options are put into at most, beside those of the table; the others share the last.
MOST_COLUMNS = 500
# What all variants of a product share, and an export may write once.
_SHARED = ("title", "brand", "description")


def read_variants(
    frame: pl.DataFrame, places: list[int]
) -> tuple[pl.DataFrame, list[int], list[Problem]]:
    """Read what tells the variants of a product apart, beside attributes of a known kind.

    Exports of shops give options by name and value, in columns of their own or as lists in one:
    each gets a column of its kind. Where values differ under one title, they are also compared as
    text, in a column of their own: as they are written where what is read of some does not keep
    them apart ("Aurora", "white" and "white matt"). So are options of no known kind, and columns as
    "pattern".

    Among options a row without a title takes that of its product, and rows that are no offers are
    left out: further photos, and products as a whole beside their variants. `places` are those of
    the rows in the file; returned with the frame.
    """
    frame = with_numbered(frame)
    pairs, lists = paired_columns(frame.columns), read_lists(frame)
    frame, photos = _with_shared(frame, pairs, [*lists])
    wholes = _wholes(frame)
    problems = [
        Problem.of(kind, [places[row] for row in rows.arg_true()])
        for kind, rows in (("photo_row", photos), ("whole_product", wholes))
        if rows.any()
    ]
    if problems:
        kept = (~(photos | wholes)).arg_true().to_list()
        frame, places = frame[kept], [places[row] for row in kept]
    roles = [name for role in ("parent", "group") for name in columns_called(frame, role)]
    one_shop = bool(pairs or roles) or any(map(lists_options, frame.columns))
    frame = _with_options(frame, options_of(frame, pairs, lists), one_shop)
    return with_options_in_titles(frame, if_longer=True), places, problems


def with_options_in_titles(frame: pl.DataFrame, *, if_longer: bool = False) -> pl.DataFrame:
    """Put behind titles what rows of one title differ in, as other shops write their titles.

    `if_longer`: behind those alone with which a longer title of the table begins.
    """
    texts = [name for name in frame.columns if name.startswith(OPTION)]
    read = {
        option_name(name): name for name in frame.columns if trait_of(name) and name not in texts
    }
    columns = read | {text: text for text in texts if text.removeprefix(OPTION) not in read}
    if not columns:
        return frame
    stated = [stated_in(frame[name], name, trait_of(name)) for name in columns.values()]
    given = _comparable(frame, pl.concat(stated))
    differ = pl.col("value").n_unique().over("title", "source", "others", "name") > 1
    if if_longer:
        titles = pl.select(title=_alike(frame)).unique().sort("title")  # a longer one comes next
        begins = pl.col("title").shift(-1).str.starts_with(pl.col("title") + " ")
        differ &= pl.col("title").is_in(titles.filter(begins)["title"].implode())
    behind = given.filter(differ).group_by("row").agg(pl.col("value").str.join(", "))
    rows = pl.DataFrame({"title": as_text(frame["title"])}).with_row_index("row")
    rows = rows.join(behind, on="row", how="left", maintain_order="left")
    titled = pl.concat_str("title", "value", separator=", ", ignore_nulls=True)
    return frame.with_columns(rows.select(titled.alias("title")).to_series())


def _with_shared(
    frame: pl.DataFrame, pairs: list[tuple[str, str]], lists: list[str]
) -> tuple[pl.DataFrame, pl.Series]:
    """Rows with the title of their product, and which of them hold a further photo of it only."""
    parts, product = _rows(frame, "part"), columns_called(frame, "product")[:1]
    if not (pairs or lists or parts.any()):
        return frame, parts
    shared = [*(name for name in _SHARED if name in frame.columns), *(name for name, _ in pairs)]
    values = [*(value for _, value in pairs), *lists]
    read = dict.fromkeys([*shared, *values, *product])
    frame = frame.with_columns(stated_cells(frame[name]) for name in read)
    untitled = frame["title"].is_null()
    stated = pl.any_horizontal(pl.lit(False), *(pl.col(name).is_not_null() for name in values))
    variants = parts | frame.select(stated.alias("variant")).to_series()
    following = parts if parts.any() or not pairs else untitled & variants
    of = frame[product[0]] if product else (~following).cum_sum()  # variants follow their product
    named = of.is_not_null() & (bool(product) or not columns_called(frame, "parent"))
    # It may be written once, too.
    source = stated_cells(frame["source"]).forward_fill() if "source" in frame.columns else None
    own = pl.col(shared)
    first = own.drop_nulls().first().over(pl.lit(of), pl.lit(source))
    frame = frame.with_columns(pl.when(named).then(own.fill_null(first)).otherwise(own))
    return frame, untitled & ~variants & frame["title"].is_not_null()


def _wholes(frame: pl.DataFrame) -> pl.Series:
    """Which rows are products as a whole, whose variants have rows of their own."""
    wholes, parts = _rows(frame, "whole"), _rows(frame, "part")
    keys = [stated_cells(frame[name]) for name in columns_called(frame, "key")]
    for name in columns_called(frame, "children"):
        is_key = pl.element().str.strip_prefix("sku=").is_in(pl.concat(keys).implode())
        skus = stated_cells(frame[name]).str.extract_all("sku=[^,|]+")
        return skus.list.eval(is_key).list.any().fill_null(False)
    for name in columns_called(frame, "parent"):
        parents = stated_cells(frame[name]).drop_nulls().implode()
        named = [each.is_in(parents) | ("id:" + each).is_in(parents) for each in keys]
        return wholes & pl.select(pl.any_horizontal(named)).to_series().fill_null(False)
    if wholes.any():
        return wholes & parts.any()
    title = pl.col("title").cast(pl.String)
    begins = frame.select(title.shift(-1).str.starts_with(title)).to_series().fill_null(False)
    return begins & ~parts & parts.shift(-1, fill_value=False)


def _with_options(frame: pl.DataFrame, given: pl.DataFrame, one_shop: bool) -> pl.DataFrame:
    """Options in columns of their kinds, and as text where they differ under one title.

    As the text that is read of them where that keeps all apart: "M" and "Medium" are one.
    """
    if given.is_empty():
        return frame
    given = _comparable(frame, given).sort("name", maintain_order=True)
    several = pl.col("value").n_unique().over("name", "title", "others", "source") > 1
    apart = [
        {"name": name, "title": title, "others": others, "as_read": as_read}
        for (name,), stated in given.filter(several).group_by("name", maintain_order=True)
        if name not in _SHARED  # "Title": "Default Title"
        for (title, others), as_read in _differing(stated, str(name), one_shop).items()
    ]
    keys = ["name", "title", "others"]
    marks = pl.DataFrame(apart, {**dict.fromkeys(keys, pl.String), "as_read": pl.Boolean})
    differ = given.join(marks, on=keys, nulls_equal=True, maintain_order="left")
    known = differ.filter("as_read").select("name", "value").unique()
    texts = pl.Series("text", [_as_read(*each) for each in known.iter_rows()], pl.String)
    differ = differ.join(known.with_columns(texts), on=["name", "value"], how="left")
    differ = differ.with_columns(value=pl.when("as_read").then("text").otherwise("value"))
    read = [name for name in given["name"].unique() if kind_of(name) or name in _SHARED[1:]]
    most = frame.width + MOST_COLUMNS
    frame = _filled(frame, given.filter(pl.col("name").is_in(read)), most - 1)
    free = differ["name"].unique().sort().head(most - 1 - frame.width).implode()
    fits = pl.col("name").is_in(free)
    named = pl.concat_str("name", "value", separator=" ")
    others = {
        "name": OPTION + pl.when(fits).then("name").otherwise(pl.lit("others")),
        "value": pl.when(fits).then("value").otherwise(named),
    }
    return _filled(frame, differ.with_columns(**others), most)


def _comparable(frame: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Options with what rows agree in that may be variants: source and title, in small letters.

    Of quantities also the other options of a row, as variants weigh what they are packed in.
    """
    source = as_text(frame["source"]) if "source" in frame.columns else pl.lit(None, pl.String)
    rows = frame.select(title=_alike(frame), source=source).with_row_index("row")
    given = given.join(rows, on="row", maintain_order="left").filter(pl.col("title") != "")
    by_row = given.filter(~pl.col("quantity")).group_by("row", maintain_order=True)
    others = by_row.agg(others=pl.col("value").str.join("\0"))
    given = given.join(others, on="row", how="left", maintain_order="left")
    return given.with_columns(others=pl.when("quantity").then("others"))


def _alike(frame: pl.DataFrame) -> pl.Series:
    """The titles, equal where only capitals and what is between words differ."""
    titles = as_text(frame["title"]).str.to_lowercase().str.replace_all(r"[\s,–-]+", " ")
    return titles.str.strip_chars()


def _filled(frame: pl.DataFrame, given: pl.DataFrame, most: int) -> pl.DataFrame:
    """The values of options put into the columns of their names, where these say nothing.

    `most`: columns that the table then has at most.
    """
    called = {option_name(name): name for name in reversed(frame.columns)}
    for (name,), stated in given.group_by("name", maintain_order=True):
        column = name if name in frame.columns else called.get(name, name)
        # Several where columns have one meaning, as "Material" and "Fabric".
        values = pl.col("value").unique(maintain_order=True).str.join(" ")
        by_row = stated.group_by("row").agg(values)
        own = pl.Series(column, [None], dtype=pl.String).new_from_index(0, frame.height)
        own = own.scatter(by_row["row"], by_row["value"])
        if column in frame.columns:
            frame = frame.with_columns(as_text(frame[column]).fill_null(own))
        elif frame.width < most:
            frame = frame.with_columns(own)
    return frame


def _differing(
    stated: pl.DataFrame, name: str, one_shop: bool
) -> dict[tuple[str, str | None], bool]:
    """Titles under which values of one option differ; whether what is read keeps all apart.

    With the other options of quantities. Where several shops may have written them, values of which
    one is read as part of another are taken to be one: "white" and "pure white".
    """
    groups = stated.group_by("title", "others", "source").agg(pl.col("value").unique())
    cells = {each: (normal_title(each), _read(name, each)) for each in stated["value"].unique()}
    found: dict[tuple[str, str | None], bool] = {}
    for title, others, _, given in groups.iter_rows():
        values = dict(cells[each] for each in given)
        if len(values) < 2:
            continue
        apart = not _some_alike([*values.values()])
        if apart or one_shop or not all(values.values()):
            found[title, others] = apart and found.get((title, others), True)
    return found


@lru_cache(maxsize=100_000)
def _read(name: str, value: str) -> frozenset[str]:
    """What a value of an option says as an attribute of a known kind."""
    kind = kind_of(name)
    return frozenset(read_cell(*kind, value) if kind else ())


def _as_read(name: str, value: str) -> str:
    return " ".join(sorted(each.rpartition(": ")[2] for each in _read(name, value))) or value


def _some_alike(read: list[frozenset[str]]) -> bool:
    """Whether some values do not clash as they are read."""
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


def _rows(frame: pl.DataFrame, role: str) -> pl.Series:
    """Which rows are of a type that is called so."""
    types = [stated_cells(frame[name]).str.to_lowercase() for name in columns_called(frame, "type")]
    called = [each.is_in(data()["roles"][role]).fill_null(False) for each in types]
    return pl.select(pl.any_horizontal(pl.repeat(False, frame.height), *called)).to_series()
