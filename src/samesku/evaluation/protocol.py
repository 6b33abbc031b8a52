"""Cross-validation in which every query is searched among all postings."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samesku.candidates import Candidates
from samesku.catalog import Catalog
from samesku.evaluation.metrics import Figure, Tally, bootstrap, group_tally, pair_tally, posting_f1
from samesku.evaluation.splits import Split, group_folds, leaks
from samesku.evaluation.tuning import tune
from samesku.files import Staged
from samesku.fusion import Fusion
from samesku.matcher import Matcher
from samesku.matches import Matches
from samesku.record import catalog_record, environment

__all__ = ["Evaluation", "Result", "evaluate", "score"]

WHOLE = "whole catalogue"
FOLD = "own fold"


@dataclass(frozen=True)
class Result:
    """The figures of one fusion in one pool.

    Attributes
    ----------
    fusion : str
    pool : str
        ``"whole catalogue"`` or ``"own fold"``: among whom the queries were searched.
    pool_size : tuple of int
        Postings in the pool, one number per split.
    queries : int
        Scored postings.
    figures : dict of str to Figure
    """

    fusion: str
    pool: str
    pool_size: tuple[int, ...]
    queries: int
    figures: dict[str, Figure]


@dataclass(frozen=True)
class Evaluation:
    """An honest score: what was measured, on what, how.

    Attributes
    ----------
    results : list of Result
    record : dict
        Data, splits, chosen thresholds, versions.
    """

    results: list[Result]
    record: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: str | Path) -> Path:
        """Write `evaluation.json`; returns its path."""
        results = [_without_nan(asdict(result)) for result in self.results]
        record = {**self.record, "results": results}
        text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
        with Staged(Path(folder)) as staged:
            staged.path("evaluation.json").write_text(text + "\n", encoding="utf-8")
        return staged.written[0]


def evaluate(
    catalog: Catalog,
    matcher: Matcher,
    *,
    fusions: Sequence[Fusion] | None = None,
    splits: Sequence[Split] | None = None,
    folds: int = 4,
    seed: int = 0,
    tuned: bool = True,
) -> Evaluation:
    """Score fusions on labelled postings that did not choose their thresholds.

    Parameters
    ----------
    catalog : Catalog
        With `label_group`; postings without a label are searched but not scored.
    matcher : Matcher
        Its encoders and settings; its fusion is scored when `fusions` is not given.
    fusions : sequence of Fusion, optional
    splits : sequence of Split, optional
        Default: :func:`group_folds` with `folds` and `seed`.
    tuned : bool
        Choose thresholds on each split's `train` postings; False scores them as they are.

    Returns
    -------
    Evaluation
        Each fusion twice: queries searched in the whole catalogue, and in their own fold only,
        which is easier, and is what many published figures report.
    """
    progress = matcher.progress
    fusions = [matcher.fusion] if fusions is None else list(fusions)
    splits = group_folds(catalog, folds, seed) if splits is None else list(splits)
    labels = catalog.labels
    if labels is None:
        raise ValueError(f"{catalog.name} has no labels to score against")
    whole = matcher.candidates(catalog)
    pools = [catalog.take(split.test) for split in splits]
    own = [(pool, matcher.candidates(pool)) for pool in pools]
    results, chosen = [], []
    for fusion in fusions:
        everywhere, inside = [], []
        with progress.stage(f"score {fusion.name}", len(splits)) as advance:
            for split, (pool, candidates) in zip(splits, own, strict=True):
                judge = tune(fusion, whole, catalog, split.train, seed) if tuned else fusion
                everywhere.append(_count(_judged(judge, catalog, whole), split.test, labels))
                everyone = np.arange(len(pool))
                inside.append(
                    _count(_judged(judge, pool, candidates), everyone, labels[split.test])
                )
                lines = {name: asdict(line) for name, line in judge.lines(whole).items()}
                chosen.append(
                    {
                        "fusion": fusion.name,
                        "split": split.name,
                        "line": judge.line,
                        "lines": lines,
                    }
                )
                advance(1)
        queries = sum(len(split.test) for split in splits)
        pool_sizes = {WHOLE: (len(catalog),), FOLD: tuple(len(pool) for pool in pools)}
        for name, counts in ((WHOLE, everywhere), (FOLD, inside)):
            figures = _figures(counts, seed)
            results.append(Result(fusion.name, name, pool_sizes[name], queries, figures))
    record = {
        **environment(),
        "catalogue": catalog_record(catalog),
        "splits": [_split_record(catalog, split) for split in splits],
        "labelled_in_no_split": int(np.count_nonzero(labels >= 0) - len(_in_some(splits))),
        "thresholds": "chosen on each split's other postings" if tuned else "defaults",
        "chosen": chosen,
        "seed": seed,
        "notes": list(progress.notes),
        "seconds": {name: round(taken, 3) for name, taken in progress.seconds.items()},
    }
    return Evaluation(results, record)


def score(matches: Matches, *, seed: int = 0) -> dict[str, Figure]:
    """The figures of matches of a labelled catalogue, every labelled posting a query.

    Raises
    ------
    ValueError
        The catalogue has no labels.
    """
    labels = matches.catalog.labels
    if labels is None or not (labels >= 0).any():
        raise ValueError(f"{matches.catalog.name} has no labels to score against")
    return _figures([_count(matches, np.flatnonzero(labels >= 0), labels)], seed)


@dataclass(frozen=True, eq=False)
class _Counts:
    """Counts of one split's queries at each stage of the way."""

    products: NDArray[np.int64]
    matched: Tally
    # Of the candidates that did not become matches: those below the line, and those above it.
    below: Tally
    cut: Tally


