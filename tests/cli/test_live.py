import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import polars as pl
import pytest
from typer.testing import CliRunner

from samesku.cli import app
from samesku.scoring.learned import SHIPPED
from samesku.store import Index


@pytest.fixture
def catalogue(tmp_path):
    table = pl.DataFrame(
        {
            "posting_id": ["a", "b", "c"],
            "title": ["Susu Bebelo 400 gram", "BEBELO susu 0,4kg", "Lampu LED Philips 12 watt"],
            "price": ["62000", "61500", "15000"],
        }
    )
    table.write_csv(tmp_path / "offers.csv")
    return tmp_path / "offers.csv"


def run(*args):
    return CliRunner().invoke(app, [str(each) for each in args])


def unwrapped(text):
    return text.replace("\n", " ")


def test_a_catalogue_is_indexed_and_again_changes_nothing(catalogue, tmp_path):
    store = tmp_path / "offers.db"
    first = run("index", catalogue, "--store", store)
    assert first.exit_code == 0, first.output
    assert "3 postings in 2 clusters, 1 of two or more" in first.stderr
    with Index(store) as index:
        before = index.state()
        # The first postings of a store are in the clusters of `match`.
        assert [each["verb"] for each in index.events()] == ["upsert", "settle"]
    assert run("index", catalogue, "--store", store).exit_code == 0
    with Index(store) as index:
        assert index.state() == before
    assert run("index", catalogue, "--store", store, "--settle").exit_code == 0
    with Index(store) as index:
        assert index.state()["clusters"] == before["clusters"]
        assert index.events()[-1]["verb"] == "settle"


def test_photos_that_cannot_be_read_are_named(catalogue, tmp_path):
    pl.read_csv(catalogue).with_columns(image=pl.lit("a.jpg")).write_csv(catalogue)
    (tmp_path / "a.jpg").write_bytes(b"no photo")
    result = run("index", catalogue, "--store", tmp_path / "offers.db", "--json")
    assert result.stderr.count("a.jpg: not an image") == 3
    assert json.loads(result.stdout)["photos_not_readable"] == 3


def test_a_store_is_told_what_match_is_told(catalogue, tmp_path):
    store = tmp_path / "offers.db"
    run(
        "index",
        catalogue,
        "--store",
        store,
        "--same",
        "colour",
        "--same",
        "size",
        "--threshold",
        0.999,
    )
    run("index", catalogue, "--store", store)
    with Index(store) as index:
        stats = index.stats()
    assert (stats["same"], stats["threshold"], stats["clusters"]) == (["colour", "size"], 0.999, 3)
    told = run("index", catalogue, "--store", store, "--same", "taste")
    assert told.exit_code == 3
    assert "taste" in told.stderr
    run("match", catalogue, "--out", tmp_path / "run", "--no-cache")
    assert run("index", tmp_path / "run", "--store", store, "--same", "size").exit_code == 2
    assert run("index", tmp_path / "run", "--store", store).exit_code == 0
    with Index(store) as index:
        assert index.stats()["clusters"] == 2


def test_a_store_keeps_what_is_not_given_again(catalogue, tmp_path):
    store, model = tmp_path / "offers.db", tmp_path / "model"
    shutil.copytree(SHIPPED, model)
    given = ("--model", model, "--same", "colour", "--threshold", 0.7)
    run("index", catalogue, "--store", store, *given)
    told = run("index", catalogue, "--store", store, "--threshold", 0.5)
    assert f"Model {model}, threshold 0.5, same: colour." in unwrapped(told.stderr)
    told = run("index", catalogue, "--store", store, "--same", "size")
    assert f"Model {model}, threshold 0.5, same: size." in unwrapped(told.stderr)
    told = run("index", catalogue, "--store", store, "--same", "", "--model", model)
    assert f"Model {model}, threshold 0.5, same: none." in unwrapped(told.stderr)
    told = run("index", catalogue, "--store", store, "--model", "shipped")
    assert "Model shipped, threshold 0.5, same: none." in unwrapped(told.stderr)


def test_what_cannot_be_read_leaves_no_store(catalogue, tmp_path):
    store = tmp_path / "offers.db"
    (tmp_path / "bare.csv").write_text("posting_id,price\na,1\n")
    run("match", catalogue, "--out", tmp_path / "run", "--no-cache", "--fusion", "union")
    assert run("index", tmp_path / "bare.csv", "--store", store).exit_code == 3
    assert run("index", catalogue, "--store", store, "--model", tmp_path / "no").exit_code == 3
    assert run("index", tmp_path / "run", "--store", store).exit_code == 3
    assert not store.exists()


def test_a_store_that_is_none_is_bad_input(catalogue, tmp_path):
    (tmp_path / "text.db").write_text("no database " * 100)
    told = run("index", catalogue, "--store", tmp_path / "text.db")
    assert told.exit_code == 3
    assert "cannot be opened" in told.stderr


def test_other_machines_are_not_served_without_tokens(tmp_path):
    told = run("serve", "--store", tmp_path / "s.db", "--host", "0.0.0.0")
    assert (told.exit_code, "no such store; samesku index" in unwrapped(told.stderr)) == (3, True)
    assert not (tmp_path / "s.db").exists()
    Index(tmp_path / "s.db").close()
    told = run("serve", "--store", tmp_path / "s.db", "--host", "0.0.0.0")
    assert told.exit_code == 2
    assert "--make-token" in told.stderr


def test_tokens_are_made_and_voided(tmp_path):
    store = tmp_path / "s.db"
    made = run("serve", "--store", store, "--make-token", "ann", "--role", "review")
    assert re.fullmatch(r"samesku_[\w-]{43}\n", made.stdout)
    again = run("serve", "--store", store, "--make-token", "ann")
    assert (again.exit_code, "ann has a token already" in again.stderr) == (3, True)
    both = run("serve", "--store", store, "--make-token", "bob", "--revoke-token", "ann")
    assert both.exit_code == 2
    assert run("serve", "--store", store, "--revoke-token", "bob").exit_code == 3
    assert run("serve", "--store", store, "--revoke-token", "ann").exit_code == 0
    assert run("serve", "--store", store, "--revoke-token", "ann").exit_code == 3


def test_the_service_answers_over_the_wire(catalogue, tmp_path):
    store = tmp_path / "offers.db"
    run("index", catalogue, "--store", store)
    command = [sys.executable, "-m", "samesku", "serve", "--store", str(store), "--port", "18417"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert "this machine only" in process.stderr.readline()
            for _ in range(100):
                try:
                    with urllib.request.urlopen("http://127.0.0.1:18417/stats", timeout=5) as told:
                        assert json.load(told)["postings"] == 3
                    break
                except OSError:
                    time.sleep(0.1)
            else:
                pytest.fail("the service did not answer")
        finally:
            process.terminate()
            process.wait(20)
