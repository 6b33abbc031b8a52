"""How commands end: the same five lines, on a terminal and elsewhere."""

import io
import json
import re

import numpy as np
import polars as pl
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from samesku import read_catalog
from samesku.cli import app
from samesku.cli.console import TerminalProgress
from samesku.cli.summary import show_summary


@pytest.fixture
def shop(tmp_path):
    """A shop with one broken photo, one that is absent, and labels."""
    folder = tmp_path / "shop"
    (folder / "images").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "images" / "0.jpg")
    (folder / "images" / "1.jpg").write_bytes(b"no photo")
    titles = [
        f"{word} susu bubuk {size} gram" for word in ("bebelo", "dancow") for size in (1, 400)
    ]
    table = pl.DataFrame(
        {
            "posting_id": list("abcd"),
            "title": titles,
            "image": ["0.jpg", "1.jpg", "absent.jpg", None],
            "label_group": ["1", "1", "2", "2"],
        }
    )
    table.write_csv(folder / "offers.csv")
    return folder / "offers.csv"


def lines(result):
    """The lines of a summary by their first word."""
    assert result.exit_code == 0, result.output
    told = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    return {each[0]: each[1] for each in told if len(each) == 2}


def run(command, *options):
    return CliRunner().invoke(app, [command, *map(str, options), "--no-cache"])


def check(told, out, *, skipped="1 x photo named but absent; 1 x photo not readable"):
    assert told["Skipped"] == skipped
    assert re.match(r"\d+\.\d+ s: .*\d\.\d", told["Took"])
    assert told["Written"].startswith(f"to {out}: ")
    assert re.search(r"\(\d+\.\d kB\)$", told["Written"])


def test_match_tells_what_was_read_skipped_found_and_written(shop, tmp_path):
    result = run("match", shop, "--out", tmp_path / "out", "-e", "tfidf", "-e", "phash")
    told = lines(result)
    check(told, tmp_path / "out")
    assert told["Read"] == f"4 postings of {shop}, 2 with a photo; seen by tfidf 4, phash 1"
    assert re.match(
        r"distinct postings 4, candidates \d, matched pairs \d, clusters \d, .*\(threshold 0",
        told["Found"],
    )
    assert "photo of b not used" in result.stderr
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert f"{', '.join(record['written'])} (" in told["Written"]
    assert len(record["photos_refused"]) == 1


def test_link_tells_it_of_both_shops(shop, tmp_path):
    other = shop.with_name("theirs.csv")
    pl.read_csv(shop).drop("image").write_csv(other)
    result = run("link", shop, other, "--out", tmp_path / "links", "-e", "tfidf", "-e", "phash")
    told = lines(result)
    check(told, tmp_path / "links")
    assert f"of {shop}, 2 with" in told["Read"]
    assert f"4 postings of {other}, 0 with a photo" in told["Read"]
    assert re.search(r"links \d.*\(threshold 0\.\d\d, learned\)", told["Found"])
    assert json.loads((tmp_path / "links" / "run.json").read_text())["written"][-1] == "run.json"


def test_evaluate_tells_it_after_its_figures(shop, tmp_path):
    options = ("--fusion", "union", "--defaults", "--folds", 2, "-e", "tfidf", "-e", "phash")
    told = lines(run("evaluate", shop, "--out", tmp_path / "score", *options))
    check(told, tmp_path / "score")
    assert re.match(r"F1 per posting: union \d\.\d{4} \(4 queries\)", told["Found"])
    record = json.loads((tmp_path / "score" / "evaluation.json").read_text())
    assert [each["posting_id"] for each in record["photos_refused"]] == ["b"]


def test_nothing_skipped_is_told_too(capsys):
    catalog = read_catalog(pl.DataFrame({"posting_id": ["a"], "title": ["susu"]}))
    show_summary(TerminalProgress(), read=[catalog])
    assert "Skipped nothing\n" in capsys.readouterr().out


def test_time_that_no_stage_took_is_told(capsys, monkeypatch):
    monkeypatch.setattr(TerminalProgress, "elapsed", 20.0)
    progress = TerminalProgress()
    progress.seconds = {"judge": 15.0, "write": 0.1}
    show_summary(progress)
    assert "Took    20.0 s: judge 15.0, loading and the rest 4.9\n" in capsys.readouterr().out


def test_quiet_is_quiet(capsys):
    progress = TerminalProgress(quiet=True)
    progress.refuse("a", "a.jpg", "empty file")
    show_summary(progress, found="much")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_table_whose_lines_hang(monkeypatch):
    drawn = io.StringIO()
    terminal = Console(file=drawn, force_terminal=True, width=40, color_system=None)
    monkeypatch.setattr("samesku.cli.summary.console", terminal)
    show_summary(TerminalProgress(), found="a word " * 12)
    first, *hanging = drawn.getvalue().splitlines()
    assert first.startswith("Found a word")
    assert hanging[0].startswith("      a word")


def test_many_refused_photos_are_counted(capsys, tmp_path):
    (tmp_path / "run.json").touch()
    progress = TerminalProgress()
    for place in range(7):
        progress.refuse(str(place), f"{place}.jpg", "empty file")
    show_summary(progress, written=[tmp_path / "run.json"])
    told = capsys.readouterr()
    assert told.err.count("not used: ") == 5
    assert told.err.endswith("  - and 2 more photos not used; run.json names all\n")
    assert "Skipped 7 x photo not readable" in told.out


def test_what_is_read_all_the_same_is_not_skipped(tmp_path):
    (tmp_path / "shop.csv").write_bytes("posting_id,title\n1,Tür grün\n".encode("cp1252"))
    words = ["match", tmp_path / "shop.csv", "--out", tmp_path / "out", "--no-cache"]
    result = CliRunner().invoke(app, list(map(str, words)))
    assert "read as Windows-1252; if titles look wrong, name it (--encoding" in result.output
    assert "Skipped nothing" in result.output
