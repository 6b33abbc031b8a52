import numpy as np
import polars as pl
import pytest

from samesku import Matcher, Matches, read_catalog
from samesku.catalog.answers import Answers
from samesku.encoders import Tfidf
from samesku.evaluation.errors import met_pairs
from samesku.metrics import cluster_tally
from samesku.report.page import build_report
from samesku.report.whynot import verdict
from samesku.results.curve import Point, curve, targets
from samesku.results.runs import read_run, run_of


def test_the_curve_tells_what_another_threshold_gives(matches):
    run = run_of(matches)
    points = curve(run)
    assert [point.threshold for point in points] == sorted(point.threshold for point in points)
    for wanted in (run.threshold, 0.6, 0.9):
        point = next(each for each in points if each.threshold == pytest.approx(wanted))
        again = matches.rethreshold(wanted)
        assert point.matches == again.pairs.height
        assert point.clusters == again.cluster_count
        tally = cluster_tally(again.clusters, matches.catalog.labels)
        assert point.precision == pytest.approx(tally.correct.sum() / tally.matched.sum())
        assert point.recall == pytest.approx(tally.correct.sum() / tally.actual.sum())


def test_without_labels_precision_is_estimated_from_the_probabilities(matches):
    run = run_of(matches)
    object.__setattr__(run, "labels", None)
    for point in curve(run):
        assert point.precision is None
        assert point.recall is None
        if point.matches:
            assert 0 < point.estimate <= 1
            assert point.best_known == point.estimate


def test_an_evaluation_takes_pairs_as_they_are(evaluated):
    run = read_run(evaluated)
    points = curve(run)
    assert min(point.threshold for point in points) >= 0.3
    assert all(point.estimate is None for point in points)
    judged = run.pairs.filter(run.pairs["score"] >= 0.5)
    at = next(point for point in points if point.threshold == 0.5)
    assert at.matches == judged.height


@pytest.fixture(scope="module")
def two_shops(shop, tmp_path_factory):
    """Two catalogues with copies of some postings, and both as one with a column `source`."""
    folder = tmp_path_factory.mktemp("two-shops")
    table = pl.read_csv(shop / "offers.csv", infer_schema=False).head(120).drop("image")
    copies = table.head(30).with_columns(posting_id="z" + pl.col("posting_id"))
    table = pl.concat(
        [table, copies, table.tail(20).with_columns(posting_id="y" + pl.col("posting_id"))]
    )
    table = table.with_columns(source=pl.Series(["ours", "theirs"] * (table.height // 2)))
    paths = {name: folder / f"{name}.csv" for name in ("both", "ours", "theirs")}
    table.write_csv(paths["both"])
    for name in ("ours", "theirs"):
        table.filter(source=name).drop("source").write_csv(paths[name])
    return paths


def written(found, folder):
    found.write(folder)
    return read_run(folder)


@pytest.mark.parametrize("command", ["match", "link"])
@pytest.mark.parametrize("decide", ["clusters", "one-to-one", "one-to-many", "many-to-one"])
def test_across_sources_the_curve_is_what_other_thresholds_give(
    two_shops, tmp_path, command, decide
):
    names = ["both"] if command == "match" else ["ours", "theirs"]
    catalogs = [read_catalog(two_shops[name]) for name in names]

    def matched(threshold):
        matcher = Matcher([Tfidf()], pairs="across", decide=decide, threshold=threshold)
        return matcher.match(*catalogs)

    run = written(matched(0.46), tmp_path / "run")
    assert (run.representative != np.arange(len(run.catalog))).any()
    points = {point.threshold: point for point in curve(run)}
    assert points[0.46].matches == run.pair_count
    for threshold in (0.3, 0.46, 0.6, 0.9):
        again = matched(threshold)
        assert points[threshold].matches == again.summary["results"]["links"]
        assert points[threshold].clusters == again.cluster_count
        assert Matches.load(tmp_path / "run").rethreshold(threshold).links.height == (
            again.links.height
        )
    labels, sources = run.labels, run.sources
    one, other = np.triu_indices(len(labels), 1)
    may = (sources[one] != sources[other]) & (labels[one] == labels[other]) & (labels[one] >= 0)
    together = may & (run.clusters[one] == run.clusters[other])
    assert points[0.46].recall == pytest.approx(together.sum() / may.sum())
    scored = run.representative == np.arange(len(labels))
    assert met_pairs(run).height == (may & scored[one] & scored[other]).sum()


def test_answers_hold_at_every_threshold(two_shops, tmp_path):
    catalog = read_catalog(two_shops["both"])
    first = Matcher([Tfidf()]).match(catalog)
    pairs = (
        first.pairs.select("left_id", "right_id").head(8).with_columns(verdict=pl.lit("different"))
    )
    answers = Answers.of(pairs, catalog, source="people")
    matches = Matcher([Tfidf()], threshold=0.46).match(catalog, answers=answers)
    run = written(matches, tmp_path / "run")
    for point in curve(run):
        if point.threshold >= 0.3:  # the least likely pairs were not written
            assert point.matches == matches.rethreshold(point.threshold).pair_count


def test_a_page_says_links_where_links_were_assigned(two_shops, tmp_path):
    catalog = read_catalog(two_shops["both"])
    found = Matcher([Tfidf()], pairs="across", decide="one-to-one").match(catalog)
    run = written(found, tmp_path / "run")
    html = build_report(run).html
    assert f"<h1>{found.links.height} links across 2 sources</h1>" in html
    assert "Links are assigned anew at each threshold." in html
    rows = tuple(run.pairs.select("left", "right").row(0))
    said = verdict(run, rows, {"score": 0.9, "matched": False})
    assert "each may have one counterpart" in said


def point(threshold, matches, precision):
    return Point(threshold, matches, 1, None, precision)


def test_a_target_is_the_lowest_threshold_that_reaches_and_keeps_it():
    points = [point(0.2, 100, 0.96), point(0.4, 80, 0.9), point(0.6, 60, 0.95), point(0.8, 20, 1)]
    found = {target.precision: target for target in targets(points, 0.4)}
    assert found[0.95].point.threshold == 0.6
    assert found[0.95].lost == 20
    assert found[0.9].point.threshold == 0.2
    assert found[0.9].lost == -20
    assert targets([*points, point(0.99, 0, None)], 0.4) == targets(points, 0.4)
    assert targets([point(0.5, 9, 0.5)], 0.5)[-1].point is None
    assert np.isclose(found[0.99].point.threshold, 0.8)
