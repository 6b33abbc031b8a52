"""Cross-validation in which every query is searched among all postings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from samesku.candidates.candidates import Candidates
from samesku.candidates.collapse import Collapsed
from samesku.catalog.catalog import Catalog, check_catalogs
from samesku.catalog.splits import Split, group_folds, leaks
from samesku.clustering.expected import threshold_for
from samesku.evaluation.calibration import Predicted, Reliability, reliability
from samesku.evaluation.results import FOLD, WHOLE, Evaluation, Result, count, figures
from samesku.evaluation.tuning import tune
from samesku.matcher import Matcher
from samesku.metrics import Figure, Sampled
from samesku.results.matches import Matches
from samesku.results.record import catalog_record, environment, seen_in_training, work_record
from samesku.runtime.checks import check_type
from samesku.runtime.progress import Progress
from samesku.scoring.by_name import check_titles_read, fusion_of
from samesku.scoring.fusion import Fusion, PairScores

# The figures that sum a decision up, of which differences are given.
COMPARED = ("posting_f1", "pair_f1", "bcubed_f1")
# The queries of a split as they were counted, and the probabilities of their pairs.
Counted: TypeAlias = tuple[pl.DataFrame, Predicted | None]


def evaluate(
    catalog: Catalog,
    matcher: Matcher,
    *,
    fusions: str | Sequence[Fusion | str] | None = None,
    models: Mapping[str, Fusion | str | Path] | None = None,
    splits: Sequence[Split] | None = None,
    folds: int = 4,
    seed: int = 0,
    tuned: bool = True,
    keep_pairs: bool = False,
) -> Evaluation:
    """Score fusions on labelled postings that did not choose their thresholds.

    Parameters
    ----------
    catalog : Catalog
        With `label_group`; postings without a label are searched but not scored.
    matcher : Matcher
        Its encoders and settings; its fusion is scored when `fusions` is not given.
    fusions : str, or sequence of Fusion or str, optional
        The first is the one that all others are compared with.
    models : mapping of str to Fusion or folder, optional
        More, by the name to show, that are scored as they are. A note says where one was trained
        on scored postings.
    splits : sequence of Split, optional
        Default: :func:`group_folds` with `folds` and `seed`.
    tuned : bool
        Choose the thresholds of `fusions` on each split's `train` postings, and train `learned`
        anew on them; False scores them as they are.
    keep_pairs : bool
        Keep the queries' pairs and groups of the whole catalogue, for a report.

    Returns
    -------
    Evaluation
        Each twice: queries searched in the whole catalogue, and in their own fold only, which is
        easier, and is what many published figures report.

    Raises
    ------
    ValueError
        The catalogue has no labels, two of the fusions and models have one name, or a model reads
        titles by other encoders.
    """
    check_catalogs(catalog)
    check_type("matcher", matcher, Matcher, "a samesku.Matcher")
    contenders = _contenders(matcher, fusions, models or {}, tuned)
    if matcher.get_params()["progress"] is None:
        matcher.progress = Progress()  # the record tells of this evaluation alone
    progress = matcher.progress
    splits = group_folds(catalog, folds, seed) if splits is None else list(splits)
    if not splits:
        raise ValueError("splits are one or more, not none")
    labels = catalog.known_labels("score against")
    model_records = _model_records(contenders, catalog, splits, progress)
    in_some_split = np.unique(np.concatenate([[*split.train, *split.test] for split in splits]))
    split_records = [_split_record(catalog, split, progress if tuned else None) for split in splits]
    whole = Pool.of(catalog, matcher)
    pools = [Pool.of(catalog.take(split.test), matcher) for split in splits]
    counts: dict[tuple[str, str], list[Counted]] = defaultdict(list)
    chosen: list[dict[str, Any]] = []
    kept: list[tuple[pl.DataFrame, pl.DataFrame]] = []
    for name, fusion, to_tune in contenders:
        with progress.stage(f"score {name}", len(splits)) as advance:
            for split, fold in zip(splits, pools, strict=True):
                scoring = fusion
                if to_tune:
                    rows = np.flatnonzero(np.isin(whole.collapsed.rows, split.train))
                    pool = whole.candidates, whole.collapsed.catalog
                    scoring = tune(fusion, *pool, rows, seed)
                matches = scored(scoring, whole, explained=keep_pairs)
                own = np.arange(len(split.test)), labels[split.test]
                counts[name, WHOLE].append(count(matches, split.test, labels))
                counts[name, FOLD].append(count(scored(scoring, fold), *own))
                used = {each: matches.summary[each] for each in ("threshold", "thresholds")}
                chosen.append({"fusion": name, "split": split.name, **used})
                if keep_pairs:
                    kept.append(_kept(name, matches, split))
                advance(1)
    record = {
        **environment(),
        "catalogue": catalog_record(catalog),
        "encoders": {each.name: {"modality": each.modality} for each in matcher.encoders},
        "splits": split_records,
        "labelled_in_no_split": int(np.count_nonzero(labels >= 0)) - len(in_some_split),
        "thresholds": "chosen on each split's other postings" if tuned else "defaults",
        "chosen": chosen,
        "models": model_records,
        "seed": seed,
        **work_record(progress),
        "source": matcher.source(catalog),
    }
    sizes = {WHOLE: (len(catalog),), FOLD: tuple(len(split.test) for split in splits)}
    results = _results(counts, sizes, seed)
    return Evaluation(results, record, *(_for_report(kept, whole, splits) if kept else ()))


def _contenders(
    matcher: Matcher,
    fusions: str | Sequence[Fusion | str] | None,
    models: Mapping[str, Fusion | str | Path],
    tuned: bool,
) -> list[tuple[str, Fusion, bool]]:
    """Names, fusions and models to score, and whether each is tuned on every split before."""
    check_type("models", models, Mapping, "a mapping of names to models")
    given = [fusions] if isinstance(fusions, str) else fusions
    scored = [fusion_of(each) for each in ([matcher.fusion] if given is None else given)]
    found = [(fusion.name, fusion, tuned) for fusion in scored]
    found += [(name, fusion_of(model), False) for name, model in models.items()]
    names = [name for name, *_ in found]
    if len(set(names)) < len(names):
        raise ValueError(f"fusions and models have a name each, not {', '.join(names)}")
    for _, fusion, trained_anew in found:
        if not trained_anew:
            check_titles_read(fusion, matcher.encoders)
    return found


def _for_report(
    kept: Sequence[tuple[pl.DataFrame, pl.DataFrame]], whole: Pool, splits: Sequence[Split]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The pairs, the queries and the groups of all splits."""
    # A pair between the queries of two splits was scored in both: the first counts.
    pairs = pl.concat((each[0] for each in kept), how="diagonal_relaxed").unique(
        ["fusion", "left_id", "right_id"], keep="first", maintain_order=True
    )
    ids = whole.catalog.frame["posting_id"]
    identical = pl.Series("identical_to", ids[whole.collapsed.representative])
    queries = pl.DataFrame([ids, identical.set(identical == ids, None)])
    asked = queries[np.concatenate([split.test for split in splits])]
    return pairs, asked, pl.concat(each[1] for each in kept)


