"""The last steps of a photo network: its trunk in whole numbers, a head for what that then sees."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from samesku.encoders.quantise import quantise

__all__ = ["join_head", "whole_numbers"]

Floats = NDArray[np.float32]
Photos = NDArray[np.uint8]


def whole_numbers(taught: Path, trunk: Path, photos: Photos) -> None:
    """Write the trunk of a taught network with weights and activations of seven bits.

    About half as slow on a processor as float32, and a quarter of its size. Seven bits cannot
    overflow on any processor.

    Parameters
    ----------
    taught : path
        As :func:`samesku.training.photo_export.write_network` wrote it.
    trunk : path
        Where to write.
    photos : uint8 (n, h, w, 3)
        Of the size that the network is to run at; the ranges of activations are taken from them.
    """
    network = onnx.load(taught)
    graph = network.graph
    (head,) = (node for node in graph.node if node.op_type == "Gemm")
    pooled, *unused = head.input
    halves = {each.name: each for each in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in halves:
            half = halves[node.input[0]]
            graph.initializer.remove(half)
            if node.output[0] not in unused:
                values = numpy_helper.to_array(half).astype(np.float32)
                graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        elif node is not head:
            nodes.append(node)
    del graph.node[:], graph.output[:]
    graph.node.extend(nodes)
    graph.output.append(helper.make_tensor_value_info(pooled, TensorProto.FLOAT, ["n", None]))
    name = graph.input[0].name
    feeds = [{name: photo.transpose(2, 0, 1)[None].astype(np.float32)} for photo in photos]
    with TemporaryDirectory() as folder:
        exact = Path(folder) / "exact.onnx"
        onnx.save(network, exact)
        quantise(exact, trunk, feeds, "seven-bit")


def join_head(trunk: Path, weight: Floats, out: Path) -> None:
    """Write a trunk with a linear head, kept in half precision.

    Parameters
    ----------
    trunk : path
    weight : float32 (width, dimension)
        Of what the trunk gives as a unit row.
    out : path
    """
    network = onnx.load(trunk)
    graph = network.graph
    pooled = graph.output[0].name
    half = numpy_helper.from_array(weight.astype(np.float16), "head16")
    graph.initializer.append(half)
    graph.node.extend(
        [
            helper.make_node("Cast", ["head16"], ["head"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", [pooled, "head"], ["rows"]),
        ]
    )
    del graph.output[:]
    graph.output.append(
        helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", weight.shape[1]])
    )
    onnx.checker.check_model(network)
    out.write_bytes(network.SerializeToString(deterministic=True))
