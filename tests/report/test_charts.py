import re

import numpy as np
import polars as pl
import pytest

pytest.importorskip("altair", reason="needs the extra report")
pytest.importorskip("vl_convert", reason="needs the extra report")

from samesku.report import charts
from samesku.report.curve import Point


def test_a_chart_is_a_picture_in_the_colours_of_the_page():
    drawn = charts.svg(charts.group_sizes(np.array([1, 1, 2, 30])), "Sizes of <groups> & 'more'")
    assert drawn.startswith("<svg class='chart' role='img' aria-label='Sizes of &lt;groups> &amp;")
    assert "var(--main)" in drawn
    assert not re.search("|".join(charts.TONES), drawn)
    assert len(re.findall(r" (?:aria-|role=)", drawn)) == 2
    assert "http" not in drawn.replace("http://www.w3.org", "")


def test_group_sizes_are_counted():
    values = charts.group_sizes(np.array([1, 1, 2, 12, 30])).to_dict()["data"]["values"]
    counts = {row["postings in the group"]: row["groups"] for row in values}
    assert (counts["1"], counts["2"], counts["10+"]) == (2, 1, 2)


def test_scores_are_told_apart_at_the_line():
    chart = charts.score_histogram(np.array([0.01, 0.07, 0.72, 0.73, 1.0]), 0.5).to_dict()
    rows = chart["layer"][0]["data"]["values"]
    assert sum(row["pairs"] for row in rows) == 4
    assert {row["side"] for row in rows if row["score"] > 0.51} == {"match"}
    assert {row["side"] for row in rows if row["score"] < 0.45} == {"apart"}


def test_a_waterfall_ends_at_the_log_odds():
    reasons = pl.DataFrame(
        {"reason": ["titles", "faint", "photo", "start"], "log_odds": [3.0, 0.001, -1.0, -4.0]}
    )
    rows = charts.waterfall(reasons).to_dict()["data"]["values"]
    assert [row["reason"] for row in rows] == ["start", "titles", "photo"]
    assert rows[-1]["after"] == pytest.approx(-2.0)
    assert [row["before"] for row in rows] == [0, -4, -1]


def test_the_line_is_drawn_with_what_is_known():
    measured = [Point(0.3, 9, 2, 0.7, 0.8, 0.9, 0.85), Point(0.5, 5, 2, 0.9, 0.9, 0.5, 0.64)]
    rows = charts.line_chart(measured, 0.3).to_dict()["layer"][0]["data"]["values"]
    assert {row["figure"] for row in rows} == {"precision", "recall", "f1"}
    estimated = [Point(0.3, 9, 2, 0.7), Point(0.5, 5, 2, 0.9)]
    rows = charts.line_chart(estimated, 0.3).to_dict()["layer"][0]["data"]["values"]
    assert {row["figure"] for row in rows} == {"estimated precision"}


def test_matches_are_drawn_in_a_notebook(matches):
    left, right = matches.pairs.row(0)[:2]
    drawn = [
        matches.plot_groups(), matches.plot_scores(), matches.plot_line(),
        matches.plot_reasons(left, right),
    ]  # fmt: skip
    for chart in drawn:
        assert charts.svg(chart, "x").endswith("</svg>")


def test_a_notebook_shows_numbers_and_the_least_sure_groups(matches):
    shown = matches._repr_html_()
    assert f"{matches.pairs.height:,} matched pairs" in shown
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown or "script" not in shown
    least = matches.pairs["score"].min()
    assert f"{least:.2f}" in shown
