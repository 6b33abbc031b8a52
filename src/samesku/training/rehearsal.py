"""Small and uniform catalogues made of a large one, so that a model holds in them too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates, Source, join_candidates
from samesku.candidates.neighbors import CROWD, FLOOR, nearest
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Encoder, TextEncoder, Vectors

__all__ = ["Rehearsal", "beside", "gather_rehearsals", "rehearse"]

Places = NDArray[np.int64]

# Sizes of the catalogues, drawn evenly on a logarithmic scale between these.
SMALLEST, LARGEST = 20, 1000
# Share of the catalogues whose products resemble each other.
TOPICAL = 0.8
# Postings of all markets, and of all assortments, as a share of those that train.
MARKETS, ASSORTMENTS = 0.25, 0.35
# Offers of a product in an assortment: at most so many, any order of magnitude as often as another.
MOST_OFFERS = 60
# Offers of an assortment that keep their photo: copies of one would give the product away.
KEEPS_PHOTO = 0.3


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """A catalogue to train on beside the real one.

    Attributes
    ----------
    catalog : Catalog
    candidates : Candidates
    labels : int64 (n,)
        Product of each posting, by its number in the real catalogue.
    """

    catalog: Catalog
    candidates: Candidates
    labels: NDArray[np.int64]


def gather_rehearsals(
    catalog: Catalog,
    candidates: Candidates,
    encoders: Sequence[Encoder],
    rows: NDArray[np.integer],
    *,
    others: Sequence[tuple[Catalog, Candidates]] = (),
    seed: int = 0,
) -> list[Rehearsal]:
    """All that a model trains on beside a catalogue: other catalogues, and those drawn from it.

    Takes what :func:`rehearse` and :func:`beside` take.
    """
    return beside(others, catalog) + rehearse(catalog, candidates, encoders, rows, seed=seed)


def rehearse(
    catalog: Catalog,
    candidates: Candidates,
    encoders: Sequence[Encoder],
    rows: NDArray[np.integer],
    *,
    seed: int = 0,
    k: int = 50,
) -> list[Rehearsal]:
    """Draw catalogues of other sizes and kinds from the labelled postings of one.

    A model that trains on one catalogue learns what a rank, a rarity or a density mean in its
    size, and that sellers each write their own title. Here it meets what else there is: *markets*
    of 20 to 1,000 postings, most of them of products that resemble each other, and *assortments*,
    in which all offers of a product have one title, as in shops that name goods from a list. There
    two titles that are used again and again are two products, however alike they are.

    Parameters
    ----------
    catalog : Catalog
        With labels.
    candidates : Candidates
        Of the whole catalogue, with their sources: vectors of photos are taken from there.
    encoders : sequence of Encoder
        Those of the sources: titles whose vectors depend on the whole catalogue are encoded anew.
    rows : integer
        Postings that may be used.
    seed : int
    k : int
        Neighbours per posting and encoder.

    Returns
    -------
    list of Rehearsal
    """
    if catalog.labels is None:
        raise ValueError(f"{catalog.name} has no labels to rehearse with")
    draw = _Draw(catalog.labels, np.asarray(rows, dtype=np.int64), candidates, seed)
    by_name = {each.name: each for each in encoders if isinstance(each, TextEncoder)}
    made = []
    for uniform, share in ((False, MARKETS), (True, ASSORTMENTS)):
        left = int(share * len(draw.rows))
        while left >= SMALLEST:
            chosen = named = draw.market(min(left, draw.size()))
            left -= len(chosen)
            keeps = np.ones(len(chosen), dtype=bool)
            if uniform:
                chosen, named = draw.assortment(chosen)
                keeps = draw.rng.random(len(chosen)) < KEEPS_PHOTO
            own = _renamed(catalog, chosen, named)
            sources = [
                _searched(_seen_anew(source, own, chosen, named, keeps, by_name), k)
                for source in candidates.sources
            ]
            made.append(Rehearsal(own, join_candidates(sources), draw.labels[chosen]))
    return made


def beside(catalogues: Sequence[tuple[Catalog, Candidates]], catalog: Catalog) -> list[Rehearsal]:
    """Other labelled catalogues, to train on beside the given one.

    One whose photos are looked at by more than hashes comes twice: the second time by hashes alone,
    so that a model holds up where only those are asked for.

    Raises
    ------
    ValueError
        One has no labels.
    """
    begin = 0 if catalog.labels is None else int(catalog.labels.max(initial=-1)) + 1
    others = []
    for other, candidates in catalogues:
        if other.labels is None:
            raise ValueError(f"{other.name} has no labels to train on")
        labels = np.where(other.labels >= 0, other.labels + begin, -1)
        begin = int(labels.max()) + 1
        others.append(Rehearsal(other, candidates, labels))
        hashes = [each for each in candidates.sources if each.vectors.kind == "bits"]
        titles = [each for each in candidates.sources if each.modality == "text"]
        if hashes and len(titles) + len(hashes) < len(candidates.sources):
            others.append(Rehearsal(other, join_candidates([*titles, *hashes]), labels))
    return others


class _Draw:
    """Chances, and who resembles whom."""

    def __init__(
        self, labels: NDArray[np.int64], rows: Places, candidates: Candidates, seed: int
    ) -> None:
        self.labels = labels
        self.rng = np.random.default_rng(seed)
        self.rows = rows[labels[rows] >= 0]
        order = self.rows[np.argsort(labels[self.rows], kind="stable")]
        self.products = np.unique(labels[order])
        self.members = _by_key(labels[order], order)
        ends = np.stack([labels[candidates.left], labels[candidates.right]])
        known = np.isin(ends, self.products).all(axis=0) & (ends[0] != ends[1])
        both = np.unique(np.concatenate([ends[:, known], ends[::-1, known]], axis=1), axis=1)
        self.alike = _by_key(both[0], both[1])

    def size(self) -> int:
        """Of a catalogue."""
        return int(np.exp(self.rng.uniform(np.log(SMALLEST), np.log(LARGEST))))

    def market(self, size: int) -> Places:
        """Whole products, about so many postings: any, or those around one."""
        near = self.rng.random() < TOPICAL
        chosen: list[int] = []
        taken: set[int] = set()
        waiting: list[int] = []
        count = 0
        while count < size and len(taken) < len(self.products):
            if not waiting:
                waiting.append(int(self.rng.choice(self.products)))
            product = waiting.pop()
            if product in taken:
                continue
            taken.add(product)
            chosen.append(product)
            count += len(self.members[product])
            if near and product in self.alike:
                waiting = [*self.rng.permutation(self.alike[product]).tolist(), *waiting]
        return np.concatenate([self.members[product] for product in chosen])

    def assortment(self, chosen: Places) -> tuple[Places, Places]:
        """Postings to copy, and whose title each copy has, as many as were chosen."""
        products = self.rng.permutation(np.unique(self.labels[chosen]))
        postings, titles, count = [], [], 0
        for product in products.tolist():
            members = self.members[product]
            offers = int(np.exp(self.rng.uniform(0, np.log(MOST_OFFERS))))
            postings.append(self.rng.choice(members, offers))
            titles.append(np.full(offers, self.rng.choice(members)))
            count += offers
            if count >= len(chosen):
                break
        return np.concatenate(postings), np.concatenate(titles)


def _by_key(keys: Places, values: Places) -> dict[int, Places]:
    """The values of each key; keys ascend."""
    names, starts = np.unique(keys, return_index=True)
    # Without keys there is one empty part all the same.
    return dict(zip(names.tolist(), np.split(values, starts[1:]), strict=False))


def _renamed(catalog: Catalog, chosen: Places, named: Places) -> Catalog:
    """The chosen postings, each with the title of another."""
    own = catalog.take(chosen)
    titles = pl.Series("title", [catalog.titles[row] for row in named.tolist()], pl.String)
    return replace(own, frame=own.frame.with_columns(titles))


def _seen_anew(
    source: Source,
    own: Catalog,
    chosen: Places,
    named: Places,
    keeps: NDArray[np.bool_],
    encoders: Mapping[str, TextEncoder],
) -> Source:
    """What an encoder makes of the drawn catalogue."""
    if source.modality == "photo":
        return replace(source, vectors=_rows_of(source.vectors, chosen, keeps))
    if source.vectors.kind == "dense":
        return replace(source, vectors=_rows_of(source.vectors, named, np.ones_like(keeps)))
    # What a word of a sparse vector weighs depends on the catalogue.
    return replace(source, vectors=encoders[source.encoder].encode_titles(own.normal_titles))


def _searched(source: Source, k: int) -> Source:
    kind = source.vectors.kind
    found = nearest(source.vectors, k=k, floor=FLOOR[kind], deepen=CROWD.get(kind))
    return replace(source, neighbors=found)


def _rows_of(vectors: Vectors, chosen: Places, keeps: NDArray[np.bool_]) -> Vectors:
    """The vectors of other postings in another order; those not kept own no row."""
    counts = np.bincount(vectors.owner, minlength=vectors.size)
    begins = np.cumsum(counts) - counts
    wanted = np.where(keeps, counts[chosen], 0)
    owner = np.repeat(np.arange(len(chosen)), wanted)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    places = np.repeat(begins[chosen], wanted) + within
    probe = None if vectors.probe is None else vectors.probe[places]
    return Vectors(vectors.rows[places], owner, len(chosen), probe)
