"""Where a catalogue's photos lie, which are not there, and which are not to be read."""

import os
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path, PureWindowsPath

import polars as pl

from samesku.catalog.problems import Problem

PHOTO_FOLDERS = ("{stem}_images", "images", "photos", ".")
# Between the photos of one cell, and what is around them where it holds a list.
_BETWEEN = re.compile(r"[|;,\n]")
_AROUND = " \t\r[]()\"'"
_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def photo_root(path: Path | None, frame: pl.DataFrame, photos: str | Path | None) -> Path | None:
    """The folder that relative photo names start from; None without a column `image`.

    `path` is the catalogue's file, None for a frame; `photos` what the user named, which raises
    FileNotFoundError where it is no folder.
    """
    if "image" not in frame.columns:
        return None
    if photos is not None:
        root = Path(photos)
        if not root.is_dir():
            raise FileNotFoundError(f"{root}: no such photo folder")
        return root
    if path is None:
        return Path()
    names = frame["image"].drop_nulls().head(50).to_list()
    folders = [path.parent / pattern.format(stem=path.stem) for pattern in PHOTO_FOLDERS]
    there = [folder for folder in folders if folder.is_dir()]
    # A folder without any of the named photos (a web site's `images`, say) is passed over.
    for folder in there:
        places = _Places(folder)
        if any(places.find(name)[0] for name in names):
            return folder
    return there[0] if there else path.parent


def locate_photos(
    frame: pl.DataFrame, root: Path | None, *, given: bool, allow_outside: bool = False
) -> tuple[tuple[Path | None, ...], list[Problem]]:
    """The path of each posting's photo, and what is wrong with those that cannot be used.

    Photos outside `root`, also behind symbolic links, are used with `allow_outside` only.
    """
    if root is None:
        return (None,) * frame.height, [Problem.of("photos_unused")] if given else []
    places = _Places(root, allow_outside=allow_outside)
    images = frame["image"].to_list()
    found: list[Path | None] = []
    faults: dict[str, list[int]] = {}
    for row, image in enumerate(images):
        place, fault = (None, "") if image is None else places.find(image)
        found.append(place)
        if fault:
            faults.setdefault(fault, []).append(row)
    hint = "" if given else " (--photos names another folder)"
    problems = []
    for kind, rows in sorted(faults.items()):
        examples = list(dict.fromkeys(images[row] for row in rows))[:3]
        problems.append(Problem.of(kind, rows, examples=examples, root=root, hint=hint))
    return tuple(found), problems


class _Places:
    """The files under a photo folder; each folder is listed once instead of asked for each file."""

    def __init__(self, root: Path, *, allow_outside: bool = False) -> None:
        self.root = root
        self.allow_outside = allow_outside
        self._real = _resolved(root)
        self._own = self._real.name or root.name
        self.find, self._alike = cache(self._first_of), cache(self._folded)
        self._listed: dict[Path, dict[str, bool]] = {}
        self._holds = cache(lambda folder: _resolved(folder).is_relative_to(self._real))

    def _first_of(self, image: str) -> tuple[Path | None, str]:
        """The file that a cell means; of a cell that names several, the first."""
        place, fault = self._find(image)
        first, *others = (part.strip(_AROUND) for part in _BETWEEN.split(image))
        if fault and first != image and Path(first).suffix:  # no folder whose name has a comma
            found, other_fault = self._find(first)
            if found is not None:
                return found, "photo_list" if any(others) else other_fault or "photo_spelling"
        return place, fault

    def _find(self, image: str) -> tuple[Path | None, str]:
        """The file that a name means, and the kind of its problem, or nothing."""
        if "/" not in image and "\\" not in image and ":" not in image:  # no path to part
            linked = self._names(self.root).get(image)
            if linked is False or (linked and self.allow_outside):
                return self.root / image, ""
            if linked is None and self._alike(self.root).get(_fold(image)) is None:
                return None, "photo_absent"
        if _URL.match(image):
            return None, "photo_url"
        place = self.root / image  # an absolute path stays as it is
        if place.name in self._names(place.parent):
            inside = self.allow_outside or self._is_inside(place)
            return (place, "") if inside else (None, "photo_outside")
        for parts in self._spellings(PureWindowsPath(image)):
            other = self._spelled(parts)
            if other is not None and (self.allow_outside or self._is_inside(other)):
                return other, "photo_spelling"
        return None, "photo_absent"

    def _spellings(self, path: PureWindowsPath) -> list[Sequence[str]]:
        """Parts of a path below the photo folder: as given, and behind the folder's own name."""
        parts = [part for part in path.parts if part != path.anchor]
        ways: list[Sequence[str]] = [] if path.anchor else [parts]
        own = [at for at, part in enumerate(parts[:-1]) if _fold(part) == _fold(self._own)]
        return ways + ([parts[own[-1] + 1 :]] if own else [])

    def _spelled(self, parts: Sequence[str]) -> Path | None:
        """The file below the photo folder whose name differs at most in how it is written."""
        place = self.root
        for part in parts:
            name = part if part in self._names(place) else self._alike(place).get(_fold(part))
            if name is None:
                return None
            place = place / name
        return place if parts and place.parent in self._listed else None

    def _names(self, folder: Path) -> dict[str, bool]:
        """The names in a folder, and whether each is a symbolic link."""
        if folder not in self._listed:
            try:
                with os.scandir(folder) as entries:
                    self._listed[folder] = {entry.name: entry.is_symlink() for entry in entries}
            except (OSError, ValueError):
                self._listed[folder] = {}
        return self._listed[folder]

    def _folded(self, folder: Path) -> dict[str, str | None]:
        """Names by their folded form; None where several have one."""
        folded: dict[str, str | None] = {}
        for name in self._names(folder):
            key = _fold(name)
            folded[key] = None if key in folded else name
        return folded

    def _is_inside(self, place: Path) -> bool:
        linked = self._names(place.parent).get(place.name)
        return self._holds(place if linked else place.parent)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a link to itself
        return path.absolute()
