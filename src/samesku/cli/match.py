"""`samesku match` and `samesku link`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from samesku.catalog.answers import VERDICTS, Answers, read_answers
from samesku.catalog.catalog import Catalog
from samesku.catalog.sources import join_sources
from samesku.cli.cluster import check_engine, match_on_ray
from samesku.cli.commands import Link, Match
from samesku.cli.console import TerminalProgress, UsageError, say
from samesku.cli.consulting import check_judge, consulted, show_questions
from samesku.cli.options import Matching
from samesku.cli.reading import comma_list, matcher_of, read, source_of
from samesku.cli.summary import counted, show_summary
from samesku.matcher import Matcher
from samesku.results.matches import Matches
from samesku.runtime.files import check_folder
from samesku.scoring.by_name import trained_fusion
from samesku.scoring.fusion import Fusion

NOT_MEASURED: tuple[tuple[int, int], ...] = ()


def match(options: Match) -> None:
    """Match one catalogue."""
    check_engine(options)
    progress = TerminalProgress(quiet=options.quiet)
    matcher = _matcher(options, progress, pairs=options.pairs, memory=options.memory)
    if options.engine == "ray":
        match_on_ray(options, matcher)
        return
    check_judge(options, matcher)
    catalog = read(options, options.catalogue, progress)
    source = source_of(options, options.catalogue, matcher)
    _matched(options, matcher, [catalog], source, options.submission)


def link(options: Link) -> None:
    """Match the postings of two catalogues across them."""
    left, right = options.left, options.right
    if left.exists() and right.exists() and left.samefile(right):
        raise UsageError(
            "both sides are the same catalogue; what is the same product within one is found by "
            "`samesku match`"
        )
    progress = TerminalProgress(quiet=options.quiet)
    matcher = _matcher(options, progress, pairs="across")
    check_judge(options, matcher)
    other = replace(
        options,
        photos=options.right_photos,
        columns=options.columns if options.right_columns is None else options.right_columns,
        encoding=options.encoding if options.right_encoding is None else options.right_encoding,
    )
    catalogs = [read(options, left, progress), read(other, right, progress)]
    source = {
        "left": source_of(options, left, matcher),
        "right": source_of(other, right, matcher),
    }
    _matched(options, matcher, catalogs, source)


def _matcher(options: Match | Link, progress: TerminalProgress, **more: Any) -> Matcher:
    return matcher_of(
        options,
        progress,
        chosen_fusion(options.fusion, options.model),
        threshold=_threshold(options),
        same=comma_list(options.same),
        decide=options.decide,
        within=tuple(options.within or ()),
        **more,
    )


def _threshold(options: Matching) -> float | None:
    return options.line if options.threshold is None else options.threshold


def _matched(
    options: Matching,
    matcher: Matcher,
    catalogs: Sequence[Catalog],
    source: dict[str, Any],
    submission: bool = False,
) -> None:
    """Match, learn from answers, write, print."""
    progress = matcher.progress
    assert isinstance(progress, TerminalProgress)
    if not options.judge_dry_run:
        check_folder(options.out)
    people = None
    if options.answers is not None:
        whole = catalogs[0] if len(catalogs) == 1 else join_sources(*catalogs)
        people = read_checked(options.answers, whole, quiet=options.quiet)
    matches = matcher.match(*catalogs, answers=people)
    if options.judge_dry_run:
        show_questions(options, matches)
        return
    matches = _answered(options, matches, people, matcher, progress)
    record = {**matches.run, "source": source}
    if options.model is not None:
        record["model"] = str(options.model.resolve())
    matches, clusters = replace(matches, run=record), matches.clusters
    vars(matches)["clusters"] = clusters  # which take long to make
    with progress.stage("write"):
        written = matches.write(options.out, submission=submission)
    matcher.cache.prune()
    show_matches(matches, progress, written, catalogs)


def _answered(
    options: Matching,
    matches: Matches,
    people: Answers | None,
    matcher: Matcher,
    progress: TerminalProgress,
) -> Matches:
    """The matches, adapted to the answers of people and of a judge."""
    answers, measured = people, NOT_MEASURED
    if options.judge is not None:
        found = consulted(options, matches, people, matcher.cache, progress)
        answers, measured = found.answers, found.measured
    if answers is None or not len(answers):
        return matches
    # Imported only where there are answers.
    from samesku.judges.adapting import adapt, teaches
    from samesku.judges.asking import audited, unpinned

    record = {**matches.run, "answers": answers.record}
    if audit := audited(unpinned(matches), answers):
        progress.note(f"Precision and recall {audit}")
        record["audit"] = audit.record
    matches = replace(matches, run=record)
    if reason := teaches(matches, answers):
        progress.note(f"The answers are pinned and teach nothing: {reason}")
        return matches
    adapted = adapt(
        matches, answers, threshold=_threshold(options), measured=measured, progress=progress
    )
    for sentence in (adapted.summary, *adapted.hints):
        progress.note(sentence)
    return adapted.matches


def read_checked(path: Path, catalog: Catalog, *, quiet: bool) -> Answers:
    """Read answers, and say what was wrong with them."""
    answers = read_answers(path, catalog)
    counts = ", ".join(f"{answers.verdict.count(each):,} {each}" for each in VERDICTS)
    say(f"Read {len(answers):,} answers from {path}: {counts}", quiet=quiet)
    for problem in answers.problems:
        say(f"  - {problem}", quiet=quiet)
    return answers


def chosen_fusion(fusion: str | None, model: Path | None) -> str | Fusion | None:
    """The fusion of that name, or the model in a folder."""
    if model is None:
        return fusion
    if fusion not in (None, "learned"):
        raise UsageError(f"--model scores by itself; leave --fusion {fusion} out")
    return trained_fusion(model)


def show_matches(
    matches: Matches,
    progress: TerminalProgress,
    written: Sequence[Path],
    read: Sequence[Catalog],
) -> None:
    """Print what was found."""
    summary = matches.summary
    show_summary(
        progress,
        {**summary, "written": list(written)},
        read=read,
        seen={name: source["postings"] for name, source in summary["encoders"].items()},
        found=f"{counted(summary['results'])} "
        f"(threshold {matches.threshold:.2f}, {matches.fusion.name})",
        written=written,
    )
