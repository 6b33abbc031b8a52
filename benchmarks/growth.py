"""How samesku's time and memory grow when the catalogue doubles, and doubles again.

    python benchmarks/growth.py CATALOGUE.csv [MORE.csv ...] [--sizes 25000,50000,100000]
        [--to 1000000] [--out FOLDER]

Catalogues larger than the given one hold further offers of the same products, reworded
(`noise.py`): groups grow, and with them the pairs to be found, which is harder than more products
would be. The last doubling is extrapolated to the size of `--to`.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl
from contenders import SAMESKU
from measure import Cost, measure
from noise import renoise
from rich.console import Console
from rich.table import Table
from run import subsample

# What is matched by; other columns of several catalogues are not about the same.
COLUMNS = ("posting_id", "title", "image_phash", "label_group")


@dataclass(frozen=True)
class Step:
    """One size: what it took, how many pairs came out, and the seconds of each stage."""

    postings: int
    cost: Cost
    pairs: int
    seconds: dict[str, float]


def main() -> None:
    """Read the arguments, match the catalogue at each size, print and write one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogues", type=Path, nargs="+", help="CSVs with posting_id, title")
    parser.add_argument("--sizes", default="25000,50000,100000", help="between commas")
    parser.add_argument("--to", type=int, default=1_000_000, help="size to extrapolate to")
    parser.add_argument("--timeout", type=float, default=1200, help="seconds per size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    given = parser.parse_args()

    read = [pl.read_csv(each, infer_schema=False) for each in given.catalogues]
    columns = [name for name in COLUMNS if any(name in each.columns for each in read)]
    catalogue = pl.concat(read, how="diagonal").select(columns)
    given.out.mkdir(parents=True, exist_ok=True)
    steps = []
    for size in (int(number) for number in given.sizes.split(",")):
        step = grown(catalogue, size, given.seed, given.out, given.timeout)
        steps.append(step)
        if step.cost.status != 0:
            break
    record = [asdict(step) for step in steps]
    (given.out / "growth.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    console = Console(width=120)
    console.print(table(steps))
    if len(steps) > 1 and steps[-1].cost.status == 0:
        console.print(extrapolated(steps[-2], steps[-1], given.to))


def grown(catalogue: pl.DataFrame, size: int, seed: int, out: Path, timeout: float) -> Step:
    """Match a catalogue of that size in a process of its own, without a cache."""
    larger = renoise(catalogue, math.ceil(size / catalogue.height), seed)
    larger = subsample(larger, size, seed)
    file, result = out / f"growth{size}.csv", out / f"growth{size}"
    # Labels keep products whole; that they are written too is another task.
    larger.drop("label_group", strict=False).write_csv(file)
    # Photos are not there; their hashes are a column.
    looks = ["-e", "tfidf", *(["-e", "phash"] if "image_phash" in larger.columns else [])]
    command = [*SAMESKU, "match", str(file), *looks, "--no-cache", "--out", str(result)]
    cost = measure(command, timeout=timeout, log=out / f"growth{size}.log")
    if cost.status != 0:
        return Step(larger.height, cost, 0, {})
    run = json.loads((result / "run.json").read_text(encoding="utf-8"))
    return Step(larger.height, cost, run["results"]["matched_pairs"], run["seconds"])


def extrapolated(before: Step, last: Step, to: int) -> str:
    """Time and memory at another size if they go on as from the last size but one to the last."""
    step = math.log(last.postings / before.postings)
    ahead = math.log(to / last.postings)
    told = []
    for name, unit in (("wall", "s"), ("cpu", "s"), ("peak_mb", "MB")):
        here, was = getattr(last.cost, name), getattr(before.cost, name)
        power = math.log(here / was) / step
        told.append(f"{name} {here * math.exp(power * ahead):,.0f} {unit} (power {power:.2f})")
    return f"at {to:,} postings, if it goes on like that: {', '.join(told)}"


def table(steps: list[Step]) -> Table:
    """Each size, and its cost as a multiple of the size before."""
    shown = Table(
        "postings", "matched pairs", "wall s", "CPU s", "peak MB", "growth: wall", "CPU", "memory"
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
