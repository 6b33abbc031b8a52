"""The commands that learn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from samesku.cli.app import app
from samesku.cli.console import friendly
from samesku.cli.options import (
    AllowOutsideOption,
    CacheOption,
    CatalogueArgument,
    ColumnsOption,
    EncoderOption,
    EncodingOption,
    JsonOption,
    MethodOption,
    NoCacheOption,
    PhotosOption,
    QuietOption,
    SameOption,
    ThreadsOption,
)
from samesku.training.settings import TrainingSettings


@app.command(epilog="Example: samesku train labelled.csv --out my-model/")
@friendly
def train(
    catalogues: Annotated[
        list[Path],
        typer.Argument(
            help="Labelled catalogues: CSV or Parquet with posting_id, title and label_group.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the model.", show_default=False)
    ],
    leave_one_out: Annotated[
        bool,
        typer.Option(
            "--leave-one-out",
            help="Choose calibration and threshold on whole catalogues held out in turn: for a "
            "model that is used on others. Needs three. Default: on a fifth of the products.",
        ),
    ] = False,
    same: SameOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Of folds and trees.")] = 0,
    encoder: EncoderOption = None,
    photos: PhotosOption = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    allow_outside: AllowOutsideOption = False,
    neighbours: Annotated[
        int, typer.Option("--neighbours", "-k", help="Candidates per posting and encoder.", min=20)
    ] = 50,
    search: MethodOption = "auto",
    cache: CacheOption = None,
    no_cache: NoCacheOption = False,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train the learned fusion on catalogues with label_group, each weighing the same.

    Writes a model folder that `samesku match --model` uses, with its figures on what was held out.
    Which attributes may differ within a product is measured from the labels, unless --same says it.
    """
    from samesku.cli import train as command
    from samesku.cli.match import Settings

    command.run(
        Settings(
            catalogues[0],
            photos,
            columns,
            encoder or [],
            neighbours,
            search,
            cache,
            no_cache,
            quiet,
            same,
            encoding=encoding,
            allow_outside=allow_outside,
        ),
        others=catalogues[1:],
        out=out,
        seed=seed,
        leave_one_out=leave_one_out,
    )


@app.command(epilog="Example: samesku match offers.csv --encoder hf:MODEL --out result/")
@friendly
def encoders() -> None:
    """List what can look at titles and photos, and which pretrained models suit."""
    from samesku.cli import encoders as command

    command.show()


