"""The model of a store adapted to people's answers, adopted where the audit says that it pays."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np
import polars as pl

from samesku.catalog.answers import SAME, UNSURE, Answers
from samesku.catalog.catalog import Catalog
from samesku.clustering.decided import counted_scores
from samesku.encoders import PHash, Tfidf
from samesku.judges.adapting import adapt, teaches
from samesku.matcher import Matcher
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.learned import Learned
from samesku.store.results import Answer

# Answers of the audit below which nothing is adopted.
LEAST_AUDITED = 20


def try_adapting(
    catalog: Catalog, base: Learned, answers: Sequence[Answer], threshold: float
) -> tuple[PairClassifier | None, dict[str, Any]]:
    """Adapt a model to the answers outside the audit, and measure it by those of the audit.

    It is given, beside the figures, where the decisions that it changes become right more often
    than wrong, by more than one standard deviation of chance. `threshold` is that of the
    probabilities before.
    """
    audit = [each for each in answers if each.drawn and each.verdict != UNSURE]
    if len(audit) < LEAST_AUDITED:
        few = f"{len(audit)} answers to random pairs, and {LEAST_AUDITED} are needed to measure"
        return None, {"adopted": False, "reason": few}
    frame = pl.DataFrame(
        [(each.left, each.right, each.verdict) for each in answers if not each.drawn],
        schema=["left_id", "right_id", "verdict"],
        orient="row",
    )
    taught = Answers.of(frame, catalog, source="the decisions")
    matches = Matcher([Tfidf(), PHash()], base).match(catalog, answers=taught)
    if reason := teaches(matches, taught):
        return None, {"adopted": False, "reason": reason}
    adapted = adapt(matches, taught)
    made, pairs = adapted.matches, adapted.matches.candidates
    counted = counted_scores(made.distinct, pairs.left, pairs.right, made.scores, made.crowding)
    row = {posting: place for place, posting in enumerate(catalog.ids)}
    ends = np.array([[row[each.left], row[each.right]] for each in audit])
    ends = np.sort(matches.distinct.place[ends], axis=1)
    place = pairs.places(ends[:, 0], ends[:, 1])
    # Pairs that are no candidates are not the same.
    scores = np.where(place >= 0, counted[place], 0)
    same = np.array([each.verdict == SAME for each in audit])
    before = same == np.array([(each.probability or 0) >= threshold for each in audit])
    after = same == ((scores >= made.threshold) | (ends[:, 0] == ends[:, 1]))
    better, worse = (int(np.count_nonzero(each)) for each in (after & ~before, before & ~after))
    pays = better - worse > sqrt(better + worse)
    return adapted.model if pays else None, {
        "adopted": pays,
        "audited": len(audit),
        "right_before": int(before.sum()),
        "right_after": int(after.sum()),
        "reason": f"of {len(audit)} audited decisions {better} become right, {worse} wrong",
    }
