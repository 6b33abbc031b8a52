"""Searches that wait at the same time are answered in one go."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from samesku.store.index import Index
from samesku.store.results import Found

# Searches in one go: more take hardly less time each, and hold up those that come meanwhile.
MOST = 16


@dataclass(frozen=True, eq=False)
class _Asked:
    posting: Any
    limit: int
    answer: Future[list[Found]] = field(default_factory=Future)


class Searches:
    """Searches that come in several threads, of which one searches for all that wait."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._turn = threading.Lock()
        self._waiting: deque[_Asked] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    def search(self, posting: Any, limit: int) -> list[Found]:
        """As :meth:`samesku.store.Index.search`, and the same answer."""
        own = _Asked(posting, limit)
        self._waiting.append(own)
        with self._turn:
            while not own.answer.done():
                count = min(len(self._waiting), MOST)
                self._answer([self._waiting.popleft() for _ in range(count)])
        return own.answer.result()

    def _answer(self, several: list[_Asked]) -> None:
        most = max(each.limit for each in several)
        try:
            found = self._index.search_many([each.posting for each in several], limit=most)
        except BaseException as error:
            if len(several) == 1:
                several[0].answer.set_exception(error)
            else:  # one that is malformed fails alone
                for each in several:
                    self._answer([each])
            return
        for each, own in zip(several, found, strict=True):
            each.answer.set_result(own[: each.limit])
