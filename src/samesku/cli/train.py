"""`samesku train`."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from samesku.cli.commands import Train
from samesku.cli.console import TerminalProgress, console
from samesku.cli.reading import comma_list, matcher_of, read_labelled, seen_by_encoders
from samesku.cli.summary import show_summary
from samesku.clustering.expected import threshold_for
from samesku.evaluation.calibration import predicted_pairs, reliability
from samesku.evaluation.protocol import score
from samesku.matcher import HoldOut
from samesku.results.matches import Matches
from samesku.results.record import environment, training_record
from samesku.runtime.files import check_folder
from samesku.scoring.learned import Learned
from samesku.training.classifier.fitting import fit_classifier, fits
from samesku.training.classifier.labelled import describe_labelled


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
    with progress.stage("train", fits(len(catalogs), hold_out)) as advance:
        model, held_out = fit_classifier(labelled, hold_out=hold_out, seed=seed, advance=advance)
    trained_on, found = [], []
    for catalog, distinct, each, probability in zip(
        catalogs, collapsed, labelled, held_out, strict=True
    ):
        # Every probability comes from trees that the pair did not train; only the threshold and
        # the two numbers of the calibration were chosen on all of them.
        fusion = Learned(model, each.same)
        threshold = threshold_for(fusion, each.candidates, probability, distinct.counts)
        matches = Matches(catalog, distinct, each.candidates, probability, fusion, threshold)
        figures = {name: [f.value, f.low, f.high] for name, f in score(matches, seed=seed).items()}
        rows = np.flatnonzero(each.labels >= 0)
        calibration = reliability(predicted_pairs(probability, each.candidates, each.labels, rows))
        trained_on.append(
            {
                **training_record(catalog),
                "same": list(each.same),
                "threshold": threshold,
                "figures_held_out": figures,
                "reliability_held_out": asdict(calibration),
            }
        )
        value, low, high = figures["posting_f1"]
        found.append(
            f"{Path(catalog.name).name}: F1 per posting {value:.4f} ({low:.3f}-{high:.3f}), pool "
            f"{len(catalog):,}; calibration error {calibration.likely_error:.4f}; may differ: "
            f"{', '.join(each.same) or 'nothing'}"
        )
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
        found="; ".join(found),
        written=[options.out],
    )
    if not options.quiet:
        use = f"Use it: samesku match CATALOGUE --model {options.out} --out DIR"
        console.print(use)
