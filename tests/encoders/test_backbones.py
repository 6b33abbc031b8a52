"""Pretrained networks as one torch module each."""

import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from samesku.encoders.backbones import load_backbone, new_neck  # noqa: E402
from samesku.encoders.card import read_card  # noqa: E402

TITLE = ["bert", "xlm-roberta"]
PHOTO = ["efficientnet", "convnext", "dinov2", "siglip", "clip"]
CLIP = ["siglip", "clip"]


def features(backbone, items):
    with torch.inference_mode():
        return backbone(backbone.prepare(items)).numpy()


@pytest.mark.parametrize("family", TITLE)
@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_a_title_does_not_depend_on_the_others_of_its_batch(tiny, titles, family, pooling):
    backbone = load_backbone(tiny(family), "title", pooling=pooling)
    together = features(backbone, titles)
    assert together.shape == (len(titles), backbone.dimension)
    assert together.dtype == np.float32
    for title, row in zip(titles, together, strict=True):
        np.testing.assert_allclose(features(backbone, [title])[0], row, atol=1e-5)


def test_title_poolings_are_what_they_are_called(tiny, titles):
    plain = load_backbone(tiny("bert"), "title")
    inputs = plain.prepare(titles[:1])
    with torch.inference_mode():
        tokens = plain.model(**inputs).last_hidden_state[0].numpy()
    expected = {"mean": tokens.mean(0), "cls": tokens[0], "last": tokens[-1]}
    for pooling, row in expected.items():
        backbone = load_backbone(tiny("bert"), "title", pooling=pooling)
        np.testing.assert_allclose(features(backbone, titles[:1])[0], row, atol=1e-5)


def test_long_titles_are_cut_and_counted(tiny, titles, long_title):
    backbone = load_backbone(tiny("bert"), "title")
    inputs = backbone.prepare([*titles, long_title])
    assert inputs["input_ids"].shape[1] == 40
    assert inputs["input_ids"][-1, -1] == 3  # the closing token is kept
    assert backbone.truncated == 1
    backbone.prepare([long_title])
    assert backbone.truncated == 2


def test_a_tokenizer_of_python_alone_counts_what_it_cuts(tiny, titles):
    import transformers

    backbone = load_backbone(tiny("bert"), "title")
    backbone.tokenizer = transformers.CanineTokenizer()
    backbone.prepare([*titles, "x" * 38, "x" * 39])
    assert backbone.truncated == 1


@pytest.mark.parametrize("family", PHOTO)
def test_photos_of_any_shape_make_a_row_each(tiny, photos, family):
    backbone = load_backbone(tiny(family), "photo")
    rows = features(backbone, [*photos, np.full((1, 900, 3), 90, np.uint8)])
    assert rows.shape == (len(photos) + 1, backbone.dimension)
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(features(backbone, photos[:1])[0], rows[0], atol=1e-4)


@pytest.mark.parametrize(("family", "leading"), [("efficientnet", 0), ("dinov2", 1)])
def test_photo_poolings_are_what_they_are_called(tiny, photos, family, leading):
    plain = load_backbone(tiny(family), "photo")
    with torch.inference_mode():
        answer = plain.model(**plain.prepare(photos[:1])).last_hidden_state[0].numpy()
    places = answer.reshape(len(answer), -1).T if answer.ndim == 3 else answer[leading:]
    powers = np.maximum(places, 1e-6).astype(np.float64) ** 3
    expected = {"mean": places.mean(0), "gem": powers.mean(0) ** (1 / 3)}
    for pooling, row in expected.items():
        backbone = load_backbone(tiny(family), "photo", pooling=pooling)
        np.testing.assert_allclose(features(backbone, photos[:1])[0], row, atol=1e-4)


def test_a_network_without_class_token_cannot_be_pooled_by_it(tiny, photos):
    with pytest.raises(ValueError, match="has no class token"):
        features(load_backbone(tiny("convnext"), "photo", pooling="cls"), photos[:1])


@pytest.mark.parametrize("family", CLIP)
def test_clip_has_one_space_for_titles_and_photos(tiny, titles, photos, family):
    backbone = load_backbone(tiny(family), "clip")
    with torch.inference_mode():
        of_titles = backbone(backbone.prepare(titles))
        of_photos = backbone(backbone.prepare(photos))
    assert of_titles.shape == (len(titles), backbone.dimension)
    assert of_photos.shape == (len(photos), backbone.dimension)
    np.testing.assert_array_equal(of_titles, features(backbone, titles))
    np.testing.assert_array_equal(of_photos, features(backbone, photos))


@pytest.mark.parametrize(
    ("family", "kind"), [("bert", "title"), ("dinov2", "photo"), ("clip", "clip")]
)
def test_what_is_saved_loads_as_it_was(tiny, tmp_path, titles, photos, family, kind):
    backbone = load_backbone(tiny(family), kind)
    backbone.neck = new_neck(backbone.dimension, 12).eval()
    backbone.save(tmp_path / "mine", {"figures": {"f1": 0.5}})
    again = load_backbone(tmp_path / "mine", kind)
    assert again.dimension == 12
    items = photos if kind == "photo" else titles
    np.testing.assert_array_equal(features(again, items), features(backbone, items))
    card = read_card(tmp_path / "mine")
    assert (card.kind, card.base, card.dimension) == (kind, f"tiny-{family}", 12)
    assert card.more == {"figures": {"f1": 0.5}}
    assert {"model.safetensors", "head.safetensors", "config.json"} <= set(card.files)
    again.save(tmp_path / "second")
    assert read_card(tmp_path / "second").base == f"tiny-{family}"
    assert read_card(tmp_path / "second").more == {"figures": {"f1": 0.5}}


def test_nothing_half_written_is_left(tiny, tmp_path, monkeypatch):
    backbone = load_backbone(tiny("bert"), "title")

    def fail(place):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backbone.tokenizer, "save_pretrained", fail)
    with pytest.raises(OSError, match="No space left"):
        backbone.save(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_the_learned_pooler_is_kept_and_an_unlearned_one_is_not(tiny, tmp_path, titles):
    import transformers

    assert features(load_backbone(tiny("bert"), "title", pooling="pooler"), titles).shape[1] == 32
    config = transformers.BertConfig.from_pretrained(tiny("bert"))
    shutil.copytree(tiny("bert"), tmp_path / "plain")
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "plain")
    first, second = (load_backbone(tmp_path / "plain", "title") for _ in range(2))
    assert first.model.pooler is None
    np.testing.assert_array_equal(features(first, titles), features(second, titles))
    with pytest.raises(ValueError, match=r"lacks weights of its model, such as pooler\."):
        load_backbone(tmp_path / "plain", "title", pooling="pooler")


def test_models_that_are_not_whole_are_refused(tiny, tmp_path):
    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny("bert"), tmp_path / "part")
    weights = load_file(tmp_path / "part" / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, tmp_path / "part" / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"lacks weights .* encoder\.layer\.1\.output\.dense"):
        load_backbone(tmp_path / "part", "title")
    (tmp_path / "part" / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ValueError, match="cannot be loaded"):
        load_backbone(tmp_path / "part", "title")
