"""`samesku link` and what a user would pick instead, side by side on the same two shops.

    python benchmarks/run_linking.py abt_buy.csv shopee_lazada.csv
        [--contenders samesku,splink] [--timeout 600] [--out FOLDER]

Each file holds two shops: `source` tells the shop, `label_group` the product. Prints one table per
file and writes `results.json` and `results.md`; benchmarks/README.md tells what the columns mean.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
from contenders import SAMESKU, chosen
from linking import THRESHOLDS, best_threshold, by_source, figures, true_links
from measure import last_line, measure
from rich.console import Console
from tables import load_average, machine, number, show, write

from samesku.linking.assignment import choose_links
from samesku.linking.links import NEAR
from samesku.linking.sides import Sides

__all__ = ["CONTENDERS", "LinkRow", "compete"]

PEERS = Path(__file__).with_name("linking_peers.py")
# What a shop tells, apart from the answer; and the files of both shops for who sees what.
TOLD = ("posting_id", "title", "description", "brand", "price")
SEEN = {"all": TOLD, "titles": TOLD[:2], "labels": (*TOLD, "label_group")}
COLUMNS = (
    *("contender", "sees", "wall s", "CPU s", "peak MB", "precision", "recall"),
    *("F1 as shipped", "best F1", "at", "note"),
)


@dataclass(frozen=True)
class Contender:
    """One row of the table.

    Attributes
    ----------
    name : str
    sees : {"all", "titles", "labels"}
        Titles, descriptions, brands and prices; titles alone; or all and known links.
    default : float or None
        The threshold it comes with, or that its documentation shows.
    peer : str
        Its name among the peers, where that is another.
    """

    name: str
    sees: str
    default: float | None
    peer: str = ""

    @property
    def is_samesku(self) -> bool:
        """Whether it is a row of ours."""
        return self.name.startswith("samesku")

    def command(self, folder: Path) -> list[str]:
        """The command line that does the job."""
        shops = [str(folder / f"{side}-{self.sees}.csv") for side in ("left", "right")]
        out = str(self.out(folder))
        if self.is_samesku:
            return [*SAMESKU, "link", *shops, "--no-cache", "--out", out]
        return [sys.executable, str(PEERS), self.peer or self.name, *shops, out]

    def out(self, folder: Path) -> Path:
        """Where its links go."""
        return folder / f"{self.name.replace(' ', '-')}{'' if self.is_samesku else '.csv'}"


# 0.95 is what splink's own first page shows, 0.17 what pyJedAI's own workflow takes; dedupe's
# `join` comes with 0.5, string_grouper with 0.8.
CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("samesku", "all", 0.5),
        Contender("samesku titles", "titles", 0.5),
        Contender("mutual nearest titles", "titles", None),
        Contender("string_grouper", "titles", 0.8),
        Contender("splink", "all", 0.95),
        Contender("pyjedai", "all", 0.17),
        Contender("pyjedai titles", "titles", 0.17, peer="pyjedai"),
        Contender("dedupe", "labels", 0.5),
    )
}


@dataclass(frozen=True)
class LinkRow:
    """One contender on one pair of shops; None where it could not be measured."""

    shops: str
    offers: tuple[int, int]
    contender: str
    sees: str
    wall: float | None = None
    cpu: float | None = None
    peak_mb: float | None = None
    default: float | None = None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    best_f1: float | None = None
    best_line: float | None = None
    note: str = ""
    load: float = field(default_factory=load_average)

    columns: ClassVar[Sequence[str]] = COLUMNS

    @property
    def heading(self) -> str:
        """Of the table that holds the row."""
        return f"{self.shops}: {self.offers[0]:,} + {self.offers[1]:,} offers"

    @property
    def cells(self) -> list[str]:
        """As text, under COLUMNS."""
        shipped = "" if self.f1 is None else f"{self.f1:.3f} (at {self.default:.2f})"
        return [
            *(self.contender, self.sees),
            *(number(self.wall, 1), number(self.cpu, 1), number(self.peak_mb, 0)),
            *(number(self.precision, 3), number(self.recall, 3), shipped),
            *(number(self.best_f1, 3), number(self.best_line, 2), self.note),
        ]


def main() -> None:
    """Read the arguments, run every contender on every pair of shops, print and write tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogues", type=Path, nargs="+", help="each with two sources")
    parser.add_argument("--contenders", default="", help=f"of {', '.join(CONTENDERS)}")
    parser.add_argument("--timeout", type=float, default=600, help="seconds per contender")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    given = parser.parse_args()

    console, rows = Console(width=170), []
    environment = machine(split=False)
    for catalogue in given.catalogues:
        sides = by_source(catalogue)
        folder = given.out.resolve() / catalogue.stem
        folder.mkdir(parents=True, exist_ok=True)
        write_shops(sides, folder)
        for contender in chosen(given.contenders, CONTENDERS):
            row = LinkRow(
                catalogue.stem,
                (len(sides.left), len(sides.right)),
                contender.name,
                contender.sees,
                default=contender.default,
            )
            rows.append(compete(contender, row, folder, sides, given.timeout))
            console.print(f"{catalogue.stem}: {' | '.join(rows[-1].cells)}")
            write(given.out, environment, rows)
    show(console, rows)


