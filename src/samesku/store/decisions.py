"""What people decided: pins that agree with each other, merges and splits made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from samesku.catalog.answers import VERDICTS
from samesku.store.results import StoreError
from samesku.store.state import State

MOST_PINS = 10_000

Pin = tuple[str, str, str]


def check_pin(state: State, left: str, right: str, verdict: str) -> None:
    """Refuse a decision that others contradict.

    Raises
    ------
    StoreError
        There is no such posting or verdict, or earlier decisions contradict it; names them.
    """
    if verdict not in VERDICTS:
        raise StoreError(f"a verdict is {', '.join(VERDICTS)}, not {verdict[:40]!r}")
    for each in (left, right):
        if each not in state.distinct_of:
            raise StoreError(f"there is no posting {each[:80]!r}", "missing")
    if left == right:
        raise StoreError(f"{left[:80]!r} is one posting; name two")
    if verdict == "unsure":
        return
    pair = (min(left, right), max(left, right))
    ones, others = (_joined(state, end, pair) for end in (left, right))
    if verdict == "different" and right in ones:
        raise StoreError(
            f"{left[:80]!r} and {right[:80]!r} are the same by earlier decisions on other pairs; "
            "undo one of those first",
            "conflict",
        )
    if verdict == "same":
        for one, other in product(sorted(ones), sorted(others)):
            if (
                state.verdict(one, other) == "different"
                and (min(one, other), max(one, other)) != pair
            ):
                raise StoreError(
                    f"{one[:80]!r} and {other[:80]!r} were decided to be different; undo that "
                    "first",
                    "conflict",
                )


def _joined(state: State, posting: str, without: tuple[str, str]) -> set[str]:
    """All postings that decisions make the same as one, a given pair aside."""
    found, queue = {posting}, [posting]
    while queue:
        one = queue.pop()
        for other in state.pinned_with.get(one, ()):
            pair = (min(one, other), max(one, other))
            if other not in found and pair != without and state.pins[pair] == "same":
                found.add(other)
                queue.append(other)
    return found


def merge_pins(state: State, names: Sequence[str], without: Sequence[str]) -> list[Pin]:
    """The pins that make clusters one; postings of `without` stay out.

    Raises
    ------
    StoreError
        Fewer than two clusters, or two of their postings were decided to be different.
    """
    resolved = list(dict.fromkeys(state.resolve(name) for name in names))
    members = [
        p for name in resolved for p in sorted(state.clusters.get(name, ())) if p not in without
    ]
    if len(resolved) < 2 or len(members) < 2:
        raise StoreError("merging takes two clusters or more, each with a posting")
    _check_together(state, members)
    return list(_tied(members))


def accept_pins(state: State, name: str, without: Sequence[str]) -> list[Pin]:
    """The pins that make a cluster one product; postings of `without` are parted from it.

    Raises
    ------
    StoreError
        Fewer than two postings are left, or two of them were decided to be different, or one that
        is to leave was decided to be the same as one that stays.
    """
    members = sorted(state.clusters.get(state.resolve(name), ()))
    out = sorted(set(without))
    if missing := [each for each in out if each not in members]:
        raise StoreError(f"{missing[0][:80]!r} is not in cluster {name[:40]!r}", "missing")
    kept = [each for each in members if each not in out]
    if not kept or len(members) < 2:
        raise StoreError("accepting takes a cluster of two postings or more, and leaves some")
    _check_together(state, kept)
    for each in out:
        if bound := sorted(_joined(state, each, ("", "")) & set(kept)):
            raise StoreError(
                f"{each[:80]!r} and {bound[0][:80]!r} are the same by earlier decisions; undo "
                "those first",
                "conflict",
            )
    pins = list(_tied(kept))
    for each in out:
        # From one that stays, and from those of the same content.
        own = state.distinct_of[each]
        like = [other for other in kept[1:] if state.distinct_of[other] == own]
        pins += [(min(other, each), max(other, each), "different") for other in [kept[0], *like]]
    return pins


def _check_together(state: State, members: Sequence[str]) -> None:
    inside = set(members)
    for one in members:
        for other in state.pinned_with.get(one, ()):
            if other in inside and state.verdict(one, other) == "different":
                raise StoreError(
                    f"{one[:80]!r} and {other[:80]!r} were decided to be different; undo that "
                    "first, or leave one out",
                    "conflict",
                )


def split_pins(state: State, name: str, away: Sequence[str]) -> list[Pin]:
    """The pins that part some postings of a cluster from the rest.

    Raises
    ------
    StoreError
        They are not of the cluster, or all of it, or too many.
    """
    members = state.clusters.get(state.resolve(name), set())
    gone = sorted(set(away))
    if missing := [each for each in gone if each not in members]:
        raise StoreError(f"{missing[0][:80]!r} is not in cluster {name[:40]!r}", "missing")
    rest = sorted(members - set(gone))
    if not gone or not rest:
        raise StoreError("splitting takes some of a cluster's postings, and leaves some")
    if len(gone) * len(rest) > MOST_PINS:
        raise StoreError(f"this would take {len(gone) * len(rest):,} decisions; split less at once")
    for one, other in product(gone, rest):
        if other in _joined(state, one, ("", "")) and state.verdict(one, other) != "same":
            raise StoreError(
                f"{one[:80]!r} and {other[:80]!r} are the same by earlier decisions; undo those "
                "first",
                "conflict",
            )
    return [*_tied(gone), *((min(a, b), max(a, b), "different") for a, b in product(gone, rest))]


def _tied(members: Sequence[str]) -> Iterator[Pin]:
    for other in members[1:]:
        yield min(members[0], other), max(members[0], other), "same"
