"""`samesku train`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from samesku.cli.console import TerminalProgress, console
from samesku.cli.match import Settings
from samesku.cli.provenance import seen_by_encoders
from samesku.cli.summary import show_summary
from samesku.evaluation.calibration import reliability, told_pairs
from samesku.evaluation.protocol import score
from samesku.results.matches import Matches
from samesku.results.record import environment, training_record
from samesku.runtime.files import check_folder
from samesku.scoring.learned import Learned
from samesku.training.classifier.fitting import FITS, train_classifier
from samesku.training.rehearsal import gather_rehearsals

__all__ = ["run"]


def run(settings: Settings, *, beside: Sequence[Path], out: Path, seed: int) -> None:
    """Read, train, judge the training honestly, write."""
    progress = TerminalProgress(quiet=settings.quiet)
    matcher = settings.matcher(progress)
    catalog = settings.read(progress)
    if catalog.labels is None or not (catalog.labels >= 0).any():
        raise ValueError(f"{catalog.name} has no labels to train on; add or map label_group")
    for line in seen_by_encoders(settings.encoders, catalog):
        progress.note(line)
    others = settings.read_others(beside, progress)
    check_folder(out)
    candidates = matcher.candidates(catalog)
    rows = np.flatnonzero(catalog.labels >= 0)
    known = [(other, matcher.candidates(other)) for other in others]
    with progress.stage("rehearse"):
        rehearsals = gather_rehearsals(
            catalog, candidates, matcher.encoders, rows, others=known, seed=seed
        )
    with progress.stage("train", FITS) as advance:
        model, probability = train_classifier(
            catalog, candidates, rows, rehearsals=rehearsals, seed=seed, advance=advance
        )
    # Every probability comes from models that the pair did not train; only the line and the two
    # numbers of the calibration were chosen on all of them.
    matches = Matches(catalog, candidates, probability, Learned(model), model.line)
    figures = {name: [f.value, f.low, f.high] for name, f in score(matches, seed=seed).items()}
    calibration = reliability(told_pairs(probability, candidates, catalog.labels, rows))
    card = {
        **environment(),
        "trained_on": training_record(catalog),
        "beside": [training_record(other) for other in others],
        "encoders": list(candidates.encoders),
        "labelled_postings": len(rows),
        "pool": len(catalog),
        "photos_not_readable": len(progress.refused),
        "figures_by_cross_fitting": figures,
        "reliability_by_cross_fitting": asdict(calibration),
        "seed": seed,
        "seconds": {name: round(taken, 1) for name, taken in progress.seconds.items()},
    }
    replace(model, card=card).save(out)
    matcher.cache.prune()
    value, low, high = figures["posting_f1"]
    found = (
        f"F1 per posting {value:.4f} ({low:.3f}-{high:.3f}) by cross-fitting, pool "
        f"{len(catalog):,}; calibration error {calibration.error:.4f}, "
        f"{calibration.judged_error:.4f} without the pairs told less than 0.005"
    )
    show_summary(progress, read=[catalog, *others], found=found, written=[out])
    if not settings.quiet:
        console.print(f"Use it: samesku match CATALOGUE --model {out} --out DIR", markup=False)
