"""Postings from a catalogue, or from the folder that a batch run wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from samesku.catalog.catalog import Catalog, read_catalog
from samesku.catalog.photos import PhotoError, read_photo_bytes
from samesku.store.postings import hash_photo
from samesku.store.results import StoreError


def postings_of(catalog: Catalog) -> list[dict[str, Any]]:
    """The rows of a catalogue as postings; photos without a hash are hashed, broken ones left."""
    rows = catalog.frame.to_dicts()
    for row, photo in zip(rows, catalog.photos, strict=True):
        if photo is not None and not row.get("image_phash"):
            try:
                row["image_phash"] = hash_photo(read_photo_bytes(photo))
            except (StoreError, PhotoError):
                continue
    return rows


def postings_of_run(folder: Path) -> list[dict[str, Any]]:
    """The postings of the catalogue that a batch run read.

    Raises
    ------
    StoreError
        The folder holds no run, or its catalogue is not where it was.
    """
    place = folder / "run.json"
    try:
        source = json.loads(place.read_text(encoding="utf-8"))["source"]
        path, photos = Path(source["path"]), source["photos"]
        columns, encoding = source["columns"], source["encoding"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StoreError(
            f"{folder} holds no run of `samesku match`: {place.name} cannot be read", "missing"
        ) from error
    if not path.exists():
        raise StoreError(f"{path}: the catalogue of the run is not there; index it", "missing")
    return postings_of(read_catalog(path, photos=photos, columns=columns, encoding=encoding))
