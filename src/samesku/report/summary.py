"""What a page says first: what came out, how good it is, and what to do next."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from samesku.report.browse import CERTAINTY, MISSING, PRODUCTS, SPREAD
from samesku.results.curve import Point, Target
from samesku.results.runs import Run

# Thousandths of certainty below which a cluster is to be looked at, and from which it is sure.
UNSURE, SURE = 700, 900
# Thousandths by which the dearest posting of a cluster is over the cheapest where that is odd.
DOUBLE = 1_000
AIM = 0.95
MOST_STEPS = 4


def in_short(
    run: Run,
    clusters: Sequence[Any],
    points: Sequence[Point],
    wanted: Sequence[Target],
    seen: Mapping[str, Any],
    suspects: int,
) -> dict[str, Any]:
    """Numbers, how sure or right the clusters are, and what to do next."""
    sure = [cluster[CERTAINTY] for cluster in clusters if cluster[CERTAINTY] is not None]
    unsure = sum(each < UNSURE for each in sure) if run.probabilistic else 0
    ours, theirs = np.split(run.clusters, [run.lefts or 0])
    several = (run.sizes[run.clusters] > 1)[: run.lefts]
    odd = sum((cluster[SPREAD] or 0) >= DOUBLE for cluster in clusters)
    aim = next((each for each in wanted if each.precision == AIM), None)
    unseen = seen["broken"] + (seen["absent"] or 0)
    there = {
        "unsure": unsure,
        "prices": odd,
        # No threshold that loses most of the matches is one to advise.
        "threshold": aim is not None
        and aim.point is not None
        and 0 < aim.lost <= aim.point.matches,
        "labels": suspects,
        "photos": unseen,
    }
    return {
        "linked": int(np.isin(ours, theirs).sum()),
        "labelled": any(cluster[PRODUCTS] for cluster in clusters),
        "counterparts": int(several.sum()),
        "counterpart_share": several.mean() if len(several) else 0.0,
        "here": next((each for each in points if each.threshold == run.threshold), None),
        "unsure": unsure,
        "odd": odd,
        "aim": aim,
        "suspects": suspects,
        "unseen": unseen,
        "folder": shlex.quote(run.name),
        "parts": _parts(run, clusters, sure),
        "steps": [name for name, worth in there.items() if worth][:MOST_STEPS],
        "bounds": {"unsure": UNSURE, "sure": SURE, "double": DOUBLE},
    }


def _parts(run: Run, clusters: Sequence[Any], sure: Sequence[int]) -> dict[str, int]:
    """How many clusters the labels call right, lacking or mixed; else by how sure they are."""
    found = Counter(
        "mixed" if cluster[PRODUCTS] > 1 else "lacking" if cluster[MISSING] else "right"
        for cluster in clusters
        if cluster[PRODUCTS]
    )
    if not found and run.probabilistic:
        found = Counter(
            "high" if each >= SURE else "between" if each >= UNSURE else "low" for each in sure
        )
        # Identical postings, which are not scored, are sure: the list filters them so, too.
        if unscored := len(clusters) - len(sure):
            found["high"] += unscored
    names = ("right", "lacking", "mixed", "high", "between", "low")
    return {name: found[name] for name in names if name in found}
