"""Where a model comes from."""

from pathlib import Path

import pytest

from samesku.encoders.model_files import digest_of, find_model, weights_of


def test_a_folder_is_taken_as_it_is(tmp_path):
    assert find_model(tmp_path) == tmp_path
    assert find_model(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("place", ["{}/gone", "./gone", "a/b/c", "{}/file"])
def test_a_path_is_not_looked_for_on_the_hub(tmp_path, place):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is no folder with a model"):
        find_model(place.format(tmp_path))


@pytest.fixture
def no_way_out(monkeypatch, tmp_path):
    """The hub is a port that nobody listens on, its cache is empty."""
    pytest.importorskip("transformers", reason="needs the extra train")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("no_way_out")
def test_a_hub_out_of_reach_is_told_in_one_line():
    said = r"^cannot reach the hub for some/model: .* its folder: --encoder hf:PATH$"
    with pytest.raises(ValueError, match=said):
        find_model("some/model")
    with pytest.raises(ValueError, match=said):
        find_model("some/model@main")


@pytest.mark.usefixtures("no_way_out")
def test_what_was_fetched_once_is_there_without_the_hub(tmp_path):
    fetched = tmp_path / "cache" / "models--some--kept"
    place = fetched / "snapshots" / ("0" * 40)
    place.mkdir(parents=True)
    (place / "config.json").write_text("{}")
    (fetched / "refs").mkdir()
    (fetched / "refs" / "main").write_text("0" * 40)
    assert Path(find_model("some/kept")).resolve() == place


def test_pickled_weights_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"holds no model\.safetensors"):
        weights_of(tmp_path)
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(ValueError, match="is pickled, which can run code"):
        weights_of(tmp_path)
    (tmp_path / "model.safetensors").touch()
    assert [path.name for path in weights_of(tmp_path)] == ["model.safetensors"]


def test_a_digest_follows_contents_and_order(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    assert digest_of([first, second]) == digest_of([first, second])
    assert digest_of([first, second]) != digest_of([second, first])
    before = digest_of([first])
    first.write_bytes(b"3")
    assert digest_of([first]) != before
