"""How good a model is on links between two sources, and on small catalogues of look-alikes.

    python benchmarks/zero_label.py TABLE.csv ... [--model FOLDER] [--strangers 35] [--same KINDS]

A table has `label_group`, or beside it `NAME.pairs.csv` with `left_id`, `right_id` and `same`
(1 or 0), over which precision and recall are counted then. Where it has a column `source` or `shop`
of two values, its sources are linked one to one as well, and once more with so many postings of
another table added to either source: a link that was right before should not be lost by them.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path

import polars as pl

from samesku import Matcher, Matches, read_catalog
from samesku.scoring.classifier import PairClassifier
from samesku.scoring.fusion import Fusion
from samesku.scoring.learned import Learned, shipped_model

Pairs = set[frozenset[str]]
# Larger catalogues are scored by `samesku evaluate`.
MOST = 5_000


def main() -> None:
    """One line per table and way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, help="folder; default: the shipped one")
    parser.add_argument("--same", default="", help="kinds of attributes that may differ")
    parser.add_argument("--strangers", type=int, default=0)
    options = parser.parse_args()
    model = PairClassifier.load(options.model) if options.model else shipped_model()
    fusion = Learned(model, tuple(filter(None, options.same.split(","))))
    print("| table | way | pairs | precision | recall | F1 |\n|---|---|---|---|---|---|")
    tables = {path: readable(path) for path in options.tables}
    for path, table in tables.items():
        others = [each for other, each in tables.items() if other != path]
        strangers = pl.concat([each.select("posting_id", "title") for each in others] or [table])
        score(path, table, fusion, strangers.head(0), 0)
        if options.strangers and "source" in table.columns and others:
            score(path, table, fusion, strangers, options.strangers)


def score(path: Path, table: pl.DataFrame, fusion: Fusion, others: pl.DataFrame, add: int) -> None:
    """Print how well one table is matched, and linked."""
    truth, asked = known(path, table)
    linked = "source" in table.columns and table["source"].n_unique() == 2
    if table.height <= MOST and not add:
        found = Matcher(fusion=fusion).match(read_catalog(table))
        show(path, "match", grouped(found), truth, asked)
    if not linked:
        return
    source = dict(table.select("posting_id", "source").iter_rows())
    for name in sorted(set(table["source"].to_list())) if add else [""]:
        more = others.sample(min(add, others.height), seed=0).with_columns(
            posting_id="stranger-" + pl.int_range(pl.len()).cast(pl.String), source=pl.lit(name)
        )
        both = pl.concat([table, more], how="diagonal")
        matcher = Matcher(fusion=fusion, pairs="across", decide="one-to-one")
        links = pairs_of(matcher.match(read_catalog(both)).links)
        across = {pair for pair in truth if len({source[posting] for posting in pair}) == 2}
        show(path, f"link, {add} more in {name}" if add else "link", links, across, asked)


def readable(path: Path) -> pl.DataFrame:
    """The table with its sources in the column of that name, each posting once, without photos."""
    table = pl.read_csv(path, infer_schema=False).rename({"shop": "source"}, strict=False)
    return table.drop("image", strict=False).unique("posting_id", maintain_order=True)


def known(path: Path, table: pl.DataFrame) -> tuple[Pairs, Pairs | None]:
    """The pairs of one product, and those of which the truth is known, None for all."""
    told = path.with_name(f"{path.stem}.pairs.csv")
    if told.exists():
        pairs = pl.read_csv(told, infer_schema=False)
        return pairs_of(pairs.filter(pl.col("same") == "1")), pairs_of(pairs)
    groups = table.drop_nulls("label_group").group_by("label_group").agg("posting_id")
    members = groups["posting_id"].to_list()
    return {frozenset(pair) for ids in members for pair in combinations(ids, 2)}, None


def grouped(matches: Matches) -> Pairs:
    """All pairs within the clusters."""
    table = pl.DataFrame({"id": matches.catalog.ids, "group": matches.clusters})
    members = table.group_by("group").agg("id")["id"].to_list()
    return {frozenset(pair) for ids in members for pair in combinations(ids, 2)}


def pairs_of(table: pl.DataFrame) -> Pairs:
    """The pairs of two columns of ids."""
    return {frozenset(pair) for pair in table.select("left_id", "right_id").iter_rows()}


def show(path: Path, way: str, found: Pairs, truth: Pairs, asked: Pairs | None) -> None:
    """Print one line of the table."""
    right = len(found & truth)
    told = len(found if asked is None else found & asked)
    precision, recall = right / max(told, 1), right / max(len(truth), 1)
    f1 = 2 * right / max(told + len(truth), 1)
    print(
        f"| {path.name} | {way} | {told} | {precision:.3f} | {recall:.3f} | {f1:.3f} |", flush=True
    )


if __name__ == "__main__":
    main()
