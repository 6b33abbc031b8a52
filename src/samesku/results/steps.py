"""The explanation of a pair as steps from the start to its probability."""

import re
from dataclasses import dataclass

START = "start"
_ADDED = re.compile(r"(?P<reason>.*) (?P<added>[+-][0-9]+\.[0-9]+)", re.DOTALL)


@dataclass(frozen=True)
class Step:
    """One reason of a pair: it takes the log-odds from `before` to `after`."""

    reason: str
    added: float
    before: float
    after: float


def steps(reasons: str | None) -> list[Step]:
    """The reasons of a pair from the start on; empty where they have no numbers.

    >>> [step.after for step in steps("photo identical +3.00; start -4.00")]
    [-4.0, -1.0]
    """
    parts = [split_reason(part) for part in (reasons or "").split("; ")]
    found, sum_ = [], 0.0
    for reason, added in sorted(parts, key=lambda part: part[0] != START):
        if added is None:
            return []
        before, sum_ = sum_, round(sum_ + added, 2)
        found.append(Step(reason, added, before, sum_))
    return found


def split_reason(part: str) -> tuple[str, float | None]:
    """A reason and what it adds to the log-odds, None where it has no number."""
    found = _ADDED.fullmatch(part)
    return (part, None) if found is None else (found["reason"], float(found["added"]))
