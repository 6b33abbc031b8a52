"""A run read back as what `Matches` holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from samesku.candidates.candidates import Candidates
from samesku.candidates.collapse import Collapsed
from samesku.catalog.catalog import Catalog
from samesku.catalog.sources import source_codes
from samesku.clustering.pins import Pins, pins_of
from samesku.results.runs import Run, read_run


def loaded_fields(folder: Path, catalogue: Sequence[Path]) -> dict[str, Any]:
    """The attributes of the matches that a run wrote, with the pairs that it wrote as candidates.

    Also its `clusters`, as they were written. Raises as :func:`samesku.results.runs.read_run` does,
    and ValueError for an evaluation.
    """
    run = read_run(folder, catalogue=catalogue)
    if run.kind == "evaluation":
        raise ValueError(f"{folder} is an evaluation, which has no one result; match")
    catalog = run.joined or run.catalog
    collapsed = Collapsed.of(catalog, run.representative)
    scored = run.pairs.filter(pl.col("score").is_not_null())
    ends = np.sort(collapsed.place[scored.select("left", "right").to_numpy()], axis=1)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    scored, ends = scored[order], ends[order]
    candidates = _candidates(run, scored, ends, len(collapsed.rows))
    across = run.record.get("pairs") == "across"
    return {
        "catalog": catalog,
        "candidates": candidates,
        "scores": scored["score"].cast(pl.Float32).to_numpy(),
        "fusion": run.fusion,
        "threshold": run.threshold,
        "cohesion": float(run.record["cohesion"]),
        "run": {key: value for key, value in run.record.items() if key != "results"},
        "decide": run.record["decide"],
        "sources": source_codes(catalog) if across else None,
        "distinct": collapsed,
        "pins": _pins(run, catalog, collapsed, candidates),
        "written": scored["reasons"] if "reasons" in scored.columns else None,
        "clusters": run.clusters,
    }


def _candidates(run: Run, scored: pl.DataFrame, ends: np.ndarray, size: int) -> Candidates:
    names = tuple(name for name in run.record["encoders"] if name in scored.columns)
    columns = [scored[name].cast(pl.Float32).fill_null(np.nan).to_numpy() for name in names]
    similarity = np.stack(columns, axis=1) if names else np.empty((len(ends), 0), np.float32)
    return Candidates(
        ends[:, 0].astype(np.int32),
        ends[:, 1].astype(np.int32),
        similarity,
        ~np.isnan(similarity),
        np.zeros((size, len(names)), dtype=np.float32),
        names,
        tuple(run.record["encoders"][name]["modality"] for name in names),
        tuple("dense" for _ in names),
    )


def _pins(run: Run, catalog: Catalog, collapsed: Collapsed, candidates: Candidates) -> Pins | None:
    """The answers that the run was given, of pairs that it wrote."""
    if (answers := run.answers) is None:
        return None
    pins = pins_of(answers, catalog, None, "all").on(collapsed.place)
    known = candidates.places(pins.left, pins.right) >= 0
    return Pins.of(pins.left[known], pins.right[known], pins.same[known])
