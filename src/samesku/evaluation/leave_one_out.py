"""How good the default is on a catalogue of which it has seen nothing: leave one out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from samesku.catalog.catalog import Catalog
from samesku.encoders.tfidf import Tfidf
from samesku.evaluation.protocol import Pool, measured, scored
from samesku.matcher import Matcher
from samesku.metrics import cluster_tally, posting_f1
from samesku.results.matches import Matches
from samesku.scoring.by_name import FUSIONS
from samesku.scoring.fusion import Fusion
from samesku.scoring.learned import Learned
from samesku.training.classifier.fitting import fit_classifier
from samesku.training.classifier.labelled import describe_labelled

# The yardstick: character n-grams, with the threshold that is best on the catalogue's own labels.
YARDSTICK = "char TF-IDF, best threshold"
THRESHOLDS = tuple(round(0.2 + 0.05 * step, 2) for step in range(15))


def leave_one_out(catalogs: Sequence[Catalog], matcher: Matcher, *, seed: int = 0) -> pl.DataFrame:
    """Train on all catalogues but one, and score the one left out; each in turn.

    Of the catalogue left out no label is used: trees, calibration and threshold come from the
    others, of which one in turn is held out for the latter two. `matcher` gives encoders and
    search.

    Returns one row per `catalogue` and `way`: `default` (no attribute may differ), where the labels
    tolerate some also `same=...`, the three approaches, and the yardstick, whose threshold alone is
    chosen on the labels that it is scored on; `calibration_error` is of the pairs predicted 0.005
    or more. Raises ValueError for fewer than four catalogues, or one without labels.
    """
    if len(catalogs) < 4:
        raise ValueError("give four labelled catalogues or more: one is left out, one held out")
    distinct, labelled = describe_labelled(matcher, catalogs, seed=seed)
    rows: list[dict[str, Any]] = []
    with matcher.progress.stage("leave one out", len(labelled)) as advance:
        for place, (catalog, left_out) in enumerate(zip(catalogs, labelled, strict=True)):
            rest = labelled[:place] + labelled[place + 1 :]
            model, _ = fit_classifier(rest, hold_out="catalogues", seed=seed)
            ways: dict[str, Fusion] = {"default": Learned(model)}
            if left_out.same:
                ways[f"same={','.join(left_out.same)}"] = Learned(model, left_out.same)
            ways |= {name: made() for name, made in FUSIONS.items()}
            pool = Pool(catalog, distinct[place], left_out.candidates)
            rows += [_row(way, scored(fusion, pool), seed) for way, fusion in ways.items()]
            plain = Matcher([Tfidf(word_weight=0)], "union", k=matcher.k, cache=matcher.cache)
            pool = Pool.of(catalog, plain)
            matches = scored(plain.fusion, pool)
            alike = np.nan_to_num(pool.candidates.similarity[:, 0])
            trials = [replace(matches, scores=alike, threshold=each) for each in THRESHOLDS]
            rows.append(_row(YARDSTICK, max(trials, key=_f1), seed))
            advance(1)
    return pl.DataFrame(rows)


def _row(way: str, matches: Matches, seed: int) -> dict[str, Any]:
    """The figures of one way of matching a catalogue."""
    figures, calibration = measured(matches, seed=seed)
    return {
        "catalogue": matches.catalog.name,
        "postings": len(matches.catalog),
        "way": way,
        "threshold": matches.threshold,
        **{name: figure.value for name, figure in figures.items()},
        "calibration_error": calibration and calibration.likely_error,
    }


def _f1(matches: Matches) -> float:
    """The mean F1 per posting alone: intervals of every trial would be thrown away."""
    labels = matches.catalog.known_labels("score against")
    tally = cluster_tally(matches.clusters, labels).take(np.flatnonzero(labels >= 0))
    return float(posting_f1(tally).mean())
