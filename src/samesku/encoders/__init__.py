"""Encoders by the names that users call them."""

from __future__ import annotations

from collections.abc import Sequence

from samesku.encoders.base import Encoder, PhotoEncoder, TextEncoder, Vectors
from samesku.encoders.onnx import Onnx
from samesku.encoders.phash import PHash
from samesku.encoders.signature import Signature
from samesku.encoders.telling import Telling
from samesku.encoders.tfidf import Tfidf

__all__ = [
    "Encoder",
    "Onnx",
    "PHash",
    "PhotoEncoder",
    "Signature",
    "Telling",
    "TextEncoder",
    "Tfidf",
    "Vectors",
    "default_encoders",
    "encoder_by_name",
    "encoders_by_name",
]

BY_NAME = {"tfidf": Tfidf, "telling": Telling, "phash": PHash, "signature": Signature}


def default_encoders() -> list[Encoder]:
    """Word and character TF-IDF, the perceptual hash and the photo signature: no weights at all."""
    return [Tfidf(), PHash(), Signature()]


def encoder_by_name(name: str) -> Encoder:
    """The encoder called `name`: ``tfidf``, ``telling``, ``phash``, ``signature`` or ``onnx:FILE``.

    Raises
    ------
    ValueError
        No encoder has this name, or the network cannot be used; says why.
    """
    kind, _, rest = name.partition(":")
    if kind == "onnx":
        if not rest:
            raise ValueError("name the network's file: onnx:FILE")
        return Onnx(rest)
    if name not in BY_NAME:
        known = ", ".join([*BY_NAME, "onnx:FILE"])
        raise ValueError(f"there is no encoder {name!r}; choose from {known}")
    encoder: Encoder = BY_NAME[name]()
    return encoder


def encoders_by_name(names: Sequence[str]) -> list[Encoder]:
    """The encoders of the given names, each once, or the default ones when there are none."""
    if not names:
        return default_encoders()
    return [encoder_by_name(name) for name in dict.fromkeys(names)]
