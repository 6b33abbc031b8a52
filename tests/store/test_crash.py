import random
import subprocess
import sys
import threading
import time

from samesku.store import Index

WRITER = """
import sys
from samesku.store import Index

index, name = Index(sys.argv[1]), sys.argv[2]
at = 0
while True:
    at += 1
    title = f"Kopi {name} nomor {at % 7} isi {at % 3} kg"
    told = index.upsert({"posting_id": f"{name}-{at}", "title": title})
    print("put", f"{name}-{at}", told.event, flush=True)
    if at % 5 == 0:
        told = index.delete(f"{name}-{at - 2}")
        print("deleted", f"{name}-{at - 2}", told.event, flush=True)
"""


def _start(place, name):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place), name], stdout=subprocess.PIPE, text=True
    )


def _expected(lines):
    """What whole lines acknowledged: the postings that are there, and the last event."""
    there, last = {}, 0
    for line in lines:
        verb, posting, event = line.split()
        there[posting] = verb == "put"
        last = max(last, int(event))
    return there, last


def test_after_kill_9_nothing_acknowledged_is_lost_and_nothing_is_half(place):
    random.seed(4)
    Index(place).close()
    for round_ in range(10):
        process = _start(place, f"w{round_}")
        first = process.stdout.readline()
        time.sleep(random.uniform(0, 0.5))
        process.kill()
        rest = process.stdout.read()
        process.wait()
        process.stdout.close()
        whole = rest[: rest.rfind("\n") + 1].splitlines()
        there, last = _expected([first.strip(), *whole])
        with Index(place) as index:
            state = index.state()
            assert state["event"] >= last
            assert not any(each in state["distinct"] for each, put in there.items() if not put)
            lost = [each for each, put in there.items() if put and each not in state["distinct"]]
            # The event after the last acknowledged one may have deleted a posting.
            assert len(lost) <= (state["event"] > last)
            assert index.replay() == state
            index.upsert({"posting_id": "after", "title": f"Teh {round_}"})


def test_two_writers_lose_nothing(place):
    Index(place).close()
    processes = [_start(place, name) for name in ("one", "two")]
    told = {process: [] for process in processes}

    def listen(process):
        for line in process.stdout:
            told[process].append(line.strip())

    threads = [threading.Thread(target=listen, args=(process,)) for process in processes]
    for thread in threads:
        thread.start()
    with Index(place) as reader:
        deadline = time.time() + 60
        while time.time() < deadline and any(len(each) < 30 for each in told.values()):
            reader.stats()
            time.sleep(0.05)
    for process in processes:
        process.kill()
        process.wait()
    for process, thread in zip(processes, threads, strict=True):
        thread.join()
        process.stdout.close()
    lines = [line for each in told.values() for line in each if len(line.split()) == 3]
    assert min(map(len, told.values())) >= 30
    events = [int(line.split()[2]) for line in lines]
    assert len(set(events)) == len(events)
    with Index(place) as index:
        assert index.replay() == index.state()
        lost = [
            each
            for each, put in _expected(lines)[0].items()
            if put and each not in index.state()["distinct"]
        ]
        assert len(lost) <= 2
