"""What learned word weights add to TF-IDF, on products that did not train them.

    python benchmarks/text_encoder.py CATALOGUE.csv --split SPLIT.csv [--others FILE.csv ...]
        [--strength 10] [--seeds 1] [--out FOLDER]

Three questions. *Search*: queries of other rows than `train` among the whole catalogue, by TF-IDF,
by the learned weights, and by the sum of both cosines. *Judgement*: the learned fusion's first pass
with and without the new similarity, by cross-fitting on the `train` rows and, trained on all of
these, on the other rows. *Other catalogues*: the same weights on titles of shops they never saw.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeAlias

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from samesku import Matcher, read_catalog
from samesku.candidates.candidates import Candidates
from samesku.catalog.catalog import Catalog
from samesku.clustering.agglomerative import group
from samesku.encoders import Telling, Tfidf, encoders_by_name
from samesku.encoders.base import Vectors
from samesku.encoders.word_weights import TRAITS, WordWeights
from samesku.evaluation.metrics import group_tally, posting_f1
from samesku.evaluation.splits import read_split
from samesku.scoring.classifier import SIEVED
from samesku.scoring.features import Features, pair_features
from samesku.scoring.features.standing import standing
from samesku.training.crossing import COMMON, SETTINGS, WEIGHT_POWER, threads
from samesku.training.word_weights import STRENGTH, crossed_similarity, train_word_weights

FOLDS = 3
DEEPEST = 100
QUERIES_AT_ONCE = 256
LINES = np.arange(0.2, 0.61, 0.05)

Figures: TypeAlias = dict[str, Any]


def main() -> None:
    """Read the arguments, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--split", type=Path, required=True)
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    parser.add_argument(
        "--strength", type=float, default=STRENGTH, help="pull towards plain TF-IDF"
    )
    parser.add_argument("--seeds", type=int, default=1, help="of the trees; 0: search only")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    options = parser.parse_args()
    console = Console()
    catalog = read_catalog(options.catalogue)
    study = Study.of(catalog, read_split(options.split, catalog)[0].train, options.strength)
    started = time.perf_counter()
    weights = study.train(study.training)
    figures: Figures = {
        "strength": options.strength,
        "training_s": round(time.perf_counter() - started, 1),
        "search": study.search(weights),
    }
    console.print(figures)
    for path in options.others:
        other = read_catalog(path)
        labels = other.labels
        if labels is None:
            raise SystemExit(f"{path} has no label_group")
        found = search_figures(other.normal_titles, labels, np.flatnonzero(labels >= 0), weights)
        figures.setdefault("others", {})[path.stem] = found
        console.print(path.stem, found)
    if options.seeds:
        figures["judgement"] = study.judgement(range(options.seeds))
        console.print(figures["judgement"])
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "text_encoder.json").write_text(json.dumps(figures, indent=2) + "\n")


