"""Rates of the live index: bulk load, search and upsert beside it, opening, size, and clusters.

    python benchmarks/live.py CATALOGUE --postings 5000

Prints one JSON object. With `label_group` in the catalogue the F1 per posting of clusters that were
fed one by one is told beside that of the batch run on the same postings.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from samesku import read_catalog
from samesku.metrics import cluster_tally, posting_f1
from samesku.server.together import MOST
from samesku.store import Index
from samesku.store.runs import postings_of


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile in milliseconds."""
    return {
        f"p{share}": round(float(np.percentile(seconds, share)) * 1000, 1) for share in (50, 99)
    }


def timed(work: Callable[[Any], object], items: Sequence[Any]) -> dict[str, float]:
    """How long `work` takes on each, and how much of a processor's time on average."""
    taken = []
    before = time.process_time()
    for item in items:
        start = time.perf_counter()
        work(item)
        taken.append(time.perf_counter() - start)
    used = (time.process_time() - before) / len(items)
    return {**quantiles(taken), "cpu": round(1000 * used, 1)}


def size(place: Path) -> int:
    """Bytes on disk, the write-ahead log included."""
    return sum(each.stat().st_size for each in place.parent.iterdir())


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--postings", type=int, default=5_000)
    parser.add_argument("--asked", type=int, default=200)
    parser.add_argument("--fed", type=int, default=500, help="Fed one by one after the load.")
    parser.add_argument(
        "--seconds", type=float, default=0, help="Of searches and upserts beside each other."
    )
    parser.add_argument("--rates", default="50,20", help="Searches and upserts a second.")
    asked = parser.parse_args()
    catalog = read_catalog(asked.catalogue)
    order = np.random.default_rng(0).permutation(len(catalog))
    rows = postings_of(catalog.take(order[: asked.postings + asked.fed]))
    labels = {str(row["posting_id"]): row.pop("label_group", None) for row in rows}
    bulk, fed = rows[: asked.postings], rows[asked.postings :]
    told: dict[str, Any] = {"postings": len(bulk)}
    place = Path(tempfile.mkdtemp()) / "store.db"
    start, before = time.perf_counter(), peak()
    with Index(place) as index:
        index.upsert_many(bulk)
        told["load_per_second"] = round(len(bulk) / (time.perf_counter() - start))
        told["peak_bytes_per_posting"] = round((peak() - before) / len(bulk))
        told["search_ms"] = timed(index.search, fed[: asked.asked])
        some = [fed[at : at + MOST] for at in range(0, min(asked.asked, len(fed)), MOST)]
        told[f"{MOST}_searches_ms"] = timed(index.search_many, some)
        told["upsert_ms"] = timed(index.upsert, fed)
    told["bytes_on_disk_per_posting"] = round(size(place) / len(rows))
    if asked.seconds:
        rates = [float(each) for each in asked.rates.split(",")]
        told["side_by_side_ms"] = side_by_side(place, rows, asked.seconds, *rates)
    told["held_bytes_per_posting"] = round(held(place) / len(rows))
    start = time.perf_counter()
    with Index(place) as index:
        index.stats()
        told["open_seconds"] = round(time.perf_counter() - start, 2)
        alive = clusters(index)
        start = time.perf_counter()
        index.settle()
        told["settle_seconds"] = round(time.perf_counter() - start, 2)
        settled = clusters(index)
        told["replay_equals_state"] = index.replay() == index.state()
    told["postings_that_settling_moved"] = moved(alive, settled)
    if all(label is not None for label in labels.values()):
        told["f1_live"], told["f1_batch"] = (f1(each, labels) for each in (alive, settled))
    print(json.dumps(told, indent=2))


def peak() -> int:
    """Most memory held so far, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


HELD = """
import sys
from pathlib import Path
from samesku.store import Index

pages = lambda: int(Path("/proc/self/statm").read_text().split()[1])
with Index(sys.argv[2]) as small:
    small.upsert_many([{"posting_id": each, "title": f"kopi {each} 200 g"} for each in "ab"])
    small.search({"title": "kopi b 200 gr"})
before = pages()
with Index(sys.argv[1]) as index:
    index.stats()
    print((pages() - before) * 4096)
"""


def held(place: Path) -> int:
    """Bytes that an open store holds beyond one of two postings, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", HELD, str(place), f"{folder}/small.db"]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def side_by_side(
    place: Path,
    rows: Sequence[dict[str, Any]],
    seconds: float,
    searched: float = 50,
    upserted: float = 20,
) -> dict[str, Any]:
    """Searches of new titles and upserts beside each other, so many a second, from when due.

    Searches that are due at the same time are answered in one go, as the service does.
    """

    def paced(
        work: Callable[[list[dict[str, Any]]], object], rate: float, most: int, taken: list[float]
    ) -> None:
        start = time.perf_counter()
        due = [start + at / rate for at in range(round(rate * seconds))]
        while len(taken) < len(due):
            at = len(taken)
            time.sleep(max(0.0, due[at] - time.perf_counter()))
            stop = min(bisect_right(due, time.perf_counter()), at + most)
            work([rows[each * 7919 % len(rows)] for each in range(at, stop)])
            done = time.perf_counter()
            taken += [done - each for each in due[at:stop]]

    def changed(some: list[dict[str, Any]]) -> None:
        for row in some:
            index.upsert({**row, "title": f"{row['title']} baru"})

    def sought(some: list[dict[str, Any]]) -> None:
        reads.search_many([{**row, "title": f"{row['title']} bekas"} for row in some])

    searches: list[float] = []
    upserts: list[float] = []
    with Index(place) as index, Index(place) as reads:
        index.stats(), reads.stats()
        gc.freeze()  # as the service does
        before = time.process_time()
        threads = [
            threading.Thread(target=paced, args=each)
            for each in ((sought, searched, MOST, searches), (changed, upserted, 1, upserts))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        used = (time.process_time() - before) / seconds
    return {
        "search": quantiles(searches),
        "upsert": quantiles(upserts),
        "cpu_seconds_per_second": round(used, 2),
    }


def clusters(index: Index) -> dict[str, frozenset[str]]:
    """The cluster of each posting, by who is in it."""
    groups = [frozenset(each) for each in index.state()["clusters"].values()]
    return {posting: group for group in groups for posting in group}


def moved(one: dict[str, frozenset[str]], other: dict[str, frozenset[str]]) -> int:
    """Postings whose cluster does not hold the same postings."""
    return sum(one[posting] != other[posting] for posting in one)


def f1(found: dict[str, frozenset[str]], labels: dict[str, Any]) -> float:
    """Mean F1 per posting."""
    ids = list(found)
    codes = {group: code for code, group in enumerate(dict.fromkeys(found.values()))}
    truth = pl.Series([labels[each] for each in ids]).rank("dense").to_numpy().astype(np.int64)
    groups = np.array([codes[found[each]] for each in ids], dtype=np.int64)
    return round(float(posting_f1(cluster_tally(groups, truth)).mean()), 4)


if __name__ == "__main__":
    main()
