"""Where a catalogue's photos lie, and which of them are not there."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from samesku.catalog.problems import Problem

__all__ = ["locate_photos", "photo_root"]

PHOTO_FOLDERS = ("{stem}_images", "images", "photos", ".")
_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def photo_root(path: Path | None, frame: pl.DataFrame, photos: str | Path | None) -> Path | None:
    """Choose the folder that relative photo names start from.

    Parameters
    ----------
    path : Path or None
        The catalogue's file, None for a frame.
    frame : polars.DataFrame
    photos : path or None
        What the user named.

    Returns
    -------
    Path or None
        None when there is no `image` column or no folder that could be meant.

    Raises
    ------
    FileNotFoundError
        The folder that the user named is not there.
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
    listed: dict[str, frozenset[str]] = {}
    for folder in there:
        if any(_is_listed(folder / name, listed) for name in names):
            return folder
    return there[0] if there else None


def locate_photos(
    frame: pl.DataFrame, root: Path | None, *, given: bool
) -> tuple[tuple[Path | None, ...], list[Problem]]:
    """The path of each posting's photo, and what is wrong with those that cannot be found."""
    if "image" not in frame.columns:
        message = "photo folder given, but there is no column 'image'"
        unused = Problem("photos_unused", message, "name the column: columns image=THEIR_NAME")
        return (None,) * frame.height, [unused] if given else []
    listed: dict[str, frozenset[str]] = {}
    places: list[Path | None] = []
    urls: list[int] = []
    absent: list[int] = []
    images = frame["image"].to_list()
    for row, image in enumerate(images):
        place = None
        if image is None:
            pass
        elif _URL.match(image):
            urls.append(row)
        elif root is not None or Path(image).is_absolute():
            candidate = Path(image) if Path(image).is_absolute() else (root or Path()) / image
            place = candidate if _is_listed(candidate, listed) else None
            if place is None:
                absent.append(row)
        else:
            absent.append(row)
        places.append(place)
    problems = []
    if urls:
        fix = "URLs are not fetched; download the photos and name the files"
        examples = [images[row] for row in urls[:3]]
        problems.append(
            Problem.at("photo_url", "photo given as a URL", fix, urls, examples=examples)
        )
    if absent:
        where = f"looked in {root}" if root is not None else "no photo folder was found"
        hint = "" if given else " (photos FOLDER names another place)"
        fix = f"{where}; matched without photo{hint}"
        examples = [images[row] for row in absent[:3]]
        problems.append(
            Problem.at("photo_absent", "photo named but absent", fix, absent, examples=examples)
        )
    return tuple(places), problems


def _is_listed(place: Path, listed: dict[str, frozenset[str]]) -> bool:
    """Whether the file is there, listing each folder once instead of asking for each file."""
    folder = str(place.parent)
    if folder not in listed:
        try:
            listed[folder] = frozenset(entry.name for entry in place.parent.iterdir())
        except (OSError, ValueError):
            listed[folder] = frozenset()
    return place.name in listed[folder]
