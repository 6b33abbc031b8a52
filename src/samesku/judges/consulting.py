"""A judge is asked about the pairs that matter, and trusted as far as it agrees with people."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from samesku.catalog.answers import MACHINE, SAME, UNSURE, VERDICTS, Answers
from samesku.judges.asking import choose, decisive_pairs, pool_of
from samesku.judges.wire import Counts, Judge, Question, instructions, question_of
from samesku.results.matches import Matches
from samesku.runtime.progress import Progress

# Answers of people that a judge is compared with, at least and at most.
FEWEST, MOST = 10, 100
# Questions between two looks at the clock.
AT_A_TIME = 16
# Questions by whose tokens those of the others are estimated.
SAMPLED = 50
# Characters of a token, tokens of a small photo and of an answer: rough, for an estimate.
TOKEN, PHOTO_TOKENS, ANSWER_TOKENS = 3.5, 425, 40


@dataclass(frozen=True)
class Budget:
    """How much may be asked: so many questions, for so many seconds and so many tokens."""

    questions: int
    seconds: float = math.inf
    tokens: float = math.inf

    @classmethod
    def of(cls, text: str, price: float | None = None) -> Budget:
        """``"500"``, ``"10min"`` or, with the price of a million tokens, ``"2.50$"``."""
        if money := re.fullmatch(r"\s*([$€£])?\s*(\d+(?:[.,]\d+)?)\s*(?(1)|[$€£])\s*", text):
            if not price:
                raise ValueError(
                    "a budget in money needs the price of a million tokens: --judge-price"
                )
            return cls(SAMPLED, tokens=float(money[2].replace(",", ".")) / price * 1e6)
        found = re.fullmatch(r"\s*([\d,_]+)\s*(min|m|h|s)?\s*", text)
        number = int(re.sub(r"\D", "", found[1]) or 0) if found else 0
        if found is None or not number:
            raise ValueError(
                "a budget is a number of questions, minutes as 10min or money as 2.50$, not "
                f"{text!r}"
            )
        if found[2] is None:
            return cls(number)
        seconds = number * {"s": 1, "m": 60, "min": 60, "h": 3600}[found[2]]
        return cls(20 * max(seconds, 1), seconds)

    def counted(self, matches: Matches, rules: str) -> Budget:
        """The same in questions, where it was in money: by the tokens of the first few."""
        if math.isinf(self.tokens):
            return self
        some = cost(matches, self, rules)[0]
        each = some.tokens / max(some.pairs, 1)
        if each > self.tokens:
            raise ValueError(f"the budget is less than one question: about {each:,.0f} tokens")
        return Budget(int(self.tokens / max(each, 1)))


@dataclass(frozen=True)
class Cost:
    """What questions come to, roughly."""

    pairs: int
    photos: int
    tokens_in: int
    tokens_out: int

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    def at(self, price: float | None) -> str:
        """In words; in money where the price of a million tokens is known."""
        amount = (
            f"{self.pairs:,} pairs, {self.photos:,} of them with photos: about {self.tokens_in:,} "
            f"tokens asked and {self.tokens_out:,} answered"
        )
        if price is None:
            return amount
        money = self.tokens * price / 1e6
        return f"{amount}; at {price:.2f} per million tokens that is {money:.2f}"


@dataclass(frozen=True, eq=False)
class Consulted:
    """What a judge answered."""

    answers: Answers  # empty where the judge is not trusted
    notes: tuple[str, ...]  # what the user should know, a sentence each
    measured: Counts = ()  # by what people had answered; empty where too few could be compared


def asked(matches: Matches, budget: Budget) -> list[tuple[int, int]]:
    """The candidates to ask about, in rows of the distinct postings."""
    pool = pool_of(matches)
    # An answer of a model is weighed with the probability of its pair, which only these have.
    strange = np.arange(len(pool.left)) >= len(matches.candidates)
    pool = replace(pool, asked=pool.asked | strange)
    places, _ = choose(pool, budget.questions, audit_share=0, decisive=decisive_pairs(matches))
    return list(zip(pool.left[places].tolist(), pool.right[places].tolist(), strict=True))


def cost(matches: Matches, budget: Budget, rules: str) -> tuple[Cost, list[Question]]:
    """What a budget would come to, and the questions."""
    catalog = matches.distinct.catalog
    found = [question_of(catalog, *pair) for pair in asked(matches, budget)]
    photos = sum(all(each.photos) for each in found)
    characters = len(instructions(rules)) * len(found) + sum(len(each.text) for each in found)
    tokens = int(characters / TOKEN) + PHOTO_TOKENS * photos
    return Cost(len(found), photos, tokens, ANSWER_TOKENS * len(found)), found


def consult(
    judge: Judge,
    matches: Matches,
    budget: Budget,
    people: Answers | None = None,
    *,
    progress: Progress | None = None,
) -> Consulted:
    """Ask a judge about the pairs that matter most.

    What the answers of people, pinned in the matches, decide is not asked. A judge that agrees with
    them no better than chance is ignored.
    """
    start = time.monotonic()
    notes: list[str] = []
    measured: Counts = ()
    if people is not None:
        trusted, sentence, measured = trust(judge, matches, people)
        notes += filter(None, [sentence])
        if not trusted:
            return Consulted(Answers.none(), tuple(notes))
    catalog, pairs = matches.distinct.catalog, asked(matches, budget)
    rows, by = [], f"{MACHINE}{judge.model}"
    with (progress or Progress()).stage("ask the judge", len(pairs)) as advance:
        for first in range(0, len(pairs), AT_A_TIME):
            if time.monotonic() - start > budget.seconds:
                notes.append(f"Time was up after {first:,} questions")
                break
            some = pairs[first : first + AT_A_TIME]
            verdicts = judge.judge([question_of(catalog, *pair) for pair in some])
            for (left, right), verdict in zip(some, verdicts, strict=True):
                if verdict is not None:
                    rows.append((catalog.ids[left], catalog.ids[right], verdict, by))
            advance(len(some))
    schema = dict.fromkeys(("left_id", "right_id", "verdict", "by"), pl.String)
    answers = Answers.of(pl.DataFrame(rows, schema=schema, orient="row"), source=judge.model)
    counts = ", ".join(f"{answers.verdict.count(each):,} {each}" for each in VERDICTS)
    notes.append(f"{judge.model} answered {len(rows):,} of {len(pairs):,} questions: {counts}")
    if unread := getattr(judge, "unread", 0):
        notes.append(f"{unread:,} answers held no verdict that could be read, and count as unsure")
    if trouble := getattr(judge, "trouble", ""):
        notes.append(f"{judge.model} was not asked further: {trouble}")
    return Consulted(answers, tuple(notes), measured)


def trust(judge: Judge, matches: Matches, people: Answers) -> tuple[bool, str, Counts]:
    """Whether a judge does better than chance on what people answered, a note, and its counts.

    It does if it says `same` more often of what is the same than of what is not, by two standard
    errors. Where there is too little to compare, it is trusted.
    """
    places = np.flatnonzero(people.decided)
    if len(places) < FEWEST:
        return True, "", ()
    places = places[:: max(1, len(places) // MOST)]
    rows = people.rows(matches.catalog)
    verdicts = judge.judge(
        [question_of(matches.catalog, int(rows[0][p]), int(rows[1][p])) for p in places]
    )
    name = judge.model
    sure = [
        (verdict == SAME, bool(truth))
        for verdict, truth in zip(verdicts, people.same[places], strict=True)
        if verdict not in (None, UNSURE)
    ]
    yes = [said for said, truth in sure if truth]
    no = [said for said, truth in sure if not truth]
    if len(sure) < FEWEST or not yes or not no:
        return True, f"{name} answered too few of what people answered to be compared", ()
    hit, false = (sum(yes) + 0.5) / (len(yes) + 1), (sum(no) + 0.5) / (len(no) + 1)
    error = math.sqrt(hit * (1 - hit) / len(yes) + false * (1 - false) / len(no))
    right = sum(said == truth for said, truth in sure)
    said_same = sum(yes) + sum(no)
    good = f"{sum(yes)} of {said_same} answers `same`" if said_same else "no answer `same`"
    sentence = f"Of {len(sure)} pairs that people answered {name} has {right} right ({good} right)"
    if hit - false <= 2 * error:
        return False, f"{sentence}: no better than chance, so it is ignored", ()
    measured = tuple((sum(each), len(each) - sum(each)) for each in (yes, no))
    return True, sentence, measured
