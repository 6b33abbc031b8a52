"""What training from random weights adds to fine-tuning."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("pytorch_metric_learning", reason="needs the extra train")

from research.first_photos import ContrastedLoss, FirstSettings, framed  # noqa: E402

PRODUCTS, OFFERS = 12, 6


def drawn():
    """Postings near their product's place."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(PRODUCTS), OFFERS)
    places = rng.normal(size=(PRODUCTS, 16))
    rows = places[labels] + 0.3 * rng.normal(size=(len(labels), 16))
    return torch.from_numpy(rows.astype(np.float32)), torch.from_numpy(labels)


def test_contrast_depends_on_the_batch_and_not_on_the_centres():
    rows, labels = drawn()
    apart = torch.eye(PRODUCTS)[labels]
    found = {}
    for weight in (0.0, 1.0, 2.0):
        torch.manual_seed(0)
        settings = FirstSettings(contrast=weight)
        loss = ContrastedLoss(PRODUCTS, [OFFERS] * PRODUCTS, settings)
        found[weight] = [
            float(loss(seen, of).detach())
            for seen, of in ((apart, labels), (rows[:, :PRODUCTS], labels), (apart, labels.flip(0)))
        ]
    without, once, twice = (np.array(found[weight]) for weight in found)
    added = once - without
    assert added[0] < added[1]
    # Whatever the products are called, the same ones lie together.
    assert added[0] == pytest.approx(added[2], rel=1e-3)
    np.testing.assert_allclose(twice - without, 2 * added, rtol=1e-3)


def test_a_frame_is_a_border_or_a_banner_and_hides_little():
    flat = np.full((100, 60, 3), 128, dtype=np.uint8)
    borders = banners = 0
    for seed in range(60):
        seen = framed(flat, np.random.default_rng(seed))
        middle = seen[seen.shape[0] // 2, seen.shape[1] // 2]
        covered = (seen != middle).any(axis=2)
        if covered.any(axis=0).all() and covered.any(axis=1).all():
            # On all four sides, and the photo itself is whole.
            assert (~covered).sum() == 100 * 60
            borders += 1
        else:
            rows = covered.all(axis=1)
            np.testing.assert_array_equal(covered, rows[:, None].repeat(60, axis=1))
            assert rows[0] != rows[-1]
            assert 5 <= rows.sum() <= 20
            assert seen.shape[0] in {100, 100 + rows.sum()}
            banners += 1
    assert min(borders, banners) >= 10
