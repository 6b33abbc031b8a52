"""Output files that appear all together, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["Staged", "check_folder", "digest", "write_json"]

STAGE = ".unfinished-"
# Seconds after which a stage without a living writer is swept, and one of which that is unknown.
SETTLED, GIVEN_UP = 10, 24 * 3600


class Staged:
    """Write files in a hidden folder beside their place; move them there when all are complete.

    The file that was named last is taken away before the others are moved, and moved last. A
    process that is killed in between leaves a folder without it: whoever reads it looks for that
    file first, and so never takes a mixture of two runs for one.

    Parameters
    ----------
    folder : Path
        Where the files shall stand; made when missing, and gone again when nothing is written.
        Other files in it are left alone.

    Attributes
    ----------
    names : list of str
        What the files will be called.
    written : list of Path
        The files, once they stand in their place.

    Raises
    ------
    OSError
        When the folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: list[Path] = []
        self.names: list[str] = []

    def __enter__(self) -> Staged:
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"{self.folder} is a file; name a folder for the output")
        self._made = [each for each in (self.folder, *self.folder.parents) if not each.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)
        _sweep(self.folder)
        self._stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=self.folder))
        self._claim = _claimed(self._stage)
        return self

    def path(self, name: str) -> Path:
        """Where to write the file that will be called `name`."""
        self.names.append(name)
        return self._stage / name

    def seal(self, name: str, record: Mapping[str, Any]) -> None:
        """Write a record as JSON, last of all: it tells the other files, and their digests."""
        digests = {each: digest(self._stage / each) for each in self.names}
        place = self.path(name)
        write_json(place, {**record, "written": self.names, "digests": digests})

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if (reason := _disk_error(error)) is not None:
                place = self.folder / self.names[-1] if self.names else self.folder
                raise OSError(f"{place} cannot be written: {reason}") from error
            if kind is None:
                if taken := [name for name in self.names if (self.folder / name).is_dir()]:
                    raise IsADirectoryError(f"{self.folder / taken[0]} is a folder; remove it")
                if len(self.names) > 1:
                    (self.folder / self.names[-1]).unlink(missing_ok=True)
                for name in self.names:
                    os.replace(self._stage / name, self.folder / name)
                    self.written.append(self.folder / name)
        finally:
            shutil.rmtree(self._stage, ignore_errors=True)
            if self._claim is not None:
                os.close(self._claim)
            if not self.written:
                # Folders in which something else has appeared since stay.
                with suppress(OSError):
                    for made in self._made:
                        made.rmdir()


def check_folder(folder: Path) -> None:
    """Fail before the work, not after it, when nothing can be written to `folder`; leave no trace.

    Raises
    ------
    OSError
        When the folder cannot be made or written.
    """
    with Staged(folder):
        pass


def digest(path: Path) -> str:
    """Hash of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write JSON for people to read, also of file names that are no text in any encoding."""
    text = json.dumps(record, indent=2, ensure_ascii=False)
    text = re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)
    path.write_text(text + "\n", encoding="utf-8")


def _claimed(stage: Path) -> int | None:
    """A lock on a stage that ends with this process, however that ends; None where there are none.

    Raises
    ------
    BlockingIOError
        Another has claimed it.
    """
    try:
        import fcntl

        handle = os.open(stage, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        if isinstance(error, BlockingIOError):
            raise
        return None
    return handle


def _sweep(folder: Path) -> None:
    """Remove the stages of writers that were killed."""
    for stage in folder.glob(f"{STAGE}*"):
        with suppress(OSError):  # another's, or another run has swept it
            age = time.time() - stage.stat().st_mtime
            claim = _claimed(stage)
            if claim is not None:
                os.close(claim)
            if age > (GIVEN_UP if claim is None else SETTLED):
                shutil.rmtree(stage)


def _disk_error(error: BaseException | None) -> str | None:
    """What the disk refused; polars tells it in an error of its own or without the file's name."""
    if isinstance(error, OSError) and error.filename is None:
        return error.strerror or str(error)
    if type(error).__module__.startswith("polars") and "os error" in str(error):
        return str(error).rpartition("IO error: ")[2]
    return None
