"""`samesku match` and `samesku link`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from samesku.catalog.answers import VERDICTS, Answers, read_answers
from samesku.catalog.catalog import Catalog
from samesku.catalog.sources import joined
from samesku.cli.commands import Link, Match
from samesku.cli.console import TerminalProgress, UsageError, console, emit, say
from samesku.cli.options import Judging, Matching
from samesku.cli.reading import comma_list, how_to_read, matcher_of, read
from samesku.cli.summary import counted, show_summary
from samesku.judges.chat import ChatJudge
from samesku.judges.consulting import Budget, consult, cost
from samesku.judges.llava import LlavaJudge
from samesku.judges.wire import rules
from samesku.matcher import Matcher
from samesku.results.matches import Matches
from samesku.runtime.extras import need_extra
from samesku.runtime.files import check_folder
from samesku.scoring.by_name import trained_fusion
from samesku.scoring.fusion import Fusion

AnyJudge: TypeAlias = ChatJudge | LlavaJudge

# Options that --engine ray does not know.
LOCAL = (
    "judge", "judge_model", "judge_price", "judge_rules", "judge_dry_run", "answers", "submission",
    "within", "decide",
)  # fmt: skip
LLAVA = "llava:"


def match(options: Match) -> None:
    _check_engine(options)
    progress = TerminalProgress(quiet=options.quiet)
    matcher = _matcher(options, progress, pairs=options.pairs, memory=options.memory)
    if options.engine == "ray":
        _match_on_ray(options, matcher)
        return
    judge = _judge(options, matcher)
    catalog = read(options, options.catalogue, progress)
    _matched(options, matcher, progress, judge, [catalog], options.submission)


def link(options: Link) -> None:
    left, right = options.left, options.right
    if left.exists() and right.exists() and left.samefile(right):
        raise UsageError(
            "both sides are the same catalogue; what is the same product within one is found by "
            "`samesku match`"
        )
    progress = TerminalProgress(quiet=options.quiet)
    matcher = _matcher(options, progress, pairs="across")
    judge = _judge(options, matcher)
    other = replace(
        options,
        photos=options.right_photos,
        columns=options.columns if options.right_columns is None else options.right_columns,
        encoding=options.encoding if options.right_encoding is None else options.right_encoding,
    )
    catalogs = [read(options, left, progress), read(other, right, progress, right=True)]
    _matched(options, matcher, progress, judge, catalogs)


def _matcher(options: Match | Link, progress: TerminalProgress, **more: Any) -> Matcher:
    fusion: str | Fusion | None = options.fusion
    if options.model is not None:
        if fusion not in (None, "learned"):
            raise UsageError(f"--model scores by itself; leave --fusion {fusion} out")
        fusion = trained_fusion(options.model)
    return matcher_of(
        options, progress, fusion, threshold=options.accepted_from, same=comma_list(options.same),
        decide=options.decide, within=tuple(options.within or ()), **more,
    )  # fmt: skip


def _matched(
    options: Matching,
    matcher: Matcher,
    progress: TerminalProgress,
    judge: AnyJudge | None,
    catalogs: Sequence[Catalog],
    submission: bool = False,
) -> None:
    if not options.judge_dry_run:
        check_folder(options.out)
    people = None
    if options.answers is not None:
        people = read_checked(options.answers, joined(catalogs, None), quiet=options.quiet)
    matches = matcher.match(*catalogs, answers=people)
    if judge is not None and options.judge_dry_run:
        _show_questions(options, judge, matches)
        return
    matches = _answered(options, judge, matches, people, progress)
    if options.model is not None:
        matches.run["model"] = str(options.model.resolve())
    with progress.stage("write"):
        written = matches.write(options.out, submission=submission)
    matcher.cache.prune()
    show_matches(matches, progress, written, catalogs)


def _answered(
    options: Matching,
    judge: AnyJudge | None,
    matches: Matches,
    people: Answers | None,
    progress: TerminalProgress,
) -> Matches:
    """The matches, adapted to the answers of people and of a judge."""
    answers = people
    measured: tuple[tuple[int, int], ...] = ()
    if judge is not None:
        budget = _budget(options, judge, matches)
        found = consult(judge, matches, budget, people, progress=progress)
        for sentence in found.notes:
            progress.note(sentence)
        answers = found.answers if people is None else people.joined(found.answers)
        measured = found.measured
    if answers is None or not len(answers):
        return matches
    # Imported only where there are answers.
    from samesku.judges.adapting import adapt, teaches
    from samesku.judges.asking import audited, unpinned

    matches.run["answers"] = answers.record
    if audit := audited(unpinned(matches), answers):
        progress.note(f"Before the answers, {audit}")
        matches.run["audit"] = audit.record
    if reason := teaches(matches, answers):
        what = "are pinned and teach" if answers.decided.any() else "teach"
        progress.note(f"The answers {what} nothing: {reason}")
        return matches
    adapted = adapt(
        matches, answers, threshold=options.accepted_from, measured=measured, progress=progress
    )
    progress.note(adapted.summary)
    return adapted.matches


def read_checked(path: Path, catalog: Catalog, *, quiet: bool) -> Answers:
    """Read answers, and say what was wrong with them."""
    answers = read_answers(path, catalog)
    counts = ", ".join(f"{answers.verdict.count(each):,} {each}" for each in VERDICTS)
    say(f"Read {len(answers):,} answers from {path}: {counts}", quiet=quiet)
    for problem in answers.problems:
        say(f"  - {problem}", quiet=quiet)
    return answers


def show_matches(
    matches: Matches, progress: TerminalProgress, written: Sequence[Path], read: Sequence[Catalog]
) -> None:
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


def _check_engine(options: Match) -> None:
    """Refuse options that the engine does not know, before any work."""
    if options.engine == "local":
        if options.address or options.work or options.shards or options.route:
            raise UsageError("--address, --work, --shards and --route belong to --engine ray")
        return
    if strange := [name for name in LOCAL if getattr(options, name)]:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in strange)
        raise UsageError(
            f"--engine ray does not know {named}: leave it out, or use the local engine"
        )
    if options.work is None:
        raise UsageError("--engine ray needs --work FOLDER, which all workers see")
    need_extra("--engine ray", "ray", "ray", "pyarrow")


def _match_on_ray(options: Match, matcher: Matcher) -> None:
    from samesku.distributed.engine import RayEngine

    assert options.work is not None
    engine = RayEngine(
        matcher, options.work, shards=options.shards, memory=options.memory,
        address=options.address, route=options.route,
    )  # fmt: skip
    catalogue, out = _place(options.catalogue), _place(options.out)
    photos = options.photos and _place(options.photos)
    record = engine.match(catalogue, out, **{**how_to_read(options), "photos": photos})
    for each in record["split"]:
        say(
            f"A component of {each['postings']:,} postings was split by the threshold "
            f"{each['threshold']:.2f}",
            quiet=options.quiet,
        )
    say(
        f"Found {counted(record['results'])}; wrote groups.csv, {record['clusters']}/, "
        f"{record['matches']}/ and run.json to {out}",
        quiet=options.quiet,
    )
    emit(record)


def _place(path: Path) -> str:
    """A path as it was given: pathlib takes a slash from ``s3://``."""
    head, colon, rest = str(path).partition(":/")
    remote = colon and head.isalnum() and len(head) > 1
    return f"{head}://{rest.lstrip('/')}" if remote else str(path)


