"""What can be asked of a live index without changing it."""

import gc
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import sqlalchemy as sa

from samesku.catalog.answers import SAME, UNSURE
from samesku.metrics.audit import Audit
from samesku.runtime.files import Staged
from samesku.scoring.learned import Learned
from samesku.store import schema
from samesku.store.doubts import Pair, is_drawn
from samesku.store.draft import read_payloads
from samesku.store.postings import as_id, check_posting
from samesku.store.results import DecidedPair, Found, StoreError
from samesku.store.schema import events, pins, postings, touched
from samesku.store.scoring import score_pairs
from samesku.store.searching import search
from samesku.store.state import SHIPPED, Effects, Setting, State

# What is known of an answer about one pair, and which of them measure a model.
ANSWER = {"left_id": pl.String, "right_id": pl.String, "verdict": pl.String,
          "probability": pl.Float64, "drawn": pl.Boolean}  # fmt: skip
AUDITED = pl.col("drawn") & (pl.col("verdict") != UNSURE)


class Reads:
    """An open store and the verbs that read it; :class:`samesku.store.Index` adds the others."""

    def __init__(self, place: str | Path, *, photos: str | Path | None = None) -> None:
        self.place = str(place)
        self._photos = None if photos is None else Path(photos)
        self._opened: sa.Engine | None = schema.open_engine(place)
        self._lock = threading.RLock()
        self._state: State | None = None
        self._model: tuple[Setting, Learned] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the store, and what is held of it in memory."""
        self._state = None
        if self._opened is not None:
            self._opened.dispose()
        self._opened = None

    @property
    def _engine(self) -> sa.Engine:
        if self._opened is None:
            raise StoreError(
                f"{schema.without_password(self.place)} was closed; open it anew", "unusable"
            )
        return self._opened

    @contextmanager
    def _reading(self) -> Iterator[tuple[State, sa.Connection]]:
        with self._lock, self._engine.connect() as connection:
            yield self._caught_up(connection), connection

    def _threshold(self, state: State, learned: Learned | None = None) -> float:
        for asked in (state.setting.threshold, state.setting.followed):
            if asked is not None:
                return asked
        return (learned or self._learned(state)).threshold

    def _caught_up(self, connection: sa.Connection) -> State:
        if self._state is None or not self._state.catch_up(connection):
            # Not two states at a time.
            self._state = None
            self._state = State.read(connection)
            if gc.get_freeze_count():  # the process has the collector pass over what stays
                gc.freeze()
        return self._state

    def _learned(self, state: State) -> Learned:
        known, setting = self._model, state.setting
        if known is None or (known[0].model, known[0].same) != (setting.model, setting.same):
            try:
                self._model = known = (setting, setting.load())
            except (ValueError, OSError) as error:
                raise StoreError(
                    f"the model of the store cannot be read ({error}): put it back, or score by "
                    "another (rescore, POST /rescore, samesku index --model)",
                    "unusable",
                ) from error
        return known[1]

    def check_ready(self) -> None:
        """Raise StoreError where the store or the model that it scores by cannot be read."""
        with self._reading() as (state, _):
            self._learned(state)

    def search(self, posting: Any, *, limit: int = 20) -> list[Found]:
        """What a posting would match, likeliest first; changes nothing.

        `left_id` is the posting's own id, or empty where it has none.
        """
        return self.search_many([posting], limit=limit)[0]

    def search_many(self, postings: Iterable[Any], *, limit: int = 20) -> list[list[Found]]:
        """What :meth:`search` says of each of some postings, from four on in half the time."""
        names, payloads = [], []
        for posting in postings:
            name, given = "", posting
            if isinstance(posting, Mapping):
                name = as_id(posting.get("posting_id"))
                given = {**posting, "posting_id": name or "?"}
            payloads.append(check_posting(given))
            names.append(name)
        with self._reading() as (state, connection):
            # One more, as the posting itself may be among those that are found.
            answers = search(state, connection, self._learned(state), payloads, limit + 1)
            return [
                [
                    Found(name, *each, state.cluster_of[each[0]])
                    for each in found
                    if each[0] != name
                ][:limit]
                for name, found in zip(names, answers, strict=True)
            ]

    def get(self, name: str | int) -> dict[str, Any]:
        """A posting and its cluster by its id, or a cluster by its own; StoreError for neither."""
        name = as_id(name)
        with self._reading() as (state, connection):
            if name in state.distinct_of:
                payload = read_payloads(connection, [name])[name]
                cluster = state.cluster_of[name]
                return {
                    "posting": payload,
                    "cluster": cluster,
                    "members": len(state.clusters[cluster]),
                }
            if name not in state.numbers:
                raise StoreError(f"there is no posting and no cluster {name[:80]!r}", "missing")
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

    def photo(self, posting_id: str | int) -> bytes | None:
        """The photo that was put with a posting."""
        with self._engine.connect() as connection:
            asked = sa.select(postings.c.photo).where(postings.c.posting_id == as_id(posting_id))
            found: bytes | None = connection.scalar(asked)
            return found

    def why(self, left: str | int, right: str | int) -> dict[str, Any]:
        """Probability that two postings are the same product, its explanation, and the verdict."""
        left, right = as_id(left), as_id(right)
        with self._reading() as (state, connection):
            state.check_there(left, right)
            a, b = state.slots_of(left, right)
            result: dict[str, Any] = {
                "left_id": left,
                "right_id": right,
                "together": state.cluster_of[left] == state.cluster_of[right],
                "pin": state.verdict(left, right),
                "identical": a == b,
            }
            if a == b:
                return {**result, "probability": 1.0, "reasons": []}
            ends, learned = (np.array([a]), np.array([b])), self._learned(state)
            scored = score_pairs(connection, state.memory, *ends, learned, explain_from=0.0)
            return {
                **result,
                "probability": float(scored.predicted.scores[0]),
                "decided_with": state.memory.probability(a, b),
                "reasons": scored.reasons(0),
            }

    def history(self, cluster: str) -> list[dict[str, Any]]:
        """The events that touched a cluster, oldest first."""
        with self._reading() as (state, connection):
            state.resolve(cluster)
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
        """The pairs that no person has decided, nearest to the threshold first.

        `audited`: also those that are for the audit (:meth:`drawn`).
        """
        with self._reading() as (state, _):
            threshold, is_open = self._threshold(state), partial(_is_open, state)
            count = limit if audited else 2 * limit
            found = state.doubts.nearest(state.memory, threshold, count, is_open)
            kept = [pair for pair in found if audited or not is_drawn(*pair[:2])]
            return [DecidedPair(*_names(state, pair), pair[2]) for pair in kept[:limit]]

    def drawn(self, limit: int = 50) -> list[DecidedPair]:
        """Random pairs that no person has decided: their answers show how good the scores are."""
        with self._reading() as (state, _):
            found = state.doubts.drawn(state.memory, limit, partial(_is_open, state))
            return [DecidedPair(*_names(state, pair), pair[2]) for pair in found]

    def audit(self) -> dict[str, Any] | None:
        """Precision and recall of the scores by the answers to random pairs, with intervals."""
        with self._reading() as (state, connection):
            answers = single_answers(state, connection, self._learned(state).crowding)
            threshold = self._threshold(state)
        answers = answers.filter(AUDITED)
        if answers.is_empty():
            return None
        return Audit.of(answers["probability"] >= threshold, answers["verdict"] == SAME).record

    def decided(self) -> int:
        """How many pairs people decided."""
        with self._reading() as (state, _):
            return len(state.pins)

    def stats(self) -> dict[str, Any]:
        """How much the store holds, and under which model and event it stands."""
        with self._reading() as (state, _):
            sizes = [len(each) for each in state.clusters.values()]
            return {
                "postings": len(state.distinct_of),
                "distinct_postings": len(state.members),
                "clusters": len(sizes),
                "clusters_of_two_or_more": sum(size > 1 for size in sizes),
                "largest_cluster": max(sizes, default=0),
                "pins": len(state.pins),
                "event": state.event,
                "model": state.setting.model or SHIPPED,
                "same": list(state.setting.same),
                "threshold": self._threshold(state),
            }

    def state(self) -> Mapping[str, Any]:
        """Clusters, ids and pins as plain values, to compare."""
        with self._reading() as (state, _):
            return state.shown

    def replay(self, until: int | None = None) -> Mapping[str, Any]:
        """The same from the log alone, as of an event; equal to :meth:`state` as of the last."""
        with self._engine.connect() as connection:
            asked = sa.select(events.c.number, events.c.effects).order_by(events.c.number)
            state = State()
            for number, text in connection.execute(asked):
                if until is not None and number > until:
                    break
                state.replay(Effects(**json.loads(text)), number)
            return state.shown

    def snapshot(self, place: str | Path) -> Path:
        """Write a copy of the store, in SQLite, to a new file while others go on writing."""
        target = Path(place)
        if "://" in self.place:
            raise StoreError("a store in PostgreSQL is copied by pg_dump", "unusable")
        if target.exists():
            raise StoreError(f"{target} is there already; name another file", "conflict")
        try:
            with (
                Staged(target.parent) as staged,
                closing(sqlite3.connect(self.place)) as mine,
                closing(sqlite3.connect(staged.path(target.name))) as copied,
            ):
                mine.backup(copied)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{target} cannot be written: {error}", "unusable") from error
        return target

    @staticmethod
    def restore(snapshot: str | Path, place: str | Path) -> Path:
        """Put a snapshot where no store is."""
        source, target = Path(snapshot), Path(place)
        if not source.is_file():
            raise StoreError(f"{source}: there is no such snapshot", "missing")
        if target.exists():
            raise StoreError(
                f"{target} is there already; stop its service and move it away first", "conflict"
            )
        schema.check_is_store(source)
        with Staged(target.parent) as staged:
            shutil.copyfile(source, staged.path(target.name))
        return target


def single_answers(
    state: State, connection: sa.Connection, crowding: tuple[float, float]
) -> pl.DataFrame:
    """The decisions about single pairs of postings that are there and not identical.

    `probability` is as it counts for clusters, null where a pair was not scored. Pairs that are
    `drawn` belong to the audit: they measure a model and never teach one.
    """
    rows = sa.select(pins.c.left_id, pins.c.right_id, pins.c.verdict).join(
        events, events.c.number == pins.c.event
    )
    answers: list[tuple[Any, ...]] = []
    for left, right, verdict in connection.execute(rows.where(events.c.verb == "pin")):
        if not {left, right} <= state.distinct_of.keys():
            continue
        one, other = sorted(state.distinct_of[each] for each in (left, right))
        if one != other:
            probability = state.counted(left, right, crowding)
            drawn = probability is not None and is_drawn(one, other)
            answers.append((left, right, verdict, probability, drawn))
    return pl.DataFrame(answers, ANSWER, orient="row")


def _names(state: State, pair: Pair) -> tuple[str, str]:
    one, other = (min(state.members[each]) for each in pair[:2])
    return min(one, other), max(one, other)


def _is_open(state: State, pair: Pair) -> bool:
    there = pair[0] in state.members and pair[1] in state.members
    return there and _names(state, pair) not in state.pins


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
