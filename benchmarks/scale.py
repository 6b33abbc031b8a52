"""How samesku's time and memory grow when the catalogue doubles, and doubles again.

    python benchmarks/scale.py CATALOGUE.csv [--postings 27431] [--times 1,2,4] [--out FOLDER]

The larger catalogues hold further offers of the same products, reworded (`noise.py`): groups grow,
and with them the pairs to be found, which is harder than more products would be.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl
from contenders import SAMESKU
from measure import Cost, measure
from noise import renoise
from rich.console import Console
from rich.table import Table
from run import subsample


@dataclass(frozen=True)
class Step:
    """One size: what it took, and how many pairs came out."""

    postings: int
    cost: Cost
    pairs: int


def main() -> None:
    """Read the arguments, match the catalogue at each size, print and write one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path, help="CSV with posting_id and title")
    parser.add_argument("--postings", type=int, help="take so many of it; default: all")
    parser.add_argument("--times", default="1,2,4", help="how many times as large, between commas")
    parser.add_argument("--timeout", type=float, default=1200, help="seconds per size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    given = parser.parse_args()

    catalogue = pl.read_csv(given.catalogue, infer_schema=False)
    catalogue = subsample(catalogue, given.postings or catalogue.height, given.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    steps = []
    for times in (int(number) for number in given.times.split(",")):
        step = grown(catalogue, times, given.seed, given.out, given.timeout)
        steps.append(step)
        if step.cost.status != 0:
            break
    record = [asdict(step) for step in steps]
    (given.out / "scale.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    Console().print(table(steps))


def grown(catalogue: pl.DataFrame, times: int, seed: int, out: Path, timeout: float) -> Step:
    """Match the catalogue made `times` as large, in a process of its own, without a cache."""
    larger = renoise(catalogue, times, seed)
    file, result = out / f"times{times}.csv", out / f"times{times}"
    larger.write_csv(file)
    command = [*SAMESKU, "match", str(file), "--fusion", "union", "--no-cache", "--out"]
    cost = measure([*command, str(result)], timeout=timeout, log=out / f"times{times}.log")
    pairs = result / "pairs.parquet"
    found = pl.scan_parquet(pairs).select(pl.len()).collect().item() if cost.status == 0 else 0
    return Step(larger.height, cost, found)


def table(steps: list[Step]) -> Table:
    """Each size, and its cost as a multiple of the size before."""
    shown = Table(
        "postings", "matched pairs", "wall s", "CPU s", "peak MB", "growth: wall", "memory"
    )
    for place, step in enumerate(steps):
        cost = step.cost
        growth = ["", "", ""]
        if cost.timed_out:
            growth[0] = "stopped"
        elif cost.status != 0:
            growth[0] = f"ended with status {cost.status}"
        elif place:
            before = steps[place - 1].cost
            growth = [
                f"x {cost.wall / before.wall:.2f}",
                f"x {cost.cpu / before.cpu:.2f}",
                f"x {cost.peak_mb / before.peak_mb:.2f}",
            ]
        numbers = [f"{step.postings:,}", f"{step.pairs:,}", f"{cost.wall:.1f}", f"{cost.cpu:.1f}"]
        shown.add_row(*numbers, f"{cost.peak_mb:,.0f}", *growth)
    return shown


if __name__ == "__main__":
    main()
