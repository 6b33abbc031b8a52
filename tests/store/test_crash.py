import os
import random
import signal
import subprocess
import sys
import threading
import time
from itertools import groupby

import pytest

from samesku.store import Index

# Each line on its input starts a writer, in a process of its own that has nothing left to load.
WRITERS = """
import os, signal, sys
from samesku.scoring.learned import shipped_model
from samesku.store import Index

shipped_model()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    place, name, told = line.rstrip().split("\\t")
    process = os.fork()
    if not process:
        break
    print(process, flush=True)
else:
    sys.exit()
sys.stdout = open(told, "w")
index = Index(place)
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


@pytest.fixture(scope="module")
def writers():
    """Start a writer by name: its process, and the pipe on which it tells what is acknowledged."""
    command = [sys.executable, "-c", WRITERS]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as starter:

        def start(place, name, folder):
            told = folder / name
            os.mkfifo(told)
            print(place, name, told, sep="\t", file=starter.stdin, flush=True)
            process = int(starter.stdout.readline())
            return process, told.open()

        yield start
        starter.stdin.close()


def _expected(lines):
    """What whole lines acknowledged: the postings that are there, and the last event."""
    there, last = {}, 0
    for line in lines:
        verb, posting, event = line.split()
        there[posting] = verb == "put"
        last = max(last, int(event))
    return there, last


def test_after_kill_9_nothing_acknowledged_is_lost_and_nothing_is_half(place, writers, tmp_path):
    random.seed(4)
    Index(place).close()
    for round_ in range(6):
        process, told = writers(place, f"w{round_}", tmp_path)
        with told:
            first = told.readline()
            time.sleep(random.uniform(0, 0.5))
            os.kill(process, signal.SIGKILL)
            rest = told.read()
        whole = rest[: rest.rfind("\n") + 1].splitlines()
        there, last = _expected([first.strip(), *whole])
        with Index(place) as index:
            state = index.state()
            assert state["event"] >= last
            assert not any(each in state["distinct"] for each, put in there.items() if not put)
            lost = [each for each, put in there.items() if put and each not in state["distinct"]]
            # The event after the last acknowledged one may have deleted a posting.
            assert len(lost) <= (state["event"] > last)
            # A server may end meanwhile what it had begun for the client that was killed.
            assert index.replay(state["event"]) == state
            index.upsert({"posting_id": "after", "title": f"Teh {round_}"})


def test_two_writers_lose_nothing(place, writers, tmp_path):
    Index(place).close()
    started = [writers(place, name, tmp_path) for name in ("one", "two")]
    told = {process: [] for process, _ in started}

    def listen(process, lines):
        with lines:
            for line in lines:
                told[process].append(line.strip())

    threads = [threading.Thread(target=listen, args=each) for each in started]
    for thread in threads:
        thread.start()
    with Index(place) as reader:
        deadline = time.time() + 60
        while time.time() < deadline and any(len(each) < 30 for each in told.values()):
            reader.stats()
            time.sleep(0.05)
    for process in told:
        os.kill(process, signal.SIGKILL)
    for thread in threads:
        thread.join()
    lines = [line for each in told.values() for line in each if len(line.split()) == 3]
    assert min(map(len, told.values())) >= 30
    events = [int(line.split()[2]) for line in lines]
    assert len(set(events)) == len(events)
    # They take turns: nobody writes on and on while the other waits.
    words = [(line.split(), who) for who, each in enumerate(told.values()) for line in each]
    order = sorted((int(said[2]), who) for said, who in words if len(said) == 3)
    assert len(list(groupby(who for _, who in order))) > 20
    with Index(place) as index:
        assert index.replay() == index.state()
        lost = [
            each
            for each, put in _expected(lines)[0].items()
            if put and each not in index.state()["distinct"]
        ]
        assert len(lost) <= 2
