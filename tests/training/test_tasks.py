"""Every kind and pooling learns in seconds to find offers of products that it never saw."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")
pytest.importorskip("pytorch_metric_learning", reason="needs the extra train")

from research.first_photos import FirstPhotos, FirstSettings  # noqa: E402
from research.from_nothing import new_base  # noqa: E402
from samesku.encoders.backbones import load_backbone  # noqa: E402
from samesku.training.encoder_loop import fit  # noqa: E402
from samesku.training.heads import attach_neck, bring_photos_to  # noqa: E402
from samesku.training.photo_shelf import PhotoShelf  # noqa: E402
from samesku.training.settings import TrainingSettings  # noqa: E402
from samesku.training.tasks import ClipTask, PhotoTask, Postings, TitleTask  # noqa: E402

# Strong steps for tiny networks; nothing is cut off photos that are all edge.
SETTINGS = {
    "epochs": 15,
    "batch": 32,
    "per_group": 4,
    "rate": 1e-2,
    "head_rate": 2e-2,
    "margin": (0.0, 0.3),
    "scale": 16.0,
    "hard": 0.0,
    "crop": 0.8,
    "flip": 0.0,
    "cutout": 0.0,
    "cutmix": 0.0,
}


def parts(catalog, *, photos):
    """Three of four products train; the others are held out."""
    shelf = PhotoShelf(catalog.photos, 40) if photos else None
    held = catalog.labels % 4 == 0

    def of(rows):
        titles = [catalog.normal_titles[row] for row in rows]
        return titles, () if shelf is None else shelf.take(rows)

    train, rest = np.flatnonzero(~held), np.flatnonzero(held)
    codes = np.unique(catalog.labels[train], return_inverse=True)[1].astype(np.int64)
    return Postings(codes, *of(train)), Postings(catalog.labels[rest], *of(rest))


def gain(task_kind, backbone, catalog, folder, *, photos, **changed):
    """Mean average precision on products that it never saw, before and after."""
    kind = FirstSettings if task_kind is FirstPhotos else TrainingSettings
    settings = kind(**{**SETTINGS, **changed})
    task = task_kind(backbone, *parts(catalog, photos=photos), settings)
    backbone.eval()
    with torch.inference_mode():
        before = task.validate()["mAP"]
    fit(task, settings, folder, "plan")
    with torch.inference_mode():
        return before, task.validate()["mAP"]


def test_titles_are_learned(small_bert, catalog, tmp_path):
    backbone = load_backbone(small_bert, "title")
    attach_neck(backbone)
    before, after = gain(TitleTask, backbone, catalog, tmp_path, photos=False)
    assert after > before + 0.15


@pytest.mark.parametrize("pooling", ["cls", "last", "pooler"])
def test_every_other_pooling_learns_titles(pooling, small_bert, catalog, tmp_path):
    backbone = load_backbone(small_bert, "title", pooling=pooling)
    attach_neck(backbone)
    before, after = gain(TitleTask, backbone, catalog, tmp_path, photos=False, epochs=30)
    assert after > before + 0.07


@pytest.mark.parametrize("pooling", ["mean", "gem", "cls", "pooler"])
def test_every_pooling_learns_photos(pooling, small_vit, catalog, tmp_path):
    backbone = load_backbone(small_vit, "photo", pooling=pooling)
    attach_neck(backbone)
    changed = {"rate": 3e-3, "views": 1, "frame": 0.0, "epochs": 25}
    before, after = gain(FirstPhotos, backbone, catalog, tmp_path, photos=True, **changed)
    assert after > before + 0.08


def test_an_efficientnet_learns_photos_cut_and_mixed(catalog, tmp_path):
    base = new_base("efficientnet-tiny", "photo", [], tmp_path, TrainingSettings())
    backbone = load_backbone(base, "photo", pooling="gem")
    bring_photos_to(backbone, 32)
    attach_neck(backbone, 32)
    changed = {"rate": 3e-3, "cutmix": 0.2, "cutout": 0.2, "views": 1, "frame": 0.0, "epochs": 30}
    before, after = gain(FirstPhotos, backbone, catalog, tmp_path, photos=True, **changed)
    assert after > before + 0.1


def test_titles_and_photos_learn_one_space(small_clip, catalog, tmp_path):
    backbone = load_backbone(small_clip, "clip")
    before, after = gain(ClipTask, backbone, catalog, tmp_path, photos=True, rate=5e-3)
    assert after > before + 0.1


def test_a_mixed_batch_tells_whose_patches_it_has(small_vit, catalog):
    backbone = load_backbone(small_vit, "photo")
    trained, held = parts(catalog, photos=True)
    task = PhotoTask(backbone, trained, held, TrainingSettings(**{**SETTINGS, "cutmix": 1.0}))
    rows = np.arange(0, 32, 4)
    inputs, own, others, share = task.prepare(rows, np.random.default_rng(1))
    plain = PhotoTask(backbone, trained, held, TrainingSettings(**SETTINGS))
    unmixed = plain.prepare(rows, np.random.default_rng(1))[0]["pixel_values"]
    kept = (inputs["pixel_values"] == unmixed).all(dim=1).float().mean()
    assert own.tolist() == trained.labels[rows].tolist()
    assert sorted(others.tolist()) == sorted(own.tolist())
    assert 0 < share < 1
    assert float(kept) == pytest.approx(share, abs=0.2)


def test_a_photo_shown_twice_differs_and_is_of_one_product(small_vit, catalog):
    settings = FirstSettings(**{**SETTINGS, "views": 2, "crop": 0.5})
    trained, held = parts(catalog, photos=True)
    task = FirstPhotos(load_backbone(small_vit, "photo"), trained, held, settings)
    inputs, labels, _, _ = task.prepare(np.arange(8), np.random.default_rng(0))
    first, second = inputs["pixel_values"][:8], inputs["pixel_values"][8:]
    assert labels.tolist() == 2 * trained.labels[:8].tolist()
    assert ((first != second).flatten(1).any(dim=1)).all()


def test_class_centres_are_drawn_by_the_seed(small_bert, catalog):
    def centres(seed):
        settings = TrainingSettings(**SETTINGS, seed=seed)
        task = TitleTask(
            load_backbone(small_bert, "title"), *parts(catalog, photos=False), settings
        )
        return task.loss_of.W

    torch.testing.assert_close(centres(1), centres(1))
    assert not torch.allclose(centres(1), centres(2))
