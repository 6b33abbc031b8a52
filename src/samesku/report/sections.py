"""The parts of the page that every run has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from samesku.report import charts
from samesku.report.curve import Point, Target
from samesku.report.glance import Glance
from samesku.report.markup import Child, Markup, element, joined, table
from samesku.report.runs import Run

__all__ = [
    "at_a_glance",
    "figure",
    "groups_to_browse",
    "nearly",
    "section",
    "the_line",
    "the_run",
    "tiles",
]


def section(name: str, title: str, hint: str, *children: Child) -> Markup:
    """A part of the page with a heading and a line that says what it shows and what to do."""
    heading = element("h2", title, id=f"{name}-title")
    told = element("p", hint, class_="hint")
    return element("section", heading, told, *children, id=name, aria_labelledby=f"{name}-title")


def figure(chart: Any, title: str, caption: str) -> Markup:
    """A chart with what it shows and what to do."""
    drawn = charts.svg(chart, f"{title}. {caption}")
    return element("figure", element("h3", title), drawn, element("figcaption", caption))


def tiles(facts: Sequence[tuple[str, Child]]) -> Markup:
    """Numbers that stand for themselves."""
    each = (element("div", element("dt", name), element("dd", value)) for name, value in facts)
    return element("dl", *each, class_="tiles")


def at_a_glance(run: Run, seen: Glance) -> Markup:
    """What the catalogue holds and what was found."""
    sizes = seen.sizes
    facts: list[tuple[str, Child]] = [
        ("postings", f"{seen.postings:,}"),
        ("with a photo", f"{seen.photos - seen.broken:,}"),
        ("photo not readable", f"{seen.broken:,}"),
        ("photo not there", f"{seen.absent:,}"),
        ("share a photo or hash", f"{seen.same_photo:,}"),
        ("share a title, to the letter", f"{seen.same_title:,}"),
        ("without title", f"{seen.empty_titles:,}"),
    ]
    drawn = [
        figure(
            charts.title_lengths(seen.lengths),
            "Title lengths",
            f"Half of the titles have {int(np.median(seen.lengths)) if len(seen.lengths) else 0:,} "
            f"characters or fewer. Very short titles say little: look at their matches first.",
        ),
    ]
    if len(seen.scripts) > 1:
        scripts = figure(
            charts.bars(dict(list(seen.scripts.items())[:8]), "titles"),
            "Scripts",
            "Titles by the script most of their letters are of. The shipped models were taught on "
            "Latin script; where others lead, train on your labels.",
        )
        drawn.append(scripts)
    else:
        facts.append(("script of the titles", next(iter(seen.scripts), "none")))
    if run.kind == "match":
        sized = figure(
            charts.group_sizes(sizes),
            "Group sizes",
            "How many groups have how many postings. A group much larger than you would expect "
            "deserves a look: sort the matches by size.",
        )
        drawn.insert(0, sized)
    if scores := run.pairs["score"].drop_nulls().to_list():
        drawn.append(
            figure(
                charts.score_histogram(np.array(scores), run.line),
                "Scores",
                f"Judged pairs by score, the line at {run.line:.2f} marked. Pairs close to it are "
                f"where a person helps most; those below 0.05 are left out.",
            )
        )
    hint = "What was read. Photos that are not there or not readable cost recall: fix them first."
    return section(
        "glance",
        "The catalogue at a glance",
        hint,
        tiles(facts),
        element("div", *drawn, class_="cards"),
    )


def the_line(run: Run, points: Sequence[Point], wanted: Sequence[Target]) -> Markup | None:
    """Where to draw the line, to be tried out; None where no line would match anything."""
    if not any(point.matches for point in points):
        return None
    measured = any(point.precision is not None for point in points)
    if measured and run.kind == "match" and run.probabilistic:
        how = (
            "measured by the labels; if the model was taught on these very labels that flatters, "
            "and `samesku evaluate` tells it honestly"
        )
    elif measured:
        how = "measured by the labels"
    elif run.probabilistic:
        how = (
            "estimated from calibrated probabilities, as there are no labels: an estimate, not "
            "a measurement"
        )
    else:
        how = "not known: there are no labels, and these scores are no probabilities"
    hint = f"Move the line and read what it would give. Precision is {how}."
    names = ("precision", "recall", "F1") if measured else ("estimated precision",)
    tones = ("main", "second", "third")
    keys = [
        element("span", name, class_=f"tone-{tone}")
        for name, tone in zip(names, tones, strict=False)
    ]
    handle = element("input", type="range", id="line-slider", min=0, max=1, step=1)
    slider = element("label", element("span", "Move the line"), handle, class_="slider")
    best = max((point for point in points if point.f1), key=lambda each: each.f1 or 0, default=None)
    chosen = [
        element("button", f"{target.precision:.0%} precision", type="button",
                data_line=str(target.point.line), aria_pressed="false")
        for target in wanted if target.point is not None
    ]  # fmt: skip
    if best is not None:
        chosen.append(
            element("button", "highest F1", type="button", data_line=str(best.line),
                    aria_pressed="false")
        )  # fmt: skip
    card = element(
        "div",
        element("p", *keys, class_="keys"),
        element("div", id="plot"),
        slider,
        element("output", class_="verdict", id="verdict", aria_live="polite"),
        element("div", *chosen, class_="controls"),
        class_="card",
    )
    grouped = {
        "match": "Groups are made anew at each line.",
        "link": "Links are assigned anew at each line.",
    }
    kept = grouped.get(run.kind, "Pairs are taken as they are, without grouping.")
    return section(
        "line",
        "Where to draw the line",
        f"{hint} {kept}",
        card,
        _wanted(wanted, points, measured, run),
        _all(points),
    )


def _wanted(
    wanted: Sequence[Target], points: Sequence[Point], measured: bool, run: Run
) -> Markup | None:
    if not measured and not run.probabilistic:
        return None
    own = min(points, key=lambda point: abs(point.line - run.line))
    rows = [
        (
            f"{target.precision:.0%}",
            "no line reaches it" if target.point is None else f"{target.point.line:.2f}",
            "" if target.point is None else f"{target.point.matches:,}",
            "" if target.point is None else _cost(own, target.point),
        )
        for target in wanted
    ]
    kind = "precision" if measured else "estimated precision"
    head = [f"if you want {kind} of", "use line", "matches", "against this run"]
    return table("Which line for which precision, and what it costs", head, rows)


def _cost(own: Point, other: Point) -> str:
    """What another line costs, and how many of the matches lost or won are right."""
    lost = own.matches - other.matches
    if not lost:
        return "the same"
    right = own.matches * (own.best_known or 0) - other.matches * (other.best_known or 0)
    # Other groups at another line may shift a few either way.
    share = min(1.0, max(0.0, right / lost))
    what = f"you lose {lost:,} matches" if lost > 0 else f"{-lost:,} more"
    return f"{what}, about {round(share * abs(lost)):,} of them right"


def _all(points: Sequence[Point]) -> Markup:
    def share(value: float | None) -> str:
        return "–" if value is None else f"{value:.1%}"

    rows = [
        (f"{p.line:.2f}", f"{p.matches:,}", f"{p.groups:,}", share(p.precision), share(p.recall),
         share(p.f1), share(p.estimate))
        for p in points
    ]  # fmt: skip
    head = ["line", "matches", "groups", "precision", "recall", "F1", "estimated precision"]
    whole = element("div", table("Every line that was tried", head, rows), class_="examples")
    return element("details", element("summary", "All of it as a table"), whole, class_="kind")


def groups_to_browse(
    run: Run, told: dict[str, Any], photos: int, wanted_photos: int
) -> Markup | None:
    """The list that the page's script fills; it has so many photos of so many that there are."""
    if not told["groups"]:
        return None
    several, wanted = len(told["groups"]), told["groupsWanted"]
    of = "groups" if run.lefts is None else "links"
    kept = "" if several == wanted else f" A sample of {several:,} of {wanted:,} {of} is here."
    hint = (
        f"Least sure first. Green words agree, red sizes, colours and models clash. Keys: j and "
        f"k or arrows to "
        f"move, Enter to open, Esc to close, / to search.{kept}"
    )
    sorts = {"unsure": "least sure first", "sure": "surest first", "large": "largest first"}
    asked = element("input", type="search", id="search", autocomplete="off")
    sizes = {str(size): f"{size} or more" for size in (3, 5, 10, 20)}
    certainties = {
        "900-1000": "90% or more",
        "700-899": "70% to 90%",
        "0-699": "below 70%",
        "0-499": "below 50%",
    }
    controls = [
        _labelled("Search titles and ids", asked),
        _labelled("Size", _select("size", {"2": "any", **sizes})),
        _labelled("Certainty", _select("certainty", {"0-1000": "any", **certainties})),
    ]
    if any(group[3] is not None for group in told["groups"]):
        sorts["spread"] = "widest prices first"
        spreads = {"0": "any", "200": "20% or more", "500": "50% or more", "1000": "double or more"}
        controls.append(_labelled("Price spread", _select("spread", spreads)))
    controls.append(_labelled("Sort", _select("sort", sorts)))
    if run.labels is not None:
        truths = {
            "": "anything",
            "right": "right and whole",
            "lacking": "lacks offers",
            "mixed": "several products",
        }
        controls.append(_labelled("The labels say", _select("truth", truths)))
    if any(photo is not None for photo in run.catalog.photos):
        controls.append(_tick("seen", "with photos"))
    space = element("div", class_="space", role="presentation")
    listed = element(
        "div", space, class_="list", id="list", role="listbox", tabindex=0, aria_label=of.title()
    )
    counted = element("p", class_="hint", id="counted", aria_live="polite")
    inside = f"{photos:,} of the {wanted_photos:,} photos of these offers are inside the page."
    last = element("p", inside, class_="hint") if wanted_photos else None
    return section(
        "groups",
        "Matches to browse",
        hint,
        element("div", *controls, class_="controls"),
        counted,
        listed,
        last,
    )


