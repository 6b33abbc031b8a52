"""What the sections say that need labels: what went wrong, and how good it is."""

from itertools import pairwise
from typing import Any

import polars as pl

from samesku.evaluation import errors
from samesku.metrics import posting_f1
from samesku.report.book import Book
from samesku.report.sections import readable_photos
from samesku.report.tables import evaluation_tables
from samesku.results import charts
from samesku.results.curve import own_tally
from samesku.results.runs import Run

EXAMPLES = 12
MOST_SUSPECTS = 60
LENGTHS, LONGEST = (0, 20, 40, 60, 80, 100), 10**9


def what_went_wrong(run: Run, book: Book) -> tuple[dict[str, Any], dict[str, Any], pl.DataFrame]:
    """The section, the pairs that it shows as examples, and the labels to review."""
    wrong = errors.find_errors(run)
    kinds: dict[str, list[tuple[str, str, int, str]]] = {}
    examples: dict[str, Any] = {}
    for error in ("merge", "split"):
        own = wrong.filter(pl.col("error") == error)
        kinds[error] = []
        for place, kind in enumerate(errors.KINDS):
            of_kind = own.filter(pl.col("kind") == kind)
            if of_kind.height:
                name = f"{error}-{place}"
                examples[name] = _examples(book, of_kind)
                kinds[error].append((name, kind, of_kind.height, errors.ADVICE[kind]))
        kinds[error].sort(key=lambda each: -each[2])
    suspects = errors.label_suspects(run, wrong)
    doubted = errors.doubted_labels(suspects)
    section = {
        "counts": {error: sum(each[2] for each in of) for error, of in kinds.items()},
        "kinds": kinds,
        "quality": _quality(run),
        "stages": _stages(run, wrong),
        "suspects": suspects.height,
        "doubted": doubted.height,
        "doubts": doubted.head(MOST_SUSPECTS).to_dicts(),
    }
    return section, examples, suspects


def evaluated(run: Run) -> dict[str, Any]:
    """The figures of an evaluation, each fusion beside the first, and its calibration."""
    observed = run.result["reliability"]
    return {
        "tables": evaluation_tables(run.record),
        "calibration": None if observed is None else charts.reliability(observed["bins"]),
    }


def _examples(book: Book, wrong: pl.DataFrame) -> list[list[Any]]:
    """The most certain ones, no posting twice, each with where it went wrong."""
    chosen: list[list[Any]] = []
    seen: set[int] = set()
    columns = wrong.select("left", "right", "score", "stage", "reasons")
    for left, right, score, stage, reasons in columns.iter_rows():
        if left in seen or right in seen:
            continue
        seen |= {left, right}
        note = None if stage == errors.STAGES[0] else f"Lost: {stage}."
        chosen.append([book.pair(left, right, score, reasons), note])
        if len(chosen) == EXAMPLES:
            break
    return chosen


def _quality(run: Run) -> list[charts.Chart]:
    """F1 per posting by what a posting is like."""
    if run.labels is None or run.lefts is not None:
        return []
    tally, rows = own_tally(run), run.labelled_queries
    quality, actual = posting_f1(tally), tally.actual + 1
    lengths = run.catalog.frame["title"].fill_null("").str.len_chars().to_numpy()[rows]
    there = readable_photos(run)[rows]
    parts = {
        "true postings of the product": {
            "1 posting": actual == 1, "2": actual == 2, "3 to 5": (actual > 2) & (actual < 6),
            "6 to 10": (actual > 5) & (actual < 11), "more than 10": actual > 10,
        },
        "characters of the title": {
            f"{low} to {high - 1}" if high < LONGEST else f"{low} or more":
            (lengths >= low) & (lengths < high)
            for low, high in pairwise((*LENGTHS, LONGEST))
        },
        "photo": {"with a photo": there, "without one": ~there},
    }  # fmt: skip
    drawn = []
    for title, of in parts.items():
        some = {name: which for name, which in of.items() if which.any()}
        means = {f"{name} (n {w.sum():,})": float(quality[w].mean()) for name, w in some.items()}
        if len(means) > 1:
            drawn.append(charts.bars(title, means, "F1 per posting", share=True))
    return drawn


def _stages(run: Run, wrong: pl.DataFrame) -> dict[str, Any]:
    """What became of the true pairs; of links only of those that were lost."""
    if run.lefts is not None:
        lost = wrong.filter(pl.col("error") == "split")["stage"].to_list()
        counts = {name: lost.count(name) for name in errors.STAGES[1:]}
        return {"pairs": None, "chart": charts.bars("Lost true pairs by stage", counts, "pairs")}
    met = errors.met_pairs(run)["stage"].to_list()
    shares = {name: met.count(name) / max(len(met), 1) for name in errors.STAGES}
    chart = charts.bars("Recall by stage", shares, "share of true pairs", share=True)
    return {"pairs": len(met), "chart": chart}
