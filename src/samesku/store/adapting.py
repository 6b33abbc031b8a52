"""The model of a store adapted to people's answers, adopted where the audit says that it pays."""

from math import sqrt
from typing import Any

import numpy as np
import polars as pl

from samesku.catalog.answers import SAME, Answers
from samesku.catalog.catalog import Catalog
from samesku.clustering.decided import counted_scores
from samesku.encoders import PHash, Tfidf
from samesku.judges.adapting import adapt, teaches
from samesku.matcher import Matcher
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.learned import Learned
from samesku.store.reading import AUDITED

# Answers of the audit below which nothing is adopted.
LEAST_AUDITED = 20


def try_adapting(
    catalog: Catalog, base: Learned, answers: pl.DataFrame, threshold: float
) -> tuple[PairClassifier | None, dict[str, Any]]:
    """Adapt a model to the answers outside the audit, and measure it by those of the audit.

    It is given, beside the figures, where the decisions that it changes become right more often
    than wrong, by more than one standard deviation of chance. `threshold` is that of the
    probabilities before.
    """
    audit = answers.filter(AUDITED)
    if len(audit) < LEAST_AUDITED:
        few = f"{len(audit)} answers to random pairs, and {LEAST_AUDITED} are needed to measure"
        return None, {"adopted": False, "reason": few}
    taught = Answers.of(answers.filter(~pl.col("drawn")), catalog, source="the decisions")
    matches = Matcher([Tfidf(), PHash()], base).match(catalog, answers=taught)
    if reason := teaches(matches, taught):
        return None, {"adopted": False, "reason": reason}
    adapted = adapt(matches, taught)
    made, pairs = adapted.matches, adapted.matches.candidates
    counted = counted_scores(made.distinct, pairs.left, pairs.right, made.scores, made.crowding)
    rows = catalog.rows_of([*audit["left_id"], *audit["right_id"]]).reshape(2, -1)
    ends = np.sort(matches.distinct.place[rows], axis=0)
    place = pairs.places(*ends)
    # Pairs that are no candidates are not the same.
    scores = np.where(place >= 0, counted[place], 0)
    same = (audit["verdict"] == SAME).to_numpy()
    before = same == (audit["probability"] >= threshold).to_numpy()
    after = same == ((scores >= made.threshold) | (ends[0] == ends[1]))
    better, worse = (int(np.count_nonzero(each)) for each in (after & ~before, before & ~after))
    pays = better - worse > sqrt(better + worse)
    return adapted.model if pays else None, {
        "adopted": pays,
        "audited": len(audit),
        "right_before": int(before.sum()),
        "right_after": int(after.sum()),
        "reason": f"of {len(audit)} audited decisions {better} become right, {worse} wrong",
    }
