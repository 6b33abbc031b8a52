"""Two writers and eight readers of one store at a time: no error, no lost change.

    uv run --group test python benchmarks/many_clients.py [--seconds 600] [--store ADDRESS]

Each is a process of its own. The writers put, change, pin and delete postings and print what was
acknowledged; the readers search and read clusters, events and pairs in doubt. In the end all that
was acknowledged is in the store, and the log replayed gives the same state. ADDRESS is an empty
PostgreSQL database; default: a file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from live import quantiles

from samesku.store import Index

COMMON = """
import json, random, sys, time
from samesku.store import Index

place, name, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
draw, index, taken = random.Random(name), Index(place), []
words = [a + b for a in "ba ko mi ru se ta".split() for b in "lan pi rok sin tu vem".split()]

def title():
    size = draw.choice((200, 400))
    return f"{draw.choice(words)} {draw.choice(words)} {draw.randrange(40)} {size} ml"

def timed(work, *given):
    start = time.perf_counter()
    found = work(*given)
    taken.append(time.perf_counter() - start)
    return found

end = time.time() + seconds
"""
WRITER = """
at = 0
while time.time() < end:
    at += 1
    posting = f"{name}-{at}"
    event = timed(index.upsert, {"posting_id": posting, "title": title()}).event
    print(json.dumps(["put", posting, event]), flush=True)
    if at % 7 == 0:
        other = f"{name}-{at - 1}"
        verdict = draw.choice(("different", "unsure"))
        event = timed(index.pin, other, posting, verdict).event
        print(json.dumps(["pin", [other, posting, verdict], event]), flush=True)
    if at % 5 == 0:
        posting = f"{name}-{at - 3}"
        event = timed(index.delete, posting).event
        print(json.dumps(["delete", posting, event]), flush=True)
print(json.dumps(["taken", sorted(taken), 0]))
"""
READER = """
last = 0
while time.time() < end:
    found = timed(index.search, {"title": title()})
    for event in timed(index.events, last, ):
        assert event["number"] == last + 1, (event["number"], last)
        last = event["number"]
    cluster = draw.choice(event["affected"])["cluster"] if last and event["affected"] else None
    if cluster is not None:
        timed(index.get, cluster)
    timed(index.in_doubt, 5)
print(json.dumps(["taken", sorted(taken), 0]))
"""


def main() -> None:
    """Run them all, then compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--store")
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--readers", type=int, default=8)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = asked.store or str(Path(folder) / "store.db")
        Index(place).close()
        clients = [
            _started(place, f"{kind}{number}", code, asked.seconds, Path(folder))
            for kind, code, count in (("w", WRITER, asked.writers), ("r", READER, asked.readers))
            for number in range(count)
        ]
        complaints = [f"{said.name} failed" for process, said in clients if process.wait()]
        lines = [list(map(json.loads, said.read_text().splitlines())) for _, said in clients]
        changes = [line for each in lines for line in each if line[0] != "taken"]
        complaints += _lost(place, changes)
    taken = [line[1] for each in lines for line in each if line[0] == "taken"]
    figures = {"seconds": asked.seconds, "acknowledged": len(changes), "complaints": complaints}
    for who, some in (("writers", taken[: asked.writers]), ("readers", taken[asked.writers :])):
        all_taken = [each for one in some for each in one]
        figures[who] = {"requests": len(all_taken), "ms": quantiles(all_taken)}
    print(json.dumps(figures, indent=1))
    sys.exit(1 if complaints else 0)


def _started(
    place: str, name: str, code: str, seconds: float, folder: Path
) -> tuple[subprocess.Popen[bytes], Path]:
    """A client, and the file of what it says."""
    said = folder / name
    with said.open("wb") as file:
        command = [sys.executable, "-c", COMMON + code, place, name, str(seconds)]
        return subprocess.Popen(command, stdout=file), said


def _lost(place: str, changes: list[Any]) -> list[str]:
    """What was acknowledged and is not in the store."""
    put = {what: event for verb, what, event in changes if verb == "put"}
    gone = {what for verb, what, _ in changes if verb == "delete"}
    pinned = {tuple(sorted(what[:2])): what[2] for verb, what, _ in changes if verb == "pin"}
    events = [event for *_, event in changes]
    with Index(place) as index:
        state = index.state()
        complaints = [f"{each} is lost" for each in put.keys() - gone - state["distinct"].keys()]
        complaints += [f"{each} is there again" for each in gone & state["distinct"].keys()]
        held = {(pin["left_id"], pin["right_id"]): pin["verdict"] for pin in index.pins()}
        complaints += [
            f"the pin of {pair} is lost" for pair in pinned if held.get(pair) != pinned[pair]
        ]
        if len(set(events)) != len(events) or state["event"] != len(events):
            complaints.append(f"{len(events)} acknowledged events, the last is {state['event']}")
        if index.replay() != state:
            complaints.append("the log gives another state")
    return complaints


if __name__ == "__main__":
    main()
