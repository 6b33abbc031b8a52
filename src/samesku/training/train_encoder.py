"""An encoder from a pretrained network and labelled postings: read, train, evaluate, write."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jinja2 import Template

from samesku.catalog.catalog import Catalog
from samesku.catalog.splits import Split
from samesku.encoders import encoders_by_name
from samesku.encoders.backbones import Backbone, Photos, load_backbone
from samesku.encoders.card import EncoderKind, read_card
from samesku.encoders.encode import encode
from samesku.encoders.export import export_encoder
from samesku.results.record import environment, training_record
from samesku.runtime.arrays import Bools, Bytes, Ints
from samesku.runtime.cache import Cache, content_key
from samesku.runtime.files import Staged, check_folder
from samesku.runtime.progress import Progress
from samesku.training.batches import mine
from samesku.training.encoder_loop import best_of, fit, training_device
from samesku.training.heads import attach_neck, bring_photos_to, photo_side, save_memory
from samesku.training.photo_shelf import PhotoShelf
from samesku.training.settings import TrainingSettings
from samesku.training.tasks import ClipTask, PhotoTask, Postings, ProductTask, TitleTask
from samesku.training.validation import Retrieval, compare, retrieval

UNFINISHED, README = ".training", "README.md"
# How each kind is trained, and what it is compared with.
KINDS: dict[EncoderKind, tuple[type[ProductTask], tuple[str, ...]]] = {
    "title": (TitleTask, ("tfidf",)),
    "photo": (PhotoTask, ("phash",)),
    "clip": (ClipTask, ("tfidf", "phash")),
}
# Photos are kept a little larger than the network sees them: crops need something to choose from.
KEPT = 1.25
# Postings that ONNX is compared with torch on.
COMPARED = 32
# Settings that the README leaves out, as they say nothing about a kind of network.
SKIPPED = {"title": {"cutmix", "flip", "cutout", "crop", "photo_size"}, "photo": {"words_dropped"}}


def train_encoder(
    catalog: Catalog,
    kind: EncoderKind,
    base: str | Path,
    out: Path,
    settings: TrainingSettings | None = None,
    *,
    split: Split,
    export: bool = True,
    task: type[ProductTask] | None = None,
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train an encoder and write it as a folder that `--encoder` takes; returns its card.

    `base` is the folder or hub name of a pretrained network. While the training lasts, `out` holds
    the folder ``.training`` with what is needed to continue; called again in the same way, it does.
    What is finished is not done again. Of the `split` the labels of `train` train, those of `test`
    choose the best epoch; without any the last epoch is kept. With `export` ONNX is written, too,
    which needs no torch. `task` trains in another way than that of the kind. Raises ValueError
    where there is nothing to learn from, or the base cannot be used.
    """
    settings, progress = settings or TrainingSettings(), progress or Progress()
    check_folder(out)
    unfinished = out / UNFINISHED
    split = _readable(catalog, kind, split)
    plan = _plan(catalog, kind, base, split, settings)
    done = read_card(out)
    if done is not None and done.more.get("plan") == plan and not unfinished.exists():
        progress.note(f"{out} was trained so before; delete it to train it again")
        return dict(done.more)
    backbone = _start(kind, base, settings, progress)
    photos = None
    if kind != "title":
        photos = _photos(catalog, split, round(KEPT * photo_side(backbone)), progress)
        split = _only(split, photos.usable)
    known, held = catalog.take(split.train), catalog.take(split.test)
    trained = _postings(catalog, split.train, photos)
    if settings.hard > 0:
        seen = kind != "title"
        negatives = mine(known, trained.labels, photos=seen, cache=cache, progress=progress)
        trained = replace(trained, hard_negatives=negatives)
    validation = _postings(catalog, split.test, photos) if len(held) else None
    training = (task or KINDS[kind][0])(backbone, trained, validation, settings)
    with progress.stage("evaluate the start"):
        before = training.found()
    history = fit(training, settings, unfinished / "encoder", plan, progress=progress)
    with progress.stage("evaluate the result"):
        after = training.found()
    figures = None
    if before is not None and after is not None:
        others = {"start": before, **_untrained(held, kind, progress)}
        figures = _figures(after, others, settings.seed)
    card = {
        **environment(),
        "torch": torch.__version__,
        "plan": plan,
        "started_from": backbone.source,
        "trained_on": training_record(known),
        "chosen_on": training_record(held) if len(held) else None,
        "products": int(trained.labels.max()) + 1,
        "settings": asdict(settings),
        "best_epoch": best_of(history).number,
        "history": [asdict(epoch) for epoch in history],
        "figures": figures,
        "seconds": {name: round(taken, 1) for name, taken in progress.seconds.items()},
    }
    _write(backbone, out, card, _samples(trained) if export else None, progress)
    shutil.rmtree(unfinished)
    return card


