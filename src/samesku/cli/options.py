"""Groups of options that several commands share, each option declared once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from samesku.cli.app import argument, option
from samesku.cli.console import only_json
from samesku.runtime.cores import use_threads

if TYPE_CHECKING:
    from samesku.results.runs import Run

Fusion: TypeAlias = Literal["union", "concat", "union-all", "learned"]
Decision: TypeAlias = Literal["clusters", "one-to-one", "one-to-many", "many-to-one"]

CATALOGUE = (
    "CSV or Parquet with posting_id and title, - for standard input, or a folder with train.csv or "
    "test.csv."
)
MOVED = (
    "The catalogue of the run, if it is not where it was; of a link the left one and, once more, "
    "the right one."
)
OUTSIDE = "Also read photos outside the photo folder, as the file names them."


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """What every command that works has."""

    quiet: bool = option(False, "Print errors only.", "--quiet", "-q")


@dataclass(frozen=True, kw_only=True)
class Summed(Quiet):
    """Commands that end with a summary."""

    as_json: bool = option(
        False,
        "Print the summary as one JSON object, and nothing else on standard output.",
        "--json",
        callback=only_json,
    )


@dataclass(frozen=True, kw_only=True)
class Reading(Quiet):
    """Commands that read a catalogue."""

    photos: Path | None = option(
        None, "Folder of the photos; default: <file>_images, images or photos beside it."
    )
    columns: list[str] | None = option(
        None, "Our column = yours, between commas or repeated: title=name,posting_id=sku."
    )
    encoding: str | None = option(
        None,
        "Encoding of the CSV, as cp1250, gbk or shift_jis; default: UTF-8, or what its first bytes "
        "say.",
    )
    allow_outside: bool = option(False, OUTSIDE)


@dataclass(frozen=True, kw_only=True)
class Searching(Reading, Summed):
    """Commands that encode a catalogue and search it for candidates."""

    encoder: list[str] | None = option(
        None,
        "tfidf, phash, signature, photo, onnx:FILE, hf:MODEL, clip:MODEL or the folder of an "
        "encoder (`samesku encoders` lists them); may be repeated. +photo: added to those of "
        "--model, else to the default ones, which are tfidf, phash and signature.",
        "--encoder",
        "-e",
    )
    neighbours: int = option(
        50, "Candidates per posting and encoder.", "--neighbours", "-k", min=20
    )
    search: Literal["auto", "exact", "approximate"] = option(
        "auto", "How neighbours are searched.", case_sensitive=False
    )
    cache: Path | None = option(None, "Folder where encodings are kept between runs.")
    no_cache: bool = option(False, "Keep nothing between runs.")
    threads: int | None = option(
        None,
        "Threads that work at once; default: one per core that may be used.",
        min=1,
        callback=use_threads,
        envvar="SAMESKU_THREADS",
    )


@dataclass(frozen=True, kw_only=True)
class Judging:
    """Who answers about pairs, and for how much."""

    answers: Path | None = option(
        None,
        "Table of left_id, right_id and verdict (same, different, unsure): pairs that are decided, "
        "and that the matcher learns from.",
    )
    judge: str | None = option(
        None,
        "Who answers about pairs in doubt: http://HOST/v1 of an OpenAI-compatible server (key in "
        "SAMESKU_JUDGE_KEY or OPENAI_API_KEY), or llava:MODEL.",
    )
    judge_model: str | None = option(None, "The model that the server is to ask.")
    judge_budget: str = option("200", "Questions at most, minutes as 10min, or money as 2.50$.")
    judge_price: float | None = option(None, "Of a million tokens, for a budget in money.", min=0)
    judge_rules: Path | None = option(
        None, "Page that says what is the same product, in plain words."
    )
    judge_dry_run: bool = option(False, "Show what would be asked and its cost; ask nothing.")


@dataclass(frozen=True, kw_only=True)
class Deciding:
    """By what pairs become matches."""

    model: Path | None = option(None, "Folder of a model that `samesku train` or `adapt` wrote.")
    threshold: float | None = option(
        None,
        "Score from which a pair is accepted; higher: fewer and surer matches. Default: the "
        "model's own, or what its probabilities of the catalogue let expect to be better; for "
        "one-to-one links two thirds of that of the shipped model.",
    )
    same: list[str] | None = option(
        None,
        "Attributes that may differ within one product, between commas or repeated: some of count, "
        "amount, size, colour, flavour, model, memory, measure, accessory, gtin. Default: none.",
    )


@dataclass(frozen=True, kw_only=True)
class Matching(Searching, Judging, Deciding):
    """Commands that match."""

    out: Path = option(..., "Folder for the results.", "--out", "-o")
    fusion: Fusion | None = option(
        None, "How text and photo combine to a decision.", show_default="learned"
    )
    # The name of --threshold in earlier versions.
    line: float | None = option(None, "", hidden=True)
    within: list[str] | None = option(
        None, "Column in which two postings must agree to match, as category; may be repeated."
    )

    @property
    def accepted_from(self) -> float | None:
        return self.line if self.threshold is None else self.threshold


@dataclass(frozen=True, kw_only=True)
class OfRun(Quiet):
    """Commands that ask about a run of `match` or `link`."""

    run: Path = argument("Folder that `match` or `link` wrote.")
    catalogue: list[Path] | None = option(None, MOVED)
    cache: Path | None = option(None, "Folder where encodings are kept between runs.")


@dataclass(frozen=True, kw_only=True)
class OfAnyRun(Quiet):
    """Commands that show a run of any kind."""

    run: Path = argument("Folder that `match`, `link` or `evaluate --out` wrote.")
    catalogue: list[Path] | None = option(None, MOVED)
    photos: Path | None = option(None, "Folder of the photos, if it is not where it was.")
    allow_outside: bool = option(False, OUTSIDE)

    def read(self, folder: Path, **more: Any) -> Run:
        """Read that run, or another one of the same catalogue."""
        from samesku.results.runs import read_run

        return read_run(
            folder, catalogue=self.catalogue or (), photos=self.photos,
            allow_outside=self.allow_outside, **more,
        )  # fmt: skip
