"""Networks from nothing: their own words, the language of the titles, resumable."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")

from research.from_nothing import new_base, train_tokenizer  # noqa: E402
from samesku.encoders.backbones import load_backbone  # noqa: E402
from samesku.runtime.progress import Progress  # noqa: E402
from samesku.training.settings import TrainingSettings  # noqa: E402

SETTINGS = TrainingSettings(batch=64)
BRANDS = ["bebelac", "dancow", "sgm", "milo", "filma", "kapal", "indomie", "sasa"]
THINGS = ["susu", "kopi", "teh", "gula", "mie"]
NOISE = ["promo", "murah", "original", "ready", "stock", "cod", "terlaris", "diskon", "gratis"]


@pytest.fixture(scope="module")
def titles():
    """160 titles of 40 products, by brand and thing, among words that say nothing."""
    rng = np.random.default_rng(0)
    own = [f"{thing} {brand}" for thing in THINGS for brand in BRANDS]
    return [f"{each} {' '.join(rng.choice(NOISE, 3))}" for each in own for _ in range(4)]


@pytest.fixture(scope="module")
def told():
    return Progress()


@pytest.fixture(scope="module")
def language(titles, told, tmp_path_factory):
    folder = tmp_path_factory.mktemp("language")
    return new_base("bert-tiny", "title", titles, folder, SETTINGS, told, language_epochs=2)


def test_a_title_network_is_loaded_as_any_other(language):
    backbone = load_backbone(language, "title")
    assert backbone.dimension == 64
    with torch.no_grad():
        assert backbone(backbone.prepare(["susu bebelac", "kopi"])).shape == (2, 64)


def test_guessing_words_becomes_easier(told):
    losses = [float(note.split("loss ")[1]) for note in told.notes if "loss" in note]
    assert len(losses) == 2
    assert losses[1] < losses[0]


def test_what_is_there_is_taken(language, titles):
    stamp = (language / "model.safetensors").stat().st_mtime_ns
    assert new_base("bert-tiny", "title", titles, language.parent, SETTINGS) == language
    assert (language / "model.safetensors").stat().st_mtime_ns == stamp


def test_the_tokeniser_knows_its_titles(titles):
    tokenizer = train_tokenizer(titles, 200)
    ids = tokenizer("susu bebelac promo")["input_ids"]
    words = tokenizer.convert_ids_to_tokens(ids)
    assert words == ["[CLS]", "susu", "bebelac", "promo", "[SEP]"]


def test_a_photo_network_begins_with_signals_that_do_not_fade(tmp_path):
    base = new_base("efficientnet-tiny", "photo", [], tmp_path, TrainingSettings())
    backbone = load_backbone(base, "photo").train()
    rng = np.random.default_rng(0)
    photos = list(rng.integers(0, 256, (4, 70, 70, 3), dtype=np.uint8))
    with torch.no_grad():
        features = backbone(backbone.prepare(photos))
    assert features.shape == (4, 320)
    assert float(features.std(dim=0).mean()) > 0.05


def test_the_seed_decides_the_first_weights(tmp_path):
    def first(folder, seed):
        settings = TrainingSettings(seed=seed)
        base = new_base("efficientnet-tiny", "photo", [], tmp_path / folder, settings)
        return (base / "model.safetensors").read_bytes()

    assert first("a", 0) == first("b", 0)
    assert first("a", 0) != first("c", 1)


@pytest.mark.parametrize(("name", "kind"), [("resnet", "photo"), ("bert-tiny", "photo")])
def test_what_is_not_there_is_told(name, kind, tmp_path):
    with pytest.raises(ValueError, match="choose from efficientnet-tiny"):
        new_base(name, kind, [], tmp_path, TrainingSettings())


def test_clip_does_not_start_from_nothing(tmp_path):
    with pytest.raises(ValueError, match="give a pretrained one"):
        new_base("clip", "clip", [], tmp_path, TrainingSettings())
