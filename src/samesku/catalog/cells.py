"""The cells of a catalogue brought to their types, and what does not fit."""

import re
from functools import cache

import polars as pl

from samesku.catalog.currencies import codes_of, currency_of, written_currency
from samesku.catalog.prices import read_prices
from samesku.catalog.problems import Problem
from samesku.runtime.files import packaged_table

REQUIRED = ("posting_id", "title")
OPTIONAL = (
    "image", "image_phash", "label_group", "price", "currency", "brand", "description", "source",
)  # fmt: skip
# What Python splits at: Unicode white space and four old separators.
_BLANK = r"[\s\x1c-\x1f]"
_PHASH = r"^[0-9a-fA-F]{16}$"
# How other programs write that a cell is empty: missing values and a spreadsheet's faults.
MISSING = (
    r"^\s*(?i:nan|none|null|nil|<na>|n/a|\(?no title\)?|\(null\)|[-–—]*"
    r"|#(?:n/a|na|ref!|value!|name\?|div/0!|null!|num!))\s*$"
)
# A price that can be read in one way, whatever the rest of the column shows.
_PLAIN_PRICE = r"^[0-9]{1,15}(?:\.(?:[0-9]{1,2}|[0-9]{4,9}))?$"
# The digits of a price and the marks among and after them; "د.إ" keeps its dot.
_WRITTEN = r"\d[\d.,\s]*"
# A title of signs only.
_WORDLESS = r"^[\p{Z}\p{P}\p{Cc}]*$"
# A number, perhaps with a currency.
_NUMBER = re.compile(r"\W*[^\W\d_]{0,3}\W*\d[\d\W]*[^\W\d_]{0,3}\W*")
# A long number as a spreadsheet shows it: the last digits are gone.
_ROUNDED = r"^\d[.,]\d+[eE]\+\d{2}$"


def check_cells(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Problem]]:
    """Bring the known columns to their types; collect what does not fit."""
    texts = [name for name in (*REQUIRED, *OPTIONAL) if name in frame.columns and name != "price"]
    others = [each.name for each in frame if each.name not in texts and not _is_plain(each.dtype)]
    frame = frame.with_columns(as_text(frame[name]) for name in (*texts, *others))
    outer = rf"^{_BLANK}+|{_BLANK}+$"
    frame = frame.with_columns(pl.col("posting_id").str.replace_all(outer, ""))
    frame = frame.with_columns(
        pl.when(~pl.col(name).str.contains(MISSING)).then(name).alias(name)
        for name in texts
        if name != "posting_id"
    )
    # Titles stay as given.
    frame = frame.with_columns(pl.col(texts).exclude("posting_id", "title").str.strip_chars())
    frame, problems = _without_total(frame)
    problems += _check_ids(frame["posting_id"])
    if "label_group" in frame.columns:
        problems += _rounded(frame["label_group"], "other products may have the same one")
    wordless = pl.col("title").str.contains(_WORDLESS)
    frame = frame.with_columns(pl.when(~wordless).then("title").alias("title"))
    blank = frame["title"].is_null()
    if blank.any():
        problems.append(Problem.of("empty_title", blank.arg_true()))
    for name, check in (("image_phash", _check_phash), ("price", _check_price)):
        if name in frame.columns:
            frame, said = check(frame)
            problems += said
    return frame, problems


def spaced_ids(ids: pl.Series) -> list[Problem]:
    """What keeps a competition's file from being written, where ids are between spaces."""
    return _found("space_in_id", ids, ids.str.contains(_BLANK).fill_null(False))


def as_text(column: pl.Series) -> pl.Series:
    """A column as text: whole floats without ".0" (ids of a spreadsheet), NaN as null."""
    if column.dtype.is_float():
        whole = column.is_finite() & (column == column.floor()) & (column.abs() < 2**53)
        texts = [
            None if value is None or value != value else str(int(value)) if is_whole else str(value)
            for value, is_whole in zip(column.to_list(), whole.to_list(), strict=True)
        ]
        return pl.Series(column.name, texts, dtype=pl.String)
    if not _is_plain(column.dtype):
        texts = [None if value is None else _spelled(value) for value in column.to_list()]
        return pl.Series(column.name, texts, dtype=pl.String)
    return column.cast(pl.String)


def _is_plain(kind: pl.DataType) -> bool:
    """Whether polars writes a value of a type as text."""
    return not (kind.is_nested() or kind in (pl.Object, pl.Binary, pl.Duration))


