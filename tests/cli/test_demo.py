import json

import polars as pl
from typer.testing import CliRunner

from samesku import read_catalog
from samesku.cli import app


def demo(*options):
    return CliRunner().invoke(app, ["demo", *map(str, options)])


def test_a_marketplace_is_drawn_matched_and_scored(tmp_path):
    result = demo("--postings", 24, "--out", tmp_path / "demo")
    assert result.exit_code == 0, result.output
    assert "against the truth, pool" in result.stdout
    market = read_catalog(tmp_path / "demo" / "marketplace")
    assert any(market.photos)
    submission = pl.read_csv(tmp_path / "demo" / "result" / "submission.csv", infer_schema=False)
    assert submission["posting_id"].to_list() == market.ids
    mistakes = pl.read_csv(tmp_path / "demo" / "result" / "mistakes.csv", infer_schema=False)
    assert set(mistakes["mistake"]) <= {"wrong match", "missed"}
    assert {"left_title", "right_title", "reasons"} <= set(mistakes.columns)
    labels = dict(market.frame.select("posting_id", "label_group").rows())
    for mistake, left, right in mistakes.select("mistake", "left_id", "right_id").rows():
        assert (labels[left] == labels[right]) == (mistake == "missed")
    run = json.loads((tmp_path / "demo" / "result" / "run.json").read_text())
    assert run["source"]["path"] == str(tmp_path / "demo" / "marketplace")


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        assert demo("-n", 12, "--seed", 5, "--out", tmp_path / name, "--quiet").output == ""
    first = sorted(path for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(first) > 12
    for path in first:
        if path.name != "run.json":
            other = tmp_path / "two" / path.relative_to(tmp_path / "one")
            assert path.read_bytes() == other.read_bytes(), path


def test_what_cannot_be_is_told_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    result = demo("-n", 12, "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert "file" in result.stderr
    assert demo("-n", 5, "--out", tmp_path / "few").exit_code == 2
    assert not (tmp_path / "few").exists()


def test_help_shows_an_example():
    assert "Example: samesku demo" in demo("--help").output
