"""Photos as small pictures inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from samesku.catalog.photos import MAX_PIXELS, PhotoError, load_photo, read_photo_bytes
from samesku.runtime.cores import map_in_order

__all__ = ["THUMBNAIL", "thumbnails"]

# Pixels of the longer side, and of JPEGs decoded at a fraction of their size first.
THUMBNAIL = 112
QUALITY = 62


def thumbnails(photos: Sequence[Path]) -> dict[Path, str]:
    """Each photo as a data URI; those that cannot be decoded are left out.

    Parameters
    ----------
    photos : sequence of Path
        Each once.
    """
    made = zip(photos, map_in_order(_thumbnail, photos), strict=True)
    return {path: uri for path, uri in made if uri is not None}


def _thumbnail(path: Path) -> str | None:
    try:
        content = read_photo_bytes(path)
        small = _quick(content) or Image.fromarray(load_photo(content))
    except PhotoError:
        return None
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    file = io.BytesIO()
    small.save(file, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _quick(content: bytes) -> Image.Image | None:
    """A JPEG decoded at a fraction of its size, several times as fast; None: try slowly."""
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    try:
        with JpegImageFile(io.BytesIO(content)) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            image.draft("RGB", (2 * THUMBNAIL, 2 * THUMBNAIL))
            return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None