@app.command(epilog="Example: samesku export-encoder my-encoder/ --out my-encoder-onnx/ --int8")
@friendly
def export_encoder(
    source: Annotated[
        str,
        typer.Argument(
            help="Folder of an encoder or a pretrained model, or its name on the hub.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the encoder.", show_default=False)
    ],
    kind: Annotated[
        Literal["title", "photo", "clip"] | None,
        typer.Option("--kind", help="What it is to look at; default: what the model is made for."),
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(
            "--pooling",
            help="Title: mean, cls, last, pooler; photo: mean, gem, cls, pooler. "
            "Default: what suits the model.",
        ),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Also in 8 bits: smaller, and quicker on processors.")
    ] = False,
    catalogue: Annotated[
        Path | None,
        typer.Option(
            "--catalogue",
            help="Catalogue whose titles and photos to compare on (and to calibrate --int8 with); "
            "default: a drawn marketplace.",
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Write a model in ONNX, so that it runs without torch; only if it answers as torch does."""
    from samesku.cli import encoders as command

    command.export(
        source,
        out=out,
        kind=kind,
        pooling=pooling,
        int8=int8,
        catalogue=catalogue,
        quiet=quiet,
    )


@app.command(
    "train-encoder",
    epilog="Example: samesku train-encoder photo labelled.csv --base MODEL --out my-photos/",
)
@friendly
def train_encoder(
    kind: Annotated[
        Literal["photo", "title", "clip"],
        typer.Argument(help="What it looks at; clip: titles and photos of one space."),
    ],
    catalogue: CatalogueArgument,
    base: Annotated[
        str,
        typer.Option(
            "--base",
            help="What to start from: the folder or hub name of a pretrained model.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the encoder.", show_default=False)
    ],
    split: Annotated[
        Path | None,
        typer.Option(
            "--split",
            help="Table of posting_id and split: 'train' trains, 'validation' chooses the epoch, "
            "all others are left alone.",
        ),
    ] = None,
    holdout: Annotated[
        float,
        typer.Option(
            "--holdout",
            help="Without --split: share of products that choose the epoch; 0 keeps the last.",
            min=0,
            max=0.5,
        ),
    ] = 0.2,
    folds: Annotated[
        int | None,
        typer.Option(
            "--folds", help="Train so many encoders, each blind to one fold of products.", min=2
        ),
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(
            "--pooling",
            help="title: mean, cls, last, pooler; photo: mean, gem, cls, pooler. Default: the "
            "model's.",
        ),
    ] = None,
    dimension: Annotated[
        int | None,
        typer.Option("--dimension", help="Numbers per posting; default: the model's.", min=2),
    ] = None,
    epochs: Annotated[
        int, typer.Option("--epochs", help="Times that every posting is looked at.", min=1)
    ] = TrainingSettings.epochs,
    batch: Annotated[
        int, typer.Option("--batch", help="Postings per step.", min=4)
    ] = TrainingSettings.batch,
    per_group: Annotated[
        int, typer.Option("--per-group", help="Postings of one product that come together.", min=1)
    ] = TrainingSettings.per_group,
    rate: Annotated[
        float, typer.Option("--rate", help="Learning rate of the network.")
    ] = TrainingSettings.rate,
    head_rate: Annotated[
        float, typer.Option("--head-rate", help="Learning rate of the class centres.")
    ] = TrainingSettings.head_rate,
    margin: Annotated[
        tuple[float, float],
        typer.Option("--margin", help="ArcFace's, in radians, at the start and at the end."),
    ] = TrainingSettings.margin,
    scale: Annotated[
        float, typer.Option("--scale", help="Of ArcFace's softmax.")
    ] = TrainingSettings.scale,
    contrast: Annotated[
        float,
        typer.Option(
            "--contrast",
            help="Weight of a second loss: within the batch each posting finds those of its "
            "product.",
        ),
    ] = TrainingSettings.contrast,
    views: Annotated[
        int, typer.Option("--views", help="Times a photo is shown in its batch.", min=1)
    ] = TrainingSettings.views,
    hard: Annotated[
        float,
        typer.Option("--hard", help="Share of products that bring their hard negatives."),
    ] = TrainingSettings.hard,
    cutmix: Annotated[
        float, typer.Option("--cutmix", help="Chance per batch of photos.")
    ] = TrainingSettings.cutmix,
    frame: Annotated[
        float, typer.Option("--frame", help="Chance of a border or banner on a photo.")
    ] = TrainingSettings.frame,
    crop: Annotated[
        float, typer.Option("--crop", help="Smallest share of a photo that a crop keeps.")
    ] = TrainingSettings.crop,
    photo_size: Annotated[
        int | None, typer.Option("--photo-size", help="Pixels; default: the model's.", min=16)
    ] = None,
    precision: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"],
        typer.Option("--precision", help="auto: half on a GPU, float32 on a processor."),
    ] = "auto",
    accumulate: Annotated[
        int, typer.Option("--accumulate", help="Batches per step of the optimiser.", min=1)
    ] = TrainingSettings.accumulate,
    checkpointing: Annotated[
        bool,
        typer.Option("--checkpointing", help="Less memory, about a third slower, same result."),
    ] = False,
    save_minutes: Annotated[
        float, typer.Option("--save-minutes", help="Longest time between checkpoints.")
    ] = TrainingSettings.save_minutes,
    export: Annotated[
        bool, typer.Option("--export/--no-export", help="Write ONNX, which runs without torch.")
    ] = True,
    seed: Annotated[
        int, typer.Option("--seed", help="Of all that is drawn.")
    ] = TrainingSettings.seed,
    photos: PhotosOption = None,
    columns: ColumnsOption = None,
    encoding: EncodingOption = None,
    allow_outside: AllowOutsideOption = False,
    cache: CacheOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fine-tune a network by ArcFace (clip: by contrast) so that one product lies together.

    Writes a folder that --encoder takes, with its figures on held-out products. Broken off, it goes
    on where it was when the same command is given again. Needs the extra train.
    """
    from samesku.cli import train_encoder as command
    from samesku.cli.match import Settings

    command.run(
        Settings(
            catalogue,
            photos,
            columns,
            cache=cache,
            no_cache=no_cache,
            quiet=quiet,
            encoding=encoding,
            allow_outside=allow_outside,
        ),
        kind=kind,
        base=base,
        out=out,
        training=TrainingSettings(
            pooling=pooling,
            dimension=dimension,
            epochs=epochs,
            batch=batch,
            per_group=per_group,
            rate=rate,
            head_rate=head_rate,
            margin=margin,
            scale=scale,
            contrast=contrast,
            hard=hard,
            views=views,
            cutmix=cutmix,
            frame=frame,
            crop=crop,
            precision=precision,
            accumulate=accumulate,
            checkpointing=checkpointing,
            photo_size=photo_size,
            save_minutes=save_minutes,
            seed=seed,
        ),
        split=split,
        holdout=holdout,
        folds=folds,
        export=export,
    )
