"""How good the default is on a catalogue of which it has seen nothing: leave one out."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.expected import threshold_for
from samesku.encoders.tfidf import Tfidf
from samesku.evaluation.calibration import Predicted, reliability
from samesku.matcher import Matcher
from samesku.metrics import cluster_tally, posting_f1
from samesku.runtime.arrays import Bools, Floats
from samesku.scoring.by_name import FUSIONS, fusion_by_name
from samesku.scoring.learned import Learned
from samesku.training.classifier.fitting import fit_classifier
from samesku.training.classifier.labelled import Labelled, describe_labelled

# The yardstick: character n-grams, with the threshold that is best on the catalogue's own labels.
YARDSTICK = "char TF-IDF, best threshold"
YARDSTICK_THRESHOLDS = tuple(round(0.2 + 0.05 * step, 2) for step in range(15))
# The calibration error is of the pairs that are predicted at least so likely.
PREDICTED = 0.05


def leave_one_out(catalogs: Sequence[Catalog], matcher: Matcher, *, seed: int = 0) -> pl.DataFrame:
    """Train on all catalogues but one, and score the one left out; each in turn.

    Of the catalogue left out no label is used: trees, calibration and threshold come from the
    others, of which one in turn is held out for the latter two. `matcher` gives encoders and
    search.

    Returns one row per `catalogue` and `way`: `default` (no attribute may differ), where the labels
    tolerate some also `same=...`, the three approaches, and the yardstick, whose threshold alone is
    chosen on the labels that it is scored on. `average_precision` is of the candidate pairs,
    `calibration_error` of those predicted 0.05 or more. Raises ValueError for fewer than four
    catalogues, or one without labels.
    """
    if len(catalogs) < 4:
        raise ValueError("give four labelled catalogues or more: one is left out, one held out")
    _, labelled = describe_labelled(matcher, catalogs, seed=seed)
    rows: list[dict[str, Any]] = []
    with matcher.progress.stage("leave one out", len(labelled)) as advance:
        for place, left_out in enumerate(labelled):
            rest = [each for at, each in enumerate(labelled) if at != place]
            model, _ = fit_classifier(rest, hold_out="catalogues", seed=seed)
            pairs, catalog = left_out.candidates, left_out.catalog
            for same in dict.fromkeys(((), left_out.same)):
                scores = model.predict(catalog, pairs, same=same).scores
                way = f"same={','.join(same)}" if same else "default"
                ones = np.ones(len(catalog), dtype=np.int64)
                threshold = threshold_for(Learned(model, same), pairs, scores, ones)
                rows.append(_row(left_out, way, pairs, scores, threshold, probable=True))
            for name in FUSIONS:
                fusion = fusion_by_name(name)
                scores = fusion.score(pairs, catalog)
                rows.append(_row(left_out, name, pairs, scores, fusion.threshold))
            plain = Matcher([Tfidf(word_weight=0)], "union", k=matcher.k, cache=matcher.cache)
            found = plain.candidates(catalog)
            trials = [
                _row(left_out, YARDSTICK, found, np.nan_to_num(found.similarity[:, 0]), threshold)
                for threshold in YARDSTICK_THRESHOLDS
            ]
            rows.append(max(trials, key=itemgetter("posting_f1")))
            advance(1)
    return pl.DataFrame(rows)


def _row(
    labelled: Labelled,
    way: str,
    pairs: Candidates,
    scores: Floats,
    threshold: float,
    *,
    probable: bool = False,
) -> dict[str, Any]:
    """The figures of one way of matching a catalogue."""
    labels = labelled.labels
    known = np.flatnonzero(labels >= 0)
    groups = agglomerate(pairs.left, pairs.right, scores, len(labels), threshold=threshold)
    tally = cluster_tally(groups, labels).take(known)
    correct, matched, actual = tally.sums
    precise = ((tally.correct + 1) / (tally.matched + 1)).mean()
    recalled = ((tally.correct + 1) / (tally.actual + 1)).mean()
    asked = (labels[pairs.left] >= 0) & (labels[pairs.right] >= 0)
    true = (labels[pairs.left] == labels[pairs.right])[asked]
    likely = scores[asked] >= PREDICTED
    predicted = scores[asked][likely]
    ones = np.ones(len(predicted), dtype=np.int64)
    error = reliability(Predicted(predicted, true[likely], ones)).error if len(predicted) else 0.0
    return {
        "catalogue": labelled.catalog.name,
        "postings": len(labels),
        "way": way,
        "threshold": threshold,
        "posting_f1": float(posting_f1(tally).mean()),
        "pair_precision": correct / max(matched, 1),
        "pair_recall": correct / max(actual, 1),
        "pair_f1": 2 * correct / max(matched + actual, 1),
        "bcubed_f1": float(2 * precise * recalled / (precise + recalled)),
        "average_precision": _average_precision(true, scores[asked]),
        "calibration_error": error if probable else None,
    }


def _average_precision(true: Bools, scores: Floats) -> float:
    """Mean precision at the place of each true pair."""
    ranked = true[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float(precision[ranked].mean()) if ranked.any() else 0.0
