"""The attributes of matches, from the run that wrote them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.results.runs import Run


def matches_fields(run: Run) -> dict[str, Any]:
    """The attributes of the matches that a run wrote, with the pairs that it wrote as candidates.

    ValueError: an evaluation has no one result.
    """
    if run.kind == "evaluation":
        raise ValueError(f"{run.folder} is an evaluation, which has no one result; match")
    catalog = run.joined or run.catalog
    scored, left, right = run.scored
    return {
        "catalog": catalog,
        "candidates": _candidates(run, scored, left, right),
        "scores": scored["score"].cast(pl.Float32).to_numpy(),
        "fusion": run.fusion,
        "threshold": run.threshold,
        "cohesion": float(run.record["cohesion"]),
        "run": {key: value for key, value in run.record.items() if key != "results"},
        "decide": run.record["decide"],
        "sources": run.sources,
        "distinct": run.distinct,
        "pins": run.pins,
        "written": scored["reasons"] if "reasons" in scored.columns else None,
    }


def _candidates(
    run: Run, scored: pl.DataFrame, left: NDArray[np.int64], right: NDArray[np.int64]
) -> Candidates:
    names = tuple(name for name in run.record["encoders"] if name in scored.columns)
    columns = [scored[name].cast(pl.Float32).fill_null(np.nan).to_numpy() for name in names]
    similarity = np.stack(columns, axis=1) if names else np.empty((len(left), 0), np.float32)
    return Candidates(
        left.astype(np.int32),
        right.astype(np.int32),
        similarity,
        ~np.isnan(similarity),
        np.zeros((len(run.distinct.rows), len(names)), dtype=np.float32),
        names,
        tuple(run.record["encoders"][name]["modality"] for name in names),
        tuple("dense" for _ in names),
    )
