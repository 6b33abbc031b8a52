"""`samesku ask`, `samesku adapt` and `samesku review`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from samesku.catalog.answers import DIFFERENT, PEOPLE, SAME, UNSURE, Answers, read_answers
from samesku.catalog.catalog import catalogue_file
from samesku.catalog.tables import read_table
from samesku.cli.commands import Adapt, Ask, Review
from samesku.cli.console import TerminalProgress, console
from samesku.cli.match import read_checked
from samesku.cli.options import OfRun
from samesku.judges.adapting import adapt as adapt_to
from samesku.judges.adapting import teaches
from samesku.judges.asking import SHOWN, audited, questions, unpinned
from samesku.judges.wire import rules
from samesku.matcher import Matcher
from samesku.report.whynot import matcher_of_run
from samesku.results.listing import for_spreadsheets
from samesku.results.matches import Matches
from samesku.results.record import is_unchanged
from samesku.results.runs import Run, read_run, sides_of
from samesku.runtime.files import Staged, check_folder

KEYS = {"s": SAME, "d": DIFFERENT, "u": UNSURE}


def ask(options: Ask) -> None:
    kept = _answered(options.out)
    run, matcher = _run_again(options)
    answers = read_answers(options.out, run.catalog) if kept.height else None
    asked = questions(
        _matches_again(run, matcher), options.count, blind=options.blind,
        audit_share=options.audit, seed=options.seed, beside=answers,
    )  # fmt: skip
    if not asked.height:
        raise ValueError(
            f"{options.run} leaves no pair to ask about: every candidate is clear or answered"
        )
    out = options.out
    _write(out, kept, asked)
    drawn = asked["audit"].count()
    behind = f" behind {kept.height:,} answered ones" if kept.height else ""
    console.print(
        f"{asked.height:,} questions, {drawn:,} of them drawn at random, in {out}{behind}: fill "
        "the column verdict with same, different or unsure."
    )
    if not options.quiet:
        console.print(f"Then: samesku {_command(run)} --answers {out} --out DIR")


def _answered(out: Path) -> pl.DataFrame:
    """The answered rows of the file that questions go to; ValueError for one of another kind."""
    if not out.is_file():
        return Answers.none().frame
    frame = read_table(out)[0]
    if not {"left_id", "right_id", "verdict"} <= set(frame.columns):
        raise ValueError(f"{out} is there and holds no questions; name another file")
    return frame.cast(pl.String).filter(pl.col("verdict").str.strip_chars() != "")


def _write(out: Path, kept: pl.DataFrame, rows: pl.DataFrame) -> None:
    """Write questions or answers behind the rows that stay, for a spreadsheet."""
    rows = for_spreadsheets(rows).cast(pl.String)
    with Staged(out.parent) as staged:
        whole = pl.concat([kept, rows], how="diagonal") if kept.height else rows
        whole.write_csv(staged.path(out.name), include_bom=True)


def adapt(options: Adapt) -> None:
    run, matcher = _run_again(options)
    answers = read_checked(options.answers, run.catalog, quiet=options.quiet)
    check_folder(options.out)
    matches = matcher.match(run.catalog, answers=answers)
    if audit := audited(unpinned(matches), answers):
        console.print(f"Before the answers, {audit}")
    adapted = adapt_to(matches, answers, progress=matcher.progress)
    adapted.model.save(options.out)
    console.print(adapted.summary)
    for kind, count in adapted.record["differences"].items():
        same, of = count["same"], count["answered"]
        console.print(f"  {kind} differs: {same:,} of {of:,} answered the same")
    if not options.quiet:
        console.print(f"Use it: samesku {_command(run)} --model {options.out} --out DIR")


def review(options: Review) -> None:
    out, kept = options.out, _answered(options.out)
    run, matcher = _run_again(options)
    answers = read_answers(out, run.catalog) if kept.height else None
    asked = questions(
        _matches_again(run, matcher), options.count, blind=True, seed=options.seed, beside=answers
    )
    if not options.quiet:
        console.print(rules())
    rows, told = list(asked.iter_rows(named=True)), list[str]()
    while len(told) < len(rows):
        key = _key(rows[len(told)], len(told) + 1, len(rows))
        if key == "q":
            break
        told = told[:-1] if key == "b" else [*told, KEYS[key]]
        verdict = pl.Series(told, dtype=pl.String)
        _write(out, kept, asked.head(len(told)).with_columns(verdict=verdict, by=pl.lit(PEOPLE)))
    console.print(f"{len(told):,} answers more, {kept.height + len(told):,} in {out}")


def _key(row: Mapping[str, Any], turn: int, count: int) -> str:
    """Show a pair until a key is given; the end of the input quits."""
    console.print(f"\n{turn} of {count}")
    for side in ("left", "right"):
        console.print(f"  {row[f'{side}_title']}")
        for name in (*SHOWN, "photo"):
            if (value := row.get(f"{side}_{name}")) is not None:
                console.print(f"    {value}")
    while True:
        try:
            key = input("same? [s/d/u, b back, q quit] ").strip().lower()[:1]
        except EOFError:
            return "q"
        if key in (*KEYS, "b", "q"):
            return key


def _run_again(options: OfRun) -> tuple[Run, Matcher]:
    """What a run of `match` did, and what makes it once more of its catalogue as it was."""
    given, progress = options.catalogue or [], TerminalProgress(quiet=options.quiet)
    with progress.stage("read run"):
        run = read_run(options.run, catalogue=given)
    if run.kind == "evaluation":
        raise ValueError(f"{options.run} is no run of `match` or `link`")
    for path, side in zip(given, sides_of(run.record), strict=False):
        if not is_unchanged(catalogue_file(path), run.record, side):
            raise ValueError(f"{path} has changed since the run: {run.kind} anew")
    return run, matcher_of_run(run, run.fusion, options.cache, progress)


def _command(run: Run) -> str:
    """What made the run, as it is called."""
    return "link LEFT RIGHT" if run.kind == "link" else "match CATALOGUE"


def _matches_again(run: Run, matcher: Matcher) -> Matches:
    """Match again with the answers and at the threshold of the run."""
    answers, threshold = run.answers, run.threshold
    matches = matcher.match(run.catalog, answers=answers)
    matcher.cache.prune()
    if "adapted" in run.record and answers is not None and not teaches(matches, answers):
        return adapt_to(matches, answers, threshold=threshold, progress=matcher.progress).matches
    return matches.rethreshold(threshold)
