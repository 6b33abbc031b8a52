"""Charts by Altair, in the page's own colours, and as they come in a notebook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.report.curve import Point
from samesku.report.markup import Markup

if TYPE_CHECKING:
    import altair as alt

__all__ = [
    "bars",
    "group_sizes",
    "line_chart",
    "reliability_chart",
    "score_histogram",
    "svg",
    "title_lengths",
    "waterfall",
]

WIDTH, HEIGHT = 340, 190
# Beside the names of bars.
BAR_WIDTH = 210
# Ink, faint ink, three tones: both the light and the dark page make them colours of their own.
INK, FAINT, MAIN, SECOND, THIRD = "#102030", "#607080", "#1f5fa8", "#b35c00", "#4b7f2a"
TONES = {INK: "ink", FAINT: "faint", MAIN: "main", SECOND: "second", THIRD: "third"}
# Browsers write wider than the one who measures the words.
PADDING = {"left": 26, "right": 36, "top": 5, "bottom": 5}
LARGEST_SHOWN = 10
# 3k for 3,000: long numbers run into the name of their axis.
SHORT_NUMBERS = {
    "labelExpr": "datum.value < 1000 ? format(datum.value, ',') : format(datum.value, '~s')",
    "tickCount": 5,
    "tickMinStep": 1,
}
# A page has less room than a notebook: drawn smaller, its words are shrunk less.
PAGE_SHARE = 0.7
# What adds less to the log-odds is no step of a waterfall.
WEIGHTLESS = 0.005


def _altair() -> Any:
    try:
        import altair
        import vl_convert  # noqa: F401  (draws the pictures)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"charts need {error.name}: pip install 'samesku[report]'"
        ) from error
    return altair


def group_sizes(sizes: NDArray[np.integer]) -> alt.Chart:
    """How many groups have 1, 2, 3, ... postings."""
    shown = np.minimum(sizes[sizes > 0], LARGEST_SHOWN)
    names = [*map(str, range(1, LARGEST_SHOWN)), f"{LARGEST_SHOWN}+"]
    count = np.bincount(shown, minlength=LARGEST_SHOWN + 1)[1:]
    table = pl.DataFrame({"postings in the group": names, "groups": count})
    return _bar(table, "postings in the group", "groups")


def score_histogram(scores: NDArray[np.floating], line: float) -> alt.Chart:
    """How many judged pairs scored how much, the line marked; pairs below 0.05 are left out."""
    alt = _altair()
    edges = np.arange(1, 21) / 20
    count = np.histogram(scores, np.append(edges, 1.0 + 1e-6)[: len(edges)])[0]
    table = pl.DataFrame({"score": edges[:-1], "end": edges[1:], "pairs": count}).with_columns(
        side=pl.when(pl.col("score") >= line - 0.025)
        .then(pl.lit("match"))
        .otherwise(pl.lit("apart"))
    )
    tones = alt.Scale(domain=["match", "apart"], range=[MAIN, FAINT])
    bar = (
        _chart(table)
        .mark_bar()
        .encode(
            x=alt.X(
                "score:Q",
                bin="binned",
                title="score of the pair",
                axis=alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8, 1]),
            ),
            x2="end:Q",
            y=alt.Y("pairs:Q", title="judged pairs", axis=SHORT_NUMBERS),
            color=alt.Color("side:N", scale=tones, legend=None),
        )
    )
    rule = alt.Chart(_rows(pl.DataFrame({"line": [line]})))
    return _finished(bar + rule.mark_rule(color=SECOND, size=2).encode(x="line:Q"))


def title_lengths(lengths: NDArray[np.integer]) -> alt.Chart:
    """How many titles have how many characters, in tens; from 200 on together."""
    tens = np.minimum(lengths // 10, 20)
    count = np.bincount(tens, minlength=21)
    alt = _altair()
    table = pl.DataFrame(
        {"start": np.arange(21) * 10, "end": np.arange(21) * 10 + 10, "titles": count}
    )
    chart = _chart(table).mark_bar(color=MAIN)
    x = alt.X("start:Q", bin="binned", title="characters (last bar: 200 or more)")
    return _finished(chart.encode(x=x, x2="end:Q", y=alt.Y("titles:Q", axis=SHORT_NUMBERS)))


def bars(counts: Mapping[str, float], what: str, *, share: bool = False) -> alt.Chart:
    """One bar per name, in the given order."""
    alt = _altair()
    table = pl.DataFrame({"name": list(counts), what: list(counts.values())})
    form = ".0%" if share else ","
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=190))
    scale = alt.Scale(domain=[0, 1]) if share else alt.Undefined
    x = alt.X(f"{what}:Q", axis=alt.Axis(format="%" if share else "s"), scale=scale)
    base = _chart(table).encode(y=y, x=x)
    text = base.mark_text(align="left", dx=3, color=INK).encode(
        text=alt.Text(f"{what}:Q", format=form)
    )
    height = max(60, 24 * len(counts))
    return _finished(base.mark_bar(color=MAIN) + text, height=height, width=BAR_WIDTH)


def line_chart(points: Sequence[Point], line: float) -> alt.Chart:
    """Precision, recall and F1 against the line, the chosen one marked; else the estimate."""
    alt = _altair()
    names = ("precision", "recall", "f1")
    measured = any(point.precision is not None for point in points)
    told = names if measured else ("estimate",)
    rows = [
        {"line": point.line, "figure": "estimated precision" if name == "estimate" else name,
         "value": value}
        for point in points for name in told if (value := getattr(point, name)) is not None
    ]  # fmt: skip
    tones = alt.Scale(range=[MAIN, SECOND, THIRD])
    curve = (
        _chart(pl.DataFrame(rows))
        .mark_line(point=True)
        .encode(
            x=alt.X("line:Q", title="line"),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(format="%")),
            color=alt.Color("figure:N", scale=tones, title=None),
        )
    )
    rule = alt.Chart(_rows(pl.DataFrame({"line": [line]})))
    return _finished(curve + rule.mark_rule(color=FAINT, strokeDash=[4, 3]).encode(x="line:Q"))


def reliability_chart(bins: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """What pairs were told beside how many are the same; true probabilities lie on the diagonal."""
    alt = _altair()
    rows = [
        {"told": each["told"], "same": each["same"]["value"], "low": each["same"]["low"],
         "high": each["same"]["high"]}
        for each in bins
    ]  # fmt: skip
    base = _chart(pl.DataFrame(rows)).encode(
        x=alt.X("told:Q", title="probability told", scale=alt.Scale(domain=[0, 1]))
    )
    share = "share that is the same"
    y = alt.Y("same:Q", title=share, scale=alt.Scale(domain=[0, 1]))
    whiskers = base.mark_rule(color=MAIN).encode(y=alt.Y("low:Q", title=share), y2="high:Q")
    diagonal = alt.Chart(_rows(pl.DataFrame({"told": [0.0, 1.0], "same": [0.0, 1.0]})))
    line = diagonal.mark_line(color=FAINT, strokeDash=[4, 3]).encode(x="told:Q", y="same:Q")
    return _finished(line + whiskers + base.mark_point(color=MAIN, filled=True).encode(y=y))


def waterfall(reasons: pl.DataFrame) -> alt.Chart:
    """What each reason adds to the log-odds of a pair, from the start to its sum."""
    alt = _altair()
    weighty = reasons.head(-1).filter(pl.col("log_odds").abs() >= WEIGHTLESS)
    told = pl.concat([reasons.tail(1), weighty])
    ends = told["log_odds"].cum_sum()
    table = told.with_columns(after=ends, before=ends - told["log_odds"]).with_row_index("place")
    table = table.with_columns(
        tone=pl.when(pl.col("log_odds") >= 0).then(pl.lit("for")).otherwise(pl.lit("against"))
    )
    tones = alt.Scale(domain=["for", "against"], range=[MAIN, SECOND])
    chart = _chart(table).mark_bar()
    return _finished(
        chart.encode(
            y=alt.Y(
                "reason:N", sort=alt.SortField("place"), title=None, axis=alt.Axis(labelLimit=220)
            ),
            x=alt.X("before:Q", title="log-odds (0: as likely as not)"),
            x2="after:Q",
            color=alt.Color("tone:N", scale=tones, title=None),
        ),
        height=26 * table.height,
    )


def svg(chart: alt.Chart, said: str) -> Markup:
    """A chart as a picture inside the page, whose colours follow the page's; `said` tells it."""
    import vl_convert

    spec = chart.to_dict()
    spec["width"] = round(PAGE_SHARE * spec["width"])
    drawn = vl_convert.vegalite_to_svg(spec)
    for colour, tone in TONES.items():
        drawn = re.sub(f'(fill|stroke)="{colour}"', rf'\1="var(--{tone})"', drawn)
    drawn = drawn.replace(' class="marks"', "", 1)
    drawn = re.sub(r"^<svg ", "<svg class='chart' role='img' ", drawn)
    label = said.replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;")
    # Parts that were to be read one by one to those who do not see: the sentence says it better.
    drawn = re.sub(r' (aria-[a-z]+|role="graphics[^"]*")(="[^"]*")?', "", drawn)
    return Markup(drawn.replace("role='img'", f"role='img' aria-label='{label}'", 1))


def _bar(table: pl.DataFrame, x: str, y: str) -> alt.Chart:
    alt = _altair()
    chart = _chart(table).mark_bar(color=MAIN)
    return _finished(
        chart.encode(
            x=alt.X(f"{x}:N", sort=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y(f"{y}:Q", axis=SHORT_NUMBERS),
        )
    )


def _rows(table: pl.DataFrame) -> Any:
    return _altair().Data(values=table.to_dicts())


def _chart(table: pl.DataFrame) -> alt.Chart:
    chart: alt.Chart = _altair().Chart(_rows(table))
    return chart


def _finished(chart: Any, height: int = HEIGHT, width: int = WIDTH) -> alt.Chart:
    """One look for all: no background, no frame, our inks."""
    words = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12}
    finished: alt.Chart = (
        chart.properties(width=width, height=height)
        .configure(background="transparent", font="system-ui, sans-serif", padding=PADDING)
        .configure_view(stroke=None)
        .configure_axis(
            gridOpacity=0.15, gridColor=FAINT, domainColor=FAINT, tickColor=FAINT,
            titleFontWeight="normal", titlePadding=12, **words,
        )
        .configure_legend(orient="top", **words)
    )  # fmt: skip
    return finished
