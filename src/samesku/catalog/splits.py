"""Splits of a labelled catalogue in which nothing of a query's product was seen before."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from samesku.catalog.catalog import Catalog
from samesku.catalog.problems import CatalogError, Problem, usable
from samesku.catalog.tables import read_table
from samesku.runtime.arrays import Ints

# Columns of which equal values betray the same product, beside the label itself.
TELLTALES = ("label_group", "image", "image_phash")


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of labelled postings that choose the thresholds (`train`) and are scored (`test`)."""

    name: str
    train: Ints
    test: Ints


def group_folds(catalog: Catalog, folds: int = 4, seed: int = 0) -> list[Split]:
    """Cross-validation folds that share no label group and no identical photo or hash.

    Groups that share a photo or a hash are kept together. The largest such bundles are dealt
    first, each to the fold that is smallest so far; equal ones in an order drawn by `seed`. Raises
    ValueError without labels, or with fewer bundles than folds.
    """
    labels = catalog.known_labels("score against")
    if folds < 2:
        raise ValueError(f"cross-validation needs 2 folds or more, not {folds}")
    known = np.flatnonzero(labels >= 0)
    bundle = _bundles(catalog)[known]
    _, bundle, sizes = np.unique(bundle, return_inverse=True, return_counts=True)
    if len(sizes) < folds:
        raise ValueError(
            f"{len(sizes)} products that share neither label nor photo cannot make {folds} folds; "
            f"ask for fewer folds"
        )
    drawn = np.random.default_rng(seed).permutation(len(sizes))
    fold_of = np.empty(len(sizes), dtype=np.int64)
    filled = np.zeros(folds, dtype=np.int64)
    for place in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        fold_of[place] = smallest = int(filled.argmin())
        filled[smallest] += sizes[place]
    own = fold_of[bundle]
    return [
        Split(f"fold {fold + 1}", known[own != fold], known[own == fold]) for fold in range(folds)
    ]


def read_split(path: str | Path, catalog: Catalog) -> list[Split]:
    """Read a given split: a table with `posting_id` and `split`.

    Postings whose split is ``train`` choose the thresholds; every other name is scored. Raises
    CatalogError where columns or postings are missing, or no posting is in ``train``.
    """
    labels = catalog.known_labels("score against")
    frame, problems = read_table(Path(path))
    problems += [
        Problem.of("missing_column", names=repr(name), fix="add it")
        for name in ("posting_id", "split")
        if name not in frame.columns
    ]
    usable(str(path), problems)
    frame = frame.select(pl.col("posting_id", "split").cast(pl.String).str.strip_chars())
    twice = frame["posting_id"].is_duplicated() & frame["posting_id"].is_not_null()
    if twice.any():
        raise CatalogError(str(path), [Problem.of("duplicate_id", twice.arg_true())])
    joined = catalog.frame.select("posting_id").join(
        frame, on="posting_id", how="left", maintain_order="left"
    )
    labelled = labels >= 0
    names = joined["split"].fill_null("").to_numpy()
    scored = sorted(set(names[labelled]) - {"train", ""})
    train = np.flatnonzero((names == "train") & labelled)
    if not len(train) or not scored:
        raise CatalogError(str(path), [Problem.of("empty_split", names=sorted({*names} - {""}))])
    return [Split(name, train, np.flatnonzero((names == name) & labelled)) for name in scored]


def leaks(catalog: Catalog, split: Split) -> int:
    """How many scored postings share a label, a photo or a hash with one that chose thresholds."""
    bundle = _bundles(catalog)
    return int(np.isin(bundle[split.test], bundle[split.train]).sum())


def _bundles(catalog: Catalog) -> Ints:
    """Connected components of postings that share a telltale value, int64 ``(n,)``."""
    names = [name for name in TELLTALES if name in catalog.frame.columns]
    stated = catalog.frame.select(names).with_row_index("row").unpivot(index="row").drop_nulls()
    value = stated.select(pl.struct("variable", "value").rank("dense")).to_series().to_numpy()
    size, ends = len(catalog), (stated["row"].to_numpy(), value.astype(np.int64) + len(catalog))
    shape = (size + len(stated) + 1,) * 2
    graph = sp.coo_matrix((np.ones(len(stated), dtype=np.int8), ends), shape=shape)
    return np.asarray(connected_components(graph, directed=False)[1][:size])
