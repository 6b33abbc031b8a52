"""What `samesku demo` ships is what the script draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from research.draw_demo import SIDE, draw_demo
from samesku.demo import MARKETPLACE


def test_the_script_draws_what_ships(tmp_path: Path) -> None:
    drawn = draw_demo(tmp_path / "market")
    names = sorted(path.relative_to(drawn) for path in drawn.rglob("*") if path.is_file())
    assert names == sorted(
        path.relative_to(MARKETPLACE) for path in MARKETPLACE.rglob("*") if path.is_file()
    )
    for name in names:
        if name.suffix != ".jpg":
            assert (drawn / name).read_bytes() == (MARKETPLACE / name).read_bytes(), name
    # Another version of the JPEG library may differ in the last digit of a pixel.
    for name in [each for each in names if each.suffix == ".jpg"][::40]:
        one, other = (Image.open(folder / name).convert("RGB") for folder in (drawn, MARKETPLACE))
        assert one.size == other.size
        assert max(one.size) <= SIDE
        assert np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).mean() < 2


def test_the_package_stays_small() -> None:
    assert sum(path.stat().st_size for path in MARKETPLACE.rglob("*")) < 5_000_000
