"""All pairs of a store scored anew, as a batch run does."""

from __future__ import annotations

import json

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from samesku.encoders import PHash, Tfidf
from samesku.matcher import Matcher
from samesku.store.draft import Draft
from samesku.store.memory import ScoredPairs
from samesku.store.postings import Payload, as_catalog
from samesku.store.schema import postings

__all__ = ["score_everything"]


def score_everything(draft: Draft) -> None:
    """Score what a batch run on the postings of the store scores, in place of all scores.

    The order in which postings came plays no part: the catalogue is in the order of their ids.
    """
    payloads: dict[str, Payload] = {
        posting: json.loads(text)
        for posting, text in draft.connection.execute(
            sa.select(postings.c.posting_id, postings.c.payload)
        )
    } | draft.payloads
    draft.dirty = draft.effects.rebuilt = True
    memory, state = draft.state.memory, draft.state
    memory.near_text, memory.near_photo = {}, {}
    memory.scores.clear()
    ids = sorted(payloads)
    own = {number: _nothing() for number in memory.terms}
    if len(ids) > 1:
        catalog = as_catalog([payloads[each] for each in ids], ids, "store")
        matches = Matcher([Tfidf(), PHash()], draft.learned, threshold=draft.threshold).match(
            catalog
        )
        own |= _by_number(
            np.array([state.distinct_of[each] for each in ids], dtype=np.int64)[
                matches.distinct.rows
            ],
            matches.candidates.left,
            matches.candidates.right,
            matches.candidates.similarity,
            matches.scores,
        )
    memory.link_all(own.items())
    for number, pairs in own.items():
        if number in draft.fresh:
            draft.fresh[number]["pairs"] = pairs.pack()
        else:
            draft.rescored[number] = pairs


def _by_number(
    numbers: NDArray[np.int64],
    left: NDArray[np.integer],
    right: NDArray[np.integer],
    similarity: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> dict[int, ScoredPairs]:
    """The pairs of each distinct posting with those of smaller numbers."""
    one, other = numbers[left], numbers[right]
    late, early = np.maximum(one, other), np.minimum(one, other)
    order = np.lexsort((early, late))
    late, early, similarity, scores = late[order], early[order], similarity[order], scores[order]
    owners, start = np.unique(late, return_index=True)
    ends = np.append(start[1:], len(late))[: len(start)]
    return {
        owner: ScoredPairs(
            early[a:b], similarity[a:b, 0].copy(), similarity[a:b, 1].copy(), scores[a:b]
        )
        for owner, a, b in zip(owners.tolist(), start.tolist(), ends.tolist(), strict=True)
    }


def _nothing() -> ScoredPairs:
    empty = np.empty(0, dtype=np.float32)
    return ScoredPairs(np.empty(0, dtype=np.int64), empty, empty, empty)
