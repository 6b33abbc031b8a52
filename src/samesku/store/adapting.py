"""The model of a store adapted to people's answers, adopted where the audit says that it pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.catalog.answers import SAME, UNSURE, Answers
from samesku.catalog.catalog import Catalog
from samesku.encoders import PHash, Tfidf
from samesku.judges.adapting import adapt, teaches
from samesku.matcher import Matcher
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.learned import Learned
from samesku.store.results import Answer

# Answers of the audit below which nothing is adopted.
LEAST_AUDITED = 20


@dataclass(frozen=True, eq=False)
class Trial:
    """What came of adapting: the model where it is better by the audit, and the figures."""

    model: PairClassifier | None
    record: dict[str, Any]


def try_adapting(
    catalog: Catalog, base: Learned, answers: Sequence[Answer], threshold: float
) -> Trial:
    """Adapt a model to the answers outside the audit, and measure it by those of the audit.

    It is adopted where the decisions that it changes become right more often than wrong, by more
    than one standard deviation of chance. `threshold` is that of the probabilities before.
    """
    audit = [each for each in answers if each.drawn and each.verdict != UNSURE]
    if len(audit) < LEAST_AUDITED:
        return _not_adopted(
            f"{len(audit)} answers to random pairs, and {LEAST_AUDITED} are needed to measure"
        )
    frame = pl.DataFrame(
        [(each.left, each.right, each.verdict) for each in answers if not each.drawn],
        schema=["left_id", "right_id", "verdict"],
        orient="row",
    )
    taught = Answers.of(frame, catalog, source="the decisions")
    matches = Matcher([Tfidf(), PHash()], base).match(catalog, answers=taught)
    if reason := teaches(matches, taught):
        return _not_adopted(reason)
    adapted = adapt(matches, taught)
    row = {posting: place for place, posting in enumerate(catalog.ids)}
    ends = np.array([[row[each.left], row[each.right]] for each in audit])
    ends = np.sort(matches.distinct.place[ends], axis=1)
    place = adapted.matches.candidates.places(ends[:, 0], ends[:, 1])
    # Pairs that are no candidates are not the same.
    scores = np.where(place >= 0, adapted.matches.scores[place], 0)
    after = (scores >= adapted.matches.threshold) | (ends[:, 0] == ends[:, 1])
    before = np.array([(each.probability or 0) >= threshold for each in audit])
    same = np.array([each.verdict == SAME for each in audit])
    return _judged(adapted.model, before == same, after == same)


def _judged(model: PairClassifier, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Trial:
    """Whether decisions that were right before are right after."""
    better, worse = (int(np.count_nonzero(each)) for each in (after & ~before, before & ~after))
    pays = better - worse > sqrt(better + worse)
    record = {
        "adopted": bool(pays),
        "audited": len(before),
        "right_before": int(before.sum()),
        "right_after": int(after.sum()),
        "reason": f"of {len(before)} audited decisions {better} become right, {worse} wrong",
    }
    return Trial(model if pays else None, record)


def _not_adopted(reason: str) -> Trial:
    return Trial(None, {"adopted": False, "reason": reason})
