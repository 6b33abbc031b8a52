"""An encoder from a pretrained network and labelled postings: read, train, judge, write."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from samesku.catalog.catalog import Catalog
from samesku.catalog.splits import Split
from samesku.encoders import encoders_by_name
from samesku.encoders.backbones import Backbone, load_backbone
from samesku.encoders.card import EncoderKind, read_card
from samesku.encoders.encode import encode
from samesku.results.record import environment, training_record
from samesku.runtime.cache import Cache, content_key
from samesku.runtime.files import check_folder
from samesku.runtime.progress import Progress
from samesku.training.batches import LookAlikes, mine
from samesku.training.devices import choose_device
from samesku.training.encoder_folder import Samples, write_encoder
from samesku.training.encoder_loop import fit
from samesku.training.heads import (
    attach_neck,
    bring_photos_to,
    mend_momentum,
    photo_side,
    save_memory,
)
from samesku.training.photo_shelf import PhotoShelf
from samesku.training.settings import TrainingSettings
from samesku.training.tasks import ClipTask, Held, PhotoTask, ProductTask, TitleTask, Trained
from samesku.training.validation import Retrieval, compare, retrieval

UNFINISHED = ".training"
TASKS: dict[EncoderKind, type[ProductTask]] = {
    "title": TitleTask,
    "photo": PhotoTask,
    "clip": ClipTask,
}
# What each kind is compared with.
RIVALS: dict[EncoderKind, tuple[str, ...]] = {
    "title": ("tfidf",),
    "photo": ("phash",),
    "clip": ("tfidf", "phash"),
}
# Photos are kept a little larger than the network sees them: crops need something to choose from.
KEPT = 1.25


def train_encoder(
    catalog: Catalog,
    kind: EncoderKind,
    base: str | Path,
    out: Path,
    settings: TrainingSettings | None = None,
    *,
    split: Split,
    export: bool = True,
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train an encoder and write it as a folder that `--encoder` takes; returns its card.

    Parameters
    ----------
    catalog : Catalog
        With labels.
    kind : "photo", "title" or "clip"
    base : str or Path
        What to start from: the folder or hub name of a pretrained network.
    out : Path
        The folder to write. While the training lasts it holds the folder ``.training`` with what is
        needed to go on; called again in the same way, it does. What is finished is not done again.
    settings : TrainingSettings, optional
    split : Split
        Whose labels train, and whose choose the best epoch (`test`; none: the last epoch is kept).
    export : bool
        Write ONNX, too: the encoder then runs without torch.

    Raises
    ------
    ValueError
        There is nothing to learn from, or the base cannot be used; says why.
    """
    settings, progress = settings or TrainingSettings(), progress or Progress()
    check_folder(out)
    unfinished = out / UNFINISHED
    rows = _Rows.of(catalog, kind, split)
    plan = _plan(catalog, kind, base, rows, settings)
    if (done := _finished(out, plan)) is not None:
        progress.note(f"{out} was trained so before; delete it to train it again")
        return done
    backbone = _start(kind, base, settings, progress)
    photos = None
    if kind != "title":
        photos = _shelf(catalog, rows, backbone, progress)
        rows = rows.of_usable(photos, progress)
    task = _task(catalog, kind, backbone, rows, photos, settings, cache, progress)
    before = _found(task, progress, "judge the start")
    outcome = fit(task, settings, unfinished / "encoder", plan, progress=progress)
    after = _found(task, progress, "judge the result")
    card = {
        **environment(),
        "torch": torch.__version__,
        "plan": plan,
        "started_from": backbone.source,
        "trained_on": training_record(catalog.take(rows.train)),
        "chosen_on": training_record(catalog.take(rows.held)) if len(rows.held) else None,
        "products": int(task.trained.labels.max()) + 1,
        "settings": asdict(settings),
        "best_epoch": outcome.best,
        "history": [asdict(epoch) for epoch in outcome.history],
        "figures": _figures(catalog, kind, rows, before, after, settings, progress),
        "seconds": {name: round(taken, 1) for name, taken in progress.seconds.items()},
    }
    samples = Samples.of(task.trained.titles, photos and photos.take(rows.train))
    write_encoder(backbone, out, card, samples if export else None, progress)
    shutil.rmtree(unfinished)
    return card


@dataclass(frozen=True, eq=False)
class _Rows:
    """Positions of the postings that train and of those that are held out."""

    train: NDArray[np.int64]
    held: NDArray[np.int64]

    @classmethod
    def of(cls, catalog: Catalog, kind: EncoderKind, split: Split) -> _Rows:
        """Of the split, the postings that have what the network looks at."""
        readable = np.ones(len(catalog), dtype=bool)
        if kind != "photo":
            readable &= np.array([bool(title) for title in catalog.normal_titles], dtype=bool)
        if kind != "title":
            readable &= np.array([photo is not None for photo in catalog.photos], dtype=bool)
        return cls(split.train, split.test)._only(readable, catalog, kind)

    def of_usable(self, photos: PhotoShelf, progress: Progress) -> _Rows:
        """Without the postings whose photos cannot be decoded."""
        rows = np.concatenate([self.train, self.held])
        if broken := int(np.count_nonzero(~photos.usable[rows])):
            progress.note(f"{broken:,} photos cannot be decoded and are left out")
        return _Rows(self.train[photos.usable[self.train]], self.held[photos.usable[self.held]])

    def _only(self, readable: NDArray[np.bool_], catalog: Catalog, kind: EncoderKind) -> _Rows:
        rows = _Rows(self.train[readable[self.train]], self.held[readable[self.held]])
        labels = _labels(catalog)[rows.train]
        if len(np.unique(labels)) < 2 or len(np.unique(labels)) == len(labels):
            lacks = "photos that are there" if kind == "photo" else "titles"
            raise ValueError(
                f"{catalog.name}: training needs two products and more, one of them offered twice, "
                f"with {lacks} and in the training rows"
            )
        return rows


