"""The contenders of a benchmark: how each is started and where its pairs are read from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import polars as pl
from quality import ScoredPairs

__all__ = ["CONTENDERS", "SAMESKU", "Contender", "Job", "chosen"]

PEERS = Path(__file__).with_name("peers.py")
Each = TypeVar("Each")
SAMESKU = [sys.executable, "-m", "samesku"]


@dataclass(frozen=True)
class Job:
    """What every contender is given, and a folder for what comes out."""

    folder: Path
    catalogue: Path
    photos: Path | None
    labelled: Path | None


@dataclass(frozen=True)
class Contender:
    """One row of the table.

    Attributes
    ----------
    name : str
    sees : {"titles", "photos", "both"}
    command : callable
        The command line that does the job.
    read : callable
        The pairs that it found.
    ways : tuple of str
        How its pairs become a decision (`quality.WAYS`), its own way first.
    default : float or None
        The threshold it comes with, or that its documentation shows.
    prime : callable or None
        A command run before, and not measured.
    """

    name: str
    sees: Literal["titles", "photos", "both"]
    command: Callable[[Job], list[str]]
    read: Callable[[Job], ScoredPairs]
    ways: tuple[str, ...]
    default: float | None
    prime: Callable[[Job], list[str]] | None = None

    @property
    def slug(self) -> str:
        """Its name as a file name."""
        return self.name.replace(" ", "-")


def _samesku(
    name: str, sees: Literal["titles", "photos", "both"], *options: str, warm: bool = False
) -> Contender:
    out = name.replace(" ", "-")

    def command(job: Job) -> list[str]:
        kept = ["--cache", str(job.folder / "cache")] if warm else ["--no-cache"]
        photos = [] if job.photos is None else ["--photos", str(job.photos)]
        result = ["--out", str(job.folder / out)]
        return [*SAMESKU, "match", str(job.catalogue), *options, *kept, *photos, *result]

    def read(job: Job) -> ScoredPairs:
        return _written_pairs(job.catalogue, job.folder / out)

    return Contender(name, sees, command, read, ("groups",), 0.5, command if warm else None)


def _peer(
    name: str,
    sees: Literal["titles", "photos"],
    default: float | None,
    own_way: str = "components",
) -> Contender:
    def command(job: Job) -> list[str]:
        photos = [] if job.photos is None else ["--photos", str(job.photos)]
        labelled = [] if job.labelled is None else ["--labelled", str(job.labelled)]
        out = str(job.folder / f"{name}.npz")
        return [sys.executable, str(PEERS), name, str(job.catalogue), out, *photos, *labelled]

    def read(job: Job) -> ScoredPairs:
        with np.load(job.folder / f"{name}.npz") as stored:
            return ScoredPairs(stored["left"], stored["right"], stored["score"])

    other_way = "pairs" if own_way == "components" else "components"
    return Contender(name, sees, command, read, (own_way, other_way), default)


def _written_pairs(catalogue: Path, folder: Path) -> ScoredPairs:
    """Matched pairs and near misses, as positions in the catalogue."""
    columns = ["left_id", "right_id", "score"]
    files = [folder / "pairs.parquet", folder / "near_misses.parquet"]
    table = pl.concat([pl.read_parquet(file, columns=columns) for file in files])
    ids = pl.read_csv(catalogue, columns=["posting_id"], infer_schema=False).with_row_index("row")
    table = table.drop_nulls("score")
    for side in ("left", "right"):
        named = ids.rename({"posting_id": f"{side}_id", "row": side})
        table = table.join(named, on=f"{side}_id", maintain_order="left")
    ends = table.select(pl.col("left", "right").cast(pl.Int64)).to_numpy()
    return ScoredPairs(ends.min(axis=1), ends.max(axis=1), table["score"].to_numpy())


# 10 of 64 bits is imagededup's default; 0.95 is what splink's own first page shows, 0.55 and 0.17
# what pyJedAI's own workflows take.
CONTENDERS = {
    contender.name: contender
    for contender in (
        _samesku("samesku", "both", "--fusion", "union"),
        _samesku("samesku warm", "both", "--fusion", "union", warm=True),
        _samesku("samesku titles", "titles", "--encoder", "tfidf"),
        _peer("scikit-learn", "titles", None),
        _peer("string_grouper", "titles", 0.8),
        _peer("splink", "titles", 0.95),
        _peer("dedupe", "titles", 0.5),
        _peer("pyjedai", "titles", 0.55),
        _peer("pyjedai 3-grams", "titles", 0.17),
        _samesku("samesku hashes", "photos", "--encoder", "phash"),
        _peer("imagehash", "photos", None),
        _peer("imagededup", "photos", 1 - 10 / 64, "pairs"),
    )
}


def chosen(names: str, contenders: Mapping[str, Each]) -> list[Each]:
    """Those named, between commas; all where none is."""
    wanted = [name.strip() for name in names.split(",") if name.strip()] or list(contenders)
    if unknown := [name for name in wanted if name not in contenders]:
        raise SystemExit(f"no contender {', '.join(unknown)}; choose of {', '.join(contenders)}")
    return [contenders[name] for name in wanted]
