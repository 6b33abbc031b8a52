"""Answers to "same product?": read from a table, checked against the catalogue and each other."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from samesku.catalog.catalog import Catalog, table_of
from samesku.catalog.cells import as_text
from samesku.catalog.problems import CatalogError, Problem
from samesku.catalog.sources import OWN_ID
from samesku.catalog.tables import read_table
from samesku.runtime.arrays import Bools, Doubles, Ints
from samesku.runtime.files import packaged_table

SAME, DIFFERENT, UNSURE = VERDICTS = ("same", "different", "unsure")
REQUIRED = ("left_id", "right_id", "verdict")
# Who answered, where a table does not say.
PEOPLE = "people"
# What the names of models begin with: their answers count, those of people decide.
MACHINE = "model:"


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers to whether two postings are the same product, each pair of ids once.

    Columns of `frame` are `left_id`, `right_id`; `verdict`: "same", "different" or "unsure"; `by`,
    who answered: ``"people"``, or ``"model:"`` and what a model is called; `audit`: how many pairs
    a question drawn at random stands for, from which precision and recall follow; 0 of the others.
    `kept`, bool ``(a,)``: neither unsure nor, if of people, part of a contradiction. `problems`
    were carried on with.
    """

    frame: pl.DataFrame
    kept: Bools
    problems: tuple[Problem, ...] = ()
    source: str = "the answers"

    def __len__(self) -> int:
        return self.frame.height

    @property
    def verdict(self) -> list[str]:
        return self.frame["verdict"].to_list()

    @property
    def audit(self) -> Doubles:
        return self.frame["audit"].to_numpy()

    @property
    def same(self) -> Bools:
        """Which were answered `same`, bool ``(a,)``."""
        return (self.frame["verdict"] == SAME).to_numpy()

    @property
    def machine(self) -> Bools:
        """Which were answered by models, bool ``(a,)``."""
        return self.frame["by"].str.starts_with(MACHINE).to_numpy()

    @property
    def decided(self) -> Bools:
        """Which are used and decide a pair: those of people, bool ``(a,)``."""
        return self.kept & ~self.machine

    def rows(self, catalog: Catalog) -> tuple[Ints, Ints]:
        """Rows of the postings of each pair."""
        rows = catalog.rows_of([*self.frame["left_id"], *self.frame["right_id"]])
        return rows[: len(self)], rows[len(self) :]

    def joined(self, more: Answers) -> Answers:
        """These and more: where both answer a pair, these count."""
        ends = pl.col("left_id", "right_id")
        pair = pl.struct(pl.min_horizontal(ends), pl.max_horizontal(ends).alias("other"))
        both = pl.concat([self.frame, more.frame]).filter(pair.is_first_distinct())
        return Answers.of(both, source=self.source)

    @property
    def record(self) -> dict[str, Any]:
        """What `run.json` holds of them."""
        decided = len(self) - self.verdict.count(UNSURE)
        said = Counter(self.frame.select("by", "verdict").rows())
        pins = self.frame.filter(pl.Series(self.kept)).select(*REQUIRED, "by")
        return {
            "source": self.source,
            **{each: self.verdict.count(each) for each in VERDICTS},
            "contradicting": decided - int(self.kept.sum()),
            "by": {name: {each: said[name, each] for each in VERDICTS}
                   for name in sorted({name for name, _ in said})},
            "pins": [list(pin) for pin in pins.rows()],
            "problems": [str(problem) for problem in self.problems],
        }  # fmt: skip

    @classmethod
    def none(cls) -> Answers:
        return cls.of(pl.DataFrame(schema=dict.fromkeys(REQUIRED, pl.String)))

    @classmethod
    def of(
        cls, frame: pl.DataFrame, catalog: Catalog | None = None, *, source: str = "the answers"
    ) -> Answers:
        """Answers from a table with `left_id`, `right_id`, `verdict`, perhaps `by` and `audit`.

        Rows without a verdict are questions that nobody answered yet. Those about postings that
        `catalog` does not have are left out. Raises CatalogError with everything that is wrong with
        the table.
        """
        if missing := [name for name in REQUIRED if name not in frame.columns]:
            fix = f"name them left_id, right_id and verdict ({', '.join(VERDICTS)})"
            fault = Problem.of("missing_column", names=", ".join(missing), fix=fix)
            raise CatalogError(source, [fault])
        rows = answer_texts(frame)
        if faults := _faults(rows):
            raise CatalogError(source, faults)
        rows, gone = _without_gone(rows, catalog)
        if gone and not (rows["verdict"] != "").any():
            fix = "use ids of the catalogue"
            raise CatalogError(source, [replace(each, fix=fix, fatal=True) for each in gone])
        answers = _checked(rows, source)
        return replace(answers, problems=(*gone, *answers.problems))


