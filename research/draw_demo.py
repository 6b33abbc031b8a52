"""Draw the small marketplace that `samesku demo` ships, byte for byte the same each time.

python research/draw_demo.py [FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from research.marketplace import draw_marketplace
from samesku.demo import MARKETPLACE

POSTINGS, SEED = 800, 7
# Pixels of the longer side, and JPEG quality: all photos together stay below 5 MB.
SIDE, QUALITY = 176, 75


def main() -> None:
    """Read the argument, draw, tell the size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=MARKETPLACE, metavar="FOLDER")
    folder = draw_demo(parser.parse_args().folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 1e6:.1f} MB")


def draw_demo(folder: Path) -> Path:
    """Draw the marketplace into `folder`, with small photos; an earlier one is replaced."""
    draw_marketplace(folder, postings=POSTINGS, seed=SEED)
    for path in sorted((folder / "train_images").iterdir()):
        try:
            with Image.open(path) as file:
                photo = file.convert("RGB")
        except (UnidentifiedImageError, OSError):
            continue  # broken photos stay as broken as they were drawn
        photo.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        photo.save(path, "JPEG", quality=QUALITY)
    return folder


if __name__ == "__main__":
    main()