def _only(split: Split, usable: Bools) -> Split:
    return Split(split.name, split.train[usable[split.train]], split.test[usable[split.test]])


def _readable(catalog: Catalog, kind: EncoderKind, split: Split) -> Split:
    """Of the split, the postings that have what the network looks at."""
    readable = np.ones(len(catalog), dtype=bool)
    if kind != "photo":
        readable &= np.array([bool(title) for title in catalog.normal_titles], dtype=bool)
    if kind != "title":
        readable &= catalog.with_photo
    split = _only(split, readable)
    labels = catalog.known_labels("train on")[split.train]
    if len(np.unique(labels)) < 2 or len(np.unique(labels)) == len(labels):
        lacks = "photos that are there" if kind == "photo" else "titles"
        raise ValueError(
            f"{catalog.name}: training needs two products and more, one of them offered twice, "
            f"with {lacks} and in the training rows"
        )
    return split


def _plan(
    catalog: Catalog, kind: str, base: str | Path, split: Split, settings: TrainingSettings
) -> str:
    """Hash of all that decides the result."""
    ids, labels = np.array(catalog.ids, dtype=object), catalog.labels
    assert labels is not None
    return content_key(
        "train-encoder-1",
        kind,
        str(base),
        repr(settings.plan),
        ids[split.train].tolist(),
        labels[split.train].tobytes(),
        ids[split.test].tolist(),
        [catalog.titles[row] for row in split.train.tolist()],
    )


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
    if settings.checkpointing:
        save_memory(backbone)
    return backbone.to(training_device()).eval()


def _photos(catalog: Catalog, split: Split, side: int, progress: Progress) -> PhotoShelf:
    """The photos of the postings of a split; a note where some cannot be decoded."""
    used = {*split.train.tolist(), *split.test.tolist()}
    paths = [photo if row in used else None for row, photo in enumerate(catalog.photos)]
    photos = PhotoShelf(paths, side, progress=progress)
    if broken := len(used) - int(np.count_nonzero(photos.usable)):
        progress.note(f"{broken:,} photos cannot be decoded and are left out")
    return photos


def _postings(catalog: Catalog, rows: Ints, photos: PhotoShelf | None) -> Postings:
    assert catalog.labels is not None
    codes = np.unique(catalog.labels[rows], return_inverse=True)[1].astype(np.int64)
    titles = [catalog.normal_titles[row] for row in rows.tolist()]
    return Postings(codes, titles, () if photos is None else photos.take(rows))


def _samples(trained: Postings) -> tuple[list[str], list[Bytes]]:
    """Titles and photos, evenly spread, to compare ONNX with torch on."""
    rows = np.unique(np.linspace(0, len(trained.titles) - 1, COMPARED).astype(int)).tolist()
    photos = [trained.photos[row] for row in rows] if len(trained.photos) else []
    return [trained.titles[row] for row in rows if trained.titles[row]], photos


def _untrained(held: Catalog, kind: EncoderKind, progress: Progress) -> dict[str, Retrieval]:
    """What needs no training, on the same held-out postings."""
    assert held.labels is not None
    encoded = encode(held, encoders_by_name(KINDS[kind][1]), Cache(None), progress)
    return {each.encoder.name: retrieval(each.vectors, held.labels) for each in encoded}


def _figures(after: Retrieval, others: dict[str, Retrieval], seed: int) -> dict[str, Any]:
    """F1, mAP and threshold of the result and of what it is compared with, and the gains."""
    of = {
        name: {**found.figures(), "threshold": round(found.threshold, 4)}
        for name, found in {"trained": after, **others}.items()
    }
    gains = {name: compare(after, found, seed) for name, found in others.items()}
    return {"pool": len(after.f1), "of": of, "gain_over": gains}


def _write(
    backbone: Backbone,
    out: Path,
    card: Mapping[str, Any],
    samples: tuple[Sequence[str], Photos] | None,
    progress: Progress,
) -> None:
    """The network, ONNX if it can be exported, the card, and a README for people."""
    backbone.to("cpu").eval()
    exported = None
    if samples is not None:
        with progress.stage("export"):
            try:
                export_encoder(backbone, out, titles=samples[0], photos=samples[1])
                exported = read_card(out)
            except ValueError as error:
                progress.note(f"no ONNX was written, the encoder needs torch: {error}")
    template = Template(files(__package__).joinpath("model_card.md.j2").read_text("utf-8"))
    skipped = SKIPPED.get(backbone.kind, set())
    with Staged(out) as staged:
        text = template.render(card=card, backbone=backbone, skipped=skipped)
        staged.path(README).write_text(f"{text}\n", encoding="utf-8")
    beside, more = (exported.files, exported.more) if exported else ({}, {})
    backbone.save(out, {**more, **card}, beside)
