"""What training an encoder brings, on products that it never saw; prints Markdown.

    python -m research.train_encoders demo-photo [MARKET] [--postings 6000] [--seed 7]
    python -m research.train_encoders demo-title [MARKET] [--postings 6000] [--seed 7]
    python -m research.train_encoders photos CATALOGUE.csv --base FOLDER [--side 112]
        [--start-sides 112 224] [--seed 0]
    python -m research.train_encoders titles CATALOGUE.csv --split SPLIT.csv [--work FOLDER]
    python -m research.train_encoders memory

*demo*: networks that start from nothing, on the drawn marketplace; whole families of look-alikes
are held out, and slices with and without look-alikes told apart. *photos*: a pretrained network
before and after, products held out; what it started from may look at photos of other sizes, too.
*titles*: a BERT from nothing as one more encoder of the
learned fusion's first pass. *memory*: the peak of training an EfficientNet-B0.

Lines are chosen on a validation part, the best epoch too, those of *titles* by cross-fitting on the
training rows; all figures are of the test part. In `--work` stays what was trained: broken off, the
same command goes on there.
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

from research.first_photos import FirstPhotos
from research.from_nothing import RECIPES, new_base
from research.marketplace import draw_marketplace
from samesku import Matcher, read_catalog
from samesku.catalog.catalog import Catalog
from samesku.catalog.splits import Split, group_folds, read_split
from samesku.clustering.agglomerative import agglomerate
from samesku.encoders import Encoder, encoders_by_name
from samesku.encoders.backbones import load_backbone
from samesku.encoders.card import EncoderKind
from samesku.encoders.encode import encode
from samesku.encoders.families import FAMILIES, Family
from samesku.encoders.folder import encoders_in
from samesku.metrics import Sampled, bootstrap, cluster_tally, posting_f1
from samesku.runtime.cache import Cache
from samesku.runtime.progress import Progress
from samesku.training.classifier.fitting import fit_classifier
from samesku.training.classifier.labelled import Labelled
from samesku.training.heads import bring_photos_to
from samesku.training.settings import TrainingSettings
from samesku.training.train_encoder import train_encoder
from samesku.training.validation import Retrieval, compare, retrieval

Rows = NDArray[np.int64]

# The drawn photos are small; this many pixels of each side say what there is to see.
DRAWN_SIDE = 64
DRAWN_SEED = 9
SHOPEE = replace(RECIPES["title"], epochs=12)
SHOPEE_LANGUAGE_EPOCHS = 6
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
    parser.add_argument("--postings", type=int, default=8000)
    parser.add_argument("--seed", type=int, help="of the market, 9, or of training *photos*, 0")
    parser.add_argument("--side", type=int, default=FINE.photo_size, help="pixels of *photos*")
    parser.add_argument("--start-sides", type=int, nargs="+", help="of its start; default --side")
    parser.add_argument("--work", type=Path, help="folder for what is trained; default: none")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.work or Path(made)
        if given.what == "memory":
            memory(folder)
        elif given.what == "photos":
            settings = replace(FINE, photo_size=given.side, seed=given.seed or FINE.seed)
            starts = given.start_sides or [given.side]
            photos(read_catalog(given.catalogue), given.base, settings, starts, folder)
        elif given.what == "titles":
            titles(read_catalog(given.catalogue), given.split, given.base, folder)
        else:
            kind = given.what.removeprefix("demo-")
            seed = DRAWN_SEED if given.seed is None else given.seed
            demo(kind, given.catalogue, given.base, folder, given.postings, seed)


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
    kinds = {"photo": "efficientnet-small", "title": "bert-small"}
    name: EncoderKind = "photo" if kind == "photo" else "title"
    settings = replace(RECIPES[name], photo_size=DRAWN_SIDE if kind == "photo" else None)
    train_encoder(
        catalog, name, start(base or kinds[kind], name, catalog, parts.train, folder, settings),
        folder / "mine", settings,
        split=Split("validation", parts.train, parts.validation), export=False, progress=Told(),
        task=FirstPhotos if kind == "photo" else None,
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


def start(
    base: str,
    kind: EncoderKind,
    catalog: Catalog,
    rows: Rows,
    folder: Path,
    settings: TrainingSettings,
    **more: int,
) -> Path:
    """The folder of a network that has seen nothing but the titles of `rows`."""
    titles = [catalog.normal_titles[row] for row in rows.tolist()]
    return new_base(base, kind, titles, folder / "start", settings, Told(), **more)


def photos(
    catalog: Catalog, base: str, settings: TrainingSettings, sides: Sequence[int], folder: Path
) -> None:
    """A pretrained photo network before, at some sizes of photos, and after; products held out."""
    parts = Parts.of(catalog)
    # Known from here on: the benchmark's own base is of a family that the package leaves out.
    FAMILIES.setdefault("mobilenet_v2", Family(("photo",), "mean"))
    train_encoder(
        catalog,
        "photo",
        base,
        folder / "trained",
        settings,
        split=Split("validation", parts.train, parts.validation),
        export=False,
        progress=Told(),
    )
    encoders = [*encoders_in(folder / "trained")]
    for side in sides:
        start, place = load_backbone(base, "photo"), folder / f"start-{side}"
        bring_photos_to(start, side)
        start.save(place)
        encoders += encoders_in(place)
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
        """By a number in [0, 1) that a family shares: six, two and two tenths.

        As many choose the line as are scored: among fewer products there is less to confuse, and a
        line from there is too low.
        """
        train, test = place >= 0.4, place < 0.2
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
    lines = [found.threshold for found in searched(catalog.take(parts.validation), encoders, None)]
    print("\n| queries | encoder | F1 per posting | mAP |\n|---|---|---|---|")
    told = []
    for name, mask in slices.items():
        asked = mask[parts.test]
        results = searched(catalog.take(parts.test), encoders, asked, lines)
        for encoder, found in zip(encoders, results, strict=True):
            f1, precision = (mean.figure for mean in found.means().values())
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
    encoded = [each.vectors for each in encode(catalog, encoders, Cache(None), Progress())]
    there = np.logical_and.reduce([vectors.present for vectors in encoded])
    assert catalog.labels is not None
    labels = np.where(there, catalog.labels, -1)
    queries = np.flatnonzero(there if asked is None else there & asked)
    return [
        retrieval(vectors, labels, queries, threshold=None if lines is None else lines[place])
        for place, vectors in enumerate(encoded)
    ]


def titles(catalog: Catalog, split: Path, base: str | None, folder: Path) -> None:
    """A BERT beside the default encoders, in the first pass of the learned fusion.

    Half of the training products train the network and the other half the fusion, without and with
    it, so that no row which the fusion learns from or is scored on trained the network.
    """
    train = read_split(split, catalog)[0].train
    half = group_folds(catalog.take(train), 2, seed=0)[0]
    own = train[half.train]
    begun = start(
        base or "bert-tiny", "title", catalog, own, folder, SHOPEE,
        language_epochs=SHOPEE_LANGUAGE_EPOCHS,
    )  # fmt: skip
    train_encoder(
        catalog, "title", begun, folder / "bert", SHOPEE,
        split=Split("none", own, np.empty(0, np.int64)),
        export=False, progress=Told(),
    )  # fmt: skip
    bert = encoders_in(folder / "bert")
    assert catalog.labels is not None
    labels, rows = catalog.labels, train[half.test]
    scored = np.setdiff1d(np.flatnonzero(labels >= 0), train)
    usual = encoders_by_name(["tfidf", "phash"])
    print(f"\nmAP, {len(scored):,} queries among {len(labels):,}:")
    asked = np.isin(np.arange(len(labels)), scored)
    alone = [*bert, usual[0]]
    for encoder, found in zip(alone, searched(catalog, alone, asked), strict=True):
        print(f"- {encoder.name}: {found.means()['mAP'].figure}", flush=True)
    print("\n| pair classifier | threshold | F1 per posting |\n|---|---|---|")
    sampled: dict[str, Sampled] = {}
    for name, encoders in (("without", usual), ("with", [*usual, *bert])):
        candidates = Matcher(encoders, "union").candidates(catalog)
        model, _ = fit_classifier([Labelled.of(catalog, candidates, rows)])
        scores = model.predict(catalog, candidates).scores
        groups = agglomerate(
            candidates.left, candidates.right, scores, len(labels), threshold=model.threshold
        )
        f1 = posting_f1(cluster_tally(groups, labels))[scored]
        sampled[name] = bootstrap(f1, np.ones(len(f1)), labels[scored])
        print(f"| {name} | {model.threshold:.2f} | {sampled[name].figure} |", flush=True)
    print(f"\nF1 with, less without, paired: {sampled['with'].minus(sampled['without'])}")


def memory(folder: Path) -> None:
    """Peak memory of a few steps of EfficientNet-B0 at 224 pixels, 32 photos a batch."""
    catalog = read_catalog(draw_marketplace(folder / "market", postings=130, seed=1))
    rows = np.flatnonzero(np.array([photo is not None for photo in catalog.photos]))
    settings = TrainingSettings(epochs=1, batch=32, hard=0.0)
    base = start("efficientnet-b0", "photo", catalog, rows, folder, settings)
    begun = time.perf_counter()
    train_encoder(
        catalog, "photo", base, folder / "out", settings,
        split=Split("none", rows, np.empty(0, np.int64)), export=False, progress=Told(),
    )  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    taken = time.perf_counter() - begun
    print(f"\npeak {peak:.2f} GiB of the whole process, {len(rows)} photos in {taken:.0f} s")


if __name__ == "__main__":
    main()
