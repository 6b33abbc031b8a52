"""Photos and titles a little different, within bounds, and the same for the same draw."""

import numpy as np
import pytest

from samesku.training.augment import augment_photo, cutmix, drop_words, shrink
from samesku.training.settings import TrainingSettings

PLAIN = TrainingSettings(crop=1.0, flip=0.0, cutout=0.0)


def photo(height=40, width=60):
    rows = np.random.default_rng(0).integers(60, 180, (height, width, 3))
    return rows.astype(np.uint8)


def again(settings, seed=0):
    return augment_photo(photo(), settings, np.random.default_rng(seed))


def test_the_same_draw_gives_the_same_photo():
    settings = TrainingSettings()
    np.testing.assert_array_equal(again(settings), again(settings))
    assert any(again(settings, seed).shape != (40, 60, 3) for seed in range(1, 4))


def test_the_photo_given_is_not_touched():
    given = photo()
    for seed in range(8):
        augment_photo(given, TrainingSettings(cutout=1.0), np.random.default_rng(seed))
    np.testing.assert_array_equal(given, photo())


def test_a_flip_mirrors():
    mirrored = again(TrainingSettings(crop=1.0, flip=1.0, cutout=0.0)).astype(float)
    relit = mirrored / photo()[:, ::-1]
    assert relit.std(axis=(0, 1)).max() < 0.02


def test_light_stays_within_bounds():
    for seed in range(10):
        share = (again(PLAIN, seed) / photo()).mean(axis=(0, 1))
        assert (share > 0.7).all()
        assert (share < 1.35).all()


def test_a_crop_keeps_its_share_of_the_area():
    for seed in range(20):
        cut = again(TrainingSettings(crop=0.5, flip=0.0, cutout=0.0), seed)
        assert cut.shape[0] * cut.shape[1] >= 0.4 * 40 * 60


def test_cutout_hides_a_box_of_one_colour():
    flat = np.full((40, 40, 3), 100, dtype=np.uint8)
    settings = TrainingSettings(crop=1.0, flip=0.0, cutout=1.0)
    shares = []
    for seed in range(20):
        seen = augment_photo(flat, settings, np.random.default_rng(seed)).reshape(-1, 3)
        colours, counts = np.unique(seen, axis=0, return_counts=True)
        assert len(colours) <= 2
        shares.append(counts.min() / len(seen) if len(colours) == 2 else 0)
    assert 0 < max(shares) < 0.25


def test_cutmix_tells_how_much_stays():
    for seed in range(20):
        pixels = np.repeat(np.arange(6.0), 3 * 8 * 10).reshape(6, 3, 8, 10)
        partner, share = cutmix(pixels, np.random.default_rng(seed))
        assert sorted(partner) == list(range(6))
        for own, other in enumerate(partner):
            assert set(np.unique(pixels[own])) <= {own, other}
            if own != other:
                assert (pixels[own] == own).mean() == pytest.approx(share)


def test_words_are_dropped_but_never_all():
    rng = np.random.default_rng(0)
    title = "susu bubuk bebelac 400g"
    lengths = {len(drop_words(title, 0.5, rng).split()) for _ in range(50)}
    assert lengths >= {1, 2, 3, 4}
    assert drop_words(title, 1.0, rng) == title
    assert drop_words("", 0.5, rng) == ""


def test_shrinking_keeps_the_shape_and_never_enlarges():
    assert shrink(photo(40, 60), 20).shape == (20, 30, 3)
    assert shrink(photo(40, 60), 80).shape == (40, 60, 3)
    assert shrink(photo(1000, 4), 20).shape == (1000, 4, 3)
