"""The 64-bit perceptual hash of a photo, bit for bit the one that catalogues carry."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from samesku.catalog.catalog import Catalog
from samesku.encoders.base import PhotoEncoder
from samesku.runtime.arrays import Array, Bools, Bytes

SIDE = 32
LOW = 8


def phash(rgb: Bytes) -> Bytes:
    """Hash a decoded photo by the signs of its 64 lowest frequencies about their median.

    Photos that differ in size, compression or brightness keep nearly all bits; a crop, a border or
    a mirror image does not. Equals ``imagehash.phash`` of the same pixels (J. Buchner, ImageHash,
    after N. Krawetz, "Looks Like It", 2011), but photos with transparency or an EXIF rotation are
    hashed as they are seen.

    Returns uint8 ``(8,)``, row by row from the lowest frequency; ``.tobytes().hex()`` is the usual
    text form.
    """
    grey = Image.fromarray(rgb).convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    # Takes a fifth of a second to load, which only who has photos waits for.
    from scipy.fft import dct

    waves = dct(dct(np.asarray(grey, dtype=np.float64), axis=0), axis=1)[:LOW, :LOW]
    return np.packbits(waves > np.median(waves))


class PHash(PhotoEncoder):
    """The perceptual hash: what the catalogue brings, else made from the photo."""

    name = "phash"
    fingerprint = "phash-1"

    def look(self, photo: Bytes) -> Array:
        return phash(photo)

    def embed(self, looks: Sequence[Array]) -> Array:
        return np.stack(looks)[:, None]

    def informative(self, rows: Array) -> Bools:
        """All but the hash of a blank photo, in which at most the mean brightness sets a bit."""
        return np.asarray(np.bitwise_count(rows).sum(axis=(1, 2)) > 1)

    def given(self, catalog: Catalog) -> tuple[Array, Bools] | None:
        """The hashes of the column `image_phash`, where there are any."""
        if "image_phash" not in catalog.frame.columns:
            return None
        hashes = catalog.frame["image_phash"]
        bits = np.frombuffer(bytes.fromhex("".join(hashes.drop_nulls())), dtype=np.uint8)
        return bits.reshape(-1, 1, 8), hashes.is_not_null().to_numpy()
