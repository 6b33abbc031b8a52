"""One change in the making: what is put, removed or pinned, and the clusters that follow."""

import json
from collections import ChainMap, Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from secrets import token_hex
from typing import Any

import numpy as np
import sqlalchemy as sa

from samesku.candidates.collapse import by_first
from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.pins import Pins
from samesku.runtime.arrays import Floats, Ints
from samesku.scoring.fusion import EXPLAINED_FROM
from samesku.scoring.learned import Learned
from samesku.store.content import Content
from samesku.store.memory import Distinct, pairs_of
from samesku.store.postings import Payload
from samesku.store.results import Affected, Change, DecidedPair, PostingResult, Refused
from samesku.store.schema import distinct, look_up, postings, versions
from samesku.store.scoring import Scored, score_pairs
from samesku.store.state import PER_EVENT, Effects, State

# Pairs, and notes, that an answer lists.
MOST_LISTED = 20
# Distinct postings around a change from which on no more are looked for to cluster anew.
REGION = 100


def read_payloads(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Payload]:
    found = look_up(connection, postings.c.posting_id, postings.c.payload, ids)
    return {posting: json.loads(text) for posting, text in found.items()}


class Draft:
    """Changes the state in memory, and gathers what is to be written."""

    def __init__(
        self, state: State, connection: sa.Connection, learned: Learned, threshold: float
    ) -> None:
        self.state, self.connection = state, connection
        self.learned, self.threshold = learned, threshold
        self.number = state.event + 1
        self.effects = Effects()
        self.payloads: dict[str, Payload] = {}
        self.photos: dict[str, bytes] = {}
        self.refused: list[Refused] = []
        self.notes: Sequence[str] = ()
        # Distinct postings that are new, and the packed pairs of those that were scored.
        self.fresh: list[int] = []
        self.rescored: dict[int, bytes] = {}
        self.before: dict[str, str] = {}
        # The cluster that postings are to be in again where they come apart from the rest.
        self.former: dict[str, str] = {}
        # Pairs that were scored, by their slots.
        self.scored: tuple[Ints, Ints, Scored] | None = None
        self.dirty = False
        self._seeds: set[int] = set()
        # Distinct postings that stand for more or fewer postings than before, and None.
        self._resized: set[int | None] = set()

    def put(self, payloads: Sequence[Payload]) -> None:
        """Put postings in place of those of their ids that are others, where there are some."""
        self.dirty = True
        last = {str(each["posting_id"]): each for each in payloads}
        held = read_payloads(self.connection, sorted(self.state.distinct_of.keys() & last))
        self.payloads = {
            name: each
            for name, each in last.items()
            if held.get(name) != each or name in self.photos
        }
        replaced = [
            {"event": self.number, "posting_id": name, "payload": json.dumps(held[name])}
            for name in self.payloads
            if name in held
        ]
        if replaced:
            this = postings.c.posting_id == sa.bindparam("posting_id")
            self.connection.execute(postings.delete().where(this), replaced)
            self.connection.execute(versions.insert(), replaced)
        keys, known = self.state.identical(self.connection, [*self.payloads.values()])
        rows = []
        for key, (posting, payload) in zip(keys, self.payloads.items(), strict=True):
            if known.get(key) not in self.state.members:
                rows.append(self._bring(key, payload))
                known[key] = rows[-1]["id"]
            self._leave(posting, known[key])
            self._seeds.add(known[key])
        if rows:
            self.connection.execute(distinct.insert(), rows)

    def remove(self, posting: str) -> None:
        """Delete a posting: its content and photo go, and so do its former versions."""
        self.dirty = True
        for table in (postings, versions):
            self.connection.execute(table.delete().where(table.c.posting_id == posting))
        together = self.state.clusters[self.state.cluster_of[posting]]
        self._seeds |= {self.state.distinct_of[other] for other in together}
        self._leave(posting, None)
        self._assign(posting, None)

    def pin(self, left: str, right: str, verdict: str | None) -> None:
        self.dirty = True
        left, right = min(left, right), max(left, right)
        self.effects.pinned.append((left, right, verdict, self.state.verdict(left, right)))
        self.state.pin(left, right, verdict)
        for each in (left, right):
            if each in self.state.distinct_of:
                self._seeds.add(self.state.distinct_of[each])

    def _bring(self, key: str, payload: Payload) -> dict[str, Any]:
        """Take a distinct posting that is new; returns its row."""
        number = self.number * PER_EVENT + len(self.fresh)
        self.fresh.append(number)
        content = Content.of(payload)
        some = Distinct.of(number, payload, content)
        self.state.memory.add([some])
        self.state.memory.contents.keep(number, content)
        return {
            "id": number, "content_key": key, "title_key": some.title, "terms": some.terms,
            "phash": some.phash, "article_numbers": some.articles, "content": content.pack(),
            "pairs": b"",
        }  # fmt: skip

    def _leave(self, posting: str, number: int | None) -> None:
        """Place a posting; what it was goes when no other posting has that content."""
        old = self.state.distinct_of.get(posting)
        self.effects.placed[posting] = number
        self.state.place(posting, number)
        self._resized |= {old, number}
        if old is None or old == number:
            return
        self._seeds.add(old)
        if old not in self.state.members:
            least = 0.0 if self.learned.crowding[0] else self.threshold
            self._seeds |= self.state.around([old], least)
            self._seeds.discard(old)
            self.state.memory.remove(old)
            self.connection.execute(distinct.delete().where(distinct.c.id == old))
            self.effects.gone.append(old)

    def score(self) -> None:
        memory = self.state.memory
        new = memory.slots(np.array(self.fresh, dtype=np.int64))
        pairs: list[Ints] = [np.empty((0, 2), dtype=np.int64)]
        alike: list[Floats] = [np.empty((2, 0), dtype=np.float32)]
        for slot in new[new >= 0].tolist():
            others, similarity = memory.near(slot)
            pairs.append(np.sort(np.stack([others, np.full_like(others, slot)], axis=1), axis=1))
            alike.append(similarity)
        both, place = np.unique(np.concatenate(pairs), axis=0, return_inverse=True)
        if not len(both):
            return
        left, right = both.T
        # Of two that are new each may have found the other.
        found = np.full((2, len(left)), np.nan, dtype=np.float32)
        for column, similarity in zip(found, np.concatenate(alike, axis=1), strict=True):
            np.fmax.at(column, place.ravel(), similarity)
        scored = score_pairs(
            self.connection, memory, left, right, self.learned,
            explain_from=EXPLAINED_FROM, found=found,
        )  # fmt: skip
        self.scored = left, right, scored
        columns = *scored.candidates.similarity.T, scored.predicted.scores, scored.clashes
        whole = pairs_of(memory.numbers(left), *columns)
        memory.link(memory.numbers(right), whole)
        for number, slot in zip(self.fresh, new.tolist(), strict=True):
            self.rescored[number] = whole[right == slot].tobytes()

    def cluster(self) -> None:
        """Cluster anew what the change can have moved."""
        state = self.state
        numbers = set(state.members) if self.effects.rebuilt else self._region()
        if not numbers:
            return
        there = sorted(each for number in numbers for each in state.members[number])
        of = np.array([state.distinct_of[each] for each in there], dtype=np.int64)
        # What is clustered: distinct postings, and alone those that decisions set apart from them.
        pins, codes = self._pins(there), of.copy()
        torn = pins.torn_by(np.unique(of, return_inverse=True)[1])
        codes[torn] = -1 - torn
        node, first = by_first(codes)
        scored = self._scored(of[first])
        labels = agglomerate(*scored, len(first), threshold=self.threshold, pins=pins.on(node))
        parts: dict[int, list[str]] = defaultdict(list)
        for posting, label in zip(there, labels[node].tolist(), strict=True):
            parts[label].append(posting)
        found = list(parts.values())
        before = ChainMap(self.former, state.cluster_of)
        names, redirects = carry_over(found, before, state.numbers)
        for part, name in zip(found, names, strict=True):
            if name in state.redirects:
                self._redirect(name, None)
            if name is None:
                name = f"c{token_hex(8)}"
                state.numbers[name] = self.number * PER_EVENT + len(self.effects.minted)
                self.effects.minted[name] = state.numbers[name]
            for posting in part:
                self._assign(posting, name)
        for old, new in redirects.items():
            if old not in state.redirects:
                self._redirect(old, new)

    def _redirect(self, cluster: str, into: str | None) -> None:
        self.effects.redirects[cluster] = into
        self.state.redirect(cluster, into)

    def _region(self) -> set[int]:
        """The distinct postings that hang together with what was changed, in whole clusters.

        By matches and pins: all of them, or the nearest where they are many. Clustered anew
        without the others, clusters that did not match each other before come out as they were.
        """
        seeds = self._seeds & self.state.members.keys()
        if self.learned.crowding[0]:  # their partners are more or less crowded, too
            seeds |= self.state.around(self.state.members.keys() & self._resized)
        region = latest = self._together(seeds)
        while latest and len(region) < REGION * len(seeds):
            ties = self.state.around(latest, self.threshold, self.learned.crowding)
            latest = self._together(ties - region) - region
            region = region | latest
        return region

    def _together(self, numbers: Collection[int]) -> set[int]:
        """Distinct postings, and what is in one cluster or pinned together with them."""
        state = self.state
        found: set[int] = set()
        clusters: set[str] = set()
        latest = set(numbers)
        while latest:
            found |= latest
            members = {each for number in latest for each in state.members[number]}
            names = {state.cluster_of[each] for each in members & state.cluster_of.keys()}
            others = {each for name in names - clusters for each in state.clusters[name]}
            for posting in members & state.pinned_with.keys():
                others |= state.distinct_of.keys() & state.pinned(posting, "same")
            clusters |= names
            latest = {state.distinct_of[each] for each in others} - found
        return found

    def _pins(self, there: Sequence[str]) -> Pins:
        """The decisions among postings, by their places."""
        place = {each: at for at, each in enumerate(there)}
        decided = [
            (place[one], place[other], verdict == "same")
            for one in place.keys() & self.state.pinned_with.keys()
            for other in place.keys() & self.state.pinned_with[one]
            if one < other and (verdict := self.state.pins[one, other]) != "unsure"
        ]
        left, right, same = np.array(decided, dtype=np.int64).reshape(-1, 3).T
        return Pins.of(left, right, same.astype(bool))

    def _scored(self, numbers: Ints) -> tuple[Ints, Ints, Floats]:
        """The scored pairs of some distinct postings: the smaller place, the larger one, the score.

        Those that are there several times are identical.
        """
        memory, crowding = self.state.memory, self.learned.crowding
        slots, of, times = np.unique(memory.slots(numbers), return_inverse=True, return_counts=True)
        one, other, score = memory.pairs_among(slots)
        score = self.state.uncrowded(slots[one], slots[other], score, crowding)
        # Both ways, and each with itself; then all that are one with all that are the other.
        alone = np.arange(len(slots))
        one, other = np.concatenate([one, other, alone]), np.concatenate([other, one, alone])
        score = np.concatenate([score, score, np.ones(len(slots), dtype=score.dtype)])
        many = times[one] * times[other]
        pair = np.repeat(np.arange(len(one)), many)
        turn = np.arange(len(pair)) - np.repeat(np.cumsum(many) - many, many)
        place, start = np.argsort(of, kind="stable"), np.cumsum(times) - times
        one, other = one[pair], other[pair]
        left = place[start[one] + turn // times[other]]
        right = place[start[other] + turn % times[other]]
        once = np.flatnonzero(left < right)
        once = once[np.lexsort((right[once], left[once]))]
        return left[once], right[once], score[pair[once]]

    def _assign(self, posting: str, cluster: str | None) -> None:
        known = self.state.cluster_of.get(posting)
        if known == cluster:
            return
        if known is not None:
            self.before.setdefault(posting, known)
        self.effects.assigned[posting] = cluster
        self.state.assign(posting, cluster)

    def change(self, verb: str, ids: Iterable[str]) -> Change:
        """What was done: to these postings, to clusters, and by which pairs."""
        return Change(
            self.number if self.effects else self.state.event,
            verb,
            [
                PostingResult(each, self.state.cluster_of.get(each), self._done(each))
                for each in ids
            ],
            self.refused,
            self._affected(),
            self._decided_by(),
            notes=list(self.notes[:MOST_LISTED]),
        )

    def _done(self, posting: str) -> str:
        effects, now = self.effects, self.state.cluster_of.get(posting)
        if now is None:
            return "deleted"
        if now in effects.redirects.values():
            return "merged"
        if posting not in effects.assigned or self.before.get(posting) == now:
            return "unchanged"
        if now in effects.minted or now in effects.redirects:
            return "split" if posting in self.before else "minted"
        return "joined"

    def _affected(self) -> list[Affected]:
        """The clusters that gained or lost postings."""
        added, removed = defaultdict(list), defaultdict(list)
        for posting, cluster in self.effects.assigned.items():
            if cluster == self.before.get(posting):
                continue
            if cluster is not None:
                added[cluster].append(posting)
            if posting in self.before:
                removed[self.before[posting]].append(posting)
        names = sorted({*added, *removed}, key=lambda name: self.state.numbers[name])
        redirects = self.effects.redirects
        return [
            Affected(name, sorted(added[name]), sorted(removed[name]), redirects.get(name))
            for name in names
        ]

    def _decided_by(self) -> list[DecidedPair]:
        """The likeliest pairs that were scored for this change."""
        if self.scored is None:
            return []
        *ends, scored = self.scored
        scores = scored.predicted.scores
        best = np.argsort(-scores, kind="stable")[:MOST_LISTED]
        best = best[scores[best] >= EXPLAINED_FROM]
        numbers = (self.state.memory.numbers(end[best]).tolist() for end in ends)
        one, other = ([min(self.state.members[each]) for each in end] for end in numbers)
        reasons = scored.explanations(best.tolist())
        rounded = (round(score, 4) for score in scores[best].tolist())
        return [DecidedPair(*each) for each in zip(one, other, rounded, reasons, strict=True)]


def carry_over(
    parts: Sequence[Sequence[str]], before: Mapping[str, str], numbers: Mapping[str, int]
) -> tuple[list[str | None], dict[str, str]]:
    """The id of each part, None for a new one; and redirects of ids that lost their postings.

    An old cluster goes on in the part that holds most of its postings, of equal parts the first.
    Where several go on in one part, the oldest, by the `numbers` of the clusters, gives its id,
    and the others redirect to it.
    """
    shares: dict[str, Counter[int]] = defaultdict(Counter)
    for place, part in enumerate(parts):
        for posting in part:
            if posting in before:
                shares[before[posting]][place] += 1
    ids: list[str | None] = [None] * len(parts)
    redirects: dict[str, str] = {}
    for old in sorted(shares, key=lambda old: (numbers[old], old)):
        counts = shares[old]
        heir = min(counts, key=lambda place: (-counts[place], place))
        if (first := ids[heir]) is None:
            ids[heir] = old
        else:
            redirects[old] = first
    return ids, redirects
