"""Units of measure in many languages, from `words/units.toml`, and their base units."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from samesku.titles.scripts import MARKS, fold, word_lists


class Unit(NamedTuple):
    """How one spelling of a unit turns into its base unit: `value * factor` of `base`."""

    base: str
    factor: float
    rounded: bool = False
    """Converted from inches, ounces and the like: keep three significant digits, as sellers do."""
    steps: tuple[float, ...] = ()
    """What there is: of screens, the next longer one is meant."""


class Quantity(NamedTuple):
    """A measured property of the product, in the base unit of its kind.

    Base units: `g`, `ml`, `mm`, `pcs` (things, and packs of things), `gb`, `w`, `mah`, `v`, `a`,
    `hz`, `lm`, `k` (colour temperature), `%`, `month`, `spf`, `size` (numbered clothing), `gsm`,
    `mp`, `ply`, `iu`, `page`, `pole`, `gang` (places for plugs or switches), `teeth`, `doses`
    (washes, servings); parts, as `port`, `drawer`, `person` (places in tents and sofas), `key`,
    `channel`, `speed`.
    """

    value: float
    unit: str


_DATA = word_lists("units.toml")
_PACK: dict[str, str] = _DATA.pop("pack")
_SIZE: dict[str, str] = _DATA.pop("size")
_SMALL: dict[str, str] = _DATA.pop("small")


def _words(spelt: str) -> list[str]:
    """Split a list of spellings, each as a folded title spells it; `_` is a space."""
    folded = fold(unicodedata.normalize("NFKC", spelt).lower())
    return [word.replace("_", " ") for word in folded.split()]


def _spellings() -> Iterator[tuple[str, Unit]]:
    for base, entries in _DATA.items():
        for entry in entries:
            factor, rounded = float(entry.pop("factor")), entry.pop("rounded", False)
            unit = Unit(base, factor, rounded, tuple(entry.pop("steps", ())))
            yield from ((word, unit) for spelt in entry.values() for word in _words(spelt))


UNITS: dict[str, Unit] = dict(_spellings())
"""Every spelling this library reads, lower case and folded, to its unit."""

LENGTHS = frozenset(spelling for spelling, unit in UNITS.items() if unit.base == "mm")
DIVISIBLE = frozenset(
    spelling
    for spelling, unit in UNITS.items()
    if unit.base in ("g", "ml", "mm") or (unit.base == "pcs" and unit.factor in (12, 20))
)
"""Spellings of which there are halves: "1/2 kg" is one half, "10/20 pcs" a choice of two."""


def _either(words: list[str]) -> str:
    return "|".join(map(re.escape, sorted(set(words), key=len, reverse=True)))


IN_MILLIMETRES = re.compile(rf"(?:{_either(_words(_SMALL['mm']))})(?![^\W\d_])")
"""Goods whose dimensions are in millimetres where no unit is stated."""

PORTUGUESE_SIZE_NAMES = tuple(_words(_SIZE["portuguese"]))
SIZE_NAMES = tuple(_words(_SIZE["before"]))
JOINED_SIZE_NAMES = tuple(_words(_SIZE["joined"]))
NUMBERED_SIZE_NAMES = tuple(_words(_SIZE["numbered"]))
"""What stands before a size, of Portuguese ones in letters; the joined ones need no space and stand
behind letters too, the numbered ones behind numbers."""

COUNTED_BY_SIZE = re.compile(rf"(?<![^\W\d_])(?:{_either(_words(_SIZE['worn']))})(?![a-z])")
"""Nappies, of which "M60" is the size and the count."""

_FOREIGN = [word for word in (*UNITS, *_words(_PACK["never"])) if not word[0].isascii()]
_RUN_ON = re.compile("[\u0e00-\u0eff\u1100-\u11ff\u3040-\u9fff\uac00-\ud7ff]")
_BOUND = _either([word for word in _FOREIGN if not _RUN_ON.match(word)])
FOREIGN_UNIT = (
    rf"(?:{_either([word for word in _FOREIGN if _RUN_ON.match(word)])}"
    rf"|(?:{_BOUND})(?![^\W\d_]|[{MARKS}]))"
)
"""Pattern of the units in other letters than Latin ones: where words run on, anything follows."""

_OF = frozenset(_words(_PACK["of"]))
_BARE = tuple(_words(_PACK["bare"]))
_NAMED = tuple(_words(_PACK["named"]))
_OTHER = "".join(rf"(?<!{word} )" for word in _words(_PACK["other"]))
_NAMED_PACK = re.compile(rf"(?<![\w-])(?<![0-9] )(?<!pcs ){_OTHER}(?:{_either(list(_NAMED))}) $")
_FORMS = [
    word
    for table in word_lists("flavours.toml").values()
    for key, spelt in table.items()
    if key.startswith(("form: ", "container: "))
    for word in _words(spelt)
    if word in UNITS
]
FORMS = re.compile(rf"(?<![^\W\d_])(?:{_either([*_FORMS, *_words(_PACK['apart'])])})(?![^\W\d_])")
"""Counted things that are forms of a product, too: 60 tablets are not 60 capsules."""
COUNTED = frozenset(
    (*_words(_PACK["times"]), *(word for word, unit in UNITS.items() if unit.base == "pcs"))
)
"""Words before "x12" that say that it counts: things, packs, cells."""
_PACK_OF = re.compile(
    rf"(?<![a-z])(?:{_either(_words(_PACK['noun']))})[ .:-]{{1,2}}(?:{_either(list(_OF))})$"
)
_PACK_NAMES = frozenset(_words(_PACK["noun"]))
_DOSES = frozenset(_words(_PACK["dose"]))
DESCRIBED = frozenset(_words(_PACK["described"]))
DOSE_AFTER = re.compile(
    rf"[ -](?:coated )?(?:{_either([*_DOSES, *_words(_PACK['packed'])])})(?![^\W\d_])"
)
"""What stands between a number and the things that it counts: "60 vegan capsules"."""
_PIECES = frozenset(_words(_PACK["piece"]))
_COUNT = re.compile(r"[.:]{0,2} ?([0-9]{1,5}) ?([^\W\d_]+)")
_OF_COUNT = re.compile(r" of [0-9]+(?![a-z0-9.,])(?! ?[a-z])")
_SMALLEST_BOX = 5
# A screen of 55 inches has 1397 mm; it is said to have 138, 139 or 140 cm.
_ROUNDED_UP = 5
_REPEATED = re.compile(rf"[ -]?(?:{_either(_words(_PACK['er']))})(?![a-z])")
_AFTER = re.compile(rf" ?(?:{_either(_words(_PACK['after']))})")


def pack_before(text: str, start: int) -> int | None:
    """Find where "pack of", "lot de" begin, if such a phrase ends before the number at `start`."""
    first = max(0, start - 32)
    before = text[first:start].rstrip(" .:(@-")
    if before[before.rfind(" ") + 1 :] in _OF and (phrase := _PACK_OF.search(before)):
        return first + phrase.start()
    if before.endswith(_BARE):
        return first + max(before.rfind(word) for word in _BARE if before.endswith(word))
    if before.endswith(_NAMED) and (named := _NAMED_PACK.search(text, first, start)):
        return (
            named.start() if re.match("[0-9]{1,2}(?![0-9])|100", text[start : start + 4]) else None
        )
    return None


def pack_after(text: str, stop: int, spelling: str) -> int:
    """Give the end of what follows a count and repeats that it is one: "6er-Pack", "24本入"."""
    repeated = None
    if not spelling[0].isascii():
        repeated = _AFTER.match(text, stop)
    elif spelling in ("er", "'li", "'lu"):
        repeated = _REPEATED.match(text, stop)
    return repeated.end() if repeated else stop


def names_next_count(text: str, start: int, stop: int, spelling: str) -> bool:
    """Whether what is named before `stop` is that of the next count.

    As in "5x50 opak. 200 szt" and in "Ibuprofen 400 Filmtabletten 20 St", where 400 is a strength.
    """
    if spelling == "pack" and _OF_COUNT.match(text, stop):
        return True  # "iPhone 13 pack of 2"
    beside_x = spelling in _PACK_NAMES and "x" in text[max(0, start - 2) : start]
    is_dose = spelling in _DOSES
    after = _COUNT.match(text, stop) if beside_x or is_dose else None
    if after is None or (is_dose and (after[2] not in _PIECES or int(after[1]) < _SMALLEST_BOX)):
        return False
    return after[2] in UNITS and UNITS[after[2]].base == "pcs"


def to_base(value: float, spelling: str) -> Quantity:
    """Convert `value` in the unit spelt `spelling` to a `Quantity` in base units.

    Memory counts in thousands, as on the boxes: 1024 GB and 1000 GB are both 1 TB.
    """
    unit = UNITS[spelling]
    base = value * unit.factor
    if unit.steps:
        base = next((step for step in unit.steps if step >= base - _ROUNDED_UP), base)
    if unit.base == "gb" and base >= 1024 and base % 1024 == 0:
        base = base / 1024 * 1000
    return Quantity(float(f"{base:.3g}") if unit.rounded else round(base, 6), unit.base)


def spell(value: float) -> str:
    """Write a value without exponent and trailing zeros: `400`, `4.5`, `0.05`."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
