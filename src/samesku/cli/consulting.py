"""The judge of `samesku match --judge`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from samesku.catalog.answers import Answers
from samesku.cli.console import TerminalProgress, UsageError, console

if TYPE_CHECKING:
    from samesku.judges.consulting import Consulted
    from samesku.judges.wire import Judge
    from samesku.matcher import Matcher
    from samesku.results.matches import Matches
    from samesku.runtime.cache import Cache

__all__ = ["JudgeOptions"]

LLAVA = "llava:"


@dataclass(frozen=True)
class JudgeOptions:
    """What was asked for of a judge."""

    judge: str | None = None
    model: str | None = None
    budget: str = "200"
    rules: Path | None = None
    dry_run: bool = False
    price: float | None = None

    def check(self, matcher: Matcher) -> None:
        """Refuse options that do not go together, before anything is done."""
        from samesku.judges.consulting import Budget

        if self.judge is None:
            if self.model or self.rules or self.dry_run or self.price is not None:
                raise UsageError(
                    "--judge-model, --judge-rules, --judge-price and --judge-dry-run need --judge"
                )
            return
        if not matcher.fusion.probabilistic:
            raise UsageError(
                "answers of a judge are weighed with probabilities: leave --fusion "
                f"{matcher.fusion.name} out"
            )
        if self.judge.startswith(LLAVA):
            if not self.judge.removeprefix(LLAVA) or self.model:
                raise UsageError("name LLaVA as --judge llava:MODEL, without --judge-model")
        elif not self.judge.startswith(("http://", "https://")):
            raise UsageError(
                f"--judge is http://HOST/v1 or llava:MODEL, not {self.judge!r}; a file of answers "
                "goes to --answers"
            )
        elif not self.model:
            raise UsageError("name the model that the server is to ask: --judge-model NAME")
        Budget.of(self.budget, self.price)
        self.read_rules()

    def read_rules(self) -> str:
        """What is the same product."""
        from samesku.judges.wire import rules

        if self.rules is None:
            return rules()
        try:
            text = self.rules.read_text(encoding="utf-8").strip()
        except UnicodeDecodeError as error:
            raise ValueError(f"{self.rules} is no text in UTF-8") from error
        if not text:
            raise ValueError(f"{self.rules} is empty: write down what is the same product")
        return text

    def made(self, cache: Cache) -> Judge:
        """The judge."""
        name = self.judge or ""
        if name.startswith(LLAVA):
            from samesku.judges.llava import LlavaJudge

            return LlavaJudge(name.removeprefix(LLAVA), self.read_rules(), cache)
        from samesku.judges.chat import ChatJudge

        return ChatJudge(name, self.model or "", self.read_rules(), cache)

    def shown(self, matches: Matches) -> None:
        """Say what would be asked, and what it would come to."""
        from samesku.judges.consulting import Budget, cost

        rules = self.read_rules()
        budget = Budget.of(self.budget, self.price).counted(matches, rules)
        told, asked = cost(matches, budget, rules)
        console.print(
            f"{told.at(self.price or 1.0)}. Nothing was asked, nothing written.", markup=False
        )
        for question in asked[:10]:
            console.print(f"{question.left.get('title')}\n  {question.right.get('title')}",
                          markup=False)  # fmt: skip

    def consulted(
        self, matches: Matches, people: Answers | None, cache: Cache, progress: TerminalProgress
    ) -> Consulted:
        """What people and the judge answered together, and how reliable the judge is."""
        from samesku.judges.consulting import Budget, consult

        with progress.stage("ask the judge"):
            budget = Budget.of(self.budget, self.price).counted(matches, self.read_rules())
            told = consult(self.made(cache), matches, budget, people)
        for sentence in told.told:
            progress.note(sentence[0].upper() + sentence[1:])
        return told if people is None else replace(told, answers=people.joined(told.answers))
