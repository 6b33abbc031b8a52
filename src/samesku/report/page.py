"""One self-contained HTML file: every section, the data they refer to, style and script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from samesku.evaluation.errors import doubted_labels
from samesku.report.book import Book
from samesku.report.browse import near_matches, shown_groups
from samesku.report.compare import check_comparable, compared
from samesku.report.curve import curve, targets
from samesku.report.error_sections import evaluated, what_went_wrong
from samesku.report.glance import glance
from samesku.report.markup import Markup, data_script, element, joined
from samesku.report.runs import Run
from samesku.report.sections import at_a_glance, groups_to_browse, nearly, the_line, the_run
from samesku.report.short import headline, in_short
from samesku.results.listing import for_spreadsheets
from samesku.runtime.files import Staged
from samesku.runtime.progress import Progress

__all__ = ["Report", "build_report"]

# The sections in their order, as the bar of links calls them.
TITLES = {
    "short": "In short",
    "compare": "Compared",
    "figures": "Figures",
    "groups": "Matches",
    "near": "Nearly",
    "line": "The line",
    "errors": "Errors",
    "glance": "Catalogue",
    "run": "The run",
}
FOOT = "Made by samesku. This file holds everything it shows; nothing is fetched."
# Together the page's only script, in this order.
SCRIPTS = ("report.js", "line.js", "examples.js")
# What the labels to review are called where they are saved from the page.
LABELS = "label-errors.csv"


@dataclass(frozen=True)
class Report:
    """A page and what lies beside it.

    Attributes
    ----------
    html : str
    suspects : polars.DataFrame or None
        Labels to review, where there are labels.
    """

    html: str
    suspects: pl.DataFrame | None

    def write(self, path: Path) -> list[Path]:
        """Write the page, and the labels to review as `<name>.labels.csv`, together or not at all.

        Raises
        ------
        OSError
            The folder cannot be written, naming the file.
        """
        with Staged(path.parent) as staged:
            if self.suspects is not None:
                for_spreadsheets(self.suspects).write_csv(staged.path(f"{path.stem}.labels.csv"))
            # Names of files that are no text in any encoding are shown with marks for it.
            page = self.html.encode("utf-8", "replace")
            staged.path(path.name).write_bytes(page)
        return staged.written


def build_report(run: Run, *, other: Run | None = None, progress: Progress | None = None) -> Report:
    """Make the page of a run.

    Parameters
    ----------
    run : Run
    other : Run, optional
        An earlier run of the same catalogue to compare with.
    progress : Progress, optional

    Raises
    ------
    ModuleNotFoundError
        The extra `report` is missing.
    ValueError
        `other` is a run of another catalogue.
    """
    progress = progress or Progress()
    if other is not None:
        check_comparable(run, other)
    book, parts, examples = Book(run), dict[str, Markup | None](), dict[str, Any]()
    suspects = None
    if run.labels is not None:
        with progress.stage("find errors"):
            parts["errors"], found, suspects = what_went_wrong(run, book)
            examples |= found
    if other is not None:
        with progress.stage("compare"):
            parts["compare"], found = compared(run, other, book)
            examples |= found
    with progress.stage("gather groups"):
        told = shown_groups(run, book)
        examples["near"] = near_matches(run, book)
    with progress.stage("try lines"):
        points = curve(run)
    with progress.stage("shrink photos"):
        held = book.told()
    with progress.stage("draw charts"):
        seen, wanted = glance(run.catalog, run.groups, run.record), targets(points, run.line)
        doubted = 0 if suspects is None else doubted_labels(suspects).height
        parts["short"] = in_short(run, told, points, wanted, seen, doubted)
        parts["glance"] = at_a_glance(run, seen)
        parts["figures"] = evaluated(run) if run.kind == "evaluation" else None
        parts["line"] = the_line(run, points, wanted)
        parts["groups"] = groups_to_browse(run, told, len(held["photos"]), held["photosWanted"])
        parts["near"] = nearly(len(examples["near"]))
        parts["run"] = the_run(run)
    data = {
        **held,
        **told,
        "probabilistic": run.probabilistic,
        "labelled": run.labels is not None,
        "shops": None if run.lefts is None else run.shops,
        "line": run.line,
        "curve": [point.told for point in points],
        "examples": examples,
        "files": {} if suspects is None else {LABELS: for_spreadsheets(suspects).write_csv()},
    }
    return Report(
        _page(run, {name: part for name in TITLES if (part := parts.get(name))}, data), suspects
    )


def _page(run: Run, parts: Mapping[str, Markup], data: Mapping[str, Any]) -> str:
    style, script = _asset("report.css"), "".join(map(_asset, SCRIPTS))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # Nothing is fetched, and no script runs but the one that is here.
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src "
        f"'sha256-{digest}'; "
        f"base-uri 'none'; form-action 'none'"
    )
    head = [
        element("meta", charset="utf-8"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"samesku: {run.name}"),
        Markup(f"<style>{style}</style>"),
    ]
    first = "groups" if "groups" in parts else "line"
    links = (element("li", element("a", TITLES[name], href=f"#{name}")) for name in parts)
    body = [
        element("a", "To the matches", class_="skip", href=f"#{first}"),
        headline(run),
        element("nav", element("ul", *links), aria_label="Sections"),
        element("main", *parts.values()),
        element("footer", element("p", FOOT)),
        _dialog(),
        data_script("data", data),
        Markup(f"<script>{script}</script>"),
    ]
    html = element("html", element("head", *head), element("body", *body), lang="en")
    return f"<!DOCTYPE html>\n{html}\n"


def _dialog() -> Markup:
    top = element(
        "div",
        element("h2", id="opened-title"),
        element("button", "Close", type="button", id="close"),
        class_="top",
    )
    inside = element("div", id="opened-inside", class_="inside")
    return element("dialog", joined((top, inside)), id="opened", aria_labelledby="opened-title")


def _asset(name: str) -> str:
    return files("samesku.report").joinpath("assets", name).read_text(encoding="utf-8")
