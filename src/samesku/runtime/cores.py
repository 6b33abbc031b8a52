"""Work spread over the processor's cores, in order and in bounded memory."""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items in flight per thread: enough that a slow one never starves the others.
WINDOW = 4

_work = threading.local()
_chosen: int | None = None


def use_threads(count: int | None) -> None:
    """Use so many threads in this process, whatever cores there are; None: one per usable core.

    Tables are read with so many, too, where this is said before polars is imported.
    """
    global _chosen
    _chosen = count
    if count is not None and "polars" not in sys.modules:
        os.environ["POLARS_MAX_THREADS"] = str(count)


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Work with so many threads meanwhile; None: as many as before, -1: one per usable core."""
    global _chosen
    before = _chosen
    if count is not None:
        use_threads(None if count == -1 else count)
    try:
        yield
    finally:
        _chosen = before


def usable_cores() -> int:
    """How many threads may work at once, at least 1.

    Those that :func:`use_threads` or `$SAMESKU_THREADS` asks for; else the cores that the operating
    system lets this process run on, and no more than its container is granted the time of. Within
    the work of :func:`map_in_order` 1: its threads use the others already.
    """
    if getattr(_work, "within", False):
        return 1
    if _chosen is not None:
        return _chosen
    if count := os.environ.get("SAMESKU_THREADS"):
        if not count.isdecimal() or int(count) < 1:
            raise ValueError(f"SAMESKU_THREADS is a number of threads from 1 on, not {count!r}")
        return int(count)
    import polars  # late: `use_threads` is asked before

    return polars.thread_pool_size()


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item], *, threads: int | None = None
) -> Iterator[Result]:
    """`map` in a pool of threads that holds only a few results per thread at a time, in order.

    Items are taken as they are needed; what `work` raises is raised at its item's turn. With one
    thread, or for one item, the work is done by the caller. Default: one thread per usable core.
    """
    waiting = iter(items)
    first = list(islice(waiting, 2))
    if threads is None and (len(first) < 2 or usable_cores() == 1):
        yield from map(work, chain(first, waiting))
        return
    threads = usable_cores() if threads is None else threads
    pool = ThreadPoolExecutor(threads, thread_name_prefix="samesku", initializer=_enter)
    try:
        flying: deque[Future[Result]] = deque(
            pool.submit(work, item) for item in (*first, *islice(waiting, WINDOW * threads - 2))
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