def _judge(options: Judging, matcher: Matcher) -> AnyJudge | None:
    """Who is asked; options that do not go together are refused, before anything is done."""
    name, model = options.judge, options.judge_model
    if name is None:
        needing = (model, options.judge_rules, options.judge_dry_run or None, options.judge_price)
        if any(each is not None for each in needing):
            raise UsageError(
                "--judge-model, --judge-rules, --judge-price and --judge-dry-run need --judge"
            )
        return None
    if not matcher.fusion.probabilistic:
        raise UsageError(
            "answers of a judge are weighed with probabilities: leave --fusion "
            f"{matcher.fusion.name} out"
        )
    Budget.of(options.judge_budget, options.judge_price)
    if name.startswith(LLAVA):
        if name == LLAVA or model:
            raise UsageError("name LLaVA as --judge llava:MODEL, without --judge-model")
        return LlavaJudge(name.removeprefix(LLAVA), _rules(options), matcher.cache)
    if not name.startswith(("http://", "https://")):
        raise UsageError(
            f"--judge is http://HOST/v1 or llava:MODEL, not {name!r}; a file of answers goes to "
            "--answers"
        )
    if not model:
        raise UsageError("name the model that the server is to ask: --judge-model NAME")
    return ChatJudge(name, model, _rules(options), matcher.cache)


def _show_questions(options: Judging, judge: AnyJudge, matches: Matches) -> None:
    estimate, asked = cost(matches, _budget(options, judge, matches), judge.rules)
    console.print(f"{estimate.at(options.judge_price)}. Nothing was asked, nothing written.")
    for question in asked[:10]:
        console.print(question.left.get("title"))
        console.print(f"  {question.right.get('title')}")


def _budget(options: Judging, judge: AnyJudge, matches: Matches) -> Budget:
    budget = Budget.of(options.judge_budget, options.judge_price)
    return budget.counted(matches, judge.rules)


def _rules(options: Judging) -> str:
    if options.judge_rules is None:
        return rules()
    try:
        text = options.judge_rules.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise ValueError(f"{options.judge_rules} is no text in UTF-8") from error
    if not text:
        raise ValueError(f"{options.judge_rules} is empty: write down what is the same product")
    return text
