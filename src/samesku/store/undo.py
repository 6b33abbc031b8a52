"""An event of the log taken back by a later one."""

from __future__ import annotations

import json

import sqlalchemy as sa

from samesku.store.draft import Draft
from samesku.store.results import StoreError
from samesku.store.schema import events, versions
from samesku.store.state import Effects

UNDONE = ("upsert", "pin", "merge", "split", "accept", "undo")


def take_back(draft: Draft, event: int) -> Effects:
    """Take back what an event changed of postings and pins; returns what that was.

    Raises
    ------
    StoreError
        There is none, it cannot be undone, or what it changed was changed since.
    """
    row = draft.connection.execute(
        sa.select(events.c.verb, events.c.effects).where(events.c.number == event)
    ).one_or_none()
    if row is None:
        raise StoreError(f"there is no event {event}", "missing")
    effects = Effects.from_text(row.effects)
    if row.verb not in UNDONE or effects.rebuilt:
        raise StoreError(
            f"event {event} ({row.verb}) cannot be undone: a deleted posting leaves "
            "nothing, put it again; for the rest restore a snapshot",
            "conflict",
        )
    for left, right, verdict, before in reversed(effects.pinned):
        if draft.state.verdict(left, right) != verdict:
            raise StoreError(
                f"{left[:80]!r} and {right[:80]!r} were decided anew since", "conflict"
            )
        draft.pin(left, right, before)
    for posting, number in effects.placed.items():
        if draft.state.distinct_of.get(posting) != number:
            raise StoreError(f"{posting[:80]!r} was changed or deleted since", "conflict")
    rows = draft.connection.execute(
        sa.select(versions.c.posting_id, versions.c.payload).where(versions.c.event == event)
    )
    former = {posting: json.loads(text) for posting, text in rows}
    draft.put([former[posting] for posting in effects.placed if posting in former])
    for posting in effects.placed:
        if posting not in former:
            draft.remove(posting)
    return effects
