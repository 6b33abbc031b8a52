"""What went wrong, pair by pair: false merges and false splits, by kinds a person can act on."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl

from samesku.candidates.similarity import row_similarity
from samesku.results.runs import Run
from samesku.scoring.features.words import title_words
from samesku.titles.attributes import KINDS as ATTRIBUTES
from samesku.titles.attributes import Attributes, aspect

# By kind of attribute and aspect.
Stated: TypeAlias = Mapping[tuple[str, str], set[str]]

SIZE, MANY, VARIANT = "size or count differs", "multi-variant posting", "variant, model or colour"
PHOTO, OTHER_PHOTO, NO_PHOTO = "same photo, other product", "other photo", "no photo"
PARAPHRASE, LABEL = "few shared words: paraphrase or label", "probable label error"
ALIKE = "alike titles, nothing stated differs"
# What a person can do about each.
ADVICE = {
    SIZE: "Decide whether packs of two sizes are one product here, label so, and train on it.",
    VARIANT: "Decide whether colours, models and tastes are one product here, label so, and train.",
    MANY: "One offer of several variants belongs to none or to all; split them at the source.",
    PHOTO: "Sellers copy photos between products; a higher threshold asks titles to agree, too.",
    ALIKE: "Read one: its label is wrong, or the two differ in what no column states: add it.",
    OTHER_PHOTO: "The titles agree in part, the photos not; a photo network would see more.",
    PARAPHRASE: "Read one: the same in other words needs a text network, if not, a label is wrong.",
    NO_PHOTO: "A posting has no photo to compare; fetch it.",
    LABEL: "Look at the label first: the postings and not the matching speak against it.",
}
KINDS = tuple(ADVICE)
# Kinds of attribute of which a clash is one of variants; the others are of a size or a count.
_VARIANTS = frozenset(("colour", "flavour", "model", "accessory", "gtin"))
# Lengths, percentages, volts: sellers state more or less of them, as of sizes, or in parts.
_LOOSE = frozenset(("mm", "%", "v"))
# Stated by one posting only, these still divide: a box of twelve, a case.
_ONE_SIDED = {"count": SIZE, "accessory": VARIANT}
# Colours or tastes that an offer lists, rather than being of two.
LISTED_VARIANTS = 3
# Photos this similar are one photo.
SAME_PHOTO = 0.95
# Cosines of words from which titles are alike at all, and below which they hardly are.
ALIKE_WORDS, NO_WORDS = 0.35, 0.25
# Words, wording and half the score add up to this where titles surely say the same.
SAME = 1.7
# Probability up to which a pair of one label that clashes is rather a wrong label, and from which
# a pair of two labels is; and what an unknown one counts.
DOUBTED, TRUSTED, UNKNOWN = 0.03, 0.9, 0.5
# Where a true pair is lost on the way.
STAGES = ("matched", "not a candidate", "scored low", "cut by clustering")
# Pairs of larger products are left out: one of n postings has n * (n - 1) / 2 pairs.
LARGEST = 1_000


def find_errors(run: Run) -> pl.DataFrame:
    """Every wrong pair that touches a query of a run with labels, the most certainly wrong first.

    Of identical postings only the pairs of the one that was scored; only pairs across sources where
    only these may match.
    Returns `left`, `right`, `score`, `reasons`, `error` ("merge" or "split"), `stage` (one of
    `STAGES`), `kind`.
    """
    labels, pairs = run.labels, run.pairs
    assert labels is not None
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    asked = run.queries[left] | run.queries[right]
    wrong = (labels[left] != labels[right]) & (labels[left] >= 0) & (labels[right] >= 0) & asked
    merges = pairs.filter(pl.Series(wrong) & pl.col("matched"))
    merges = merges.with_columns(error=pl.lit("merge"), stage=pl.lit(STAGES[0]))
    splits = met_pairs(run).filter(pl.col("stage") != STAGES[0])
    splits = splits.with_columns(error=pl.lit("split"))
    columns = ["left", "right", "score", "reasons", "error", "stage"]
    looks = [_best(run, modality) for modality in ("photo", "text")]
    both = (each.select(*columns, *looks) for each in (merges, splits))
    found = pl.concat(both, how="vertical_relaxed")
    found = found.with_columns(kind=pl.Series(_kinds(run, found), dtype=pl.String))
    sure = pl.when(pl.col("error") == "merge").then("score").otherwise(1 - pl.col("score"))
    found = found.sort(sure.fill_null(0.5), descending=True, maintain_order=True)
    return found.drop("photo", "text")


def met_pairs(run: Run) -> pl.DataFrame:
    """The true pairs that touch a query of a run with labels, and how far each came: `stage`.

    Of identical postings only the pairs of the one that was scored. `left`, `right`, ``left <
    right``, and what `run.pairs` has of those that were candidates.
    """
    rows = np.arange(len(run.catalog))
    known = pl.DataFrame({"row": rows, "label": run.labels, "asked": run.queries})
    known = known.with_columns(source=rows if run.sources is None else run.sources)
    known = known.filter(pl.Series(run.representative == rows) & (pl.col("label") >= 0))
    known = known.filter(pl.len().over("label").is_between(2, LARGEST))
    pairs = known.join(known, on="label", suffix="_right").filter(
        pl.col("row") < pl.col("row_right"),
        pl.col("asked") | pl.col("asked_right"),
        pl.col("source") != pl.col("source_right"),
    )
    truth = pairs.select(left="row", right="row_right").sort("left", "right")
    met = truth.join(run.pairs, on=["left", "right"], how="left", maintain_order="left")
    stage = (
        pl.when(pl.col("matched").fill_null(False))
        .then(pl.lit(STAGES[0]))
        .when(pl.col("score").is_null())
        .then(pl.lit(STAGES[1]))
        .when(pl.col("score") < float(np.float32(run.threshold)))
        .then(pl.lit(STAGES[2]))
        .otherwise(pl.lit(STAGES[3]))
    )
    return met.with_columns(stage=stage)


def label_suspects(run: Run, errors: pl.DataFrame) -> pl.DataFrame:
    """The labels to look at, for review: ids, titles, labels, score and what is doubted."""
    doubted = errors.filter(pl.col("kind") == LABEL)
    frame = run.catalog.frame.with_columns(posting_id=pl.Series(run.ids, dtype=pl.String))
    of = {
        f"{side}_{name}": frame[column].gather(doubted[side])
        for name, column in (("id", "posting_id"), ("label", "label_group"), ("title", "title"))
        for side in ("left", "right")
    }
    said = {"merge": "one product, two labels", "split": "two products, one label"}
    doubt = doubted["error"].replace_strict(said, return_dtype=pl.String)
    return pl.DataFrame(of).with_columns(score=doubted["score"], doubt=doubt)


def doubted_labels(suspects: pl.DataFrame) -> pl.DataFrame:
    """What to decide of :func:`label_suspects`: each label, or two, once, with its `pairs`."""
    ends = "left_label", "right_label"
    two = pl.concat_str(pl.min_horizontal(*ends), pl.lit(" "), pl.max_horizontal(*ends))
    counted = suspects.with_columns(pairs=pl.len().over(two))
    return counted.unique(two, keep="first", maintain_order=True).sort(
        "pairs", descending=True, maintain_order=True
    )


def _best(run: Run, modality: str) -> pl.Expr:
    """How alike pairs are to the encoders of a modality at best, null where none has seen both."""
    known = run.record.get("encoders", {})
    names = [name for name in run.encoders if known[name].get("modality") == modality]
    best = pl.max_horizontal(names) if names else pl.lit(None)
    return best.cast(pl.Float64).alias(modality)


def _kinds(run: Run, errors: pl.DataFrame) -> list[str]:
    catalog = run.catalog
    left, right = errors["left"].to_numpy(), errors["right"].to_numpy()
    words = title_words(catalog.normal_titles, catalog.stated).unit
    alike = row_similarity(words, left, words, right)
    there = catalog.with_photo
    if "image_phash" in catalog.frame.columns:
        there = there | catalog.frame["image_phash"].is_not_null().to_numpy()
    columns = (errors[name].to_list() for name in ("score", "photo", "text"))
    rows, place = np.unique(np.stack([left, right]), return_inverse=True)
    said = _stated(catalog.take(rows).attributes)
    mine, theirs = ([said[at] for at in side.tolist()] for side in place.reshape(2, -1))
    encoders = run.record.get("encoders", {}).values()
    compared = there.any() and any(each.get("modality") == "photo" for each in encoders)
    photos = (there[left] & there[right]).tolist() if compared else [None] * len(left)
    clues = map(Clues, *columns, alike.tolist(), photos, zip(mine, theirs, strict=True))
    kind_of = {"merge": merge_kind, "split": split_kind}
    return [kind_of[error](each) for error, each in zip(errors["error"], clues, strict=True)]


def _stated(attributes: Attributes) -> Sequence[Stated]:
    """What each posting states, by kind and aspect."""
    said: list[dict[tuple[str, str], set[str]]] = [{} for _ in attributes.values["count"]]
    for kind in ATTRIBUTES:
        for own, values in zip(said, attributes.values[kind], strict=True):
            for value in values:
                own.setdefault((kind, aspect(value)), set()).add(value)
    return said


class Clues(NamedTuple):
    """What speaks of the kind of a wrong pair.

    `photo`, `wording` and `words` say how alike the photos are (None where one is missing), the
    letters and the words of the titles. `photos`: both have a photo, None in a run that compared
    none; `stated`: what each states.
    """

    score: float | None
    photo: float | None
    wording: float | None
    words: float
    photos: bool | None
    stated: tuple[Stated, Stated]


def merge_kind(clues: Clues) -> str:
    """Of a pair that matched though its labels differ."""
    same_photo = (clues.photo or 0) >= SAME_PHOTO
    sure = (clues.score or 0) >= TRUSTED
    said = _clash(clues)
    if said is None and clues.words >= ALIKE_WORDS:
        said = _one_sided(*clues.stated)
    if said is not None and not (same_photo and sure):
        return said
    wording = clues.words if clues.wording is None else clues.wording
    score = UNKNOWN if clues.score is None else clues.score
    # Sure of photos alone, it may be two products that look alike.
    told_alike = same_photo or clues.words >= NO_WORDS
    if (sure and told_alike) or clues.words + wording + score / 2 >= SAME:
        return LABEL
    if same_photo:
        return PHOTO
    return ALIKE if clues.words >= NO_WORDS else PARAPHRASE


def split_kind(clues: Clues) -> str:
    """Of a pair that stayed apart though its label is one."""
    said = _clash(clues)
    if said in (VARIANT, SIZE) and (clues.score or 0) <= DOUBTED and clues.words < NO_WORDS:
        return LABEL
    if said is not None:
        return said
    if clues.words < NO_WORDS:
        return PARAPHRASE
    if clues.photos is None:
        return ALIKE
    if not clues.photos:
        return NO_PHOTO
    return OTHER_PHOTO if (clues.photo or 0) < SAME_PHOTO else PARAPHRASE


def _clash(clues: Clues) -> str | None:
    """What two postings say against each other, sizes before variants."""
    found, (mine, theirs) = None, clues.stated
    # Titles that are hardly alike may hold codes of two sellers.
    coded = clues.words >= ALIKE_WORDS
    for kind, what in sorted(mine.keys() & theirs.keys()):
        ours, others = mine[kind, what], theirs[kind, what]
        if ours == others or kind == "size" or what in _LOOSE or (kind == "model" and not coded):
            continue
        variant = kind in _VARIANTS
        if ours & others:
            # One of them lists what the other has.
            lists = max(len(ours), len(others)) >= (LISTED_VARIANTS if variant else 2)
            found = MANY if lists else found
        elif not variant:
            return SIZE
        else:
            found = found or VARIANT
    return found


def _one_sided(mine: Stated, theirs: Stated) -> str | None:
    """What only one of two postings says, and yet divides them."""
    for kind, name in _ONE_SIDED.items():
        ours, others = ({v for (k, _), vs in said.items() if k == kind for v in vs} - {"1"}
                        for said in (mine, theirs))  # fmt: skip
        if bool(ours) != bool(others):
            return name
    return None
