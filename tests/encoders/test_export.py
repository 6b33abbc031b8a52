"""Networks in ONNX answer as torch does, or are not written."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from samesku.encoders import export  # noqa: E402
from samesku.encoders.backbones import load_backbone, new_neck  # noqa: E402
from samesku.encoders.card import CARD  # noqa: E402
from samesku.encoders.export import PARITY, export_encoder  # noqa: E402
from samesku.encoders.folder import encoders_in  # noqa: E402
from samesku.encoders.title_batches import unit_rows  # noqa: E402

FAMILIES = [
    ("bert", "title"), ("xlm-roberta", "title"), ("efficientnet", "photo"), ("convnext", "photo"),
    ("dinov2", "photo"), ("siglip", "clip"), ("clip", "clip"),
]  # fmt: skip


def features(backbone, items):
    with torch.inference_mode():
        return unit_rows(backbone(backbone.prepare(items)).numpy())


def vectors(encoder, titles, photos):
    if encoder.modality == "text":
        return encoder.encode_titles(titles).rows
    return encoder.embed([encoder.look(photo) for photo in photos])[:, 0]


@pytest.mark.parametrize(("family", "kind"), FAMILIES)
def test_every_family_answers_as_torch_does(
    tiny, tmp_path, titles, photos, long_title, family, kind
):
    backbone = load_backbone(tiny(family), kind)
    # Other titles and photos than those it is traced with and calibrated on.
    traced = [*titles[:2], "tas"], [photo[:, ::-1] for photo in photos]
    found = export_encoder(backbone, tmp_path, titles=traced[0], photos=traced[1], int8=True)
    parts = 2 if kind == "clip" else 1
    assert len(found) == 2 * parts
    told = json.loads((tmp_path / CARD).read_text())["parity_with_torch"]
    for each in found:
        assert told[each.network]["least"] == pytest.approx(each.least)
    asked = [*titles, long_title], photos
    for small, bar in ((True, PARITY["int8"]), (False, PARITY["float32"])):
        for encoder in encoders_in(tmp_path):
            ours = vectors(encoder, *asked)
            theirs = features(backbone, asked[0 if encoder.modality == "text" else 1])
            assert (ours * theirs).sum(axis=1).min() >= bar, (encoder.name, small)
        for network in tmp_path.glob("*.int8.onnx"):
            network.unlink()


def test_one_title_and_many_of_any_length_are_taken(tiny, tmp_path, titles, long_title):
    backbone = load_backbone(tiny("bert"), "title", pooling="last")
    export_encoder(backbone, tmp_path, titles=titles)
    (encoder,) = encoders_in(tmp_path)
    many = [" ".join(titles[: 1 + place % 5]) + f" {place}" for place in range(150)] + [long_title]
    np.testing.assert_allclose(
        encoder.encode_titles(many).rows, features(backbone, many), atol=1e-4
    )
    np.testing.assert_allclose(
        encoder.encode_titles(["tas"]).rows, features(backbone, ["tas"]), atol=1e-4
    )


def test_the_neck_and_what_the_card_told_go_along(tiny, tmp_path, titles):
    backbone = load_backbone(tiny("bert"), "title")
    backbone.neck = new_neck(backbone.dimension, 6).eval()
    backbone.save(tmp_path / "mine", {"trained_on": {"sample": "ab"}})
    again = load_backbone(tmp_path / "mine", "title")
    export_encoder(again, tmp_path / "small", titles=titles)
    told = json.loads((tmp_path / "small" / CARD).read_text())
    assert told["dimension"] == 6
    assert told["base"] == "tiny-bert"
    assert told["trained_on"] == {"sample": "ab"}
    assert sorted(told["files"]) == ["model.onnx", "tokenizer.json"]
    (encoder,) = encoders_in(tmp_path / "small")
    np.testing.assert_allclose(
        encoder.encode_titles(titles).rows, features(backbone, titles), atol=1e-4
    )


def test_a_network_that_answers_otherwise_is_not_written(tiny, tmp_path, titles, monkeypatch):
    backbone = load_backbone(tiny("bert"), "title")
    monkeypatch.setitem(PARITY, "float32", 1.1)
    with pytest.raises(ValueError, match=r"model\.onnx answers unlike torch: .* nothing was writ"):
        export_encoder(backbone, tmp_path / "out", titles=titles)
    assert not (tmp_path / "out").exists()


def test_where_seven_bits_are_too_coarse_eight_are_taken(tiny, tmp_path, photos, monkeypatch):
    backbone = load_backbone(tiny("convnext"), "photo")
    *_, narrow = export_encoder(backbone, tmp_path / "out", photos=photos, int8=True)
    assert narrow.way == "seven-bit"
    with monkeypatch.context() as alone:
        alone.setattr(export, "WAYS", ("eight-bit",))
        alone.setitem(PARITY, "int8", 0.0)
        *_, wide = export_encoder(backbone, tmp_path / "wide", photos=photos, int8=True)
    # Without VNNI a processor adds products of eight bits with saturation: they are worse.
    if wide.least > narrow.least:
        monkeypatch.setitem(PARITY, "int8", narrow.least + 1e-6)
        *_, small = export_encoder(backbone, tmp_path / "out", photos=photos, int8=True)
        assert small.way == "eight-bit"
    monkeypatch.setitem(PARITY, "int8", 1.1)
    with pytest.raises(ValueError, match=r"model\.int8\.onnx answers unlike torch.* --int8"):
        export_encoder(backbone, tmp_path / "other", photos=photos, int8=True)
    assert not (tmp_path / "other").exists()


def test_there_must_be_something_to_compare_on(tiny, tmp_path, titles):
    with pytest.raises(ValueError, match="give a few photos"):
        export_encoder(load_backbone(tiny("clip"), "clip"), tmp_path, titles=titles)
    with pytest.raises(ValueError, match="give a few titles"):
        export_encoder(load_backbone(tiny("bert"), "title"), tmp_path)
