"""Two photos side by side as one small JPEG."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from samesku.catalog.photos import PhotoError, load_photo

# Pixels of the longer side of a collage.
LARGEST = 512


def collage(left: Path | None, right: Path | None) -> bytes | None:
    """The photos of a pair side by side, the left one left; None unless both can be read."""
    if left is None or right is None:
        return None
    half = LARGEST // 2
    page = Image.new("RGB", (LARGEST, half), "white")
    for place, path in ((0, left), (half, right)):
        try:
            photo = Image.fromarray(load_photo(path))
        except (PhotoError, OSError):
            return None
        photo.thumbnail((half, half))
        page.paste(photo, (place + (half - photo.width) // 2, (half - photo.height) // 2))
    kept = io.BytesIO()
    page.save(kept, "JPEG", quality=85)
    return kept.getvalue()
