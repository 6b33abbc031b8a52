"""One change in the making: what is put, removed or pinned, and the clusters that follow."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
import sqlalchemy as sa

from samesku.scoring.learned import Learned
from samesku.store.identity import carry_over, new_id
from samesku.store.memory import ScoredPairs
from samesku.store.partition import partition
from samesku.store.postings import Payload, content_key, normal_title, phash_of, title_key
from samesku.store.results import Affected, DecidedPair, PostingResult
from samesku.store.schema import postings, versions
from samesku.store.scoring import Scored, score_pairs
from samesku.store.state import Effects, State
from samesku.store.terms import read_terms

__all__ = ["Draft", "read_payloads"]

# Distinct postings, and clusters, that one event can bring: numbers are the event's and a rest.
PER_EVENT = 2**24
EXPLAINED_FROM = 0.2
# Pairs that an answer tells.
TOLD = 20
# Ids that one statement asks for.
ASKED = 500


def read_payloads(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Payload]:
    """The content of postings, by their ids."""
    found: dict[str, Payload] = {}
    for start in range(0, len(ids), ASKED):
        asked = postings.c.posting_id.in_(ids[start : start + ASKED])
        rows = connection.execute(sa.select(postings.c.posting_id, postings.c.payload).where(asked))
        found |= {posting: json.loads(text) for posting, text in rows}
    return found


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
        self.fresh: dict[int, dict[str, Any]] = {}
        self.rescored: dict[int, ScoredPairs] = {}
        self.before: dict[str, str] = {}
        self.versions: list[dict[str, Any]] = []
        self.scored: Scored | None = None
        self.dirty = False
        self._seeds: set[int] = set()
        self._brought = 0

    def put(self, payload: Payload) -> None:
        """Put a posting in place of the one of its id, if there is one."""
        self.dirty = True
        posting, state = str(payload["posting_id"]), self.state
        self._keep_version(posting)
        key = content_key(payload)
        number = state.by_key.get(key)
        if number is None:
            number = self._bring(key, payload)
        self._leave(posting, number)
        self._seeds.add(number)
        self.payloads[posting] = payload

    def remove(self, posting: str) -> None:
        """Delete a posting: its content and photo go, and so do its former versions."""
        self.dirty = True
        for table in (postings, versions):
            self.connection.execute(table.delete().where(table.c.posting_id == posting))
        self.payloads.pop(posting, None)
        for other in self.state.clusters[self.state.cluster_of[posting]]:
            self._seeds.add(self.state.distinct_of[other])
        self._leave(posting, None)
        self._assign(posting, None)

    def pin(self, left: str, right: str, verdict: str | None) -> None:
        """Set a pin, or take it away."""
        self.dirty = True
        left, right = min(left, right), max(left, right)
        self.effects.pinned.append((left, right, verdict, self.state.verdict(left, right)))
        self.state.pin(left, right, verdict)
        for each in (left, right):
            if each in self.state.distinct_of:
                self._seeds.add(self.state.distinct_of[each])

    def _keep_version(self, posting: str) -> None:
        if posting in self.payloads or posting not in self.state.distinct_of:
            return
        if (known := read_payloads(self.connection, [posting]).get(posting)) is not None:
            self.versions.append(
                {"event": self.number, "posting_id": posting, "payload": json.dumps(known)}
            )

    def _bring(self, key: str, payload: Payload) -> int:
        title = normal_title(payload)
        number = self.number * PER_EVENT + self._brought
        self._brought += 1
        phash, terms = phash_of(payload), read_terms(title)
        self.state.memory.add(number, terms, phash, title_key(title))
        self.state.by_key[key], self.state.key_of[number] = number, key
        self.fresh[number] = {
            "id": number, "content_key": key, "title_key": title_key(title), "terms": terms.pack(),
            "phash": phash, "changed": self.number,
        }  # fmt: skip
        return number

    def _leave(self, posting: str, number: int | None) -> None:
        """Place a posting; what it was goes when nobody else is the same."""
        old = self.state.distinct_of.get(posting)
        self.effects.placed[posting] = number
        self.state.place(posting, number)
        if old is None or old == number:
            return
        self._seeds.add(old)
        if old not in self.state.members:
            self._seeds |= set(self._ties(old))
            self._seeds.discard(old)
            self.state.forget(old)
            if self.fresh.pop(old, None) is None:
                self.effects.gone.append(old)

    def _ties(self, number: int) -> list[int]:
        scores = self.state.memory.scores.get(number, {})
        return [other for other, score in scores.items() if score >= self.threshold]

    def score(self) -> None:
        """Find and score the pairs of the postings that are new."""
        memory, new = self.state.memory, list(self.fresh)
        pairs: set[tuple[int, int]] = set()
        for number in new:
            near = (
                memory.find_text(memory.terms[number], without=number),
                memory.find_photo(self.fresh[number]["phash"], without=number),
            )
            for lists, (others, similarity) in zip(
                (memory.near_text, memory.near_photo), near, strict=True
            ):
                memory.near(number, others, similarity, lists)
                pairs |= {(min(number, b), max(number, b)) for b in others.tolist()}
        own: dict[int, list[tuple[int, float, float, float]]] = defaultdict(list)
        if pairs:
            self.scored = score_pairs(
                memory, sorted(pairs), self.read, self.learned, explain_from=EXPLAINED_FROM
            )
            similarity = self.scored.candidates.similarity.tolist()
            for (a, b), (text, photo), probability in zip(
                self.scored.pairs, similarity, self.scored.judged.scores.tolist(), strict=True
            ):
                own[b].append((a, text, photo, probability))
        for number in new:
            rows = np.array(own[number], dtype=np.float64).reshape(-1, 4)
            found = ScoredPairs(rows[:, 0].astype(np.int64), *rows[:, 1:].T.astype(np.float32))
            memory.score(number, found)
            self.fresh[number]["pairs"] = found.pack()

    def read(self, numbers: Sequence[int]) -> dict[int, Payload]:
        """The content of distinct postings."""
        one = {number: min(self.state.members[number]) for number in numbers}
        asked = [posting for posting in one.values() if posting not in self.payloads]
        known = read_payloads(self.connection, asked) | {
            each: self.payloads[each] for each in one.values() if each in self.payloads
        }
        return {number: known[posting] for number, posting in one.items()}

    def cluster(self, *, everything: bool = False) -> None:
        """Cluster anew what the change can have moved."""
        state = self.state
        numbers = set(state.members) if everything else self._component()
        nodes, place = self._nodes(numbers)
        scored = self._scored(numbers, nodes)
        said: dict[str, list[tuple[int, int]]] = {"same": [], "different": [], "unsure": []}
        for one in place:
            for other in state.pinned_with.get(one, ()):
                if one < other and other in place and place[one] != place[other]:
                    said[state.pins[one, other]].append((place[one], place[other]))
        labels = partition(
            len(nodes), scored, said["same"], said["different"], threshold=self.threshold
        )
        parts: dict[int, list[str]] = defaultdict(list)
        for (_, members), label in zip(nodes, labels.tolist(), strict=True):
            parts[label] += members
        found = [sorted(part) for part in parts.values()]
        before = {p: state.cluster_of[p] for part in found for p in part if p in state.cluster_of}
        ids, leads = carry_over(found, before, lambda old: state.numbers[old])
        for part, name in zip(found, ids, strict=True):
            if name is None:
                name = new_id()
                state.numbers[name] = self.number * PER_EVENT + len(self.effects.minted)
                self.effects.minted[name] = state.numbers[name]
            for posting in part:
                self._assign(posting, name)
        state.leads |= leads
        self.effects.leads |= leads

    def _component(self) -> set[int]:
        """All that hangs together with what was changed, by matches, clusters or pins."""
        state = self.state
        queue = [number for number in self._seeds if number in state.members]
        numbers = set(queue)
        while queue:
            number = queue.pop()
            others = set(self._ties(number))
            for posting in state.members[number]:
                if (cluster := state.cluster_of.get(posting)) is not None:
                    others |= {state.distinct_of[each] for each in state.clusters[cluster]}
                for other in state.pinned_with.get(posting, ()):
                    if other in state.distinct_of and state.verdict(posting, other) == "same":
                        others.add(state.distinct_of[other])
            queue += others - numbers
            numbers |= others
        return numbers

    def _nodes(self, numbers: Iterable[int]) -> tuple[list[tuple[int, list[str]]], dict[str, int]]:
        """What is clustered: distinct postings, and alone what people set apart from its like."""
        nodes: list[tuple[int, list[str]]] = []
        for number in numbers:
            members, alone = sorted(self.state.members[number]), []
            if len(members) > 1:
                alone = [
                    each for each in members
                    if any(
                        self.state.distinct_of.get(other) == number
                        and self.state.verdict(each, other) == "different"
                        for other in self.state.pinned_with.get(each, ())
                    )
                ]  # fmt: skip
            nodes += [(number, [each]) for each in alone]
            if rest := [each for each in members if each not in alone]:
                nodes.append((number, rest))
        # In the order of their ids, as in the batch run.
        nodes.sort(key=lambda node: node[1][0])
        return nodes, {each: at for at, (_, members) in enumerate(nodes) for each in members}

    def _scored(
        self, numbers: set[int], nodes: Sequence[tuple[int, list[str]]]
    ) -> list[tuple[int, int, float]]:
        places: dict[int, list[int]] = defaultdict(list)
        for at, (number, _) in enumerate(nodes):
            places[number].append(at)
        scored = []
        for number in numbers:
            if len(places[number]) > 1:
                scored += [(a, b, 1.0) for a, b in combinations(places[number], 2)]
            for other, score in self.state.memory.scores.get(number, {}).items():
                if number < other and other in places:
                    ends = product(places[number], places[other])
                    scored += [(min(a, b), max(a, b), score) for a, b in ends]
        return sorted(scored)

    def _assign(self, posting: str, cluster: str | None) -> None:
        known = self.state.cluster_of.get(posting)
        if known == cluster:
            return
        if known is not None:
            self.before.setdefault(posting, known)
        self.effects.assigned[posting] = cluster
        self.state.assign(posting, cluster)

    def result(self, posting: str) -> PostingResult:
        """What was done to one posting."""
        now = self.state.cluster_of.get(posting)
        if now is None:
            return PostingResult(posting, None, "deleted")
        merged = now in self.effects.leads.values()
        if posting not in self.effects.assigned or self.before.get(posting) == now:
            return PostingResult(posting, now, "merged" if merged else "unchanged")
        if merged:
            return PostingResult(posting, now, "merged")
        if now in self.effects.minted:
            return PostingResult(posting, now, "split" if posting in self.before else "minted")
        return PostingResult(posting, now, "joined")

    @property
    def affected(self) -> list[Affected]:
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
        leads = self.effects.leads
        return [
            Affected(name, sorted(added[name]), sorted(removed[name]), leads.get(name))
            for name in names
        ]

    def decided_by(self) -> list[DecidedPair]:
        """The likeliest pairs that were scored for this change."""
        if self.scored is None:
            return []
        scores = self.scored.judged.scores
        best = np.argsort(-scores, kind="stable")[:TOLD]
        best = best[scores[best] >= EXPLAINED_FROM]
        names = [tuple(min(self.state.members[n]) for n in self.scored.pairs[p]) for p in best]
        told = self.scored.explanations(sorted(best.tolist()))
        reasons = dict(zip(sorted(best.tolist()), told, strict=True))
        return [
            DecidedPair(a, b, round(float(scores[place]), 4), reasons[place])
            for (a, b), place in zip(names, best.tolist(), strict=True)
        ]
