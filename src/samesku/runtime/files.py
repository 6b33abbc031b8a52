"""Output files that appear all together, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import polars as pl

__all__ = ["Staged", "check_folder"]


class Staged:
    """Write files in a hidden folder beside their place; move them there when all are complete.

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
        self._stage = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=self.folder))
        return self

    def path(self, name: str) -> Path:
        """Where to write the file that will be called `name`."""
        self.names.append(name)
        return self._stage / name

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
                for name in self.names:
                    os.replace(self._stage / name, self.folder / name)
                    self.written.append(self.folder / name)
        finally:
            shutil.rmtree(self._stage, ignore_errors=True)
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


def _disk_error(error: BaseException | None) -> str | None:
    """What the disk refused; polars tells it in an error of its own or without the file's name."""
    if isinstance(error, OSError) and error.filename is None:
        return error.strerror or str(error)
    if isinstance(error, pl.exceptions.PolarsError) and "os error" in str(error):
        return str(error).rpartition("IO error: ")[2]
    return None
