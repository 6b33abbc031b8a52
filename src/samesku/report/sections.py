"""What the sections say that every run has, as their templates want it."""

import shlex
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from samesku.catalog.answers import VERDICTS
from samesku.catalog.catalog import Catalog
from samesku.report.browse import CERTAINTY, MISSING, PRODUCTS, SPREAD
from samesku.results import charts
from samesku.results.curve import Point, Target
from samesku.results.runs import Run
from samesku.runtime.arrays import Bools

SCRIPTS_SHOWN = 8
# First words of the Unicode names of letters; what is not here is "Other".
_SCRIPTS = {
    "LATIN": "Latin", "CJK": "Han", "HIRAGANA": "Japanese", "KATAKANA": "Japanese",
    "HANGUL": "Korean", "THAI": "Thai", "CYRILLIC": "Cyrillic", "ARABIC": "Arabic",
    "HEBREW": "Hebrew", "GREEK": "Greek", "DEVANAGARI": "Devanagari", "TAMIL": "Tamil",
    "BENGALI": "Bengali", "LAO": "Lao", "KHMER": "Khmer", "MYANMAR": "Burmese",
    "FULLWIDTH": "Latin", "HALFWIDTH": "Japanese",
}  # fmt: skip
# Letters of a title that are looked at.
_LOOKED_AT = 200
# Answers that are shown, and characters of a title.
SHOWN, LONGEST = 100, 160
# Thousandths of certainty below which a cluster is to be looked at, and from which it is sure.
UNSURE, SURE = 700, 900
# Thousandths by which the dearest posting of a cluster is over the cheapest where that is odd.
DOUBLE = 1_000
AIM = 0.95
MOST_STEPS = 4


def in_short(
    run: Run,
    clusters: Sequence[Any],
    points: Sequence[Point],
    wanted: Sequence[Target],
    seen: Mapping[str, Any],
    suspects: int,
) -> dict[str, Any]:
    """Numbers, how sure or right the clusters are, and what to do next."""
    sure = [cluster[CERTAINTY] for cluster in clusters if cluster[CERTAINTY] is not None]
    unsure = sum(each < UNSURE for each in sure) if run.probabilistic else 0
    ours, theirs = np.split(run.clusters, [run.lefts or 0])
    several = (run.sizes[run.clusters] > 1)[: run.lefts]
    odd = sum((cluster[SPREAD] or 0) >= DOUBLE for cluster in clusters)
    aim = next((each for each in wanted if each.precision == AIM), None)
    unseen = seen["broken"] + (seen["absent"] or 0)
    there = {
        "unsure": unsure,
        "prices": odd,
        # No threshold that loses most of the matches is one to advise.
        "threshold": aim is not None
        and aim.point is not None
        and 0 < aim.lost <= aim.point.matches,
        "labels": suspects,
        "photos": unseen,
    }
    return {
        "linked": int(np.isin(ours, theirs).sum()),
        "labelled": any(cluster[PRODUCTS] for cluster in clusters),
        "counterparts": int(several.sum()),
        "counterpart_share": several.mean() if len(several) else 0.0,
        "here": next((each for each in points if each.threshold == run.threshold), None),
        "unsure": unsure,
        "odd": odd,
        "aim": aim,
        "suspects": suspects,
        "unseen": unseen,
        "folder": shlex.quote(run.name),
        "parts": _sure_or_right(run, clusters, sure),
        "steps": [name for name, worth in there.items() if worth][:MOST_STEPS],
        "bounds": {"unsure": UNSURE, "sure": SURE, "double": DOUBLE},
    }


def _sure_or_right(run: Run, clusters: Sequence[Any], sure: Sequence[int]) -> dict[str, int]:
    """How many clusters the labels call right, lacking or mixed; else by how sure they are."""
    found = Counter(
        "mixed" if cluster[PRODUCTS] > 1 else "lacking" if cluster[MISSING] else "right"
        for cluster in clusters
        if cluster[PRODUCTS]
    )
    if not found and run.probabilistic:
        found = Counter(
            "high" if each >= SURE else "between" if each >= UNSURE else "low" for each in sure
        )
        # Identical postings, which are not scored, are sure: the list filters them so, too.
        if unscored := len(clusters) - len(sure):
            found["high"] += unscored
    names = ("right", "lacking", "mixed", "high", "between", "low")
    return {name: found[name] for name in names if name in found}


