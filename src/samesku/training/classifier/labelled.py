"""Labelled catalogues to fit on: pairs described, what may differ, small catalogues drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import scipy.sparse as sp

from samesku.candidates.candidates import Candidates
from samesku.candidates.collapse import Collapsed
from samesku.catalog.catalog import Catalog
from samesku.matcher import Matcher
from samesku.runtime.arrays import AnyInts, Bools, Ints
from samesku.scoring.features import CatalogRows, pair_features, tolerating
from samesku.scoring.features.table import ANY, Features
from samesku.titles.attributes import KINDS
from samesku.training.classifier.edits import edited, variants, with_gtins, with_options

# With fewer pairs of one product than this, or pairs of fewer products, trees learn nothing that
# holds elsewhere.
LEAST_PAIRS, LEAST_PRODUCTS = 50, 5
# Postings of all small catalogues drawn from one, and how many each has.
SMALL_POSTINGS, SMALL_SIZES = 5_000, (1, 400)
# What one with edited postings, and one of variants alone, weighs beside one as it is.
EDITED_SHARE, VARIANTS_SHARE = 0.35, 0.25
# Part of the edited ones that give variants' attributes in columns.
OPTIONS = 0.4
# The column that says which postings were one catalogue, where a table holds several, and what
# these weigh together beside one large one.
CATALOGUE, SEVERAL_SHARE = "catalogue", 0.5
# A kind of attribute is tolerated where pairs that clash in it alone are one product at least this
# often, as a share of how often alike titles without a clash are.
TOLERATED, ENOUGH, ALIKE = 0.25, 50, 0.5


@dataclass(frozen=True, eq=False)
class Labelled:
    """The candidate pairs of a labelled catalogue, described.

    `labels`, int64 ``(n,)``, is the product of each posting, -1 where unknown or not to be looked
    at; `same` the kinds of attributes that may differ within one product. `features` are of all
    candidates; `strict` are those where nothing may differ, None where `same` is empty. `small`
    catalogues are drawn from it, to train on as well, as they are and with edited postings: a rank
    or a rarity means something else among a hundred postings. `origin`, int64 ``(n,)``, is the
    product of the posting that an edited one was made from, by default `labels`. A small catalogue
    weighs `share` of one with the postings as they are. One with edited postings trains only where
    nothing may differ (`strict_only`). `parts` is how many catalogues there are in it.
    """

    catalog: Catalog
    candidates: Candidates
    labels: Ints
    same: tuple[str, ...]
    features: Features
    strict: Features | None
    small: tuple[Labelled, ...] = ()
    origin: Ints | None = None
    share: float = 1.0
    strict_only: bool = False
    parts: int = 1

    @classmethod
    def of(
        cls,
        catalog: Catalog,
        candidates: Candidates,
        rows: AnyInts | None = None,
        same: Collection[str] | None = None,
        search: Callable[[Catalog], Candidates] | None = None,
        seed: int = 0,
    ) -> Labelled:
        """Describe the candidates of a whole catalogue, with their sources.

        `rows` are the postings whose labels may be looked at, by default all that have one. `same`,
        the kinds of attributes that may differ within one product, is measured where it is not
        given (:func:`tolerated_kinds`). With `search`, which finds the candidates of a catalogue,
        small catalogues are drawn as well, by `seed`. Raises ValueError where there are no labels,
        or too few pairs of one product to train on.
        """
        labels = catalog.known_labels("train on")
        if rows is not None:
            known = np.zeros(len(catalog), dtype=bool)
            known[rows] = True
            labels = np.where(known, labels, -1)
        made = _described(catalog, candidates, labels, same)
        made._check()
        return made if search is None else replace(made, small=tuple(_small(made, search, seed)))

    @property
    def trains(self) -> Bools:
        """Pairs whose truth may be looked at, bool ``(m,)``."""
        known = self.labels >= 0
        return np.asarray(known[self.candidates.left] & known[self.candidates.right])

    @property
    def true(self) -> Bools:
        """Pairs of one product, bool ``(m,)``; means nothing where a label is unknown."""
        return np.asarray(self.labels[self.candidates.left] == self.labels[self.candidates.right])

    def _check(self) -> None:
        """Refuse what no model can be learned from."""
        name, ours = self.catalog.name, self.true & self.trains
        true = np.count_nonzero(ours)
        false = np.count_nonzero(self.trains) - true
        if min(true, false) < LEAST_PAIRS:
            raise ValueError(
                f"{name} has {true:,} candidate pairs of one product and {false:,} of two "
                f"among its labels; training needs {LEAST_PAIRS} of each: label more postings, or "
                "use the model that comes with samesku"
            )
        if len(np.unique(self.labels[self.candidates.left[ours]])) < LEAST_PRODUCTS:
            raise ValueError(
                f"the candidate pairs of one product in {name} are of too few products: "
                "label offers of more products, or use the model that comes with samesku"
            )


def describe_labelled(
    matcher: Matcher,
    catalogs: Sequence[Catalog],
    same: Collection[str] | None = None,
    seed: int = 0,
) -> tuple[list[Collapsed], list[Labelled]]:
    """The distinct postings of labelled catalogues, and their candidates described to train on.

    One with a column `catalogue` holds several small ones: their pairs are described each among its
    own postings, and nothing may differ in them unless `same` says so.
    """
    # The many small catalogues that are drawn say nothing of their progress, and stay in no cache.
    search = Matcher(matcher.encoders, "union", k=matcher.k).candidates
    distinct, labelled = [], []
    for catalog in catalogs:
        if CATALOGUE in catalog.frame.columns:
            collapsed, described = _several(matcher, search, catalog, same or (), seed)
        else:
            collapsed = matcher.collapse(catalog, labelled=True)
            whole, pairs = collapsed.catalog, matcher.candidates(collapsed.catalog)
            with matcher.progress.stage("describe pairs"):
                described = Labelled.of(whole, pairs, same=same, search=search, seed=seed)
        distinct.append(collapsed)
        labelled.append(described)
    return distinct, labelled


def _several(
    matcher: Matcher,
    search: Callable[[Catalog], Candidates],
    catalog: Catalog,
    same: Collection[str],
    seed: int,
) -> tuple[Collapsed, Labelled]:
    """A table of several catalogues: the distinct postings of all, the pairs of each described."""
    rng = np.random.default_rng(seed)
    codes, parts, owners = np.empty(len(catalog), dtype=np.int64), [], []
    named = catalog.frame.select(pl.col(CATALOGUE).fill_null("")).with_row_index()
    of_each = named.group_by(CATALOGUE).agg("index").sort(CATALOGUE)["index"].to_list()
    catalog = replace(catalog, frame=catalog.frame.drop(CATALOGUE))
    labels = catalog.known_labels("train on")
    apart = told_apart(labels)
    with matcher.progress.stage("describe pairs", len(catalog)) as advance:
        for rows in map(np.array, of_each):
            part = matcher.collapse(catalog.take(rows), labelled=True)
            codes[rows] = rows[part.representative]
            owners.append(rows[part.rows])
            products = labels[owners[-1]]
            offered = apart[owners[-1]]
            small = with_gtins(part.catalog, offered, offered, rng)
            parts.append(_described(small, search(small), products, same))
            advance(len(rows))
    distinct = Collapsed.of(catalog, codes)
    joined = _joined(parts, [distinct.place[rows] for rows in owners], distinct.catalog)
    joined._check()
    return distinct, joined


def _joined(parts: Sequence[Labelled], rows: Sequence[Ints], catalog: Catalog) -> Labelled:
    """The pairs of several catalogues in one, in which their postings stand at these rows."""
    pairs = [part.candidates for part in parts]
    ends = [place[[each.left, each.right]] for place, each in zip(rows, pairs, strict=True)]
    left, right = np.sort(np.concatenate(ends, axis=1), axis=0)
    order, of_row = np.lexsort((right, left)), np.argsort(np.concatenate(rows))
    candidates = replace(
        pairs[0],
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        similarity=np.concatenate([each.similarity for each in pairs]),
        found=np.concatenate([each.found for each in pairs]),
        density=np.concatenate([each.density for each in pairs])[of_row],
        sources=(),
    ).take(order)
    features = _stacked([part.features for part in parts]).take(order)
    strict = [part.strict for part in parts if part.strict is not None]
    return Labelled(
        catalog,
        candidates,
        np.concatenate([part.labels for part in parts])[of_row],
        parts[0].same,
        features,
        _stacked(strict).take(order) if strict else None,
        share=SEVERAL_SHARE,
        parts=len(parts),
    )


def _stacked(tables: Sequence[Features]) -> Features:
    """One table of all rows; NaN in the columns that a table does not have."""
    names = tuple(dict.fromkeys(name for table in tables for name in table.names))
    return Features(names, np.concatenate([table.select(names, ANY) for table in tables]))


def _described(
    catalog: Catalog, candidates: Candidates, labels: Ints, same: Collection[str] | None
) -> Labelled:
    """Pairs described as if nothing may differ, and as these kinds may, by default measured."""
    rows = CatalogRows(catalog, candidates.sources)
    strict = pair_features(rows, candidates)
    plain = Labelled(catalog, candidates, labels, (), strict, None)
    same = tolerated_kinds(plain) if same is None else tuple(same)
    if not same:
        return plain
    features = tolerating(strict, candidates, rows, same)
    return replace(plain, same=same, features=features, strict=strict)


def _small(
    labelled: Labelled, search: Callable[[Catalog], Candidates], seed: int
) -> Iterator[Labelled]:
    """Catalogues of neighbouring postings, each of a size drawn on a logarithmic scale."""
    rng = np.random.default_rng(seed)
    pairs, size = labelled.candidates, len(labelled.labels)
    ones = np.ones(len(pairs), dtype=np.int8)
    tied = sp.coo_matrix((ones, (pairs.left, pairs.right)), shape=(size, size)).tocsr()
    tied = sp.csr_matrix(tied + tied.T)
    known = np.flatnonzero(labelled.labels >= 0)
    drawn = 0
    while drawn < min(SMALL_POSTINGS, size):
        wanted = min(int(np.exp(rng.uniform(*np.log(SMALL_SIZES)))), len(known))
        rows = rng.choice(known, 1)
        # The neighbours of the first, and theirs, some of each; others where there are no more.
        while len(rows) < wanted:
            rest = np.setdiff1d(known, rows)
            around = np.intersect1d(tied[rows].indices, rest)
            more = rng.permutation(around if len(around) else rest)[: max(4, len(rows) // 2)]
            rows = np.union1d(rows, more[: wanted - len(rows)])
        drawn += wanted
        shop = np.unique(labelled.labels[rows], return_index=True)[1]
        shop = np.sort(rng.permutation(rows[shop])[: 1 + len(rows) // 4])
        for edit, chosen, share in (
            (None, rows, 1.0),
            (edited, rows, EDITED_SHARE),
            (variants, shop, VARIANTS_SHARE),
        ):
            catalog, labels = labelled.catalog.take(chosen), labelled.labels[chosen]
            origin = labels
            if edit is not None:
                catalog, source, product = edit(catalog, rng)
                origin = labels[source]
                labels = np.where(product > 0, labelled.labels.max() + product, origin)
                catalog = with_options(catalog) if rng.random() < OPTIONS else catalog
            catalog = with_gtins(catalog, labels, origin, rng)
            found = search(catalog)
            if len(found):
                made = _described(catalog, found, labels, labelled.same)
                yield replace(made, origin=origin, share=share, strict_only=edit is not None)


def told_apart(labels: Ints) -> Ints:
    """The product of each posting; those without a label are nobody's counterpart."""
    return np.where(labels < 0, labels.max() + 1 + np.arange(len(labels)), labels)


def tolerated_kinds(labelled: Labelled) -> tuple[str, ...]:
    """The kinds of attributes that differ within the products of a catalogue, by its labels."""
    features, true = labelled.features, labelled.true
    text = next(iter(labelled.candidates.encoders))
    near = labelled.trains & (features.select([text])[:, 0] >= ALIKE)
    clash = np.nan_to_num(features.select([f"clash_{kind}" for kind in KINDS])) > 0
    kinds = clash.sum(axis=1)
    usual = true[near & (kinds == 0)]
    if len(usual) < ENOUGH:
        return ()
    found = []
    for place, kind in enumerate(KINDS):
        if kind == "gtin":  # those of one product are two in error
            continue
        alone = true[near & (kinds == 1) & clash[:, place]]
        if len(alone) >= ENOUGH and alone.mean() >= TOLERATED * usual.mean():
            found.append(kind)
    return tuple(found)
