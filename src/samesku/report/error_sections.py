"""The parts of the page that need labels: what went wrong, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.encoders.base import Modality
from samesku.evaluation.errors import doubted_labels, find_errors, label_suspects
from samesku.evaluation.kinds import ADVICE, KINDS
from samesku.evaluation.stages import STAGES, pair_stages, true_pairs
from samesku.metrics import group_tally, pair_tally, posting_f1
from samesku.report import charts
from samesku.report.book import Book
from samesku.report.markup import Child, Markup, element, table
from samesku.report.runs import Run
from samesku.report.sections import figure, section

__all__ = ["evaluated", "what_went_wrong"]

EXAMPLES = 12
PHOTO_ENCODERS = ("phash", "signature")
MOST_SUSPECTS = 60
LENGTHS, LONGEST = (20, 40, 60, 80, 100), 10**9
FIGURES = {
    "posting_f1": "F1 per posting",
    "pair_precision": "pair precision",
    "pair_recall": "pair recall",
    "pair_f1": "pair F1",
    "bcubed_f1": "B-cubed F1",
}


def what_went_wrong(run: Run, book: Book) -> tuple[Markup, dict[str, Any], pl.DataFrame]:
    """The section, the pairs that it shows as examples, and the labels to review."""
    errors = find_errors(
        run.catalog, run.pairs, run.queries, _encoders(run), run.line, _judged(run)
    )
    if run.lefts is not None:
        # Only pairs across the two shops could be linked.
        sides = errors["left"].to_numpy() < run.lefts, errors["right"].to_numpy() < run.lefts
        errors = errors.filter(pl.Series(sides[0] != sides[1]))
    reasons = run.pairs.select("left", "right", "reasons")
    errors = errors.join(reasons, on=["left", "right"], how="left", maintain_order="left")
    counts = {name: int((errors["error"] == name).sum()) for name in ("merge", "split")}
    examples, folds = {}, []
    for error in ("merge", "split"):
        own = errors.filter(pl.col("error") == error)
        for kind in KINDS:
            of_kind = own.filter(pl.col("kind") == kind)
            if of_kind.height:
                name = f"{error}-{KINDS.index(kind)}"
                examples[name] = _examples(book, of_kind)
                folds.append(
                    (error, of_kind.height, _kind(name, kind, of_kind.height, counts[error]))
                )
    # Three side by side, but no fourth left alone below.
    shown = [*_by_group(run), _stages(run, errors)]
    parts = [
        element(
            "div",
            _folds("false merges", "matched, though the labels differ", folds, "merge"),
            _folds("false splits", "apart, though the label is one", folds, "split"),
            class_="cards wide",
        ),
        element("div", *shown, class_="cards wide" if len(shown) % 3 == 1 else "cards"),
    ]
    suspects = label_suspects(run.catalog, errors)
    parts.append(_labels(suspects))
    hint = (
        "Wrong pairs by kinds that a person can act on, the most certainly wrong first. The "
        "kinds are told by rules "
        "from titles, photos and scores: they are right about four times in five."
    )
    return section("errors", "What goes wrong", hint, *parts), examples, suspects


def evaluated(run: Run) -> Markup:
    """The figures of an evaluation, each fusion beside the first, and its calibration."""
    results = run.record["results"]
    pools = list(dict.fromkeys(result["pool"] for result in results))
    parts: list[Child] = []
    for pool in pools:
        of_pool = [result for result in results if result["pool"] == pool]
        size = max(of_pool[0]["pool_size"])
        rows = [
            (words, *(_interval(result["figures"][name]) for result in of_pool))
            for name, words in FIGURES.items()
        ]
        head = ["figure", *(result["fusion"] for result in of_pool)]
        parts.append(
            table(f"Queries searched in: {pool}, {size:,} postings (95% intervals)", head, rows)
        )
        if of_pool[0] is not of_pool[-1]:
            against = [
                (result["fusion"], *(_difference(each) for each in result["differences"].values()))
                for result in of_pool[1:]
            ]
            names = ["fusion", *(FIGURES[name] for name in of_pool[-1]["differences"])]
            parts.append(
                table(f"Against {of_pool[0]['fusion']}, paired 95% intervals", names, against)
            )
    shown = [
        result
        for result in results
        if result["fusion"] == run.record["shown"] and result["pool"] == pools[0]
    ]
    if shown and shown[0]["reliability"] is not None:
        chart = charts.reliability_chart(shown[0]["reliability"]["bins"])
        said = (
            "Pairs told a probability, and the share of them that is the same product. Points "
            "above the dashed line: "
            "it is right more often than it says; below: trust it less."
        )
        parts.append(
            element("div", figure(chart, "Are its probabilities true?", said), class_="cards")
        )
    hint = (
        "What was measured on postings that chose no threshold. An interval of a difference "
        "that leaves out 0 is a difference."
    )
    return section("figures", "The figures", hint, *parts)


def _encoders(run: Run) -> dict[str, Modality]:
    """What each encoder looks at; an evaluation does not write it down, but names tell."""
    told = run.record.get("encoders") or {}
    return {
        name: told.get(name, {}).get("modality", "photo" if name in PHOTO_ENCODERS else "text")
        for name in run.encoders
    }


def _examples(book: Book, errors: pl.DataFrame) -> list[list[Any]]:
    """The most certain ones, no posting twice, each with where it went wrong."""
    chosen: list[list[Any]] = []
    seen: set[int] = set()
    for left, right, score, stage, reasons in errors.select(
        "left", "right", "score", "stage", "reasons"
    ).iter_rows():
        if len(chosen) == EXAMPLES:
            break
        if left in seen or right in seen:
            continue
        seen |= {left, right}
        note = None if stage == STAGES[0] else f"Lost: {stage}."
        chosen.append([book.pair(left, right, score, reasons), note])
    return chosen


def _kind(name: str, kind: str, number: int, whole: int) -> Markup:
    share = number / whole
    summary = element(
        "summary",
        element("strong", f"{number:,}"),
        kind,
        element("span", f"{share:.0%}", class_="share"),
        element("i", class_="share-bar", style=f"width:{share:.1%}", aria_hidden="true"),
    )
    held = element("div", class_="examples", data_examples=name)
    return element(
        "details", summary, element("p", ADVICE[kind], class_="examples hint"), held, class_="kind"
    )


def _folds(name: str, what: str, folds: list[tuple[str, int, Markup]], error: str) -> Markup:
    own = sorted((fold for fold in folds if fold[0] == error), key=lambda fold: -fold[1])
    title = element("h3", f"{sum(fold[1] for fold in own):,} {name}")
    hint = element("p", f"{what[0].upper()}{what[1:]}.", class_="hint")
    return element("div", title, hint, *(fold[2] for fold in own), class_="kinds")


def _by_group(run: Run) -> list[Markup]:
    """F1 per posting by what a posting is like."""
    labels = run.labels
    if labels is None or run.lefts is not None:
        return []
    if run.kind == "match":
        tally = group_tally(run.groups, labels)
    else:
        left, right = (run.matched[side].to_numpy() for side in ("left", "right"))
        tally = pair_tally(left, right, labels, run.representative)
    rows = np.flatnonzero(run.queries & (labels >= 0))
    quality, actual = posting_f1(tally.take(rows)), tally.actual[rows] + 1
    lengths = run.catalog.frame["title"].fill_null("").str.len_chars().to_numpy()[rows]
    there = np.array([photo is not None for photo in run.catalog.photos])[rows]
    by_size = _means(quality, [
        ("1 offer", actual == 1), ("2", actual == 2), ("3 to 5", (actual > 2) & (actual < 6)),
        ("6 to 10", (actual > 5) & (actual < 11)), ("more than 10", actual > 10),
    ])  # fmt: skip
    edges = (0, *LENGTHS, LONGEST)
    by_length = _means(quality, [
        (f"{low} to {high - 1}" if high < LONGEST else f"{low} or more",
         (lengths >= low) & (lengths < high))
        for low, high in pairwise(edges)
    ])  # fmt: skip
    by_photo = _means(quality, [("photo there", there), ("no photo file", ~there)])
    said = "Mean F1 per posting, by {}. Where it is low, more labels or columns help most."
    titles = {
        "true offers of the product": by_size,
        "characters of the title": by_length,
        "photo": by_photo,
    }
    return [
        figure(
            charts.bars(means, "F1 per posting", share=True),
            f"Quality by {name}",
            said.format(name),
        )
        for name, means in titles.items()
        if len(means) > 1
    ]


def _means(
    quality: NDArray[np.float64], parts: list[tuple[str, NDArray[np.bool_]]]
) -> dict[str, float]:
    return {
        f"{name} (n {int(which.sum()):,})": float(quality[which].mean())
        for name, which in parts
        if which.any()
    }


def _judged(run: Run) -> NDArray[np.bool_]:
    """Postings that were judged themselves, bool ``(n,)``: pairs of others are theirs again."""
    return np.asarray(run.representative == np.arange(len(run.catalog)))


def _stages(run: Run, errors: pl.DataFrame) -> Markup:
    """What became of the true pairs."""
    labels = run.labels
    if labels is None or run.lefts is not None:
        lost = errors.filter(pl.col("error") == "split")["stage"].to_list()
        counts: Mapping[str, float] = {name: lost.count(name) for name in STAGES[1:]}
        return figure(
            charts.bars(counts, "pairs"),
            "Lost true pairs by stage",
            "Where true pairs were lost on the way.",
        )
    judged = np.where(_judged(run), labels, -1)
    met = pair_stages(true_pairs(judged, run.queries), run.pairs, run.line)["stage"]
    shares = {name: met.to_list().count(name) / max(len(met), 1) for name in STAGES}
    said = (
        f"What became of the {len(met):,} true pairs. Never a candidate: add an encoder or "
        f"neighbours. Scored low: train, "
        f"or lower the line. Cut by grouping: labels or pairs contradict each other."
    )
    return figure(charts.bars(shares, "share of true pairs", share=True), "Recall by stage", said)


def _labels(suspects: pl.DataFrame) -> Markup:
    """The labels to review, each once however many pairs speak against it."""
    doubted = doubted_labels(suspects)
    shown = doubted.head(MOST_SUSPECTS)
    rows = [
        (
            f"{row['pairs']:,}",
            "–" if row["score"] is None else f"{row['score']:.2f}",
            row["doubt"],
            element("bdi", (row["left_title"] or "")[:160], dir="auto"),
            element("bdi", (row["right_title"] or "")[:160], dir="auto"),
            element(
                "bdi",
                f"{row['left_id']} ({row['left_label']}), {row['right_id']} ({row['right_label']})",
            ),
        )
        for row in shown.iter_rows(named=True)
    ]
    head = ["pairs", "score", "doubt", "title", "title", "ids (labels)"]
    save = element(
        "button",
        "Save all pairs as CSV",
        type="button",
        class_="download",
        data_csv="label-errors.csv",
    )
    listed = table(
        f"{shown.height:,} of {doubted.height:,}, those of most pairs first, by their surest",
        head,
        rows,
        numbers=False,
    )
    many = f"{doubted.height:,} labels that {suspects.height:,} pairs speak against"
    counted = element("summary", many)
    fold = element("details", counted,
                   element("div", save, listed, class_="examples"), class_="kind")  # fmt: skip
    hint = element(
        "p", "Review these before training on the labels: each wrong one is learned.", class_="hint"
    )
    return element("div", element("h3", "Probable label errors"), hint, fold)


def _interval(figure_: Mapping[str, Any]) -> str:
    if figure_["value"] is None:
        return "–"
    return f"{figure_['value']:.4f} ({figure_['low']:.3f} to {figure_['high']:.3f})"


def _difference(figure_: Mapping[str, Any]) -> str:
    if figure_["value"] is None:
        return "–"
    return f"{figure_['value']:+.4f} ({figure_['low']:+.3f} to {figure_['high']:+.3f})"
