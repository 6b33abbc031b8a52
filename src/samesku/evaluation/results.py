"""What an evaluation found, and how it is written down."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from samesku.evaluation.calibration import Reliability
from samesku.metrics import Figure
from samesku.runtime.files import Staged

WHOLE = "whole catalogue"
FOLD = "own fold"


@dataclass(frozen=True)
class Result:
    """The figures of one fusion or model, by name, in one pool.

    `pool` is among whom the queries were searched: ``"whole catalogue"`` or ``"own fold"``;
    `pool_size` its postings, one number per split; `queries` the scored postings. `differences` are
    to the first result of the same pool, with paired intervals. `reliability` is of the queries'
    pairs, None where scores are no probabilities.
    """

    fusion: str
    pool: str
    pool_size: tuple[int, ...]
    queries: int
    figures: dict[str, Figure]
    differences: dict[str, Figure] = field(default_factory=dict)
    reliability: Reliability | None = None


@dataclass(frozen=True)
class Evaluation:
    """An honest score: what was measured, on what, how.

    The first of `results` in each pool is the one that the others are compared with; `record` holds
    data, splits, chosen thresholds, models, versions. For a report: `pairs` of the queries by
    `fusion`, with `score`, whether they `matched`, the similarity under each encoder and the
    `reasons`; `queries`, the `posting_id` of the scored postings and `identical_to`, the posting
    scored in place of it; `groups`, `fusion`, `split`, `group_id` and `posting_id` of those in the
    clusters of the queries.
    """

    results: list[Result]
    record: dict[str, Any] = field(default_factory=dict)
    pairs: pl.DataFrame | None = None
    queries: pl.DataFrame | None = None
    groups: pl.DataFrame | None = None

    @property
    def summary(self) -> dict[str, Any]:
        """What `evaluation.json` holds."""
        results = [asdict(result) for result in self.results]
        compared = self.results[0].fusion if self.results else None
        return dict(_without_nan({**self.record, "compared_with": compared, "results": results}))

    def write(self, folder: str | Path) -> list[Path]:
        """Write `evaluation.json`, and the pairs if they were kept; returns their paths."""
        with Staged(Path(folder)) as staged:
            kept = {"scored": self.pairs, "queries": self.queries, "groups": self.groups}
            for name, table in kept.items():
                if table is not None:
                    table.write_parquet(staged.path(f"{name}.parquet"))
            staged.seal("evaluation.json", self.summary)
        return staged.written


def _without_nan(value: Any) -> Any:
    """Figures that do not exist (no match at all) are null: NaN is no JSON."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
