"""Work already done, kept on disk under the hash of what it was made from."""

import contextlib
import hashlib
import os
import platform
import time
import uuid
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from samesku.runtime.arrays import Array
from samesku.runtime.files import GIVEN_UP, STAGE

# The array that says where an entry belongs: under another's name it is damaged, too.
NAME = "entry"
# Entries of one set of versions share a folder: another version of any may make other arrays.
MAKERS = ("samesku", "numpy", "onnxruntime", "pillow", "scipy")
ENDING = ".entry"


def default_folder() -> Path | None:
    """`$SAMESKU_CACHE`, else `samesku` in the user's cache folder; None for a user without one."""
    if given := os.environ.get("SAMESKU_CACHE"):
        return Path(given)
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # neither HOME nor an entry in the list of users
        return None
    return Path(base) / "samesku"


def content_key(*parts: str | bytes | Iterable[str]) -> str:
    """A hash of the parts in order; an iterable of strings counts as one part."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        for text in [part] if isinstance(part, str | bytes) else part:
            raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
            digest.update(len(raw).to_bytes(8, "little"))
            digest.update(raw)
        digest.update(b"\xff\xff")
    return digest.hexdigest()


class Cache:
    """A folder of arrays by key. Never the reason for a failure: what cannot be read is made again.

    Several runs and several users may share it. Each user adds, mends and drops only their own
    entries, and reads those of others where permissions allow.

    Parameters
    ----------
    folder : str, Path or None
        Where to keep things; None keeps nothing.
    limit : int
        Bytes to keep; the entries longest unused go first.
    """

    def __init__(self, folder: str | Path | None, limit: int = 8 * 2**30) -> None:
        self.folder = None if folder is None else Path(folder)
        self.limit = limit
        self._writable = True

    def load(self, room: str, key: str, *, only: str | None = None) -> dict[str, Array] | None:
        """The arrays kept under `key`, all or `only` one of them; None where there are none."""
        place = self._place(room, key)
        return None if place is None else _read(place, f"{room}/{key}", only)

    def store(self, room: str, key: str, arrays: Mapping[str, Array]) -> bool:
        """Keep arrays under `key`; returns whether they are kept.

        A full or read-only disk is a warning, not an error; nothing more is written then.
        """
        place = self._place(room, key)
        if place is None or not self._writable:
            return False
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.exists() and not _ours(place):
                return False
            _write(place, f"{room}/{key}", arrays)
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
        kept = (self.folder / _made_with() / room).glob(f"*{ENDING}")
        return sorted(place.stem for place in kept)

    def prune(self) -> None:
        """Drop the user's entries longest unused until they are within the limit, and remains."""
        if self.folder is None:
            return
        kept = []
        places = (Path(at, name) for at, _, names in os.walk(self.folder) for name in names)
        for place in places:
            with contextlib.suppress(OSError):  # another run may have dropped it already
                stat = place.stat()
                if not _ours(place):
                    continue
                if place.name.startswith(STAGE):
                    if time.time() - stat.st_mtime > GIVEN_UP:
                        place.unlink()
                elif place.suffix == ENDING:
                    kept.append((stat.st_mtime, stat.st_size, place))
        excess = sum(size for _, size, _ in kept) - self.limit
        for _, size, place in sorted(kept):
            if excess <= 0:
                break
            with contextlib.suppress(OSError):
                place.unlink()
            excess -= size

    def _place(self, room: str, key: str) -> Path | None:
        return None if self.folder is None else self.folder / _made_with() / room / f"{key}{ENDING}"


@lru_cache(maxsize=1)
def _made_with() -> str:
    """The version of samesku, and a hash of those of all that arrays are made with."""
    versions = [platform.python_version(), *(f"{name} {version(name)}" for name in MAKERS)]
    return f"{version('samesku')}-{content_key(versions)[:8]}"


def _ours(place: Path) -> bool:
    """Whether a file is this user's; where there are no numbers of users, all are."""
    return not hasattr(os, "geteuid") or place.stat().st_uid == os.geteuid()


def _write(place: Path, name: str, arrays: Mapping[str, Array]) -> None:
    """Write beside the place, then take it: others see the whole entry or none."""
    unfinished = place.with_name(f"{STAGE}{uuid.uuid4().hex}")
    try:
        with open(unfinished, "xb") as file:
            np.savez(file, allow_pickle=False, **arrays, **{NAME: np.array(content_key(name))})
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)


def _read(place: Path, name: str, only: str | None) -> dict[str, Array] | None:
    try:
        with open(place, "rb") as file, np.load(file, allow_pickle=False) as stored:
            # The sums of a zip file are those of whole arrays; of one it is checked as it is read.
            whole = only is not None or stored.zip.testzip() is None
            if not whole or stored[NAME] != content_key(name):
                raise ValueError("damaged")
            wanted = [only] if only else [each for each in stored.files if each != NAME]
            arrays = {each: stored[each] for each in wanted}
    except (OSError, MemoryError):
        return None
    except Exception:  # whatever a damaged file makes of NumPy
        with contextlib.suppress(OSError):
            if _ours(place):
                place.unlink()
        return None
    with contextlib.suppress(OSError):  # a read-only disk, or another user's entry
        os.utime(place)
    return arrays