def score(matches: Matches, *, seed: int = 0) -> dict[str, Figure]:
    """The figures of matches of a labelled catalogue, every labelled posting a query.

    Raises
    ------
    ValueError
        The catalogue has no labels.
    """
    return measured(matches, seed=seed)[0]


def measured(matches: Matches, *, seed: int) -> tuple[dict[str, Figure], Reliability | None]:
    """As :func:`score`, and how true the probabilities are, None where scores are no such."""
    labels = matches.catalog.known_labels("score against")
    counts, predicted = count(matches, np.flatnonzero(labels >= 0), labels)
    found = {name: each.figure for name, each in figures(counts, seed).items()}
    return found, None if predicted is None else reliability(predicted)


@dataclass(frozen=True, eq=False)
class Pool:
    """Where queries are searched; the candidates are in rows of the distinct postings."""

    catalog: Catalog
    collapsed: Collapsed
    candidates: Candidates

    @classmethod
    def of(cls, catalog: Catalog, matcher: Matcher) -> Pool:
        collapsed = matcher.collapse(catalog)
        return cls(catalog, collapsed, matcher.candidates(collapsed.catalog))


def _kept(name: str, matches: Matches, split: Split) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pairs and clusters of the queries of a split, for a report."""
    ids, fusion = matches.catalog.frame["posting_id"], pl.lit(name)
    stand_for = ids[np.unique(matches.distinct.representative[split.test])].implode()
    asked = pl.col("posting_id").is_in(ids[split.test].implode()).any().over("group_id")
    groups = matches.cluster_table.filter(pl.col("group_size") > 1).filter(asked)
    return (
        _pairs_of(matches, stand_for).with_columns(fusion=fusion),
        groups.select("group_id", "posting_id").with_columns(
            fusion=fusion, split=pl.lit(split.name)
        ),
    )


def _pairs_of(matches: Matches, queries: pl.Series) -> pl.DataFrame:
    """The pairs that touch a query: matches, near matches, those of another threshold."""
    touches = pl.col("left_id").is_in(queries) | pl.col("right_id").is_in(queries)
    tables = {True: [matches.pairs], False: [matches.near_misses, matches.scored]}
    every = [t.with_columns(matched=matched) for matched, of in tables.items() for t in of]
    return (
        pl.concat(every, how="diagonal")
        .filter(touches)
        .unique(["left_id", "right_id"], keep="first", maintain_order=True)
    )


def scored(fusion: Fusion, pool: Pool, *, explained: bool = False) -> Matches:
    """What a fusion matches in a pool."""
    catalog, pairs = pool.collapsed.catalog, pool.candidates
    predicted = (
        fusion.predict(pairs, catalog) if explained else PairScores(fusion.score(pairs, catalog))
    )
    scores = pool.collapsed.sure(pairs.left, pairs.right, predicted.scores)
    return Matches(
        pool.catalog,
        pool.collapsed,
        pairs,
        scores,
        fusion,
        threshold_for(fusion, pairs, scores, pool.collapsed.counts),
        explanations=predicted.explanations,
    )


def _results(
    counts: Mapping[tuple[str, str], Sequence[Counted]],
    pool_sizes: Mapping[str, tuple[int, ...]],
    seed: int,
) -> list[Result]:
    """The results of each fusion in each pool, beside the first one's."""
    results: list[Result] = []
    first: dict[str, dict[str, Sampled]] = {}
    for (name, pool), parts in counts.items():
        queries = pl.concat(each for each, _ in parts)
        sampled = figures(queries, seed)
        against = first.get(pool)
        first.setdefault(pool, sampled)
        predicted = [each for _, each in parts if each is not None]
        columns = zip(*predicted, strict=True)
        results.append(
            Result(
                name,
                pool,
                pool_sizes[pool],
                len(queries),
                {figure: each.figure for figure, each in sampled.items()},
                {f: sampled[f].minus(against[f]) for f in COMPARED} if against else {},
                reliability(Predicted(*map(np.concatenate, columns))) if predicted else None,
            )
        )
    return results


