"""Work already done, kept on disk under the hash of what it was made from."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cache", "content_key", "default_folder"]

Array: TypeAlias = NDArray[Any]


def default_folder() -> Path:
    """`$SAMESKU_CACHE`, else `samesku` in the user's cache folder."""
    if given := os.environ.get("SAMESKU_CACHE"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "samesku"


def content_key(*parts: str | bytes | Iterable[str]) -> str:
    """A hash of the parts in order; an iterable of strings counts as one part."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, str | bytes):
            _feed(digest, part)
        else:
            for text in part:
                _feed(digest, text)
        digest.update(b"\xff\xff")
    return digest.hexdigest()


def _feed(digest: hashlib.blake2b, part: str | bytes) -> None:
    raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
    digest.update(len(raw).to_bytes(8, "little"))
    digest.update(raw)


class Cache:
    """A folder of arrays by key. Never the reason for a failure: what cannot be read is made again.

    Parameters
    ----------
    folder : Path or None
        Where to keep things; None keeps nothing.
    limit : int
        Bytes to keep; the entries longest unused go first.
    """

    def __init__(self, folder: Path | None, limit: int = 8 * 2**30) -> None:
        self.folder = folder
        self.limit = limit
        self._writable = True

    def load(self, room: str, key: str, *, only: str | None = None) -> dict[str, Array] | None:
        """The arrays kept under `key`, all or `only` one of them; None where there are none."""
        if self.folder is None:
            return None
        return _read(self.folder / room / f"{key}.npz", only)

    def store(self, room: str, key: str, arrays: Mapping[str, Array]) -> bool:
        """Keep arrays under `key` and tell whether they are kept.

        A full or read-only disk is a warning, not an error; nothing more is written then.
        """
        if self.folder is None or not self._writable:
            return False
        place = self.folder / room / f"{key}.npz"
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with _replacing(place) as unfinished, open(unfinished, "wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
        except OSError as error:
            warnings.warn(
                f"cache not written ({error}); set --cache FOLDER or --no-cache", stacklevel=2
            )
            self._writable = False
        return self._writable

    def names(self, room: str) -> list[str]:
        """The keys of everything kept in a room, in order."""
        if self.folder is None:
            return []
        return sorted(place.stem for place in (self.folder / room).glob("*.npz"))

    def prune(self) -> None:
        """Drop the entries longest unused until the folder is within its limit."""
        if self.folder is None:
            return
        with contextlib.suppress(OSError):
            files = [(p.stat().st_mtime, p.stat().st_size, p) for p in self.folder.rglob("*.npz")]
            excess = sum(size for _, size, _ in files) - self.limit
            for _, size, place in sorted(files):
                if excess <= 0:
                    break
                place.unlink(missing_ok=True)
                excess -= size


def _read(place: Path, only: str | None) -> dict[str, Array] | None:
    try:
        # NumPy leaves a file that it opened itself open when it is damaged.
        with open(place, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in ([only] if only else stored.files)}
        os.utime(place)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile):
        with contextlib.suppress(OSError):
            place.unlink()
        return None
    return arrays


@contextlib.contextmanager
def _replacing(place: Path) -> Iterator[Path]:
    """A temporary path beside `place` that takes its place only when all went well."""
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".unfinished-", suffix=".tmp")
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)
