"""Files: outputs that appear all together or not at all, checked JSON, tables of the package."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
import tempfile
import time
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

STAGE = ".unfinished-"
# Seconds after which a stage without a living writer is swept, and one of which that is unknown.
SETTLED, GIVEN_UP = 10, 24 * 3600


class Staged:
    """Write files in a hidden folder beside their place; move them there when all are complete.

    The file that was named last is taken away before the others are moved, and moved last. A
    process that is killed in between leaves a folder without it: readers look for that file
    first, and so never take a mixture of two runs for one.

    The folder is made when missing, and gone again when nothing is written; other files in it are
    left alone. `names` are what the files will be called, `written` the files once they are in
    their place. A folder that cannot be made or written is an OSError, as is a file of `keep`, full
    paths of what was read, that would be replaced.
    """

    def __init__(self, folder: Path, keep: Collection[str] = ()) -> None:
        self.folder = folder
        self.keep = keep
        self.written: list[Path] = []
        self.names: list[str] = []

    def __enter__(self) -> Staged:
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"{self.folder} is a file; name a folder for the output")
        if re.search("[\ud800-\udfff]", str(self.folder)):  # polars cannot write there
            raise OSError(f"{self.folder} is no name in UTF-8; name another folder for the output")
        self._made = [each for each in (self.folder, *self.folder.parents) if not each.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)
        _sweep(self.folder)
        self._stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=self.folder))
        self._claim = claimed(self._stage)
        return self

    def path(self, name: str) -> Path:
        """Where to write the file that will be called `name`."""
        self.names.append(name)
        return self._stage / name

    def seal(self, name: str, record: Mapping[str, Any]) -> None:
        """Write a record as JSON, last of all, with the other files and their digests."""
        digests = {each: digest(self._stage / each) for each in self.names}
        place = self.path(name)
        write_json(place, {**record, "written": self.names, "digests": digests})

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if (reason := _disk_error(error)) is not None:
                place = self.folder / self.names[-1] if self.names else self.folder
                raise OSError(f"{place} cannot be written: {reason}") from error
            if error is None:
                if taken := [name for name in self.names if (self.folder / name).is_dir()]:
                    raise IsADirectoryError(f"{self.folder / taken[0]} is a folder; remove it")
                places = [self.folder / name for name in self.names]
                if read := [place for place in places if str(place.resolve()) in self.keep]:
                    raise FileExistsError(f"{read[0]} was read and stays; name another folder")
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
    """Raise OSError before the work if `folder` cannot be written; leave no trace."""
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


def as_json(value: Any) -> Any:
    """Paths as text, numbers of NumPy as Python's, what is no number as null."""
    if isinstance(value, Mapping):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def packaged_table(package: str, *path: str) -> dict[str, Any]:
    """A table in TOML that comes with a package of ours."""
    return tomllib.loads(files(package).joinpath(*path).read_text("utf-8"))


def read_json(
    path: Path, fields: Mapping[str, Any], *, needed: Collection[str] = (), fix: str
) -> dict[str, Any]:
    """A JSON object whose named values are of the types that they should be, else ValueError.

    `fields` says what values are where they are there: a type or a union of types; `[type]`, a list
    of such; a mapping, an object with such values, `"*"` meaning any name. Those of `needed` must
    be there. `fix` is what to do if the file cannot be used.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON ({error}); {fix}") from error
    if not isinstance(given, dict):
        raise ValueError(f"{path} does not hold an object with named values; {fix}")
    if missing := [name for name in needed if name not in given]:
        raise ValueError(f"{path} has no {missing[0]}; {fix}")
    if strange := next(_strange(given, fields), None):
        name, shown = strange[0], str(strange[1])[:40]
        raise ValueError(
            f"{path} is damaged, or another version wrote it: its {name} cannot be {shown!r}; {fix}"
        )
    return given


def _strange(value: Any, kind: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Names and values that are of another type than they should be."""
    if isinstance(kind, Mapping) and isinstance(value, dict):
        for key, of in kind.items():
            for each in value if key == "*" else value.keys() & {key}:
                yield from _strange(value[each], of, f"{name}.{each}".lstrip("."))
    elif isinstance(kind, list) and isinstance(value, list):
        for each in value:
            yield from _strange(each, kind[0], name)
    elif isinstance(kind, Mapping | list) or not isinstance(value, kind):
        yield name, value
    elif isinstance(value, bool) and bool not in (get_args(kind) or (kind,)):
        yield name, value  # to Python true is a whole number


def claimed(place: Path, *, wait: bool = False) -> int | None:
    """A lock on a file or folder until its handle is closed; None where there are no locks.

    Where another has it, this waits, or raises BlockingIOError.
    """
    try:
        import fcntl

        handle = os.open(place, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
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
            claim = claimed(stage)
            if claim is not None:
                os.close(claim)
            if age > (GIVEN_UP if claim is None else SETTLED):
                shutil.rmtree(stage)


def _disk_error(error: BaseException | None) -> str | None:
    """What the disk refused; polars raises its own error, or one without the file's name."""
    if isinstance(error, OSError) and error.filename is None:
        return error.strerror or str(error)
    if type(error).__module__.startswith("polars") and "os error" in str(error):
        return str(error).rpartition("IO error: ")[2]
    return None
