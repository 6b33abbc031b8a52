"""Networks in ONNX, of photos and of titles: what they need of torch is nothing."""

import json
import sys
from dataclasses import replace

import numpy as np
import onnx
import polars as pl
import pytest
from onnx import TensorProto, helper

from samesku import Cache, Matcher, read_catalog
from samesku.encoders import TextEncoder, encoders_by_name
from samesku.encoders.card import CARD, read_card
from samesku.encoders.onnx import Onnx, OnnxText
from samesku.encoders.photo_inputs import prepared

PLAIN = {"size": [4, 6], "mean": [0, 0, 0], "std": [1, 1, 1], "scale": 1.0}


def write(folder, nodes, takes, gives, settings=PLAIN, kind=TensorProto.FLOAT, constants=()):
    """Write a small network and its JSON."""
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("photo", kind, takes)],
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in gives],
        list(constants),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / "small.onnx"
    onnx.save(model, path)
    path.with_suffix(".json").write_text(json.dumps(settings))
    return path


def means(folder, settings=PLAIN, batch="n", kind=TensorProto.FLOAT):
    """A network that answers each colour's mean, (n, 3)."""
    node = helper.make_node("ReduceMean", ["photo"], ["means"], axes=[2, 3], keepdims=0)
    return write(folder, [node], [batch, 3, 4, 6], [("means", [batch, 3])], settings, kind)


def echo(folder, settings, layout=(3, 4, 6)):
    """A network that answers the photo itself."""
    node = helper.make_node("Identity", ["photo"], ["same"])
    return write(folder, [node], ["n", *layout], [("same", ["n", *layout])], settings)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


@pytest.fixture
def rgb():
    return np.random.default_rng(0).integers(1, 256, (9, 13, 3)).astype(np.uint8)


@pytest.mark.parametrize("batch", ["n", 1, 2])
@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16])
def test_rows_do_not_depend_on_the_batch_of_the_network(tmp_path, batch, kind):
    network = Onnx(means(tmp_path, batch=batch, kind=kind))
    photos = np.random.default_rng(0).random((5, 3, 4, 6)).astype(np.float32)
    rows = network.rows(photos)
    assert network.dimension == 3
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, unit(photos.mean((2, 3))), atol=2e-3)
    assert network.rows(photos[:0]).shape == (0, 3)


def test_prepare_scales_and_orders_colours(tmp_path):
    settings = {
        "size": [4, 6], "scale": 0.1, "mean": [1, 2, 3], "std": [2, 4, 5], "colour": "bgr"
    }  # fmt: skip
    network = Onnx(means(tmp_path, settings))
    planes = prepared(np.full((8, 8, 3), (10, 20, 30), dtype=np.uint8), network.input)
    assert planes.shape == (3, 4, 6)
    assert planes.dtype == np.float32
    expected = [(3 - 1) / 2, (2 - 2) / 4, (1 - 3) / 5]
    np.testing.assert_allclose(
        planes, np.broadcast_to(np.reshape(expected, (3, 1, 1)), (3, 4, 6)), atol=1e-6
    )


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_resize_modes(tmp_path, resize):
    network = Onnx(means(tmp_path, PLAIN | {"resize": resize}))
    photo = np.full((40, 240, 3), 200, dtype=np.uint8)
    photo[:, :80] = photo[:, 160:] = 100
    planes = prepared(photo, network.input)
    assert planes[0, 1, 3] > 150
    assert (planes[0, 1, 0] > 150) == (resize == "crop")  # the dark ends are cut off
    assert (planes[0, 0, 3] == 255) == (resize == "pad")


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 20000), (20000, 1)])
def test_extreme_shapes(tmp_path, resize, shape):
    network = Onnx(means(tmp_path, PLAIN | {"resize": resize}))
    planes = prepared(np.zeros((*shape, 3), dtype=np.uint8), network.input)
    assert np.isfinite(network.rows(planes[None])).all()


def test_pooling_of_positions(tmp_path, rgb):
    for pooling, power in (("mean", 1), ("gem", 3)):
        network = Onnx(echo(tmp_path, PLAIN | {"pooling": pooling}))
        planes = prepared(rgb, network.input)
        expected = ((planes.astype(float) ** power).mean((1, 2))) ** (1 / power)
        np.testing.assert_allclose(network.rows(planes[None])[0], unit(expected), atol=1e-5)


