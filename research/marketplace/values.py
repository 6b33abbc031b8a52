"""The values that properties take in the demo catalogue: its colours, flavours, phones, sizes."""

from __future__ import annotations

from research.marketplace.traits import (
    Trait,
    colour,
    count,
    flavour,
    length,
    mass,
    model,
    volume,
    wear,
)

COLOURS = (
    colour("Black", "hitam", (38, 38, 44)),
    colour("White", "putih", (238, 238, 234)),
    colour("Red", "merah", (200, 40, 48)),
    colour("Navy", "biru dongker", (30, 44, 98)),
    colour("Sky Blue", "biru muda", (122, 186, 226)),
    colour("Green", "hijau", (46, 132, 84)),
    colour("Mustard", "kuning mustard", (214, 164, 40)),
    colour("Pink", "merah muda", (240, 160, 184)),
    colour("Grey", "abu abu", (142, 146, 152)),
    colour("Brown", "coklat", (122, 78, 50)),
    colour("Lilac", "ungu muda", (176, 150, 212)),
)
FLAVOURS = (
    flavour("Chicken Curry", "kari ayam", (226, 152, 32)),
    flavour("Beef", "sapi", (158, 62, 38)),
    flavour("Spicy", "pedas", (206, 30, 36)),
    flavour("Seaweed", "rumput laut", (42, 112, 66)),
    flavour("Cheese", "keju", (248, 196, 48)),
    flavour("Grilled Corn", "jagung bakar", (236, 138, 40)),
    flavour("Shrimp", "udang", (240, 128, 108)),
)
SWEETS = (
    flavour("Chocolate", "coklat", (98, 58, 38)),
    flavour("Vanilla", "vanila", (244, 224, 164)),
    flavour("Strawberry", "stroberi", (232, 84, 112)),
    flavour("Honey", "madu", (228, 158, 40)),
    flavour("Matcha", "teh hijau", (132, 164, 82)),
)
SCENTS = (
    flavour("Rose", "mawar", (226, 120, 146)),
    flavour("Lavender", "lavender", (158, 134, 204)),
    flavour("Green Tea", "teh hijau", (120, 170, 96)),
    flavour("Aloe Vera", "lidah buaya", (92, 180, 130)),
    flavour("Ginseng", "ginseng", (196, 138, 72)),
    flavour("Lemon", "jeruk lemon", (246, 212, 60)),
)
SHADES = (
    colour("01 Ivory", "01 gading", (244, 222, 196)),
    colour("02 Natural Beige", "02 natural", (228, 192, 156)),
    colour("03 Honey", "03 madu", (204, 152, 104)),
    colour("04 Caramel", "04 karamel", (172, 116, 72)),
    colour("05 Rosewood", "05 kayu mawar", (176, 84, 88)),
)
MODELS = tuple(
    model(f"{maker} {number}")
    for maker, numbers in (
        ("Orbix", ("A5", "A5 Pro", "A7", "A9s", "Note 4", "Note 4 Pro")),
        ("Zelfon", ("X2", "X2 Plus", "X3", "Y11", "Y12", "Y12s")),
        ("Pixtra", ("C3", "C11", "C15", "6i", "7 Pro")),
    )
    for number in numbers
)


def masses(*values: int) -> tuple[Trait, ...]:
    """Return sizes in grams."""
    return tuple(mass(value) for value in values)


def volumes(*values: int) -> tuple[Trait, ...]:
    """Return sizes in millilitres."""
    return tuple(volume(value) for value in values)


def lengths(*values: int) -> tuple[Trait, ...]:
    """Return sizes in centimetres."""
    return tuple(length(value) for value in values)


def counts(unit: str, *values: int) -> tuple[Trait, ...]:
    """Return how many pieces come in a pack."""
    return tuple(count(value, unit) for value in values)


def wears(sizes: str) -> tuple[Trait, ...]:
    """Return sizes of garments or shoes, given with spaces between."""
    return tuple(wear(size) for size in sizes.split())
