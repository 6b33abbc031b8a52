"""One change in the making: what is put, removed or pinned, and the clusters that follow."""

from __future__ import annotations

import json
from collections import ChainMap, Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from secrets import token_hex
from typing import Any

import numpy as np
import sqlalchemy as sa

from samesku.clustering.agglomerative import agglomerate
from samesku.clustering.pins import Pins
from samesku.runtime.arrays import Floats, Ints
from samesku.scoring.fusion import EXPLAINED_FROM
from samesku.scoring.learned import Learned
from samesku.store.arrays import spans
from samesku.store.content import Content
from samesku.store.memory import Distinct
from samesku.store.near import joined, scored_pairs
from samesku.store.postings import Payload, content_key
from samesku.store.results import Affected, Change, DecidedPair, PostingResult, Refused
from samesku.store.schema import distinct, look_up, postings, versions
from samesku.store.scoring import EndPostings, Scored, score_pairs
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
        self.fresh: dict[int, dict[str, Any]] = {}
        self.rescored: dict[int, bytes] = {}
        self.before: dict[str, str] = {}
        # The cluster that postings are to be in again where they come apart from the rest.
        self.former: dict[str, str] = {}
        self.versions: list[dict[str, Any]] = []
        # Pairs that were scored, by their slots.
        self.scored: tuple[Ints, Ints, Scored] | None = None
        self.dirty = False
        self._seeds: set[int] = set()
        # Distinct postings that stand for more or fewer postings than before, and None.
        self._resized: set[int | None] = set()
        self._brought = 0

    def put(self, payloads: Sequence[Payload]) -> None:
        """Put postings in place of those of their ids that are others, where there are some."""
        self.dirty = True
        last = {str(each["posting_id"]): each for each in payloads}
        held = read_payloads(self.connection, sorted(self.state.distinct_of.keys() & last))
        payloads = [
            each for name, each in last.items() if held.get(name) != each or name in self.photos
        ]
        # What postings were before this change, to undo it.
        self.versions = [
            {"event": self.number, "posting_id": name, "payload": json.dumps(held[name])}
            for name in map(str, (each["posting_id"] for each in payloads))
            if name in held
        ]
        keys = [content_key(payload) for payload in payloads]
        known = look_up(self.connection, distinct.c.content_key, distinct.c.id, keys)
        for payload, key in zip(payloads, keys, strict=True):
            posting = str(payload["posting_id"])
            number = known.get(key)
            if number is None or number not in self.state.members:
                number = known[key] = self._bring(key, payload)
            self._leave(posting, number)
            self._seeds.add(number)
            self.payloads[posting] = payload

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

    def _bring(self, key: str, payload: Payload) -> int:
        """Take a distinct posting that is new; returns its number."""
        number = self.number * PER_EVENT + self._brought
        self._brought += 1
        some, content = Distinct.of(number, payload), Content.of(payload)
        self.state.memory.add([some])
        self.state.memory.contents.keep(number, content)
        self.fresh[number] = {
            "id": number, "content_key": key, "title_key": some.title, "terms": some.terms,
            "phash": some.phash, "content": content.pack(), "pairs": b"",
        }  # fmt: skip
        return number

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
            if self.fresh.pop(old, None) is None:
                self.effects.gone.append(old)

    def score(self) -> None:
        memory = self.state.memory
        new = memory.slots(np.array(list(self.fresh), dtype=np.int64))
        pairs: list[Ints] = [np.empty((0, 2), dtype=np.int64)]
        alike: list[Floats] = [np.empty((2, 0), dtype=np.float32)]
        for slot, row in zip(new.tolist(), self.fresh.values(), strict=True):
            text = memory.find_text(memory.terms(np.array([slot])), without=slot)
            others, similarity = joined([text, memory.find_photo(row["phash"], without=slot)])
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
        ends = EndPostings(self.connection, memory, left, right)
        scored = score_pairs(memory, ends, self.learned, explain_from=EXPLAINED_FROM, found=found)
        self.scored = left, right, scored
        columns = *scored.candidates.similarity.T, scored.predicted.scores, scored.clashes
        whole = scored_pairs(memory.numbers(left), *columns)
        memory.link(memory.numbers(right), whole)
        for slot, row in zip(new.tolist(), self.fresh.values(), strict=True):
            row["pairs"] = whole[right == slot].tobytes()

    def cluster(self) -> None:
        """Cluster anew what the change can have moved."""
        state = self.state
        numbers = set(state.members) if self.effects.rebuilt else self._region()
        if not numbers:
            return
        ids, pins = self._pins(numbers)
        nodes = self._nodes(numbers, ids, pins)
        place = {each: at for at, (_, members) in enumerate(nodes) for each in members}
        pins = pins.on(np.array([place[each] for each in ids], dtype=np.int64))
        scored = self._scored(nodes)
        labels = agglomerate(*scored, len(nodes), threshold=self.threshold, pins=pins)
        parts: dict[int, list[str]] = defaultdict(list)
        for (_, members), label in zip(nodes, labels.tolist(), strict=True):
            parts[label] += members
        found = [sorted(part) for part in parts.values()]
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
        region: set[int] = set()
        begun: set[int] = set()
        seeds = self._seeds & self.state.members.keys()
        if self.learned.crowding[0]:  # their partners are more or less crowded, too
            seeds |= self.state.around(self.state.members.keys() & self._resized)
        for seed in sorted(seeds):
            if seed in begun:
                continue
            latest = self._together({seed})
            begun |= latest
            found = set(latest)
            while latest and len(found) < REGION:
                ties = self.state.around(latest, self.threshold, self.learned.crowding)
                latest = self._together(ties - found) - found
                found |= latest
            if not latest:
                begun |= found
            region |= found
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

    def _pins(self, numbers: Collection[int]) -> tuple[list[str], Pins]:
        """The decisions among the postings of distinct ones: the ids, and pins by their places."""
        state = self.state
        inside = {each for number in numbers for each in state.members[number]}
        decided = [
            (one, other, verdict == "same")
            for one in inside & state.pinned_with.keys()
            for other in inside & state.pinned_with[one]
            if one < other and (verdict := state.pins[one, other]) != "unsure"
        ]
        ids = sorted({each for one, other, _ in decided for each in (one, other)})
        row = {each: at for at, each in enumerate(ids)}
        rows = np.array([(row[one], row[other], same) for one, other, same in decided], dtype=int)
        left, right, same = rows.reshape(-1, 3).T
        return ids, Pins.of(left, right, same.astype(bool))

    def _nodes(
        self, numbers: Collection[int], ids: Sequence[str], pins: Pins
    ) -> list[tuple[int, list[str]]]:
        """What is clustered: distinct postings, and alone those that decisions set apart from them.

        In the order of their ids, as in the batch run.
        """
        state = self.state
        alone: set[str] = set()
        if ids:
            of = np.array([state.distinct_of[each] for each in ids], dtype=np.int64)
            torn = pins.torn_by(np.unique(of, return_inverse=True)[1])
            alone = {ids[at] for at in torn.tolist()}
        nodes: list[tuple[int, list[str]]] = []
        for number in numbers:
            members = state.members[number]
            nodes += [(number, [each]) for each in alone.intersection(members)]
            if rest := sorted(members - alone):
                nodes.append((number, rest))
        return sorted(nodes, key=lambda node: node[1][0])

    def _scored(self, nodes: Sequence[tuple[int, list[str]]]) -> tuple[Ints, Ints, Floats]:
        """The scored pairs of nodes: the smaller place, the larger one, the probability."""
        memory = self.state.memory
        slots = memory.slots(np.array([number for number, _ in nodes], dtype=np.int64))
        order = np.argsort(slots, kind="stable")
        known, start, count = np.unique(slots[order], return_index=True, return_counts=True)
        one, other, score = memory.pairs_among(known)
        score = self.state.uncrowded(known[one], known[other], score, self.learned.crowding)
        # A distinct posting of which some were set apart has several nodes, which are identical.
        several = np.flatnonzero(count > 1)
        one, other = np.concatenate([one, several]), np.concatenate([other, several])
        score = np.concatenate([score, np.ones(len(several), dtype=np.float32)])
        times = count[one] * count[other]
        each = spans(np.zeros(len(times), dtype=np.int64), times)
        one, other, score = np.repeat(one, times), np.repeat(other, times), np.repeat(score, times)
        left = order[start[one] + each // count[other]]
        right = order[start[other] + each % count[other]]
        once = np.flatnonzero((one != other) | (left < right))
        left, right, score = left[once], right[once], score[once]
        left, right = np.minimum(left, right), np.maximum(left, right)
        ordered = np.lexsort((right, left))
        return left[ordered], right[ordered], score[ordered]

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