def test_channels_last(tmp_path, rgb):
    first = Onnx(echo(tmp_path, PLAIN | {"pooling": "mean"}))
    expected = first.rows(prepared(rgb, first.input)[None])
    last = Onnx(echo(tmp_path, PLAIN | {"pooling": "mean", "layout": "NHWC"}, (4, 6, 3)))
    np.testing.assert_allclose(last.rows(prepared(rgb, last.input)[None]), expected, atol=1e-6)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_pooling_of_tokens(tmp_path, rgb, pooling):
    shape = helper.make_tensor("shape", TensorProto.INT64, [3], [0, 3, 24])
    node = helper.make_node("Reshape", ["photo", "shape"], ["tokens"])
    settings = PLAIN | {"pooling": pooling}
    path = write(
        tmp_path, [node], ["n", 3, 4, 6], [("tokens", ["n", 3, 24])], settings, constants=[shape]
    )
    network = Onnx(path)
    planes = prepared(rgb, network.input)
    tokens = planes.reshape(3, 24)
    expected = tokens[0] if pooling == "cls" else tokens.mean(0)
    assert network.dimension == 24
    np.testing.assert_allclose(network.rows(planes[None])[0], unit(expected), atol=1e-5)


def test_output_by_name(tmp_path):
    nodes = [
        helper.make_node("Identity", ["photo"], ["map"]),
        helper.make_node("ReduceMax", ["photo"], ["peak"], axes=[2, 3], keepdims=0),
    ]
    gives = [("map", ["n", 3, 4, 6]), ("peak", ["n", 3])]
    path = write(tmp_path, nodes, ["n", 3, 4, 6], gives, PLAIN | {"output": "peak"})
    photos = np.random.default_rng(0).random((2, 3, 4, 6)).astype(np.float32)
    np.testing.assert_allclose(Onnx(path).rows(photos), unit(photos.max((2, 3))), atol=1e-5)
    write(tmp_path, nodes, ["n", 3, 4, 6], gives, PLAIN | {"output": "none"})
    with pytest.raises(ValueError, match="map, peak"):
        Onnx(path)


def test_settings_may_be_named_after_the_whole_file(tmp_path):
    path = means(tmp_path)
    path.with_suffix(".json").rename(tmp_path / "small.onnx.json")
    assert Onnx(path).input.size == (4, 6)


def test_digest_follows_file_and_meaning(tmp_path):
    path = means(tmp_path)
    first = Onnx(path).fingerprint
    path.with_suffix(".json").write_text(json.dumps(PLAIN, indent=4))
    assert Onnx(path).fingerprint == first
    path.with_suffix(".json").write_text(json.dumps(PLAIN | {"colour": "bgr"}))
    assert Onnx(path).fingerprint != first
    means(tmp_path, batch=1)
    assert Onnx(path).fingerprint != first


def test_files_are_checked(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.onnx is missing"):
        Onnx(tmp_path / "gone.onnx")
    path = means(tmp_path)
    path.with_suffix(".json").write_text("{")
    with pytest.raises(ValueError, match=r"small\.json is no JSON"):
        Onnx(path)
    path.with_suffix(".json").write_text("[]")
    with pytest.raises(ValueError, match=r"small\.json does not hold an object"):
        Onnx(path)
    path.with_suffix(".json").write_text("{}")
    with pytest.raises(ValueError, match=r'small\.json cannot be used: "size" is missing'):
        Onnx(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(ValueError, match=r"small\.onnx\.json is missing: write there"):
        Onnx(path)
    path.with_suffix(".json").write_text(json.dumps(PLAIN))
    path.write_bytes(b"no network")
    with pytest.raises(ValueError, match=r"small\.onnx is not a network"):
        Onnx(path)


def test_network_must_take_what_the_settings_say(tmp_path):
    with pytest.raises(ValueError, match='correct "size" or "layout"'):
        Onnx(means(tmp_path, PLAIN | {"size": [6, 4]}))
    with pytest.raises(ValueError, match='correct "size" or "layout"'):
        Onnx(means(tmp_path, PLAIN | {"layout": "NHWC"}))
    with pytest.raises(ValueError, match='set "pooling" to "none"'):
        Onnx(means(tmp_path, PLAIN | {"pooling": "gem"}))
    with pytest.raises(ValueError, match='set "pooling" to "mean" or "gem"'):
        Onnx(echo(tmp_path, PLAIN))


def test_batches_of_another_shape_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"small\.onnx cannot be run on photos"):
        Onnx(means(tmp_path)).rows(np.zeros((1, 3, 6, 4), dtype=np.float32))


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
    note = "2 different titles are longer than the 4 tokens that words reads: cut"
    assert encoder.notes == [note]
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


def test_files_of_a_text_network_are_checked(text_folder):
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
