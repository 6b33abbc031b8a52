"""What training an encoder brings, on products that it never saw; prints Markdown.

    python benchmarks/train_encoders.py demo-photo [MARKET] [--postings 6000] [--seed 7]
    python benchmarks/train_encoders.py demo-title [MARKET] [--postings 6000] [--seed 7]
    python benchmarks/train_encoders.py photos CATALOGUE.csv --base FOLDER
    python benchmarks/train_encoders.py titles CATALOGUE.csv --split SPLIT.csv
    python benchmarks/train_encoders.py memory

*demo*: networks that start from nothing, on the drawn marketplace; whole families of look-alikes
are held out, and slices with and without look-alikes told apart. *photos*: a pretrained network
before and after, products held out. *titles*: a BERT from nothing, cross-fitted, as one more
feature of the learned fusion's first pass. *memory*: the peak of training an EfficientNet-B0.

Lines are chosen on a validation part, the best epoch too; all figures are of the test part.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from text_encoder import Study, average_precision, log_loss

from samesku import read_catalog
from samesku.cache import Cache
from samesku.catalog import Catalog
from samesku.classifier import SIEVED
from samesku.clustering import group
from samesku.demo import draw_marketplace
from samesku.encoders import Encoder, encoders_by_name
from samesku.encoders.backbones import load_backbone
from samesku.encoders.base import Vectors
from samesku.encoders.card import EncoderKind
from samesku.encoders.encode import encode
from samesku.encoders.families import FAMILIES, Family
from samesku.encoders.folder import encoders_in
from samesku.evaluation.metrics import bootstrap, group_tally, posting_f1
from samesku.evaluation.splits import Split, group_folds, read_split
from samesku.features import Features, pair_features
from samesku.features.standing import standing
from samesku.progress import Progress
from samesku.similarity import pair_similarity
from samesku.training.heads import bring_photos_to, photo_side
from samesku.training.settings import TrainingSettings
from samesku.training.train_encoder import train_encoder
from samesku.training.validation import Retrieval, compare, retrieval
from samesku.training.word_weights import STRENGTH

Rows = NDArray[np.int64]
# The line of the shipped model: not chosen on anything here.
LINE = 0.34

FROM_NOTHING = {
    "photo": TrainingSettings(
        epochs=14, batch=64, hard=0.25, rate=2e-3, head_rate=1e-2, margin=(0.0, 0.3), scale=16.0,
        crop=0.6, cutmix=0.0, cutout=0.1, photo_size=64,
    ),
    "title": TrainingSettings(
        epochs=14, batch=64, hard=0.5, rate=1e-3, head_rate=1e-2, margin=(0.1, 0.4), scale=20.0,
        warm_up_language=8, words_dropped=0.1,
    ),
}  # fmt: skip
FINE = TrainingSettings(
    epochs=4, batch=32, per_group=4, rate=3e-4, head_rate=1e-2, margin=(0.1, 0.4), scale=20.0,
    photo_size=112, hard=0.0, cutmix=0.0, crop=0.6,
)  # fmt: skip


class Told(Progress):
    """Prints what the training tells, with the seconds since the start."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = time.perf_counter()

    def note(self, text: str) -> None:
        """Print it at once."""
        print(f"{time.perf_counter() - self.begun:6.0f} s  {text}", flush=True)
        super().note(text)


