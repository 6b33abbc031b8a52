"""`samesku match --engine ray`, as far as no cluster is needed."""

import pytest
from typer.testing import CliRunner

from samesku.cli import app
from samesku.cli.console import MISSING_EXTRA, USAGE
from samesku.runtime import extras


@pytest.fixture
def match(tmp_path):
    offers = tmp_path / "offers.csv"
    offers.write_text("posting_id,title\na,red mug\nb,red mug\n")

    def run(*options):
        return CliRunner().invoke(
            app, ["match", str(offers), "-o", str(tmp_path / "out"), *options]
        )

    return run


def test_options_of_the_cluster_need_it(match):
    done = match("--shards", "2")
    assert (done.exit_code, "--engine ray" in done.stderr) == (USAGE, True)


def test_a_folder_for_the_work_is_asked_for(match):
    done = match("--engine", "ray")
    assert (done.exit_code, "--work FOLDER" in done.stderr) == (USAGE, True)


def test_what_only_the_local_engine_knows_is_named(match):
    done = match("--engine", "ray", "--work", "w", "--submission", "--judge-dry-run")
    assert (done.exit_code, "--judge-dry-run, --submission" in done.stderr) == (USAGE, True)


def test_without_ray_the_extra_is_named(match, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda package: None)
    done = match("--engine", "ray", "--work", "w")
    assert done.exit_code == MISSING_EXTRA
    assert "uv add 'samesku[ray]'" in done.stderr
