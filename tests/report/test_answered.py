"""The section on answers, of runs of the command."""

import re

import polars as pl
import pytest
from typer.testing import CliRunner

from samesku.cli import app
from tests.cli.test_asking import filled, offers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("answered")


def call(*args):
    done = CliRunner().invoke(app, [str(each) for each in args])
    assert done.exit_code == 0, done.output
    return done


def page_of(run):
    call("report", run, "--out", run / "page.html")
    return (run / "page.html").read_text()


@pytest.fixture(scope="module")
def pages(folder):
    """Without answers, with a few, and with as many as teach; a title is hostile."""
    table = offers().drop("label_group")
    title = pl.when(pl.col("posting_id") == "p0-0").then(pl.lit("<b>Kanon</b> kettle K100 black"))
    table = table.with_columns(title=title.otherwise("title"))
    table.write_csv(folder / "offers.csv")
    match = ("match", folder / "offers.csv", "--cache", folder / "cache", "--out")
    call(*match, folder / "none")
    few = folder / "few.csv"
    few.write_text("left_id,right_id,verdict,by\np0-0,p0-1,same,anna\np0-0,p1-0,different,ben\n")
    call(*match, folder / "few", "--answers", few)
    call(
        "ask", folder / "none", "--n", 60, "--out", folder / "many.csv", "--cache", folder / "cache"
    )
    filled(folder / "many.csv")
    call(*match, folder / "many", "--answers", folder / "many.csv")
    return {name: page_of(folder / name) for name in ("none", "few", "many")}


def section(page):
    found = re.search(r'<section id="answers".*?</section>', page, re.DOTALL)
    return found and found[0]


def test_a_run_without_answers_has_no_such_section(pages):
    assert section(pages["none"]) is None
    assert 'href="#answers"' not in pages["none"]


def test_who_answered_what_is_told(pages):
    told = section(pages["few"])
    assert "taught nothing" in told
    rows = re.findall(r'<th scope="row">(\w+)</th>(?:<td class="number">(\d+)</td>)', told)
    assert rows == [("anna", "1"), ("ben", "0")]
    assert "&lt;b&gt;Kanon&lt;/b&gt;" in told
    assert "<b>Kanon" not in told
    assert "one cluster" in told
    assert "two clusters" in told


def test_what_changed_and_which_differences_are_the_same_is_told(pages):
    told = section(pages["many"])
    newly = re.search(r"newly matched</dt><dd>(\d+)", told)
    assert int(newly[1]) > 0
    assert re.search(r"Measured by \d+ answers that were drawn at random", told)
    assert re.search(r"precision of pairs</dt><dd>\d+%<small>\d+% to \d+%</small>", told)
    assert re.search(r'memory</th><td class="number">\d+</td>', told)


def test_answers_about_two_shops_are_shown_by_their_titles(folder):
    halves = offers().drop("label_group").with_row_index("row")
    for shop in (0, 1):
        half = halves.filter(pl.col("row") % 2 == shop).drop("row").head(20)
        half.with_columns(posting_id=pl.int_range(pl.len())).write_csv(folder / f"shop{shop}.csv")
    (folder / "across.csv").write_text("left_id,right_id,verdict\n0,0,same\n1,5,different\n")
    both = (folder / "shop0.csv", folder / "shop1.csv", "--answers", folder / "across.csv")
    call("link", *both, "--out", folder / "across", "-e", "tfidf", "--no-cache")
    said = section(page_of(folder / "across"))
    titles = [pl.read_csv(folder / f"shop{shop}.csv")["title"][0] for shop in (0, 1)]
    assert all(title in said for title in titles)
    assert "one cluster" in said
