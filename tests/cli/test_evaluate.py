import json

import pytest
from typer.testing import CliRunner

from samesku.cli import app

BRANDS = ["Bebelo", "Sariwangi", "Wardah", "Indomie", "Philips", "Rexona", "Pigeon", "Kopiko"]


@pytest.fixture
def labelled(tmp_path):
    """Eight products, each offered under three spellings."""
    lines = ["posting_id,title,label_group"]
    for number, brand in enumerate(BRANDS):
        spellings = (f"{brand} {number}00 gram", f"{brand.upper()} {number}00gr", f"Promo {brand}")
        lines += [f"p{number}{way},{title},g{number}" for way, title in enumerate(spellings)]
    path = tmp_path / "labelled.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def evaluate(*options):
    return CliRunner().invoke(app, ["evaluate", *map(str, options), "--no-cache"])


def test_scores_are_shown_with_their_pool_and_written(labelled, tmp_path):
    result = evaluate(labelled, "--folds", 2, "--fusion", "union", "--out", tmp_path / "score")
    assert result.exit_code == 0, result.output
    assert "F1 per posting" in result.stdout
    assert "24 queries searched in" in result.stdout
    written = json.loads((tmp_path / "score" / "evaluation.json").read_text())
    assert "union" in json.dumps(written)


def test_quiet_shows_no_table(labelled):
    result = evaluate(labelled, "--folds", 2, "--fusion", "concat", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_a_given_split_is_scored_without_train(labelled, tmp_path):
    lines = ["posting_id,split"]
    lines += [f"p{n}{way},{'train' if n < 4 else 'test'}" for n in range(8) for way in range(3)]
    (tmp_path / "split.csv").write_text("\n".join(lines))
    result = evaluate(labelled, "--split", tmp_path / "split.csv", "--fusion", "union")
    assert result.exit_code == 0, result.output
    assert "12 queries" in result.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--folds", "9"], "cannot make 9 folds; ask for fewer folds"),
        (["--folds", "1"], "--folds"),
        (["--fusion", "magic"], "there is no fusion 'magic'; choose one of union"),
        (["--split", "nowhere.csv"], "nowhere.csv cannot be used"),
    ],
)
def test_options_that_cannot_be_are_told_in_words(labelled, options, said):
    result = evaluate(labelled, *options)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("posting_id\np00\n", "there is no column 'split'"),
        ("posting_id,split\nzz,train\nyy,test\n", "no labelled posting of the catalogue"),
        ("posting_id,split\np00,train\np00,test\n", "duplicate posting_id (rows 2, 3)"),
        ("", "the file is empty"),
    ],
)
def test_a_split_that_cannot_be_used_is_told(labelled, tmp_path, content, said):
    (tmp_path / "split.csv").write_text(content)
    result = evaluate(labelled, "--split", tmp_path / "split.csv")
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_output_that_cannot_be_written_is_told_before_the_work(labelled):
    result = evaluate(labelled, "--folds", 2, "--out", labelled)
    assert result.exit_code == 2
    assert "is a file; name a folder for the output" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("labels", ["", ",", ",nan"])
def test_without_labels_there_is_nothing_to_score(tmp_path, labels):
    head = "posting_id,title" + (",label_group" if labels else "")
    (tmp_path / "plain.csv").write_text(f"{head}\na,tea{labels}\nb,rice{labels}\n")
    result = evaluate(tmp_path / "plain.csv")
    assert result.exit_code == 2
    assert "has no labels to score against; add a column label_group" in result.stderr


def test_help_shows_an_example():
    assert "Example: samesku evaluate" in CliRunner().invoke(app, ["evaluate", "--help"]).output
