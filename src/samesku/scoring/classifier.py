"""Pair features in, probability out: gradient-boosted trees in three passes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samesku.candidates.candidates import Candidates
from samesku.candidates.similarity import pair_similarity
from samesku.catalog.catalog import Catalog
from samesku.encoders.base import Modality
from samesku.encoders.telling import Telling
from samesku.encoders.word_weights import WordWeights
from samesku.runtime.files import Staged
from samesku.runtime.progress import Advance
from samesku.scoring.features import (
    Features,
    TitleWords,
    glance,
    pair_features,
    second_look,
    title_words,
)
from samesku.scoring.features.consensus import consensus_features
from samesku.scoring.features.graph import FAINT
from samesku.scoring.features.standing import standing
from samesku.scoring.fusion import Judged
from samesku.scoring.reasons import FAMILIES, Evidence
from samesku.scoring.trees import Trees, probability

__all__ = ["PASSES", "SIEVED", "PairClassifier", "by_learned_words", "look_again"]

FORMAT = 3
WORDS = "words.npz"
PASSES = ("sieve", "first", "second")
# Pairs that the sieve finds less likely are not looked at again: most of all candidates.
SIEVED = 0.02
# Shares of the time that judging takes: up to the sieve, pair features, both passes, reasons.
SHARES = {"sieve": 0.25, "features": 0.3, "passes": 0.3}
# Features of columns that a catalogue may lack.
OPTIONAL = ("price_", "brand_", "description_")


@dataclass(frozen=True, eq=False)
class PairClassifier:
    """Tells how likely two postings are the same product.

    A *sieve* of few small trees puts hopeless pairs aside. The *first* pass judges the others by
    their pair features. The *second* looks at what the first says about the pairs around each
    (:func:`samesku.scoring.features.second_look`), as the strongest solutions of the Shopee
    Price Match competition did with their candidates' neighbourhoods.

    The log-odds of a pair that the sieve leaves are the calibrated sum of both passes' trees: the
    second only corrects the first, where that gives a pair a chance. So they are a sum of what
    single features add (:mod:`samesku.scoring.trees`).

    Attributes
    ----------
    trees : mapping of str to Trees
        By pass.
    features : mapping of str to tuple of str
        What each pass reads, in order.
    words : WordWeights
        How much each word tells products apart, learned from the same labels.
    encoders : mapping of str to {"text", "photo"}
        Whose vectors it was trained on. A photo encoder may be missing when it judges.
    calibration : (slope, offset)
        Of the sum of both passes' trees to the log-odds that held-out pairs bear out (Platt, 1999).
    line : float
        Probability from which a pair is best accepted.
    card : mapping
        How, on what and how well it was trained.
    """

    trees: Mapping[str, Trees]
    features: Mapping[str, tuple[str, ...]]
    words: WordWeights
    encoders: Mapping[str, Modality]
    calibration: tuple[float, float]
    line: float
    card: Mapping[str, Any]

    def judge(
        self,
        catalog: Catalog,
        candidates: Candidates,
        explain_from: float = 2.0,
        *,
        advance: Advance = lambda done: None,
    ) -> Judged:
        """How likely each candidate pair is the same product, and why.

        Parameters
        ----------
        catalog : Catalog
        candidates : Candidates
        explain_from : float
            Pairs from this probability on are explained; default: none.
        advance : callable
            Told after each step how many pairs its share of the work is.

        Raises
        ------
        ValueError
            The encoders do not bring the features that the model was trained on.
        """
        if not len(candidates):
            return Judged(np.empty(0, np.float32))
        done = _Share(advance, len(candidates))
        words = title_words(catalog.normal_titles)
        glanced = glance(catalog, candidates)
        judged = probability(self._odds("sieve", glanced, candidates))
        kept = np.flatnonzero(judged >= SIEVED)
        near = candidates.take(kept)
        done("sieve")
        told = learned_similarity(words, self.words, candidates)
        text = next((name for name, kind in self.encoders.items() if kind == "text"), None)
        glanced = glanced.take(kept)
        described = pair_features(catalog, near, words, text=text, glanced=glanced)
        described = described.beside(by_learned_words(told, candidates).take(kept))
        done("features")
        odds = self._odds("first", described, near)
        first = probability(odds)
        likely = np.flatnonzero(first >= FAINT)
        again = look_again(near.take(likely), first[likely], words)
        described = described.take(likely).beside(again)
        odds[likely] += self._odds("second", described, near)
        slope, offset = self.calibration
        judged[kept] = probability(slope * odds + offset)
        done("passes")
        explained = np.flatnonzero(judged[kept[likely]] >= explain_from)
        evidence = None
        if len(explained):
            described, places = described.take(explained), kept[likely[explained]]
            evidence = self._evidence(described, candidates, places, words)
        done.all()
        return Judged(judged, evidence)

    def _odds(self, which: str, described: Features, candidates: Candidates) -> NDArray[np.float64]:
        return self.trees[which].log_odds(self._read(which, described, candidates))

    def _read(self, which: str, described: Features, candidates: Candidates) -> NDArray[np.float32]:
        """The features of a pass; NaN for those of a photo or a column that is not there."""
        absent = [name for name in self.encoders if name not in candidates.encoders]
        if texts := [name for name in absent if self.encoders[name] == "text"]:
            raise ValueError(
                f"the model reads titles by {', '.join(texts)}, which is not among the encoders "
                f"{', '.join(candidates.encoders)}: add -e {texts[0]}, or train a model without"
            )
        if "phash" in absent:
            absent.append("photo")
        return described.select(self.features[which], may_miss=(*absent, *OPTIONAL))

    def _evidence(
        self,
        described: Features,
        candidates: Candidates,
        places: NDArray[np.int64],
        words: TitleWords,
    ) -> Evidence:
        parts = np.zeros((len(places), len(FAMILIES)), dtype=np.float32)
        begin = 0.0
        for which in ("first", "second"):
            parts += self.trees[which].contributions(self._read(which, described, candidates))
            begin += self.trees[which].start
        slope, offset = self.calibration
        return Evidence(places, np.float32(slope) * parts, slope * begin + offset, words)

    def save(self, folder: str | Path) -> None:
        """Write the model: networks, arrays and JSON, nothing that runs when it is read."""
        head: dict[str, Any] = {
            "format": FORMAT,
            "line": self.line,
            "encoders": dict(self.encoders),
            "calibration": list(self.calibration),
            "features": {name: list(names) for name, names in self.features.items()},
            "sha256": {},
            "card": dict(self.card),
        }
        with Staged(Path(folder)) as staged:
            for name, trees in self.trees.items():
                head["sha256"][name] = hashlib.sha256(trees.content).hexdigest()
                staged.path(f"{name}.onnx").write_bytes(trees.content)
            head["sha256"]["words"] = self.words.write(staged.path(WORDS))
            text = json.dumps(head, indent=2, ensure_ascii=False)
            staged.path("model.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> PairClassifier:
        """Read a model that `save` wrote.

        Raises
        ------
        ValueError
            The folder holds no model, one of another format, or a damaged one; says why.
        """
        place = Path(folder) / "model.json"
        if not place.is_file():
            raise ValueError(f"{folder} holds no model: there is no model.json; train one first")
        try:
            head = json.loads(place.read_text(encoding="utf-8"))
            if head["format"] != FORMAT:
                raise ValueError(f"format {head['format']} instead of {FORMAT}; train it again")
            features = {name: tuple(head["features"][name]) for name in PASSES}
            passes = {}
            for name in PASSES:
                content = (Path(folder) / f"{name}.onnx").read_bytes()
                if hashlib.sha256(content).hexdigest() != head["sha256"][name]:
                    raise ValueError(f"{name}.onnx is not what was saved; copy the folder again")
                passes[name] = trees = Trees(content)
                families = 0 if name == "sieve" else len(FAMILIES)
                if (trees.width, trees.families) != (len(features[name]), families):
                    raise ValueError(f"{name}.onnx and model.json do not belong together")
            words = WordWeights.read(Path(folder) / WORDS, head["sha256"]["words"])
            if not 0 < (line := float(head["line"])) <= 1:
                raise ValueError(f"its line {line} is no probability")
            slope, offset = (float(each) for each in head["calibration"])
            if not (slope > 0 and np.isfinite(slope + offset)):
                raise ValueError(f"its calibration {slope}, {offset} is none")
            calibration = slope, offset
            return cls(passes, features, words, head["encoders"], calibration, line, head["card"])
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise ValueError(f"{folder} is no model that can be used: {error}") from error


class _Share:
    """Tells how many of the pairs are done, by the shares of the steps."""

    def __init__(self, advance: Advance, pairs: int) -> None:
        self.advance, self.pairs, self.left = advance, pairs, pairs

    def __call__(self, step: str) -> None:
        """A step is done."""
        part = int(SHARES[step] * self.pairs)
        self.left -= part
        self.advance(part)

    def all(self) -> None:
        """So is the rest."""
        self.advance(self.left)


def learned_similarity(
    words: TitleWords, weights: WordWeights, candidates: Candidates
) -> NDArray[np.float32]:
    """Cosine of titles whose words count by rarity and learned weight, float32 ``(m,)``.

    NaN where a title has no word.
    """
    vectors = Telling(weights).encode_words(words.names, words.held)
    return pair_similarity(vectors, candidates.left, candidates.right)


def by_learned_words(similarity: NDArray[np.float32], candidates: Candidates) -> Features:
    """How a pair stands by that cosine among all candidates of its two postings."""
    return Features.of(standing("learned_words", similarity, candidates))


def look_again(candidates: Candidates, first: NDArray[np.float32], words: TitleWords) -> Features:
    """What the first pass says around each pair: as a graph, and in the words of likely offers."""
    left, right = candidates.left, candidates.right
    around = second_look(left, right, first, candidates.size)
    return around.beside(Features.of(consensus_features(words, left, right, first)))