def write_shops(sides: Sides, folder: Path) -> None:
    """Write what the contenders read: each shop with all it tells, with titles, with labels."""
    for side, shop in (("left", sides.left), ("right", sides.right)):
        for seen, columns in SEEN.items():
            told = shop.frame.select(name for name in columns if name in shop.frame.columns)
            told.write_csv(folder / f"{side}-{seen}.csv")


def compete(
    contender: Contender, row: LinkRow, folder: Path, sides: Sides, timeout: float
) -> LinkRow:
    """Run one contender in a process of its own and score what it found."""
    log = folder / f"{contender.name.replace(' ', '-')}.log"
    cost = measure(contender.command(folder), timeout=timeout, log=log)
    row = replace(row, wall=cost.wall, cpu=cost.cpu, peak_mb=cost.peak_mb)
    if cost.timed_out:
        return replace(row, note=f"stopped after {timeout:.0f} s")
    if cost.status != 0:
        return replace(row, note=last_line(log) or f"ended with status {cost.status}")
    if contender.is_samesku:
        pairs = read_links(contender.out(folder))
        scored = [
            (float(line), figures(one_to_one(pairs, line), sides)[2])
            for line in THRESHOLDS[THRESHOLDS >= NEAR]
        ]
        best_line, best_f1 = max(scored, key=lambda each: each[1])
    else:
        pairs = pl.read_csv(contender.out(folder), schema_overrides={"left_id": pl.String})
        pairs = pairs.cast({"right_id": pl.String, "score": pl.Float64})
        best = best_threshold(pairs, true_links(sides))
        best_line, best_f1 = best["threshold"], best["f1"]
    row = replace(row, best_f1=best_f1, best_line=best_line)
    if contender.default is None:
        return row
    least = contender.default
    accepted = (
        one_to_one(pairs, least) if contender.is_samesku else pairs.filter(pl.col("score") >= least)
    )
    precision, recall, f1 = figures(accepted, sides)
    return replace(row, precision=precision, recall=recall, f1=f1)


def read_links(folder: Path) -> pl.DataFrame:
    """Links and pairs that nearly were, as `samesku link` wrote them."""
    tables = (
        pl.read_csv(folder / name, infer_schema=False).select("left_id", "right_id", "probability")
        for name in ("links.csv", "near_links.csv")
    )
    return pl.concat(tables).cast({"probability": pl.Float64})


def one_to_one(pairs: pl.DataFrame, line: float) -> pl.DataFrame:
    """The links at another line, chosen as samesku chooses them."""
    left, right = (
        np.unique(pairs[f"{side}_id"].to_numpy(), return_inverse=True)[1]
        for side in ("left", "right")
    )
    return pairs[choose_links(left, right, pairs["probability"].to_numpy(), line=float(line))]


if __name__ == "__main__":
    main()
