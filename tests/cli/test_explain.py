import polars as pl
import pytest
from typer.testing import CliRunner

from samesku.cli import app

OFFERS = """posting_id,title,label_group,image_phash
a,Susu Bebelo 400 gram,1,ffff0000ffff0000
b,BEBELO susu 0.4kg,1,ffff0000ffff0001
c,Lampu [red]LED\x1b[31m 12 watt,2,
d,Lampu LED 12w putih,2,
e,Sepatu lari pria,3,0000ffff0000ffff
f,Sepatu kulit wanita,,
"""


def run(*parts):
    return CliRunner().invoke(app, list(map(str, parts)))


def ended_at(told):
    """The percentage at which a waterfall ends."""
    return float(told.partition("together")[2].split("%")[0].split()[-1])


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "offers.csv").write_text(OFFERS)
    result = run("match", folder / "offers.csv", "--out", folder / "out", "--no-cache",
                 "-e", "tfidf", "-e", "phash")  # fmt: skip
    assert result.exit_code == 0, result.output
    return folder / "out"


def test_a_match_is_explained_to_its_probability(out):
    told = run("explain", out, "b", "a").stdout
    assert told.startswith("b  BEBELO susu 0.4kg\na  Susu Bebelo 400 gram\n")
    assert "Matched: the pair scored" in told
    assert "titles alike" in told
    assert "together" in told
    assert "Similarity: tfidf" in told
    assert "Their labels say: one product." in told


def test_an_unlikely_match_is_scored_again_for_its_explanation(out, tmp_path):
    options = ("--threshold", "0.002", "--no-cache", "-e", "tfidf", "-e", "phash")
    run("match", out.parent / "offers.csv", "--out", tmp_path / "out", *options)
    pairs = pl.read_parquet(tmp_path / "out" / "pairs.parquet")
    unlikely = pairs.filter(pl.col("score") < 0.2)
    assert unlikely.height
    left, right, score = unlikely.select("left_id", "right_id", "score").row(0)
    result = run("explain", tmp_path / "out", left, right, "--cache", tmp_path)
    assert "scoring again" in result.stderr
    assert "Because" not in result.stdout
    assert ended_at(result.stdout) == pytest.approx(100 * score, abs=0.5)


def test_a_pair_that_was_never_a_candidate_is_told_why(out, tmp_path):
    result = run("explain", out, "a", "e", "--cache", tmp_path)
    assert result.exit_code == 0, result.output
    assert "They never became a candidate" in result.stdout
    assert "tfidf: they are 0.00 alike, below its floor of 0.15" in result.stdout
    assert "phash: they are 0.00 alike, below its floor of 0.85" in result.stdout
    assert "two products" in result.stdout


def test_titles_do_not_steer_the_terminal(out, tmp_path):
    told = run("explain", out, "c", "f", "--cache", tmp_path).stdout
    assert "Lampu [red]LED\ufffd[31m 12 watt" in told
    assert "\x1b" not in told
    assert "phash: one of the two has nothing for it to look at" in told
    assert "Their labels say" not in told


def test_a_link_is_explained_to_its_probability(out, tmp_path):
    theirs = tmp_path / "theirs.csv"
    theirs.write_text(OFFERS.replace("400 gram", "400 gram box"))
    options = ("--out", tmp_path / "links", "--no-cache", "-e", "tfidf", "-e", "phash")
    assert run("link", out.parent / "offers.csv", theirs, *options).exit_code == 0
    told = run("explain", tmp_path / "links", "b", "b").stdout
    assert "Because: identical in all that is looked at" in told
    told = run("explain", tmp_path / "links", "a", "a").stdout
    probability = told.partition("the pair scored ")[2].partition(",")[0]
    assert "photo identical" in told
    assert ended_at(told) == pytest.approx(100 * float(probability), abs=0.5)
    scored = pl.read_parquet(tmp_path / "links" / "scored.parquet").filter(pl.col("score") < 0.2)
    left, right, score = scored.select("left_id", "right_id", "score").row(0)
    told = run("explain", tmp_path / "links", left, right, "--cache", tmp_path).stdout
    assert ended_at(told) == pytest.approx(100 * score, abs=0.5)
