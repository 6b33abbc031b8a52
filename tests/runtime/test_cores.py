import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.runtime.cores import (
    WINDOW,
    map_in_order,
    usable_cores,
    use_threads,
)


def test_threads_are_as_many_as_asked_for(monkeypatch):
    use_threads(None)  # a command run in this process may have set it
    monkeypatch.setenv("SAMESKU_THREADS", "3")
    assert usable_cores() == 3
    use_threads(5)
    try:
        assert usable_cores() == 5
    finally:
        use_threads(None)
    monkeypatch.setenv("SAMESKU_THREADS", "many")
    with pytest.raises(ValueError, match="SAMESKU_THREADS is a number"):
        usable_cores()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(), max_size=40), st.integers(1, 4))
def test_results_come_in_the_order_of_the_items(items, threads):
    def work(item):
        time.sleep(item % 3 / 5000)
        return item * 2

    assert list(map_in_order(work, items, threads=threads)) == [item * 2 for item in items]


def test_work_runs_in_several_threads_at_once():
    meeting = threading.Barrier(3, timeout=10)
    assert len(list(map_in_order(lambda _: meeting.wait(), range(3), threads=3))) == 3


def test_work_within_work_starts_no_more_threads():
    def work(item):
        mine = threading.current_thread()
        return usable_cores() == 1 and set(
            map_in_order(lambda _: threading.current_thread(), range(3))
        ) == {mine}

    assert list(map_in_order(work, range(3), threads=2)) == [True] * 3


def test_few_items_are_in_flight():
    taken = []

    def items():
        for item in range(1000):
            taken.append(item)
            yield item

    results = map_in_order(lambda item: item, items(), threads=2)
    next(results)
    assert len(taken) <= 2 * WINDOW + 1


def test_what_the_work_raises_is_raised_at_its_turn():
    results = map_in_order(lambda item: 1 / (item - 2), range(9), threads=2)
    assert [next(results), next(results)] == [-0.5, -1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_an_abandoned_loop_starts_no_more_work():
    done = []
    results = map_in_order(done.append, range(1000), threads=2)
    next(results)
    results.close()
    count = len(done)
    assert count <= 2 * WINDOW + 1
    time.sleep(0.05)
    assert len(done) == count
    assert not any(thread.name.startswith("samesku") for thread in threading.enumerate())


def test_no_threads_are_refused():
    with pytest.raises(ValueError, match="greater than 0"):
        list(map_in_order(str, [1], threads=0))
