"""Pretrained text and photo models through transformers, by a name on the hub or a folder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from samesku.encoders.base import Encoder, PhotoEncoder
from samesku.encoders.card import EncoderKind
from samesku.encoders.families import family_of, read_json, reading_of
from samesku.encoders.model_files import digest_of, find_model, weights_of
from samesku.encoders.title_batches import NetworkText, unit_rows
from samesku.runtime.arrays import Array, Bytes, Floats
from samesku.runtime.extras import need_extra

if TYPE_CHECKING:
    from samesku.encoders.backbones import Backbone

NO_ROOM = ("out of memory", "can't allocate memory", "not enough memory")


class HubModel:
    """A pretrained model, by hub name (perhaps with ``@revision``) or folder; loaded at first use.

    It runs on cuda, else mps, else the processor: in bfloat16 or float16 on a GPU, in float32
    elsewhere. Raises ValueError where the model is not there or cannot be used, ModuleNotFoundError
    without torch or transformers.
    """

    def __init__(self, source: str | Path, kind: EncoderKind) -> None:
        need_extra(f"the model {source}", "train", "torch", "transformers")
        self.source, self.kind = source, kind
        self.folder = find_model(source)
        self.label = self.folder.name if Path(source).is_dir() else str(source)
        self.card = reading_of(self.folder, kind, name=self.label)
        self.weights = weights_of(self.folder)
        self._loading = threading.Lock()
        self._loaded: Backbone | None = None

    @cached_property
    def digest(self) -> str:
        """Follows the content of the model and how it is read."""
        described = sorted([*self.folder.glob("*.json"), *self.folder.glob("*.model")])
        heads = sorted(self.folder.glob("head.safetensors"))
        return f"{digest_of([*self.weights, *heads, *described])}:{self.card}"

    @property
    def backbone(self) -> Backbone:
        # Photos are looked at in many threads.
        with self._loading:
            if self._loaded is None:
                from samesku.encoders.backbones import best_device, best_precision, load_backbone

                device = best_device()
                loaded = load_backbone(self.source, self.kind)
                self._loaded = loaded.to(device, best_precision(device)).eval()
        return self._loaded

    def features(self, items: Sequence[Any]) -> Floats:
        """Features ``(n, dimension)`` of titles, or of photos as the model wants them.

        All at once, or half of them after the other where memory does not suffice.
        """
        import torch

        try:
            if isinstance(items[0], str):
                inputs = self.backbone.prepare(items)
            else:
                inputs = {"pixel_values": torch.from_numpy(np.stack(items))}
            return self.backbone.rows(inputs)
        except (RuntimeError, MemoryError) as error:
            # A GPU has an error of its own for it, the processor's allocator has none.
            full = isinstance(error, MemoryError) or any(said in str(error) for said in NO_ROOM)
            if not full or len(items) == 1:
                raise
        torch.cuda.empty_cache()
        half = len(items) // 2
        return np.concatenate([self.features(items[:half]), self.features(items[half:])])


class HubText(NetworkText):
    def __init__(self, model: HubModel, name: str) -> None:
        self.model, self.name, self.limit = model, name, model.card.max_tokens

    @property
    def fingerprint(self) -> str:  # type: ignore[override]
        """Follows the model's files; not the precision of the device it runs on."""
        return f"hf-title-1:{self.model.digest}"

    def embed(self, titles: Sequence[str]) -> Floats:
        before = self.model.backbone.truncated
        rows = self.model.features(titles)
        self.cut += self.model.backbone.truncated - before
        return rows


class HubPhoto(PhotoEncoder):
    """Photos through a pretrained model, one row per photo."""

    def __init__(self, model: HubModel, name: str) -> None:
        self.model, self.name = model, name

    @property
    def fingerprint(self) -> str:  # type: ignore[override]
        return f"hf-photo-1:{self.model.digest}"

    def look(self, photo: Bytes) -> Array:
        return np.asarray(self.model.backbone.prepare([photo])["pixel_values"][0])

    def embed(self, looks: Sequence[Array]) -> Array:
        return unit_rows(self.model.features(looks))[:, None]


def model_encoders(model: HubModel, name: str, end: str = "") -> list[Encoder]:
    """The encoder of a title or photo model, or both of one that is for titles and photos."""
    if model.kind == "clip":
        return [HubText(model, f"{name}-title{end}"), HubPhoto(model, f"{name}-photo{end}")]
    return [(HubText if model.kind == "title" else HubPhoto)(model, f"{name}{end}")]


def hub_encoders(prefix: str, source: str) -> list[Encoder]:
    """The encoder ``hf:source``, for titles or photos, or the two of ``clip:source``.

    Titles are compared with titles and photos with photos; the model is loaded once for both.
    """
    kind: EncoderKind = "clip"
    if prefix == "hf":
        config = read_json(find_model(source) / "config.json")
        kind = next(k for k in family_of(str(config.get("model_type"))).kinds if k != "clip")
    model = HubModel(source, kind)
    return model_encoders(model, prefix, f":{model.label}")
