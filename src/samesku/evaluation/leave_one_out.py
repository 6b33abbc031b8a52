"""How good the default is on a catalogue of which it has seen nothing: leave one out."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from samesku.catalog.catalog import Catalog
from samesku.evaluation.protocol import Pool, measured, scored
from samesku.matcher import Matcher
from samesku.scoring.by_name import FUSIONS
from samesku.scoring.fusion import Fusion
from samesku.scoring.learned import Learned
from samesku.training.classifier.fitting import fit_classifier
from samesku.training.classifier.labelled import describe_labelled


def leave_one_out(catalogs: Sequence[Catalog], matcher: Matcher, *, seed: int = 0) -> pl.DataFrame:
    """Train on all catalogues but one, and score the one left out; each in turn.

    Of the catalogue left out no label is used: trees, calibration and threshold come from the
    others, of which one in turn is held out for the latter two. `matcher` gives encoders and
    search.

    Returns one row per `catalogue` and `way`: `default` (no attribute may differ), where the labels
    tolerate some also `same=...`, and the three approaches; `calibration_error` is of the pairs
    predicted 0.005 or more. Raises ValueError for fewer than four catalogues, or one without
    labels.
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
            for way, fusion in ways.items():
                matches = scored(fusion, pool)
                figures, calibration = measured(matches, seed=seed)
                rows.append(
                    {
                        "catalogue": catalog.name,
                        "postings": len(catalog),
                        "way": way,
                        "threshold": matches.threshold,
                        **{name: figure.value for name, figure in figures.items()},
                        "calibration_error": calibration and calibration.likely_error,
                    }
                )
            advance(1)
    return pl.DataFrame(rows)
