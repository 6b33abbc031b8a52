"""What went wrong, pair by pair: false merges and false splits, by kinds a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from samesku.candidates.similarity import row_similarity
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Modality
from samesku.evaluation.kinds import LABEL, Clues, merge_kind, split_kind
from samesku.evaluation.stages import pair_stages, true_pairs
from samesku.evaluation.statements import stated
from samesku.scoring.features.title_words import title_words

# A word with a digit that is in this many titles is no seller's own code.
COMMON = 4
_NUMBER = re.compile(r"[0-9]+")
_SPACED_MODEL = re.compile(r"\b([a-z]{1,3})[ -]{1,2}([0-9]{2,4})\b")
_PERCENT = re.compile(r"[0-9.]+ ?%")
# Quantities, sizes and decimals, which statements are made of; what is left is a model.
_STATED = re.compile(r"size_.*|[0-9]+([.x-][0-9]+)*[a-z%]{1,5}|[0-9]+[.][0-9]+")


def find_errors(
    catalog: Catalog,
    pairs: pl.DataFrame,
    queries: NDArray[np.bool_],
    encoders: Mapping[str, Modality] | None = None,
    threshold: float = 0.5,
    judged: NDArray[np.bool_] | None = None,
) -> pl.DataFrame:
    """Every wrong pair of the queries, the most certainly wrong first.

    `pairs` has `left`, `right` (rows), `score` (null: not scored), `matched` and perhaps the
    similarities of `encoders`, given with their modality. Pairs count that touch one of the
    `queries`, bool ``(n,)``; of `judged`, bool ``(n,)``, pairs of other postings, identical to one
    of them, are left out. From `threshold` on pairs were accepted.

    Returns `left`, `right`, `score`, `error` ("merge" or "split"), `stage` (:mod:`.stages`),
    `kind`. Raises ValueError where the catalogue has no labels.
    """
    labels = catalog.labels
    if labels is None:
        raise ValueError(f"{catalog.name} has no labels to find errors by")
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    asked = queries[left] | queries[right]
    wrong = (labels[left] != labels[right]) & (labels[left] >= 0) & (labels[right] >= 0) & asked
    looks = [_best(pairs, encoders or {}, modality) for modality in ("photo", "text")]
    known = pairs.with_columns(looks)
    columns = ["left", "right", "score", "photo", "text"]
    merges = known.filter(pl.Series(wrong) & pl.col("matched")).select(
        *columns, error=pl.lit("merge"), stage=pl.lit("matched")
    )
    asked_of = labels if judged is None else np.where(judged, labels, -1)
    missed = pair_stages(true_pairs(asked_of, queries), known, threshold).filter(
        pl.col("stage") != "matched"
    )
    splits = missed.select(*columns, pl.lit("split").alias("error"), "stage")
    found = pl.concat([merges, splits], how="vertical_relaxed")
    found = found.with_columns(kind=pl.Series(_kinds(catalog, found), dtype=pl.String))
    sure = pl.when(pl.col("error") == "merge").then("score").otherwise(1 - pl.col("score"))
    return found.sort(sure.fill_null(0.5), descending=True, maintain_order=True).drop(
        "photo", "text"
    )


def label_suspects(catalog: Catalog, errors: pl.DataFrame) -> pl.DataFrame:
    """The labels to look at, for review: ids, titles, labels, score and what is doubted."""
    doubted = errors.filter(pl.col("kind") == LABEL)
    frame = catalog.frame
    of = {
        f"{side}_{name}": frame[column].gather(doubted[side])
        for name, column in (("id", "posting_id"), ("label", "label_group"), ("title", "title"))
        for side in ("left", "right")
    }
    said = {"merge": "one product, two labels", "split": "two products, one label"}
    doubt = doubted["error"].replace_strict(said, return_dtype=pl.String)
    return pl.DataFrame(of).with_columns(score=doubted["score"], doubt=doubt)


def doubted_labels(suspects: pl.DataFrame) -> pl.DataFrame:
    """What to decide of :func:`label_suspects`: each label, or two, once, with its `pairs`."""
    ends = "left_label", "right_label"
    two = pl.concat_str(pl.min_horizontal(*ends), pl.lit(" "), pl.max_horizontal(*ends))
    counted = suspects.with_columns(pairs=pl.len().over(two))
    return counted.unique(two, keep="first", maintain_order=True).sort(
        "pairs", descending=True, maintain_order=True
    )


def _best(pairs: pl.DataFrame, encoders: Mapping[str, Modality], modality: str) -> pl.Expr:
    """How alike pairs are to the encoders of a modality at best, null where none has seen both."""
    known = [name for name, kind in encoders.items() if kind == modality and name in pairs.columns]
    best = pl.max_horizontal([pl.col(name) for name in known]) if known else pl.lit(None)
    return best.cast(pl.Float64).alias(modality)


def _kinds(catalog: Catalog, errors: pl.DataFrame) -> list[str]:
    titles = catalog.titles
    left, right = errors["left"].to_numpy(), errors["right"].to_numpy()
    alike, models = _words(catalog, left, right)
    there = _with_photo(catalog)
    columns = (errors[name].to_list() for name in ("score", "photo", "text"))
    said = [
        (stated(titles[mine]), stated(titles[theirs]))
        for mine, theirs in zip(left.tolist(), right.tolist(), strict=True)
    ]
    photos = (there[left] & there[right]).tolist()
    clues = map(Clues, *columns, alike.tolist(), models, photos, said)
    return [
        (merge_kind if error == "merge" else split_kind)(each)
        for error, each in zip(errors["error"], clues, strict=True)
    ]


def _with_photo(catalog: Catalog) -> NDArray[np.bool_]:
    there = np.array([photo is not None for photo in catalog.photos], dtype=bool)
    if "image_phash" in catalog.frame.columns:
        there |= catalog.frame["image_phash"].is_not_null().to_numpy()
    return there


def _words(
    catalog: Catalog, left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.float32], list[bool]]:
    """Cosine of both titles by rarity of words, and whether each names a model of its own."""
    titles = catalog.normal_titles
    # Boasts in per cent name no product, and "hm 620" is hm620.
    spelt = [_SPACED_MODEL.sub(r"\1\2", _PERCENT.sub(" ", title)) for title in titles]
    words = title_words(spelt)
    names, held = words.names, words.held
    alike = row_similarity(words.unit, left, words.unit, right)
    count = np.asarray(held.sum(axis=0)).ravel()
    numbered = [bool(_NUMBER.search(name)) and not _STATED.fullmatch(name) for name in names]
    model = np.array(numbered, dtype=bool) & (count >= COMMON)
    sides = zip(*(_named(held[rows], names, model) for rows in (left, right)), strict=True)
    clash = [
        _lacks(titles[theirs], ours) and _lacks(titles[mine], others)
        for mine, theirs, (ours, others) in zip(left.tolist(), right.tolist(), sides, strict=True)
    ]
    return alike, clash


def _named(
    rows: sp.csr_matrix, names: Sequence[str], which: NDArray[np.bool_]
) -> Iterator[list[str]]:
    """The words among `which` of each row."""
    for start, stop in pairwise(rows.indptr.tolist()):
        yield [names[word] for word in rows.indices[start:stop].tolist() if which[word]]


def _lacks(title: str, words: Sequence[str]) -> bool:
    """Whether the number of one of the words is nowhere in a title."""
    numbers = set(_NUMBER.findall(title))
    return any(numbers.isdisjoint(_NUMBER.findall(word)) for word in words)
