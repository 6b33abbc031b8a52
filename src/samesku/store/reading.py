"""What can be asked of a live index without changing it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from samesku.scoring.learned import Learned
from samesku.store.doubts import Doubts, scored_pairs
from samesku.store.draft import EXPLAINED_FROM, Draft, read_payloads
from samesku.store.drawn import Drawn, audit, is_drawn
from samesku.store.postings import (
    Payload,
    check_posting,
    content_key,
    normal_title,
    phash_of,
    title_key,
)
from samesku.store.results import DecidedPair, StoreError
from samesku.store.schema import events, pins, postings, touched
from samesku.store.scoring import ASKING, score_pairs
from samesku.store.state import Effects, State
from samesku.store.terms import read_terms

__all__ = ["Reads"]


class Reads:
    """The verbs that read; :class:`samesku.store.Index` adds those that change."""

    place: str
    _engine: sa.Engine
    _lock: threading.RLock
    _caught_up: Callable[[sa.Connection], State]
    _learned: Callable[[str], Learned]
    _model_place: Callable[[sa.Connection], str]
    _doubts: Doubts
    _drawn: Drawn

    def search(self, posting: Any, *, limit: int = 20) -> list[DecidedPair]:
        """What a posting would match, likeliest first; changes nothing.

        `left_id` is the posting's own id, or empty where it has none.
        """
        own = posting.get("posting_id") or "" if isinstance(posting, Mapping) else ""
        given = {**posting, "posting_id": own or "?"} if isinstance(posting, Mapping) else posting
        payload = check_posting(given)
        with self._lock, self._engine.connect() as connection:
            state = self._caught_up(connection)
            learned = self._learned(self._model_place(connection))
            found = _search(state, connection, learned, payload)
            name = str(payload["posting_id"]) if own else ""
            return [DecidedPair(name, *each) for each in found if each[0] != name][:limit]

    def get(self, name: str) -> dict[str, Any]:
        """A posting by its id, or a cluster by its own: what it holds, and its cluster.

        Raises
        ------
        StoreError
            There is neither.
        """
        with self._lock, self._engine.connect() as connection:
            state = self._caught_up(connection)
            if name in state.distinct_of:
                payload = read_payloads(connection, [name])[name]
                cluster = state.cluster_of[name]
                return {
                    "posting": payload,
                    "cluster": cluster,
                    "members": len(state.clusters[cluster]),
                }
            cluster = state.resolve(name)
            members = sorted(state.clusters.get(cluster, ()))
            known = read_payloads(connection, members)
            return {
                "cluster": cluster,
                "asked": name,
                "postings": [known[each] for each in members],
                "pins": [
                    {"left_id": a, "right_id": b, "verdict": verdict}
                    for (a, b), verdict in sorted(state.pins.items())
                    if a in members and b in members
                ],
            }

    def photo(self, posting_id: str) -> bytes | None:
        """The photo that was put with a posting."""
        with self._engine.connect() as connection:
            asked = sa.select(postings.c.photo).where(postings.c.posting_id == posting_id)
            found: bytes | None = connection.scalar(asked)
            return found

    def why(self, left: str, right: str) -> dict[str, Any]:
        """How likely two postings are the same product, what adds to it, and what people said."""
        with self._lock, self._engine.connect() as connection:
            state = self._caught_up(connection)
            for each in (left, right):
                if each not in state.distinct_of:
                    raise StoreError(f"there is no posting {each[:80]!r}", "missing")
            a, b = sorted(state.distinct_of[each] for each in (left, right))
            told: dict[str, Any] = {
                "left_id": left,
                "right_id": right,
                "together": state.cluster_of[left] == state.cluster_of[right],
                "pin": state.verdict(left, right),
            }
            if a == b:
                return {**told, "probability": 1.0, "reasons": [], "identical": True}
            learned = self._learned(self._model_place(connection))
            draft = Draft(state, connection, learned, learned.threshold)
            scored = score_pairs(state.memory, [(a, b)], draft.read, learned, explain_from=0.0)
            reasons: list[dict[str, Any]] = []
            if scored.judged.evidence is not None and len(scored.judged.evidence.places):
                reasons = scored.table(0).to_dicts()
            return {
                **told,
                "probability": float(scored.judged.scores[0]),
                "decided_with": state.memory.scores.get(a, {}).get(b),
                "reasons": reasons,
                "identical": False,
            }

    def history(self, cluster: str) -> list[dict[str, Any]]:
        """The events that touched a cluster, oldest first."""
        with self._lock, self._engine.connect() as connection:
            self._caught_up(connection).resolve(cluster)
            rows = sa.select(events).join(touched, touched.c.event == events.c.number)
            asked = rows.where(touched.c.cluster == cluster).order_by(events.c.number)
            return [_event(row) for row in connection.execute(asked)]

    def events(self, since: int = 0, *, limit: int = 1000) -> list[dict[str, Any]]:
        """The events after a number, oldest first: ask again with the last one's number."""
        with self._engine.connect() as connection:
            asked = sa.select(events).where(events.c.number > since)
            rows = connection.execute(asked.order_by(events.c.number).limit(limit))
            return [_event(row) for row in rows]

    def pins(self) -> list[dict[str, Any]]:
        """All decisions of people, with who made them."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(pins).order_by(pins.c.event))
            return [dict(row._mapping) for row in rows]

    def in_doubt(self, limit: int = 50, *, audited: bool = True) -> list[DecidedPair]:
        """The pairs of which nobody has decided, nearest to the threshold first.

        `audited`: also those that are for the audit (:meth:`drawn`).
        """
        with self._lock, self._engine.connect() as connection:
            state = self._caught_up(connection)
            threshold = self._learned(self._model_place(connection)).threshold
            count = limit if audited else 2 * limit
            found = self._doubts.nearest(state.memory, threshold, count, partial(_is_open, state))
            kept = [pair for pair in found if audited or not is_drawn(pair)]
            return [DecidedPair(*_names(state, pair), pair[2]) for pair in kept[:limit]]

    def drawn(self, limit: int = 50) -> list[DecidedPair]:
        """Random pairs that nobody has decided: answers to them tell how good the scores are."""
        with self._lock, self._engine.connect() as connection:
            state = self._caught_up(connection)
            pairs = partial(scored_pairs, state.memory)
            found = self._drawn.following(pairs, limit, partial(_is_open, state))
            return [DecidedPair(*_names(state, pair), pair[2]) for pair in found]

    def audit(self) -> dict[str, Any] | None:
        """Precision and recall of the scores by the answers to random pairs, with intervals."""
        with self._lock, self._engine.connect() as connection:
            state = self._caught_up(connection)
            asked = sa.select(pins.c.left_id, pins.c.right_id, pins.c.verdict)
            single = asked.join(events, events.c.number == pins.c.event)
            answers = []
            for left, right, verdict in connection.execute(single.where(events.c.verb == "pin")):
                a, b = sorted(state.distinct_of.get(each, 0) for each in (left, right))
                score = state.memory.scores.get(a, {}).get(b)
                if score is not None and verdict != "unsure" and is_drawn((a, b, score)):
                    answers.append((score, verdict == "same"))
            return audit(answers, self._learned(self._model_place(connection)).threshold)

    def decided(self) -> int:
        """How many pairs people decided."""
        with self._lock, self._engine.connect() as connection:
            return len(self._caught_up(connection).pins)

    def stats(self) -> dict[str, Any]:
        """How much the store holds, and under which model and event it stands."""
        with self._lock, self._engine.connect() as connection:
            state = self._caught_up(connection)
            sizes = [len(each) for each in state.clusters.values()]
            return {
                "postings": len(state.distinct_of),
                "distinct_postings": len(state.members),
                "clusters": len(sizes),
                "clusters_of_two_or_more": sum(size > 1 for size in sizes),
                "largest_cluster": max(sizes, default=0),
                "pins": len(state.pins),
                "event": state.event,
                "model": self._model_place(connection) or "shipped",
                "threshold": self._learned(self._model_place(connection)).threshold,
            }

    def state(self) -> Mapping[str, Any]:
        """Clusters, ids and pins as plain values, to compare."""
        with self._lock, self._engine.connect() as connection:
            return self._caught_up(connection).shown

    def replay(self, until: int | None = None) -> Mapping[str, Any]:
        """The same from the log alone, as of an event; equal to :meth:`state` as of the last."""
        with self._engine.connect() as connection:
            asked = sa.select(events.c.number, events.c.effects).order_by(events.c.number)
            state = State()
            for number, text in connection.execute(asked):
                if until is not None and number > until:
                    break
                state.replay(Effects.from_text(text), number)
            return state.shown

    def snapshot(self, place: str | Path) -> Path:
        """Write a copy of the store as it stands, while others go on writing.

        Raises
        ------
        StoreError
            The file is there already, or the store is not SQLite.
        """
        target = Path(place)
        if "://" in self.place:
            raise StoreError("a store in PostgreSQL is copied by pg_dump", "unusable")
        if target.exists():
            raise StoreError(f"{target} is there already; name another file", "conflict")
        part = target.with_name(f"{target.name}.part")
        try:
            with (
                closing(sqlite3.connect(self.place)) as mine,
                closing(sqlite3.connect(part)) as copied,
            ):
                mine.backup(copied)
            part.replace(target)
        except (sqlite3.Error, OSError) as error:
            part.unlink(missing_ok=True)
            raise StoreError(f"{target} cannot be written: {error}", "unusable") from error
        return target

    @staticmethod
    def restore(snapshot: str | Path, place: str | Path) -> Path:
        """Put a snapshot where no store is.

        Raises
        ------
        StoreError
            There is a store, or the snapshot is not there.
        """
        source, target = Path(snapshot), Path(place)
        if not source.is_file():
            raise StoreError(f"{source}: there is no such snapshot", "missing")
        if target.exists():
            raise StoreError(
                f"{target} is there already; stop its service and move it away first", "conflict"
            )
        part = target.with_name(f"{target.name}.part")
        shutil.copyfile(source, part)
        part.replace(target)
        return target


def _names(state: State, pair: tuple[int, int, float]) -> tuple[str, str]:
    one, other = (min(state.members[each]) for each in pair[:2])
    return min(one, other), max(one, other)


def _is_open(state: State, pair: tuple[int, int, float]) -> bool:
    there = pair[0] in state.members and pair[1] in state.members
    return there and _names(state, pair) not in state.pins


def _search(
    state: State, connection: sa.Connection, learned: Learned, payload: Payload
) -> list[tuple[str, float, str | None]]:
    """The postings that one would match: id, probability, explanation."""
    memory, title = state.memory, normal_title(payload)
    if (number := state.by_key.get(content_key(payload))) is not None:
        near = sorted(memory.scores.get(number, {}).items(), key=lambda pair: (-pair[1], pair[0]))
        ranked: list[tuple[int, float, str | None]] = [(number, 1.0, "identical")]
        ranked += [(other, score, None) for other, score in near]
    else:
        hashed = phash_of(payload)
        terms = read_terms(title)
        text, photo = memory.find_text(terms), memory.find_photo(hashed)
        over = memory.with_one(ASKING, terms, hashed, title_key(title))
        over.near(ASKING, *text, over.near_text)
        over.near(ASKING, *photo, over.near_photo)
        pairs = sorted((each, ASKING) for each in {*text[0].tolist(), *photo[0].tolist()})
        if not pairs:
            return []

        def read(numbers: Sequence[int]) -> dict[int, Payload]:
            one = {each: min(state.members[each]) for each in numbers if each != ASKING}
            known = read_payloads(connection, list(one.values()))
            return {each: known[posting] for each, posting in one.items()} | {ASKING: payload}

        scored = score_pairs(over, pairs, read, learned, explain_from=EXPLAINED_FROM)
        scores = scored.judged.scores.tolist()
        likely = [at for at, score in enumerate(scores) if score >= EXPLAINED_FROM]
        reasons = dict(zip(likely, scored.explanations(likely), strict=True))
        told = [reasons.get(at) for at in range(len(pairs))]
        ranked = [
            (other, score, reason)
            for (other, _), score, reason in zip(scored.pairs, scores, told, strict=True)
        ]
        ranked.sort(key=lambda each: (-each[1], each[0]))
    return [(p, score, reason) for n, score, reason in ranked for p in sorted(state.members[n])]


def _event(row: Any) -> dict[str, Any]:
    answer = json.loads(row.answer)
    return {
        "number": row.number,
        "time": row.time,
        "actor": row.actor,
        "verb": row.verb,
        "key": row.request_key,
        **{name: answer[name] for name in ("postings", "affected", "pairs", "refused")},
    }