def script_of(title: str) -> str:
    """The script that most letters of a title are of; `none` where it has no letters.

    >>> script_of("Susu 400g"), script_of("กาแฟ"), script_of("123")
    ('Latin', 'Thai', 'none')
    """
    if title.isascii():
        return "Latin" if any(map(str.isalpha, title)) else "none"
    counted = Counter(
        _SCRIPTS.get(unicodedata.name(char, "").partition(" ")[0], "Other")
        for char in title[:_LOOKED_AT]
        if char.isalpha()
    )
    return counted.most_common(1)[0][0] if counted else "none"


def _photo_names(catalog: Catalog) -> pl.Series:
    """What identifies the photo of each posting: its hash where there is one, else its file."""
    files = [None if photo is None else str(photo) for photo in catalog.photos]
    names = pl.Series(files, dtype=pl.String)
    if "image_phash" not in catalog.frame.columns:
        return names
    return catalog.frame["image_phash"].fill_null(names)


def _shared(values: pl.Series) -> int:
    return int(values.drop_nulls().is_duplicated().sum())


def readable_photos(run: Run) -> Bools:
    """Which postings have a photo that could be read, bool ``(n,)``."""
    refused = {each["posting_id"] for each in run.record.get("photos_refused", [])}
    sound = np.array([each not in refused for each in run.catalog.ids], dtype=bool)
    readable: Bools = run.catalog.with_photo & sound[run.representative]
    return readable


def at_a_glance(run: Run) -> dict[str, Any]:
    """What the catalogue holds and what was found."""
    catalog, titles = run.catalog, run.catalog.frame["title"].fill_null("")
    photos = int(catalog.with_photo.sum())
    images = catalog.frame["image"] if "image" in catalog.frame.columns else None
    named = None if images is None else images.count()
    empty = titles.str.strip_chars() == ""
    lengths = titles.str.len_chars().cast(pl.Int64).to_numpy()
    scripts = dict(Counter(map(script_of, catalog.titles)).most_common(SCRIPTS_SHOWN))
    scores = run.pairs["score"].drop_nulls().to_numpy()
    return {
        "postings": len(catalog),
        "photos": photos,
        "broken": photos - int(readable_photos(run).sum()),  # there, but not readable
        # Named but not there, and not named; None where no column names any.
        "absent": None if named is None else named - photos,
        "unnamed": None if named is None else len(catalog) - named,
        "same_photo": _shared(_photo_names(catalog)),
        "same_title": _shared(titles.set(empty, None)),
        "empty_titles": int(empty.sum()),
        "script": next(iter(scripts), "none"),
        "median": int(np.median(lengths)) if len(lengths) else 0,
        "sizes": charts.cluster_sizes(run.sizes) if run.kind == "match" else None,
        "lengths": charts.title_lengths(lengths),
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


def clusters_to_browse(run: Run, clusters: Sequence[Any]) -> dict[str, bool] | None:
    """What the list that the page's script fills can be filtered by; None for an empty one."""
    if not clusters:
        return None
    return {
        "priced": any(cluster[SPREAD] is not None for cluster in clusters),
        "with_photos": any(run.catalog.photos),
    }


def the_run(run: Run) -> dict[str, Any]:
    """What was wrong with what was read, and the versions that made the run."""
    record = run.record
    read = [record.get(name) or {} for name in ("catalogue", "left", "right")]
    problems = [each for part in read for each in part.get("problems", [])]
    if refused := record.get("photos_refused"):
        fix = f"matched without photo; {refused[0]['posting_id']}: {refused[0]['reason']}"
        problems.append({"kind": "photo_refused", "count": len(refused),
                         "message": "photo not readable", "fix": fix})  # fmt: skip
    made_by = {name: record.get(name) for name in ("samesku", "python")}
    return {"problems": problems, "made_by": {**made_by, **record.get("packages", {})}}


def the_answers(run: Run) -> dict[str, Any] | None:
    """Which pairs were answered, beside what the record says; None where nobody answered."""
    if not run.record.get("answers"):
        return None
    pins = run.record["answers"].get("pins", [])
    return {"asked": _asked(run, pins[:SHOWN]), "answered": len(pins), "verdicts": VERDICTS}


def _asked(run: Run, pins: list[list[str]]) -> list[tuple[str, ...]]:
    """The titles of answered pairs, the answer, who gave it, and what came of it."""
    row = {posting: row for row, posting in enumerate(run.catalog.ids)}
    titles = run.catalog.titles
    rows: list[tuple[str, ...]] = []
    for left, right, verdict, by in pins:
        if left in row and right in row:
            one, other = row[left], row[right]
            together = run.clusters[one] == run.clusters[other]
            now = "one cluster" if together else "two clusters"
            rows.append((titles[one][:LONGEST], titles[other][:LONGEST], verdict, by, now))
    return rows
