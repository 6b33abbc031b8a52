"""The last steps of a photo network: its trunk in whole numbers, a head for what that then sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from research.photo_network.network import head_weight
from samesku.encoders.export import quantise

__all__ = ["Head", "join_head", "last_head", "whole_numbers"]

Floats = NDArray[np.float32]
Photos = NDArray[np.uint8]


def whole_numbers(taught: Path, trunk: Path, photos: Photos) -> None:
    """Write the trunk of a taught network with weights and activations of seven bits.

    About half as slow on a processor as float32, and a quarter of its size. Seven bits cannot
    overflow on any processor.

    Parameters
    ----------
    taught : path
        As :func:`research.photo_network.export.write_network` wrote it.
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


@dataclass(frozen=True, eq=False)
class Head:
    """What a finished network makes of what its trunk sees: of its square roots, as a unit row.

    Attributes
    ----------
    centre : float32 (width,)
        Subtracted.
    weight : float32 (width, dimension)
        Multiplied by what remains.
    """

    centre: Floats
    weight: Floats


def last_head(pooled: Floats, targets: Floats, centred: float, pull: float) -> Head:
    """The head that brings what a trunk sees to the targets.

    Square roots let what stands out on a photo count for less [1]_, and what all photos have in
    common says nothing of two of them [2]_; all of it gone, too little is left to tell by.

    Parameters
    ----------
    pooled : float32 (n, width)
        Not negative.
    targets : float32 (n, dimension)
    centred : float
        Share of the mean that is subtracted.
    pull : float
        As in :func:`research.photo_network.network.head_weight`.

    References
    ----------
    .. [1] R. Arandjelovic, A. Zisserman, "Three things everyone should know to improve object
       retrieval", CVPR 2012.
    .. [2] H. Jegou, O. Chum, "Negative evidences and co-occurrences in image retrieval: the benefit
       of PCA and whitening", ECCV 2012.
    """
    roots = np.sqrt(pooled)
    rows = roots / np.linalg.norm(roots, axis=1, keepdims=True)
    centre = np.asarray(centred * rows.mean(axis=0), dtype=np.float32)
    return Head(centre, head_weight(rows - centre, targets, pull))


def join_head(trunk: Path, head: Head, out: Path) -> None:
    """Write a trunk with its head, whose weights are kept in half precision.

    Parameters
    ----------
    trunk : path
    head : Head
    out : path
    """
    network = onnx.load(trunk)
    graph = network.graph
    pooled = graph.output[0].name
    half = numpy_helper.from_array(head.weight.astype(np.float16), "head16")
    graph.initializer.extend([half, numpy_helper.from_array(head.centre[None], "centre")])
    graph.node.extend(
        [
            helper.make_node("Sqrt", [pooled], ["roots"]),
            helper.make_node("LpNormalization", ["roots"], ["unit"], axis=1, p=2),
            helper.make_node("Sub", ["unit", "centre"], ["centred"]),
            helper.make_node("Cast", ["head16"], ["head"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["centred", "head"], ["rows"]),
        ]
    )
    del graph.output[:]
    dimension = head.weight.shape[1]
    graph.output.append(helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", dimension]))
    onnx.checker.check_model(network)
    out.write_bytes(network.SerializeToString(deterministic=True))