def read_answers(path: str | Path, catalog: Catalog, encoding: str | None = None) -> Answers:
    """Read a table of answers, and check it.

    Parameters
    ----------
    path : str or Path
        CSV or Parquet with `left_id`, `right_id`, `verdict`: the questions of `samesku ask`, say.
    catalog : Catalog
    encoding : str, optional

    Raises
    ------
    CatalogError
        It cannot be used; names every verdict that is none with its row. So it does where all
        answers are about postings that the catalogue does not have.
    """
    frame, problems = read_table(Path(path), encoding)
    frame = _joined_ids(frame, catalog)
    answers = Answers.of(frame, catalog, source=str(path))
    return replace(answers, problems=(*problems, *answers.problems))


def answers_of(given: Any, catalog: Catalog) -> Answers:
    """Answers as they are, of a file, or of a table with the columns of one; raises likewise."""
    if isinstance(given, Answers):
        return given
    if isinstance(given, str | Path):
        return read_answers(given, catalog)
    return Answers.of(_joined_ids(table_of(given)[0], catalog), catalog)


def _joined_ids(frame: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Ids as text; of two catalogues that were joined those of both, where they know the same."""
    ends = [name for name in ("left_id", "right_id") if name in frame.columns]
    frame = frame.with_columns(as_text(frame[name]) for name in ends)
    if OWN_ID not in catalog.frame.columns or len(ends) < 2:
        return frame
    for side in ("left", "right"):
        own = catalog.frame.filter(pl.col("source") == side).select(OWN_ID, "posting_id")
        name = pl.col(f"{side}_id")
        frame = frame.with_columns(name.replace(own[OWN_ID], own["posting_id"]))
    return frame


def answer_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows as texts without outer blanks, `audit` as numbers, 0 where it says none.

    A verdict in other words, as ``"yes"``, is the one that it means.
    """

    def text(name: str, instead: str = "") -> pl.Expr:
        if name not in frame.columns:
            return pl.lit(instead).alias(name)
        given = pl.col(name).cast(pl.String).str.strip_chars()
        return pl.when(given != "").then(given).otherwise(pl.lit(instead)).alias(name)

    audit = text("audit").str.replace_all(",", ".", literal=True).cast(pl.Float64, strict=False)
    return frame.select(
        text("left_id"),
        text("right_id"),
        text("verdict").str.to_lowercase().str.strip_chars(" .!,;:'\"").replace(_other_words()),
        text("by", PEOPLE),
        pl.when((audit > 0) & (audit < 1e15)).then(audit).otherwise(0.0).alias("audit"),
    )


@cache
def _other_words() -> dict[str, str]:
    """The verdict that each word for one means."""
    table = packaged_table(__package__, "verdicts.toml")
    return {
        word: verdict
        for verdict, languages in table.items()
        for words in languages.values()
        for word in words
    }


def _faults(rows: pl.DataFrame) -> list[Problem]:
    """Everything that the table cannot be used with."""
    answered = rows.with_row_index().filter(pl.col("verdict") != "")
    strange, alike = ~pl.col("verdict").is_in(VERDICTS), pl.col("left_id") == pl.col("right_id")
    found = []
    for kind, wrong, shown in (("verdict", strange, "verdict"), ("one_posting", alike, "left_id")):
        some = answered.filter(wrong)
        if some.height:
            found.append(Problem.of(kind, some["index"], examples=some[shown].to_list()))
    return found


def _without_gone(
    rows: pl.DataFrame, catalog: Catalog | None
) -> tuple[pl.DataFrame, list[Problem]]:
    """The rows, unanswered where a posting is not in the catalogue: it may be sold out by now."""
    if catalog is None:
        return rows, []
    lacks = [~pl.col(name).is_in(catalog.ids) for name in ("left_id", "right_id")]
    gone = (pl.col("verdict") != "") & (lacks[0] | lacks[1])
    some = rows.with_row_index().filter(gone)
    if not some.height:
        return rows, []
    shown = some.select(pl.when(lacks[0]).then("left_id").otherwise("right_id")).to_series()
    problem = Problem.of("unknown_posting", some["index"], examples=shown.to_list())
    left = pl.when(gone).then(pl.lit("")).otherwise("verdict").alias("verdict")
    return rows.with_columns(left), [problem]


def _checked(rows: pl.DataFrame, source: str) -> Answers:
    """Each pair once; contradictions reported, and what takes part in one not kept."""
    left, right, verdict, by = (rows[name].to_list() for name in (*REQUIRED, "by"))
    machine = [each.startswith(MACHINE) for each in by]
    first: dict[frozenset[str], int] = {}
    doubtful: set[int] = set()
    for place, pair in enumerate(zip(left, right, strict=True)):
        if not verdict[place]:
            continue
        before = first.setdefault(frozenset(pair), place)
        if verdict[before] == UNSURE or (machine[before] and not machine[place]):
            first[frozenset(pair)] = place
        elif machine[place] and not machine[before]:
            continue
        elif verdict[place] not in (verdict[before], UNSURE):
            doubtful |= {before, place}
    places = sorted(first.values())
    problems = []
    if doubtful:
        problems.append(Problem.of("answered_twice", sorted(doubtful)))
    sure = [place for place in places if place not in doubtful and not machine[place]]
    for around in _contradictions({p: (left[p], right[p], verdict[p]) for p in sure}):
        doubtful.update(around)
        chain = ", ".join(
            f"{left[p]} {'=' if verdict[p] == SAME else '!='} {right[p]}" for p in around
        )
        problems.append(Problem.of("contradiction", around, chain=chain))
    kept = [place not in doubtful and verdict[place] != UNSURE for place in places]
    used = rows[np.array(places, dtype=np.int64)]
    return Answers(used, np.array(kept, dtype=bool), tuple(problems), source)


def _contradictions(given: Mapping[int, tuple[str, str, str]]) -> Iterator[list[int]]:
    """Answers that cannot all be right: `same` from one posting to another, said different.

    Each comes with the shortest chain of `same` between the two; what was reported is left out of
    what is looked at next.
    """
    beside: dict[str, dict[str, int]] = {}
    for place, (left, right, verdict) in given.items():
        if verdict == SAME:
            beside.setdefault(left, {})[right] = place
            beside.setdefault(right, {})[left] = place
    for place, (left, right, verdict) in given.items():
        if verdict == DIFFERENT and (chain := _chain(beside, left, right)):
            for answer in chain:
                one, other, _ = given[answer]
                del beside[one][other], beside[other][one]
            yield sorted([*chain, place])


def _chain(beside: dict[str, dict[str, int]], left: str, right: str) -> list[int]:
    """The shortest chain of answers from one posting to another; empty without one."""
    came: dict[str, tuple[str, int]] = {left: ("", -1)}
    waiting = deque([left])
    while waiting and right not in came:
        here = waiting.popleft()
        for other, answer in beside.get(here, {}).items():
            if other not in came:
                came[other] = (here, answer)
                waiting.append(other)
    chain = []
    while right in came and right != left:
        right, answer = came[right]
        chain.append(answer)
    return chain[::-1]