def main() -> None:
    """Read the arguments, train, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ways = ["demo-photo", "demo-title", "photos", "titles", "memory"]
    parser.add_argument("what", choices=ways)
    parser.add_argument("catalogue", type=Path, nargs="?")
    parser.add_argument("--base")
    parser.add_argument("--split", type=Path)
    parser.add_argument("--postings", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if given.what == "memory":
            memory(folder)
        elif given.what == "photos":
            photos(read_catalog(given.catalogue), given.base, folder)
        elif given.what == "titles":
            titles(read_catalog(given.catalogue), given.split, given.base, folder)
        else:
            kind = given.what.removeprefix("demo-")
            demo(kind, given.catalogue, given.base, folder, given.postings, given.seed)


def demo(
    kind: str, market: Path | None, base: str | None, folder: Path, postings: int, seed: int
) -> None:
    """A network from nothing on the drawn marketplace, families of look-alikes held out."""
    if market is None:
        market = draw_marketplace(folder / "market", postings=postings, seed=seed)
    catalog = read_catalog(market)
    truth = pl.read_csv(market / "truth.csv").select("posting_id", "family")
    joined = catalog.frame.select("posting_id").join(
        truth, on="posting_id", how="left", maintain_order="left"
    )
    family = joined["family"].rank("dense").cast(pl.Int64).to_numpy() - 1
    place = np.random.default_rng(0).permutation(family.max() + 1) / (family.max() + 1)
    parts = Parts.at(place[family])
    kinds = {"photo": "new:efficientnet-tiny", "title": "new:bert-small"}
    name: EncoderKind = "photo" if kind == "photo" else "title"
    train_encoder(
        catalog, name, base or kinds[kind], folder / "mine", FROM_NOTHING[kind],
        split=Split("validation", parts.train, parts.validation), export=False, progress=Told(),
    )  # fmt: skip
    labels = catalog.labels
    assert labels is not None
    products = pl.DataFrame({"family": family, "label": labels}).unique()
    counts = products.group_by("family").len().sort("family")["len"].to_numpy()
    slices = {
        "all": np.ones(len(catalog), dtype=bool),
        "no look-alike": counts[family] == 1,
        "with look-alikes": counts[family] > 1,
    }
    rival = "phash" if kind == "photo" else "tfidf"
    show(catalog, parts, [*encoders_in(folder / "mine"), *encoders_by_name([rival])], slices)


def photos(catalog: Catalog, base: str, folder: Path) -> None:
    """A pretrained photo network before and after, on products held out."""
    parts = Parts.of(catalog)
    # Known from here on: the benchmark's own base is of a family that the package leaves out.
    FAMILIES.setdefault("mobilenet_v2", Family(("photo",), "mean"))
    train_encoder(
        catalog,
        "photo",
        base,
        folder / "trained",
        FINE,
        split=Split("validation", parts.train, parts.validation),
        export=False,
        progress=Told(),
    )
    start = load_backbone(base, "photo")
    bring_photos_to(start, FINE.photo_size or photo_side(start))
    start.save(folder / "start")
    encoders = [*encoders_in(folder / "trained"), *encoders_in(folder / "start")]
    everyone = {"all": np.ones(len(catalog), dtype=bool)}
    show(catalog, parts, [*encoders, *encoders_by_name(["phash"])], everyone)


@dataclass(frozen=True, eq=False)
class Parts:
    """Positions that train, choose epoch and lines, and are scored."""

    train: Rows
    validation: Rows
    test: Rows

    @classmethod
    def at(cls, place: NDArray[np.float64]) -> Parts:
        """By a number in [0, 1) that a family shares: seven, one and two tenths."""
        train, test = place >= 0.3, place < 0.2
        return cls(*(np.flatnonzero(part) for part in (train, ~train & ~test, test)))

    @classmethod
    def of(cls, catalog: Catalog) -> Parts:
        """Six tenths of the products train, a tenth chooses, three tenths are scored."""
        folds = [fold.test for fold in group_folds(catalog, 10, seed=0)]
        return cls(np.concatenate(folds[:6]), folds[6], np.concatenate(folds[7:]))


def show(
    catalog: Catalog,
    parts: Parts,
    encoders: Sequence[Encoder],
    slices: dict[str, NDArray[np.bool_]],
) -> None:
    """A table per slice: the queries of the slice among all of the test part."""
    lines = [found.line for found in searched(catalog.take(parts.validation), encoders, None)]
    print("\n| queries | encoder | F1 per posting | mAP |\n|---|---|---|---|")
    told = []
    for name, mask in slices.items():
        asked = mask[parts.test]
        results = searched(catalog.take(parts.test), encoders, asked, lines)
        for encoder, found in zip(encoders, results, strict=True):
            f1, precision = found.mean_f1().figure, found.mean_precision().figure
            print(f"| {name}, {len(found.f1):,} | {encoder.name} | {f1} | {precision} |")
        for encoder, found in zip(encoders[1:], results[1:], strict=True):
            told.append(f"{name}, over {encoder.name}: {compare(results[0], found)}")
    print(f"\nPool: {len(parts.test):,} postings. Gains, paired:", *told, sep="\n- ", flush=True)


def searched(
    catalog: Catalog,
    encoders: Sequence[Encoder],
    asked: NDArray[np.bool_] | None,
    lines: Sequence[float] | None = None,
) -> list[Retrieval]:
    """The offers that every encoder sees, searched among themselves."""
    encoded = encode(catalog, encoders, Cache(None), Progress()).vectors
    there = np.logical_and.reduce([vectors.present for vectors in encoded])
    assert catalog.labels is not None
    labels = np.where(there, catalog.labels, -1)
    queries = np.flatnonzero(there if asked is None else there & asked)
    return [
        retrieval(vectors, labels, queries, line=None if lines is None else lines[place])
        for place, vectors in enumerate(encoded)
    ]


def titles(catalog: Catalog, split: Path, base: str | None, folder: Path) -> None:
    """Two BERTs, each blind to half of the training products, as a feature of the learned fusion.

    A pair of the training rows is told the similarity of the encoder that saw neither of its
    products, or the mean where each saw one; the rows that are scored were seen by none.
    """
    train = read_split(split, catalog)[0].train
    study = TitleStudy(**vars(Study.of(catalog, train, STRENGTH)))
    halves = group_folds(catalog.take(train), 2, seed=0)
    vectors = []
    for number, half in enumerate(halves):
        out = folder / f"half-{number}"
        train_encoder(
            catalog, "title", base or "new:bert-small", out, FROM_NOTHING["title"],
            split=Split("none", train[half.train], np.empty(0, np.int64)),
            export=False, progress=Told(),
        )  # fmt: skip
        vectors += encode(catalog, encoders_in(out), Cache(None), Progress()).vectors
    owner = np.full(len(catalog), -1)
    for number, half in enumerate(halves):
        # The encoder of this number never saw these.
        owner[train[half.test]] = number
    study.tell(vectors, owner)


class TitleStudy(Study):
    """A labelled catalogue and its candidates, judged without and with one more similarity."""

    def tell(self, vectors: Sequence[Vectors], owner: Rows) -> None:
        """Search figures of the first encoder, then the first pass without and with both."""
        pairs = self.candidates
        others = np.flatnonzero((self.training < 0) & (self.labels >= 0))
        tfidf = encode(self.catalog, encoders_by_name(["tfidf"]), Cache(None), Progress())
        first, rival = (
            retrieval(each, self.labels, others) for each in (vectors[0], tfidf.vectors[0])
        )
        print(f"\nmAP, {len(others):,} queries among {len(self.labels):,}:")
        for name, found in (("bert", first), ("tfidf", rival)):
            print(f"- {name}: {found.mean_precision().figure}")
        each = np.stack([pair_similarity(one, pairs.left, pairs.right) for one in vectors])
        left, right = owner[pairs.left], owner[pairs.right]
        inside = (left == right) & (left >= 0)
        crossed = np.where(inside, each[np.maximum(left, 0), np.arange(len(left))], each.mean(0))
        plain = pair_features(self.catalog, pairs)
        told = plain.beside(Features.of(standing("bert", crossed.astype(np.float32), pairs)))
        trains = (left >= 0) & (right >= 0)
        sieve = self._fit("sieve", plain.values, trains, 0)
        kept = np.flatnonzero(np.asarray(sieve.predict(plain.values)) >= SIEVED)
        self._compare({"without": plain.values, "with": told.values}, kept, trains, others)

    def _compare(
        self,
        features: dict[str, NDArray[np.float32]],
        kept: Rows,
        trains: NDArray[np.bool_],
        others: Rows,
    ) -> None:
        study = replace(self, candidates=self.candidates.take(kept))
        left, right = study.candidates.left, study.candidates.right
        same, scored = self.labels[left] == self.labels[right], ~trains[kept]
        sampled = {}
        print("\n| first pass | F1 | log loss | average precision |\n|---|---|---|---|")
        for name, values in features.items():
            booster = study._fit("first", values[kept], trains[kept], 0)
            probability = np.asarray(booster.predict(values[kept]))
            groups = group(left, right, probability.astype(np.float32), len(self.labels), line=LINE)
            f1 = posting_f1(group_tally(groups, self.labels))[others]
            sampled[name] = bootstrap(f1, np.ones(len(f1)), self.labels[others])
            loss = log_loss(same[scored], probability[scored])
            precision = average_precision(same[scored], probability[scored])
            print(f"| {name} | {sampled[name].figure} | {loss:.4f} | {precision:.4f} |", flush=True)
        print(f"\nF1 with, less without, paired: {sampled['with'].minus(sampled['without'])}")


def memory(folder: Path) -> None:
    """Peak memory of a few steps of EfficientNet-B0 at 224 pixels, 32 photos a batch."""
    catalog = read_catalog(draw_marketplace(folder / "market", postings=130, seed=1))
    rows = np.flatnonzero(np.array([photo is not None for photo in catalog.photos]))
    settings = TrainingSettings(epochs=1, batch=32, hard=0.0)
    begun = time.perf_counter()
    train_encoder(
        catalog, "photo", "new:efficientnet-b0", folder / "out", settings,
        split=Split("none", rows, np.empty(0, np.int64)), export=False, progress=Told(),
    )  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    taken = time.perf_counter() - begun
    print(f"\npeak {peak:.2f} GiB of the whole process, {len(rows)} photos in {taken:.0f} s")


if __name__ == "__main__":
    main()
