"""What a folder says of the encoder in it: `samesku_encoder.json`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from samesku.encoders.model_files import digest_of
from samesku.runtime.files import read_json, write_json

CARD = "samesku_encoder.json"
EncoderKind: TypeAlias = Literal["title", "photo", "clip"]
# What the values of a card are.
_FIELDS: dict[str, Any] = {
    "kind": str, "pooling": str, "dimension": int, "prefix": str, "max_tokens": int,
    "pad_to_limit": bool, "pad_id": int, "pad_left": bool, "base": str, "files": dict,
    "photo": dict | None,
}  # fmt: skip
_FIX = "write the folder of the encoder again"


@dataclass(frozen=True)
class EncoderCard:
    """How to feed an encoder and what to do with what it returns.

    `dimension` is 0 until the model is loaded. `prefix` is set before each title; `max_tokens` is
    where titles are cut (0 for photos). `pad_to_limit`: titles are all padded to `max_tokens`, as
    the SigLIP models learned them, with the token `pad_id`, before the title with `pad_left`.
    `photo` holds keys of :class:`samesku.encoders.photo_inputs.PhotoInput`, None where those cannot
    say how photos are prepared. `base` is the model it was made from, `files` the digest of each
    file written with the card, `more` further keys: figures, what trained it.
    """

    kind: EncoderKind
    pooling: str
    dimension: int = 0
    prefix: str = ""
    max_tokens: int = 0
    pad_to_limit: bool = False
    pad_id: int = 0
    pad_left: bool = False
    photo: Mapping[str, Any] | None = None
    base: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


def read_card(folder: Path) -> EncoderCard | None:
    """The card in a folder, None where there is none; ValueError where it cannot be used."""
    place = folder / CARD
    if not place.is_file():
        return None
    given = read_json(place, _FIELDS, needed=("kind", "pooling", "dimension"), fix=_FIX)
    if given["kind"] not in get_args(EncoderKind):
        kinds = ", ".join(get_args(EncoderKind))
        raise ValueError(f"{place}: its kind must be one of {kinds}; {_FIX}")
    own = {key: value for key, value in given.items() if key in _FIELDS}
    return EncoderCard(**own, more={key: given[key] for key in given if key not in _FIELDS})


def write_card(place: Path, card: EncoderCard, files: Mapping[str, Path] | None = None) -> None:
    """Write a card to `place`, with the digests of `files` by their names."""
    digests = {name: digest_of([path]) for name, path in sorted((files or {}).items())}
    record = asdict(card) | {"files": {**card.files, **digests}}
    record |= record.pop("more")
    write_json(place, record)
