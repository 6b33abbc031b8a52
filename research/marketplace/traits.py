"""What is printed on a product and how sellers say it: sizes, counts, colours, flavours, models."""

from __future__ import annotations

from dataclasses import dataclass

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Trait:
    """One property of a product.

    Attributes
    ----------
    kind
        ``"size"``, ``"count"``, ``"colour"``, ``"flavour"`` or ``"model"``.
    printed
        The form on the packaging, also the form in ``truth.csv``.
    ways
        The forms that sellers write in titles.
    rgb
        The colour that the property gives to the product, where it gives one.
    """

    kind: str
    printed: str
    ways: tuple[str, ...]
    rgb: RGB | None = None


def mass(grams: int) -> Trait:
    """Return the size of something sold by weight."""
    number = str(grams)
    ways = [f"{number}{unit}" for unit in ("g", "gr", "gram", " gr", " gram", " g")]
    if grams >= 250:
        kilos = f"{grams / 1000:g}"
        ways += [f"{kilos}kg", f"{kilos} kg", f"{kilos.replace('.', ',')} kg"]
    printed = f"{grams / 1000:g} kg" if grams >= 1000 else f"{number} g"
    return Trait("size", printed, tuple(ways))


def volume(millilitres: int) -> Trait:
    """Return the size of something sold by volume."""
    ways = [f"{millilitres}{unit}" for unit in ("ml", "ml", " ml", "ML", " mL")]
    if millilitres >= 500:
        litres = f"{millilitres / 1000:g}"
        ways += [
            f"{litres}L",
            f"{litres} L",
            f"{litres.replace('.', ',')} liter",
            f"{litres}ltr",
        ]
    printed = f"{millilitres / 1000:g} L" if millilitres >= 1000 else f"{millilitres} ml"
    return Trait("size", printed, tuple(ways))


def length(centimetres: int) -> Trait:
    """Return the length of a cable, a roll or a toy."""
    ways = [f"{centimetres}cm", f"{centimetres} cm"]
    if centimetres < 100:
        return Trait("size", f"{centimetres} cm", tuple(ways))
    metres = f"{centimetres / 100:g}"
    ways += [
        f"{metres}m",
        f"{metres} meter",
        f"{metres} m",
        f"{metres.replace('.', ',')} mtr",
    ]
    return Trait("size", f"{metres} m", tuple(ways))


def width(millimetres: int) -> Trait:
    """Return the width of a tape."""
    ways = [f"{millimetres}mm", f"{millimetres} mm"]
    if millimetres >= 10:
        ways += [
            f"{millimetres / 10:g}cm",
            f"{millimetres / 10:g} cm".replace(".", ","),
        ]
    return Trait("size", f"{millimetres} mm", tuple(ways))


def wear(size: str) -> Trait:
    """Return the size of a garment or a shoe, such as ``"XL"`` or ``"39"``."""
    ways = (f"size {size}", f"uk {size}", f"ukuran {size}", f"sz {size}", f"({size})")
    return Trait("size", f"Size {size}", ways)


def count(number: int, unit: str = "pcs") -> Trait:
    """Return how many pieces, sheets or sachets a pack holds."""
    ways = [
        f"isi {number}",
        f"isi {number} {unit}",
        f"{number}{unit}",
        f"{number} {unit}",
    ]
    ways += [f"x{number}", f"@{number}", f"contents {number}", f"{number}'s"]
    if unit == "pcs":
        ways.append(f"{number} buah")
    return Trait("count", f"isi {number} {unit}", tuple(ways))


def model(name: str) -> Trait:
    """Return the device that an accessory fits."""
    plain = name.replace(" ", "")
    return Trait("model", name, (name, f"for {name}", f"untuk {name}", plain, f"tipe {name}"))


def colour(english: str, indonesian: str, rgb: RGB) -> Trait:
    """Return a colour with its names in both languages."""
    ways = (
        english,
        indonesian,
        f"warna {indonesian}",
        f"{english} colour",
        f"({indonesian})",
    )
    return Trait("colour", english, ways, rgb)


def flavour(english: str, indonesian: str, rgb: RGB) -> Trait:
    """Return a flavour or a scent with its names in both languages."""
    ways = (
        english,
        indonesian,
        f"rasa {indonesian}",
        f"{english} flavour",
        f"varian {indonesian}",
    )
    return Trait("flavour", english, ways, rgb)
