"""What an evaluation counts of its queries, the figures of it, and how they are written down."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from samesku import metrics
from samesku.evaluation.calibration import Predicted, Reliability, predicted_pairs
from samesku.results.matches import Matches
from samesku.runtime.arrays import Ints
from samesku.runtime.files import Staged, as_json

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
    figures: dict[str, metrics.Figure]
    differences: dict[str, metrics.Figure] = field(default_factory=dict)
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

    def __repr__(self) -> str:
        figures = [
            f"{each.fusion} {each.figures['posting_f1'].value:.3f}"
            for each in self.results
            if each.pool == WHOLE
        ]
        return f"Evaluation(F1 per posting: {', '.join(figures)})"

    @property
    def summary(self) -> dict[str, Any]:
        compared = self.results[0].fusion if self.results else None
        results = [asdict(result) for result in self.results]
        return dict(as_json({**self.record, "compared_with": compared, "results": results}))

    def write(self, folder: str | Path) -> list[Path]:
        """Write `evaluation.json`, and the pairs if they were kept; returns their paths.

        Raises OSError where the folder cannot be written, or the catalogue would be replaced.
        """
        with Staged(Path(folder), keep=[self.record["source"]["path"]]) as staged:
            kept = {"scored": self.pairs, "queries": self.queries, "groups": self.groups}
            for name, table in kept.items():
                if table is not None:
                    table.write_parquet(staged.path(f"{name}.parquet"))
            staged.seal("evaluation.json", self.summary)
        return staged.written


def count(matches: Matches, rows: Ints, labels: Ints) -> tuple[pl.DataFrame, Predicted | None]:
    """Count for the queries `rows`; labels int64 ``(n,)``, -1 where unknown.

    Of each query the `product`, a tally, and how many true candidates that are no matches are
    `below` the threshold, and above it but `cut` by the clustering. None where scores are no
    probabilities.
    """
    left, right = matches.candidates.left, matches.candidates.right
    distinct = matches.distinct
    groups, known = matches.clusters[distinct.rows], labels[distinct.rows]
    apart = groups[left] != groups[right]
    above = matches.scores >= matches.threshold
    predicted = None
    if matches.fusion.probabilistic:
        asked = np.flatnonzero(np.isin(distinct.rows, rows))
        predicted = predicted_pairs(matches.scores, matches.candidates, known, asked)
    below, cut = (
        metrics.pair_tally(left[lost], right[lost], labels, distinct.place).correct[rows]
        for lost in (apart & ~above, apart & above)
    )
    tally = metrics.cluster_tally(matches.clusters, labels).take(rows)
    counts = {"product": labels[rows], **tally._asdict(), "below": below, "cut": cut}
    return pl.DataFrame(counts), predicted


def figures(counts: pl.DataFrame, seed: int) -> dict[str, metrics.Sampled]:
    """Every figure over queries as they were counted, resampled by whole products."""
    products, correct, matched, actual, below, cut = (each.to_numpy() for each in counts)
    one, f1 = np.ones(len(products)), metrics.posting_f1(metrics.Tally(correct, matched, actual))
    # The posting itself belongs to its group: B-cubed counts it.
    own_precise, own_recalled = (correct + 1) / (matched + 1), (correct + 1) / (actual + 1)
    # Numerator and denominator; of two of each the harmonic mean.
    ratios: dict[str, tuple[Any, Any]] = {
        "posting_f1": (f1, one),
        "pair_precision": (correct, matched),
        "pair_recall": (correct, actual),
        "pair_f1": ([correct, correct], [matched, actual]),
        "bcubed_precision": (own_precise, one),
        "bcubed_recall": (own_recalled, one),
        "bcubed_f1": ([own_precise, own_recalled], [one, one]),
        "lost_not_candidate": (actual - correct - below - cut, actual),
        "lost_below_threshold": (below, actual),
        "lost_by_clustering": (cut, actual),
    }
    return {name: metrics.bootstrap(*parts, products, seed=seed) for name, parts in ratios.items()}
