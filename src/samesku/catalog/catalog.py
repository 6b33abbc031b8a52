"""Postings in: a CSV or Parquet file, a frame or a competition folder becomes a checked table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from polars import selectors

from samesku.catalog.cells import OPTIONAL, REQUIRED, check_cells
from samesku.catalog.column_names import meant_by
from samesku.catalog.gtins import without_defaults
from samesku.catalog.photo_places import locate_photos, photo_root
from samesku.catalog.problems import Problem, usable
from samesku.catalog.tables import STDIN, distinct, read_table, repeated_columns
from samesku.catalog.variants import read_variants
from samesku.runtime.arrays import AnyInts, Bools, Ints
from samesku.titles import Stated, normal_title, stated
from samesku.titles.attributes import Attributes, read_attributes

if TYPE_CHECKING:
    import pandas as pd

# What a shell does not take as it stands.
_SPECIAL = re.compile(r"[\s*?()&;|<>$'`#]")
COMPETITION_FILES = ("train.csv", "test.csv", "postings.csv")


@dataclass(frozen=True, eq=False)
class Catalog:
    """A checked table of postings and the place where their photos are.

    Build it with :func:`read_catalog`; rows keep their order.

    Attributes
    ----------
    frame : polars.DataFrame
        One row per posting: `posting_id` and `title` (raw, as given), the optional columns that
        were there, and every other column carried along.
    photos : tuple of Path or None, length n
        Where each posting's photo lies; None when it has none or it is not there.
    problems : tuple of Problem
        What was wrong and could be carried on with.
    name : str
        What was read, for messages.
    origin : mapping
        How :func:`read_catalog` read it, to do so again: `path` (empty of a table in memory),
        `photos`, `columns`, `encoding`. Empty of a part.
    """

    frame: pl.DataFrame
    photos: tuple[Path | None, ...]
    problems: tuple[Problem, ...] = ()
    name: str = "catalogue"
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.frame.height

    def __repr__(self) -> str:
        return f"Catalog({self.name!r}, {len(self):,} postings, {self.with_photo.sum():,} photos)"

    @cached_property
    def ids(self) -> list[str]:
        return self.frame["posting_id"].to_list()

    @cached_property
    def titles(self) -> list[str]:
        """The raw titles, in row order; a missing title is an empty string."""
        return self.frame["title"].fill_null("").to_list()

    @cached_property
    def normal_titles(self) -> list[str]:
        """Titles cleaned, with quantities in one form: what text encoders read."""
        normal: dict[str, str] = {}
        said: dict[str, Stated] = {}
        shared: dict[Stated, Stated] = {}  # many titles state the same, or nothing
        for title in dict.fromkeys(self.titles):
            normal[title] = normal_title(title)
            each = stated(normal[title])  # now that its quantities were just read
            said[title] = shared.setdefault(each, each)
        vars(self)["stated"] = [said[title] for title in self.titles]
        return [normal[title] for title in self.titles]

    @cached_property
    def stated(self) -> list[Stated]:
        """What each title says in numbers and sizes."""
        normal = self.normal_titles  # which reads both, unless it was given
        return vars(self).get("stated") or [stated(title) for title in normal]

    @cached_property
    def attributes(self) -> Attributes:
        """What each posting states of size, count, colour and the like: title and other columns."""
        columns = {
            name: self.frame[name].cast(pl.String).to_list()
            for name in self.frame.columns
            if name not in REQUIRED + OPTIONAL
        }
        brands = self.frame["brand"].to_list() if "brand" in self.frame.columns else None
        return read_attributes(self.normal_titles, columns, brands=brands, said=self.stated)

    @cached_property
    def with_photo(self) -> Bools:
        """Which postings have a photo, bool ``(n,)``."""
        return np.array([photo is not None for photo in self.photos], dtype=bool)

    @cached_property
    def labels(self) -> Ints | None:
        """Known products as codes, int64 ``(n,)``, -1 where unknown; None without labels."""
        if "label_group" not in self.frame.columns:
            return None
        column = self.frame["label_group"]
        ranks = column.rank("dense").cast(pl.Int64) - 1
        return ranks.fill_null(-1).to_numpy()

    def known_labels(self, use: str) -> Ints:
        """The labels, to `use` them; ValueError where no posting has one."""
        if self.labels is None or not (self.labels >= 0).any():
            raise ValueError(
                f"{self.name} has no labels to {use}; add a column label_group or map one"
            )
        return self.labels

    def rows_of(self, ids: Sequence[str | int]) -> Ints:
        """Rows of the postings of these ids, int64 ``(len(ids),)``; ValueError for unknown ones."""
        row = {posting: place for place, posting in enumerate(self.ids)}
        wanted = list(map(str, ids))
        if strange := [each for each in wanted if each not in row]:
            raise ValueError(f"there is no posting {strange[0]!r} in {self.name}")
        return np.array([row[each] for each in wanted], dtype=np.int64)

    def take(self, rows: AnyInts | Sequence[int], *, name: str | None = None) -> Catalog:
        """The catalogue of the given rows only, in the given order."""
        positions = np.asarray(rows, dtype=np.int64)
        taken = Catalog(
            frame=self.frame[positions],
            photos=tuple(self.photos[row] for row in positions),
            name=name or f"{self.name} ({len(positions):,} of {len(self):,} rows)",
        )
        for name in {"normal_titles", "stated"} & set(vars(self)):  # read once, not for each part
            vars(taken)[name] = [vars(self)[name][row] for row in positions]
        return taken


def check_catalogs(*given: object) -> None:
    """Raise TypeError where something is no catalogue."""
    for each in given:
        if not isinstance(each, Catalog):
            raise TypeError(
                f"a Catalog is needed, not a {type(each).__name__}: samesku.read_catalog makes one "
                "of a file, a frame or a table"
            )


def read_catalog(
    source: str | Path | pl.DataFrame | pl.LazyFrame | pd.DataFrame | Any,
    *,
    photos: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    allow_outside: bool = False,
) -> Catalog:
    """Read and check a catalogue.

    Parameters
    ----------
    source : path, polars frame, pandas.DataFrame, Arrow table or DuckDB relation
        A CSV or Parquet file, ``-`` for either on standard input, a folder that holds `train.csv`,
        `test.csv` or `postings.csv`, or a table in memory. `posting_id` and `title` are
        required; `image`, `image_phash`, `label_group`, `price`, `brand`, `description` and
        `source` are used when there; others are carried along, lists and binary data as text.
    photos : path, optional
        Folder of the photos named in `image`. Without it, `<file>_images`, `images`, `photos` and
        the file's own folder are tried, in this order; of a frame, the current folder.
    columns : mapping, optional
        Our name -> the file's name, e.g. ``{"title": "name"}``.
    encoding : str, optional
        What a CSV is written in, e.g. ``"gbk"``; by default found from its bytes.
    allow_outside : bool
        Also read photos outside the photo folder, which absolute paths, ``..`` and symbolic links
        lead to. Else whoever wrote the catalogue could make a report show any picture.

    Returns
    -------
    Catalog

    Raises
    ------
    CatalogError
        With every problem of the file and its rows: missing columns, missing or duplicate ids.
    FileNotFoundError
        When there is no such file, or no known file in the folder.
    """
    if columns is not None and not isinstance(columns, Mapping):
        raise TypeError(f'columns is a mapping as {{"title": "name"}}, not {columns!r}')
    frame, problems, path, name = _table_at(source, encoding)
    columns = {ours: str(theirs).strip() for ours, theirs in (columns or {}).items()}
    frame, found = _name_columns(frame, columns)
    problems = usable(name, [*problems, *found])
    frame, kept, empty = _without_empty(frame, problems)
    frame, kept, no_offers = read_variants(frame, kept)
    frame, faults = check_cells(frame)
    frame, defaults = without_defaults(frame)
    places, absent = locate_photos(
        frame, photo_root(path, frame, photos), given=photos is not None,
        allow_outside=allow_outside,
    )  # fmt: skip
    # Rows were counted without those left out.
    later = [
        replace(problem, rows=tuple(kept[position] + 2 for position in problem.positions))
        for problem in faults + defaults + absent
    ]
    problems = usable(name, [*problems, *empty, *no_offers, *later])
    in_memory = not isinstance(source, str | Path)
    origin = {
        "path": str(path.resolve()) if path is not None else "" if in_memory else STDIN,
        "photos": None if photos is None else str(Path(photos).resolve()),
        "columns": columns,
        "encoding": encoding,
    }
    return Catalog(frame, places, tuple(problems), name, origin)


def _table_at(
    source: Any, encoding: str | None
) -> tuple[pl.DataFrame, list[Problem], Path | None, str]:
    """A table and what was wrong with it, the file that it was read from, and what it is called."""
    if not isinstance(source, str | Path):
        frame, problems = table_of(source)
        return frame, problems, None, f"{type(source).__module__.split('.')[0].strip('_')} frame"
    file = catalogue_file(Path(source))
    frame, problems = read_table(file, encoding)
    if str(file) == STDIN:
        return frame, problems, None, "standard input"
    return frame, problems, file, str(file)


def catalogue_file(path: Path) -> Path:
    """The file that a path of a catalogue means: itself, or one of known name in the folder."""
    if str(path) == STDIN:
        return path
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; give a CSV, a Parquet file or a folder")
    if not path.is_dir():
        return path
    for name in COMPETITION_FILES:
        if (path / name).is_file():
            return path / name
    raise FileNotFoundError(f"{path}: holds none of {', '.join(COMPETITION_FILES)}; name the file")


def table_of(source: Any) -> tuple[pl.DataFrame, list[Problem]]:
    """A table of another library, and what was wrong with it."""
    if isinstance(source, pl.DataFrame):
        return source, []
    if isinstance(source, pl.LazyFrame):
        return source.collect(), []
    if hasattr(source, "iloc") and hasattr(source, "columns"):
        return _from_pandas(source)
    if hasattr(source, "fetchall") and hasattr(source, "columns"):  # no pyarrow needed
        rows = source.fetchall()
        columns = {str(name): [row[at] for row in rows] for at, name in enumerate(source.columns)}
        return pl.DataFrame(columns, strict=False), []
    if hasattr(source, "__arrow_c_stream__") and not hasattr(source, "to_frame"):  # a lone column
        return pl.DataFrame(source), []
    raise TypeError(
        "a table is a path, a polars or pandas frame, an Arrow table or a DuckDB relation, not "
        f"{type(source).__name__}"
    )


def _from_pandas(frame: pd.DataFrame) -> tuple[pl.DataFrame, list[Problem]]:
    """Column by column through Python values, so that pyarrow is not needed.

    What the index names is a column, too.
    """
    levels = [name for name in frame.index.names if name is not None and name not in frame.columns]
    frame = frame.reset_index(level=levels) if levels else frame
    names = [str(name) for name in frame.columns]
    columns = {}
    for name in names:
        column = frame.iloc[:, names.index(name)]
        cells = zip(column.tolist(), column.isna(), strict=True)
        columns[name] = [None if gone else _whole(value) for value, gone in cells]
    return pl.DataFrame(columns, strict=False), repeated_columns(names)


def _whole(value: Any) -> Any:
    """Halves of a character, which only Python can hold, become the replacement character."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _without_empty(
    frame: pl.DataFrame, problems: Sequence[Problem]
) -> tuple[pl.DataFrame, list[int], list[Problem]]:
    """The rows that hold anything, their places, and the problem of the others."""
    blank = frame.with_columns(selectors.string().str.strip_chars().replace("", None))
    empty = blank.select(pl.all_horizontal(pl.all().is_null())).to_series()
    headers = {row for each in problems if each.kind == "repeated_header" for row in each.positions}
    rows = [row for row in empty.arg_true().to_list() if row not in headers]
    found = [Problem.of("empty_row", rows)] if rows else []
    return frame.filter(~empty), (~empty).arg_true().to_list(), found


