"""Pretrained networks to ONNX, compared with torch before they are written."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch

from samesku.encoders.backbones import Backbone, Inputs, Photos
from samesku.encoders.card import CARD, EncoderCard, write_card
from samesku.encoders.folder import PARTS, onnx_encoder, onnx_name
from samesku.encoders.model_files import quiet
from samesku.encoders.onnx import TOKENIZER, OnnxText
from samesku.encoders.title_batches import unit_rows
from samesku.runtime.arrays import Array, Floats
from samesku.runtime.files import Staged

# Least cosine of the vectors of torch and of ONNX, over the titles and photos given.
PARITY = {"float32": 0.999, "int8": 0.98}
OPSET = 17
# One file of ONNX holds 2 GiB, and a little is not weights.
LARGEST = 2_000_000_000
SAMPLE = 8
CALIBRATING = 32
# The more exact one last. Seven bits cannot overflow on any processor, eight can where it lacks the
# instructions for them.
Way: TypeAlias = Literal["seven-bit", "eight-bit"]
WAYS: tuple[Way, ...] = get_args(Way)


@dataclass(frozen=True)
class Parity:
    """Least and mean cosine of the vectors of torch and of one ONNX file, over `compared` items.

    `way` is how it is calculated: float32, or one of `WAYS`.
    """

    network: str
    least: float
    mean: float
    compared: int
    way: str


def export_encoder(
    backbone: Backbone,
    folder: Path,
    *,
    titles: Sequence[str] = (),
    photos: Photos = (),
    int8: bool = False,
) -> list[Parity]:
    """Write a backbone as a folder that needs no torch; all of it, or nothing.

    Every network is compared with torch on `titles` and `photos`, which also calibrate `int8`: a
    smaller network for the processor beside the exact one, which is then preferred. Returns the
    parity of each network; the card holds them, too. Raises ValueError where the model cannot be
    exported, or its vectors are not those of torch.
    """
    _check(backbone, titles, photos)
    backbone = backbone.to("cpu", torch.float32).eval()
    with Staged(folder) as staged:
        place = staged.path(CARD)
        if backbone.tokenizer is not None:
            backbone.tokenizer.backend_tokenizer.save(str(staged.path(TOKENIZER)))
        card, found = backbone.card, []
        for part, kind in PARTS[backbone.kind].items():
            items = list(titles if kind == "title" else photos)
            steps = (items[start : start + SAMPLE] for start in range(0, len(items), SAMPLE))
            rows = [backbone.rows(backbone.prepare(step)) for step in steps]
            compared = partial(_compared, kind, card, items, unit_rows(np.concatenate(rows)))
            exact = staged.path(onnx_name(part, int8=False))
            _trace(backbone, items[:SAMPLE], exact)
            found.append(_alike(compared(exact, "float32"), PARITY["float32"]))
            if int8:
                small = staged.path(onnx_name(part, int8=True))
                inputs = [backbone.prepare([item]) for item in items[:CALIBRATING]]
                feeds = [{name: each.numpy() for name, each in one.items()} for one in inputs]
                for way in WAYS:
                    quantise(exact, small, feeds, way)
                    parity = compared(small, way)
                    if parity.least >= PARITY["int8"]:
                        break
                found.append(_alike(parity, PARITY["int8"], "; leave --int8 out"))
        files = {path.name: path for path in place.parent.iterdir() if path.name != CARD}
        figures = {each.pop("network"): each for each in map(asdict, found)}
        write_card(place, replace(card, more={**card.more, "parity_with_torch": figures}), files)
    return found


def _check(backbone: Backbone, titles: Sequence[str], photos: Photos) -> None:
    weights = sum(each.numel() * 4 for each in backbone.parameters())
    if weights > LARGEST:
        raise ValueError(f"{backbone.source} has {weights:,} bytes of weights; ONNX holds 2 GiB")
    for kind, items in {"title": titles, "photo": photos}.items():
        if kind in PARTS[backbone.kind].values() and not items:
            raise ValueError(f"give a few {kind}s, to compare with torch on")
    if backbone.tokenizer is not None and not hasattr(backbone.tokenizer, "backend_tokenizer"):
        raise ValueError(f"{backbone.source} has no fast tokenizer, which ONNX needs beside it")
    if backbone.processor is not None and backbone.card.photo is None:
        raise ValueError(
            f"{backbone.source} prepares photos in a way that cannot be exported; choose a model "
            "of fixed size"
        )


def _trace(backbone: Backbone, items: Sequence[Any], place: Path) -> None:
    inputs: Inputs = backbone.prepare(items)
    axes = {name: {0: "n"} for name in [*inputs, "features"]}
    if "attention_mask" in inputs:
        axes |= {name: {0: "n", 1: "length"} for name in inputs}
    with quiet(), torch.no_grad(), _fixed_positions(backbone, inputs):
        try:
            torch.onnx.export(
                backbone.eval(),
                (inputs, {}),  # a dictionary at the end would name arguments
                str(place),
                input_names=list(inputs),
                output_names=["features"],
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
        except torch.onnx.OnnxExporterError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"{backbone.source} cannot be exported: {reason}") from error


@contextmanager
def _fixed_positions(backbone: Backbone, inputs: Inputs) -> Iterator[None]:
    """Positions of patches as one constant: ONNX cannot stretch them, and photos have one size."""
    place: Any = getattr(backbone.model, "embeddings", None)
    stretch = getattr(place, "interpolate_pos_encoding", None)
    if stretch is None:
        yield
        return
    kept: list[torch.Tensor] = []

    def once(*arguments: Any) -> torch.Tensor:
        if not kept:
            kept.append(stretch(*arguments))
        return kept[0]

    place.interpolate_pos_encoding = once
    try:
        backbone(inputs)
        yield
    finally:
        del place.interpolate_pos_encoding


def quantise(exact: Path, place: Path, feeds: Sequence[Mapping[str, Array]], way: Way) -> None:
    """Write the 8-bit form of the float32 network `exact` to `place`.

    Networks of convolutions get fixed ranges, the mean of those that `feeds` (inputs by name, each
    of one title or photo) need one by one: a range wide enough for all of them would be too coarse
    for each. In networks of matrix products ranges are found anew for each input.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static

    # Patches of transformers are cut by one convolution.
    nodes = onnx.load(exact, load_external_data=False).graph.node
    convolutional = [node.op_type for node in nodes].count("Conv") > 1
    narrow = way == "seven-bit"
    reader = SimpleNamespace(get_next=partial(next, iter(feeds), None))
    with quiet():
        if convolutional:
            quantize_static(
                exact, place, reader, per_channel=True, reduce_range=narrow,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                extra_options={"CalibMovingAverage": True},
            )  # fmt: skip
        else:
            quantize_dynamic(
                exact, place, per_channel=True, reduce_range=narrow, weight_type=QuantType.QInt8,
                op_types_to_quantize=["MatMul", "Gemm", "Gather"],
            )  # fmt: skip


def _compared(
    kind: str, card: EncoderCard, items: list[Any], expected: Floats, network: Path, way: str
) -> Parity:
    """Compare a network with torch, from raw titles and photos on."""
    encoder = onnx_encoder(network, kind, card, network.stem)
    if isinstance(encoder, OnnxText):
        found = encoder.encode_titles(items).rows
    else:
        found = np.concatenate([encoder.embed([encoder.look(each)])[:, 0] for each in items])
    cosines = (found * expected).sum(axis=1)
    return Parity(network.name, float(cosines.min()), float(cosines.mean()), len(cosines), way)


def _alike(parity: Parity, bar: float, fix: str = "") -> Parity:
    if not parity.least >= bar:
        raise ValueError(
            f"{parity.network} answers unlike torch: cosine {parity.least:.4f}, not {bar}; nothing "
            f"was written{fix}"
        )
    return parity
