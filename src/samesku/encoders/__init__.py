"""Encoders by the names that users call them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from samesku.encoders.base import Encoder, PhotoEncoder, TextEncoder, Vectors
from samesku.encoders.onnx import Onnx
from samesku.encoders.phash import PHash
from samesku.encoders.photo import Photo
from samesku.encoders.signature import Signature
from samesku.encoders.tfidf import Tfidf

__all__ = [
    "Encoder",
    "Onnx",
    "PHash",
    "Photo",
    "PhotoEncoder",
    "Signature",
    "TextEncoder",
    "Tfidf",
    "Vectors",
    "default_encoders",
    "encoders_by_name",
]

BY_NAME: dict[str, Callable[[], Encoder]] = {
    "tfidf": Tfidf,
    "phash": PHash,
    "signature": Signature,
    "photo": Photo,
}

WITH_PLACE = {"onnx": "FILE", "hf": "MODEL", "clip": "MODEL"}


def default_encoders() -> list[Encoder]:
    """Word and character TF-IDF, the perceptual hash and the photo signature: no weights at all."""
    return [Tfidf(), PHash(), Signature()]


def encoders_by_name(names: Sequence[str | Encoder]) -> list[Encoder]:
    """The encoders of the given names, each once, or the default ones when there are none.

    Parameters
    ----------
    names : sequence of str or Encoder
        ``tfidf``, ``phash``, ``signature``, ``photo`` (samesku's own photo network),
        ``onnx:FILE`` (another one), ``hf:MODEL`` (a pretrained text or photo model, by its name on
        the hub or its folder), ``clip:MODEL`` (two encoders, one for titles and one for photos) or
        the path of a folder with ``samesku_encoder.json``. With a ``+`` before it an encoder is
        added: to the others that are named, or to the default ones. An encoder is taken as it is.

    Raises
    ------
    ValueError
        No encoder has this name, or it cannot be used; says why.
    ModuleNotFoundError
        What it needs is not installed; says what to install.
    """
    added = [name for name in names if isinstance(name, str) and name.startswith("+")]
    base = [name for name in names if name not in added]
    made = [encoder for name in dict.fromkeys(base) for encoder in _called(name)]
    made = made or default_encoders()
    known = {encoder.name for encoder in made}
    others = [encoder for name in dict.fromkeys(added) for encoder in _called(name[1:])]
    return made + [encoder for encoder in others if encoder.name not in known]


def _called(name: str | Encoder) -> list[Encoder]:
    if isinstance(name, Encoder):
        return [name]
    if not isinstance(name, str):
        raise TypeError(f"an encoder is a name or an Encoder, not a {type(name).__name__}")
    kind, _, rest = name.partition(":")
    if kind in WITH_PLACE and not rest:
        raise ValueError(f"name what it is: {kind}:{WITH_PLACE[kind]}")
    # Only who names a pretrained model waits for what it needs.
    if kind == "onnx":
        return [Onnx(rest)]
    if kind in WITH_PLACE:
        from samesku.encoders.hub import hub_encoders

        return hub_encoders(kind, rest)
    if name in BY_NAME:
        return [BY_NAME[name]()]
    if name and Path(name).is_dir():
        from samesku.encoders.folder import encoders_in

        return encoders_in(Path(name))
    known = ", ".join([*BY_NAME, *(f"{kind}:{place}" for kind, place in WITH_PLACE.items())])
    raise ValueError(f"there is no encoder {name!r}; choose from {known} or a folder")
