"""Pair features in, probability out: gradient-boosted trees, calibrated."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Modality
from samesku.runtime.arrays import Doubles, Floats, Ints
from samesku.runtime.cores import map_in_order, usable_cores
from samesku.runtime.files import Staged, read_json, write_json
from samesku.runtime.memory import Kept, at_once
from samesku.runtime.progress import Advance
from samesku.scoring.adaptation import Adaptation
from samesku.scoring.explanations import FAMILIES, Explanations, families
from samesku.scoring.features import CatalogRows, around_features, pair_features
from samesku.scoring.features.neighbourhood import AROUND
from samesku.scoring.features.prices import PRICES
from samesku.scoring.features.table import Column, Features
from samesku.scoring.fusion import NEVER, PairScores
from samesku.scoring.trees import Trees, probability

ThresholdRule: TypeAlias = Literal["fixed", "expected"]
# Of a model as it was trained, and of one that was adapted to a catalogue.
FORMAT, ADAPTED = 8, 12
TREES, FIRST_TREES = "trees.onnx", "first_trees.onnx"
# What the values of model.json are.
NEEDED: Mapping[str, Any] = {
    "format": int, "threshold": int | float, "encoders": dict, "calibration": list,
    "features": list, "sha256": str, "card": dict,
}  # fmt: skip
HEAD = {**NEEDED, "threshold_rule": str, "first_sha256": str, "same": list}
# Pairs that one thread describes at once, at most, and the bytes that the description of one takes.
PAIRS_AT_ONCE, PAIR_BYTES = 32_768, 2_400
# Features of columns that a catalogue may lack.
OPTIONAL = (*PRICES, "brand_", "description_")


@dataclass(frozen=True, eq=False)
class PairClassifier:
    """Tells how likely two postings are the same product."""

    trees: Trees
    features: tuple[str, ...]  # what they read, in order
    # whose vectors it was trained on; a photo encoder may be missing when it scores
    encoders: Mapping[str, Modality]
    # slope and offset, from the sum of the trees to the log-odds that held-out pairs bear out
    # (Platt, 1999)
    calibration: tuple[float, float]
    threshold: float  # the probability from which a pair is best accepted
    card: Mapping[str, Any]  # how, on what and how well it was trained
    # "expected": where the probabilities of a catalogue let expect clearly better clusters by
    # another threshold, that one is taken (`samesku.clustering.expected.threshold_for`)
    threshold_rule: ThresholdRule = "fixed"
    adaptation: Adaptation | None = None  # what answers about a catalogue taught it
    # kinds of attributes that may differ within one product in catalogues that it is for, by the
    # labels or answers that it learned from
    same: tuple[str, ...] = ()

    def predict(
        self,
        catalog: Catalog,
        candidates: Candidates,
        explain_from: float = NEVER,
        *,
        same: Collection[str] = (),
        rows: CatalogRows | None = None,
        advance: Advance = lambda done: None,
    ) -> PairScores:
        """How likely each candidate pair is the same product, and why from `explain_from` on.

        Attributes of the kinds in `same` may differ within one product. `rows` are what the
        features read of the catalogue, where it was prepared before; `advance` is called with how
        many more pairs are done. Raises ValueError where the encoders do not bring the features
        that the model was trained on.
        """
        if not len(candidates):
            return PairScores(np.empty(0, np.float32))
        rows = CatalogRows(catalog, candidates.sources) if rows is None else rows
        step = at_once(PAIR_BYTES * usable_cores(), PAIRS_AT_ONCE)
        starts = range(0, len(candidates), step)
        if len(starts) > 1:
            # One pair, so that all that is read once is there before several threads ask for it.
            reads: list[Callable[[], object]] = [rows.read_titles, partial(rows.ranked, same)]
            list(map_in_order(lambda read: read(), reads))
            _ = rows.around  # which that pair may be too unlikely for
            self._predict(candidates.take(np.arange(1)), rows, explain_from, same)

        def part(start: int) -> tuple[Column, Column, Column]:
            stop = min(start + step, len(candidates))
            near = candidates.take(np.arange(start, stop))
            scores, explained, added = self._predict(near, rows, explain_from, same)
            return scores, start + explained, added

        parts, added = [], Kept()
        for predicted in map_in_order(part, starts):
            parts.append(predicted[:2])
            added.add(predicted[2])
            advance(len(predicted[0]))
        scores, places = (np.concatenate(each) for each in zip(*parts, strict=True))
        if not len(places):
            return PairScores(scores)
        begin = self.calibration[0] * self.trees.start + self.calibration[1]
        words = replace(rows.words, lists=[])
        return PairScores(
            scores, Explanations(places, added.rows, begin, words, tuple(self.encoders))
        )

    def _predict(
        self, near: Candidates, rows: CatalogRows, explain_from: float, same: Collection[str]
    ) -> tuple[Column, Column, Column]:
        """The probability of each pair, which are explained, and what each family adds to them."""
        # The first booster does without the words around titles; answers may weigh them.
        whole = self.trees.first is None or self.adaptation is not None
        described = pair_features(rows, near, same=same, around=whole)
        values = self.values(described, near)

        def complete(likely: Ints) -> None:
            for name, column in around_features(rows, near.take(likely)).items():
                values[likely, self.features.index(name)] = column

        odds, parts = self.trees.predict(values, None if whole else complete)
        scores = probability(self._adapted(described, odds))
        explained = np.flatnonzero(scores >= explain_from)
        added = np.float32(self.calibration[0]) * self.trees.contributions(
            values[explained], parts[explained]
        )
        if self.adaptation is not None:
            family = families(self.adaptation.features, self.encoders)
            self.adaptation.add_contributions(added, described.take(explained), family)
        return scores, explained, added

    def log_odds(self, described: Features, candidates: Candidates) -> Doubles:
        """The log-odds of described pairs."""
        return self._adapted(described, self.trees.log_odds(self.values(described, candidates)))

    def _adapted(self, described: Features, odds: Doubles) -> Doubles:
        """The sums of the trees calibrated, and moved by what answers taught."""
        odds = self.calibration[0] * odds + self.calibration[1]
        return odds if self.adaptation is None else self.adaptation.log_odds(odds, described)

    def values(self, described: Features, candidates: Candidates) -> Floats:
        """The features of the trees; NaN for those of a photo or a column that is not there."""
        absent = [name for name in self.encoders if name not in candidates.encoders]
        if texts := [name for name in absent if self.encoders[name] == "text"]:
            raise ValueError(
                f"the model reads titles by {', '.join(texts)}, which is not among the encoders "
                f"{', '.join(candidates.encoders)}: add -e {texts[0]}, or train a model without"
            )
        return described.select(self.features, may_miss=(*absent, *OPTIONAL, *AROUND))

    def save(self, folder: str | Path) -> None:
        """Write the model: a network and JSON, nothing that runs when it is read."""
        head: dict[str, Any] = {
            "format": FORMAT if self.adaptation is None else ADAPTED,
            "threshold": self.threshold,
            "threshold_rule": self.threshold_rule,
            "encoders": dict(self.encoders),
            "calibration": list(self.calibration),
            "features": list(self.features),
            "same": list(self.same),
            "sha256": _digest(self.trees.content),
            "card": dict(self.card),
        }
        files = {TREES: self.trees}
        if (first := self.trees.first) is not None:
            head["first_sha256"], files[FIRST_TREES] = _digest(first.content), first
        if self.adaptation is not None:
            head["adaptation"] = self.adaptation.record
        with Staged(Path(folder)) as staged:
            for name, trees in files.items():
                staged.path(name).write_bytes(trees.content)
            write_json(staged.path("model.json"), head)

    @classmethod
    def load(cls, folder: str | Path) -> PairClassifier:
        """Read a model that `save` wrote.

        Raises ValueError where the folder holds none, one of another format, or a damaged one.
        """
        place = Path(folder) / "model.json"
        if not place.is_file():
            raise ValueError(f"{folder} holds no model: there is no model.json; train one first")
        try:
            return cls._read_back(place)
        except (ValueError, LookupError, TypeError, OSError, OverflowError) as error:
            raise ValueError(f"{folder} is no model that can be used: {error}") from error

    @classmethod
    def _read_back(cls, place: Path) -> PairClassifier:
        fix = "train it again, or copy the folder again"
        head = read_json(place, HEAD, needed=NEEDED, fix=fix)
        if head["format"] not in (FORMAT, ADAPTED):
            raise ValueError(f"format {head['format']} instead of {FORMAT}; train it again")
        first = None
        if "first_sha256" in head:
            first = _stored(place.parent / FIRST_TREES, head["first_sha256"])
        trees = _stored(place.parent / TREES, head["sha256"], first)
        features = tuple(map(str, head["features"]))
        if (trees.width, trees.families) != (len(features), len(FAMILIES)):
            raise ValueError(f"{TREES} and model.json do not belong together")
        if (rule := head.get("threshold_rule", "fixed")) not in get_args(ThresholdRule):
            raise ValueError(f"there is no rule {rule!r} for its threshold")
        encoders = head["encoders"]
        if strange := set(map(str, encoders.values())) - {"text", "photo"}:
            raise ValueError(f"its encoders read text or photo, not {strange.pop()[:40]}")
        if not 0 < (threshold := float(head["threshold"])) <= 1:
            raise ValueError(f"its threshold {threshold} is no probability")
        slope, offset = (float(each) for each in head["calibration"])
        if not (slope > 0 and np.isfinite(slope + offset)):
            raise ValueError(f"its calibration {slope}, {offset} is none")
        record = head.get("adaptation")
        if (record is not None) != (head["format"] == ADAPTED):
            raise ValueError("its format and its adaptation do not belong together")
        adaptation = None if record is None else Adaptation.read(record)
        return cls(
            trees, features, encoders, (slope, offset), threshold, head["card"], rule, adaptation,
            tuple(map(str, head.get("same", ()))),
        )  # fmt: skip


def _stored(place: Path, digest: str, first: Trees | None = None) -> Trees:
    """The trees of a file, if they are what was saved."""
    if not place.is_file():
        raise ValueError(f"{place.name} is not there; copy the folder again")
    content = place.read_bytes()
    if _digest(content) != digest:
        raise ValueError(f"{place.name} is not what was saved; copy the folder again")
    return Trees(content, first)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