def _model_records(
    contenders: Sequence[tuple[str, Fusion, bool]],
    catalog: Catalog,
    splits: Sequence[Split],
    progress: Progress,
) -> list[dict[str, Any]]:
    """From the cards of the models that are scored as they are; a note where they saw more."""
    scored = np.concatenate([split.test for split in splits])
    records = []
    for name, fusion, tuned in contenders:
        model = getattr(fusion, "model", None)
        if tuned or model is None:
            continue
        card: Mapping[str, Any] = model.card
        seen = seen_in_training(card, catalog.take(scored))
        same, trained = list(getattr(fusion, "same", ())), card.get("trained_on")
        records.append({"name": name, "same": same, "trained_on": trained, "scored_seen": seen})
        if seen is None:
            progress.note(
                f"{name}: its card does not say which postings trained it; if the "
                f"scored ones were among them, its figures flatter it"
            )
        elif seen:
            progress.note(
                f"{name}: about {seen:,} of the {len(scored):,} scored postings trained "
                f"it, so its figures flatter it; score it on postings that it has not seen"
            )
    return records


def _split_record(catalog: Catalog, split: Split, progress: Progress | None) -> dict[str, Any]:
    """Of a split; a note where it scores what is connected with what chose its thresholds."""
    leaked, scored = leaks(catalog, split), len(split.test)
    if leaked and progress is not None:
        progress.note(
            f"{split.name}: {leaked:,} of its {scored:,} scored postings share a label, a photo or "
            "a hash with its training postings, so its figures flatter; split by label"
        )
    return {
        "name": split.name,
        "train": len(split.train),
        "scored": scored,
        "scored_that_share_a_label_photo_or_hash_with_train": leaked,
    }
