"""Text networks in ONNX: what they need of torch is nothing."""

import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from samesku import Cache, Matcher, read_catalog
from samesku.encoders import TextEncoder, encoders_by_name
from samesku.encoders.card import CARD, read_card
from samesku.encoders.onnx import OnnxText

pytest.importorskip("tokenizers", reason="needs the extra text")


def test_titles_become_unit_rows_whatever_their_batch(text_folder, titles):
    encoder = encoders_by_name([str(text_folder())])[0]
    assert isinstance(encoder, TextEncoder)
    assert encoder.name == "words"
    vectors = encoder.encode_titles([*titles, "", titles[0]])
    assert vectors.owner.tolist() == [0, 1, 2, 3, 4, 6]
    np.testing.assert_allclose(np.linalg.norm(vectors.rows, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(vectors.rows[0], vectors.rows[5])
    alone = encoder.encode_titles(titles[:1]).rows
    np.testing.assert_allclose(alone[0], vectors.rows[0], atol=1e-6)


def test_the_words_that_are_shared_decide(text_folder):
    rows = (
        encoders_by_name([str(text_folder())])[0]
        .encode_titles(["tas anak", "anak tas", "led"])
        .rows
    )
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)
    assert rows[0] @ rows[2] < 0.9


def test_titles_too_long_are_cut_and_told(text_folder, titles, long_title):
    encoder = encoders_by_name([str(text_folder(max_tokens=4))])[0]
    encoder.encode_titles([long_title, long_title, titles[3], titles[0]])
    told = "2 different titles are longer than the 4 tokens that words reads: cut"
    assert encoder.notes == [told]
    encoder.encode_titles(["tas"])
    assert encoder.notes == []


def test_the_run_tells_what_was_cut_also_when_it_was_kept(text_folder, tmp_path, long_title):
    offers = pl.DataFrame({"posting_id": ["a", "b"], "title": [long_title, "tas anak"]})
    encoder = encoders_by_name([str(text_folder())])[0]
    for _ in range(2):
        matcher = Matcher([encoder], cache=Cache(tmp_path / "cache"))
        notes = matcher.match(read_catalog(offers)).summary["notes"]
        assert notes == ["1 different titles are longer than the 16 tokens that words reads: cut"]


def test_the_prefix_and_the_filling_are_heeded(text_folder, titles):
    folder = text_folder()
    card = read_card(folder)

    def encoder(**changes):
        return OnnxText(folder / "model.onnx", replace(card, **changes), "words")

    plain = encoder()
    expected = plain.encode_titles(titles).rows
    filled = encoder(pad_to_limit=True, pad_left=True)
    np.testing.assert_allclose(filled.encode_titles(titles).rows, expected, atol=1e-6)
    prefixed = encoder(prefix="lampu ")
    expected = plain.encode_titles([f"lampu {title}" for title in titles]).rows
    np.testing.assert_allclose(prefixed.encode_titles(titles).rows, expected, atol=1e-6)
    assert len({each.fingerprint for each in (plain, filled, prefixed)}) == 3


def test_files_are_checked(text_folder):
    folder = text_folder()
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match=rf"tokenizer\.json is not the file that {CARD}"):
        encoders_by_name([str(folder)])[0]
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match=r"tokenizer\.json is missing: export"):
        encoders_by_name([str(folder)])[0]


def test_without_the_tokenizers_the_extra_is_named(text_folder, monkeypatch):
    folder = text_folder()
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"tokenizers is missing\): uv add 'samesku\[text\]'"
    ):
        encoders_by_name([str(folder)])[0]
