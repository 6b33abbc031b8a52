"""Which labelled photos the shipped photo network learned from, and which it never saw."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Labelled", "read_labelled"]

# Share of the products held out: of Shopee's beside those of the validation part, of the grocery's.
HELD_OUT = {"shopee": 0.45, "grocery": 1 / 3}


@dataclass(frozen=True, eq=False)
class Labelled:
    """Photos of one data set, each once.

    Attributes
    ----------
    paths : list of Path
    labels : str (n,)
    held_out : bool (n,)
        No network trained here saw the photo; of Shopee, nor any other of its product.
    new_product : bool (n,)
        ... nor, of the grocery, any other of its product.
    """

    paths: list[Path]
    labels: NDArray[np.str_]
    held_out: NDArray[np.bool_]

    @property
    def taught(self) -> list[Path]:
        """Photos that the network learned from."""
        return [path for path, apart in zip(self.paths, self.held_out, strict=True) if not apart]

    @property
    def new_product(self) -> NDArray[np.bool_]:
        """Photos of products of which no photo was trained on."""
        return ~np.isin(self.labels, self.labels[~self.held_out])


def read_labelled(folder: Path) -> Labelled:
    """Read Shopee (`train.csv`, `split.csv`) or the grocery (`postings.csv`), with `images/`.

    Held out for good are, of Shopee, all products of the validation part and 45% of the others, by
    a hash of their label; of the grocery all photos but those of its training split, and of that
    one product in three.
    """
    kind = "shopee" if (folder / "train.csv").is_file() else "grocery"
    rows = _rows(folder, kind)
    labels = np.array([row["label_group"] for row in rows])
    if kind == "shopee":
        validating = np.array([row["split"] == "validation" for row in rows])
        apart = np.isin(labels, labels[validating])
    else:
        apart = np.array([row["split"] != "train" for row in rows])
    drawn = np.array([_draw(kind, label) < HELD_OUT[kind] for label in labels])
    return Labelled([folder / "images" / row["image"] for row in rows], labels, apart | drawn)


def _rows(folder: Path, kind: str) -> list[dict[str, str]]:
    """One row per photo that is there."""
    if kind == "grocery":
        rows = _read(folder / "postings.csv")
    else:
        splits = {row["posting_id"]: row["split"] for row in _read(folder / "split.csv")}
        rows = [{**row, "split": splits[row["posting_id"]]} for row in _read(folder / "train.csv")]
    first: dict[str, dict[str, str]] = {}
    for row in rows:
        first.setdefault(row["image"], row)
    return [row for row in first.values() if (folder / "images" / row["image"]).is_file()]


def _read(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _draw(kind: str, label: str) -> float:
    """A number from 0 to 1 that only the label decides."""
    digest = hashlib.blake2b(f"samesku-photo:{kind[0]}{label}".encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "big") / 2**64
