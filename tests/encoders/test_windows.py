"""Where the content of a photo is, and where a straight edge crosses its middle."""

import numpy as np
import pytest
from PIL import Image

from samesku.encoders.windows import GRID, content, seam, thumbnail


def planes(photo):
    return thumbnail(Image.fromarray(photo))


def noise(rng, height, width):
    return rng.integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("part", "along", "height"), [(1.0, 0.75, 80), (0.75, 0.5, 80), (0.75, 0.8, 0)]
)
def test_an_edge_is_as_high_as_it_is_along_the_share_asked_for(turned, part, along, height):
    photo = np.full((GRID, GRID, 3), 200, dtype=np.uint8)
    photo[:45, : int(part * GRID)] = 120
    found, sides = seam(planes(photo.swapaxes(0, 1).copy() if turned else photo), along)
    assert found * 255 == pytest.approx(height, abs=0.1)
    if height:
        edge = 45 / GRID
        upright = ((0.0, edge, 0.0, 1.0), (edge, 1.0, 0.0, 1.0))
        across = ((0.0, 1.0, 0.0, edge), (0.0, 1.0, edge, 1.0))
        assert sides == (across if turned else upright)


def test_the_content_is_without_border_and_banner():
    rng = np.random.default_rng(0)
    photo = np.full((GRID, GRID, 3), 255, dtype=np.uint8)
    photo[6:-4, 10:-8] = noise(rng, GRID - 10, GRID - 18)
    assert content(planes(photo)) == (6, GRID - 4, 10, GRID - 8)
    photo = noise(rng, GRID, GRID) // 4
    photo[:16] = 250
    assert content(planes(photo)) == (16, GRID, 0, GRID)


def test_a_photo_of_one_colour_is_all_content():
    assert content(planes(np.full((50, 90, 3), 77, dtype=np.uint8))) == (0, GRID, 0, GRID)
