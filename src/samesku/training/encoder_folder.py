"""The folder of a trained encoder: network, ONNX, card and README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Template

from samesku.encoders.backbones import Backbone, Photos
from samesku.encoders.card import read_card
from samesku.encoders.export import export_encoder
from samesku.runtime.files import Staged
from samesku.runtime.progress import Progress

README = "README.md"
# Settings that the README leaves out, as they say nothing about a kind of network.
SKIPPED = {"title": {"cutmix", "flip", "cutout", "crop", "photo_size"}, "photo": {"words_dropped"}}


def write_encoder(
    backbone: Backbone,
    out: Path,
    card: Mapping[str, Any],
    samples: tuple[Sequence[str], Photos] | None,
    progress: Progress,
) -> None:
    """Write a trained encoder, its `card` and README; with `samples` also ONNX, compared on them.

    A network that cannot be exported stays one of torch, and `progress` gets a note.
    """
    backbone.to("cpu").eval()
    exported = None
    if samples is not None:
        titles, photos = samples
        with progress.stage("export"):
            try:
                export_encoder(backbone, out, titles=titles, photos=photos)
                exported = read_card(out)
            except ValueError as error:
                progress.note(f"no ONNX was written, the encoder needs torch: {error}")
    with Staged(out) as staged:
        staged.path(README).write_text(model_card(card, backbone), encoding="utf-8")
    beside, more = (exported.files, exported.more) if exported else ({}, {})
    backbone.save(out, {**more, **card}, beside)


def model_card(card: Mapping[str, Any], backbone: Backbone) -> str:
    """Markdown: what the encoder is, what it saw, how good it is, what it is not."""
    template = Template(files(__package__).joinpath("model_card.md.j2").read_text("utf-8"))
    text = template.render(
        card=card,
        kind=backbone.kind,
        dimension=backbone.dimension,
        pooling=backbone.pooling,
        skipped=SKIPPED.get(backbone.kind, set()),
    )
    return f"{text}\n"
