"""A larger catalogue out of a given one: more offers of the same products, otherwise written."""

from __future__ import annotations

import numpy as np
import polars as pl

__all__ = ["renoise", "reworded"]

PROMOTIONS = (
    "READY STOCK",
    "ORIGINAL",
    "PROMO",
    "COD",
    "MURAH",
    "TERMURAH",
    "BEST SELLER",
    "GROSIR",
    "TERLARIS",
    "NEW",
    "GARANSI",
    "IMPORT",
)
FLIPPED_BITS = 1.5  # on average, of 64: what another size and compression of a photo do


def renoise(catalogue: pl.DataFrame, times: int, seed: int = 0) -> pl.DataFrame:
    """The catalogue and `times - 1` further offers of each posting, under new ids.

    Titles get another word order, promotional words, typos and gaps; hashes a few other bits;
    everything else, the label too, stays.
    """
    rng = np.random.default_rng(seed)
    parts = [catalogue]
    for number in range(1, times):
        columns = [
            (pl.col("posting_id") + f"~{number}").alias("posting_id"),
            pl.Series("title", [reworded(title, rng) for title in catalogue["title"]]),
        ]
        if "image_phash" in catalogue.columns:
            flipped = [_flip_bits(text, rng) for text in catalogue["image_phash"]]
            columns.append(pl.Series("image_phash", flipped, dtype=pl.String))
        parts.append(catalogue.with_columns(columns))
    return pl.concat(parts)


def reworded(title: str, rng: np.random.Generator) -> str:
    """The title as another seller writes it."""
    words = title.split()
    if len(words) > 3:
        words = [word for word in words if rng.random() > 0.1] or words
    if rng.random() < 0.5 and len(words) > 1:
        cut = int(rng.integers(1, len(words)))
        words = words[cut:] + words[:cut]
    words = [_mistyped(word, rng) if rng.random() < 0.05 else word for word in words]
    if rng.random() < 0.4:
        words.insert(int(rng.choice([0, len(words)])), str(rng.choice(PROMOTIONS)))
    text = " ".join(words)
    case = rng.random()
    return text.upper() if case < 0.2 else text.lower() if case < 0.4 else text


def _mistyped(word: str, rng: np.random.Generator) -> str:
    """Two letters swapped; numbers and short words stay, since they are what a product is."""
    if len(word) < 4 or not word.isalpha():
        return word
    place = int(rng.integers(0, len(word) - 1))
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _flip_bits(text: str | None, rng: np.random.Generator) -> str | None:
    if not text:
        return text
    bits = int(text, 16)
    for bit in rng.integers(0, 64, size=rng.poisson(FLIPPED_BITS)):
        bits ^= 1 << int(bit)
    return f"{bits:016x}"
