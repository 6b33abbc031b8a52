"""Searches that wait at the same time are answered in one go."""

import threading
from collections import deque
from concurrent.futures import Future
from typing import Any, TypeAlias

from samesku.store.index import Index
from samesku.store.results import Found

# Searches in one go: more take hardly less time each, and hold up those that come meanwhile.
MOST = 16


# A posting, how many answers are wanted, and where they go.
Asked: TypeAlias = tuple[Any, int, Future[list[Found]]]


class Searches:
    """Searches that come in several threads, of which one searches for all that wait."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._turn = threading.Lock()
        self.waiting: deque[Asked] = deque()

    def search(self, posting: Any, limit: int) -> list[Found]:
        """As :meth:`samesku.store.Index.search`, and the same answer."""
        answer: Future[list[Found]] = Future()
        self.waiting.append((posting, limit, answer))
        with self._turn:
            while not answer.done():
                count = min(len(self.waiting), MOST)
                self._answer([self.waiting.popleft() for _ in range(count)])
        return answer.result()

    def _answer(self, several: list[Asked]) -> None:
        postings, limits, answers = zip(*several, strict=True)
        try:
            found = self._index.search_many(postings, limit=max(limits))
        except BaseException as error:
            if len(several) == 1:
                answers[0].set_exception(error)
            else:  # one that is malformed fails alone
                for each in several:
                    self._answer([each])
            return
        for answer, limit, own in zip(answers, limits, found, strict=True):
            answer.set_result(own[:limit])
