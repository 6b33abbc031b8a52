"""One self-contained HTML file: every section, the data they refer to, style and script."""

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from samesku.report import sections
from samesku.report.book import Book
from samesku.report.browse import near_matches, shown_clusters
from samesku.report.compare import check_comparable, compared
from samesku.report.mistakes import evaluated, what_went_wrong
from samesku.results.curve import curve, targets
from samesku.results.listing import for_spreadsheets
from samesku.results.render import render
from samesku.results.runs import Run
from samesku.runtime.files import Staged
from samesku.runtime.progress import Progress

# The sections in their order, as the bar of links calls them.
TITLES = {
    "short": "In short",
    "compare": "Compared",
    "figures": "Figures",
    "clusters": "Matches",
    "answers": "Answers",
    "near": "Nearly",
    "threshold": "Threshold",
    "errors": "Errors",
    "glance": "Catalogue",
    "run": "The run",
}
# Together the page's only script, in this order.
SCRIPTS = ("report.js", "threshold.js", "examples.js")
# What the labels to review are called where they are saved from the page.
LABELS = "label-errors.csv"


@dataclass(frozen=True)
class Report:
    """A page, and the labels to review where there are labels."""

    html: str
    suspects: pl.DataFrame | None

    def write(self, path: Path) -> list[Path]:
        """Write the page, and the labels to review as `<name>.labels.csv`, all or none."""
        with Staged(path.parent) as staged:
            if self.suspects is not None:
                for_spreadsheets(self.suspects).write_csv(staged.path(f"{path.stem}.labels.csv"))
            # Names of files that are no text in any encoding are shown with marks for it.
            page = self.html.encode("utf-8", "replace")
            staged.path(path.name).write_bytes(page)
        return staged.written


def build_report(run: Run, *, other: Run | None = None, progress: Progress | None = None) -> Report:
    """Make the page of a run, compared with another one of the same catalogue where it is given."""
    progress = progress or Progress()
    if other is not None:
        check_comparable(run, other)
    book, parts, examples = Book(run), dict[str, Any](), dict[str, Any]()
    suspects = None
    if run.labels is not None:
        with progress.stage("find errors"):
            parts["errors"], found, suspects = what_went_wrong(run, book)
            examples |= found
    if other is not None:
        with progress.stage("compare"):
            parts["compare"], found = compared(run, other, book)
            examples |= found
    with progress.stage("gather clusters"):
        held = shown_clusters(run, book)
        examples["near"], parts["near"] = near_matches(run, book)
    with progress.stage("try thresholds"):
        points = curve(run)
    with progress.stage("shrink photos"):
        held |= book.content()
    with progress.stage("write page"):
        seen, wanted = sections.at_a_glance(run), targets(points, run.threshold)
        doubted = parts["errors"]["doubted"] if "errors" in parts else 0
        parts |= {
            "short": sections.in_short(run, held["clusters"], points, wanted, seen, doubted),
            "glance": seen,
            "figures": evaluated(run) if run.kind == "evaluation" else None,
            "threshold": sections.the_threshold(run, points, wanted),
            "clusters": sections.clusters_to_browse(run, held["clusters"]),
            "answers": sections.the_answers(run),
            "run": sections.the_run(run),
        }
        data = {
            **held,
            "probabilistic": run.probabilistic,
            "labelled": run.labels is not None,
            "shops": run.shops,
            "threshold": run.threshold,
            "curve": [point.rounded for point in points],
            "examples": examples,
            "files": {} if suspects is None else {LABELS: for_spreadsheets(suspects).write_csv()},
        }
        return Report(_page(run, parts, data), suspects)


def _page(run: Run, parts: dict[str, Any], data: dict[str, Any]) -> str:
    style, script = _asset("report.css"), "".join(map(_asset, SCRIPTS))
    return render(
        "samesku.report",
        "page.html.j2",
        run=run,
        titles={name: title for name, title in TITLES.items() if parts.get(name)},
        parts=parts,
        data=data,
        style=Markup(style),
        script=Markup(script),
        style_digest=_digest(style),
        script_digest=_digest(script),
    )


def _asset(name: str) -> str:
    return files("samesku.report").joinpath("assets", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """What a content security policy calls a style or script by."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
