"""Thresholds chosen on labelled postings."""

from dataclasses import replace

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.clustering.agglomerative import agglomerate
from samesku.metrics import cluster_tally, posting_f1
from samesku.runtime.arrays import AnyInts
from samesku.scoring.fusion import Fusion

# How far a threshold is moved from where it is, coarse then fine: several places at once, as a
# small move may change nothing.
COARSE = (-0.24, -0.16, -0.08, -0.04, 0.04, 0.08, 0.16)
FINE = (-0.02, 0.02)


def tune(
    fusion: Fusion, candidates: Candidates, catalog: Catalog, rows: AnyInts, seed: int = 0
) -> Fusion:
    """Choose the thresholds of a fusion by the mean F1 per posting of the clusters that follow.

    One threshold at a time is moved to the best of several places around where it is (coordinate
    ascent), twice. Postings outside `rows`, whose F1 counts, are only competitors, as they will be
    when matching: by construction of the splits none of them is the same product as one of `rows`.
    The learned fusion is trained anew instead, on the labels of `rows`. Raises ValueError where the
    catalogue has no labels.
    """
    labels = catalog.known_labels("choose thresholds by")

    if fusion.name == "learned":
        from samesku.scoring.learned import Learned
        from samesku.training.classifier.fitting import fit_classifier
        from samesku.training.classifier.labelled import Labelled

        labelled = Labelled.of(catalog, candidates, rows)
        return Learned(fit_classifier([labelled], seed=seed)[0], labelled.same)

    def group_f1(trial: Fusion) -> float:
        scores = trial.score(candidates, catalog)
        groups = agglomerate(candidates.left, candidates.right, scores, len(catalog))
        return float(posting_f1(cluster_tally(groups, labels))[rows].mean())

    best = group_f1(fusion)
    for moves in (COARSE, FINE):
        for name, threshold in fusion.thresholds(candidates).items():
            places = [round(threshold.value + move, 4) for move in moves]
            for place in (each for each in places if 0 < each < 1):
                trial = fusion.with_thresholds({name: replace(threshold, value=place)})
                if (value := group_f1(trial)) > best:
                    best, fusion = value, trial
    return fusion