def _spelled(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _check_ids(ids: pl.Series) -> list[Problem]:
    missing = ids.is_null() | (ids == "").fill_null(False)
    twice = ids.is_duplicated() & ~missing
    found = _found("missing_id", ids, missing) + _found("duplicate_id", ids, twice)
    return found + _rounded(ids, "a spreadsheet rounded them")


def _rounded(column: pl.Series, why: str) -> list[Problem]:
    rounded = column.str.contains(_ROUNDED).fill_null(False)
    return _found("rounded_id", column, rounded, name=column.name, why=why)


def _without_total(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Problem]]:
    """Without a last row that sums up the others: called so, or only numbers without a name."""
    if frame.height < 2:
        return frame, []
    named = [cell for cell in frame.tail(1).select(REQUIRED).row(0) if cell and cell.strip()]
    cells = [cell for cell in map(str, frame.row(-1)) if cell.strip() and cell != "None"]
    sums = (
        (named and all(map(_is_total, named)))
        or (len(named) < 2 and any(map(_is_total, cells[:1])))
        or (not named and all(map(_NUMBER.fullmatch, cells)))
    )
    if not sums:
        return frame, []
    return frame.head(-1), [Problem.of("total_row", [frame.height - 1], examples=cells[:1])]


def _is_total(cell: str) -> bool:
    return cell.casefold().strip().removesuffix(":").rstrip() in _total_words()


@cache
def _total_words() -> frozenset[str]:
    table = packaged_table("samesku.catalog", "total_words.toml")
    return frozenset(word for words in table.values() for word in words)


def _check_phash(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Problem]]:
    """Hashes in small letters; what is none is computed from the photo."""
    hashes = frame["image_phash"]
    wrong = (~hashes.str.contains(_PHASH)).fill_null(False)
    kept = pl.when(~wrong).then(pl.col("image_phash").str.to_lowercase())
    return frame.with_columns(kept.alias("image_phash")), _found("bad_phash", hashes, wrong)


def _check_price(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Problem]]:
    column = frame["price"]
    if column.dtype.is_numeric():
        price = column.cast(pl.Float64).fill_nan(None)
        filled = price.is_not_null()
        price = price.set(price.is_infinite().fill_null(False), None)
    else:
        given = as_text(column).fill_null("")
        filled = ~given.str.contains(MISSING)
        if given.filter(filled).str.contains(_PLAIN_PRICE).all():
            price = given.cast(pl.Float64, strict=False).fill_nan(None)
        else:
            price = pl.Series("price", read_prices(given.to_list()), dtype=pl.Float64)
    known = (price > 0).fill_null(False)
    problems = _found("bad_price", column, filled & ~known)
    frame = _with_currency(frame.with_columns(price=price.set(~known, None)), column)
    return frame, problems + _unknown_currencies(frame)


def _with_currency(frame: pl.DataFrame, written: pl.Series) -> pl.DataFrame:
    """The currency that prices are written with, where no column names it."""
    if written.dtype.is_numeric():
        return frame
    # Few texts are left without the numbers.
    signs = as_text(written).set(frame["price"].is_null(), None).str.replace_all(_WRITTEN, " ")
    codes = {text: written_currency(text) for text in _different(signs)}
    named = signs.replace_strict(codes, default=None, return_dtype=pl.String)
    if "currency" in frame.columns:
        named = frame["currency"].fill_null(named)
    return frame if named.is_null().all() else frame.with_columns(currency=named)


def _unknown_currencies(frame: pl.DataFrame) -> list[Problem]:
    if "currency" not in frame.columns:
        return []
    named = frame["currency"].set(frame["price"].is_null(), None)
    unknown = [text for text in _different(named) if not currency_of(text)]
    meant = codes_of((unknown or [""])[0].casefold())
    wrong = named.is_in(unknown).fill_null(False)
    return _found("unknown_currency", named, wrong, codes=", ".join(meant))


def _different(texts: pl.Series) -> list[str]:
    return texts.drop_nulls().unique().sort().to_list()


def _found(kind: str, column: pl.Series, wrong: pl.Series, **values: object) -> list[Problem]:
    if not wrong.any():
        return []
    examples = column.filter(wrong).drop_nulls().unique(maintain_order=True).head(3).to_list()
    return [Problem.of(kind, wrong.arg_true(), examples=examples, **values)]
