"""Read specification columns, of which the name says what a bare value means."""

from __future__ import annotations

import re

from samesku.titles.attributes.reading import read_title
from samesku.titles.clean import clean_title
from samesku.titles.units import Quantity, spell
from samesku.titles.quantities import stated
from samesku.titles.words import normalise_title

_NAME = re.compile(r"[^\W_]+")
_KINDS = {
    **dict.fromkeys("color colour colors colours farbe couleur colore kleur kolor barva cor warna renk 颜色 顏色".split(), "colour"),
    **dict.fromkeys("size sizes grosse taille talla taglia maat rozmiar velikost tamanho ukuran beden 尺码 尺寸".split(), "size"),
    **dict.fromkeys("count quantity qty pieces pack packs packsize stuckzahl menge anzahl".split(), "count"),
    **dict.fromkeys("volume contents inhalt".split(), "amount"),
    **dict.fromkeys("flavour flavor taste scent fragrance geschmack duft gout sabor gusto smaak rasa".split(), "flavour"),
    **dict.fromkeys("model mpn modelnumber partnumber modell modele modelo modello".split(), "model"),
    **dict.fromkeys("ram memory storage capacity hdd ssd rom speicher arbeitsspeicher disk".split(), "memory"),
    **dict.fromkeys("frequency voltage power wattage battery length width height depth dimensions dimension diameter resolution lumen current speed display screen diagonal thickness weight".split(), "measure"),
}  # fmt: skip
_IGNORED = frozenset("shipping packaging package packing packaged gross parcel carton sku".split())
_ROLES = ("ram", "hdd", "ssd", "rom")
_BARE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LONGEST = 200


def column_kind(name: str) -> tuple[str, str] | None:
    """Tell which kind of attribute a column of this name holds, and of what aspect.

    Examples
    --------
    >>> column_kind("ram_capacity")
    ('memory', 'ram')
    >>> column_kind("description") is None
    True
    """
    words = _NAME.findall(normalise_title(clean_title(name)))
    if not words or _IGNORED.intersection(words):
        return None
    for role in _ROLES:
        if role in words and not {"frequency", "speed", "type"}.intersection(words):
            return "memory", role
    for word in reversed(words):
        if kind := _KINDS.get(word):
            return kind, " ".join(
                words
            ) if kind == "measure" else "storage" if kind == "memory" else ""
    return None


def read_cell(kind: str, aspect: str, raw: str) -> set[str]:
    """Read one value of a column of this kind; several values are all kept."""
    text = normalise_title(clean_title(raw[:_LONGEST]))
    if kind == "model":
        code = re.sub(r"[^a-z0-9]", "", text)
        return (
            {code}
            if code != text.replace(" ", "x") and _is_code(code)
            else ({code} if _is_code(code) else set())
        )
    if kind == "count" and _BARE.fullmatch(text):
        return {spell(float(text))}
    if kind == "size" and _BARE.fullmatch(text):
        return {f"size: {spell(float(text))}"}
    if kind == "size" and (letters := re.fullmatch(r"x{0,4}[sl]|m|[2-6]xl", text)):
        return read_title(f"size {letters[0]}")[0]["size"] or {letters[0]}
    if kind in ("memory", "measure"):
        found = stated(text).quantities
        return {f"{aspect}: {_rounded(q)}" for q in found if (q.unit == "gb") == (kind == "memory")}
    return read_title(text)[0][kind]


def _is_code(code: str) -> bool:
    return 4 <= len(code) <= 30 and any(char.isdigit() for char in code)


def _rounded(quantity: Quantity) -> str:
    """Two digits of what is weighed or measured anew by everybody who writes it down."""
    value = float(f"{quantity.value:.2g}") if quantity.unit in ("g", "mm") else quantity.value
    return f"{spell(value)} {quantity.unit}"
