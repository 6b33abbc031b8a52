"""Units of measure as Indonesian, Malay and English sellers write them, and their base units."""

from __future__ import annotations

from typing import NamedTuple


class Unit(NamedTuple):
    """How one spelling of a unit turns into its base unit: `value * factor` of `base`."""

    base: str
    factor: float
    rounded: bool = False
    """Converted from inches, ounces and the like: keep three significant digits, as sellers do."""


class Quantity(NamedTuple):
    """A measured property of the product, in the base unit of its kind.

    Base units: `g`, `ml`, `mm`, `pcs` (single things), `pack` (boxes, sets, strips ...), `gb`, `w`,
    `mah`, `v`, `a`, `hz`, `lm`, `%`, `month`, `spf`, `size` (numbered clothing), `gsm`, `mp`,
    `ply`.
    """

    value: float
    unit: str


_SPELLINGS: dict[tuple[str, float], str] = {
    ("g", 1): "g gr grm grms gram grams gramm gms",
    ("g", 1000): "kg kgs kilo kilogram kilograms",
    ("g", 0.001): "mg mgr miligram milligram milligrams",
    ("g", 100): "ons",
    ("ml", 1): "ml mililiter milliliter milliliters millilitre millilitres cc",
    ("ml", 1000): "l lt ltr ltrs liter litre liters litres",
    ("mm", 1): "mm milimeter millimeter millimetre",
    ("mm", 10): "cm cms centimeter centimetre sentimeter",
    ("mm", 1000): "m mtr mtrs meter meters metre metres",
    (
        "pcs",
        1,
    ): "pcs pc pce pces piece pieces buah bh biji butir unit units lembar lbr lmbr helai"
    " sheet sheets pad pads tablet tablets kapsul kapsl capsule capsules kaplet caplet caplets"
    " softgel softgels sachet sachets saset sch bungkus bks roll rolls batang ekor",
    ("pcs", 2): "pasang pair pairs",
    ("pcs", 12): "lusin dozen lsn",
    ("pcs", 20): "kodi",
    ("pcs", 144): "gross",
    ("pcs", 500): "rim ream reams",
    (
        "pack",
        1,
    ): "pack packs pak box boxes dus karton carton set sets strip strips blister renceng"
    " botol bottle bottles toples kaleng kotak paket stel",
    ("gb", 1): "gb gig",
    ("gb", 1 / 1024): "mb",
    ("gb", 1024): "tb",
    ("w", 1): "w watt watts wat",
    ("w", 1000): "kw kilowatt",
    ("mah", 1): "mah",
    ("v", 1): "v volt volts",
    ("a", 1): "a ampere amp amps amper",
    ("hz", 1): "hz hertz",
    ("hz", 1e3): "khz",
    ("hz", 1e6): "mhz",
    ("hz", 1e9): "ghz",
    ("lm", 1): "lm lumen lumens",
    ("%", 1): "% persen percent",
    ("month", 1): "month months bulan bln mos",
    ("month", 12): "tahun thn th year years yr yrs y t",
    ("gsm", 1): "gsm",
    ("mp", 1): "mp megapixel megapixels",
    ("ply", 1): "ply lapis layer layers",
}
_IMPERIAL: dict[tuple[str, float], str] = {
    ("g", 28.349523): "oz ounce ounces",
    ("g", 453.59237): "lb lbs pound pounds",
    ("ml", 29.573530): "floz",
    ("ml", 3785.4118): "gal gallon gallons galon",
    ("mm", 25.4): 'inch inches inc inci inchi in "',
    ("mm", 304.8): "ft feet foot",
    ("mm", 914.4): "yd yard yards",
}

UNITS: dict[str, Unit] = {
    **{s: Unit(*unit) for unit, spelt in _SPELLINGS.items() for s in spelt.split()},
    **{s: Unit(*unit, rounded=True) for unit, spelt in _IMPERIAL.items() for s in spelt.split()},
}
"""Every spelling this library reads, lower case, to its unit."""

LENGTHS = frozenset(spelling for spelling, unit in UNITS.items() if unit.base == "mm")
DIVISIBLE = frozenset(
    spelling
    for spelling, unit in UNITS.items()
    if unit.base in ("g", "ml", "mm") or (unit.base == "pcs" and unit.factor in (12, 20))
)
"""Spellings of which there are halves: "1/2 kg" is one half, "10/20 pcs" a choice of two."""


def to_base(value: float, spelling: str) -> Quantity:
    """Convert `value` in the unit spelt `spelling` to a `Quantity` in base units."""
    unit = UNITS[spelling]
    base = value * unit.factor
    return Quantity(float(f"{base:.3g}") if unit.rounded else round(base, 6), unit.base)


def spell(value: float) -> str:
    """Write a value without exponent and trailing zeros: `400`, `4.5`, `0.05`."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
