"""`samesku encoders`, `samesku export-encoder`, and `--encoder` with what they tell of."""

import json

import pytest
from typer.testing import CliRunner

from samesku.cli import app
from samesku.cli.encoders import LISTED
from samesku.encoders import BY_NAME


def run(*arguments, columns=200):
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, [str(each) for each in arguments])


def test_encoders_are_listed_with_what_they_are_good_for():
    done = run("encoders", columns=80)
    assert done.exit_code == 0
    said = " ".join(done.output.split())
    for model in LISTED["model"]:
        assert model["encoder"] in said
        assert f"{model['licence']}: {model['good_for']}" in said
    for name in BY_NAME:
        assert f"\n{name} " in done.output
    assert "uv add 'samesku[train]'" in said
    assert "download the model elsewhere and give its folder" in said


@pytest.fixture
def bert(tmp_path):
    """A tiny BERT of letters, as its maker would save it."""
    pytest.importorskip("torch", reason="needs the extra train")
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    letters = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"abcdefghijklmnopqrstuvwxyz0123456789",
    ]
    letters += [f"##{letter}" for letter in letters[5:]]
    vocabulary = {letter: place for place, letter in enumerate(letters)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]"
    ).save_pretrained(tmp_path / "bert")
    config = transformers.BertConfig(
        vocab_size=len(letters), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=24,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(tmp_path / "bert")
    return tmp_path / "bert"


def test_a_model_is_exported_and_used(bert, tmp_path):
    offers = tmp_path / "offers.csv"
    offers.write_text("posting_id,title\na,susu bebelo 400g\nb,bebelo susu 400 gram\nc,lampu\n")
    out = tmp_path / "small"
    done = run("export-encoder", bert, "--out", out, "--catalogue", offers, "--int8")
    assert done.exit_code == 0, done.output
    assert "model.int8.onnx" in done.output
    assert f"--encoder {out}" in done.output
    matched = run("match", offers, "-e", out, "--out", tmp_path / "result", "--no-cache")
    assert matched.exit_code == 0, matched.output
    record = json.loads((tmp_path / "result" / "run.json").read_text())
    assert record["encoders"]["small"]["postings"] == 3


def test_it_is_compared_on_a_drawn_marketplace_unless_told(bert, tmp_path):
    done = run("export-encoder", bert, "--out", tmp_path / "small", "--pooling", "cls", "-q")
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "small" / "samesku_encoder.json").read_text())
    assert told["pooling"] == "cls"
    assert told["parity_with_torch"]["model.onnx"]["compared"] == 64


def test_what_cannot_be_exported_is_told_in_words(bert, tmp_path):
    done = run("export-encoder", bert, "--out", tmp_path / "small", "--kind", "photo")
    assert done.exit_code == 3
    assert "of kind title, not photo" in done.output
    done = run("export-encoder", tmp_path / "gone", "--out", tmp_path / "small")
    assert done.exit_code == 3
    assert "is no folder with a model" in done.output
