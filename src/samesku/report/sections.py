"""What the sections say that every run has, as their templates want it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from samesku.report.glance import Glance
from samesku.report.tables import Table
from samesku.results import charts
from samesku.results.curve import Point, Target
from samesku.results.runs import Run

SCRIPTS_SHOWN = 8
SIZES = {"2": "any", **{str(size): f"{size} or more" for size in (3, 5, 10, 20)}}
CERTAINTIES = {
    "0-1000": "any", "900-1000": "90% or more", "700-899": "70% to 90%", "0-699": "below 70%",
    "0-499": "below 50%",
}  # fmt: skip
SPREADS = {"0": "any", "200": "20% or more", "500": "50% or more", "1000": "double or more"}
SORTS = {"unsure": "least sure first", "sure": "surest first", "large": "largest first"}
TRUTHS = {
    "": "anything", "right": "right and complete", "lacking": "lacks postings",
    "mixed": "several products",
}  # fmt: skip


def at_a_glance(run: Run, seen: Glance) -> dict[str, Any]:
    """What the catalogue holds and what was found."""
    scores = run.pairs["score"].drop_nulls().to_numpy()
    scripts = dict(list(seen.scripts.items())[:SCRIPTS_SHOWN])
    return {
        "seen": seen,
        "median": int(np.median(seen.lengths)) if len(seen.lengths) else 0,
        "sizes": charts.cluster_sizes(seen.sizes) if run.kind == "match" else None,
        "lengths": charts.title_lengths(seen.lengths),
        "scripts": charts.bars("Scripts", scripts, "titles") if len(scripts) > 1 else None,
        "scores": charts.score_histogram(scores, run.threshold) if len(scores) else None,
    }


def the_threshold(
    run: Run, points: Sequence[Point], wanted: Sequence[Target]
) -> dict[str, Any] | None:
    """Which threshold to choose, to be tried out; None where none would match anything."""
    if not any(point.matches for point in points):
        return None
    measured = any(point.precision is not None for point in points)
    own = min(points, key=lambda point: abs(point.threshold - run.threshold))
    costs = [(each, _cost(own, each.point) if each.point else "") for each in wanted]
    best = max((point for point in points if point.f1), key=lambda each: each.f1 or 0, default=None)
    return {
        "measured": measured,
        "points": points,
        "costs": costs if measured or run.probabilistic else [],
        "choices": [
            *((f"{each.precision:.0%} precision", each.point) for each in wanted if each.point),
            *([("highest F1", best)] if best else []),
        ],
    }


def _cost(own: Point, other: Point) -> str:
    """What another threshold costs, and how many of the matches lost or won are right."""
    lost = own.matches - other.matches
    if not lost:
        return "the same"
    right = own.matches * (own.best_known or 0) - other.matches * (other.best_known or 0)
    # Other clusters at another threshold may shift a few either way.
    share = min(1.0, max(0.0, right / lost))
    what = f"you lose {lost:,} matches" if lost > 0 else f"{-lost:,} more"
    return f"{what}, about {round(share * abs(lost)):,} of them right"


def clusters_to_browse(run: Run, held: dict[str, Any]) -> dict[str, Any] | None:
    """The list that the page's script fills, and what it can be filtered by."""
    if not (clusters := held["clusters"]):
        return None
    priced = any(cluster[3] is not None for cluster in clusters)
    filters = [
        ("size", "Size", SIZES),
        ("certainty", "Certainty", CERTAINTIES),
        *([("spread", "Price spread", SPREADS)] if priced else []),
        ("sort", "Sort", SORTS | ({"spread": "widest prices first"} if priced else {})),
        *([("truth", "The labels say", TRUTHS)] if run.labels is not None else []),
    ]
    return {
        "shown": len(clusters),
        "wanted": held["clustersWanted"],
        "filters": filters,
        "with_photos": any(photo is not None for photo in run.catalog.photos),
        "photos": len(held["photos"]),
        "photos_wanted": held["photosWanted"],
    }


def the_run(run: Run) -> dict[str, Any]:
    """What was read, what was wrong with it, and how long it took."""
    record = run.record
    read = [record.get(name) or {} for name in ("catalogue", "left", "right")]
    problems = [
        (each["kind"], f"{each['count']:,}", each["message"], each["fix"])
        for part in read
        for each in part.get("problems", [])
    ]
    seconds = [(name, f"{taken:,.1f}") for name, taken in record.get("seconds", {}).items()]
    made_by = {name: record.get(name) for name in ("samesku", "python")}
    head = ["kind", "count", "what", "what happened"]
    return {
        "problems": Table("What was wrong with what was read", head, problems, numbers=False),
        "seconds": Table("Seconds by stage", ["stage", "seconds"], seconds),
        "made_by": {**made_by, **record.get("packages", {})},
        "notes": record.get("notes", []),
    }
