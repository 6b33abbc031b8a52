"""Photo files as RGB arrays: many at a time, in bounded memory, whatever the files hold."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from samesku.runtime.cores import map_in_order

__all__ = ["MAX_BYTES", "MAX_PIXELS", "PhotoError", "load_photo", "read_photo_bytes", "read_photos"]

MAX_PIXELS = 64_000_000
MAX_BYTES = 64 * 2**20

RGB: TypeAlias = NDArray[np.uint8]
Reader: TypeAlias = Callable[[io.BytesIO], ImageFile.ImageFile]
Seen = TypeVar("Seen")

MAGIC: tuple[tuple[bytes, Reader], ...] = (
    (b"\xff\xd8\xff", JpegImageFile),
    (b"\x89PNG\r\n\x1a\n", PngImageFile),
    (b"GIF87a", GifImageFile),
    (b"GIF89a", GifImageFile),
    (b"BM", BmpImageFile),
)
READABLE = "JPEG, PNG, WebP, GIF or BMP"


class PhotoError(ValueError):
    """A photo that cannot be used.

    Parameters
    ----------
    path : str
        The file, or ``"<bytes>"``.
    reason : str
        Why, in plain words, e.g. ``"truncated"``.
    """

    def __init__(self, path: str | Path, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(self.path, reason)

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def load_photo(
    source: str | Path | bytes, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES
) -> RGB:
    """Decode one photo the way a viewer would show it.

    The format is told from the content, never from the name. EXIF rotation is applied, transparency
    is laid on white, 16-bit greys keep their upper byte, animations give their first frame, colour
    profiles are ignored.

    Parameters
    ----------
    source : path or bytes
        A file, or the content of one.
    max_pixels : int
        Width times height; what claims more is refused before a pixel is decoded.
    max_bytes : int
        Size of the file.

    Returns
    -------
    uint8 (h, w, 3)
        Red, green, blue; writable and contiguous.

    Raises
    ------
    PhotoError
        The file is missing, not a regular file, empty, too large, damaged or no photo.
    """
    if isinstance(source, bytes):
        name, content = "<bytes>", source
        _check_length(name, len(content), max_bytes)
    else:
        name, content = str(source), read_photo_bytes(source, max_bytes=max_bytes)
    try:
        with _open(name, content) as image:
            _check_pixels(name, image.size, max_pixels)
            return _to_rgb(image)
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoError(name, "not enough memory to decode it") from error
    # Decoders meet hostile bytes with nearly any exception; all mean that the photo is damaged.
    except Exception as error:
        raise PhotoError(name, _fault(error)) from error


def read_photo_bytes(path: str | Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Content of a regular file; pipes, devices and folders are refused without waiting on them.

    Raises
    ------
    PhotoError
        The file is missing, unreadable, not a regular file, empty or larger than `max_bytes`.
    """
    # Without O_NONBLOCK opening a pipe would wait for a writer that may never come.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise PhotoError(path, "not a regular file")
        with open(os.open(path, flags), "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise PhotoError(path, "not a regular file")
            _check_length(path, state.st_size, max_bytes)
            content = file.read(max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotoError(path, "file missing") from error
    except OSError as error:
        raise PhotoError(path, f"cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        if isinstance(error, PhotoError):
            raise
        raise PhotoError(path, "not a valid file name") from error
    _check_length(path, len(content), max_bytes)
    return content


def read_photos(
    paths: Sequence[str | Path],
    work: Callable[[RGB], Seen],
    *,
    threads: int | None = None,
    max_pixels: int = MAX_PIXELS,
    max_bytes: int = MAX_BYTES,
) -> Iterator[tuple[int, Seen | PhotoError]]:
    """Decode photos and look at each, in a pool of threads.

    A decoded photo lives only as long as `work` looks at it, and at most a few results per thread
    wait to be taken, so memory does not grow with the number of photos or with a slow consumer.

    Parameters
    ----------
    paths : sequence of path, length n
        Photo files.
    work : callable
        Takes a uint8 ``(h, w, 3)`` array; runs in several threads at once.
    threads : int, optional
        Default: one per usable core.
    max_pixels, max_bytes : int
        As for :func:`load_photo`.

    Yields
    ------
    (int, result)
        Position in `paths`, in order, and what `work` returned; the :class:`PhotoError` where the
        photo cannot be used. What `work` itself raises is raised here.
    """

    def see(path: str | Path) -> Seen | PhotoError:
        try:
            photo = load_photo(path, max_pixels=max_pixels, max_bytes=max_bytes)
        except PhotoError as error:
            # Tracebacks hold the undecodable bytes; a catalogue may have many such photos.
            return error.with_traceback(None)
        return work(photo)

    yield from enumerate(map_in_order(see, paths, threads=threads))


def _open(name: str, content: bytes) -> ImageFile.ImageFile:
    # Image.open would warn through process-wide state and try every format it knows.
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WebPImageFile(io.BytesIO(content))
    for magic, reader in MAGIC:
        if content.startswith(magic):
            return reader(io.BytesIO(content))
    raise PhotoError(name, f"not an image (neither {READABLE})")


def _to_rgb(image: ImageFile.ImageFile) -> RGB:
    image.load()
    upright = ImageOps.exif_transpose(image) if _turned(image) else image
    if upright.mode.startswith("I"):
        grey = (np.asarray(upright).astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if upright.has_transparency_data:
        seen_through = upright.convert("RGBA")
        white = Image.new("RGBA", seen_through.size, "white")
        upright = Image.alpha_composite(white, seen_through)
    return np.array(upright.convert("RGB"))


def _turned(image: ImageFile.ImageFile) -> bool:
    try:
        return image.getexif().get(0x0112, 1) in range(2, 9)
    except Exception:  # broken EXIF beside a sound photo: show it as it lies
        return False


def _check_length(path: str | Path, length: int, max_bytes: int) -> None:
    if length == 0:
        raise PhotoError(path, "empty file")
    if length > max_bytes:
        raise PhotoError(path, f"file too large (more than {max_bytes:,} bytes)")


def _check_pixels(name: str, size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        reason = f"decompression bomb ({width:,} x {height:,} pixels, more than {max_pixels:,})"
        raise PhotoError(name, reason)


def _fault(error: Exception) -> str:
    said = str(error).strip() or type(error).__name__
    if any(hint in said.lower() for hint in ("truncated", "eof", "end of file")):
        return "truncated"
    return f"damaged ({said[:100]})"
