"""The commands and their options."""

from dataclasses import fields
from pathlib import Path
from typing import Literal, TypeAlias

from samesku.cli.app import argument, command, option
from samesku.cli.options import (
    CATALOGUE,
    Deciding,
    Decision,
    Fusion,
    Matching,
    OfAnyRun,
    OfRun,
    Quiet,
    Reading,
    Searching,
    Summed,
)
from samesku.training.settings import POOLING, TrainingSettings

Kind: TypeAlias = Literal["title", "photo", "clip"]

STORE = "File of the store, made where there is none; or postgresql://user@host/name."


@command("match:match", example="samesku match offers.csv --photos photos/ --out result/")
class Match(Matching):
    """Find the postings of a catalogue that are the same product.

    Writes groups.csv, pairs.parquet, near_misses.parquet and run.json; of the competition's own
    files also submission.csv. Identical postings are scored once: files of pairs hold pairs of
    their representatives.
    """

    catalogue: Path = argument(CATALOGUE)
    pairs: Literal["within", "across", "all"] | None = option(
        None, "across: only pairs of two sources, by the column source. Default: any pair."
    )
    decide: Decision | None = option(
        None,
        "How the result is decided; all but clusters need --pairs across.",
        show_default="clusters",
    )
    memory: str | None = option(
        None,
        "What the run may take, as 2GB; too little is refused. Default: 4GB, or what the postings "
        "need.",
    )
    submission: bool = option(False, "Also write submission.csv, as the competition asks.")
    engine: Literal["local", "ray"] = option(
        "local", "local: this process. ray: a Ray cluster; the extra ray."
    )
    address: str | None = option(
        None, "Of the cluster: auto, or ray://HOST:10001. Default: Ray on this machine."
    )
    route: str | None = option(
        None,
        "Column, as category: on Ray only parts of the catalogue that share a value are compared.",
    )
    work: str | None = option(
        None,
        "Folder that all workers see, a path or s3://..., for what is between the stages; a run "
        "that was killed goes on from there.",
    )
    shards: int | None = option(
        None, "Into how many parts the postings go; default: by --memory.", min=1
    )


@command("match:link", example="samesku link ours.csv theirs.csv --out links/")
class Link(Matching):
    """Find which postings of another shop are the same as ours. Needs no labels.

    Writes links.csv (left_id, right_id, probability, reasons and the price gap), near_links.csv and
    what `samesku match` writes: it is `match --pairs across --decide one-to-one` on two catalogues.
    """

    left: Path = argument("Our postings: CSV or Parquet with posting_id, title.")
    right: Path = argument("The other shop's postings, in the same form.")
    decide: Decision = option(
        "one-to-one",
        "How the result is decided. one-to-one: each posting at most one counterpart, chosen so "
        "that all links together are likeliest. one-to-many: a left posting may have several right "
        "ones. many-to-one: the reverse. clusters: any.",
    )
    right_photos: Path | None = option(None, "As --photos, for the other shop.")
    right_columns: list[str] | None = option(
        None, "As --columns, for the other shop; default: the same ones."
    )
    right_encoding: str | None = option(None, "As --encoding, for the other shop; default: same.")


@command(
    "evaluate:evaluate",
    example="samesku evaluate train.csv --fusion union --fusion concat --out score/",
)
class Evaluate(Searching):
    """Score the matching on a catalogue with label_group, by folds that share no product.

    Thresholds are chosen, and `learned` is trained, on the other folds. Every query is searched in
    the whole catalogue, and once more in its own fold alone.
    """

    catalogues: list[Path] = argument(
        "CSV or Parquet with posting_id, title and label_group; several with --leave-one-out."
    )
    out: Path | None = option(
        None, "Folder for evaluation.json and what a report needs.", "--out", "-o"
    )
    fusion: list[str] | None = option(
        None,
        "union, concat, union-all or learned; may be repeated. Default: the first three. The first "
        "is what the others are compared with.",
    )
    model: list[Path] | None = option(
        None, "Folder of a model to score as it is, beside the fusions; may be repeated."
    )
    shipped: bool = option(False, "Score the model that comes with samesku as it is, too.")
    same: list[str] | None = option(
        None, "What may differ to --shipped and --model, between commas; see `match`."
    )
    folds: int = option(4, "Folds that share no product.", min=2)
    split: Path | None = option(
        None, "Table of posting_id and split instead of folds; 'train' is not scored."
    )
    defaults: bool = option(False, "Score the default thresholds; choose none.")
    leave_one_out: bool = option(
        False,
        "Train on all catalogues but one and score the one left out, each in turn. Takes four or "
        "more, and no folds, splits, fusions and models.",
    )
    seed: int = option(0, "Of folds and bootstrap.")


@command("report:report", example="samesku report result/ --compare result-before/")
class Report(OfAnyRun):
    """Make one page of a run: what matched and why, which threshold to choose, what goes wrong.

    The page holds everything it shows. With labels, report.labels.csv lists those to review.
    """

    out: Path | None = option(None, "The page; default: report.html in RUN.", "--out", "-o")
    compare: Path | None = option(None, "Another run of the catalogue, to compare with.")
    fusion: str | None = option(None, "Of an evaluation: whose errors to show; default: the last.")


