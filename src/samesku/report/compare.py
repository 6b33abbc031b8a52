"""Two runs of one catalogue side by side: what changed, and whether it is better."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.metrics import Sampled, Tally, bootstrap, posting_f1
from samesku.report.book import Book
from samesku.report.tables import Table
from samesku.results.curve import own_tally
from samesku.results.runs import Run

EXAMPLES = 40
# Figures that links have, too: a posting may have but one counterpart.
PAIRS = ("pair precision", "pair recall")


def check_comparable(run: Run, other: Run) -> None:
    """Raise ValueError for runs of different catalogues."""
    if run.catalog.ids != other.catalog.ids or run.lefts != other.lefts:
        raise ValueError(
            f"{run.name} and {other.name} are runs of different catalogues; compare two of one"
        )


def compared(run: Run, other: Run, book: Book) -> tuple[dict[str, Any], dict[str, Any]]:
    """The section, and the pairs that changed, of two runs of one catalogue."""
    key, both = ["left", "right"], (other, run)
    new = run.matched.join(other.matched, on=key, how="anti", maintain_order="left")
    gone = other.matched.join(run.matched, on=key, how="anti", maintain_order="left")
    rows = [
        ("matched pairs", *_counts(other.pair_count, run.pair_count)),
        ("clusters of two or more", *_counts(*(int((each.sizes > 1).sum()) for each in both))),
        ("largest cluster", *_counts(*(int(each.sizes.max(initial=0)) for each in both))),
        ("threshold", f"{other.threshold:.2f}", f"{run.threshold:.2f}", ""),
    ]
    names = (other.name, run.name)
    if names[0] == names[1]:
        names = (str(other.folder), str(run.folder))
    section = {
        "names": names,
        "table": Table("The two runs", ["", *names, "difference"], [*rows, *_measured(run, other)]),
        "changes": [("new", new.height), ("gone", gone.height)],
    }
    examples = {
        "compare-new": _examples(run, book, new),
        "compare-gone": _examples(run, book, gone),
    }
    return section, examples


def _counts(before: int, now: int) -> tuple[str, str, str]:
    return f"{before:,}", f"{now:,}", f"{now - before:+,}"


def _examples(run: Run, book: Book, pairs: pl.DataFrame) -> list[list[Any]]:
    notes = {True: "The labels say one product.", False: "The labels say two.", None: None}
    shown = pairs.select("left", "right", "score", "reasons").head(EXAMPLES).iter_rows()
    return [[book.pair(*pair), notes[run.one_product(*pair[:2])]] for pair in shown]


def _measured(run: Run, other: Run) -> list[tuple[str, str, str, str]]:
    """F1 per posting, pair precision and recall with paired intervals, where labels are known.

    Of links they are per posting of the left shop.
    """
    labels = run.labels
    if labels is None:
        return []
    rows = np.flatnonzero((run.queries & (labels >= 0))[: run.lefts])
    sampled = [_sampled(own_tally(each), labels[rows]) for each in (other, run)]
    if run.lefts is not None:
        sampled = [{name: each[name] for name in PAIRS} for each in sampled]
    rows_shown = []
    for name in sampled[0]:
        before, now = sampled[0][name], sampled[1][name]
        gap = now.minus(before)
        difference = f"{gap.value:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})"
        rows_shown.append((name, f"{before.value:.4f}", f"{now.value:.4f}", difference))
    return rows_shown


def _sampled(tally: Tally, products: NDArray[np.int64]) -> dict[str, Sampled]:
    one = np.ones(len(products))
    return {
        "F1 per posting": bootstrap(posting_f1(tally), one, products),
        "pair precision": bootstrap(tally.correct, tally.matched, products),
        "pair recall": bootstrap(tally.correct, tally.actual, products),
    }
