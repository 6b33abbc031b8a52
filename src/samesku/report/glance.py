"""A catalogue in numbers: what it holds, and what is missing from it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from samesku.catalog.catalog import Catalog

# First words of the Unicode names of letters; what is not here is "Other".
_SCRIPTS = {
    "LATIN": "Latin", "CJK": "Han", "HIRAGANA": "Japanese", "KATAKANA": "Japanese",
    "HANGUL": "Korean", "THAI": "Thai", "CYRILLIC": "Cyrillic", "ARABIC": "Arabic",
    "HEBREW": "Hebrew", "GREEK": "Greek", "DEVANAGARI": "Devanagari", "TAMIL": "Tamil",
    "BENGALI": "Bengali", "LAO": "Lao", "KHMER": "Khmer", "MYANMAR": "Burmese",
    "FULLWIDTH": "Latin", "HALFWIDTH": "Japanese",
}  # fmt: skip
# Letters of a title that are looked at.
_LOOKED_AT = 200


@dataclass(frozen=True, eq=False)
class Glance:
    """What a catalogue holds."""

    postings: int
    photos: int  # files that are there
    broken: int  # there, but not readable
    absent: int  # named but not there, or not named
    same_photo: int  # postings whose photo (or hash) another posting has, too
    same_title: int  # the same of titles, to the letter
    empty_titles: int
    lengths: NDArray[np.int64]  # characters of each title, (n,)
    scripts: dict[str, int]  # titles by the script that most of their letters are of
    sizes: NDArray[np.int64]  # postings of each cluster, (g,)


def glance(catalog: Catalog, clusters: NDArray[np.integer], record: Mapping[str, Any]) -> Glance:
    """Count what a catalogue holds; `record` names the photos that were refused."""
    titles = catalog.frame["title"].fill_null("")
    photos = sum(photo is not None for photo in catalog.photos)
    return Glance(
        postings=len(catalog),
        photos=photos,
        broken=len(record.get("photos_refused", [])),
        absent=len(catalog) - photos,
        same_photo=_shared(_photo_names(catalog)),
        same_title=_shared(titles.set(titles.str.strip_chars() == "", None)),
        empty_titles=int((titles.str.strip_chars() == "").sum()),
        lengths=titles.str.len_chars().cast(pl.Int64).to_numpy(),
        scripts=dict(Counter(script_of(title) for title in catalog.titles).most_common()),
        sizes=np.bincount(clusters, minlength=1),
    )


def script_of(title: str) -> str:
    """The script that most letters of a title are of; `none` where it has no letters.

    >>> script_of("Susu 400g"), script_of("กาแฟ"), script_of("123")
    ('Latin', 'Thai', 'none')
    """
    if title.isascii():
        return "Latin" if any(map(str.isalpha, title)) else "none"
    counted = Counter(
        _SCRIPTS.get(unicodedata.name(char, "").partition(" ")[0], "Other")
        for char in title[:_LOOKED_AT]
        if char.isalpha()
    )
    return counted.most_common(1)[0][0] if counted else "none"


def _photo_names(catalog: Catalog) -> pl.Series:
    """What identifies the photo of each posting: its hash where there is one, else its file."""
    frame = catalog.frame
    names = pl.Series([None if photo is None else str(photo) for photo in catalog.photos])
    if "image_phash" not in frame.columns:
        return names.cast(pl.String)
    return pl.select(pl.coalesce(frame["image_phash"], names.cast(pl.String))).to_series()


def _shared(values: pl.Series) -> int:
    known = values.drop_nulls()
    return int(known.is_duplicated().sum())
