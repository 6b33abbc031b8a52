"""From a catalogue to the folder of an encoder, its card, and what it says of itself."""

import json

import numpy as np
import polars as pl
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")
pytest.importorskip("pytorch_metric_learning", reason="needs the extra train")

from samesku import Matcher, read_catalog  # noqa: E402
from samesku.catalog.splits import Split, group_folds  # noqa: E402
from samesku.encoders.folder import encoders_in  # noqa: E402
from samesku.results.record import seen_in_training  # noqa: E402
from samesku.runtime.progress import Progress  # noqa: E402
from samesku.training.settings import TrainingSettings  # noqa: E402
from samesku.training.train_encoder import UNFINISHED, train_encoder  # noqa: E402

SETTINGS = TrainingSettings(
    epochs=15, rate=1e-2, head_rate=2e-2, margin=(0.0, 0.3), scale=16.0, per_group=4, hard=0.3
)


@pytest.fixture(scope="module")
def split(catalog):
    first = group_folds(catalog, 4)[0]
    return Split("validation", first.train, first.test)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("encoders") / "my-titles"


@pytest.fixture(scope="module")
def card(catalog, small_bert, split, out):
    return train_encoder(catalog, "title", small_bert, out, SETTINGS, split=split)


def test_the_folder_is_an_encoder_at_once(card, out, catalog):
    (encoder,) = encoders_in(out)
    assert encoder.name == "my-titles"
    assert (out / "model.onnx").is_file()
    matches = Matcher([encoder], "union").match(catalog)
    assert len(matches.clusters) == len(catalog)


def test_it_finds_offers_better_than_its_start(card):
    gain = card["figures"]["gain_over"]["start"]["mAP"]
    assert gain[0] > 0.1
    assert gain[1] < gain[0] < gain[2]
    assert set(card["figures"]["of"]) == {"trained", "start", "tfidf"}


def test_the_card_tells_what_was_done(card, out, catalog, split):
    written = json.loads((out / "samesku_encoder.json").read_text())
    assert written["kind"] == "title"
    assert written["settings"]["epochs"] == 15
    assert written["best_epoch"] == card["best_epoch"]
    assert written["parity_with_torch"]["model.onnx"]["least"] > 0.999
    assert seen_in_training(written, catalog.take(split.train)) == len(split.train)
    assert seen_in_training(written, catalog.take(split.test)) == 0
    assert seen_in_training({"trained_on": written["chosen_on"]}, catalog.take(split.test)) == len(
        split.test
    )


def test_the_readme_has_the_figures(card, out):
    text = (out / "README.md").read_text()
    of = card["figures"]["of"]["trained"]
    for figure in (of["f1"][0], of["mAP"][0]):
        assert f"{figure:.4f}" in text
    assert f"{card['trained_on']['labelled_postings']} labelled postings" in text
    assert "## Limits" in text


def test_nothing_unfinished_is_left(card, out):
    assert not (out / UNFINISHED).exists()
    assert not list(out.glob(".unfinished*"))


def test_what_is_finished_is_not_done_again(card, catalog, small_bert, split, out):
    stamp = (out / "model.safetensors").stat().st_mtime_ns
    progress = Progress()
    again = train_encoder(
        catalog, "title", small_bert, out, SETTINGS, split=split, progress=progress
    )
    assert again["figures"] == card["figures"]
    assert (out / "model.safetensors").stat().st_mtime_ns == stamp
    assert any("trained so before" in note for note in progress.notes)


def test_photos_are_trained_and_broken_ones_left_out(shop, small_vit, tmp_path):
    frame = pl.read_csv(shop)
    for name in frame["image"]:
        (tmp_path / name).write_bytes((shop.parent / "images" / name).read_bytes())
    (tmp_path / frame["image"][0]).write_bytes(b"no photo")
    catalog = read_catalog(frame, photos=tmp_path)
    rows = np.arange(160)
    progress = Progress()
    card = train_encoder(
        catalog,
        "photo",
        small_vit,
        tmp_path / "out",
        TrainingSettings(epochs=1, hard=0.0, per_group=4),
        split=Split("none", rows, np.empty(0, np.int64)),
        export=False,
        progress=progress,
    )
    assert card["trained_on"]["labelled_postings"] == 159
    assert card["figures"] is None
    assert card["chosen_on"] is None
    assert any("1 photos cannot be decoded" in note for note in progress.notes)
    assert "nothing is known" in (tmp_path / "out" / "README.md").read_text()


def test_titles_and_photos_of_one_space_give_two_encoders(catalog, small_clip, split, tmp_path):
    settings = TrainingSettings(epochs=1, hard=0.0, per_group=4, rate=1e-3)
    out = tmp_path / "both"
    train_encoder(catalog, "clip", small_clip, out, settings, split=split, export=False)
    assert [encoder.modality for encoder in encoders_in(out)] == ["text", "photo"]


@pytest.mark.parametrize("labels", [["a", "a", "a"], ["a", "b", "c"]])
def test_nothing_to_learn_from_is_told(labels, small_bert, tmp_path):
    table = {"posting_id": ["1", "2", "3"], "title": ["x", "y", "z"], "label_group": labels}
    catalog = read_catalog(pl.DataFrame(table))
    split = Split("none", np.arange(3), np.empty(0, np.int64))
    with pytest.raises(ValueError, match="two products and more"):
        train_encoder(catalog, "title", small_bert, tmp_path, SETTINGS, split=split)


def test_a_base_that_is_not_there_is_told(catalog, split, tmp_path):
    with pytest.raises(ValueError, match="no folder with a model"):
        train_encoder(catalog, "title", "/nowhere/at/all", tmp_path, SETTINGS, split=split)
