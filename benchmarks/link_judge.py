"""Train the judge of links on pseudo-shops cut from a labelled catalogue, and score it on others.

    python benchmarks/link_judge.py train.csv --split split.csv --out src/samesku/models/links

Trains on the postings that the split calls `train`, and scores pseudo-shops cut from the others.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from linking import figures, yardstick

from samesku.catalog import Catalog, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.linking import LinkJudge, link
from samesku.linking.pseudo_shops import PseudoShops, deal, draw_shops
from samesku.linking.training import train_judge
from samesku.record import environment

SHOPS = 160
OVERLAPS = (1.0, 0.5, 0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--split", type=Path, required=True, help="posting_id,split")
    parser.add_argument("--out", type=Path, help="folder of the judge; without it: only score")
    options = parser.parse_args()
    train, rest = split_catalog(options.catalogue, options.split)
    judge = None
    if options.out is not None:
        shops = (draw_shops(train, 1000 + number) for number in range(SHOPS))
        card = {
            **environment(),
            "trained_on": {"catalogue": options.catalogue.name, "postings": len(train)},
        }
        judge = train_judge(shops, card)
        judge.save(options.out)
    score(rest, judge)


def split_catalog(catalogue: Path, split: Path) -> tuple[Catalog, Catalog]:
    """The training postings and the others."""
    catalog, parts = read_catalog(catalogue), read_split(split)
    is_train = np.array([parts.get(posting) == "train" for posting in catalog.ids])
    return catalog.take(np.flatnonzero(is_train)), catalog.take(np.flatnonzero(~is_train))


def read_split(split: Path) -> dict[str, str]:
    rows = (line.split(",") for line in split.read_text().splitlines()[1:])
    return {posting: part.strip() for posting, part in rows}


def score(catalog: Catalog, judge: LinkJudge | None) -> None:
    """Print precision, recall and F1 on pseudo-shops of several overlaps, beside the yardstick."""
    print("pseudo-shops, titles only; overlap, precision, recall, F1, yardstick F1")
    for overlap in OVERLAPS:
        sides = deal(catalog, PseudoShops(overlap), seed=0)
        found = link(sides.left, sides.right, encoders=[Tfidf(), PHash()], judge=judge)
        precision, recall, f1 = figures(found.table, sides)
        print(f"{overlap:.1f}  {precision:.3f}  {recall:.3f}  {f1:.3f}  {yardstick(sides):.3f}")


if __name__ == "__main__":
    main()