def nearly(number: int) -> Markup | None:
    """Pairs that nearly matched."""
    if not number:
        return None
    hint = (
        "Judged pairs below the line or cut by the grouping, nearest first. If many are right, "
        "draw the line lower."
    )
    summary = element("summary", f"{number:,} pairs that nearly matched")
    held = element("div", class_="examples", data_examples="near")
    shown = element("details", summary, held, class_="kind")
    return section("near", "Nearly matched", hint, shown)


def the_run(run: Run) -> Markup:
    """What was read, what was wrong with it, and how long it took."""
    record = run.record
    versions = {
        "samesku": record.get("samesku"),
        "python": record.get("python"),
        **record.get("packages", {}),
    }
    problems = [
        problem
        for told in (record.get("catalogue"), record.get("left"), record.get("right"))
        if told
        for problem in told.get("problems", [])
    ]
    rows = [(each["kind"], f"{each['count']:,}", each["message"], each["fix"]) for each in problems]
    stages = [(name, f"{taken:,.1f}") for name, taken in record.get("seconds", {}).items()]
    parts = [
        table(
            "What was wrong with what was read",
            ["kind", "count", "what", "what happened"],
            rows,
            numbers=False,
        )
        if rows
        else element("p", "Nothing was wrong with what was read."),
        table("Seconds by stage", ["stage", "seconds"], stages) if stages else None,
        element(
            "p", "Made by " + ", ".join(f"{k} {v}" for k, v in versions.items() if v), class_="hint"
        ),
    ]
    notes = [element("p", note, class_="note") for note in record.get("notes", [])]
    return section(
        "run", "How it was made", f"The run in {run.name}: {run.catalog.name}.", *notes, *parts
    )


def _labelled(name: str, control: Markup) -> Markup:
    return element("label", name, control)


def _tick(name: str, text: str) -> Markup:
    return element("label", element("input", type="checkbox", id=name), text, class_="tick")


def _select(name: str, options: dict[str, str]) -> Markup:
    return element(
        "select",
        joined(element("option", text, value=value) for value, text in options.items()),
        id=name,
    )
