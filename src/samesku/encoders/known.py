"""Pretrained models that suit postings, and what their makers say of them: `known.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from samesku.encoders.card import EncoderKind


@dataclass(frozen=True)
class KnownModel:
    name: str
    kind: EncoderKind
    dimension: int
    megabytes: int
    licence: str
    good_for: str

    @property
    def encoder(self) -> str:
        """What to give to ``--encoder``."""
        return f"clip:{self.name}" if self.kind == "clip" else f"hf:{self.name}"


_TEXT = files(__package__).joinpath("known.toml").read_text("utf-8")
KNOWN = tuple(KnownModel(**model) for model in tomllib.loads(_TEXT)["model"])