@command("explain:explain", example="samesku explain result/ posting_17 posting_42")
class Explain(OfAnyRun):
    """Explain why two postings of a run matched or not, or why they were never scored."""

    posting_a: str = argument("Id of a posting.")
    posting_b: str = argument("Id of another.")
    cache: Path | None = option(None, "Folder where encodings are kept between runs.")


@command("demo:demo", example="samesku demo --out samesku-demo/")
class Demo(Summed):
    """Match a small drawn marketplace with known labels, score it and make its report."""

    out: Path = option(Path("samesku-demo"), "Folder for the marketplace.", "--out", "-o")
    fusion: Fusion = option("learned", "How text and photo combine to a decision.")


@command("asking:ask", example="samesku ask result/ --n 100 --out questions.csv")
class Ask(OfRun):
    """Write the pairs whose answer would change the clusters most, to be answered by people.

    Fill the column verdict with same, different or unsure, and give the file to
    `samesku match --answers` or `samesku adapt --answers`. Rows left empty are not answered.
    """

    out: Path = option(..., "CSV of the questions; answers there are kept.", "--out", "-o")
    count: int = option(100, "How many questions.", "--n", "-n", min=1)
    blind: bool = option(False, "Leave out the matcher's probability of each pair.")
    audit: float = option(0.2, "Share drawn at random, to estimate quality.", min=0, max=1)
    seed: int = option(0, "Of the random questions.")


@command("asking:adapt", example="samesku adapt result/ --answers answers.csv --out my-model/")
class Adapt(OfRun):
    """Adapt the model of a run to answers about some pairs of its catalogue.

    Writes a model folder that `samesku match --model` uses. `samesku match --answers` does the same
    on its way, and pins the answers as well.
    """

    answers: Path = option(..., "Answered questions of `samesku ask`.")
    out: Path = option(..., "Folder for the model.", "--out", "-o")


@command("asking:review", example="samesku review result/ --out answers.csv")
class Review(OfRun):
    """Answer questions about a run in the terminal: s same, d different, u unsure, b back, q quit.

    Each answer is written at once; a later review continues where this one stopped.
    """

    out: Path = option(..., "CSV of the answers; what is there is kept.", "--out", "-o")
    count: int = option(100, "How many questions.", "--n", "-n", min=1)
    seed: int = option(0, "Of the random questions.")


@command("live:index", example="samesku index offers.csv --store offers.db")
class Index(Reading, Deciding, Summed):
    """Put the postings of a catalogue in a store that keeps their clusters.

    Postings that are there are changed, new ones join the clusters. A folder that `match` wrote
    brings the catalogue of that run, its answers, model, threshold and --same. A store keeps these;
    where others are given, everything in it is scored anew.
    """

    catalogue: Path = argument(CATALOGUE)
    store: str = option(..., STORE, envvar="SAMESKU_STORE")
    settle: bool = option(False, "Then cluster everything anew, as `match` does; a new store is.")


@command("live:serve", example="samesku serve --store offers.db --photos photos/")
class Serve(Quiet):
    """Serve a store over HTTP: search, changes, and a page to decide on pairs.

    The pages: /docs lists all requests, /review shows pairs in doubt. Without tokens only this
    machine is answered.
    """

    store: str = option(..., STORE, envvar="SAMESKU_STORE")
    host: str = option("127.0.0.1", "Address to listen on.")
    port: int = option(8000, "Port to listen on.", min=0, max=65535)
    photos: Path | None = option(None, "Folder of the photos.")
    folder: Path | None = option(
        None, "Folder of runs, models and copies that the role admin may name."
    )
    make_token: str | None = option(None, "Make a token for this name, print it once, and end.")
    role: Literal["read", "review", "write", "admin"] = option("read", "What the new token may do.")
    revoke_token: str | None = option(None, "Void the token of this name, and end.")
    max_bytes: int = option(10_000_000, "Largest request.", min=1_000)
    rate: float = option(200.0, "Requests a second of one client.", min=1)


@command("train:train", example="samesku train labelled.csv --out my-model/")
class Train(Searching):
    """Train the learned fusion on catalogues with label_group, each weighing the same.

    Writes a model folder that `samesku match --model` uses, with its figures on what was held out.
    Which attributes may differ within a product is measured from the labels, unless --same says it.
    """

    catalogues: list[Path] = argument(
        "Labelled catalogues: CSV or Parquet with posting_id, title and label_group."
    )
    out: Path = option(..., "Folder for the model.", "--out", "-o")
    leave_one_out: bool = option(
        False,
        "Choose calibration and threshold on whole catalogues held out in turn: for a model that "
        "is used on others. Needs three. Default: on a fifth of the products.",
    )
    same: list[str] | None = option(
        None, "Attributes that may differ within one product, between commas; see `match`."
    )
    seed: int = option(0, "Of folds and trees.")


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
class TrainEncoder(Reading, TrainingSettings):
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

    @property
    def training(self) -> TrainingSettings:
        """The settings of the training among the options."""
        values = {each.name: getattr(self, each.name) for each in fields(TrainingSettings)}
        return TrainingSettings(**values)
