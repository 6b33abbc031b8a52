"""Links that the user knows: read, checked, and learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.catalog.problems import CatalogError, Problem
from samesku.catalog.tables import read_table
from samesku.linking.assignment import LinkRule
from samesku.linking.logistic import Logistic, fit_logistic
from samesku.linking.rivals import places
from samesku.linking.sides import Sides
from samesku.scoring.features.table import Features

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KnownLinks", "read_known_links", "taught_odds"]

YES, NO = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no")
# Strengths of the penalty to choose from; the last one learns next to nothing.
RIDGES = (10.0, 100.0, 1000.0, 1e6)
FOLDS = 3
# Of the pairs that a known link denies, so many at either end teach: the hopeless would drown them.
RIVALS = 5
# What the pairs of which nothing is known weigh, taken together, by those of which something is.
ANCHOR = 3.0


@dataclass(frozen=True, eq=False)
class KnownLinks:
    """Pairs of which the user knows whether they are one product.

    Attributes
    ----------
    left, right : int64 (k,)
        Positions among all postings of both sides.
    same : bool (k,)
    rule : str
        What a known link says about the other pairs of its postings.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    same: NDArray[np.bool_]
    rule: LinkRule

    def places(self, candidates: Candidates) -> NDArray[np.int64]:
        """Where each known pair stands among the candidates, -1 where it does not."""
        keys = candidates.left * candidates.size + candidates.right
        wanted = self.left * candidates.size + self.right
        place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        if not len(keys):
            return np.full(len(wanted), -1)
        return np.where(keys[place] == wanted, place, -1)

    def truth(self, candidates: Candidates) -> NDArray[np.int8]:
        """What is known of each candidate: 1 the same, 0 another product, -1 unknown.

        Where a posting may have one counterpart only, a known link denies its other pairs.
        """
        truth = np.full(len(candidates), -1, dtype=np.int8)
        settled_left, settled_right = np.zeros((2, candidates.size), dtype=bool)
        settled_left[self.left[self.same]] = settled_right[self.right[self.same]] = True
        if self.rule in ("one-to-one", "many-to-one"):
            truth[settled_left[candidates.left]] = 0
        if self.rule in ("one-to-one", "one-to-many"):
            truth[settled_right[candidates.right]] = 0
        place = self.places(candidates)
        truth[place[place >= 0]] = self.same[place >= 0]
        return truth

    def told(self, candidates: Candidates, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probabilities with what is known in place of what was guessed."""
        truth = self.truth(candidates)
        return np.where(truth >= 0, truth, probability)


def taught_odds(
    described: Features,
    candidates: Candidates,
    odds: NDArray[np.float64],
    known: KnownLinks,
) -> NDArray[np.float64]:
    """What known links add to the log odds of each pair, float64 ``(m,)``.

    A logistic regression on all evidence learns what goes beyond the odds so far, from the known
    pairs and the nearest rivals that they deny. Known links are no fair sample: every posting of
    theirs has a counterpart. So pairs of the other postings take part with the probability that
    they have without labels, and outweigh them. How strongly the regression may learn is
    chosen by cross-validation on what is known, so that few links change little.
    """
    truth = known.truth(candidates)
    near = np.minimum(places(candidates.left, odds), places(candidates.right, odds)) < RIVALS
    stated = known.places(candidates)
    near[stated[stated >= 0]] = True
    certain, open_ = np.flatnonzero((truth >= 0) & near), np.flatnonzero((truth < 0) & near)
    taught = np.concatenate([certain, open_])
    target = np.concatenate([truth[certain].astype(np.float64), 1 / (1 + np.exp(-odds[open_]))])
    weight = np.ones(len(taught))
    weight[len(certain) :] = ANCHOR * len(certain) / max(len(open_), 1)
    if not 0 < target[: len(certain)].mean() < 1:
        return np.zeros(len(odds))
    teaching = _Teaching(described.values[taught], target, weight, odds[taught])
    fold = np.random.default_rng(0).integers(0, FOLDS, candidates.size)[candidates.left[taught]]
    fold[len(certain) :] = -1
    losses = [teaching.loss(fold, ridge) for ridge in RIDGES]
    return teaching.fit(RIDGES[int(np.argmin(losses))]).log_odds(described.values)


@dataclass(frozen=True, eq=False)
class _Teaching:
    """What a regression is to learn beyond the odds so far, certain for the first rows."""

    values: NDArray[np.float32]
    target: NDArray[np.float64]
    weight: NDArray[np.float64]
    odds: NDArray[np.float64]

    def fit(self, ridge: float, rows: NDArray[np.bool_] | slice = slice(None)) -> Logistic:
        return fit_logistic(
            self.values[rows],
            self.target[rows],
            weight=self.weight[rows],
            offset=self.odds[rows],
            ridge=ridge,
        )

    def loss(self, fold: NDArray[np.int64], ridge: float) -> float:
        """By cross-validation over the folds; rows of fold -1 always take part, unasked."""
        total = 0.0
        for number in range(FOLDS):
            asked = fold == number
            fitted = self.fit(ridge, ~asked)
            judged = self.odds[asked] + fitted.log_odds(self.values[asked])
            total += float((np.logaddexp(0, judged) - self.target[asked] * judged).sum())
        return total


def read_known_links(
    source: str | Path | pl.DataFrame | pd.DataFrame, sides: Sides, rule: LinkRule
) -> KnownLinks:
    """Read and check known links.

    Parameters
    ----------
    source : path or frame
        `left_id`, `right_id` and, where some pairs are known to be none, `same` (1 or 0).
    sides : Sides
    rule : {"one-to-one", "one-to-many", "many-to-one", "free"}

    Raises
    ------
    CatalogError
        With every problem and its rows: missing columns, ids that are in neither catalogue, values
        of `same` that are neither 1 nor 0, pairs told twice differently, more links of a
        posting than the rule allows.
    """
    name, frame = _table(source)
    columns = [column for column in ("left_id", "right_id") if column not in frame.columns]
    if columns:
        fix = "the file has " + ", ".join(map(repr, frame.columns))
        raise CatalogError(
            name,
            [Problem("missing_column", f"there is no column {c!r}", fix, True) for c in columns],
        )
    problems: list[Problem] = []
    left = _positions(frame["left_id"], sides.left.ids, "left", problems)
    right = _positions(frame["right_id"], sides.right.ids, "right", problems)
    same = np.ones(frame.height, dtype=bool)
    if "same" in frame.columns:
        texts = frame["same"].cast(str).fill_null("").str.strip_chars().str.to_lowercase()
        same = texts.is_in(YES).to_numpy()
        wrong = ~(texts.is_in(YES) | texts.is_in(NO))
        if wrong.any():
            message = "value of same that is neither 1 nor 0"
            rows, examples = wrong.arg_true(), texts.filter(wrong).head(3).to_list()
            problems.append(
                Problem.at("bad_same", message, "write 1 or 0", rows, fatal=True, examples=examples)
            )
    problems += _contradictions(left, right, same) + _too_many(left, right, same, rule)
    if not frame.height:
        problems.append(Problem("empty", "there is no link", "give at least one", True))
    if problems:
        raise CatalogError(name, problems)
    return KnownLinks(left, right + len(sides.left), same, rule)


def _table(source: str | Path | pl.DataFrame | pd.DataFrame) -> tuple[str, pl.DataFrame]:
    """What a message calls it, and its rows."""
    if isinstance(source, str | Path):
        if not Path(source).is_file():
            raise FileNotFoundError(f"{source}: no such file; give a CSV of left_id,right_id")
        return str(source), read_table(Path(source))[0]
    if isinstance(source, pl.DataFrame):
        return "known links", source
    if not hasattr(source, "columns"):
        given = type(source).__name__
        raise TypeError(f"known links are a path, a polars or a pandas frame, not {given}")
    # As text, so that pyarrow is not needed.
    told = {str(name): source[name].astype(str).to_list() for name in source.columns}
    return "known links", pl.DataFrame(told)


def _positions(
    given: pl.Series, ids: Sequence[str], side: str, problems: list[Problem]
) -> NDArray[np.int64]:
    place = {name: row for row, name in enumerate(ids)}
    texts = given.cast(str).fill_null("").str.strip_chars().to_list()
    found = np.array([place.get(text, -1) for text in texts], dtype=np.int64)
    unknown = np.flatnonzero(found < 0)
    if len(unknown):
        problems.append(
            Problem.at(
                "unknown_id",
                f"{side}_id that is not in the {side} catalogue",
                "correct or drop these rows",
                unknown,
                fatal=True,
                examples=[texts[row] for row in unknown[:3]],
            )
        )
    return found


def _contradictions(
    left: NDArray[np.int64], right: NDArray[np.int64], same: NDArray[np.bool_]
) -> list[Problem]:
    table = pl.DataFrame({"left": left, "right": right, "same": same})
    both = (pl.col("same").n_unique().over("left", "right") > 1) & (pl.col("left") >= 0)
    rows = table.select(both & (pl.col("right") >= 0)).to_series().arg_true()
    if not len(rows):
        return []
    message = "pair that is told to be the same and not the same"
    return [Problem.at("contradiction", message, "keep one of the rows", rows, fatal=True)]


def _too_many(
    left: NDArray[np.int64], right: NDArray[np.int64], same: NDArray[np.bool_], rule: LinkRule
) -> list[Problem]:
    """Offers with several known counterparts where the rule allows one."""
    table = pl.DataFrame({"left": left, "right": right, "row": np.arange(len(left))})
    table = table.filter(same).unique(["left", "right"], maintain_order=True)
    single = {
        "left": rule in ("one-to-one", "many-to-one"),
        "right": rule in ("one-to-one", "one-to-many"),
    }
    problems = []
    for side in (side for side, one in single.items() if one):
        several = (pl.col(side) >= 0) & pl.col(side).is_duplicated()
        rows = table.filter(several)["row"].to_list()
        if rows:
            message = f"{side}_id with several known links"
            fix = f"links are {rule}: drop all but one, or allow several with --links"
            problems.append(Problem.at("too_many", message, fix, rows, fatal=True))
    return problems