def _count(matches: Matches, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> _Counts:
    left, right = matches.candidates.left, matches.candidates.right
    apart = matches.groups[left] != matches.groups[right]
    above = matches.scores >= matches.line
    below, cut = apart & ~above, apart & above
    return _Counts(
        labels[rows],
        group_tally(matches.groups, labels).take(rows),
        pair_tally(left[below], right[below], labels).take(rows),
        pair_tally(left[cut], right[cut], labels).take(rows),
    )


def _figures(scored: Sequence[_Counts], seed: int) -> dict[str, Figure]:
    products = np.concatenate([part.products for part in scored])
    matched = Tally.joined([part.matched for part in scored])
    below = np.concatenate([part.below.correct for part in scored])
    cut = np.concatenate([part.cut.correct for part in scored])
    one = np.ones(len(products))
    precise = matched.correct, matched.matched
    recalled = matched.correct, matched.actual
    # The posting itself belongs to its group: B-cubed counts it.
    own_precise = (matched.correct + 1) / (matched.matched + 1)
    own_recalled = (matched.correct + 1) / (matched.actual + 1)

    def ratio(top: NDArray[Any], bottom: NDArray[Any]) -> Figure:
        return bootstrap(top, bottom, products, seed=seed)

    def harmonic(first: tuple[Any, Any], second: tuple[Any, Any]) -> Figure:
        tops, bottoms = np.stack([first[0], second[0]]), np.stack([first[1], second[1]])
        return bootstrap(tops, bottoms, products, combine="harmonic", seed=seed)

    return {
        "posting_f1": ratio(posting_f1(matched), one),
        "pair_precision": ratio(*precise),
        "pair_recall": ratio(*recalled),
        "pair_f1": harmonic(precise, recalled),
        "bcubed_precision": ratio(own_precise, one),
        "bcubed_recall": ratio(own_recalled, one),
        "bcubed_f1": harmonic((own_precise, one), (own_recalled, one)),
        "lost_not_candidate": ratio(matched.actual - matched.correct - below - cut, matched.actual),
        "lost_below_line": ratio(below, matched.actual),
        "lost_by_grouping": ratio(cut, matched.actual),
    }


def _without_nan(value: Any) -> Any:
    """Figures that cannot be told (no match at all) are null: NaN is no JSON."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def _judged(fusion: Fusion, catalog: Catalog, candidates: Candidates) -> Matches:
    scores = fusion.score(candidates, catalog)
    return Matches(catalog, candidates, scores, fusion, fusion.line)


def _in_some(splits: Sequence[Split]) -> set[int]:
    return {int(row) for split in splits for row in (*split.train, *split.test)}


def _split_record(catalog: Catalog, split: Split) -> dict[str, Any]:
    return {
        "name": split.name,
        "train": len(split.train),
        "scored": len(split.test),
        "scored_that_share_a_label_photo_or_hash_with_train": leaks(catalog, split),
    }
