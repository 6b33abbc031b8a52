"""One posting as it comes in: checked, in one form, with a key that identical postings share."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypeAlias

import polars as pl

from samesku.catalog.catalog import Catalog
from samesku.catalog.photos import PhotoError, load_photo
from samesku.catalog.prices import read_prices
from samesku.encoders.phash import phash
from samesku.store.results import Refused, StoreError
from samesku.titles import clean_title, normalise_title
from samesku.titles.attributes.columns import column_kind

# The columns of a posting, all text but the price; in one form, and without those that are empty.
Payload: TypeAlias = dict[str, str | float]

LONGEST = {"posting_id": 200, "title": 5_000, "brand": 500, "description": 50_000}
LONGEST_OTHER, MOST_COLUMNS = 5_000, 100
_NAME = re.compile("[^\x00-\x1f\ud800-\udfff]{1,200}")
_PHASH = re.compile(r"[0-9a-f]{16}")
_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?")
_TOLD = re.compile(r"[^\W_]")
_READ = ("price", "brand", "description", "image_phash")


def check_posting(given: Any) -> Payload:
    """A posting in one form; the error says what is wrong with it."""
    if not isinstance(given, Mapping):
        raise StoreError("a posting is an object with posting_id and title")
    if len(given) > MOST_COLUMNS:
        raise StoreError(f"{len(given)} columns; at most {MOST_COLUMNS}")
    payload: Payload = {}
    for name, value in given.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise StoreError("the name of a column is not 1 to 200 characters on one line")
        if value is None or value == "":
            continue
        payload[name] = _price(value) if name == "price" else _text(name, value)
    if not str(payload.get("posting_id", "")).strip():
        raise StoreError("posting_id is missing; give every posting an id of its own")
    if any(unicodedata.category(sign) == "Cc" for sign in str(payload["posting_id"])):
        raise StoreError("posting_id holds control characters")
    payload.setdefault("title", "")
    if "image_phash" in payload:
        payload["image_phash"] = str(payload["image_phash"]).strip().lower()
        if not _PHASH.fullmatch(str(payload["image_phash"])):
            raise StoreError("image_phash is not 16 hexadecimal digits")
    return payload


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise StoreError(f"{name} is a text or a number, not {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise StoreError(f"{name} is no finite number")
    text = str(value).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = text.replace("\0", "\ufffd")
    if len(text) > (most := LONGEST.get(name, LONGEST_OTHER)):
        raise StoreError(f"{name} has {len(text):,} characters; at most {most:,}")
    return text


def _price(value: Any) -> float:
    given = value if isinstance(value, str) else _text("price", value)
    if _PLAIN.fullmatch(given.strip()):
        read: float | None = float(given)
    else:
        (read,) = read_prices([given])
    if read is None or not 0 < read < math.inf:
        raise StoreError("price is not one positive number")
    return float(read)


@lru_cache(maxsize=1_000)
def normal_title(title: str) -> str:
    """A title as encoders read it."""
    return normalise_title(clean_title(title))


def content_key(payload: Payload) -> str:
    """One key for postings that agree in all that is compared.

    As :func:`samesku.candidates.collapse.collapse` does; a title without a letter or digit
    is like no other.
    """
    title = normal_title(str(payload["title"]))
    looked_at = sorted(
        (name, str(value))
        for name, value in payload.items()
        if name in _READ or (name not in ("posting_id", "title") and column_kind(name) is not None)
    )
    alone = "" if _TOLD.search(title) else str(payload["posting_id"])
    result = json.dumps([title, looked_at, alone], ensure_ascii=True)
    return blake2b(result.encode(), digest_size=16).hexdigest()


def title_key(normal: str) -> int:
    """A number that stands for a normal title."""
    return int.from_bytes(blake2b(normal.encode(), digest_size=7).digest(), "big")


def phash_of(payload: Payload) -> bytes | None:
    """The hash of a posting's photo; None without one, and of a blank photo."""
    if "image_phash" not in payload:
        return None
    bits = bytes.fromhex(str(payload["image_phash"]))
    return bits if int.from_bytes(bits, "big").bit_count() > 1 else None


def as_catalog(payloads: Mapping[str, Payload]) -> Catalog:
    """Postings as a catalogue, in the order of their ids; photos by their hash."""
    ids = sorted(payloads)
    rows = [payloads[each] for each in ids]
    names = sorted({name for row in rows for name in row} - {"posting_id", "title"})
    columns = {name: column_series(rows, name) for name in ("title", *names)}
    frame = pl.DataFrame({"posting_id": pl.Series(ids, dtype=pl.String), **columns})
    return Catalog(frame, (None,) * len(ids), name="store")


def column_series(payloads: Sequence[Payload], name: str) -> pl.Series:
    """One column of postings, null where it is empty."""
    kind = pl.Float64 if name == "price" else pl.String
    return pl.Series([each.get(name) for each in payloads], dtype=kind)


def check_postings(
    postings: Iterable[Any],
) -> tuple[list[Payload], list[Refused]]:
    """The postings of a request in one form, and those that are malformed with their places."""
    checked: list[Payload] = []
    refused = []
    for place, given in enumerate(postings):
        try:
            checked.append(check_posting(given))
        except StoreError as error:
            result = given.get("posting_id") if isinstance(given, Mapping) else None
            known = _text("posting_id", result[:200]) if isinstance(result, str) else None
            refused.append(Refused(place, known, str(error)))
    return checked, refused


def hash_photo(photo: bytes) -> str:
    """The perceptual hash of a photo, as `image_phash` has it."""
    try:
        return phash(load_photo(photo)).tobytes().hex()
    except PhotoError as error:
        raise StoreError(f"the photo cannot be read: {error.reason}") from error
