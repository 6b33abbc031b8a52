"""Two runs of one catalogue side by side: what changed, and whether it is better."""

from typing import Any

import numpy as np
import polars as pl

from samesku.metrics import Sampled, bootstrap, posting_f1
from samesku.report.book import Book
from samesku.report.tables import Table
from samesku.results.curve import own_tally
from samesku.results.runs import Run
from samesku.runtime.arrays import Ints

EXAMPLES = 40


def check_comparable(run: Run, other: Run) -> None:
    """Raise ValueError for runs of different catalogues."""
    if (run.ids, run.lefts) != (other.ids, other.lefts):
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
    """The figures of both with paired intervals, where labels are known.

    Of links they are per posting of the left shop.
    """
    if run.labels is None:
        return []
    products = run.labels[run.labelled_queries]
    before, now = (_sampled(each, products) for each in (other, run))
    shown = []
    for name in now:
        gap = now[name].minus(before[name])
        difference = f"{gap.value:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})"
        shown.append((name, f"{before[name].value:.4f}", f"{now[name].value:.4f}", difference))
    return shown


def _sampled(run: Run, products: Ints) -> dict[str, Sampled]:
    """Pair precision and recall; F1, but of links: a posting may have but one counterpart."""
    tally = own_tally(run)
    of_pairs = {
        "pair precision": bootstrap(tally.correct, tally.matched, products),
        "pair recall": bootstrap(tally.correct, tally.actual, products),
    }
    if run.lefts is not None:
        return of_pairs
    f1 = bootstrap(posting_f1(tally), np.ones(len(products)), products)
    return {"F1 per posting": f1, **of_pairs}
