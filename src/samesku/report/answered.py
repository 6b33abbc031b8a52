"""What was asked of people and models, and what their answers changed."""

from __future__ import annotations

from typing import Any

from samesku.catalog.answers import VERDICTS
from samesku.report.tables import Table
from samesku.results.runs import Run

# Answers that are shown, and characters of a title.
SHOWN, LONGEST = 100, 160


def the_answers(run: Run) -> dict[str, Any] | None:
    """Who answered what, what changed, and which differences count; None where nobody answered."""
    answers = run.record.get("answers")
    if not answers:
        return None
    adapted = run.record.get("adapted") or {}
    by = [
        (name, *(f"{counts.get(each, 0):,}" for each in VERDICTS))
        for name, counts in answers.get("by", {}).items()
    ]
    differs = [
        (kind, f"{count['answered']:,}", f"{count['same']:,}",
         f"{count['same'] / max(count['answered'], 1):.0%}")
        for kind, count in adapted.get("differences", {}).items()
    ]  # fmt: skip
    pins = answers.get("pins", [])
    return {
        "source": answers.get("source", ""),
        "by": Table("Answers by who gave them", ["by", *VERDICTS], by),
        "problems": answers.get("problems", []),
        "audit": run.record.get("audit"),
        "adapted": adapted,
        "changed": adapted.get("changed"),
        "differs": Table(
            "Which differences the answers call the same",
            ["what differs", "answered", "the same", "share"],
            differs,
        ),
        "asked": Table(
            "What was asked", ["offer", "other offer", "answer", "by", "now"],
            _asked(run, pins[:SHOWN]), numbers=False,
        ),
        "answered": len(pins),
    }  # fmt: skip


def _asked(run: Run, pins: list[list[str]]) -> list[tuple[str, ...]]:
    """The titles of answered pairs, the answer, who gave it, and what came of it."""
    row = {posting: row for row, posting in enumerate((run.joined or run.catalog).ids)}
    titles = run.catalog.titles
    rows: list[tuple[str, ...]] = []
    for left, right, verdict, by in pins:
        if left in row and right in row:
            one, other = row[left], row[right]
            together = run.clusters[one] == run.clusters[other]
            now = "one cluster" if together else "two clusters"
            rows.append((titles[one][:LONGEST], titles[other][:LONGEST], verdict, by, now))
    return rows
