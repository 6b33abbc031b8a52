"""The losses learn; margins rise and differ as they should."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("pytorch_metric_learning", reason="needs the extra train")

from samesku.training.losses import (  # noqa: E402
    Contrastive,
    MetricLoss,
    class_margins,
    margin_at,
)
from samesku.training.settings import TrainingSettings  # noqa: E402

PRODUCTS, OFFERS, WIDTH = 12, 6, 16


def shelf(seed=0):
    """Offers that lie near their product's place, which three loud numbers of noise hide."""
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(PRODUCTS, WIDTH))
    labels = np.repeat(np.arange(PRODUCTS), OFFERS)
    rows = places[labels] + 0.3 * rng.normal(size=(len(labels), WIDTH))
    loud = 6 * rng.normal(size=(len(labels), 3))
    rows = np.concatenate([rows, loud], axis=1).astype(np.float32)
    return torch.from_numpy(rows), torch.from_numpy(labels)


def nearest_right(rows, labels):
    """Share of offers whose nearest one is of their product."""
    unit = torch.nn.functional.normalize(rows)
    cosine = unit @ unit.T
    cosine.fill_diagonal_(-1)
    return float((labels[cosine.argmax(dim=1)] == labels).float().mean())


def train(loss, network, rows, labels, steps=150):
    parameters = [*network.parameters(), *loss.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=0.02)
    told = []
    for _ in range(steps):
        optimiser.zero_grad()
        value = loss(network(rows), labels)
        value.backward()
        optimiser.step()
        told.append(float(value.detach()))
    return told


def test_it_learns_what_tells_products_apart():
    torch.manual_seed(0)
    rows, labels = shelf()
    network = torch.nn.Linear(WIDTH + 3, 8, bias=False)
    settings = TrainingSettings(margin=(0.3, 0.3), scale=20.0)
    before = nearest_right(network(rows), labels)
    told = train(MetricLoss(8, [OFFERS] * PRODUCTS, settings), network, rows, labels)
    assert before < 0.75
    assert nearest_right(network(rows), labels) > 0.95
    assert told[-1] < told[0] / 2


def test_titles_and_photos_of_one_product_come_together():
    torch.manual_seed(0)
    rows, labels = shelf()
    titles = torch.nn.Linear(WIDTH + 3, 8, bias=False)
    photos = torch.nn.Linear(WIDTH + 3, 8, bias=False)
    loss = Contrastive()
    optimiser = torch.optim.Adam(
        [*titles.parameters(), *photos.parameters(), *loss.parameters()], lr=0.02
    )

    def found():
        normal = torch.nn.functional.normalize
        across = normal(titles(rows)) @ normal(photos(rows)).T
        return float((labels[across.argmax(dim=1)] == labels).float().mean())

    before = found()
    for _ in range(150):
        optimiser.zero_grad()
        loss(titles(rows), photos(rows), labels).backward()
        optimiser.step()
    assert before < 0.5
    assert found() > 0.95


def test_one_margin_for_all_is_the_arcface_of_the_library():
    from pytorch_metric_learning.losses import ArcFaceLoss

    torch.manual_seed(0)
    rows, labels = shelf()
    rows = rows[:, :8].contiguous()
    settings = TrainingSettings(margin=(0.4, 0.4), adaptive=0.0, scale=20.0)
    ours = MetricLoss(8, [OFFERS] * PRODUCTS, settings)
    theirs = ArcFaceLoss(PRODUCTS, 8, margin=float(np.degrees(0.4)), scale=20.0)
    theirs.W.data = ours.W.data.clone()
    torch.testing.assert_close(ours(rows, labels), theirs(rows, labels))


def test_the_loss_rises_with_the_margin():
    rows, labels = shelf()
    rows = rows[:, :8].contiguous()
    torch.manual_seed(0)
    loss = MetricLoss(8, [OFFERS] * PRODUCTS, TrainingSettings(adaptive=0.0))
    told = []
    for margin in (0.0, 0.3, 0.8):
        loss.margin = margin
        told.append(float(loss(rows, labels).detach()))
    assert told[0] < told[1] < told[2]


def test_large_products_get_the_smaller_margin():
    shares = class_margins([2, 2, 32], 0.25)
    assert shares.tolist() == pytest.approx([1, 1, 0.5])
    assert class_margins([2, 50], 0).tolist() == [1, 1]


def test_the_margin_rises_and_stays():
    settings = TrainingSettings(margin=(0.2, 0.8), margin_rise=0.5)
    assert [margin_at(share, settings) for share in (0, 0.25, 0.5, 1)] == [0.2, 0.5, 0.8, 0.8]


def test_half_precision_is_computed_in_full():
    rows, labels = shelf()
    loss = MetricLoss(8, [OFFERS] * PRODUCTS, TrainingSettings())
    told = loss(rows[:, :8].to(torch.bfloat16), labels)
    assert told.dtype == torch.float32
    assert torch.isfinite(told)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="precision is one of auto"):
        TrainingSettings(precision="float8")
