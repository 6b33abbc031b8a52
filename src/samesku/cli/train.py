"""`samesku train`."""

from collections.abc import Mapping
from dataclasses import asdict, astuple, replace
from pathlib import Path
from typing import Any

from samesku.candidates.collapse import Collapsed
from samesku.catalog.catalog import Catalog
from samesku.cli.commands import Train
from samesku.cli.console import TerminalProgress, console
from samesku.cli.reading import comma_list, matcher_of, read_labelled, seen_by_encoders
from samesku.cli.summary import show_summary
from samesku.clustering.expected import threshold_for
from samesku.evaluation.protocol import measured
from samesku.matcher import HoldOut
from samesku.results.matches import Matches
from samesku.results.record import environment, training_record
from samesku.runtime.arrays import Floats
from samesku.runtime.files import check_folder
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.learned import Learned
from samesku.training.classifier.fitting import fit_classifier, fits
from samesku.training.classifier.labelled import Labelled, describe_labelled


def train(options: Train) -> None:
    seed, leave_one_out = options.seed, options.leave_one_out
    progress = TerminalProgress(quiet=options.quiet)
    matcher = matcher_of(options, progress, "union")
    catalogs = read_labelled(options, options.catalogues, progress)
    for note in seen_by_encoders(options.encoder or (), catalogs[0]):
        progress.note(note)
    check_folder(options.out)
    same = None if options.same is None else comma_list(options.same)
    collapsed, labelled = describe_labelled(matcher, catalogs, same, seed)
    hold_out: HoldOut = "catalogues" if leave_one_out else "products"
    with progress.stage("train", fits(labelled, hold_out)) as advance:
        model, held_out = fit_classifier(labelled, hold_out=hold_out, seed=seed, advance=advance)
    parts = zip(catalogs, collapsed, labelled, held_out, strict=True)
    trained_on = [_held_out(model, *part, seed) for part in parts]
    card = {
        **environment(),
        "trained_on": trained_on[0],
        "beside": trained_on[1:],
        "held_out": "one catalogue in turn" if leave_one_out else "a fifth of the products in turn",
        "encoders": list(labelled[0].candidates.encoders),
        "photos_not_readable": len(progress.refused),
        "seed": seed,
        "seconds": {name: round(taken, 1) for name, taken in progress.seconds.items()},
    }
    replace(model, card=card).save(options.out)
    matcher.cache.prune()
    show_summary(
        progress,
        {"model": options.out, "threshold": model.threshold, **card},
        read=catalogs,
        found="; ".join(map(_found, catalogs, trained_on)),
        written=[options.out],
    )
    if not options.quiet:
        use = f"Use it: samesku match CATALOGUE --model {options.out} --out DIR"
        console.print(use)


def _held_out(
    model: PairClassifier,
    catalog: Catalog,
    distinct: Collapsed,
    labelled: Labelled,
    probability: Floats,
    seed: int,
) -> dict[str, Any]:
    """What a catalogue was trained with, and how good the model is on its held-out pairs.

    Every probability comes from trees that the pair did not train; only the threshold and the two
    numbers of the calibration were chosen on all of them.
    """
    fusion, pairs = Learned(model, labelled.same), labelled.candidates
    threshold = threshold_for(fusion, pairs, probability, distinct.counts)
    matches = Matches(catalog, distinct, pairs, probability, fusion, threshold)
    figures, calibration = measured(matches, seed=seed)
    assert calibration is not None
    return {
        **training_record(catalog),
        "same": list(labelled.same),
        "threshold": threshold,
        "figures_held_out": {name: astuple(figure) for name, figure in figures.items()},
        "reliability_held_out": asdict(calibration),
    }


def _found(catalog: Catalog, record: Mapping[str, Any]) -> str:
    """The figures of a catalogue in a line."""
    value, low, high = record["figures_held_out"]["posting_f1"]
    return (
        f"{Path(catalog.name).name}: F1 per posting {value:.4f} ({low:.3f}-{high:.3f}), pool "
        f"{len(catalog):,}; calibration error {record['reliability_held_out']['likely_error']:.4f}"
        f"; may differ: {', '.join(record['same']) or 'nothing'}"
    )
