"""A folder as an encoder."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from samesku.encoders import encoders_by_name
from samesku.encoders.card import CARD, EncoderCard, read_card, write_card
from samesku.encoders.folder import encoders_in
from samesku.encoders.onnx import OnnxText


def means(place):
    """A network that answers each colour's mean."""
    node = helper.make_node("ReduceMean", ["pixel_values"], ["features"], axes=[2, 3], keepdims=0)
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in {"pixel_values": ["n", 3, 4, 4], "features": ["n", 3]}.items()
    ]
    graph = helper.make_graph([node], "means", values[:1], values[1:])
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), place)


@pytest.fixture
def photo_folder(tmp_path):
    folder = tmp_path / "colours"
    folder.mkdir()
    means(folder / "model.onnx")
    feeding = {"size": [4, 4], "mean": [0, 0, 0], "std": [1, 1, 1], "reduce": False}
    card = EncoderCard("photo", "mean", 3, photo=feeding)
    write_card(folder / CARD, card, {"model.onnx": folder / "model.onnx"})
    return folder


def test_a_photo_network_is_fed_as_its_card_says(photo_folder):
    (encoder,) = encoders_in(photo_folder)
    assert encoder.name == "colours"
    photo = np.full((9, 7, 3), (30, 0, 40), dtype=np.uint8)
    np.testing.assert_allclose(encoder.embed([encoder.look(photo)]), [[[0.6, 0, 0.8]]], atol=1e-6)


def test_the_smaller_network_is_taken_if_the_card_knows_it(photo_folder):
    (before,) = encoders_in(photo_folder)
    small = photo_folder / "model.int8.onnx"
    small.write_bytes((photo_folder / "model.onnx").read_bytes())
    (encoder,) = encoders_in(photo_folder)
    assert encoder.path.name == "model.onnx"  # the other is of a former export
    write_card(photo_folder / CARD, read_card(photo_folder), {small.name: small})
    (encoder,) = encoders_in(photo_folder)
    assert encoder.path == small
    assert encoder.fingerprint == before.fingerprint  # the same content


def test_names_are_told_by_the_folder_and_path(text_folder, photo_folder):
    names = [str(text_folder()), str(photo_folder)]
    assert [encoder.name for encoder in encoders_by_name(names)] == ["words", "colours"]


def test_two_networks_are_two_encoders(text_folder, tmp_path):
    folder = text_folder()
    (folder / "model.onnx").rename(folder / "title.onnx")
    means(folder / "photo.onnx")
    told = json.loads((folder / CARD).read_text())
    told |= {"kind": "clip", "photo": {"size": [4, 4]}, "files": {}}
    (folder / CARD).write_text(json.dumps(told))
    of_titles, of_photos = encoders_in(folder)
    assert isinstance(of_titles, OnnxText)
    assert (of_titles.name, of_photos.name) == ("words-title", "words-photo")
    (folder / "photo.onnx").unlink()
    with pytest.raises(ValueError, match=r"photo\.onnx is missing"):
        encoders_in(folder)


def test_what_was_changed_is_refused(photo_folder):
    means(photo_folder / "other")
    changed = (photo_folder / "other").read_bytes() + b"\x00"
    (photo_folder / "model.onnx").write_bytes(changed)
    with pytest.raises(ValueError, match=r"model\.onnx is not the file that samesku_encoder"):
        encoders_in(photo_folder)


def test_other_folders_are_refused(tmp_path, photo_folder):
    with pytest.raises(ValueError, match=r"is no encoder: it holds no samesku_encoder\.json"):
        encoders_by_name([str(tmp_path)])
    told = json.loads((photo_folder / CARD).read_text())
    (photo_folder / CARD).write_text(json.dumps(told | {"photo": None}))
    with pytest.raises(ValueError, match="does not say how photos are prepared"):
        encoders_in(photo_folder)


def test_without_onnx_the_weights_are_taken(tiny, tmp_path, titles):
    pytest.importorskip("torch", reason="needs the extra train")
    from samesku.encoders.backbones import load_backbone

    load_backbone(tiny("bert"), "title", pooling="cls").save(tmp_path / "mine")
    (encoder,) = encoders_by_name([str(tmp_path / "mine")])
    assert encoder.name == "mine"
    (plain,) = encoders_by_name([f"hf:{tiny('bert')}"])
    assert not np.allclose(encoder.encode_titles(titles).rows, plain.encode_titles(titles).rows)
    (tmp_path / "mine" / "model.safetensors").write_bytes(b"1")
    with pytest.raises(ValueError, match=r"model\.safetensors is not the file"):
        encoders_by_name([str(tmp_path / "mine")])
