"""Photos read once, shrunk, kept within bounds."""

import numpy as np
import pytest
from PIL import Image

from samesku.training.photo_shelf import PhotoShelf


@pytest.fixture
def paths(tmp_path):
    rng = np.random.default_rng(0)
    places = []
    for number in range(4):
        pixels = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        places.append(tmp_path / f"{number}.png")
    places[1].write_bytes(b"no photo")
    return [*places, None]


def test_photos_are_shrunk_and_the_broken_told(paths):
    shelf = PhotoShelf(paths, 30)
    assert shelf.usable.tolist() == [True, False, True, True, False]
    assert shelf[0].shape == (30, 40, 3)
    assert len(shelf) == 5


def test_what_memory_does_not_hold_is_read_again(paths):
    small, large = PhotoShelf(paths, 30, budget=4000), PhotoShelf(paths, 30)
    for place in (0, 2, 3):
        np.testing.assert_array_equal(small[place], large[place])
    paths[3].unlink()
    assert large[3].shape == (30, 40, 3)
    with pytest.raises(ValueError, match="file missing"):
        small[3]


def test_some_are_taken_in_their_order(paths):
    shelf = PhotoShelf(paths, 30)
    some = shelf.take(np.array([3, 0]))
    np.testing.assert_array_equal(some[0], shelf[3])
    np.testing.assert_array_equal(some[1], shelf[0])
    assert some.usable.tolist() == [True, True]


def test_a_posting_without_photo_has_none(paths):
    with pytest.raises(KeyError):
        PhotoShelf(paths, 30)[4]
