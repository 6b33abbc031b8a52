"""What a run read and did, for `run.json` and for the summary on the terminal."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np

from samesku.candidates import Candidates
from samesku.catalog import Catalog
from samesku.encoders.encode import Encoded
from samesku.progress import Progress

__all__ = ["catalog_record", "environment", "run_record"]


def run_record(
    catalog: Catalog, candidates: Candidates, encoded: Encoded, progress: Progress
) -> dict[str, Any]:
    """What a run read and looked at, and how long it took so far."""
    sources = {
        name: {
            "modality": candidates.modalities[column],
            "postings": int(np.count_nonzero(encoded.vectors[column].present)),
            "candidates": int(np.count_nonzero(candidates.found[:, column])),
        }
        for column, name in enumerate(candidates.encoders)
    }
    return {
        **environment(),
        "catalogue": catalog_record(catalog),
        "photos_refused": [asdict(photo) for photo in encoded.broken],
        "encoders": sources,
        "notes": list(progress.notes),
        "seconds": {name: round(taken, 3) for name, taken in progress.seconds.items()},
    }


def catalog_record(catalog: Catalog) -> dict[str, Any]:
    """What was read, and what was wrong with it."""
    return {
        "name": catalog.name,
        "postings": len(catalog),
        "photos": sum(photo is not None for photo in catalog.photos),
        "columns": catalog.frame.columns,
        "problems": [
            {
                "kind": problem.kind,
                "count": problem.count,
                "rows": list(problem.rows),
                "message": problem.message,
                "fix": problem.fix,
            }
            for problem in catalog.problems
        ],
    }


def environment() -> dict[str, Any]:
    """Versions that a result depends on."""
    packages = ("lightgbm", "numpy", "pillow", "polars", "rapidfuzz", "scipy")
    return {
        "samesku": version("samesku"),
        "python": platform.python_version(),
        "platform": sys.platform,
        "packages": {name: version(name) for name in packages},
    }
