"""`samesku ask`, `samesku adapt` and `samesku review`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from samesku.catalog.answers import DIFFERENT, SAME, UNSURE, Answers, read_answers
from samesku.catalog.catalog import Catalog, catalogue_file
from samesku.cli.console import TerminalProgress, console
from samesku.cli.match import Settings, chosen_fusion, read_checked
from samesku.judges.adapting import adapt as adapted_by
from samesku.judges.adapting import teaches
from samesku.judges.asking import audited, questions, unpinned
from samesku.judges.wire import rules
from samesku.matcher import Matcher
from samesku.results.listing import for_spreadsheets
from samesku.results.matches import Matches
from samesku.runtime.files import Staged, check_folder, digest

__all__ = ["adapt", "ask", "review", "rules"]

KEYS = {"s": SAME, "d": DIFFERENT, "u": UNSURE}


def ask(
    run: Path,
    *,
    out: Path,
    count: int,
    blind: bool,
    audit: float,
    seed: int,
    catalogue: Path | None,
    cache: Path | None,
    quiet: bool,
) -> None:
    """Match again, choose, write."""
    again = _Again.of(run, catalogue, cache, quiet=quiet)
    matches = again.matches(again.pinned())
    asked = questions(matches, count, blind=blind, audit_share=audit, seed=seed)
    if not asked.height:
        raise ValueError(f"{run} leaves no pair to ask about: every candidate is clear or answered")
    with Staged(out.parent) as staged:
        for_spreadsheets(asked).write_csv(staged.path(out.name), include_bom=True)
    drawn = asked["audit"].count()
    console.print(
        f"{asked.height:,} questions, {drawn:,} of them drawn at random, in {out}: fill the column "
        "verdict with same, different or unsure.",
        markup=False,
    )
    if not quiet:
        console.print(f"Then: samesku match CATALOGUE --answers {out} --out DIR", markup=False)


def adapt(
    run: Path, *, answers: Path, out: Path, catalogue: Path | None, cache: Path | None, quiet: bool
) -> None:
    """Match again with the answers pinned, adapt, write the model."""
    again = _Again.of(run, catalogue, cache, quiet=quiet)
    given = read_checked(answers, again.catalog, quiet=quiet)
    check_folder(out)
    matches = again.matcher.match(again.catalog, answers=given)
    if audit := audited(unpinned(matches), given):
        console.print(f"Before: {audit}", markup=False)
    adapted = adapted_by(matches, given, progress=again.progress)
    adapted.model.save(out)
    console.print(f"{adapted.told[0].upper()}{adapted.told[1:]}", markup=False)
    for line in [*differences(adapted.record), *adapted.hints]:
        console.print(f"  {line}", markup=False)
    if not quiet:
        console.print(f"Use it: samesku match CATALOGUE --model {out} --out DIR", markup=False)


def differences(record: Any) -> list[str]:
    """Which kinds of difference the answers call the same, a line each."""
    return [
        f"{kind} differs: {told['same']:,} of {told['answered']:,} answered the same"
        for kind, told in record["differences"].items()
    ]


def review(
    run: Path,
    *,
    out: Path,
    count: int,
    seed: int,
    catalogue: Path | None,
    cache: Path | None,
    quiet: bool,
) -> None:
    """Ask in the terminal; each answer is written at once."""
    again = _Again.of(run, catalogue, cache, quiet=quiet)
    kept = read_answers(out, again.catalog).frame if out.exists() else Answers.none().frame
    known = {frozenset(pair) for pair in kept.select("left_id", "right_id").iter_rows()}
    asked = questions(again.matches(again.pinned()), count + len(known), blind=True, seed=seed)
    rows = [row for row in asked.iter_rows(named=True)
            if frozenset((row["left_id"], row["right_id"])) not in known][:count]  # fmt: skip
    if not quiet:
        console.print(rules(), markup=False)
    told: list[dict[str, Any]] = []
    while len(told) < len(rows):
        row = rows[len(told)]
        key = _asked(again.catalog, row, len(told) + 1, len(rows))
        if key == "q":
            break
        if key == "b":
            told = told[:-1]
        else:
            told.append(
                {"left_id": row["left_id"], "right_id": row["right_id"], "verdict": KEYS[key],
                 "by": "people", "audit": row["audit"] or 0.0}
            )  # fmt: skip
        with Staged(out.parent) as staged:
            fresh = pl.DataFrame(told, schema=kept.schema)
            pl.concat([kept, fresh]).write_csv(staged.path(out.name))
    console.print(f"{len(told):,} answers more, {kept.height + len(told):,} in {out}", markup=False)


def _asked(catalog: Catalog, row: dict[str, Any], turn: int, count: int) -> str:
    """Show a pair until a key is given; the end of the input quits."""
    console.print(f"\n{turn} of {count}", markup=False)
    for side in ("left", "right"):
        console.print(f"  {row[f'{side}_title']}", markup=False)
        if photo := row.get(f"{side}_photo"):
            console.print(f"    {photo}", markup=False)
    while True:
        try:
            key = input("same? [s/d/u, b back, q quit] ").strip().lower()[:1]
        except EOFError:
            return "q"
        if key in (*KEYS, "b", "q"):
            return key


class _Again:
    """A run made once more, as its record says."""

    def __init__(self, settings: Settings, record: dict[str, Any], place: Path) -> None:
        self.record, self.place = record, place
        self.progress = TerminalProgress(quiet=settings.quiet)
        self.catalog = settings.read(self.progress)
        model, fusion = record.get("model"), record.get("fusion")
        judge = chosen_fusion(None if model else fusion, Path(model) if model else None)
        self.matcher: Matcher = settings.matcher(self.progress, judge)

    @classmethod
    def of(cls, run: Path, catalogue: Path | None, cache: Path | None, *, quiet: bool) -> _Again:
        """Read what a run did.

        Raises
        ------
        FileNotFoundError, ValueError
            There is no such run, or its catalogue changed; tells what to do.
        """
        place = run / "run.json"
        if not place.is_file():
            raise FileNotFoundError(f"{place} is not there: give a folder that `match` wrote")
        try:
            record = json.loads(place.read_text(encoding="utf-8"))
            source = record["source"]
            path = catalogue or Path(source["path"])
            settings = Settings(
                path,
                None if source["photos"] is None else Path(source["photos"]),
                ",".join(f"{ours}={yours}" for ours, yours in source["columns"].items()),
                source["encoders"],
                source["neighbours"],
                source["search"],
                cache,
                quiet=quiet,
                same=",".join(source["same"]),
                pairs=source["pairs"],
                encoding=source["encoding"],
                within=tuple(source.get("within", ())),
            )
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{place} is no record of `match` that can be used; match anew"
            ) from error
        if not path.exists():
            raise FileNotFoundError(f"{path} is not there: name the catalogue with --catalogue")
        if digest(catalogue_file(path)) != source["digest"]:
            raise ValueError(f"{path} has changed since the run: match anew")
        return cls(settings, record, place)

    def pinned(self) -> Answers | None:
        """The answers that the run was given."""
        pins = self.record.get("answers", {}).get("pins", [])
        if not pins:
            return None
        schema = ["left_id", "right_id", "verdict", "by"]
        table = pl.DataFrame(pins, schema=schema, orient="row")
        return Answers.of(table, self.catalog, source=str(self.place))

    def matches(self, answers: Answers | None) -> Matches:
        """Match again, at the threshold of the run."""
        matches = self.matcher.match(self.catalog, answers=answers)
        self.matcher.cache.prune()
        threshold = self.record.get("threshold", matches.threshold)
        if "adapted" in self.record and answers is not None and not teaches(matches, answers):
            return adapted_by(matches, answers, threshold=threshold, progress=self.progress).matches
        return matches.rethreshold(threshold)
