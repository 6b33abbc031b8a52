import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.runtime.cores import (
    WINDOW,
    _granted_cores,
    map_in_order,
    meanwhile,
    usable_cores,
    use_threads,
)
from samesku.runtime.cores import threads as working_with


def test_at_least_one_core():
    assert usable_cores() >= 1


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


@pytest.mark.parametrize(
    ("group", "files", "cores"),
    [
        ("0::/a/b", {"a/b/cpu.max": "150000 100000", "a/cpu.max": "max 100000"}, 2),
        ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "100000 100000"}, 1),
        ("0::/elsewhere", {"cpu.max": "400000 100000"}, 4),
        ("0::/", {"cpu.max": "max 100000"}, sys.maxsize),
        ("4:cpu,cpuacct:/x", {"cpu,cpuacct/x/cpu.cfs_quota_us": "50000",
                              "cpu,cpuacct/x/cpu.cfs_period_us": "100000"}, 1),
        ("4:cpu,cpuacct:/x", {"cpu,cpuacct/cpu.cfs_quota_us": "-1",
                              "cpu,cpuacct/cpu.cfs_period_us": "100000"}, sys.maxsize),
        ("nonsense", {}, sys.maxsize),
    ],
)  # fmt: skip
def test_a_container_is_granted_no_more_than_its_quota(tmp_path, group, files, cores):
    (tmp_path / "own").write_text(f"9:memory:/m\n{group}\n")
    for name, content in files.items():
        place = tmp_path / "cgroup" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content + "\n")
    assert _granted_cores(tmp_path / "own", tmp_path / "cgroup") == cores


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


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_done_meanwhile_is_done_at_the_end(count):
    done = threading.Event()
    with working_with(count), meanwhile(done.set):
        # One thread that works has no other beside it.
        assert done.wait(5 if count == 2 else 0) == (count == 2)
    assert done.is_set()


@pytest.mark.parametrize("count", [1, 2])
def test_what_fails_meanwhile_fails_at_the_end(count):
    passed = []
    with working_with(count), pytest.raises(ZeroDivisionError), meanwhile(lambda: 1 / 0):
        passed.append(True)
    assert passed == [True]


def test_an_interruption_does_not_wait_for_what_is_done_meanwhile():
    held = threading.Event()
    with working_with(2), pytest.raises(KeyboardInterrupt), meanwhile(lambda: held.wait(60)):
        raise KeyboardInterrupt
    held.set()
