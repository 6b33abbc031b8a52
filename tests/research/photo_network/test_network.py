from dataclasses import replace
from random import Random

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from research.photo_network.export import write_network  # noqa: E402
from research.photo_network.finish import Head, join_head, last_head, whole_numbers  # noqa: E402
from research.photo_network.network import (  # noqa: E402
    Lessons,
    PhotoNetwork,
    Settings,
    as_input,
    embed_photos,
    fit_head,
    teach,
)
from research.photo_network.views import altered, altered_all, cut, scenes  # noqa: E402
from samesku.encoders.onnx import Onnx  # noqa: E402

SIDE = 32


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


@pytest.fixture(scope="module")
def photos():
    """Coarse patterns, two shades of each."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (6, 4, 4, 3)).astype(np.uint8)
    patterns = coarse.repeat(16, axis=1).repeat(16, axis=2)
    return np.concatenate([patterns, (patterns * 0.9).astype(np.uint8)])


@pytest.fixture
def network():
    torch.manual_seed(0)
    return PhotoNetwork(8)


def lessons(photos):
    rng = np.random.default_rng(1)
    targets = unit(rng.normal(size=(6, 8))).astype(np.float32)
    return Lessons(photos, np.tile(targets, (2, 1)), np.tile(np.arange(6), 2))


SETTINGS = Settings(
    steps=16, batch=12, size=SIDE, rate=2e-3, head_rate=5e-3, frozen=2, average=0.5, kept=0.0
)


def test_teaching_brings_rows_to_their_targets_and_is_repeatable(photos):
    given, nets, losses = lessons(photos), [], []
    for _ in range(2):
        torch.manual_seed(0)
        nets.append(PhotoNetwork(8))
        frozen = nets[-1].features[0][0].weight.clone()
        losses.append(list(teach(nets[-1], given, SETTINGS)))
        assert torch.equal(frozen, nets[-1].features[0][0].weight)
    assert np.mean(losses[0][-4:]) < 0.8 * np.mean(losses[0][:2])
    assert losses[0] == losses[1]
    assert all(
        torch.equal(one, other)
        for one, other in zip(nets[0].parameters(), nets[1].parameters(), strict=True)
    )


def test_what_is_kept_of_the_weights_before(photos):
    weights = []
    for kept in (1.0, 0.0, 0.5):
        torch.manual_seed(0)
        network = PhotoNetwork(8)
        before = network.head.weight.detach().clone()
        list(teach(network, lessons(photos), replace(SETTINGS, steps=3, kept=kept)))
        weights.append(network.head.weight.detach())
    assert torch.equal(weights[0], before)
    assert not torch.allclose(weights[1], before, atol=1e-4)
    torch.testing.assert_close(weights[2], (weights[0] + weights[1]) / 2)


def test_fitting_the_head_lies_between_regression_and_a_turn(network):
    rng = np.random.default_rng(2)
    pooled = unit(rng.normal(size=(3000, 1280))).astype(np.float32)
    truth = rng.normal(size=(1280, 8)).astype(np.float32)
    targets = unit(pooled @ truth).astype(np.float32)
    fits = []
    for pull in (1e-6, 1e6):
        fit_head(network, 5 * pooled, targets, pull)
        fits.append(network.head.weight.detach().numpy().T.copy())
    # Next to nothing drawn: the targets come back. All drawn: a turn keeps lengths.
    assert (unit(pooled @ fits[0]) * targets).sum(axis=1).min() > 0.95
    np.testing.assert_allclose(fits[1].T @ fits[1], np.eye(8), atol=1e-3)


def test_training_leaves_the_statistics_of_normalisation(network, photos):
    before = network.features[1].conv[0][1].running_mean.clone()
    network.train()
    network(as_input(photos[:, :SIDE, :SIDE]))
    assert torch.equal(before, network.features[1].conv[0][1].running_mean)


def test_onnx_agrees_with_torch_and_repeats_its_bytes(tmp_path, network, photos):
    one, other = tmp_path / "one.onnx", tmp_path / "other.onnx"
    write_network(network.eval(), one)
    write_network(network, other)
    assert one.read_bytes() == other.read_bytes()
    one.with_suffix(".json").write_text(
        '{"size": [64, 64], "mean": [0, 0, 0], "std": [1, 1, 1], "scale": 1.0}'
    )
    rows = Onnx(one).rows(photos.transpose(0, 3, 1, 2).astype(np.float32))
    cosine = (rows * unit(embed_photos(network, photos))).sum(axis=1)
    assert cosine.min() > 0.999


def test_copies_and_scenes_have_their_size_and_repeat(photos):
    copies = [altered(photos[0], SIDE, Random(each)) for each in (1, 1, 2)]
    assert copies[0].shape == (SIDE, SIDE, 3)
    np.testing.assert_array_equal(copies[0], copies[1])
    assert (copies[0] != copies[2]).any()
    np.testing.assert_array_equal(altered_all(photos, SIDE, 5), altered_all(photos, SIDE, 5))
    made = scenes(list(photos), 2, SIDE, seed=0)
    assert made.shape == (24, SIDE, SIDE, 3)
    np.testing.assert_array_equal(made, scenes(list(photos), 2, SIDE, seed=0))


def test_a_cut_keeps_its_share_of_the_area():
    photo = np.zeros((200, 100, 3), dtype=np.uint8)
    shares = [cut(photo, (0.3, 0.6), Random(each)).size / photo.size for each in range(50)]
    assert 0.25 < min(shares) < 0.4
    assert 0.5 < max(shares) < 0.65


def test_the_finished_network_is_small_and_sees_nearly_the_same(tmp_path, network, photos):
    exact, trunk, out = (tmp_path / name for name in ("exact.onnx", "trunk.onnx", "network.onnx"))
    write_network(network.eval(), exact)
    whole_numbers(exact, trunk, photos)
    rng = np.random.default_rng(2)
    head = Head(*(rng.normal(size=size).astype(np.float32) / 40 for size in ((1280,), (1280, 8))))
    join_head(trunk, head, out)
    out.with_suffix(".json").write_text(
        '{"size": [64, 64], "mean": [0, 0, 0], "std": [1, 1, 1], "scale": 1.0}'
    )
    assert out.stat().st_size < 0.7 * exact.stat().st_size
    rows = Onnx(out).rows(photos.transpose(0, 3, 1, 2).astype(np.float32))
    assert rows.shape == (len(photos), 8)
    with torch.no_grad():
        roots = unit(np.sqrt(network.pooled(as_input(photos)).numpy()))
    expected = unit((roots - head.centre) @ head.weight)
    assert (rows * expected).sum(axis=1).min() > 0.9


@pytest.mark.parametrize("centred", [0.0, 0.65])
def test_the_last_head_brings_photos_it_has_not_seen_to_their_targets(centred):
    rng = np.random.default_rng(0)
    targets = unit(rng.normal(size=(300, 5))).astype(np.float32)
    # What a trunk sees is a common ground and what the target adds to it.
    added = np.abs(rng.normal(size=(5, 40)))
    pooled = (3 + targets @ added).clip(0) ** 2 + rng.uniform(0, 0.1, (300, 40))
    seen = pooled.astype(np.float32)
    head = last_head(seen[:200], targets[:200], centred, pull=0.01)
    rows = unit((unit(np.sqrt(seen[200:])) - head.centre) @ head.weight)
    assert (rows * targets[200:]).sum(axis=1).mean() > 0.9
    assert head.centre.any() == (centred > 0)
