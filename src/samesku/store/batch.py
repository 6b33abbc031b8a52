"""All pairs of a store scored anew, as a batch run does."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import sqlalchemy as sa

from samesku.encoders import PHash, Tfidf
from samesku.matcher import Matcher
from samesku.store.draft import Draft
from samesku.store.near import ScoredPairs
from samesku.store.postings import Payload, as_catalog
from samesku.store.schema import postings


def all_payloads(connection: sa.Connection) -> dict[str, Payload]:
    """The content of all postings of a store, by their ids."""
    rows = connection.execute(sa.select(postings.c.posting_id, postings.c.payload))
    return {posting: json.loads(text) for posting, text in rows}


def score_everything(draft: Draft) -> None:
    """Score what a batch run on the postings of the store scores, in place of all scores.

    The order in which postings came plays no part: the catalogue is in the order of their ids.
    """
    payloads = all_payloads(draft.connection) | draft.payloads
    draft.dirty = draft.effects.rebuilt = True
    memory, state = draft.state.memory, draft.state
    numbers = np.unique(np.array(list(state.distinct_of.values()), dtype=np.int64))
    owner, pairs = np.empty(0, dtype=np.int64), ScoredPairs.unpack([])[1]
    if len(payloads) > 1:
        catalog = as_catalog(payloads)
        setting = state.setting
        asked = setting.threshold if setting.fixed else None
        matches = Matcher([Tfidf(), PHash()], draft.learned, threshold=asked).match(catalog)
        draft.threshold = matches.threshold
        state.setting = replace(setting, threshold=matches.threshold)
        of = np.array([state.distinct_of[each] for each in catalog.ids], dtype=np.int64)
        of = of[matches.distinct.rows]
        left, right = of[matches.candidates.left], of[matches.candidates.right]
        owner, other = np.maximum(left, right), np.minimum(left, right)
        order = np.lexsort((other, owner))
        owner = owner[order]
        text, photo = matches.candidates.similarity[order].T
        pairs = ScoredPairs(other[order], text, photo, matches.scores[order])
    memory.link_all([(owner, pairs)])
    start, stop = (np.searchsorted(owner, numbers, side) for side in ("left", "right"))
    for number, a, b in zip(numbers.tolist(), start.tolist(), stop.tolist(), strict=True):
        own = pairs.part(a, b)
        if number in draft.fresh:
            draft.fresh[number]["pairs"] = own.pack()
        else:
            draft.rescored[number] = own
