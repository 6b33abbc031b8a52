"""Models that put photos and titles into one space, such as CLIP: two encoders, one model."""

from __future__ import annotations

from pathlib import Path

from samesku.encoders.base import Encoder
from samesku.encoders.hub import HubModel, HubPhoto, HubText


def clip_encoders(source: str) -> list[Encoder]:
    """The encoders of ``clip:source``: ``clip-title:source`` and ``clip-photo:source``.

    Titles are compared with titles and photos with photos; the model is loaded once for both.
    """
    model = HubModel(source, "clip")
    name = Path(source).name if Path(source).is_dir() else source
    return [HubText(model, f"clip-title:{name}"), HubPhoto(model, f"clip-photo:{name}")]
