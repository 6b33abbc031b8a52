"""Which postings stand together in a batch: several of one product, look-alikes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from samesku.catalog.catalog import Catalog
from samesku.encoders import PHash, Tfidf
from samesku.encoders.base import Encoder
from samesku.matcher import Matcher
from samesku.runtime.cache import Cache
from samesku.runtime.progress import Progress

Codes = NDArray[np.int64]

# Look-alikes remembered per product, and brought into the batch with it.
REMEMBERED = 8
BROUGHT = 3


@dataclass(frozen=True, eq=False)
class LookAlikes:
    """Which products a search takes for each other.

    The hard negatives of product `p`, the likest first, are ``other[start[p]:start[p + 1]]``.
    """

    start: Codes
    other: Codes

    def of(self, product: int) -> Codes:
        """The look-alikes of one product, the likest first."""
        return self.other[self.start[product] : self.start[product + 1]]

    @classmethod
    def none(cls, products: int) -> LookAlikes:
        """Nothing looks like anything."""
        return cls(np.zeros(products + 1, np.int64), np.empty(0, np.int64))


def mine(
    catalog: Catalog,
    labels: Codes,
    *,
    photos: bool,
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> LookAlikes:
    """Find the wrong products that the matcher's own search would offer as candidates.

    `catalog` holds the postings that train, and no others; `labels`, int64 ``(n,)``, product codes
    from 0 without gaps. With `photos` photos are searched by their hash, too.
    """
    encoders: list[Encoder] = [Tfidf(), PHash()] if photos else [Tfidf()]
    pairs = Matcher(encoders, "union", cache=cache, progress=progress).candidates(catalog)
    wrong = labels[pairs.left] != labels[pairs.right]
    left, right = labels[pairs.left[wrong]], labels[pairs.right[wrong]]
    likeness = np.nan_to_num(pairs.similarity[wrong]).max(axis=1, initial=0)
    ends = np.concatenate([left, right]), np.concatenate([right, left])
    likeness = np.concatenate([likeness, likeness])
    products = int(labels.max(initial=-1)) + 1
    # The likest pair of postings stands for its two products.
    order = np.lexsort((ends[1], -likeness, ends[0]))
    cells = (ends[0] * products + ends[1])[order]
    first = np.sort(order[np.unique(cells, return_index=True)[1]])
    first = first[np.lexsort((ends[1][first], -likeness[first], ends[0][first]))]
    owner = ends[0][first]
    place = np.arange(len(owner)) - np.searchsorted(owner, owner)
    first, owner = first[place < REMEMBERED], owner[place < REMEMBERED]
    return LookAlikes(np.searchsorted(owner, np.arange(products + 1)), ends[1][first])


@dataclass(frozen=True, eq=False)
class ProductBatches:
    """Deals postings to batches; every posting is in one batch per epoch.

    The batches of an epoch depend on nothing but the seed and the epoch's number, so interrupted
    training continues where it was. A batch holds at most `batch` postings, those of one product
    `per_group` together; a share `hard` of products bring their hard negatives with them.
    """

    labels: Codes
    look_alikes: LookAlikes
    batch: int = 32
    per_group: int = 2
    hard: float = 0.5
    seed: int = 0

    def epoch(self, number: int) -> list[Codes]:
        """The batches of one epoch: positions of postings.

        A last batch of less than half the size is left out: what normalises over a batch would
        learn from very few.
        """
        rng = np.random.default_rng([self.seed, number])
        flat = [posting for clump in self._clumps(rng) for posting in clump]
        starts = range(0, len(flat), self.batch)
        batches = [np.array(flat[start : start + self.batch], dtype=np.int64) for start in starts]
        if len(batches) > 1 and len(batches[-1]) < max(2, self.batch // 2):
            batches.pop()
        # Look-alikes lie in one batch or two in a row; the batches come in any order.
        return [batches[place] for place in rng.permutation(len(batches))]

    def _clumps(self, rng: np.random.Generator) -> list[Sequence[int]]:
        """Clumps of `per_group` postings of one product, look-alikes following each other."""
        order = rng.permutation(len(self.labels))
        order = order[np.argsort(self.labels[order], kind="stable")]
        bounds = np.searchsorted(self.labels[order], np.arange(int(self.labels.max()) + 2))
        waiting: list[list[Sequence[int]]] = [
            [
                order[at : min(at + self.per_group, end)].tolist()
                for at in range(begin, end, self.per_group)
            ]
            for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        ]
        turns = np.repeat(np.arange(len(waiting)), [len(each) for each in waiting])
        clumps: list[Sequence[int]] = []
        for product in rng.permutation(turns).tolist():
            if not waiting[product]:
                continue
            clumps.append(waiting[product].pop())
            if rng.random() < self.hard:
                others = self.look_alikes.of(product)
                brought = [other for other in others.tolist() if waiting[other]][:BROUGHT]
                clumps += [waiting[other].pop() for other in brought]
        return clumps
