"""What crowds of alike postings and long titles cost: time and memory of a whole `match`.

    python benchmarks/crowds.py [--only COUNTER] [--timeout 300] [--out FOLDER]

Nothing is read but what is made here, from a seed. Titles of many words draw them from a language
of their own, in which few words are said often, as in any; four titles each are of one product.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from contenders import SAMESKU
from measure import Cost, last_line, measure
from rich.console import Console
from rich.table import Table

COUNTED = "Casing Samsung Galaxy A52 Softcase Silikon Motif Bunga Nomor"
# Crowd -> its titles, and the seconds and megabytes that it may take at most.
CROWDS: dict[str, tuple[Callable[[], list[str]], float, float]] = {
    "2,000 identical titles": (lambda: ["Susu Bebelo 400 gram"] * 2_000, 5, 500),
    "20,000 identical titles": (lambda: ["Susu Bebelo 400 gram"] * 20_000, 10, 1_000),
    "20,000 titles, differing in a counter": (
        lambda: [f"{COUNTED} {number}" for number in range(20_000)],
        60,
        2_000,
    ),
    "50 titles of 2,000 words": (lambda: spoken(50, 2_000), 5, 2_000),
    "4,000 titles of 500 words": (lambda: spoken(4_000, 500), 60, 2_000),
    "a title of 40,000 characters among 1,000": (
        lambda: [*spoken(999, 8), " ".join(spoken(1, 8_000))[:40_000]],
        10,
        500,
    ),
}


def main() -> None:
    """Read the arguments, match each crowd in a process of its own, print and write one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a word of the crowds to match")
    parser.add_argument("--timeout", type=float, default=300, help="seconds per crowd")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    table = Table("crowd", "wall s", "CPU s", "peak MB", "at most", "pairs judged", "largest group")
    record, above = {}, False
    for number, (name, (titles, seconds, megabytes)) in enumerate(CROWDS.items()):
        if given.only not in name:
            continue
        cost, run, note = matched(titles(), given.out / f"crowd{number}", given.timeout)
        found = run.get("results", {})
        record[name] = {**asdict(cost), "results": found, "seconds": run.get("seconds", {})}
        above |= cost.status != 0 or cost.wall > seconds or cost.peak_mb > megabytes
        table.add_row(
            name, f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{cost.peak_mb:,.0f}",
            f"{seconds:g} s, {megabytes:,} MB", f"{found.get('candidates', 0):,}",
            note or f"{found['largest_cluster']:,}",
        )  # fmt: skip
    Console(width=120).print(table)
    (given.out / "crowds.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    sys.exit(above)


def matched(titles: list[str], place: Path, timeout: float) -> tuple[Cost, dict[str, Any], str]:
    """What matching the titles cost, the record of the run, and what went wrong."""
    file = place.with_suffix(".csv")
    ids = [f"p{number}" for number in range(len(titles))]
    pl.DataFrame({"posting_id": ids, "title": titles}).write_csv(file)
    log = place.with_suffix(".log")
    command = [*SAMESKU, "match", str(file), "--no-cache", "--out", str(place)]
    cost = measure(command, timeout=timeout, log=log)
    if cost.status != 0:
        return cost, {}, f"stopped after {timeout:g} s" if cost.timed_out else last_line(log)
    return cost, json.loads((place / "run.json").read_text(encoding="utf-8")), ""


def spoken(titles: int, words: int) -> list[str]:
    """Titles of a language of 20,000 words, the n-th word said 1/n as often; four of each product.

    The four have nine of ten words in common.
    """
    rng = np.random.default_rng(0)
    letters = rng.integers(ord("a"), ord("z") + 1, (20_000, 7)).astype(np.uint32)
    language = np.array(["".join(map(chr, each[: rng.integers(3, 8)])) for each in letters])
    often = 1 / np.arange(1, len(language) + 1)
    product, own = rng.choice(language, (2, titles, words), p=often / often.sum())
    product = product[np.arange(titles) // 4]
    said = np.where(rng.random((titles, words)) < 0.1, own, product)
    return [" ".join(each) for each in said]


if __name__ == "__main__":
    main()
