"""What a run read and did, for `run.json` and for the summary on the terminal."""

import platform
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.catalog.tables import STDIN
from samesku.runtime.arrays import AnyInts, Bools, Ints
from samesku.runtime.files import digest
from samesku.runtime.progress import Progress

# Training postings that a model's card remembers.
SAMPLE = 256


def run_record(
    catalog: Catalog,
    candidates: Candidates,
    present: Sequence[Bools],
    progress: Progress,
    place: Ints,
) -> dict[str, Any]:
    """What a run read and encoded, and how long it took so far.

    `present` says for each encoder which distinct postings have a vector, `place` which of these
    each posting is.
    """
    sources = {
        name: {
            "modality": candidates.modalities[column],
            "postings": int(np.count_nonzero(present[column][place])),
            "candidates": int(np.count_nonzero(candidates.found[:, column])),
        }
        for column, name in enumerate(candidates.encoders)
    }
    return {
        **environment(),
        "catalogue": catalog_record(catalog),
        "encoders": sources,
        **work_record(progress),
    }


def catalog_record(catalog: Catalog) -> dict[str, Any]:
    """What was read, and what was wrong with it."""
    path = Path(catalog.name)
    return {
        "name": catalog.name,
        **({"digest": digest(path)} if path.is_file() else {}),
        "postings": len(catalog),
        "photos": int(catalog.with_photo.sum()),
        "columns": catalog.frame.columns,
        "problems": [
            {"kind": each.kind, "count": each.count, "rows": list(each.rows),
             "message": each.message, "fix": each.fix}
            for each in catalog.problems
        ],
    }  # fmt: skip


def source_record(
    catalog: Catalog, encoders: Sequence[str], params: Mapping[str, Any]
) -> dict[str, Any]:
    """Where a catalogue was and how it was read and matched: for a report or another run.

    `encoders` are as users name them; `params` are those of the matcher (``get_params``).
    """
    origin = catalog.origin
    path = origin.get("path", "")
    return {
        "path": path,
        "digest": digest(Path(path)) if path not in ("", STDIN) and Path(path).exists() else "",
        "encoding": origin.get("encoding"),
        "photos": origin.get("photos"),
        "columns": dict(origin.get("columns", {})),
        "encoders": list(encoders),
        "neighbours": params["k"],
        "search": params["method"],
        "same": list(params["same"]),
        "pairs": params["pairs"],
        "within": list(params["within"]),
    }


def work_record(progress: Progress) -> dict[str, Any]:
    """Of all of the work so far: the photos that were not used and why, notes, and seconds."""
    refused = [
        {"posting_id": posting, "path": path, "reason": reason}
        for (posting, path), reason in progress.refused.items()
    ]
    seconds = {name: round(taken, 3) for name, taken in progress.seconds.items()}
    return {"photos_refused": refused, "notes": list(progress.notes), "seconds": seconds}


def training_record(catalog: Catalog, taught: AnyInts | None = None) -> dict[str, Any]:
    """What trained a model, and a sample of its labelled postings to recognise them by.

    The sample is hashes of id and title, of all of them the smallest (bottom-k sampling): a
    catalogue that holds a part of the postings holds about that part of the sample. `taught` are
    the rows of postings that trained it in place of those with a label.
    """
    labels = np.array([]) if catalog.labels is None else catalog.labels
    known = catalog.take(np.flatnonzero(labels >= 0) if taught is None else taught)
    return {
        "catalogue": Path(catalog.name).name,
        "postings": len(catalog),
        "labelled_postings": len(known),
        "photos": int(catalog.with_photo.sum()),
        "columns": catalog.frame.columns,
        "sample": " ".join(sorted(_names(known))[:SAMPLE]),
    }


def seen_in_training(card: Mapping[str, Any], catalog: Catalog) -> int | None:
    """About how many postings of a catalogue trained the model of a card; None: unknown."""
    trained = [card.get("trained_on"), *card.get("beside", [])]
    if not all(isinstance(each, Mapping) and each.get("sample") for each in trained):
        return None
    names, seen = _names(catalog), 0
    for each in trained:
        remembered = set(str(each["sample"]).split(" "))
        share = len(remembered.intersection(names)) / len(remembered)
        seen += round(share * int(each["labelled_postings"]))
    return min(seen, len(catalog))


def environment() -> dict[str, Any]:
    """Versions that a result depends on."""
    packages: dict[str, str] = {}
    for name in ("lightgbm", "numpy", "onnxruntime", "pillow", "polars", "rapidfuzz", "scipy"):
        with suppress(PackageNotFoundError):  # of an extra
            packages[name] = version(name)
    return {
        "samesku": version("samesku"),
        "python": platform.python_version(),
        "platform": sys.platform,
        "packages": packages,
    }


def _names(catalog: Catalog) -> list[str]:
    """A short hash of each posting."""
    texts = map("{}\0{}".format, catalog.ids, catalog.titles)
    return [blake2b(text.encode(), digest_size=6).hexdigest() for text in texts]


def is_unchanged(file: Path, record: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    """Whether a file is the catalogue that a run read: what is received may name any other."""
    known = source.get("digest") or record.get("catalogue", {}).get("digest")
    return bool(known == digest(file))