@dataclass(frozen=True, eq=False)
class Study:
    """A labelled catalogue, its candidates, and whose labels may train."""

    catalog: Catalog
    labels: NDArray[np.int64]
    # The labels of the training rows, -1 elsewhere.
    training: NDArray[np.int64]
    candidates: Candidates
    strength: float

    @classmethod
    def of(cls, catalog: Catalog, rows: NDArray[np.int64], strength: float) -> Self:
        """Find the candidates by titles and published hashes."""
        labels = catalog.labels
        if labels is None:
            raise SystemExit(f"{catalog.name} has no label_group")
        training = np.full(len(labels), -1)
        training[rows] = labels[rows]
        candidates = Matcher(encoders_by_name(["tfidf", "phash"]), "union").candidates(catalog)
        return cls(catalog, labels, training, candidates, strength)

    def train(self, labels: NDArray[np.int64]) -> WordWeights:
        """Weights from all pairs of these labels."""
        titles, pairs = self.catalog.normal_titles, self.candidates
        return train_word_weights(titles, labels, pairs.left, pairs.right, strength=self.strength)

    def search(self, weights: WordWeights) -> Figures:
        """Queries that did not train, among all; and their pairs that are no candidates."""
        queries = np.flatnonzero((self.training < 0) & (self.labels >= 0))
        figures = search_figures(self.catalog.normal_titles, self.labels, queries, weights)
        for names in (["tfidf", "phash"], ["tfidf", "phash", "telling"]):
            encoders = [
                Telling(weights) if name == "telling" else encoders_by_name([name])[0]
                for name in names
            ]
            found = Matcher(encoders, "union").candidates(self.catalog)
            figures["candidates of " + " + ".join(names)] = {
                "pairs": len(found),
                "lost": self._lost(found, queries),
            }
        return figures

    def _lost(self, found: Candidates, queries: NDArray[np.int64]) -> float:
        """Share of the queries' true pairs that are no candidates."""
        same = self.labels[found.left] == self.labels[found.right]
        size = len(self.labels)
        ends = np.concatenate([found.left[same], found.right[same]])
        held = np.bincount(ends, minlength=size)
        actual = np.bincount(self.labels[queries])[self.labels[queries]] - 1
        return round(1 - float(held[queries].sum() / actual.sum()), 4)

    def judgement(self, seeds: range) -> Figures:
        """First pass without and with the similarity, mean over seeds of the trees."""
        pairs, titles = self.candidates, self.catalog.normal_titles
        fold = np.random.default_rng(len(titles)).integers(0, FOLDS, self.labels.max() + 1)
        own = np.where(self.training >= 0, fold[self.labels], -1)
        crossed = crossed_similarity(
            titles, self.training, pairs.left, pairs.right, own, strength=self.strength
        )
        plain = pair_features(self.catalog, pairs)
        told = plain.beside(Features.of(standing("telling", crossed, pairs)))
        trains = (own[pairs.left] >= 0) & (own[pairs.right] >= 0)
        sieve = self._fit("sieve", plain.values, trains, 0)
        kept = np.flatnonzero(np.asarray(sieve.predict(plain.values)) >= SIEVED)
        study = replace(self, candidates=pairs.take(kept))
        return {
            name: {key: round(float(np.mean([run[key] for run in runs])), 4) for key in runs[0]}
            for name, features in {"without": plain, "with": told}.items()
            for runs in [[study.judged(features.values[kept], own, seed) for seed in seeds]]
        }

    def crossed(
        self, values: NDArray[np.float32], own: NDArray[np.int64], seed: int
    ) -> tuple[NDArray[np.float64], float, float]:
        """Probability of the training pairs by models that did not see them, best line, its F1."""
        left, right = self.candidates.left, self.candidates.right
        trains = (own[left] >= 0) & (own[right] >= 0)
        crossed, judges = np.zeros((2, len(left)))
        for number in range(FOLDS):
            asks = trains & ((own[left] == number) | (own[right] == number))
            booster = self._fit("first", values, trains & ~asks, seed)
            crossed[asks] += np.asarray(booster.predict(values[asks]))
            judges[asks] += 1
        crossed /= np.maximum(judges, 1)
        rows = np.flatnonzero(own >= 0)
        by_line = {line: self._f1(np.where(trains, crossed, 0), rows, line) for line in LINES}
        line = max(by_line, key=lambda each: by_line[each])
        return crossed, float(line), by_line[line]

    def judged(self, values: NDArray[np.float32], own: NDArray[np.int64], seed: int) -> Figures:
        """Figures by cross-fitting on the training rows, and on the others at the same line."""
        left, right = self.candidates.left, self.candidates.right
        trains = (own[left] >= 0) & (own[right] >= 0)
        crossed, line, crossed_f1 = self.crossed(values, own, seed)
        whole = self._fit("first", values, trains, seed)
        probability = np.asarray(whole.predict(values))
        others = np.flatnonzero((own < 0) & (self.labels >= 0))
        same = self.labels[left] == self.labels[right]
        return {
            "crossed_f1": crossed_f1,
            "crossed_log_loss": log_loss(same[trains], crossed[trains]),
            "crossed_average_precision": average_precision(same[trains], crossed[trains]),
            "others_f1": self._f1(probability, others, line),
            "others_log_loss": log_loss(same[~trains], probability[~trains]),
            "others_average_precision": average_precision(same[~trains], probability[~trains]),
        }

    def _fit(
        self, which: str, values: NDArray[np.float32], trains: NDArray[np.bool_], seed: int
    ) -> lgb.Booster:
        left, right = self.candidates.left[trains], self.candidates.right[trains]
        share = np.maximum(np.bincount(self.labels[self.labels >= 0]), 1.0) ** WEIGHT_POWER
        rounds, settings = SETTINGS[which]
        settings = {**COMMON, **settings, "seed": seed, "num_threads": threads(len(left))}
        data = lgb.Dataset(
            values[trains],
            (self.labels[left] == self.labels[right]).astype(np.float32),
            weight=share[self.labels[left]] + share[self.labels[right]],
            params=settings,
        )
        return lgb.train(settings, data, rounds)

    def _f1(self, probability: NDArray[np.float64], rows: NDArray[np.int64], line: float) -> float:
        left, right = self.candidates.left, self.candidates.right
        scores = probability.astype(np.float32)
        groups = group(left, right, scores, len(self.labels), line=float(line))
        return float(posting_f1(group_tally(groups, self.labels))[rows].mean())


