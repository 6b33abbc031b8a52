"""Photos as small pictures inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from samesku.catalog.photos import PhotoError, opened_photo
from samesku.runtime.cores import map_in_order

# Pixels of the longer side.
THUMBNAIL = 112
QUALITY = 62


def thumbnails(photos: Sequence[Path]) -> dict[Path, str]:
    """Each photo as a data URI; those that cannot be decoded are left out."""
    made = zip(photos, map_in_order(_thumbnail, photos), strict=True)
    return {path: uri for path, uri in made if uri is not None}


def _thumbnail(path: Path) -> str | None:
    try:
        # A JPEG decoded at a fraction of its size takes a fraction of the time.
        with opened_photo(path, about=2 * THUMBNAIL) as photo:
            small = Image.fromarray(photo)
            small.thumbnail((THUMBNAIL, THUMBNAIL))
    except PhotoError:
        return None
    file = io.BytesIO()
    small.save(file, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")
