"""Pretrained models as encoders, through torch."""

import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from samesku.encoders import PhotoEncoder, TextEncoder, encoders_by_name  # noqa: E402
from samesku.encoders.backbones import load_backbone, new_neck  # noqa: E402
from samesku.encoders.title_batches import unit_rows  # noqa: E402


def by_torch(folder, kind, items):
    backbone = load_backbone(folder, kind)
    with torch.inference_mode():
        return unit_rows(backbone(backbone.prepare(items)).numpy())


@pytest.mark.parametrize("family", ["bert", "xlm-roberta"])
def test_titles_through_a_model(tiny, titles, family):
    encoder = encoders_by_name([f"hf:{tiny(family)}"])[0]
    assert isinstance(encoder, TextEncoder)
    assert encoder.name == f"hf:tiny-{family}"
    vectors = encoder.encode_titles(["", *titles])
    assert vectors.owner.tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(vectors.rows, by_torch(tiny(family), "title", titles), atol=1e-5)


@pytest.mark.parametrize("family", ["efficientnet", "convnext", "dinov2", "siglip", "clip"])
def test_photos_through_a_model(tiny, photos, family):
    encoder = encoders_by_name([f"hf:{tiny(family)}"])[0]
    assert isinstance(encoder, PhotoEncoder)
    rows = encoder.embed([encoder.look(photo) for photo in photos])
    assert rows.shape[:2] == (len(photos), 1)
    np.testing.assert_allclose(rows[:, 0], by_torch(tiny(family), "photo", photos), atol=1e-4)
    assert encoder.informative(rows).all()


def test_sentence_transformers_folders_pool_as_they_say(sentence_transformer, tiny, titles):
    rows = encoders_by_name([f"hf:{sentence_transformer}"])[0].encode_titles(titles).rows
    backbone = load_backbone(tiny("bert"), "title", pooling="cls")
    with torch.inference_mode():
        inputs = {name: each[:, :12] for name, each in backbone.prepare(titles).items()}
        inputs["input_ids"][inputs["attention_mask"][:, -1] > 0, -1] = 3  # closed where cut
        expected = unit_rows(backbone(inputs).numpy())
    np.testing.assert_allclose(rows, expected, atol=1e-5)


def test_titles_cut_are_told(tiny, titles, long_title):
    encoder = encoders_by_name([f"hf:{tiny('bert')}"])[0]
    encoder.encode_titles([*titles, long_title])
    (note,) = encoder.notes
    assert note == "1 different titles are longer than the 40 tokens that hf:tiny-bert reads: cut"
    encoder.encode_titles(titles)
    assert encoder.notes == []


def test_the_fingerprint_follows_the_weights(tiny, tmp_path):
    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny("bert"), tmp_path / "tiny-bert")
    first = encoders_by_name([f"hf:{tiny('bert')}"])[0].fingerprint
    assert encoders_by_name([f"hf:{tmp_path / 'tiny-bert'}"])[0].fingerprint == first
    weights = load_file(tmp_path / "tiny-bert" / "model.safetensors")
    weights["embeddings.LayerNorm.bias"] += 1
    save_file(weights, tmp_path / "tiny-bert" / "model.safetensors", {"format": "pt"})
    assert encoders_by_name([f"hf:{tmp_path / 'tiny-bert'}"])[0].fingerprint != first


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(
    ("family", "kind", "pooling"),
    [
        ("bert", "title", "mean"), ("bert", "title", "last"), ("efficientnet", "photo", "gem"),
        ("convnext", "photo", None), ("dinov2", "photo", "mean"), ("siglip", "clip", None),
        ("clip", "clip", None),
    ],
)  # fmt: skip
def test_half_the_precision_makes_nearly_the_same(
    tiny, titles, photos, precision, family, kind, pooling
):
    for items in {"title": [titles], "photo": [photos], "clip": [titles, photos]}[kind]:
        backbone = load_backbone(tiny(family), kind, pooling=pooling)
        backbone.neck = new_neck(backbone.dimension, 12).eval()
        with torch.inference_mode():
            exact = backbone(backbone.prepare(items))
            rough = backbone.to(precision)(backbone.prepare(items))
        assert rough.dtype == torch.float32
        assert torch.cosine_similarity(exact, rough).min() > 0.99


def narrow(model, error):
    """Leaves a model's device room for three items; returns the sizes of the batches tried."""
    tried, rows = [], model.backbone.rows

    def with_little_room(inputs):
        tried.append(len(next(iter(inputs.values()))))
        if tried[-1] > 3:
            raise error
        return rows(inputs)

    model.backbone.rows = with_little_room
    return tried


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_too_much_for_memory_is_run_in_smaller_steps(tiny, titles, photos, error):
    (encoder,) = encoders_by_name([f"hf:{tiny('bert')}"])
    tried = narrow(encoder.model, error)
    rows = encoder.encode_titles(titles).rows
    assert tried == [5, 2, 3]
    np.testing.assert_allclose(rows, by_torch(tiny("bert"), "title", titles), atol=1e-5)
    (seeing,) = encoders_by_name([f"hf:{tiny('dinov2')}"])
    narrow(seeing.model, error)
    assert len(seeing.embed([seeing.look(photo) for photo in photos])) == len(photos)


def test_other_failures_are_not_hidden(tiny, titles):
    (encoder,) = encoders_by_name([f"hf:{tiny('bert')}"])
    narrow(encoder.model, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        encoder.encode_titles(titles)


def test_models_that_cannot_be_used_are_refused_at_once(tiny, tmp_path):
    with pytest.raises(ValueError, match="name what it is: hf:MODEL"):
        encoders_by_name(["hf:"])[0]
    with pytest.raises(ValueError, match="NaFlex"):
        encoders_by_name([f"hf:{tiny('naflex')}"])[0]
    shutil.copytree(tiny("bert"), tmp_path / "pickled")
    (tmp_path / "pickled" / "model.safetensors").rename(tmp_path / "pickled" / "model.bin")
    with pytest.raises(ValueError, match="pickled"):
        encoders_by_name([f"hf:{tmp_path / 'pickled'}"])[0]
