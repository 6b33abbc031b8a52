"""Progress of long work: its stages, how far each is, and how long it took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

Advance: TypeAlias = Callable[[int], None]


class Progress:
    """Keeps the time of each stage and shows nothing; the command line shows a bar instead."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.notes: list[str] = []
        self.refused: dict[tuple[str, str], str] = {}
        self._start = time.perf_counter()

    @property
    def elapsed(self) -> float:
        """Seconds since the work began, whether in a stage or between two."""
        return time.perf_counter() - self._start

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Time a stage; call what this yields with the number of items done since the last call."""
        start = time.perf_counter()
        with self._shown(name, total) as advance:
            try:
                yield advance
            finally:
                taken = time.perf_counter() - start
                self.seconds[name] = self.seconds.get(name, 0.0) + taken

    def note(self, text: str) -> None:
        """Keep what the user should know, once."""
        if text not in self.notes:
            self.notes.append(text)

    def refuse(self, posting_id: str, path: str, reason: str) -> None:
        """Remember a photo that was not used; met again, it is the same one."""
        self.refused[posting_id, path] = reason

    @contextmanager
    def _shown(self, name: str, total: int | None) -> Iterator[Advance]:
        yield lambda done: None
