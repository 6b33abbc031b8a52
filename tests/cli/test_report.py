import pytest
from typer.testing import CliRunner

from samesku.cli import app

OFFERS = """posting_id,title,label_group
a,Susu Bebelo 400 gram,1
b,BEBELO susu 0.4kg,1
c,Lampu LED 12 watt,2
d,Lampu LED 12w putih,2
e,Sepatu lari pria,3
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "offers.csv").write_text(OFFERS)
    result = run(
        "match", folder / "offers.csv", "--out", folder / "out", "--no-cache", "-e", "tfidf"
    )
    assert result.exit_code == 0, result.output
    return folder / "out"


def run(*parts):
    return CliRunner().invoke(app, list(map(str, parts)))


def test_a_report_is_made_beside_the_run(out):
    result = run("report", out)
    assert result.exit_code == 0, result.output
    assert "opens in any browser" in result.stdout
    page = (out / "report.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "Lampu LED 12 watt" in page
    assert "left_id" in (out / "report.labels.csv").read_text()


def test_quiet_says_nothing(out, tmp_path):
    result = run("report", out, "--out", tmp_path / "page.html", "--quiet")
    assert result.output == ""
    assert (tmp_path / "page.html").is_file()


def test_runs_are_compared(out, tmp_path):
    result = run("report", out, "--compare", out, "--out", tmp_path / "page.html")
    assert result.exit_code == 0, result.output
    assert "Two runs compared" in (tmp_path / "page.html").read_text()


def test_what_cannot_be_reported_is_told(out, tmp_path):
    result = run("report", tmp_path)
    assert result.exit_code == 3
    assert "neither run.json nor evaluation.json" in result.stderr
    result = run("report", out, "--out", tmp_path / "page")
    assert result.exit_code == 2
    assert "ends in .html" in result.stderr
