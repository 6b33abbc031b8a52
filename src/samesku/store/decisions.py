"""What people decided: pins that agree with each other, merges and splits made of them, undone."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from itertools import product
from typing import Any

import sqlalchemy as sa

from samesku.catalog.answers import VERDICTS
from samesku.store.draft import Draft
from samesku.store.results import StoreError
from samesku.store.schema import events, versions
from samesku.store.state import Effects, State

MOST_PINS = 10_000
UNDONE = ("upsert", "pin", "merge", "split", "accept", "undo")

Pin = tuple[str, str, str]


def pin_alone(state: State, left: str, right: str, verdict: str) -> list[Pin]:
    """A decision about one pair; an error names the earlier ones that contradict it."""
    if verdict not in VERDICTS:
        raise StoreError(f"a verdict is {', '.join(VERDICTS)}, not {verdict[:40]!r}")
    state.check_there(left, right)
    if left == right:
        raise StoreError(f"{left[:80]!r} is one posting; name two")
    ones, others = (_joined(state, end, {left, right}) for end in (left, right))
    if verdict == "different" and right in ones:
        raise _tied_already(left, right)
    if verdict == "same":
        _check_together(state, ones | others, {left, right})
    return [(left, right, verdict)]


def _joined(state: State, posting: str, aside: Collection[str] = ()) -> set[str]:
    """All postings that decisions make the same as one, a given pair aside."""
    found, queue = {posting}, [posting]
    while queue:
        one = queue.pop()
        new = {each for each in state.pinned(one, "same") - found if {one, each} != aside}
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
    _check_together(state, members)
    return _tied(members)


def accept_pins(state: State, name: str, without: Sequence[str]) -> list[Pin]:
    """The pins that make a cluster one product; postings of `without` are parted from it."""
    out, kept = _parted(state, name, without)
    if not kept or len(kept) + len(out) < 2:
        raise StoreError("accepting takes a cluster of two postings or more, and leaves some")
    _check_together(state, kept)
    pins = _tied(kept)
    for each in out:
        if bound := sorted(_joined(state, each) & set(kept)):
            raise _tied_already(each, bound[0])
        # From one that stays, and from those of the same content.
        own = state.distinct_of[each]
        like = [other for other in kept[1:] if state.distinct_of[other] == own]
        pins += [(min(other, each), max(other, each), "different") for other in [kept[0], *like]]
    return pins


def split_pins(state: State, name: str, away: Sequence[str]) -> list[Pin]:
    """The pins that part some postings of a cluster from the rest."""
    gone, rest = _parted(state, name, away)
    if not gone or not rest:
        raise StoreError("splitting takes some of a cluster's postings, and leaves some")
    if len(gone) * len(rest) > MOST_PINS:
        raise StoreError(f"this would take {len(gone) * len(rest):,} decisions; split less at once")
    for one, other in product(gone, rest):
        if other in _joined(state, one) and state.verdict(one, other) != "same":
            raise _tied_already(one, other)
    return [*_tied(gone), *((min(a, b), max(a, b), "different") for a, b in product(gone, rest))]


def _parted(state: State, name: str, chosen: Sequence[str]) -> tuple[list[str], list[str]]:
    """The postings of a cluster that are chosen, and the others."""
    members, out = state.clusters.get(state.resolve(name), set()), sorted(set(chosen))
    if missing := [each for each in out if each not in members]:
        raise StoreError(f"{missing[0][:80]!r} is not in cluster {name[:40]!r}", "missing")
    return out, sorted(members.difference(out))


def _check_together(state: State, members: Collection[str], aside: Collection[str] = ()) -> None:
    """Refuse to make those one of which two, a given pair aside, were decided to be different."""
    inside = set(members)
    for one in sorted(members):
        for other in sorted(inside & state.pinned(one, "different")):
            if {one, other} != aside:
                raise StoreError(
                    f"{one[:80]!r} and {other[:80]!r} were decided to be different; undo that "
                    "first, or leave one out",
                    "conflict",
                )


def _tied_already(one: str, other: str) -> StoreError:
    return StoreError(
        f"{one[:80]!r} and {other[:80]!r} are the same by earlier decisions on other pairs; undo "
        "one of those first",
        "conflict",
    )


def _tied(members: Sequence[str]) -> list[Pin]:
    return [(min(members[0], each), max(members[0], each), "same") for each in members[1:]]


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
    draft.former = _clusters_before(draft.state, json.loads(row.answer)["affected"])
    draft.put([former[posting] for posting in effects.placed if posting in former])
    for posting in effects.placed:
        if posting not in former:
            draft.remove(posting)
    draft.score()
    decided = (each for left, right, *_ in effects.pinned for each in (left, right))
    return list(dict.fromkeys([*effects.placed, *decided]))


def _clusters_before(state: State, affected: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The clusters that postings left for the one they are in, of those that redirect to it."""
    return {
        posting: each["cluster"]
        for each in affected
        if each["cluster"] in state.redirects
        for posting in each["removed"]
        if state.cluster_of.get(posting) == state.resolve(each["cluster"])
    }
