"""Charts as SVG for the page and for a notebook, and matches as a notebook shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl
from markupsafe import Markup

from samesku.results.curve import Point
from samesku.results.render import render
from samesku.runtime.arrays import AnyFloats, AnyInts

if TYPE_CHECKING:
    from samesku.results.matches import Matches

Ticks: TypeAlias = Sequence[tuple[float, str]]
# Points, tone, dashes.
Curve: TypeAlias = tuple[Sequence[tuple[float, float]], str, str]
LARGEST_SHOWN = 10
TENTHS: Ticks = [(each / 5, f"{each / 5:.1f}") for each in range(6)]
PERCENTS: Ticks = [(each / 4, f"{each / 4:.0%}") for each in range(5)]
# What contributes less to the log-odds is no step of a waterfall.
WEIGHTLESS = 0.005
# Pixels of a horizontal bar with its gap, and of the names beside it.
BAR, NAMES = 26, 150
# Clusters that a notebook shows, and titles of each.
CLUSTERS, TITLES = 8, 4


@dataclass(frozen=True)
class Chart:
    """A picture whose places are shares of its width and height, from the lower left corner.

    In a notebook it shows itself; :meth:`save` writes an SVG file. A tone is `main`, `second`,
    `third` or `faint`.
    """

    title: str  # what it shows, for those who do not see it
    x_title: str = ""
    y_title: str = ""
    x_ticks: Ticks = ()  # of place, text
    y_ticks: Ticks = ()
    blocks: Sequence[tuple[float, float, float, float, str]] = ()  # left, bottom, right, top, tone
    curves: Sequence[Curve] = ()
    dots: Sequence[tuple[float, float, str]] = ()  # x, y, tone
    texts: Sequence[tuple[float, float, str]] = ()  # x, y, text to the right of it
    key: Sequence[tuple[str, str]] = ()  # name, tone
    left: int = 50  # pixels beside the plot
    height: int = 170  # and of it

    def svg(self, label: str | None = None) -> Markup:
        """The picture in the colours of the page around it, described by `label`."""
        return render("samesku.results", "chart.svg.j2", chart=self, label=label or self.title)

    def _repr_html_(self) -> str:
        return self.svg()

    def save(self, path: str | Path) -> None:
        """Write an SVG file, in colours of its own."""
        if Path(path).suffix.lower() != ".svg":
            raise ValueError(f"a chart is saved as an SVG file, that ends in .svg, not {path}")
        Path(path).write_text(re.sub(r"var\(--\w+,(.+?)\)", r"\1", self.svg()), encoding="utf-8")


def cluster_sizes(sizes: AnyInts) -> Chart:
    """How many clusters have 1, 2, 3, ... postings."""
    shown = np.minimum(sizes[sizes > 0], LARGEST_SHOWN)
    counts = np.bincount(shown, minlength=LARGEST_SHOWN + 1)[1:]
    names = [*map(str, range(1, LARGEST_SHOWN)), f"{LARGEST_SHOWN}+"]
    ticks = [((at + 0.5) / LARGEST_SHOWN, name) for at, name in enumerate(names)]
    return _columns("Cluster sizes", counts, ticks, "postings in the cluster", "clusters")


def score_histogram(scores: AnyFloats, threshold: float) -> Chart:
    """How many pairs scored how much, the threshold marked; scores below 0.05 are left out."""
    counts = np.histogram(scores, np.append(np.arange(1, 20) / 20, [1.0 + 1e-6]))[0]
    counts = np.append(0, counts)
    tones = ["main" if at / 20 >= threshold - 0.025 else "faint" for at in range(20)]
    rule = [([(threshold, 0.0), (threshold, 1.0)], "second", "")]
    return _columns("Scores", counts, TENTHS, "score of the pair", "pairs", tones, rule)


def title_lengths(lengths: AnyInts) -> Chart:
    """How many titles have how many characters, in tens; from 200 on together."""
    counts = np.bincount(np.minimum(lengths // 10, 20), minlength=21)
    ticks = [(at / 210, str(at)) for at in range(0, 201, 50)]
    return _columns("Title lengths", counts, ticks, "characters (last bar: 200 or more)", "titles")


def bars(title: str, values: Mapping[str, float], what: str, *, share: bool = False) -> Chart:
    """One bar per name, in the given order."""
    top, ticks = (1.0, PERCENTS) if share else _scale(max(values.values(), default=0))
    lines = [
        (name, 0.0, value / top, "main", f"{value:.0%}" if share else f"{value:,}")
        for name, value in values.items()
    ]
    return _lines(title, lines, ticks, what)


def thresholds(points: Sequence[Point], threshold: float) -> Chart:
    """Precision, recall and F1 against the threshold, the chosen one marked; else the estimate."""
    measured = any(point.precision is not None for point in points)
    shown = {"precision": "main", "recall": "second", "f1": "third"}
    curves, key = [([(threshold, 0.0), (threshold, 1.0)], "faint", "4 3")], []
    for name, tone in shown.items() if measured else [("estimate", "main")]:
        values = [(point.threshold, getattr(point, name)) for point in points]
        curves.append(([place for place in values if place[1] is not None], tone, ""))
        key.append(({"estimate": "estimated precision", "f1": "F1"}.get(name, name), tone))
    dots = [(*place, tone) for places, tone, dashes in curves if not dashes for place in places]
    return Chart("Thresholds", "threshold", "", TENTHS, PERCENTS, curves=curves, dots=dots, key=key)


def reliability(bins: Sequence[Mapping[str, Any]]) -> Chart:
    """Predicted beside observed; true probabilities lie on the diagonal."""
    curves: list[Curve] = [([(0, 0), (1, 1)], "faint", "4 3")]
    for each in bins:
        ends = [(each["predicted"], each["observed"][end]) for end in ("low", "high")]
        curves.append((ends, "main", ""))
    dots = [(each["predicted"], each["observed"]["value"], "main") for each in bins]
    return Chart(
        "Calibration", "predicted probability", "observed share of one product", TENTHS, PERCENTS,
        curves=curves, dots=dots,
    )  # fmt: skip


def waterfall(explanation: pl.DataFrame) -> Chart:
    """What each reason contributes to the log-odds of a pair, from the start to their sum.

    What decides alone, as an answer does, has no length.
    """
    endless = pl.col("log_odds").is_infinite()
    deciding, explanation = explanation.filter(endless), explanation.filter(~endless)
    weighty = explanation.head(-1).filter(pl.col("log_odds").abs() >= WEIGHTLESS)
    steps = pl.concat([explanation.tail(1), weighty])
    added = steps["log_odds"].to_numpy()
    after = np.cumsum(added)
    low, high = after.min(initial=0.0), after.max(initial=0.0)
    width = (high - low) or 1.0
    start = -low / width
    lines = [(name, start, start, "main", "decides") for name in deciding["reason"]]
    for name, step, end in zip(steps["reason"], added.tolist(), after.tolist(), strict=True):
        first, last = sorted(((end - step - low) / width, (end - low) / width))
        lines.append((name, first, last, "main" if step >= 0 else "second", f"{step:+.2f}"))
    ticks = [((value - low) / width, f"{value:g}") for value in range(int(low), int(high) + 1)
             if (value - int(low)) % max(1, round(width / 6)) == 0]  # fmt: skip
    chart = _lines("Explanation", lines, ticks, "log-odds (0: as likely as not)")
    return replace(chart, key=[("for one product", "main"), ("against it", "second")])


def _columns(
    title: str,
    counts: AnyInts,
    ticks: Ticks,
    x_title: str,
    y_title: str,
    tones: Sequence[str] | None = None,
    curves: Sequence[Curve] = (),
) -> Chart:
    """Bars side by side from left to right."""
    top, y_ticks = _scale(int(counts.max(initial=0)))
    size = len(counts)
    blocks = [
        ((at + 0.06) / size, 0.0, (at + 0.94) / size, count / top, tones[at] if tones else "main")
        for at, count in enumerate(counts.tolist())
    ]
    return Chart(title, x_title, y_title, ticks, y_ticks, blocks, curves)


def _lines(
    title: str, lines: Sequence[tuple[str, float, float, str, str]], ticks: Ticks, x_title: str
) -> Chart:
    """Bars one below the other: of each its name, ends, tone, and the text behind it."""
    names, blocks, texts, rows = [], [], [], max(1, len(lines))
    for at, (name, first, last, tone, text) in enumerate(lines):
        middle = 1 - (at + 0.5) / rows
        names.append((middle, name))
        blocks.append((first, middle - 0.35 / rows, last, middle + 0.35 / rows, tone))
        texts.append((last, middle, text))
    return Chart(
        title, x_title, "", ticks, names, blocks, texts=texts, left=NAMES, height=BAR * rows
    )


def _scale(most: float) -> tuple[float, Ticks]:
    """A round number from the largest one on, and ticks up to it: 0, 1k, 2k for 1,800."""
    unit = 10 ** max(0, int(np.log10(max(most, 1))))
    sizes = (unit // 5, unit // 2, unit, 2 * unit)
    step = next(size for size in sizes if size and 5 * size >= most)
    top = step * max(1, int(np.ceil(most / step)))
    name = "{:,}".format if top < 2000 else lambda at: f"{at / 1000:g}k"
    return top, [(at / top, name(at)) for at in range(0, top + 1, step)]


def matches_card(matches: Matches) -> str:
    """A small page without style or script of its own: what was matched, least sure first."""
    pairs, clusters = matches.candidates, matches.clusters
    sizes, scored = np.bincount(clusters, minlength=1), clusters[matches.distinct.rows]
    inside = scored[pairs.left] == scored[pairs.right]
    least = np.full(len(sizes), np.inf)  # score of a pair within each cluster
    np.minimum.at(least, scored[pairs.left[inside]], matches.scores[inside])
    shown = []
    for number in np.argsort(least, kind="stable")[:CLUSTERS].tolist():
        if np.isfinite(least[number]):
            members = np.flatnonzero(clusters == number)
            titles = [matches.catalog.titles[row][:120] for row in members[:TITLES]]
            shown.append((len(members), least[number], titles))
    return render(
        "samesku.results", "notebook.html.j2",
        matches=matches, largest=sizes.max(initial=0), shown=shown,
    )  # fmt: skip
