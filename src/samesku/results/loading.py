"""`Matches` read back from the folder of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from samesku.candidates.candidates import Candidates
from samesku.candidates.collapse import Collapsed
from samesku.catalog.answers import Answers
from samesku.clustering.pins import Pins, pins_of
from samesku.results.matches import Matches
from samesku.results.runs import Run, read_run
from samesku.scoring.by_name import fusion_by_name, tolerating
from samesku.scoring.fusion import Fusion

__all__ = ["load_matches"]


def load_matches(folder: Path, catalogue: Path | None = None) -> Matches:
    """The matches that a run wrote, with the pairs that it wrote as candidates.

    `catalogue` is where the catalogue is now, if not where it was.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`samesku.results.runs.read_run`; or the run is none of one catalogue.
    """
    run = read_run(folder, catalogue=[catalogue] if catalogue else ())
    if run.kind != "match":
        raise ValueError(f"{folder} is no run of `match` on one catalogue; match again")
    collapsed = _collapsed(run)
    scored = run.pairs.filter(pl.col("score").is_not_null())
    ends = np.sort(collapsed.place[scored.select("left", "right").to_numpy()], axis=1)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    scored, ends = scored[order], ends[order]
    candidates = _candidates(run, scored, ends, len(collapsed.rows))
    matches = Matches(
        run.catalog,
        candidates,
        scored["score"].cast(pl.Float32).to_numpy(),
        _fusion(run),
        run.threshold,
        float(run.record["cohesion"]),
        run={key: value for key, value in run.record.items() if key != "results"},
        decide=run.record["decide"],
        sources=_sources(run),
        collapsed=collapsed,
        pins=_pins(run, collapsed, candidates),
        written=scored["reasons"] if "reasons" in scored.columns else None,
    )
    # As they were written; another threshold clusters anew.
    vars(matches)["clusters"] = run.clusters
    return matches


def _collapsed(run: Run) -> Collapsed:
    """The postings that were scored, in the order of their ids."""
    order = run.catalog.frame["posting_id"].arg_sort().to_numpy().astype(np.int64)
    rows = order[np.isin(order, run.representative)]
    place_of = np.full(len(run.catalog), -1, dtype=np.int64)
    place_of[rows] = np.arange(len(rows))
    taken = run.catalog.take(rows, name=run.catalog.name)
    return Collapsed(taken, place_of[run.representative], rows, order)


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


def _fusion(run: Run) -> Fusion:
    same = run.record.get("source", {}).get("same", ())
    if (folder := run.record.get("model")) is None:
        fusion = fusion_by_name(run.record["fusion"])
    else:
        # Only who has a model of their own waits for the trees to load.
        from samesku.scoring.classifier import PairClassifier
        from samesku.scoring.learned import Learned

        fusion = Learned(PairClassifier.load(folder))
    return tolerating(fusion, same) if same else fusion


def _sources(run: Run) -> np.ndarray | None:
    from samesku.catalog.sources import source_codes

    return source_codes(run.catalog) if run.record.get("pairs") == "across" else None


def _pins(run: Run, collapsed: Collapsed, candidates: Candidates) -> Pins | None:
    """The answers that the run was given, of pairs that it wrote."""
    if not (given := run.record.get("answers", {}).get("pins", [])):
        return None
    schema = ["left_id", "right_id", "verdict", "by"]
    table = pl.DataFrame(given, schema=schema, orient="row")
    answers = Answers.of(table, run.catalog, source=str(run.folder))
    pins = pins_of(answers, run.catalog, None, "all").on(collapsed.place)
    known = candidates.places(pins.left, pins.right) >= 0
    return Pins.of(pins.left[known], pins.right[known], pins.same[known])
