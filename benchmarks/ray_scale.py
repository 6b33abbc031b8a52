"""The engine ray beside the local one: same clusters, time, memory of driver and workers, by size.

    python benchmarks/ray_scale.py CATALOGUE.csv [--sizes 12500,25000,50000] [--cpus 1,2]
        [--shards 4 | --shards 0 --memory 1GB] [--no-local] [--skew] [--out FOLDER]

Sizes below the catalogue's are its first rows, above they are reworded copies. Each run is a
process of its own, with one thread per worker. `cpu_seconds` is what it computed, the tasks of the
workers included, which counts where others use the machine, too. `identical` compares groups.csv of
Ray with that of the local engine. --skew takes catalogues of the first size
instead: one title under many photos, one word in half of all titles, one photo on many postings, a
chain of titles.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
from noise import renoise

from samesku import read_catalog

RUN = """
import json, resource, sys, time
catalogue, out, work, cpus, shards, memory = sys.argv[1:7]
from samesku import Matcher, read_catalog
start = time.perf_counter()
if cpus == "0":
    Matcher(n_jobs=1).match(read_catalog(catalogue)).write(out)
    taken, stages = time.perf_counter() - start, {}
else:
    from samesku.distributed.engine import RayEngine, start as start_ray
    start_ray(None, num_cpus=int(cpus), object_store_memory=300 * 2**20, logging_level="ERROR")
    start = time.perf_counter()
    engine = RayEngine(Matcher(), work, shards=int(shards) or None, memory=memory or None)
    record = engine.match(catalogue, out)
    taken, stages = time.perf_counter() - start, record["stages"]
    shards = record["engine"]["shards"]
own = resource.getrusage(resource.RUSAGE_SELF)
busy = own.ru_utime + own.ru_stime + sum(each["cpu_seconds"] for each in stages.values())
print(json.dumps({"seconds": round(taken, 1), "cpu_seconds": round(busy, 1),
                  "shards": int(shards), "driver_mb": own.ru_maxrss // 1024, "stages": stages}))
"""


def sized(catalogue: Path, size: int) -> pl.DataFrame:
    """A catalogue of so many postings: the first rows, and reworded ones where more are needed."""
    frame = read_catalog(catalogue).frame
    whole = renoise(frame, -(-size // frame.height)) if size > frame.height else frame
    return whole.head(size).drop("label_group", "image", strict=False)


def skewed(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Catalogues of the same size in which one thing is everywhere."""
    row, first = pl.int_range(pl.len()), pl.int_range(pl.len()) < frame.height // 2
    mixed = (number * 0x9E3779B97F4A7C15 % 2**64 for number in range(1, frame.height + 1))
    hashes = pl.Series([f"{each:016x}" for each in mixed])
    promoted = pl.when(first).then(pl.format("promo {}", "title")).otherwise("title")
    chained = pl.format("part{} part{} part{}", row, row + 1, row + 2)
    photo = pl.when(first).then(pl.lit("94974f937d4c2433")).otherwise(hashes)
    return {
        "even": frame,
        "one title": frame.with_columns(title=pl.lit("red mug 400 ml"), image_phash=hashes),
        "one word": frame.with_columns(title=promoted),
        "one photo": frame.with_columns(image_phash=photo),
        "chain": frame.with_columns(title=chained),
    }


def run(path: Path, folder: Path, cpus: int, shards: int, memory: str) -> dict[str, Any]:
    """One run in a process of its own; 0 cores of Ray: the local engine; 0 shards: by memory."""
    out, work = folder / f"out-{cpus}-{shards}", folder / f"work-{cpus}-{shards}"
    one = {"SAMESKU_THREADS": "1", "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    told = subprocess.run(
        [sys.executable, "-c", RUN, str(path), str(out), str(work), str(cpus), str(shards), memory],
        check=True, capture_output=True, text=True, env={**os.environ, **one},
    )  # fmt: skip
    record: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return {**record, "groups": (out / "groups.csv").read_bytes()}


def main() -> None:
    """Run all and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--sizes", default="12500,25000,50000")
    parser.add_argument("--cpus", default="1,2")
    parser.add_argument("--shards", default="4")
    parser.add_argument("--memory", default="", help="of a worker; with --shards 0 it decides")
    parser.add_argument("--no-local", action="store_true")
    parser.add_argument("--skew", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    sizes = [int(each) for each in given.sizes.split(",")]
    catalogues = {f"{size}": sized(given.catalogue, size) for size in sizes}
    if given.skew:
        catalogues = skewed(catalogues[f"{sizes[0]}"])
    runs = [
        (int(cpus), int(shards))
        for cpus in given.cpus.split(",")
        for shards in given.shards.split(",")
    ]
    results = []
    for name, frame in catalogues.items():
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "offers.csv"
            frame.write_csv(path)
            local = None if given.no_local else run(path, Path(place), 0, 0, "")
            for cpus, shards in [*([] if local is None else [(0, 0)]), *runs]:
                found = (
                    local
                    if cpus == 0 and local
                    else run(path, Path(place), cpus, shards, given.memory)
                )
                workers = max((s["peak_mb"] for s in found["stages"].values()), default=0)
                line = {
                    "catalogue": name, "cpus": cpus, "shards": found["shards"],
                    "seconds": found["seconds"], "cpu_seconds": found["cpu_seconds"],
                    "driver_mb": found["driver_mb"],
                    "worker_mb": workers,
                    "identical": None if local is None else found["groups"] == local["groups"],
                }  # fmt: skip
                print(json.dumps(line), flush=True)
                results.append({**line, "stages": found["stages"]})
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "ray_scale.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
