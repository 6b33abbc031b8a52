"""Postings from a catalogue, or a whole batch run from the folder that it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from samesku.catalog.catalog import Catalog, read_catalog
from samesku.catalog.photos import PhotoError, read_photo_bytes
from samesku.results.run_files import read_record, threshold_of
from samesku.store.postings import hash_photo
from samesku.store.results import StoreError
from samesku.store.state import Setting


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


def read_run(folder: Path) -> tuple[Setting, list[dict[str, Any]], list[Sequence[str]]]:
    """How the catalogue of a batch run was matched, its postings, and the pins with who made them.

    Raises
    ------
    StoreError
        The folder holds no run, one by another fusion, or its catalogue is not where it was.
    """
    place = folder / "run.json"
    try:
        record = read_record(place)
        source = record["source"]
        path, photos = Path(source["path"]), source["photos"]
        columns, encoding = source["columns"], source["encoding"]
        # A run that adapted the model on its way had other probabilities.
        threshold = None if "adapted" in record else threshold_of(record, place)
        fusion, same = record["fusion"], tuple(source["same"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise StoreError(
            f"{folder} holds no run of `samesku match`: {place.name} cannot be read", "missing"
        ) from error
    if fusion != "learned":
        raise StoreError(
            f"{folder} was matched by {fusion}, a store scores by the learned fusion: index the "
            "catalogue itself",
            "unusable",
        )
    if not path.exists():
        raise StoreError(f"{path}: the catalogue of the run is not there; index it", "missing")
    catalog = read_catalog(path, photos=photos, columns=columns, encoding=encoding)
    setting = Setting.of(record.get("model"), same, threshold)
    return setting, postings_of(catalog), record.get("answers", {}).get("pins", [])
