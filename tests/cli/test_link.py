import json

import polars as pl
import pytest
from typer.testing import CliRunner

from samesku.cli import app

OURS = """posting_id,title,price
1,Sony Turntable - PSLX350H,100
2,Denon Receiver - AVR1508,250
3,Bose Speakers - AM53BK,399
"""
THEIRS = """sku,name,price
1,Bose AM53BK Acoustimass speakers,389
2,Sony PS-LX350H record turntable,
3,Canon camera 2354B001,99
"""


@pytest.fixture
def run(tmp_path):
    """Run `samesku link` on two shops into the folder `out`."""
    (tmp_path / "ours.csv").write_text(OURS)
    (tmp_path / "theirs.csv").write_text(THEIRS)

    def invoke(*options, left="ours.csv", right="theirs.csv"):
        names = ["--right-columns", "posting_id=sku,title=name"] if right == "theirs.csv" else []
        command = ["link", str(tmp_path / left), str(tmp_path / right), "--no-cache", *names]
        return CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out"), *options])

    return invoke


def linked(folder):
    return pl.read_csv(folder / "out" / "links.csv", infer_schema=False)


def test_links_are_written_and_summed_up(run, tmp_path):
    result = run()
    assert result.exit_code == 0, result.output
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written >= {"links.csv", "near_links.csv", "groups.csv", "pairs.parquet", "run.json"}
    table = linked(tmp_path)
    assert set(table.select("left_id", "right_id").rows()) == {("1", "2"), ("3", "1")}
    expected = ["left_id", "right_id", "probability", "reasons"]
    assert table.columns == [*expected, "left_price", "right_price", "price_gap"]
    gaps = dict(table.select("left_id", "price_gap").rows())
    assert gaps == {"1": None, "3": "-0.0251"}
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["results"]["links"] == 2
    assert (record["decide"], record["pairs"]) == ("one-to-one", "across")
    assert "Read 3 postings" in result.stderr
    assert "Written to" in result.stdout


def test_the_price_gap_of_two_currencies_is_that_in_euros(run, tmp_path):
    (tmp_path / "ours.csv").write_text("posting_id,title,price\n1,Sony PSLX350H,100 €\n")
    (tmp_path / "theirs.csv").write_text("sku,name,price\n2,Sony PS-LX350H,2000 Kč\n")
    assert run().exit_code == 0
    (link,) = linked(tmp_path).rows(named=True)
    assert (link["left_price"], link["left_currency"]) == ("100.0", "EUR")
    assert (link["right_price"], link["right_currency"]) == ("2000.0", "CZK")
    assert link["price_gap"] == "-0.2"


def test_the_right_shop_is_mended_by_its_own_options(run, tmp_path):
    header = "posting_id,title,image\n"
    (tmp_path / "photos.csv").write_text(f"{header}1,Bose AM53BK speakers,gone.jpg\n")
    told = run(right="photos.csv").stderr
    assert "--right-photos names another folder" in told
    (tmp_path / "other.csv").write_text("Artikelnummer,Bezeichnung\n1,Bose AM53BK\n")
    told = run(right="other.csv").stderr
    assert "--right-columns posting_id=Artikelnummer,title=Bezeichnung" in told
    told = run("--columns", "title=title", right="other.csv").stderr
    assert "name in --right-columns one of 'Artikelnummer', 'Bezeichnung'" in told


def test_a_match_across_sources_gives_the_same_pairs(run, tmp_path):
    assert run("--quiet").exit_code == 0
    ours = pl.read_csv(tmp_path / "ours.csv", infer_schema=False)
    theirs = pl.read_csv(tmp_path / "theirs.csv", infer_schema=False)
    theirs = theirs.rename({"sku": "posting_id", "name": "title"})
    both = pl.concat(
        [
            ours.with_columns(posting_id="l" + pl.col("posting_id"), source=pl.lit("first")),
            theirs.with_columns(posting_id="r" + pl.col("posting_id"), source=pl.lit("second")),
        ],
        how="diagonal",
    )
    both.write_csv(tmp_path / "both.csv")
    options = ["--pairs", "across", "--decide", "one-to-one", "--no-cache", "--quiet"]
    command = ["match", str(tmp_path / "both.csv"), "--out", str(tmp_path / "match"), *options]
    assert CliRunner().invoke(app, command).exit_code == 0
    again = pl.read_csv(tmp_path / "match" / "links.csv", infer_schema=False)
    key = ["left_id", "right_id", "probability"]
    expected = [(f"l{a}", f"r{b}", p) for a, b, p in linked(tmp_path).select(key).rows()]
    assert again.select(key).rows() == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"right": "ours.csv"}, "both sides are the same catalogue"),
        ({"left": "gone.csv"}, "gone.csv: no such file"),
        ({"left": "empty.csv"}, "has no postings"),
    ],
)
def test_what_cannot_be_linked_is_told(run, tmp_path, options, message):
    (tmp_path / "empty.csv").write_text("posting_id,title\n")
    result = run(**options)
    assert result.exit_code in (2, 3)
    assert message in result.stderr
    assert not (tmp_path / "out" / "links.csv").exists()


def test_answers_about_two_shops_outrank_the_probabilities(run, tmp_path):
    (tmp_path / "answers.csv").write_text("left_id,right_id,verdict\n1,2,different\n2,3,same\n")
    result = run("--answers", str(tmp_path / "answers.csv"))
    assert result.exit_code == 0, result.output
    assert "pinned and teach nothing" in result.output
    assert set(linked(tmp_path).select("left_id", "right_id").rows()) == {("2", "3"), ("3", "1")}
    (tmp_path / "answers.csv").write_text("left_id,right_id,verdict\n2,2,same\n2,3,same\n")
    assert (
        "1 answered `same` are no links" in run("--answers", str(tmp_path / "answers.csv")).stderr
    )
    (tmp_path / "answers.csv").write_text("left_id,right_id,verdict\n1,77,different\n")
    result = run("--answers", str(tmp_path / "answers.csv"))
    assert result.exit_code == 3
    assert "answer about a posting that the catalogue does not have" in result.output


def test_a_judge_of_two_shops_is_asked_about_pairs_across(run, tmp_path, server):
    result = run("--judge", server.url, "--judge-model", "m", "--judge-budget", "5")
    assert result.exit_code == 0, result.output
    assert server.asked
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert {pin[3] for pin in record["answers"]["pins"]} == {"model:m"}
