"""`samesku train`, and `samesku match --model` with what it wrote."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from samesku.cli import app

MODEL = ["model.json", "trees.onnx"]
KINDS = ["susu bubuk", "lampu led", "tas ransel", "sabun mandi", "kopi hitam", "botol minum"]
BRANDS = ["bebelo", "filipo", "ranselin", "wangi", "kapten", "tupper", "sinar", "mekar"]
BOASTS = ["promo", "original", "murah", "ready", "stock", "cod", "terlaris"]


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """48 products in two sizes; sellers leave words out, boast, and copy photos."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(96):
        kind, brand, size = number // 16, number // 2 % 8, 100 * (1 + number % 2)
        told = [BRANDS[brand], *KINDS[kind].split(), f"{size}g"]
        code = f"{rng.integers(2**63):016x}"
        for seller in range(4):
            words = [word for word in told if rng.random() < 0.85] or told
            words += list(rng.choice(BOASTS, rng.integers(0, 4), replace=False))
            photo = code if rng.random() < 0.4 else None
            rows.append((f"{number}-{seller}", " ".join(words), photo, f"p{number}"))
    path = tmp_path_factory.mktemp("labelled") / "offers.csv"
    columns = ["posting_id", "title", "image_phash", "label_group"]
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(path)
    return path


@pytest.fixture(scope="module")
def command(labelled, tmp_path_factory):
    """What `samesku train` said, and the folder it wrote."""
    out = tmp_path_factory.mktemp("train") / "model"
    return run("train", labelled, "--out", out, "--no-cache", "-k", 20), out


@pytest.fixture(scope="module")
def model(command):
    return command[1]


@pytest.fixture(scope="module")
def two(labelled, tmp_path_factory):
    """What it said as JSON of two catalogues and other encoders, and the folder it wrote."""
    folder = tmp_path_factory.mktemp("two")
    pl.read_csv(labelled, infer_schema=False).head(96).write_csv(folder / "other.csv")
    options = ("-e", "tfidf", "-e", "photo", "--no-cache", "-k", 20, "--json")
    return run("train", labelled, folder / "other.csv", "--out", folder / "m", *options), folder


def test_writes_a_model_and_tells_its_figures(command):
    result, out = command
    assert result.exit_code == 0, result.output
    assert names(out) == MODEL
    assert "F1 per posting" in result.stdout
    assert str(out) in result.stdout.replace("\n", "")


def test_the_card_tells_how_it_was_trained_and_how_good_it_is(model):
    card = json.loads((model / "model.json").read_text())["card"]
    assert card["encoders"] == ["tfidf", "phash", "signature"]
    told = card["trained_on"]
    assert (told["catalogue"], told["labelled_postings"]) == ("offers.csv", 384)
    assert (card["seed"], card["python"][:2]) == (0, "3.")
    value, low, high = told["figures_held_out"]["posting_f1"]
    assert 0.4 < low <= value <= high <= 1
    told = told["reliability_held_out"]
    assert 0 <= told["error"] < 0.1
    assert told["likely_pairs"] < told["pairs"]
    assert sum(each["pairs"] for each in told["bins"]) == told["pairs"]
    for each in told["bins"]:
        assert each["low"] <= each["predicted"] <= each["high"]
        assert each["observed"]["low"] <= each["observed"]["value"] <= each["observed"]["high"]


def test_match_judges_by_the_model(model, labelled, tmp_path):
    result = run("match", labelled, "--model", model, "--out", tmp_path, "--no-cache", "-k", 20)
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "run.json").read_text())
    head = json.loads((model / "model.json").read_text())
    assert (record["fusion"], record["threshold"]) == ("learned", head["threshold"])
    pairs = pl.read_parquet(tmp_path / "pairs.parquet")
    product = [pl.col(f"{side}_id").str.split("-").list.first() for side in ("left", "right")]
    assert pairs.height > 200
    assert pairs.select((product[0] == product[1]).mean()).item() > 0.8
    assert pairs["score"].drop_nulls().is_between(0, 1).all()


def test_match_may_leave_a_photo_encoder_out(model, labelled, tmp_path):
    options = ("--model", model, "--encoder", "tfidf", "--no-cache", "-k", 20)
    result = run("match", labelled, *options, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert pl.read_parquet(tmp_path / "pairs.parquet").height > 200


def test_match_without_the_text_encoder_says_what_to_do(model, labelled, tmp_path):
    options = ("--model", model, "--encoder", "phash", "--no-cache")
    result = run("match", labelled, *options, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "reads titles by tfidf" in result.stderr
    assert "add -e tfidf" in result.stderr.replace("\n", " ")
    assert not (tmp_path / "out" / "submission.csv").exists()


def test_too_few_labels_are_refused(tmp_path):
    text = "posting_id,title,label_group\na,susu 1kg,1\nb,susu 1 kg,1\nc,susu 2kg,\n"
    (tmp_path / "few.csv").write_text(text)
    result = run("train", tmp_path / "few.csv", "--out", tmp_path / "model", "--no-cache")
    assert result.exit_code == 3
    assert "training needs 50 of each" in result.stderr.replace("\n", " ")
    assert not (tmp_path / "model" / "model.json").exists()


def test_json_is_one_object_with_the_card_of_both_catalogues(two):
    result, folder = two
    summary = json.loads(result.stdout)
    assert summary["model"] == str(folder / "m")
    assert 0 < summary["threshold"] < 1
    assert summary["trained_on"]["figures_held_out"]["posting_f1"][0] > 0.3
    assert summary["trained_on"]["labelled_postings"] == 384
    assert [each["catalogue"] for each in summary["beside"]] == ["other.csv"]
    card = json.loads((folder / "m" / "model.json").read_text())["card"]
    assert summary.items() >= card.items()


def test_a_catalogue_beside_without_labels_is_refused(labelled, tmp_path):
    other = tmp_path / "other.csv"
    pl.read_csv(labelled, infer_schema=False).drop("label_group").write_csv(other)
    result = run("train", labelled, other, "--out", tmp_path / "model", "--no-cache")
    assert result.exit_code == 3
    assert "other.csv has no labels to train on" in " ".join(result.stderr.split())
    assert not (tmp_path / "model").exists()


WITHOUT_TREES = """
import json, sys
sys.modules["lightgbm"] = None
from typer.testing import CliRunner
from samesku.cli import app
done = [CliRunner().invoke(app, command) for command in json.loads(sys.argv[1])]
print(json.dumps([(each.exit_code, each.output) for each in done]))
"""


def test_without_the_extra_one_line_says_what_to_install(labelled, tmp_path):
    commands = [
        ["train", labelled],
        ["evaluate", labelled, "--fusion", "learned"],
        ["evaluate", *[labelled] * 4, "--leave-one-out"],
    ]
    given = [[*map(str, command), "--out", str(tmp_path / "out")] for command in commands]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TREES, json.dumps(given)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    for code, message in json.loads(done.stdout):
        assert code == 4
        assert "uv add 'samesku[trees]'" in message
        assert len(message.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_an_added_encoder_joins_those_of_the_model(two, labelled, tmp_path):
    options = ("-e", "+phash", "--out", tmp_path, "--no-cache")
    done = run("match", labelled, "--model", two[1] / "m", *options)
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "run.json").read_text())
    assert list(record["encoders"]) == ["tfidf", "photo", "phash"]
    assert record["source"]["encoders"] == ["tfidf", "photo", "+phash"]
