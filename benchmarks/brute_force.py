"""A whole `samesku match` against scikit-learn's brute-force neighbours of the same titles.

    python benchmarks/brute_force.py CATALOGUE.csv [--rounds 1] [--out FOLDER]

Both run in processes of their own, one after the other, on the same load: the ratio of their wall
times is what to look at. scikit-learn only finds 50 neighbours per title; samesku also judges,
groups, explains and writes.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import polars as pl
from contenders import CONTENDERS as PEERS
from contenders import SAMESKU, chosen
from measure import Cost, last_line, measure
from rich.console import Console
from rich.table import Table
from run import write_job


def main() -> None:
    """Read the arguments, run both in turn, print and write the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path, help="CSV with posting_id and title")
    parser.add_argument("--rounds", type=int, default=1, help="the fastest of each counts")
    parser.add_argument("--timeout", type=float, default=600, help="seconds")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    given = parser.parse_args()

    catalogue = pl.read_csv(given.catalogue, infer_schema=False)
    folder = given.out.resolve() / "brute-force"
    folder.mkdir(parents=True, exist_ok=True)
    job = write_job(catalogue, folder, None)
    (peer,) = chosen("scikit-learn", PEERS)
    looks = ["-e", "tfidf", *(["-e", "phash"] if "image_phash" in catalogue.columns else [])]
    ours = [*SAMESKU, "match", str(job.catalogue), *looks, "--no-cache"]
    commands = {
        "samesku": [*ours, "--out", str(folder / "matched")],
        "scikit-learn": list(peer.command(job)),
    }
    best: dict[str, Cost] = {}
    for _ in range(given.rounds):
        for name, command in commands.items():
            log = folder / f"{name}.log"
            cost = measure(command, timeout=given.timeout, log=log)
            if cost.status != 0:
                raise SystemExit(f"{name}: {last_line(log) or cost.status}")
            best[name] = min(cost, best.get(name, cost), key=lambda each: each.wall)
    ratio = best["samesku"].wall / best["scikit-learn"].wall
    shown = Table("", "wall s", "CPU s", "peak MB", title=f"{catalogue.height:,} postings")
    for name, cost in best.items():
        shown.add_row(name, f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{cost.peak_mb:,.0f}")
    Console().print(shown, f"ratio of wall times: {ratio:.2f}")
    record = {name: asdict(cost) for name, cost in best.items()} | {"ratio": ratio}
    (given.out / "brute_force.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
