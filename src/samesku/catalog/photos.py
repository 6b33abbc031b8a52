"""Photo files as RGB arrays: many at a time, in bounded memory, whatever the files hold."""

import io
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from PIL import Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from samesku.catalog.foreign import foreign_kind
from samesku.runtime.arrays import Bytes
from samesku.runtime.cores import map_in_order

# Of one photo, and of all that are held at once: a pixel takes up to 16 bytes while it is decoded.
MAX_PIXELS = 64_000_000
MAX_BYTES = 64 * 2**20

BAND = 2**20  # pixels that are brought to RGB at once

RGB: TypeAlias = Bytes
Reader: TypeAlias = Callable[[io.BytesIO], ImageFile.ImageFile]
Seen = TypeVar("Seen")

MAGIC: tuple[tuple[bytes, Reader], ...] = (
    (b"\xff\xd8\xff", JpegImageFile),
    (b"\x89PNG\r\n\x1a\n", PngImageFile),
    (b"GIF87a", GifImageFile),
    (b"GIF89a", GifImageFile),
    (b"BM", BmpImageFile),
    (b"II*\x00", TiffImageFile),
    (b"MM\x00*", TiffImageFile),
)
READABLE = "JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP"
# Brands of the container that AVIF and HEIC share.
_AVIF = (b"avif", b"avis")
_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1")


