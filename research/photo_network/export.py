"""A photo network as ONNX: normalisation folded in, weights kept in half precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from research.photo_network.network import MEAN, STD, Bottleneck, PhotoNetwork

__all__ = ["write_network"]

OPSET = 17
PLACES = ("n", "height", "width")


def write_network(network: PhotoNetwork, path: Path) -> None:
    """Write ONNX that takes photos ``(n, 3, height, width)`` of levels up to 255, of any size.

    The same weights give the same bytes.

    Parameters
    ----------
    network : PhotoNetwork
    path : path
        Weights are stored as float16 and computed with as float32: half the size, and similarities
        change in the fourth digit.
    """
    graph = _Graph()
    scale = 255 * np.array(STD, np.float32).reshape(1, 3, 1, 1)
    middle = np.array(MEAN, np.float32).reshape(1, 3, 1, 1) * 255
    last = graph.add("Sub", "photo", graph.exact(middle))
    last = graph.add("Div", last, graph.exact(scale))
    for layer in network.features:
        last = (
            graph.block(last, layer) if isinstance(layer, Bottleneck) else graph.conv(last, layer)
        )
    last = graph.add("GlobalAveragePool", last)
    last = graph.add("Flatten", last)
    head = [graph.constant(part) for part in (network.head.weight, network.head.bias)]
    graph.nodes.append(helper.make_node("Gemm", [last, *head], ["rows"], transB=1))
    photo = helper.make_tensor_value_info("photo", TensorProto.FLOAT, [PLACES[0], 3, *PLACES[1:]])
    rows = helper.make_tensor_value_info(
        "rows", TensorProto.FLOAT, [PLACES[0], network.head.out_features]
    )
    whole = helper.make_graph(graph.nodes, "photo", [photo], [rows], graph.constants)
    model = helper.make_model(
        whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="samesku"
    )
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


class _Graph:
    """Grows operation by operation."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.low, self.high = (self.exact(np.array(limit, np.float32)) for limit in (0, 6))

    def add(self, kind: str, *feeds: str, **settings: object) -> str:
        """One operation; returns the name of what it gives."""
        name = f"step{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(feeds), [name], **settings))
        return name

    def exact(self, values: NDArray[np.generic]) -> str:
        """Numbers as they are."""
        name = f"numbers{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def constant(self, values: Tensor) -> str:
        """Weights, stored in half the size."""
        half = self.exact(values.detach().numpy().astype(np.float16))
        return self.add("Cast", half, to=TensorProto.FLOAT)

    def block(self, last: str, block: Bottleneck) -> str:
        """A bottleneck; its last convolution is not followed by anything."""
        entry = last
        *layers, narrow, normal = block.conv
        for layer in layers:
            last = self.conv(last, layer)
        last = self.folded(last, narrow, normal)
        return self.add("Add", entry, last) if block.residual else last

    def conv(self, last: str, layer: nn.Sequential) -> str:
        """Convolution, normalisation and ReLU6."""
        conv, normal, _ = layer
        return self.add("Clip", self.folded(last, conv, normal), self.low, self.high)

    def folded(self, last: str, conv: nn.Conv2d, normal: nn.BatchNorm2d) -> str:
        """A convolution that normalises as well."""
        gain = normal.weight / torch.sqrt(normal.running_var + normal.eps)
        weight = self.constant(conv.weight * gain[:, None, None, None])
        bias = self.constant(normal.bias - normal.running_mean * gain)
        return self.add(
            "Conv",
            *(last, weight, bias),
            kernel_shape=list(conv.kernel_size),
            strides=list(conv.stride),
            pads=list(conv.padding) * 2,
            group=conv.groups,
        )
