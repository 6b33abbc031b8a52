"""The commands of encoders and their options."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Literal

from samesku.cli.app import argument, command, option
from samesku.cli.options import CATALOGUE, Quiet, Reading
from samesku.training.settings import TrainingSettings

Kind = Literal["title", "photo", "clip"]
POOLING = "Title: mean, cls, last, pooler; photo: mean, gem, cls, pooler. Default: the model's."


@command("encoders:show", example="samesku match offers.csv --encoder hf:MODEL --out result/")
class Encoders:
    """List the encoders of titles and photos, and which pretrained models suit."""


@command(
    "encoders:export",
    name="export-encoder",
    example="samesku export-encoder my-encoder/ --out my-encoder-onnx/ --int8",
)
class ExportEncoder(Quiet):
    """Write a model in ONNX, so that it runs without torch; only if both give the same vectors."""

    source: str = argument("Folder of an encoder or a pretrained model, or its name on the hub.")
    out: Path = option(..., "Folder for the encoder.", "--out", "-o")
    kind: Kind | None = option(None, "What it is to look at; default: what the model is made for.")
    pooling: str | None = option(None, POOLING)
    int8: bool = option(False, "Also in 8 bits: smaller, and quicker on processors.")
    catalogue: Path | None = option(
        None,
        "Catalogue whose titles and photos to compare on (and to calibrate --int8 with); default: "
        "a drawn marketplace.",
    )


@command(
    "train_encoder:train",
    name="train-encoder",
    example="samesku train-encoder photo labelled.csv --base MODEL --out my-photos/",
)
class TrainEncoder(Reading):
    """Fine-tune a network by ArcFace (clip: by contrast) so that one product lies together.

    Writes a folder that --encoder takes, with its figures on held-out products. Interrupted, it
    continues when the same command is given again. Needs the extra train.
    """

    kind: Kind = argument("What it looks at; clip: titles and photos of one space.")
    catalogue: Path = argument(CATALOGUE)
    base: str = option(..., "What to start from: the folder or hub name of a pretrained model.")
    out: Path = option(..., "Folder for the encoder.", "--out", "-o")
    split: Path | None = option(
        None,
        "Table of posting_id and split: 'train' trains, 'validation' chooses the epoch, all others "
        "are left alone.",
    )
    holdout: float = option(
        0.2,
        "Without --split: share of products that choose the epoch; 0 keeps the last.",
        min=0,
        max=0.5,
    )
    folds: int | None = option(
        None, "Train so many encoders, each blind to one fold of products.", min=2
    )
    export: bool = option(True, "Write ONNX, which runs without torch.", "--export/--no-export")
    cache: Path | None = option(None, "Folder where encodings are kept between runs.")
    no_cache: bool = option(False, "Keep nothing between runs.")
    # Fields of the training's settings.
    pooling: str | None = option(None, POOLING)
    dimension: int | None = option(None, "Numbers per posting; default: the model's.", min=2)
    epochs: int = option(TrainingSettings.epochs, "Passes over all postings.", min=1)
    batch: int = option(TrainingSettings.batch, "Postings per step.", min=4)
    per_group: int = option(
        TrainingSettings.per_group, "Postings of one product that come together.", min=1
    )
    rate: float = option(TrainingSettings.rate, "Learning rate of the network.")
    head_rate: float = option(TrainingSettings.head_rate, "Learning rate of the class centres.")
    margin: tuple[float, float] = option(
        TrainingSettings.margin, "ArcFace's, in radians, at the start and at the end."
    )
    scale: float = option(TrainingSettings.scale, "Of ArcFace's softmax.")
    hard: float = option(
        TrainingSettings.hard, "Share of products that bring their hard negatives."
    )
    cutmix: float = option(TrainingSettings.cutmix, "Chance per batch of photos.")
    crop: float = option(TrainingSettings.crop, "Smallest share of a photo that a crop keeps.")
    photo_size: int | None = option(None, "Pixels; default: the model's.", min=16)
    precision: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto", "auto: half on a GPU, float32 on a processor."
    )
    accumulate: int = option(
        TrainingSettings.accumulate, "Batches per step of the optimiser.", min=1
    )
    checkpointing: bool = option(False, "Less memory, about a third slower, same result.")
    save_minutes: float = option(TrainingSettings.save_minutes, "Longest time between checkpoints.")
    seed: int = option(TrainingSettings.seed, "Of all that is drawn.")

    @property
    def training(self) -> TrainingSettings:
        """The settings of the training among the options."""
        names = {each.name for each in fields(TrainingSettings)} & vars(self).keys()
        return TrainingSettings(**{name: getattr(self, name) for name in names})
