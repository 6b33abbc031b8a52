"""`samesku train-encoder`, what it leaves, and what `samesku evaluate` says of it."""

import json
import sys

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from samesku.cli import app

WORDS = [["susu", "kopi", "teh", "gula", "mie"], ["bebelac", "kapal", "sgm", "milo", "sasa"]]
NOISE = ["promo", "murah", "ready", "stock", "cod", "diskon"]
QUICK = (
    *("--epochs", 1, "--per-group", 3, "--batch", 24),
    *("--no-cache", "--no-export", "--hard", 0),
)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    rng = np.random.default_rng(0)
    rows = []
    for product in range(25):
        own = [WORDS[0][product % 5], WORDS[1][product // 5]]
        for offer in range(3):
            told = [word for word in own if rng.random() < 0.8]
            words = rng.permutation([*told, *rng.choice(NOISE, 2, replace=False)])
            rows.append((f"{product}-{offer}", " ".join(words), f"p{product}"))
    place = tmp_path_factory.mktemp("labelled") / "offers.csv"
    columns = ["posting_id", "title", "label_group"]
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(place)
    return place


@pytest.fixture(scope="module")
def base(labelled, tmp_path_factory):
    """A small BERT that has learned nothing."""
    pytest.importorskip("torch", reason="needs the extra train")
    pytest.importorskip("transformers", reason="needs the extra train")
    pytest.importorskip("pytorch_metric_learning", reason="needs the extra train")
    from research.from_nothing import new_base
    from samesku.training.settings import TrainingSettings

    titles, folder = pl.read_csv(labelled)["title"].to_list(), tmp_path_factory.mktemp("base")
    settings = TrainingSettings()
    return new_base("bert-tiny", "title", titles, folder, settings, language_epochs=0)


@pytest.fixture(scope="module")
def trained(labelled, base, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "mine"
    given = ("--base", base, "--out", out)
    result = run("train-encoder", "title", labelled, *given, "--folds", 2, *QUICK)
    assert result.exit_code == 0, result.output
    return out


def test_each_fold_has_an_encoder_that_never_saw_it(trained, labelled):
    folds = pl.read_csv(trained / "folds.csv")
    assert folds.height == 75
    labels = folds.join(pl.read_csv(labelled), on="posting_id")
    assert labels.group_by("label_group").agg(pl.col("split").n_unique())["split"].max() == 1
    for number in range(2):
        own = pl.read_csv(trained / f"fold-{number}" / "split.csv")
        held = own.filter(pl.col("split") == f"fold-{number}")["posting_id"]
        expected = folds.filter(pl.col("split") == f"fold-{number}")["posting_id"]
        assert sorted(held) == sorted(expected)
        card = json.loads((trained / f"fold-{number}" / "samesku_encoder.json").read_text())
        seen = card["trained_on"]["labelled_postings"] + card["chosen_on"]["labelled_postings"]
        assert seen == 75 - len(held)


def test_evaluate_warns_of_what_an_encoder_has_seen(trained, labelled):
    first = trained / "fold-0"
    common = ("--fusion", "union", "--defaults", "--no-cache", "-e", first)
    blind = run("evaluate", labelled, *common, "--split", first / "split.csv")
    assert blind.exit_code == 0, blind.output
    assert "flattered" not in blind.stderr
    seen = run("evaluate", labelled, *common, "--folds", 2)
    assert seen.exit_code == 0, seen.output
    assert "scored postings trained" in seen.stderr
    assert "its figures are flattered" in seen.stderr.replace("\n", " ")


def test_train_warns_of_what_an_encoder_has_seen(trained, labelled, tmp_path):
    common = ("--no-cache", "-e", "tfidf", "-e", trained / "fold-0")
    seen = run("train", labelled, *common, "--out", tmp_path / "model")
    assert seen.exit_code == 0, seen.output
    assert "scored postings trained" in seen.stderr


def test_broken_off_it_goes_on_with_the_fold_that_lacks(trained, base, labelled):
    (trained / "folds.csv").unlink()
    given = ("--base", base, "--out", trained)
    result = run("train-encoder", "title", labelled, *given, "--folds", 2, *QUICK)
    assert result.exit_code == 0, result.output
    assert "trained so before" in result.stderr.replace("\n", " ")
    assert (trained / "folds.csv").is_file()


def test_without_torch_one_line_says_what_to_install(labelled, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    base = ("--base", "some/model", "--out", tmp_path)
    result = run("train-encoder", "title", labelled, *base, *QUICK)
    assert result.exit_code == 4
    assert "uv add 'samesku[train]'" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--precision", "float8"), "bfloat16"),
        (("--batch", 4, "--per-group", 4), "ask for a larger batch"),
        (("--margin", 0.8, 0.2), "margins rise"),
    ],
)
def test_what_cannot_be_is_told_before_any_work(labelled, tmp_path, options, words):
    base = ("--base", "some/model", "--out", tmp_path / "out")
    result = run("train-encoder", "title", labelled, *base, *options)
    assert result.exit_code in (2, 3)
    assert words in result.stderr.replace("\n", " ")
    assert not (tmp_path / "out").exists()
