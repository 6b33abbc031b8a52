"""Pretrained text and photo models through transformers, by a name on the hub or a folder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from samesku.encoders.base import Array, Encoder, PhotoEncoder
from samesku.encoders.card import EncoderKind
from samesku.encoders.families import Reading, family_of, read_json, reading_of
from samesku.encoders.model_files import digest_of, find_model, weights_of
from samesku.encoders.title_batches import Floats, NetworkText, unit_rows
from samesku.runtime.extras import need_extra

if TYPE_CHECKING:
    from samesku.encoders.running import Runner


class HubModel:
    """A pretrained model, by hub name (perhaps with ``@revision``) or folder; loaded at first use.

    Raises ValueError where the model is not there or cannot be used, ModuleNotFoundError without
    torch or transformers.
    """

    def __init__(self, source: str | Path, kind: EncoderKind) -> None:
        need_extra(f"the model {source}", "train", "torch", "transformers")
        self.source = source
        self.folder = find_model(source)
        self.kind = kind
        self.label = self.folder.name if Path(source).is_dir() else str(source)
        self.reading: Reading = reading_of(self.folder, kind, name=self.label)
        self.weights = weights_of(self.folder)
        self._loading = threading.Lock()
        self._loaded: Runner | None = None

    @cached_property
    def digest(self) -> str:
        """Follows the content of the model and how it is read."""
        described = sorted([*self.folder.glob("*.json"), *self.folder.glob("*.model")])
        heads = sorted(self.folder.glob("head.safetensors"))
        return f"{digest_of([*self.weights, *heads, *described])}:{self.reading}"

    @property
    def runner(self) -> Runner:
        # Photos are looked at in many threads.
        with self._loading:
            if self._loaded is None:
                from samesku.encoders.backbones import load_backbone
                from samesku.encoders.running import Runner

                self._loaded = Runner(load_backbone(self.source, self.kind))
        return self._loaded


class HubText(NetworkText):
    """Titles through a pretrained model."""

    def __init__(self, model: HubModel, name: str) -> None:
        self.model, self.name, self.limit = model, name, model.reading.max_tokens

    @property
    def fingerprint(self) -> str:  # type: ignore[override]
        """Follows the model's files; not the precision of the device it runs on."""
        return f"hf-title-1:{self.model.digest}"

    def embed(self, titles: Sequence[str]) -> Floats:
        runner = self.model.runner
        before = runner.backbone.truncated
        rows = runner.features(titles)
        self.cut += runner.backbone.truncated - before
        return rows


class HubPhoto(PhotoEncoder):
    """Photos through a pretrained model, one row per photo."""

    def __init__(self, model: HubModel, name: str) -> None:
        self.model, self.name = model, name

    @property
    def fingerprint(self) -> str:  # type: ignore[override]
        return f"hf-photo-1:{self.model.digest}"

    def look(self, photo: NDArray[np.uint8]) -> Array:
        """The photo as the model wants it, ``(3, h, w)``."""
        return self.model.runner.look(photo)

    def embed(self, looks: Sequence[Array]) -> Array:
        """Unit rows ``(photos, 1, dimension)``."""
        return unit_rows(self.model.runner.features(looks))[:, None]


def model_encoders(model: HubModel, name: str) -> list[Encoder]:
    """The encoder of a title or photo model, or both of one that is for titles and photos."""
    if model.kind == "title":
        return [HubText(model, name)]
    if model.kind == "photo":
        return [HubPhoto(model, name)]
    return [HubText(model, f"{name}-title"), HubPhoto(model, f"{name}-photo")]


def hub_encoder(source: str) -> Encoder:
    """The encoder ``hf:source``, for titles or photos as the model is of a text or photo family."""
    config = read_json(find_model(source) / "config.json")
    kinds = family_of(str(config.get("model_type"))).kinds
    kind: EncoderKind | None = next((each for each in ("title", "photo") if each in kinds), None)
    if kind is None:
        raise ValueError(f"{source} is for titles and photos together: use clip:{source}")
    model = HubModel(source, kind)
    return model_encoders(model, f"hf:{model.label}")[0]


def clip_encoders(source: str) -> list[Encoder]:
    """The encoders of ``clip:source``: ``clip-title:source`` and ``clip-photo:source``.

    Titles are compared with titles and photos with photos; the model is loaded once for both.
    """
    model = HubModel(source, "clip")
    label = model.label
    return [HubText(model, f"clip-title:{label}"), HubPhoto(model, f"clip-photo:{label}")]
