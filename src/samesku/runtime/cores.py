"""Work spread over the processor's cores, in order and in bounded memory."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

__all__ = ["map_in_order", "usable_cores"]

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items in flight per thread: enough that a slow one never starves the others.
WINDOW = 4


_work = threading.local()


def usable_cores() -> int:
    """Cores that the operating system lets this process run on, at least 1.

    Within the work of :func:`map_in_order` 1: its threads use the others already.
    """
    if getattr(_work, "within", False):
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item], *, threads: int | None = None
) -> Iterator[Result]:
    """`map` in a pool of threads that holds only a few results per thread at a time.

    Parameters
    ----------
    work : callable
        Runs in several threads at once; what it raises is raised here, at its item's turn.
    items : iterable
        Taken as they are needed.
    threads : int, optional
        Default: one per usable core; where that is one, the work is done by who asks.

    Yields
    ------
    The results, in the order of the items.
    """
    if threads is None and usable_cores() == 1:
        yield from map(work, items)
        return
    threads = usable_cores() if threads is None else threads
    if threads < 1:
        raise ValueError(f"threads must be at least 1, not {threads}")
    pool = ThreadPoolExecutor(threads, thread_name_prefix="samesku", initializer=_enter)
    try:
        waiting = iter(items)
        flying: deque[Future[Result]] = deque(
            pool.submit(work, item) for item in islice(waiting, WINDOW * threads)
        )
        while flying:
            result = flying.popleft().result()
            flying.extend(pool.submit(work, item) for item in islice(waiting, 1))
            yield result
    finally:
        # Also on Ctrl-C or an abandoned loop: only items already being worked on are finished.
        pool.shutdown(wait=True, cancel_futures=True)


def _enter() -> None:
    _work.within = True
