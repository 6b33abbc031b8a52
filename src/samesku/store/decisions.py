"""What people decided: pins that agree with each other, merges and splits made of them, undone."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

import sqlalchemy as sa

from samesku.catalog.answers import DIFFERENT, SAME, VERDICTS
from samesku.store.draft import Draft
from samesku.store.results import StoreError
from samesku.store.schema import events, versions
from samesku.store.state import Effects, State

MOST_PINS = 10_000
UNDONE = ("upsert", "pin", "merge", "split", "accept", "undo")

Pin = tuple[str, str, str]


def pin_alone(state: State, left: str, right: str, verdict: str) -> list[Pin]:
    """A decision about one pair."""
    if verdict not in VERDICTS:
        raise StoreError(f"a verdict is {', '.join(VERDICTS)}, not {verdict[:40]!r}")
    state.check_there(left, right)
    if left == right:
        raise StoreError(f"{left[:80]!r} is one posting; name two")
    return [(left, right, verdict)]


def check_agree(state: State, pins: Sequence[tuple[str, str, str | None]]) -> None:
    """Refuse pins, None for one taken away, by which postings are the same and different.

    Also by way of postings that were deleted, as their pins stand when they come back.
    """
    changed: dict[str, dict[str, str | None]] = defaultdict(dict)
    for left, right, verdict in pins:
        changed[left][right] = changed[right][left] = verdict

    def pinned(posting: str, verdict: str) -> set[str]:
        own = changed.get(posting, {})
        new = {other for other, given in own.items() if given == verdict}
        return state.pinned(posting, verdict) - own.keys() | new

    checked: set[str] = set()
    for end in sorted(changed):
        if end in checked:
            continue
        together = _joined(partial(pinned, verdict=SAME), end)
        checked |= together
        for one in sorted(together):
            for other in sorted(together & pinned(one, DIFFERENT)):
                if changed.get(one, {}).get(other) == DIFFERENT:
                    raise _tied_already(one, other)
                raise StoreError(
                    f"{one[:80]!r} and {other[:80]!r} were decided to be different; undo that "
                    "first, or leave one out",
                    "conflict",
                )


def _joined(same: Callable[[str], set[str]], posting: str) -> set[str]:
    """All postings that decisions make the same as one; `same` gives those of one decision."""
    found, queue = {posting}, [posting]
    while queue:
        new = same(queue.pop()) - found
        found |= new
        queue += new
    return found


def merge_pins(state: State, names: Sequence[str], without: Sequence[str]) -> list[Pin]:
    """The pins that make clusters one; postings of `without` stay out."""
    resolved = list(dict.fromkeys(state.resolve(name) for name in names))
    members = [
        p for name in resolved for p in sorted(state.clusters.get(name, ())) if p not in without
    ]
    if len(resolved) < 2 or len(members) < 2:
        raise StoreError("merging takes two clusters or more, each with a posting")
    return _tied(members)


def accept_pins(state: State, name: str, without: Sequence[str]) -> list[Pin]:
    """The pins that make a cluster one product; postings of `without` are parted from it."""
    out, kept = _parted(state, name, without)
    if not kept or len(kept) + len(out) < 2:
        raise StoreError("accepting takes a cluster of two postings or more, and leaves some")
    pins, same = _tied(kept), partial(state.pinned, verdict=SAME)
    for each in out:
        if bound := sorted(_joined(same, each) & set(kept)):
            raise _tied_already(each, bound[0])
        # From one that stays, and from those of the same content.
        own = state.distinct_of[each]
        like = [other for other in kept[1:] if state.distinct_of[other] == own]
        pins += [(min(other, each), max(other, each), DIFFERENT) for other in [kept[0], *like]]
    return pins


def split_pins(state: State, name: str, away: Sequence[str]) -> list[Pin]:
    """The pins that part some postings of a cluster from the rest."""
    gone, rest = _parted(state, name, away)
    if not gone or not rest:
        raise StoreError("splitting takes some of a cluster's postings, and leaves some")
    if len(gone) * len(rest) > MOST_PINS:
        raise StoreError(f"this would take {len(gone) * len(rest):,} decisions; split less at once")
    same = partial(state.pinned, verdict=SAME)
    for one in gone:
        for other in sorted(_joined(same, one).intersection(rest)):
            if state.verdict(one, other) != SAME:
                raise _tied_already(one, other)
    return [*_tied(gone), *((min(a, b), max(a, b), DIFFERENT) for a, b in product(gone, rest))]


def _parted(state: State, name: str, chosen: Sequence[str]) -> tuple[list[str], list[str]]:
    """The postings of a cluster that are chosen, and the others."""
    members, out = state.clusters.get(state.resolve(name), set()), sorted(set(chosen))
    if missing := [each for each in out if each not in members]:
        raise StoreError(f"{missing[0][:80]!r} is not in cluster {name[:40]!r}", "missing")
    return out, sorted(members.difference(out))


def _tied_already(one: str, other: str) -> StoreError:
    return StoreError(
        f"{one[:80]!r} and {other[:80]!r} are the same by earlier decisions on other pairs; undo "
        "one of those first",
        "conflict",
    )


def _tied(members: Sequence[str]) -> list[Pin]:
    return [(min(members[0], each), max(members[0], each), SAME) for each in members[1:]]


def take_back(draft: Draft, event: int) -> list[str]:
    """Take back what an event changed of postings and pins, unless it was changed since."""
    row = draft.connection.execute(
        sa.select(events.c.verb, events.c.effects, events.c.answer).where(events.c.number == event)
    ).one_or_none()
    if row is None:
        raise StoreError(f"there is no event {event}", "missing")
    effects = Effects(**json.loads(row.effects))
    if row.verb not in UNDONE or effects.rebuilt or None in effects.placed.values():
        raise StoreError(
            f"event {event} ({row.verb}) cannot be undone: a deleted posting leaves "
            "nothing, put it again; for the rest restore a snapshot",
            "conflict",
        )
    for left, right, verdict, _ in effects.pinned:
        if draft.state.verdict(left, right) != verdict:
            raise StoreError(
                f"{left[:80]!r} and {right[:80]!r} were decided anew since", "conflict"
            )
    check_agree(draft.state, [(left, right, before) for left, right, _, before in effects.pinned])
    gone = _deleted_since(draft.connection, event)
    for posting, number in effects.placed.items():
        if draft.state.distinct_of.get(posting) != number or posting in gone:
            raise StoreError(f"{posting[:80]!r} was changed or deleted since", "conflict")
    for left, right, _, before in reversed(effects.pinned):
        draft.pin(left, right, before)
    rows = draft.connection.execute(
        sa.select(versions.c.posting_id, versions.c.payload).where(versions.c.event == event)
    )
    former = {posting: json.loads(text) for posting, text in rows}
    draft.former = _clusters_before(draft.state, json.loads(row.answer)["affected"])
    draft.put([former[posting] for posting in effects.placed if posting in former])
    for posting in effects.placed:
        if posting not in former:
            draft.remove(posting)
    draft.score()
    decided = (each for left, right, *_ in effects.pinned for each in (left, right))
    return list(dict.fromkeys([*effects.placed, *decided]))


def _deleted_since(connection: sa.Connection, event: int) -> set[str]:
    """The postings that were deleted after an event, also those that came back."""
    later = (events.c.number > event) & events.c.verb.in_(("delete", "undo"))
    placed = (
        json.loads(text)["placed"]
        for text in connection.scalars(sa.select(events.c.effects).where(later))
    )
    return {posting for each in placed for posting, number in each.items() if number is None}


def _clusters_before(state: State, affected: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The clusters that postings left for the one they are in, of those that redirect to it."""
    return {
        posting: each["cluster"]
        for each in affected
        if each["cluster"] in state.redirects
        for posting in each["removed"]
        if state.cluster_of.get(posting) == state.resolve(each["cluster"])
    }
