import json

import polars as pl
import pytest
from typer.testing import CliRunner

from samesku import read_catalog
from samesku.cli import app

# They tell how long the run took.
TIMED = "run.json", "report.html"


def demo(*options):
    return CliRunner().invoke(app, ["demo", *map(str, options)])


def contents(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): path.read_bytes() for path in files}


@pytest.fixture(scope="module", autouse=True)
def market(sample):
    """A part of the marketplace that ships, in its place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("samesku.cli.demo.MARKETPLACE", sample)
        yield sample


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("work") / "demo"
    return out, demo("--out", out)


def test_the_marketplace_is_copied_matched_and_scored(done, market):
    out, result = done
    assert result.exit_code == 0, result.output
    assert "against the labels of this drawn marketplace, 200 postings" in result.stdout
    assert contents(out / "marketplace") == contents(market)
    catalog = read_catalog(out / "marketplace")
    assert any(catalog.photos)
    groups = pl.read_csv(out / "result" / "groups.csv", infer_schema=False)
    assert sorted(groups["posting_id"]) == sorted(catalog.ids)
    run = json.loads((out / "result" / "run.json").read_text())
    assert run["source"]["path"] == str(out / "marketplace" / "train.csv")


def test_the_report_is_the_first_thing_to_look_at(done):
    out, result = done
    page = out / "result" / "report.html"
    told = result.stdout.splitlines()
    (first,) = [place for place, line in enumerate(told) if str(page.resolve()) in line]
    assert "Then look into" in told[first + 1]
    assert "<html" in page.read_text(encoding="utf-8")


def test_a_second_run_gives_the_same_bytes_in_its_place(done):
    out, _ = done
    first = contents(out)
    assert demo("--out", out, "--quiet").output == ""
    second = contents(out)
    assert first.keys() == second.keys()
    assert [path for path in first if first[path] != second[path] and path.name not in TIMED] == []


def test_what_cannot_be_is_told_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    result = demo("--out", tmp_path / "file")
    assert result.exit_code == 3
    assert "Traceback" not in result.output
    assert "file" in result.stderr


def test_what_a_demo_did_not_write_is_never_written_over(tmp_path):
    (tmp_path / "marketplace").mkdir()
    (tmp_path / "marketplace" / "train.csv").write_text("mine")
    result = demo("--out", tmp_path)
    assert result.exit_code == 3
    assert "not an earlier demo" in " ".join(result.stderr.split())
    assert contents(tmp_path / "marketplace").popitem()[1] == b"mine"
