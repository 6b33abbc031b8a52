"""Output files that appear all together, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

__all__ = ["Staged"]


class Staged:
    """Write files in a hidden folder beside their place; move them there when all are complete.

    Parameters
    ----------
    folder : Path
        Where the files shall stand; made when missing. Other files in it are left alone.

    Raises
    ------
    OSError
        When the folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: list[Path] = []
        self._names: list[str] = []

    def __enter__(self) -> Staged:
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"{self.folder} is a file; name a folder for the output")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._stage = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=self.folder))
        return self

    def path(self, name: str) -> Path:
        """Where to write the file that will be called `name`."""
        self._names.append(name)
        return self._stage / name

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                for name in self._names:
                    os.replace(self._stage / name, self.folder / name)
                    self.written.append(self.folder / name)
        finally:
            shutil.rmtree(self._stage, ignore_errors=True)