def _name_columns(
    frame: pl.DataFrame, columns: Mapping[str, str]
) -> tuple[pl.DataFrame, list[Problem]]:
    """Apply the user's mapping and report which required columns are not there."""
    names = [each.strip() for each in frame.columns]
    frame = frame.rename(dict(zip(frame.columns, distinct(names), strict=True)))
    faults, renames, known = [], {}, REQUIRED + OPTIONAL
    for ours, theirs in columns.items():
        if ours not in known:
            fix = f"one of {_listing(known)} is expected; others keep their names"
            faults.append((f"{ours!r} is not a column of ours", fix))
        elif theirs not in frame.columns:
            message = f"column {theirs!r}, mapped to {ours!r}, is not in the file"
            faults.append((message, f"name in --columns one of {_listing(frame.columns)}"))
        elif list(columns.values()).count(theirs) > 1:
            message = f"column {theirs!r} is mapped to {ours!r} and to another"
            faults.append((message, "map each column once"))
        elif ours != theirs:
            renames[theirs] = ours
    problems = repeated_columns(names) + [Problem("mapping", *fault, True) for fault in faults]
    given = frame.columns
    for shadowed in (name for name in renames.values() if name in given and name not in renames):
        aside = f"{shadowed}_original"
        while aside in frame.columns:
            aside += "_"
        frame = frame.rename({shadowed: aside})
    frame = frame.rename(renames)
    return frame, problems + _unmapped(frame.columns, given, columns)


