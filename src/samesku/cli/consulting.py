"""The judge of `samesku match --judge`."""

from __future__ import annotations

from dataclasses import replace

from samesku.catalog.answers import Answers
from samesku.cli.console import TerminalProgress, UsageError, console
from samesku.cli.options import Judging
from samesku.judges.consulting import Budget, Consulted, consult, cost
from samesku.judges.wire import Judge, rules
from samesku.matcher import Matcher
from samesku.results.matches import Matches
from samesku.runtime.cache import Cache

LLAVA = "llava:"


def check_judge(options: Judging, matcher: Matcher) -> None:
    """Refuse options that do not go together, before anything is done."""
    name, model = options.judge, options.judge_model
    if name is None:
        needing = (model, options.judge_rules, options.judge_dry_run or None, options.judge_price)
        if any(each is not None for each in needing):
            raise UsageError(
                "--judge-model, --judge-rules, --judge-price and --judge-dry-run need --judge"
            )
        return
    if not matcher.fusion.probabilistic:
        raise UsageError(
            "answers of a judge are weighed with probabilities: leave --fusion "
            f"{matcher.fusion.name} out"
        )
    if name.startswith(LLAVA):
        if not name.removeprefix(LLAVA) or model:
            raise UsageError("name LLaVA as --judge llava:MODEL, without --judge-model")
    elif not name.startswith(("http://", "https://")):
        raise UsageError(
            f"--judge is http://HOST/v1 or llava:MODEL, not {name!r}; a file of answers goes to "
            "--answers"
        )
    elif not model:
        raise UsageError("name the model that the server is to ask: --judge-model NAME")
    Budget.of(options.judge_budget, options.judge_price)
    _rules(options)


def show_questions(options: Judging, matches: Matches) -> None:
    """Print what would be asked, and its cost."""
    estimate, asked = cost(matches, _budget(options, matches), _rules(options))
    console.print(
        f"{estimate.at(options.judge_price or 1.0)}. Nothing was asked, nothing written.",
        markup=False,
    )
    for question in asked[:10]:
        console.print(question.left.get("title"), markup=False)
        console.print(f"  {question.right.get('title')}", markup=False)


def consulted(
    options: Judging,
    matches: Matches,
    people: Answers | None,
    cache: Cache,
    progress: TerminalProgress,
) -> Consulted:
    """What people and the judge answered together, and how reliable the judge is."""
    with progress.stage("ask the judge"):
        judge = _judge(options, cache)
        found = consult(judge, matches, _budget(options, matches), people)
    for sentence in found.notes:
        progress.note(sentence[0].upper() + sentence[1:])
    return found if people is None else replace(found, answers=people.joined(found.answers))


def _judge(options: Judging, cache: Cache) -> Judge:
    name = options.judge or ""
    if name.startswith(LLAVA):
        from samesku.judges.llava import LlavaJudge

        return LlavaJudge(name.removeprefix(LLAVA), _rules(options), cache)
    from samesku.judges.chat import ChatJudge

    return ChatJudge(name, options.judge_model or "", _rules(options), cache)


def _budget(options: Judging, matches: Matches) -> Budget:
    """The budget in questions."""
    budget = Budget.of(options.judge_budget, options.judge_price)
    return budget.counted(matches, _rules(options))


def _rules(options: Judging) -> str:
    """What is the same product."""
    if options.judge_rules is None:
        return rules()
    try:
        text = options.judge_rules.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise ValueError(f"{options.judge_rules} is no text in UTF-8") from error
    if not text:
        raise ValueError(f"{options.judge_rules} is empty: write down what is the same product")
    return text