def _finished(out: Path, plan: str) -> dict[str, Any] | None:
    """The card of an encoder that was trained by the same plan; None where there is none."""
    card = read_card(out)
    if card is None or card.more.get("plan") != plan or (out / UNFINISHED).exists():
        return None
    return dict(card.more)


def _shelf(catalog: Catalog, rows: _Rows, backbone: Backbone, progress: Progress) -> PhotoShelf:
    """The photos of the postings that are looked at."""
    looked = np.zeros(len(catalog), dtype=bool)
    looked[rows.train] = looked[rows.held] = True
    pairs = zip(catalog.photos, looked.tolist(), strict=True)
    places = [photo if wanted else None for photo, wanted in pairs]
    return PhotoShelf(places, round(KEPT * photo_side(backbone)), progress=progress)


def _labels(catalog: Catalog) -> NDArray[np.int64]:
    if catalog.labels is None:
        raise ValueError(f"{catalog.name} has no labels to train on; add or map label_group")
    return catalog.labels


def _start(
    kind: EncoderKind, base: str | Path, settings: TrainingSettings, progress: Progress
) -> Backbone:
    """The network to begin with, its neck and its photo size as the settings say."""
    with progress.stage("load the base"):
        backbone = load_backbone(base, kind, pooling=settings.pooling)
    if settings.photo_size is not None and kind != "title":
        bring_photos_to(backbone, settings.photo_size)
    if kind != "clip":
        attach_neck(backbone, settings.dimension, seed=settings.seed)
    mend_momentum(backbone)
    if settings.checkpointing:
        save_memory(backbone)
    backbone.to(choose_device())
    return backbone.eval()


def _task(
    catalog: Catalog,
    kind: EncoderKind,
    backbone: Backbone,
    rows: _Rows,
    photos: PhotoShelf | None,
    settings: TrainingSettings,
    cache: Cache | None,
    progress: Progress,
) -> ProductTask:
    labels = _labels(catalog)
    codes = np.unique(labels[rows.train], return_inverse=True)[1].astype(np.int64)
    alike = LookAlikes.none(int(codes.max()) + 1)
    if settings.hard > 0:
        known = catalog.take(rows.train)
        alike = mine(known, codes, photos=kind != "title", cache=cache, progress=progress)

    def taken(chosen: NDArray[np.int64]) -> tuple[list[str], PhotoShelf | None]:
        titles = [catalog.normal_titles[row] for row in chosen.tolist()]
        return titles, None if photos is None else photos.take(chosen)

    trained = Trained(codes, *taken(rows.train), alike)
    held = Held(labels[rows.held], *taken(rows.held)) if len(rows.held) else None
    return TASKS[kind](backbone, trained, held, settings)


def _plan(
    catalog: Catalog, kind: str, base: str | Path, rows: _Rows, settings: TrainingSettings
) -> str:
    """Hash of all that decides the result."""
    ids = np.array(catalog.ids, dtype=object)
    labels = _labels(catalog)
    return content_key(
        "train-encoder-1",
        kind,
        str(base),
        repr(settings.plan),
        ids[rows.train].tolist(),
        labels[rows.train].tobytes(),
        ids[rows.held].tolist(),
        [catalog.titles[row] for row in rows.train.tolist()],
    )


def _found(task: ProductTask, progress: Progress, stage: str) -> Retrieval | None:
    with progress.stage(stage), torch.inference_mode():
        return task.found()


def _figures(
    catalog: Catalog,
    kind: EncoderKind,
    rows: _Rows,
    before: Retrieval | None,
    after: Retrieval | None,
    settings: TrainingSettings,
    progress: Progress,
) -> dict[str, Any] | None:
    """The result beside its start and what needs no training, on the same held-out postings."""
    if before is None or after is None:
        return None
    others = {"start": before}
    held = catalog.take(rows.held)
    encoders = encoders_by_name(RIVALS[kind])
    encoded = encode(held, encoders, Cache(None), progress)
    for encoder, vectors in zip(encoders, encoded.vectors, strict=True):
        others[encoder.name] = retrieval(vectors, _labels(held))
    told = {
        name: {
            "f1": _values(found, "f1"),
            "mAP": _values(found, "mAP"),
            "threshold": round(found.threshold, 4),
        }
        for name, found in {"trained": after, **others}.items()
    }
    gains = {name: compare(after, found, settings.seed) for name, found in others.items()}
    return {"pool": len(held), "of": told, "gain_over": gains}


def _values(found: Retrieval, figure: str) -> list[float]:
    told = (found.mean_f1() if figure == "f1" else found.mean_precision()).figure
    return [round(each, 4) for each in (told.value, told.low, told.high)]
