"""The folder of a trained encoder: network, ONNX, card and README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samesku.encoders.backbones import Backbone
from samesku.encoders.card import CARD, read_card, write_card
from samesku.encoders.export import export_encoder
from samesku.runtime.files import Staged
from samesku.runtime.progress import Progress
from samesku.training.model_card import model_card
from samesku.training.photo_shelf import PhotoShelf

# Postings that ONNX is compared with torch on.
COMPARED = 32


@dataclass(frozen=True, eq=False)
class Samples:
    """Titles and photos to hold ONNX against torch on."""

    titles: Sequence[str]
    photos: Sequence[NDArray[np.uint8]]

    @classmethod
    def of(cls, titles: Sequence[str], photos: PhotoShelf | None) -> Samples:
        """A few of those that trained, evenly spread."""
        rows = np.unique(np.linspace(0, len(titles) - 1, COMPARED).astype(int)).tolist()
        shown = [] if photos is None else [photos[row] for row in rows]
        return cls([titles[row] for row in rows if titles[row]], shown)


def write_encoder(
    backbone: Backbone,
    out: Path,
    card: Mapping[str, Any],
    samples: Samples | None,
    progress: Progress,
) -> None:
    """Write a trained encoder, its `card` and README; with `samples` also ONNX, compared on them.

    A network that cannot be exported stays one of torch, and `progress` gets a note.
    """
    backbone.to("cpu").eval()
    exported, more = {}, dict(card)
    if samples is not None:
        with progress.stage("export"):
            try:
                export_encoder(backbone, out, titles=samples.titles, photos=samples.photos)
            except ValueError as error:
                progress.note(f"no ONNX was written, the encoder needs torch: {error}")
            else:
                told = read_card(out)
                assert told is not None
                exported, more = dict(told.files), {**told.more, **card}
    backbone.save(out, more=more)
    own = read_card(out)
    assert own is not None
    with Staged(out) as staged:
        text = model_card(card, backbone.kind, backbone.dimension, backbone.pooling)
        staged.path("README.md").write_text(text, encoding="utf-8")
        write_card(staged.path(CARD), replace(own, files={**exported, **own.files}))