class PhotoError(ValueError):
    """A photo that cannot be used: its path, or ``"<bytes>"``, and why, e.g. ``"truncated"``."""

    def __init__(self, path: str | Path, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(self.path, reason)

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def load_photo(source: str | Path | bytes) -> RGB:
    """Decode one photo, a file or its content, the way a viewer would show it: uint8 ``(h, w, 3)``.

    The format follows from the content, never from the name. EXIF rotation is applied, transparency
    is laid on white, 16-bit greys keep their upper byte, animations give their first frame, colour
    profiles are ignored. The array is RGB, writable and contiguous.

    Photos of more than `MAX_PIXELS` (of WebP two thirds of it) are refused before a pixel is
    decoded. Raises PhotoError where the file is missing, not a regular file, empty, of more than
    `MAX_BYTES`, damaged or no photo.
    """
    with opened_photo(source) as photo:
        return photo


@contextmanager
def opened_photo(source: str | Path | bytes, *, about: int | None = None) -> Iterator[RGB]:
    """A decoded photo, as from :func:`load_photo`, for as long as it is looked at.

    All photos that are open at once have `MAX_PIXELS` together: what does not fit waits. So files
    of a few KB that claim many pixels take no more memory than one of them. A JPEG of which `about`
    so many pixels a side are enough is decoded at a fraction of its size.
    """
    if isinstance(source, bytes):
        name, content = "<bytes>", source
        _check_length(name, len(content))
    else:
        name, content = str(source), read_photo_bytes(source)
    with ExitStack() as held:
        yield _decoded(name, content, about, held)


def _decoded(name: str, content: bytes, about: int | None, held: ExitStack) -> RGB:
    try:
        with _open(name, content) as image:
            # WebP's decoder holds two more copies.
            most = MAX_PIXELS * 2 // 3 if isinstance(image, WebPImageFile) else MAX_PIXELS
            width, height = image.size
            if width * height > most:
                size = f"{width:,} x {height:,} pixels, more than {most:,}"
                raise PhotoError(name, f"decompression bomb ({size})")
            if about is not None:
                image.draft(image.mode, (about, about))
            held.enter_context(_ROOM.taken(image.width * image.height))
            return _to_rgb(image)
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoError(name, "not enough memory to decode it") from error
    # Decoders meet hostile bytes with nearly any exception; all mean that the photo is damaged.
    except Exception as error:
        raise PhotoError(name, _fault(error)) from error


class _Room:
    """Pixels that all threads share; one photo alone is let in, however large."""

    def __init__(self, pixels: int) -> None:
        self._free = self._all = pixels
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Wait until there is room for so many pixels, and hold it."""
        pixels = min(pixels, self._all)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free += pixels
                self._changed.notify_all()


_ROOM = _Room(MAX_PIXELS)


def read_photo_bytes(path: str | Path) -> bytes:
    """Content of a regular file; pipes, devices and folders are refused without waiting on them."""
    # Without O_NONBLOCK opening a pipe would wait for a writer that may never come.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise PhotoError(path, "not a regular file")
        with open(os.open(path, flags), "rb") as file:
            _check_length(path, os.fstat(file.fileno()).st_size)
            content = file.read(MAX_BYTES + 1)
    except PhotoError:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotoError(path, "file missing") from error
    except OSError as error:
        raise PhotoError(path, f"cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise PhotoError(path, "not a valid file name") from error
    _check_length(path, len(content))
    return content


def read_photos(
    paths: Sequence[str | Path], work: Callable[[RGB], Seen]
) -> Iterator[tuple[int, Seen | PhotoError]]:
    """Decode photos and look at each, as :func:`samesku.runtime.cores.map_in_order` works.

    A decoded photo lives only as long as `work` looks at it. Yields the position in `paths`, in
    order, and what `work` returned, or the :class:`PhotoError` where the photo cannot be used.
    """

    def see(path: str | Path) -> Seen | PhotoError:
        try:
            with opened_photo(path) as photo:
                return work(photo)
        except PhotoError as error:
            # Tracebacks hold the undecodable bytes; a catalogue may have many such photos.
            return error.with_traceback(None)

    return enumerate(map_in_order(see, paths))


def _open(name: str, content: bytes) -> ImageFile.ImageFile:
    # Image.open would warn through process-wide state and try every format it knows.
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WebPImageFile(io.BytesIO(content))
    for magic, reader in MAGIC:
        if content.startswith(magic):
            return reader(io.BytesIO(content))
    if content[4:8] == b"ftyp" and content[8:12] in _AVIF:
        return AvifImageFile(io.BytesIO(content))
    raise PhotoError(name, f"{_true_name(content)} (not {READABLE})")


def _true_name(content: bytes) -> str:
    begin = content[:1000].removeprefix(b"\xef\xbb\xbf")
    if b"<svg" in begin.lower():
        return "an SVG drawing"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return "HEIC"
    return foreign_kind(begin.decode("latin-1")) or "not an image"


def _to_rgb(image: ImageFile.ImageFile) -> RGB:
    """Band by band, as each step makes a copy of what it is given."""
    image.load()
    turn = _orientation(image)
    width, height = image.size
    rows = max(1, BAND // max(1, width))
    if rows >= height:
        return _turned(_band_to_rgb(image), turn)
    rgb = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        rgb[top:bottom] = _band_to_rgb(image.crop((0, top, width, bottom)))
    image.close()
    return _turned(rgb, turn)


def _band_to_rgb(band: Image.Image) -> RGB:
    if band.mode.startswith("I"):
        grey = (np.asarray(band).astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if band.has_transparency_data:
        seen_through = band.convert("RGBA")
        white = Image.new("RGBA", seen_through.size, "white")
        band = Image.alpha_composite(white, seen_through)
    return np.array(band.convert("RGB"))


def _orientation(image: ImageFile.ImageFile) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # broken EXIF beside a sound photo: show it as it lies
        return 1


def _turned(photo: RGB, orientation: int) -> RGB:
    """A photo as it is seen, by the eight orientations of EXIF."""
    if orientation in (3, 4, 6, 7):
        photo = photo[::-1]
    if orientation in (2, 3, 7, 8):
        photo = photo[:, ::-1]
    if orientation in (5, 6, 7, 8):
        photo = photo.swapaxes(0, 1)
    return np.ascontiguousarray(photo)


def _check_length(path: str | Path, length: int) -> None:
    if length == 0:
        raise PhotoError(path, "empty file")
    if length > MAX_BYTES:
        raise PhotoError(path, f"file too large (more than {MAX_BYTES:,} bytes)")


def _fault(error: Exception) -> str:
    said = str(error).strip() or type(error).__name__
    if any(hint in said.lower() for hint in ("truncated", "eof", "end of file")):
        return "truncated"
    return f"damaged ({said[:100]})"
