"""What a training adds to a network: it begins as it was, and saving memory changes nothing."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")

from research.from_nothing import new_base  # noqa: E402
from samesku.encoders.backbones import load_backbone  # noqa: E402
from samesku.training.heads import (  # noqa: E402
    attach_neck,
    bring_photos_to,
    photo_side,
    save_memory,
)
from samesku.training.settings import TrainingSettings  # noqa: E402

TITLES = ["susu bebelac", "kopi kapal 100g promo", "teh"]


@pytest.fixture(scope="module")
def convolutions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("efficientnet")
    return new_base("efficientnet-tiny", "photo", [], folder, TrainingSettings())


def photos(count=4):
    return list(np.random.default_rng(0).integers(0, 256, (count, 40, 50, 3), dtype=np.uint8))


def cosines(rows):
    unit = torch.nn.functional.normalize(rows)
    return unit @ unit.T


def test_a_neck_begins_without_changing_anything(small_bert):
    backbone = load_backbone(small_bert, "title")
    with torch.no_grad():
        before = backbone(backbone.prepare(TITLES))
        attach_neck(backbone)
        after = backbone(backbone.prepare(TITLES))
    torch.testing.assert_close(cosines(before), cosines(after))


def test_a_smaller_neck_nearly_keeps_the_angles(small_bert):
    backbone = load_backbone(small_bert, "title")
    with torch.no_grad():
        before = backbone(backbone.prepare(TITLES))
        attach_neck(backbone, 16)
        after = backbone(backbone.prepare(TITLES))
    assert after.shape == (3, 16)
    assert (cosines(before) - cosines(after)).abs().max() < 0.4


def test_a_neck_is_the_same_for_the_same_seed_and_stays(small_bert):
    first, second = (load_backbone(small_bert, "title") for _ in range(2))
    for backbone in (first, second):
        attach_neck(backbone, 8, seed=3)
    torch.testing.assert_close(first.neck[0].weight, second.neck[0].weight)
    kept = first.neck
    attach_neck(first)
    assert first.neck is kept


def test_photos_come_in_another_size(convolutions):
    backbone = load_backbone(convolutions, "photo")
    assert photo_side(backbone) == 64
    bring_photos_to(backbone, 32)
    assert photo_side(backbone) == 32
    assert backbone.prepare(photos(2))["pixel_values"].shape == (2, 3, 32, 32)
    assert backbone.card.photo["size"] == [32, 32]


@pytest.mark.parametrize("kind", ["title", "photo"])
def test_saving_memory_changes_nothing(kind, small_bert, convolutions):
    def learned(*, saving):
        torch.manual_seed(0)
        backbone = load_backbone(small_bert if kind == "title" else convolutions, kind)
        if kind == "photo":
            bring_photos_to(backbone, 32)
        if saving:
            save_memory(backbone)
        backbone.train()
        optimiser = torch.optim.SGD(backbone.parameters(), lr=0.1)
        inputs = backbone.prepare(TITLES if kind == "title" else photos())
        for _ in range(2):
            optimiser.zero_grad()
            torch.manual_seed(1)
            backbone(inputs).square().mean().backward()
            optimiser.step()
        return dict(backbone.named_parameters())

    with_less, with_more = learned(saving=True), learned(saving=False)
    assert with_less.keys() == with_more.keys()
    for name, value in with_less.items():
        torch.testing.assert_close(value, with_more[name], msg=name)


def test_activations_are_not_kept(convolutions):
    def kept(*, saving):
        backbone = load_backbone(convolutions, "photo")
        bring_photos_to(backbone, 32)
        if saving:
            save_memory(backbone)
        backbone.train()
        seen = set()

        def pack(tensor):
            seen.add((tensor.data_ptr(), tensor.numel()))
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            backbone(backbone.prepare(photos()))
        return sum(size for _, size in seen)

    assert kept(saving=True) < 0.7 * kept(saving=False)
