"""Postings from a catalogue, or a whole batch run from the folder that it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samesku.catalog.catalog import Catalog, read_catalog
from samesku.catalog.photos import PhotoError, read_photo_bytes
from samesku.results.run_files import read_record, threshold_of
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


@dataclass(frozen=True)
class BatchRun:
    """What a store takes from a batch run.

    Attributes
    ----------
    postings : list of dict
    model : Path, optional
        None: the one that ships.
    same : tuple of str
    threshold : float, optional
        None where the run adapted the model on its way, whose probabilities are others.
    pins : list of (left, right, verdict, who)
    """

    postings: list[dict[str, Any]]
    model: Path | None
    same: tuple[str, ...]
    threshold: float | None
    pins: list[tuple[str, str, str, str]]


def read_run(folder: Path) -> BatchRun:
    """Read the catalogue of a batch run, and how it was matched.

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
    model = None if (named := record.get("model")) is None else Path(named)
    pins = [
        (a, b, verdict, who) for a, b, verdict, who in record.get("answers", {}).get("pins", [])
    ]
    return BatchRun(postings_of(catalog), model, same, threshold, pins)
