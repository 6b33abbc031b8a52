import json
import re
import shutil

import polars as pl
import pytest
from typer.testing import CliRunner

from samesku import read_catalog
from samesku.cli import app
from samesku.cli.reading import seen_by_encoders
from samesku.encoders.card import CARD, EncoderCard, write_card
from samesku.results.record import training_record

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


def test_figures_of_many_fusions_are_shown_whole(labelled, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    result = evaluate(labelled, "--folds", 2, "--defaults")
    assert result.exit_code == 0, result.output
    assert "\u2026" not in result.stdout
    found = r"(1\.0000|0\.\d{4}) +" * 3
    assert re.search(rf"F1 per posting +{found}", result.stdout)
    assert re.search(r"^ +" + r"\((1\.000|\.\d{3})-(1\.000|\.\d{3})\) +" * 3, result.stdout, re.M)


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


def test_an_encoder_that_was_trained_on_scored_postings_is_told(labelled, tmp_path):
    catalog = read_catalog(labelled)
    known = {"trained_on": training_record(catalog)}
    write_card(tmp_path / CARD, EncoderCard("title", "mean", 3, more=known))
    (told,) = seen_by_encoders(["tfidf", str(tmp_path)], catalog)
    assert told.startswith("about 24 of the 24 scored postings trained")
    assert "flattered" in told
    other = read_catalog(pl.DataFrame({"posting_id": ["x"], "title": ["y"], "label_group": ["1"]}))
    assert list(seen_by_encoders([str(tmp_path)], other)) == []


def test_the_others_are_compared_with_the_first(labelled, tmp_path):
    fusions = ("--fusion", "concat", "--fusion", "union")
    result = evaluate(labelled, "--folds", 2, *fusions, "--out", tmp_path / "score")
    assert result.exit_code == 0, result.output
    assert "compared with concat, whole catalogue (paired 95% intervals)" in result.stdout
    written = json.loads((tmp_path / "score" / "evaluation.json").read_text())
    assert written["compared_with"] == "concat"
    gain = written["results"][2]["differences"]["posting_f1"]
    assert f"{gain['value']:+.4f}" in result.stdout
    alone = evaluate(labelled, "--folds", 2, "--fusion", "union")
    assert "compared with" not in alone.stdout


def words_of(text):
    return " ".join(text.split())


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A folder of a model, and the catalogue that trained it: 60 products of three offers."""
    folder = tmp_path_factory.mktemp("trained")
    lines = ["posting_id,title,label_group"]
    for product in range(60):
        brand, size = BRANDS[product % 8], 100 + product
        for way in ("", " promo", " original murah"):
            lines.append(f"q{len(lines)},{brand} {product % 7} {size}g{way},g{product}")
    (folder / "offers.csv").write_text("\n".join(lines) + "\n")
    options = ["--out", str(folder / "mine"), "-e", "tfidf", "--no-cache", "--quiet"]
    result = CliRunner().invoke(app, ["train", str(folder / "offers.csv"), *options])
    assert (result.exit_code, result.output) == (0, "")  # quiet
    return folder / "mine", folder / "offers.csv"


def test_models_stand_beside_the_fusions_as_they_are(model, labelled, tmp_path):
    options = ("--folds", 2, "--fusion", "union", "-e", "tfidf", "--out", tmp_path / "score")
    shown = evaluate(labelled, *options, "--same", "colour")
    assert shown.exit_code == 2
    assert "add --shipped or --model FOLDER" in shown.stderr
    result = evaluate(labelled, *options, "--shipped", "--model", model[0], "--same", "colour")
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "score" / "evaluation.json").read_text())
    names = [each["fusion"] for each in written["results"]]
    assert names[::2] == names[1::2] == ["union", "shipped", "mine"]
    assert [each["scored_seen"] for each in written["models"]] == [0, 0]
    assert "colour" in written["models"][1]["same"]
    line = json.loads((model[0] / "model.json").read_text())["threshold"]
    assert {each["threshold"] for each in written["chosen"] if each["fusion"] == "mine"} == {line}
    assert "trained it" not in words_of(result.stderr)
    assert "mine, predicted and observed probabilities" in result.stdout
    told = written["results"][-1]["reliability"]
    assert sum(each["pairs"] for each in told["bins"]) == told["pairs"] > 0
    assert written["results"][0]["reliability"] is None


def test_a_model_on_its_own_training_is_marked_and_told(model, tmp_path):
    folder, trained_on = model
    options = ("--folds", 2, "--fusion", "union", "-e", "tfidf", "--out", tmp_path / "score")
    result = evaluate(trained_on, *options, "--model", folder)
    assert result.exit_code == 0, result.output
    assert "about 180 of the 180 scored postings trained it" in words_of(result.stderr)
    assert "mine*" in result.stdout
    assert "* trained on scored postings" in words_of(result.stdout)
    written = json.loads((tmp_path / "score" / "evaluation.json").read_text())
    assert written["models"][0]["scored_seen"] == 180
    assert any(note.startswith("mine: about 180") for note in written["notes"])


def test_models_of_one_name_are_told_apart(model, labelled, tmp_path):
    twin = tmp_path / "mine"
    shutil.copytree(model[0], twin)
    options = ("--folds", 2, "--fusion", "union", "-e", "tfidf", "--out", tmp_path / "score")
    result = evaluate(labelled, *options, "--model", model[0], "--model", twin)
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "score" / "evaluation.json").read_text())
    names = list(dict.fromkeys(each["fusion"] for each in written["results"]))
    assert names == ["union", str(model[0].resolve()), str(twin.resolve())]


def test_a_folder_that_holds_no_model_is_told_before_the_work(labelled, tmp_path):
    result = evaluate(labelled, "--model", tmp_path)
    assert result.exit_code == 3
    assert "holds no model" in result.stderr
    assert "Read" not in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--folds", "9"], "cannot make 9 folds; ask for fewer folds"),
        (["--folds", "1"], "--folds"),
        (["--fusion", "magic"], "there is no fusion 'magic'; choose one of union"),
        (["--split", "nowhere.csv"], "nowhere.csv cannot be used"),
        (
            ["--leave-one-out", "--shipped", "--fusion", "union", "--same", "size", "--folds", "3"],
            "--leave-one-out takes no --fusion, --shipped, --same, --folds: leave it out",
        ),
    ],
)
def test_options_that_cannot_be_are_told_in_words(labelled, options, said):
    result = evaluate(labelled, *options)
    assert result.exit_code in (2, 3)
    assert said in " ".join(result.stderr.split())


def test_an_output_that_cannot_be_written_is_told_before_the_work(labelled):
    result = evaluate(labelled, "--folds", 2, "--out", labelled)
    assert result.exit_code == 3
    assert "is a file; name a folder for the output" in result.stderr
    assert result.stdout == ""


def test_json_is_one_object_with_the_figures(labelled):
    found = json.loads(evaluate(labelled, "--folds", 2, "--fusion", "union", "--json").stdout)
    figures = [each["figures"] for each in found["results"] if each["fusion"] == "union"]
    assert len(figures) == 2
    assert 0 < figures[0]["posting_f1"]["value"] <= 1