def _unmapped(
    names: Sequence[str], given: Sequence[str], columns: Mapping[str, str]
) -> list[Problem]:
    """Required columns that are not there, and optional ones that are there by another spelling."""
    problems = []
    likely: dict[str, str | None] = {}
    for ours in (name for name in (*REQUIRED, *OPTIONAL) if name not in (*names, *columns)):
        used = {*likely.values(), *columns.values()}
        found = meant_by(ours, [name for name in given if name not in used])
        if found is not None or ours in REQUIRED:
            likely[ours] = found
    # One option that mends all, to be copied, with what is mapped already.
    mapped = {ours: theirs for ours, theirs in columns.items() if ours in names}
    mapped |= {ours: theirs or "THEIR_NAME" for ours, theirs in likely.items()}
    option = ",".join(f"{ours}={theirs}" for ours, theirs in mapped.items())
    if '"' in option or _SPECIAL.search(option):
        option = f"'{option}'" if '"' in option else f'"{option}"'
    if missing := [ours for ours in likely if ours in REQUIRED]:
        fix = f"the file has {_listing(given)}; map it: --columns {option}"
        lacking = " and none ".join(map(repr, missing))
        problems.append(Problem.of("missing_column", names=lacking, fix=fix))
    for ours, theirs in likely.items():
        if ours not in REQUIRED:
            problems.append(Problem.of("other_spelling", theirs=theirs, ours=ours, option=option))
    return problems


def _listing(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
