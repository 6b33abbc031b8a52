"""What the options that several commands share are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from samesku.cli.console import only_json
from samesku.runtime.cores import use_threads

__all__ = [
    "AddressOption",
    "AllowOutsideOption",
    "AnswersOption",
    "BesideOption",
    "CacheOption",
    "CatalogueArgument",
    "ColumnsOption",
    "DecisionName",
    "EncoderOption",
    "EncodingOption",
    "EngineOption",
    "FusionName",
    "JsonOption",
    "JudgeBudgetOption",
    "JudgeDryRunOption",
    "JudgeModelOption",
    "JudgeOption",
    "JudgeRulesOption",
    "LineOption",
    "MemoryOption",
    "MethodName",
    "MethodOption",
    "NoCacheOption",
    "OutOption",
    "PairsName",
    "PhotosOption",
    "QuietOption",
    "SameOption",
    "ShardsOption",
    "ThreadsOption",
    "ThresholdOption",
    "WithinOption",
    "WorkOption",
]

FusionName = Literal["union", "concat", "union-all", "learned"]
MethodName = Literal["auto", "exact", "approximate"]
DecisionName = Literal["clusters", "one-to-one", "one-to-many", "many-to-one"]
PairsName = Literal["within", "across", "all"]

CatalogueArgument = Annotated[
    Path,
    typer.Argument(
        help="CSV or Parquet with posting_id and title, - for standard input, or a folder with "
        "train.csv or test.csv.",
        show_default=False,
    ),
]
OutOption = Annotated[
    Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)
]
PhotosOption = Annotated[
    Path | None,
    typer.Option(
        "--photos", help="Folder of the photos; default: <file>_images, images or photos beside it."
    ),
]
AllowOutsideOption = Annotated[
    bool,
    typer.Option(
        "--allow-outside", help="Also read photos outside the photo folder, as the file names them."
    ),
]
AnswersOption = Annotated[
    Path | None,
    typer.Option(
        "--answers",
        help="Table of left_id, right_id and verdict (same, different, unsure): pairs that are "
        "decided, and that the matcher learns from.",
    ),
]
JudgeOption = Annotated[
    str | None,
    typer.Option(
        "--judge",
        help="Who answers about pairs in doubt: http://HOST/v1 of an OpenAI-compatible server (key "
        "in SAMESKU_JUDGE_KEY or OPENAI_API_KEY), or llava:MODEL.",
    ),
]
JudgeModelOption = Annotated[
    str | None, typer.Option("--judge-model", help="The model that the server is to ask.")
]
JudgeBudgetOption = Annotated[
    str,
    typer.Option("--judge-budget", help="Questions at most, minutes as 10min, or money as 2.50$."),
]
JudgePriceOption = Annotated[
    float | None,
    typer.Option("--judge-price", help="Of a million tokens, for a budget in money.", min=0),
]
JudgeRulesOption = Annotated[
    Path | None,
    typer.Option("--judge-rules", help="Page that says what is the same product, in plain words."),
]
JudgeDryRunOption = Annotated[
    bool,
    typer.Option("--judge-dry-run", help="Show what would be asked and its cost; ask nothing."),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        help="What the CSV is written in, as cp1250, gbk or shift_jis; default: UTF-8, or told by "
        "its first bytes.",
    ),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns", help="Our column = yours, between commas: title=name,posting_id=sku."
    ),
]
EncoderOption = Annotated[
    list[str] | None,
    typer.Option(
        "--encoder",
        "-e",
        help="tfidf, phash, signature, photo, onnx:FILE, hf:MODEL, clip:MODEL or the "
        "folder of an encoder (`samesku encoders` lists them); may be repeated. +photo: beside the "
        "default ones, which are tfidf, phash and signature.",
    ),
]
CacheOption = Annotated[
    Path | None, typer.Option("--cache", help="Folder where encodings are kept between runs.")
]
NoCacheOption = Annotated[bool, typer.Option("--no-cache", help="Keep nothing between runs.")]
SameOption = Annotated[
    str | None,
    typer.Option(
        "--same",
        help="Attributes that may differ within one product, between commas: some of count, "
        "amount, size, colour, flavour, model, memory, measure, accessory. Default: none.",
    ),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads",
        help="Threads that work at once; default: one per core that may be used.",
        min=1,
        callback=lambda count: use_threads(count) or count,
        envvar="SAMESKU_THREADS",
    ),
]
ThresholdOption = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        help="Score from which a pair is accepted; higher: fewer and surer matches. Default: the "
        "model's own.",
    ),
]
# What earlier versions called --threshold.
LineOption = Annotated[float | None, typer.Option("--line", hidden=True)]
WithinOption = Annotated[
    list[str] | None,
    typer.Option(
        "--within",
        help="Column in which two postings must agree to match, as category; may be repeated.",
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print the summary as one JSON object, and nothing else on standard output.",
        callback=lambda wanted: only_json(wanted) or wanted,
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
BesideOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--beside",
        help="Another labelled catalogue that `learned` trains on, too; may be repeated. Its own "
        "postings are searched among themselves.",
    ),
]
MethodOption = Annotated[
    MethodName, typer.Option("--search", help="How neighbours are searched.", case_sensitive=False)
]
EngineOption = Annotated[
    Literal["local", "ray"],
    typer.Option("--engine", help="local: this process. ray: a Ray cluster; the extra ray."),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address", help="Of the cluster: auto, or ray://HOST:10001. Default: Ray on this machine."
    ),
]
WorkOption = Annotated[
    str | None,
    typer.Option(
        "--work",
        help="Folder that all workers see, a path or s3://..., for what is between the stages; a "
        "run that was killed goes on from there.",
    ),
]
ShardsOption = Annotated[
    int | None,
    typer.Option(
        "--shards", help="Into how many parts the postings go; default: by --memory.", min=1
    ),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory",
        help="What the run may take, as 2GB; too little is refused. Default: 4GB, or what the "
        "postings need.",
    ),
]
