"""A finished change written to the tables, all of it or nothing."""

import json
import time
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from samesku.store.draft import Draft
from samesku.store.results import Change, StoreError
from samesku.store.schema import clusters, distinct, events, pins, postings, touched

WHICH: sa.BindParameter[Any] = sa.bindparam("which")
_RESCORE = distinct.update().where(distinct.c.id == WHICH).values(pairs=sa.bindparam("found"))
_MOVE = postings.update().where(postings.c.posting_id == WHICH).values(cluster=sa.bindparam("name"))


def save(draft: Draft, change: Change, *, actor: str, key: str | None) -> None:
    """Write what a change did; the transaction it is in makes it hold."""
    write, effects = draft.connection, draft.effects
    if draft.rescored:
        rows = [{"which": number, "found": pairs} for number, pairs in draft.rescored.items()]
        write.execute(_RESCORE, rows)
    _write_postings(draft)
    if effects.rebuilt:
        draft.state.setting.write(write)
    if effects.minted:
        rows = [{"id": name, "number": number} for name, number in effects.minted.items()]
        write.execute(clusters.insert(), rows)
    for name, redirect in effects.redirects.items():
        write.execute(clusters.update().where(clusters.c.id == name).values(redirect=redirect))
    for left, right, verdict, _ in effects.pinned:
        which = (pins.c.left_id == left) & (pins.c.right_id == right)
        write.execute(pins.delete().where(which))
        if verdict is not None:
            row = {"left_id": left, "right_id": right, "verdict": verdict}
            write.execute(pins.insert().values(**row, actor=actor, event=draft.number))
    if names := {each.cluster for each in change.affected}:
        rows = [{"cluster": name, "event": draft.number} for name in sorted(names)]
        write.execute(touched.insert(), rows)
    # The log never holds a posting's text, which would stay when the posting is deleted.
    pairs = [replace(pair, explanation=None) for pair in change.pairs]
    answer = asdict(replace(change, pairs=pairs))
    event = {
        "number": draft.number,
        "time": time.time(),
        "actor": actor,
        "verb": change.verb,
        "request_key": key,
        "effects": json.dumps(vars(effects), separators=(",", ":")),
        "answer": json.dumps(answer, separators=(",", ":")),
    }
    write.execute(events.insert(), event)


def answered(connection: sa.Connection, key: str, verb: str) -> Change | None:
    """What was answered to a request with this key before; another request is an error."""
    row = connection.execute(
        sa.select(events.c.verb, events.c.answer).where(events.c.request_key == key)
    ).one_or_none()
    if row is None:
        return None
    if row.verb != verb:
        raise StoreError(f"the key {key[:80]!r} was used before, for {row.verb}", "conflict")
    return Change.again(json.loads(row.answer))


def _write_postings(draft: Draft) -> None:
    write, state = draft.connection, draft.state
    rows = [
        {
            "posting_id": posting,
            "distinct_id": state.distinct_of[posting],
            "cluster": state.cluster_of[posting],
            "payload": json.dumps(payload, ensure_ascii=True),
            "photo": draft.photos.get(posting),
        }
        for posting, payload in draft.payloads.items()
        if posting in state.distinct_of
    ]
    if rows:
        write.execute(postings.insert(), rows)
    moved = [
        {"which": posting, "name": cluster}
        for posting, cluster in draft.effects.assigned.items()
        if cluster is not None and posting not in draft.payloads
    ]
    if moved:
        write.execute(_MOVE, moved)
