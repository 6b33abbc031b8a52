"""`samesku train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from samesku.classifier import FITS, train_classifier
from samesku.cli.console import TerminalProgress, console
from samesku.cli.match import Settings
from samesku.evaluation.calibration import expected_calibration_error
from samesku.evaluation.protocol import score
from samesku.files import check_folder
from samesku.learned import Learned
from samesku.matches import Matches
from samesku.record import environment

__all__ = ["run"]


def run(settings: Settings, *, out: Path, seed: int) -> None:
    """Read, train, judge the training honestly, write."""
    progress = TerminalProgress(quiet=settings.quiet)
    matcher = settings.matcher(progress)
    catalog = settings.read(progress)
    if catalog.labels is None or not (catalog.labels >= 0).any():
        raise ValueError(f"{catalog.name} has no labels to train on; add or map label_group")
    check_folder(out)
    candidates = matcher.candidates(catalog)
    rows = np.flatnonzero(catalog.labels >= 0)
    with progress.stage("train", FITS) as advance:
        model, probability = train_classifier(catalog, candidates, rows, seed=seed, advance=advance)
    # Every probability comes from a model that saw neither posting's product; only the line was
    # chosen on all of them.
    matches = Matches(catalog, candidates, probability, Learned(model), model.line)
    figures = {name: [f.value, f.low, f.high] for name, f in score(matches, seed=seed).items()}
    card = {
        **environment(),
        "trained_on": {
            "catalogue": settings.catalogue.name,
            "postings": len(catalog),
            "photos": sum(photo is not None for photo in catalog.photos),
            "columns": catalog.frame.columns,
        },
        "encoders": list(candidates.encoders),
        "labelled_postings": len(rows),
        "pool": len(catalog),
        "figures_by_cross_fitting": figures,
        "expected_calibration_error": expected_calibration_error(
            probability, candidates, catalog.labels
        ),
        "seed": seed,
        "seconds": {name: round(taken, 1) for name, taken in progress.seconds.items()},
    }
    replace(model, card=card).save(out)
    matcher.cache.prune()
    if not settings.quiet:
        value, low, high = figures["posting_f1"]
        console.print(
            f"F1 per posting {value:.4f} ({low:.3f}-{high:.3f}) by cross-fitting, pool "
            f"{len(catalog):,}; calibration error {card['expected_calibration_error']:.4f}"
        )
        console.print(f"Written to {out}; use it: samesku match CATALOGUE --model {out} --out DIR")
