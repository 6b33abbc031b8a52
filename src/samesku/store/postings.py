"""One posting as it comes in: checked, in one form, with a key that identical postings share."""

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from samesku import titles
from samesku.catalog.catalog import Catalog
from samesku.catalog.cells import MISSING, OPTIONAL
from samesku.catalog.currencies import written_currency
from samesku.catalog.photo_places import locate_photos
from samesku.catalog.photos import PhotoError, load_photo, read_photo_bytes
from samesku.catalog.prices import read_prices
from samesku.encoders.phash import phash
from samesku.store.results import Refused, StoreError
from samesku.titles.attributes.columns import column_kind

# The columns of a posting, all text but the price; in one form, and without those that are empty.
Payload: TypeAlias = dict[str, str | float]

LONGEST = {"posting_id": 200, "title": 5_000, "brand": 500, "description": 50_000}
LONGEST_OTHER, MOST_COLUMNS = 5_000, 100
_NAME = re.compile("[^\x00-\x1f\ud800-\udfff]{1,200}")
_PHASH = re.compile(r"[0-9a-f]{16}")
_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?")
_TOLD = re.compile(r"[^\W_]")
_READ = ("price", "currency", "brand", "description", "image_phash")
# Of titles that say nothing.
_WORDLESS = {"Zs", "Zl", "Zp", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Cc"}
# What a filled cell that can be read holds.
_EXPECTED = {"price": "one positive number", "image_phash": "16 hexadecimal digits"}


def check_posting(given: Any) -> Payload:
    """A posting in one form, its cells read as those of a catalogue; the error says what is wrong.

    A single price has no column that shows its decimal mark: ``1.299`` is what it plainly says.
    """
    if not isinstance(given, Mapping):
        raise StoreError("a posting is an object with posting_id and title")
    if len(given) > MOST_COLUMNS:
        raise StoreError(f"{len(given)} columns; at most {MOST_COLUMNS}")
    payload: Payload = {}
    for name, value in given.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise StoreError("the name of a column is not 1 to 200 characters on one line")
        if (cell := _cell(name, value)) is not None:
            payload[name] = cell
    if "price" in payload and (currency := written_currency(str(given["price"]))):
        payload.setdefault("currency", currency)
    if "posting_id" not in payload:
        raise StoreError("posting_id is missing; give every posting an id of its own")
    if any(unicodedata.category(sign) == "Cc" for sign in str(payload["posting_id"])):
        raise StoreError("posting_id holds control characters")
    payload.setdefault("title", "")
    return payload


def as_id(name: Any) -> str:
    """An id as a posting has it: text without outer blanks, or a number."""
    return str(_cell("posting_id", name) or "")


def as_ids(names: Any) -> list[str]:
    several = isinstance(names, Iterable) and not isinstance(names, str)
    return [as_id(each) for each in (names if several else [names])]


def not_read(given: Mapping[str, Any], payload: Payload) -> list[str]:
    """A note for each cell of a posting that is filled, and is taken as unknown all the same."""
    return [
        f"{payload['posting_id']}: {name} is not {expected}; taken as unknown"
        for name, expected in _EXPECTED.items()
        if name not in payload and not _is_missing(given.get(name))
    ]


def _is_missing(value: Any) -> bool:
    """Whether a cell is empty, as other programs write it: no value, NaN, ``N/A`` and the like."""
    if isinstance(value, str | float):
        return re.match(MISSING, str(value)) is not None
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _cell(name: str, value: Any) -> str | float | None:
    """The value of a cell; None where it is empty or cannot be read."""
    if isinstance(value, np.generic):
        value = value.item()
    known = name in OPTIONAL or name == "title"
    if _is_missing(value) and (known or not isinstance(value, str)):
        return None
    if name == "price":
        return _price(value)
    if (known or name == "posting_id") and isinstance(value, float) and value.is_integer():
        value = int(value)  # an id that went through a spreadsheet
    text = _text(name, value)
    if name == "title":
        return None if all(unicodedata.category(sign) in _WORDLESS for sign in text) else text
    if known or name == "posting_id":
        text = text.strip()
    if name == "image_phash":
        text = text.lower()
        return text if _PHASH.fullmatch(text) else None
    return text or None


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


def _price(value: Any) -> float | None:
    if isinstance(value, float) and math.isinf(value):
        return None
    given = _text("price", value)
    read = float(given) if _PLAIN.fullmatch(given.strip()) else read_prices([given])[0]
    return read if read is not None and 0 < read < math.inf else None


@lru_cache(maxsize=1_000)
def normal_title(title: str) -> str:
    """As :func:`samesku.titles.normal_title`; a posting's title is asked for several times."""
    return titles.normal_title(title)


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
    kind = pl.Float64 if name == "price" else pl.String
    return pl.Series([each.get(name) for each in payloads], dtype=kind)


def check_postings(postings: Iterable[Any]) -> tuple[list[Payload], list[Refused], list[str]]:
    """The postings of a request in one form, those that are malformed with their places, notes."""
    checked: list[Payload] = []
    refused, notes = [], []
    for place, given in enumerate(postings):
        try:
            checked.append(check_posting(given))
            notes += not_read(given, checked[-1])
        except StoreError as error:
            refused.append(Refused(place, _named(given), str(error)))
    return checked, refused, notes


def _named(given: Any) -> str | None:
    """The id of a posting that was refused, where it has one."""
    result = given.get("posting_id") if isinstance(given, Mapping) else None
    try:
        return as_id(result[:200] if isinstance(result, str) else result) or None
    except StoreError:
        return None


def add_hashes(
    payloads: Iterable[Payload], former: Mapping[str, Payload], folder: Path | None
) -> list[str]:
    """Give postings that name a photo its hash; a note for each photo that is not compared.

    `former` is what the store holds of the postings: the hash of a photo that they still name.
    """
    rest = []
    for payload in payloads:
        before = former.get(str(payload["posting_id"]), {})
        if "image_phash" in before and before.get("image") == payload["image"]:
            payload["image_phash"] = before["image_phash"]
        else:
            rest.append(payload)
    notes = []
    photos = named_photos(folder, [str(each["image"]) for each in rest])
    for payload, photo in zip(rest, photos, strict=True):
        try:
            if photo is None:
                raise StoreError("it is not in the photo folder" if folder else "no photo folder")
            payload["image_phash"] = hash_photo(photo)
        except StoreError as error:
            notes.append(f"{payload['posting_id']}: image is not compared: {error}")
    return notes


def named_photos(folder: Path | None, names: Sequence[str]) -> Iterator[bytes | None]:
    """The photos of names in a folder, found as those of a catalogue; None where one is not."""
    frame = pl.DataFrame({"image": names}, schema={"image": pl.String})
    for place in locate_photos(frame, folder, given=False)[0]:
        try:
            yield None if place is None else read_photo_bytes(place)
        except PhotoError:
            yield None


def hex_hash(photo: Path | bytes) -> str:
    """The perceptual hash of a photo, as `image_phash` has it; PhotoError where there is none."""
    return phash(load_photo(photo)).tobytes().hex()


def hash_photo(photo: bytes) -> str:
    """The same of a photo that was sent: StoreError where it cannot be read."""
    try:
        return hex_hash(photo)
    except PhotoError as error:
        raise StoreError(f"the photo cannot be read: {error.reason}") from error