def search_figures(
    titles: list[str],
    labels: NDArray[np.int64],
    queries: NDArray[np.int64],
    weights: WordWeights,
) -> Figures:
    """Mean average precision and recall of TF-IDF, of the weights and of both.

    *Plain* is the same encoder with nothing learned: what a second look at the words alone brings.
    """
    nothing = WordWeights((), np.empty(0, np.float32), np.zeros(TRAITS, np.float32))
    tfidf, plain, telling = (
        encoder.encode_titles(titles) for encoder in (Tfidf(), Telling(nothing), Telling(weights))
    )
    members = np.bincount(labels[labels >= 0])
    queries = queries[members[labels[queries]] > 1]
    totals = members[labels[queries]] - 1
    ways = {
        "tfidf": (tfidf,),
        "plain": (plain,),
        "telling": (telling,),
        "tfidf + plain": (tfidf, plain),
        "tfidf + telling": (tfidf, telling),
    }
    return {name: _ranked(vectors, labels, queries, totals) for name, vectors in ways.items()}


def _ranked(
    encoded: tuple[Vectors, ...],
    labels: NDArray[np.int64],
    queries: NDArray[np.int64],
    totals: NDArray[np.int64],
) -> Figures:
    hits = []
    deepest = min(DEEPEST, len(labels) - 1)
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        asking = queries[start : start + QUERIES_AT_ONCE]
        cosine = np.sum([_cosines(vectors, asking) for vectors in encoded], axis=0)
        cosine[np.arange(len(asking)), asking] = -1
        best = np.argsort(-cosine, axis=1, kind="stable")[:, :deepest]
        hits.append(labels[best] == labels[asking][:, None])
    hit = np.concatenate(hits)
    precision = np.cumsum(hit, axis=1) / np.arange(1, deepest + 1)
    average = (precision * hit).sum(axis=1) / np.minimum(totals, deepest)
    recall = {k: hit[:, :k].sum(axis=1) / np.minimum(totals, k) for k in (10, 50)}
    return {
        "mAP": round(float(average.mean()), 4),
        **{f"recall@{k}": round(float(value.mean()), 4) for k, value in recall.items()},
    }


def _cosines(vectors: Vectors, asking: NDArray[np.int64]) -> NDArray[np.float32]:
    """Of the queries and every posting, float32 ``(q, n)``; 0 without a row."""
    place = np.full(vectors.size, -1)
    place[vectors.owner] = np.arange(len(vectors.owner))
    there = place[asking] >= 0
    cosines = np.zeros((len(asking), vectors.size), dtype=np.float32)
    found = (vectors.rows[place[asking[there]]] @ vectors.rows.T).toarray()
    cosines[np.ix_(there, vectors.owner)] = found
    return cosines


def log_loss(same: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Mean negative logarithm of the probability of the truth."""
    told = np.clip(np.where(same, probability, 1 - probability), 1e-6, 1)
    return float(-np.log(told).mean())


def average_precision(same: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Mean over true pairs of the precision at their place."""
    hit = same[np.argsort(-probability, kind="stable")]
    return float((np.cumsum(hit) / np.arange(1, len(hit) + 1))[hit].mean())


if __name__ == "__main__":
    main()
