"""Which postings share a batch: several of one product, and products that are easily confused."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from samesku.catalog.catalog import Catalog
from samesku.encoders import PHash, Tfidf
from samesku.encoders.base import Encoder
from samesku.matcher import Matcher
from samesku.runtime.arrays import Ints
from samesku.runtime.cache import Cache
from samesku.runtime.progress import Progress
from samesku.training.settings import TrainingSettings

# Hard negatives remembered per product, and brought into the batch with it.
REMEMBERED = 8
BROUGHT = 3


def mine(
    catalog: Catalog,
    labels: Ints,
    *,
    photos: bool,
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> list[list[int]]:
    """Find the wrong products that the matcher's own search would offer as candidates.

    `catalog` holds the postings that train, and no others; `labels`, int64 ``(n,)``, product codes
    from 0 without gaps. With `photos` photos are searched by their hash, too. Returns the hard
    negatives of each product, the most similar first.
    """
    encoders: list[Encoder] = [Tfidf(), PHash()] if photos else [Tfidf()]
    pairs = Matcher(encoders, "union", cache=cache, progress=progress).candidates(catalog)
    similarity = np.nan_to_num(pairs.similarity).max(axis=1, initial=0)
    ends = {"product": labels[pairs.left], "other": labels[pairs.right], "similarity": similarity}
    one_way = pl.DataFrame(ends)
    other_way = one_way.select(product="other", other="product", similarity="similarity")
    found = (
        pl.concat([one_way, other_way])
        .filter(pl.col("product") != pl.col("other"))
        .sort("similarity", "other", descending=[True, False])
        .unique(["product", "other"], keep="first", maintain_order=True)
        .group_by("product", maintain_order=True)
        .agg(pl.col("other").head(REMEMBERED))
    )
    known: dict[int, list[int]] = dict(found.iter_rows())
    return [known.get(product, []) for product in range(int(labels.max(initial=-1)) + 1)]


def product_batches(
    labels: Ints, hard_negatives: Sequence[Sequence[int]], settings: TrainingSettings, epoch: int
) -> list[Ints]:
    """Deal postings to the batches of an epoch: positions, each in one batch.

    They depend on nothing but the seed and the epoch, so interrupted training continues where it
    was. A batch holds at most `batch` postings, those of one product `per_group` together; a share
    `hard` of products bring their hard negatives with them. A last batch of less than half the size
    is left out: what normalises over a batch would learn from very few.
    """
    rng, size = np.random.default_rng([settings.seed, epoch]), settings.batch
    flat = [each for clump in _clumps(labels, hard_negatives, settings, rng) for each in clump]
    starts = range(0, len(flat), size)
    batches = [np.array(flat[start : start + size], dtype=np.int64) for start in starts]
    if len(batches) > 1 and len(batches[-1]) < max(2, size // 2):
        batches.pop()
    # Hard negatives are in one batch or two in a row; the batches come in any order.
    return [batches[place] for place in rng.permutation(len(batches))]


def _clumps(
    labels: Ints,
    hard_negatives: Sequence[Sequence[int]],
    settings: TrainingSettings,
    rng: np.random.Generator,
) -> list[list[int]]:
    """Clumps of `per_group` postings of one product, hard negatives following each other."""
    order, size = rng.permutation(len(labels)), settings.per_group
    order = order[np.argsort(labels[order], kind="stable")]
    bounds = np.searchsorted(labels[order], np.arange(int(labels.max()) + 2)).tolist()
    waiting: list[list[list[int]]] = [
        [order[at : min(at + size, end)].tolist() for at in range(begin, end, size)]
        for begin, end in pairwise(bounds)
    ]
    turns = np.repeat(np.arange(len(waiting)), [len(each) for each in waiting])
    clumps: list[list[int]] = []
    for product in rng.permutation(turns).tolist():
        if not waiting[product]:
            continue
        clumps.append(waiting[product].pop())
        if rng.random() < settings.hard and hard_negatives:
            others = [other for other in hard_negatives[product] if waiting[other]]
            clumps += [waiting[other].pop() for other in others[:BROUGHT]]
    return clumps
