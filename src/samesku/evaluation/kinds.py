"""The kinds of errors that a person can act on, and the rules for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Stated: TypeAlias = Mapping[str, frozenset[str]]

SIZE, MANY, VARIANT = "size or count differs", "multi-variant posting", "variant, model or colour"
PHOTO, OTHER_PHOTO, NO_PHOTO = "same photo, other product", "other photo", "no photo"
PARAPHRASE, LABEL = "few shared words: paraphrase or label", "probable label error"
ALIKE = "alike titles, nothing stated differs"
KINDS = (SIZE, VARIANT, MANY, PHOTO, ALIKE, OTHER_PHOTO, PARAPHRASE, NO_PHOTO, LABEL)
# What a person can do about each.
ADVICE = {
    SIZE: "Decide whether packs of two sizes are one product here, label so, and train on it.",
    VARIANT: "Decide whether colours, models and tastes are one product here, label so, and train.",
    MANY: "One offer of several variants belongs to none or to all; split them at the source.",
    PHOTO: "Sellers copy photos between products; a higher threshold asks titles to agree, too.",
    ALIKE: "Read one: its label is wrong, or a brand or line differs; more columns would tell.",
    OTHER_PHOTO: "The titles agree in part, the photos not; a photo network would see more.",
    PARAPHRASE: "Read one: the same in other words needs a text network, if not, a label is wrong.",
    NO_PHOTO: "A posting has no photo to compare; fetch it.",
    LABEL: "Look at the label first: the postings and not the matching speak against it.",
}
# Kinds of statements about colours and variants; the others are about a size or a count.
_VARIANT_KINDS = frozenset(
    ("colour", "taste or scent", "edition", "skin or hair", "shade", "what it is", "packed")
)
# A title says "cleanser & toner" of one bottle, and "4/64 gb" of one phone.
_NOT_LISTED = frozenset(("what it is", "ram"))
ONE_PIECE = frozenset(("1pcs",))
# Kinds that sellers state more or less of, or in parts: a bed sheet's sides, a phone's memory.
_LOOSE = frozenset(("for whom", "mm", "%", "v", "number", "size"))
# Stated in one title only, these still divide: a box of twelve, a refill.
_ONE_SIDED = {"pcs": SIZE, "packed": VARIANT}
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


class Clues(NamedTuple):
    """What speaks of the kind of a wrong pair.

    `photo`, `wording` and `words` say how alike the photos are (None where one is missing), the
    letters and the words of the titles. `models`: each title names a model that the other lacks;
    `photos`: both have a photo; `stated`: what each title states, by kind.
    """

    score: float | None
    photo: float | None
    wording: float | None
    words: float
    models: bool
    photos: bool
    stated: tuple[Stated, Stated]


def merge_kind(clues: Clues) -> str:
    """Of a pair that matched though its labels differ."""
    same_photo = (clues.photo or 0) >= SAME_PHOTO
    sure = (clues.score or 0) >= TRUSTED
    said = _clash(*clues.stated)
    if said is None and clues.words >= ALIKE_WORDS:
        said = VARIANT if clues.models else _one_sided(*clues.stated)
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
    said = _clash(*clues.stated)
    contradicted = clues.models or said in (VARIANT, SIZE)
    if contradicted and (clues.score or 0) <= DOUBTED and clues.words < NO_WORDS:
        return LABEL
    if said is not None:
        return said
    if clues.words < NO_WORDS:
        return PARAPHRASE
    if not clues.photos:
        return NO_PHOTO
    return OTHER_PHOTO if (clues.photo or 0) < SAME_PHOTO else PARAPHRASE


def _clash(mine: Stated, theirs: Stated) -> str | None:
    """What two titles say against each other, sizes before variants."""
    found = None
    for kind in sorted(mine.keys() | theirs.keys()):
        ours, others = mine.get(kind, frozenset()), theirs.get(kind, frozenset())
        variant = kind in _VARIANT_KINDS
        if ours == others or kind in _LOOSE or (kind == "sides" and _same_sides(ours, others)):
            continue
        if ours & others or not (ours and others):
            # One of them lists what the other has or leaves open.
            least = LISTED_VARIANTS if variant else 2
            lists = kind not in _NOT_LISTED and max(len(ours), len(others)) >= least
            found = MANY if lists else found
        elif not variant:
            return SIZE
        else:
            found = found if found == MANY else VARIANT
    return found


def _same_sides(ours: frozenset[str], others: frozenset[str]) -> bool:
    """Whether one title states the same sides and perhaps a height: 1200x2000, 1200x2000x200 mm."""
    bare = [[side.removesuffix("mm") for side in sides] for sides in (ours, others)]
    return any(a.startswith(b) or b.startswith(a) for a in bare[0] for b in bare[1])


def _one_sided(mine: Stated, theirs: Stated) -> str | None:
    """What only one of two titles says, and yet divides them."""
    for kind, name in _ONE_SIDED.items():
        if (kind in mine) != (kind in theirs) and mine.get(kind, theirs.get(kind)) != ONE_PIECE:
            return name
    return None
