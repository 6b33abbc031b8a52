"""The state of a store: which posting is where, by what it scores; from the tables or the log."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa

from samesku.catalog.answers import SAME, UNSURE
from samesku.clustering.crowding import uncrowded
from samesku.clustering.expected import partners_at
from samesku.runtime.arrays import AnyInts, Array, Doubles, Floats, Ints
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.fusion import check_threshold
from samesku.scoring.learned import Learned, shipped_model
from samesku.store.doubts import Doubts
from samesku.store.memory import PAIR, Distinct, Memory
from samesku.store.postings import Payload, content_key
from samesku.store.results import StoreError
from samesku.store.schema import clusters, distinct, events, look_up, meta, pins, postings

# Distinct postings, and clusters, that one event can bring: numbers are the event's and a rest.
PER_EVENT = 2**24
# Rows that are read at once.
ROWS = 20_000
_FOUND_BY = sa.select(
    distinct.c.id, distinct.c.terms, distinct.c.phash, distinct.c.title_key,
    distinct.c.article_numbers,
)  # fmt: skip
_PAIRS = sa.select(distinct.c.id, distinct.c.pairs)
_POSTINGS = sa.select(postings.c.posting_id, postings.c.distinct_id, postings.c.cluster)
# Under what name the tables hold the setting.
_SETTING = "setting"
# What the model that ships is called where a folder would be named.
SHIPPED = "shipped"
_LAST_EVENT = sa.select(sa.func.max(events.c.number))

Group = TypeVar("Group", int, str)


@dataclass(frozen=True)
class Setting:
    """How postings are matched."""

    # The folder of the model, empty for the one that ships; that which it was adapted from.
    model: str = ""
    base: str = ""
    # Kinds of attributes that may differ within one product.
    same: tuple[str, ...] = ()
    threshold: float | None = None
    # Where none was asked for: it follows the catalogue, as in `match`, whenever everything is
    # scored anew.
    followed: float | None = field(default=None, compare=False)

    def changed(
        self, model: str | Path | None, same: Collection[str] | None, threshold: float | None
    ) -> Setting:
        """It with what is given; what is None stays. ValueError where the threshold is none."""
        asked = replace(self, followed=None)
        if model is not None:
            place = "" if str(model) == SHIPPED else str(Path(model).resolve())
            asked = replace(asked, model=place, base=place)
        if same is not None:
            kinds = {same} if isinstance(same, str) else set(same)
            asked = replace(asked, same=tuple(sorted(kinds)))
        if threshold is not None:
            check_threshold(float(threshold))
            asked = replace(asked, threshold=float(threshold))
        return asked

    def load(self) -> Learned:
        """Read the model; ValueError where it cannot be read, or `same` names no attribute."""
        model = PairClassifier.load(self.model) if self.model else shipped_model()
        return Learned(model, self.same)

    def write(self, connection: sa.Connection) -> None:
        connection.execute(meta.delete().where(meta.c.name == _SETTING))
        connection.execute(meta.insert().values(name=_SETTING, value=json.dumps(asdict(self))))

    @classmethod
    def read(cls, connection: sa.Connection) -> Setting:
        """That of the store; the default where none was written."""
        text = connection.scalar(sa.select(meta.c.value).where(meta.c.name == _SETTING))
        if text is None:
            return cls()
        values = json.loads(text)
        return cls(**{**values, "same": tuple(values["same"])})


@dataclass
class Effects:
    """What one event changed; the log holds it as JSON, and replaying it gives the state."""

    # The distinct posting and the cluster of each posting, None for one that was deleted.
    placed: dict[str, int | None] = field(default_factory=dict)
    assigned: dict[str, str | None] = field(default_factory=dict)
    # The numbers of new clusters, and the clusters that ids redirect to.
    minted: dict[str, int] = field(default_factory=dict)
    # (None: it holds postings again).
    redirects: dict[str, str | None] = field(default_factory=dict)
    # Left, right, the verdict and the one before; None for no pin.
    pinned: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)
    # Distinct postings that went, and whether all pairs were scored anew.
    gone: list[int] = field(default_factory=list)
    rebuilt: bool = False

    def __bool__(self) -> bool:
        return any(vars(self).values())


class State:
    """Postings, clusters and pins of a store, as of one event."""

    def __init__(self) -> None:
        self.event = 0
        self.setting = Setting()
        self.memory = Memory()
        self.doubts = Doubts()
        self.distinct_of: dict[str, int] = {}
        self.members: dict[int, set[str]] = defaultdict(set)
        self.cluster_of: dict[str, str] = {}
        self.clusters: dict[str, set[str]] = defaultdict(set)
        self.numbers: dict[str, int] = {}
        self.redirects: dict[str, str] = {}
        self.pins: dict[tuple[str, str], str] = {}
        self.pinned_with: dict[str, set[str]] = defaultdict(set)

    @classmethod
    def read(cls, connection: sa.Connection) -> State:
        state = cls()
        state.event = connection.scalar(_LAST_EVENT) or 0
        state.setting = Setting.read(connection)
        # What the tables hold, as if one event had brought it all.
        whole = Effects()
        for name, number, redirect in connection.execute(sa.select(clusters)):
            whole.minted[name], whole.redirects[name] = number, redirect
        for posting, number, cluster in connection.execute(_POSTINGS):
            whole.placed[posting], whole.assigned[posting] = number, cluster
        whole.pinned = [(*row[:3], None) for row in connection.execute(sa.select(pins))]
        state.replay(whole, state.event)
        found_by = _FOUND_BY.order_by(distinct.c.id).execution_options(yield_per=ROWS)
        parts = connection.execute(found_by).partitions()
        # Which n-grams are rare is known once all are counted.
        for slots in [state.memory.count([Distinct(*row) for row in part]) for part in parts]:
            state.memory.index(slots)
        pairs = _PAIRS.order_by(distinct.c.id).execution_options(yield_per=ROWS)
        for scored in connection.execute(pairs).partitions():
            state.memory.link(*_pairs(scored))
        return state

    def catch_up(self, connection: sa.Connection) -> bool:
        """Take what others wrote since; whether that could be done without reading all anew."""
        seen = self.event
        last = connection.scalar(_LAST_EVENT) or 0
        if last == seen:
            return True
        if last < seen or self.memory.worn:
            return False  # the log never shrinks, unless the store was restored to an earlier one
        rows = sa.select(events.c.number, events.c.effects).where(events.c.number > seen)
        later = [
            (number, Effects(**json.loads(text)))
            for number, text in connection.execute(rows.order_by(events.c.number))
        ]
        if any(effects.rebuilt for _, effects in later):
            return False
        new = distinct.c.id >= (seen + 1) * PER_EVENT
        several = _FOUND_BY.add_columns(distinct.c.pairs).where(new).order_by(distinct.c.id)
        brought = connection.execute(several).all()
        if unknown := [each for each in brought if self.memory.slot(each.id) < 0]:
            self.memory.add([Distinct(*each[:-1]) for each in unknown])
            self.memory.link(*_pairs([(each.id, each.pairs) for each in unknown]))
        for number, effects in later:
            self.replay(effects, number)
        return True

    def replay(self, effects: Effects, number: int) -> None:
        """Apply what an event of the log changed of postings, clusters and pins."""
        self.numbers |= effects.minted
        for posting, place in effects.placed.items():
            self.place(posting, place)
        for posting, cluster in effects.assigned.items():
            self.assign(posting, cluster)
        for cluster, into in effects.redirects.items():
            self.redirect(cluster, into)
        for left, right, verdict, _ in effects.pinned:
            self.pin(left, right, verdict)
        for gone in effects.gone:
            self.memory.remove(gone)
        self.event = number

    def place(self, posting: str, number: int | None) -> None:
        _move(posting, self.distinct_of, self.members, number)

    def assign(self, posting: str, cluster: str | None) -> None:
        _move(posting, self.cluster_of, self.clusters, cluster)

    def redirect(self, cluster: str, into: str | None) -> None:
        """Let the id of a cluster stand for another one, or for itself again."""
        if into is None:
            self.redirects.pop(cluster, None)
        else:
            self.redirects[cluster] = into

    def pin(self, left: str, right: str, verdict: str | None) -> None:
        if verdict is None:
            self.pins.pop((left, right), None)
            self.pinned_with[left].discard(right)
            self.pinned_with[right].discard(left)
        else:
            self.pins[left, right] = verdict
            self.pinned_with[left].add(right)
            self.pinned_with[right].add(left)

    def identical(
        self, connection: sa.Connection, payloads: Sequence[Payload]
    ) -> tuple[list[str], dict[str, int]]:
        """The content key of each posting, and of those that are here the distinct posting.

        The database is asked for those whose title is here alone.
        """
        keys = [content_key(payload) for payload in payloads]
        asked = dict.fromkeys(
            key
            for key, payload in zip(keys, payloads, strict=True)
            if self.memory.known_title(payload)
        )
        return keys, look_up(connection, distinct.c.content_key, distinct.c.id, [*asked])

    def check_there(self, *ids: str) -> None:
        """Refuse the id of a posting that is not there."""
        for each in ids:
            if each not in self.distinct_of:
                raise StoreError(f"there is no posting {each[:80]!r}", "missing")

    def slots_of(self, one: str, other: str) -> tuple[int, int]:
        """The slots of the distinct postings that two postings are, the smaller first."""
        a, b = sorted(self.memory.slot(self.distinct_of[each]) for each in (one, other))
        return a, b

    def uncrowded(
        self,
        left: AnyInts,
        right: AnyInts,
        scores: Floats,
        crowding: tuple[float, float],
        *,
        decided: bool = True,
    ) -> Floats:
        """What the scores of pairs of slots count for clusters, by the likely partners of both.

        `decided`: partners are sure, or none, where people decided so.
        """
        if not crowding[0]:
            return scores
        slots, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
        one, other = ends.reshape(2, -1)
        return uncrowded(one, other, scores, self._partners(slots, decided), crowding)

    def counted(self, one: str, other: str, crowding: tuple[float, float]) -> float | None:
        """What a scored pair counts for clusters, had people decided nothing."""
        a, b = self.slots_of(one, other)
        if (score := self.memory.probability(a, b)) is None:
            return None
        ends, scores = (np.array([a]), np.array([b])), np.array([score], dtype=np.float32)
        return float(self.uncrowded(*ends, scores, crowding, decided=False)[0])

    def _partners(self, slots: Ints, by_people: bool) -> Doubles:
        """How many postings those of some slots are expected to be one product with."""
        place, others, chance = self.memory.scores(slots)
        known = self.memory.numbers(others)
        numbers = self.memory.numbers(slots).tolist()
        if by_people and (decided := self._decided(numbers)):
            pairs = zip(place.tolist(), known.tolist(), strict=True)
            open_ = np.array([pair not in decided for pair in pairs], dtype=bool)
            at, number = np.array([*decided], dtype=np.int64).T
            place, known = np.append(place[open_], at), np.append(known[open_], number)
            sure = np.array([*decided.values()], dtype=np.float32)
            chance = np.append(chance[open_], sure)
        counts = np.array([len(self.members.get(n, ())) for n in known.tolist()], dtype=np.int64)
        return partners_at(place, chance, counts, len(slots))

    def _decided(self, numbers: Sequence[int]) -> dict[tuple[int, int], bool]:
        """Whether people decided distinct postings to be the same as others: places and numbers."""
        decided: dict[tuple[int, int], bool] = {}
        for at, number in enumerate(numbers):
            for one in self.members.get(number, set()) & self.pinned_with.keys():
                for other in self.pinned_with[one] & self.distinct_of.keys():
                    pair, verdict = (at, self.distinct_of[other]), self.verdict(one, other)
                    if verdict != UNSURE and pair[1] != number:
                        decided[pair] = decided.get(pair, True) and verdict == SAME
        return decided

    def around(
        self,
        numbers: Collection[int],
        threshold: float = 0.0,
        crowding: tuple[float, float] = (0.0, 0.0),
    ) -> set[int]:
        """The distinct postings of which a pair with one of these counts so much."""
        slots = self.memory.slots(np.array(list(numbers), dtype=np.int64))
        place, others, scores = self.memory.scores(slots)
        scores = self.uncrowded(slots[place], others, scores, crowding)
        return set(self.memory.numbers(others[scores >= threshold]).tolist())

    def verdict(self, one: str, other: str) -> str | None:
        return self.pins.get((min(one, other), max(one, other)))

    def pinned(self, posting: str, verdict: str) -> set[str]:
        """The postings on which people gave a verdict together with one."""
        known = self.pinned_with.get(posting, ())
        return {each for each in known if self.verdict(posting, each) == verdict}

    def resolve(self, cluster: str) -> str:
        """The cluster that a cluster's id stands for today."""
        if cluster not in self.numbers:
            raise StoreError(f"there is no cluster {cluster[:40]!r}", "missing")
        while cluster in self.redirects:
            cluster = self.redirects[cluster]
        return cluster

    @property
    def shown(self) -> Mapping[str, Any]:
        """Postings, clusters, ids and pins as plain values: equal for equal states."""
        return {
            "event": self.event,
            "clusters": {
                name: sorted(each) for name, each in sorted(self.clusters.items()) if each
            },
            "distinct": dict(sorted(self.distinct_of.items())),
            "redirects": dict(sorted(self.redirects.items())),
            "numbers": dict(sorted(self.numbers.items())),
            "pins": {f"{a} {b}": each for (a, b), each in sorted(self.pins.items())},
        }


def _move(
    posting: str, group_of: dict[str, Group], members: dict[Group, set[str]], group: Group | None
) -> None:
    """Take a posting out of its group, which goes when it is empty, and put it in another."""
    if (before := group_of.pop(posting, None)) is not None:
        members[before].discard(posting)
        if not members[before]:
            del members[before]
    if group is not None:
        group_of[posting] = group
        members[group].add(posting)


def _pairs(rows: Sequence[Any]) -> tuple[Ints, Array]:
    """The pairs of some rows, and the number of the row of each."""
    numbers, packed = zip(*rows, strict=True)
    lengths = [len(each) // PAIR.itemsize for each in packed]
    return np.repeat(numbers, lengths), np.frombuffer(b"".join(packed), PAIR)
