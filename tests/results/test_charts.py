import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import polars as pl
import pytest

from samesku.results import charts
from samesku.results.curve import Point

SVG = "{http://www.w3.org/2000/svg}"


def parts(chart, name):
    """Attributes of the elements of one kind of a chart, as a browser would read them."""
    return [part.attrib for part in ET.fromstring(chart.svg()).iter(SVG + name)]


def texts(chart):
    return [part.text for part in ET.fromstring(chart.svg()).iter(SVG + "text")]


def test_a_chart_is_a_picture_in_the_colours_of_the_page():
    drawn = charts.cluster_sizes(np.array([1, 1, 2, 30])).svg("Sizes of <clusters> & 'more'")
    picture = ET.fromstring(drawn)
    assert picture.attrib["aria-label"] == "Sizes of <clusters> & 'more'"
    assert picture.attrib["role"] == "img"
    assert "var(--main," in drawn
    assert "http" not in drawn.replace("http://www.w3.org", "")


def test_cluster_sizes_are_counted_in_bars_of_their_height():
    chart = charts.cluster_sizes(np.array([1, 1, 1, 1, 2, 2, 12, 30]))
    heights = [float(bar["height"]) for bar in parts(chart, "rect")]
    assert heights == pytest.approx([heights[0], heights[0] / 2, heights[0] / 2])
    assert {"1", "2", "10+"} <= set(texts(chart))
    assert float(parts(chart, "rect")[-1]["x"]) > 300


def test_scores_are_told_apart_at_the_threshold():
    chart = charts.score_histogram(np.array([0.01, 0.07, 0.72, 0.73, 1.0]), 0.5)
    bars = parts(chart, "rect")
    assert len(bars) == 3
    assert ["--faint" in bar["fill"] for bar in bars] == [True, False, False]
    rule = next(path for path in parts(chart, "path") if "--second" in path["stroke"])
    across = float(re.match("M([0-9.]+)", rule["d"])[1])
    assert float(bars[0]["x"]) < across < float(bars[1]["x"])


def test_bars_are_as_long_as_their_values():
    long, short = parts(charts.bars("Scripts", {"Latin": 90, "Thai": 30}, "titles"), "rect")
    assert float(long["width"]) == pytest.approx(3 * float(short["width"]), abs=0.2)
    assert float(long["y"]) < float(short["y"])
    shares = charts.bars("Quality", {"all": 0.5}, "F1", share=True)
    assert "50%" in texts(shares)


def test_a_waterfall_ends_at_the_log_odds():
    told = pl.DataFrame(
        {"reason": ["titles", "faint", "photo", "start"], "log_odds": [3.0, 0.001, -1.0, -4.0]}
    )
    chart = charts.waterfall(told)
    assert [name for _, name in chart.y_ticks] == ["start", "titles", "photo"]
    ends = [(round(left, 3), round(right, 3)) for left, _, right, _, _ in chart.blocks]
    # From -4 to 0: down by four, up by three, down by one to -2.
    assert ends == [(0.0, 1.0), (0.0, 0.75), (0.5, 0.75)]
    assert [tone for *_, tone in chart.blocks] == ["second", "main", "second"]
    assert "-4.00" in texts(chart)


def test_a_waterfall_shows_what_decides_alone():
    told = {"reason": ["answered: same", "titles", "start"], "log_odds": [math.inf, 1.0, -4.0]}
    chart = charts.waterfall(pl.DataFrame(told))
    assert [name for _, name in chart.y_ticks] == ["answered: same", "start", "titles"]
    assert "decides" in texts(chart)
    assert charts.waterfall(pl.DataFrame(told).head(1)).svg()


def test_the_threshold_is_drawn_with_what_is_known():
    measured = [Point(0.3, 9, 2, 0.7, 0.8, 0.9, 0.85), Point(0.5, 5, 2, 0.9, 0.9, 0.5, 0.64)]
    chart = charts.thresholds(measured, 0.3)
    assert {"precision", "recall", "F1"} <= set(texts(chart))
    assert len(parts(chart, "circle")) == 6
    estimated = charts.thresholds([Point(0.3, 9, 2, 0.7), Point(0.5, 5, 2, 0.9)], 0.3)
    assert "estimated precision" in texts(estimated)
    assert len(parts(estimated, "circle")) == 2


def test_predicted_is_drawn_beside_observed():
    same = {"value": 0.6, "low": 0.5, "high": 0.7}
    dot = parts(charts.reliability([{"predicted": 0.5, "observed": same}]), "circle")[0]
    chart = charts.reliability([{"predicted": 0.5, "observed": same}])
    assert float(dot["cx"]) == pytest.approx(chart.left + (360 - chart.left) / 2, abs=0.1)
    assert len(parts(chart, "path")) == len(chart.y_ticks) + 2


def test_matches_are_drawn_in_a_notebook(matches, tmp_path):
    left, right = matches.pairs.row(0)[:2]
    drawn = [
        matches.plot_clusters(), matches.plot_scores(), matches.plot_threshold(),
        matches.plot_explanation(left, right),
    ]  # fmt: skip
    for chart in drawn:
        assert chart._repr_html_().endswith("</svg>")
        assert ET.fromstring(chart.svg()).attrib["aria-label"] == chart.title
    drawn[0].save(tmp_path / "sizes.svg")
    saved = (tmp_path / "sizes.svg").read_text()
    assert "#1f5fa8" in saved
    assert "var(" not in saved


def test_a_notebook_shows_numbers_and_the_least_sure_clusters(matches):
    shown = matches._repr_html_()
    assert f"{matches.pairs.height:,} matched pairs" in shown
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown or "script" not in shown
    least = matches.pairs["score"].min()
    assert f"{least:.2f}" in shown
