"""What postings would match that are only searched for, several at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np
import sqlalchemy as sa

from samesku.runtime.arrays import AnyFloats, Ints
from samesku.scoring.fusion import EXPLAINED_FROM
from samesku.scoring.learned import Learned
from samesku.store.memory import SPAN, Memory
from samesku.store.postings import Payload
from samesku.store.scoring import COMPUTING, score_pairs
from samesku.store.state import State

# Postings that are scored in one go: more take as long each, and memory.
AT_ONCE = 32
# Slots, their probabilities and explanations, likeliest first.
Likely: TypeAlias = tuple[Ints, AnyFloats, list[str | None]]


def search(
    state: State,
    connection: sa.Connection,
    learned: Learned,
    payloads: Sequence[Payload],
    limit: int,
) -> list[list[tuple[str, float, str | None]]]:
    """The postings that each of some would match: id, probability, explanation.

    Each is answered as if it were alone.
    """
    memory = state.memory
    keys, known = state.identical(connection, payloads)
    new = [payload for payload, key in zip(payloads, keys, strict=True) if key not in known]
    parts = (new[start : start + AT_ONCE] for start in range(0, len(new), AT_ONCE))
    scored = chain.from_iterable(
        _scored(memory, connection, learned, part, limit) for part in parts
    )
    answers = []
    for key in keys:
        found = _identical(memory, known[key], limit) if key in known else next(scored)
        slots, scores, explained = found
        rows = zip(memory.numbers(slots).tolist(), scores.tolist(), explained, strict=True)
        answers.append(
            [(each, *row) for number, *row in rows for each in sorted(state.members[number])]
        )
    return answers


def _identical(memory: Memory, number: int, limit: int) -> Likely:
    """What one would match that is a distinct posting already: itself, and its scored pairs."""
    slot = memory.slot(number)
    _, others, scores = memory.scores(np.array([slot]))
    order = np.lexsort((others, -scores))[:limit]
    slots = np.concatenate([[slot], others[order]])
    return slots, np.concatenate([[1.0], scores[order]]), ["identical", *[None] * len(order)]


def _scored(
    memory: Memory,
    connection: sa.Connection,
    learned: Learned,
    payloads: Sequence[Payload],
    limit: int,
) -> list[Likely]:
    """What those would match that are not in the store, scored in one go."""
    with COMPUTING, memory.with_sought(payloads) as slots:
        pairs, found = zip(*map(memory.near, slots.tolist()), strict=True)
        first = SPAN * np.arange(len(slots))
        left = np.concatenate([ends + own for ends, own in zip(pairs, first, strict=True)])
        if not len(left):
            return [(left, np.empty(0), [])] * len(slots)
        right = np.repeat(slots + first, [len(each) for each in pairs])
        scored = score_pairs(
            connection, memory, left, right, learned, explain_from=EXPLAINED_FROM,
            found=np.concatenate(found, axis=1), sought=True,
        )  # fmt: skip
    scores = scored.predicted.scores
    order = np.lexsort((left, -scores, right))
    kept = [part[:limit] for part in np.split(order, np.cumsum([len(each) for each in pairs])[:-1])]
    shown = np.concatenate(kept)
    likely = shown[scores[shown] >= EXPLAINED_FROM]
    explained = dict(zip(likely.tolist(), scored.explanations(likely.tolist()), strict=True))
    return [
        (left[part] % SPAN, scores[part], [explained.get(at) for at in part.tolist()])
        for part in kept
    ]
