"""Kill a writer of a store at random moments: nothing acknowledged is lost, nothing is half.

    uv run --group test python benchmarks/kill_store.py [COUNT] [--store ADDRESS] [--seed N]

The writer puts, changes, pins and deletes postings and prints what was acknowledged. After each of
COUNT kills (SIGKILL) the store is opened: it holds every acknowledged event, and the log replayed
gives the same state. ADDRESS is an empty PostgreSQL database; default: a file.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from samesku.store import Index

WRITER = """
import sys
from samesku.store import Index

index, name, at = Index(sys.argv[1]), sys.argv[2], 0
while True:
    at += 1
    title = f"Kopi {name} nomor {at % 7} isi {at % 3} kg"
    print("put", f"{name}-{at}", index.upsert({"posting_id": f"{name}-{at}", "title": title}).event)
    if at % 3 == 0:
        pair = (f"{name}-{at - 1}", f"{name}-{at}")
        print("pinned", "|".join(pair), index.pin(*pair, "different").event)
    if at % 5 == 0:
        print("deleted", f"{name}-{at - 2}", index.delete(f"{name}-{at - 2}").event)
    sys.stdout.flush()
"""


def main() -> None:
    """Kill, open, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100)
    parser.add_argument("--store")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    random = np.random.default_rng(asked.seed)
    acknowledged = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        place = asked.store or str(Path(folder) / "store.db")
        Index(place).close()
        for kill in range(asked.count):
            lines = _killed(place, f"w{kill}", float(random.uniform(0, 0.6)))
            acknowledged += len(lines)
            if complaint := _complaint(place, lines):
                wrong += 1
                print(f"kill {kill}: {complaint}", flush=True)
    print(f"{asked.count} kills, {acknowledged:,} acknowledged changes, {wrong} wrong")
    sys.exit(1 if wrong else 0)


def _killed(place: str, name: str, seconds: float) -> list[list[str]]:
    """What a writer acknowledged in whole lines before it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, place, name], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    told = first + process.stdout.read()
    process.wait()
    process.stdout.close()
    return [line.split() for line in told[: told.rfind("\n") + 1].splitlines()]


def _complaint(place: str, lines: list[list[str]]) -> str:
    """What is wrong with a store after a kill; empty where nothing is."""
    there = {what: verb == "put" for verb, what, _ in lines if verb != "pinned"}
    last = max(int(event) for *_, event in lines)
    with Index(place) as index:
        state = index.state()
        numbers = {each["number"]: each for each in index.events(last - len(lines), limit=10_000)}
        if state["event"] < last or any(int(event) not in numbers for *_, event in lines):
            return f"an acknowledged event is not in the log, whose last is {state['event']}"
        # A server may end the last transaction of who was killed in between.
        if index.replay(state["event"]) != state:
            return "the log gives another state"
        # What came after the last acknowledged line may be in the store, too.
        later = {
            each["posting_id"]
            for number, event in numbers.items()
            if number > last
            for each in event["postings"]
        }
        for posting, put in there.items():
            if posting not in later and (posting in state["distinct"]) != put:
                return f"{posting} is {'lost' if put else 'there again'}"
        pins = {f"{pin['left_id']}|{pin['right_id']}" for pin in index.pins()}
        pins |= {"|".join(reversed(pair.split("|"))) for pair in pins}
        if lost := [what for verb, what, _ in lines if verb == "pinned" and what not in pins]:
            return f"the decision {lost[0]} is lost"
    return ""


if __name__ == "__main__":
    main()
