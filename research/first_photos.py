"""Training a photo network that starts from random weights, beyond what fine-tuning needs.

Class centres that begin as noise teach slowly: a supervised contrastive loss within the batch
(P. Khosla et al., "Supervised contrastive learning", NeurIPS 2020) is added, each photo is shown
several times in its batch, and some photos get a border or a banner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pytorch_metric_learning import losses
from torch import nn

from samesku.runtime.arrays import Ints
from samesku.training.augment import Photo, covered, relit
from samesku.training.losses import MetricLoss
from samesku.training.settings import TrainingSettings
from samesku.training.tasks import PhotoTask

__all__ = ["FirstPhotos", "FirstSettings", "framed"]

# Similarities of a batch are divided by it before they become probabilities.
TEMPERATURE = 0.1
# Width of a border or banner, as a share of the photo's height.
BORDER, BANNER = (0.02, 0.1), (0.05, 0.2)
# How often a frame is a border; a banner lies on the photo; and above; and is black or white.
BORDERS, LAID_ON, ABOVE, COLOURLESS = 0.4, 0.6, 0.3, 0.4


@dataclass(frozen=True)
class FirstSettings(TrainingSettings):
    """Settings of training from random weights."""

    contrast: float = 1.0  # weight of the second loss
    views: int = 2  # times that each photo of a batch is shown, augmented anew
    frame: float = 0.4  # chance of a border or banner


class FirstPhotos(PhotoTask):
    """An image network on photos, from random weights."""

    settings: FirstSettings

    def prepare(self, rows: Ints, rng: np.random.Generator) -> tuple[Any, ...]:
        """As of :class:`PhotoTask`, each photo several times."""
        return super().prepare(np.tile(rows, self.settings.views), rng)

    def _augmented(self, photo: Photo, rng: np.random.Generator) -> Photo:
        photo = relit(photo, self.settings, rng)
        if self.settings.frame and rng.random() < self.settings.frame:
            photo = framed(photo, rng)
        return covered(photo, self.settings, rng)

    def _loss(self) -> nn.Module:
        sizes = np.bincount(self.trained.labels).tolist()
        return ContrastedLoss(self.backbone.dimension, sizes, self.settings)


class ContrastedLoss(MetricLoss):
    """ArcFace, and each posting finds those of its product among all others of the batch."""

    def __init__(self, dimension: int, sizes: Sequence[int], settings: FirstSettings) -> None:
        super().__init__(dimension, sizes, settings)
        self.weight = settings.contrast
        self.contrast = losses.SupConLoss(temperature=TEMPERATURE)

    def forward(self, embeddings: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Mean loss of a batch; `labels` are class codes from 0."""
        own = super().forward(embeddings, labels)
        return own + self.weight * self.contrast(embeddings.float(), labels)


def framed(photo: Photo, rng: np.random.Generator) -> Photo:
    """With a border of one colour, or a banner over or beside its upper or lower end."""
    height, width = photo.shape[:2]
    colour = rng.integers(0, 256, 3, dtype=np.uint8)
    if rng.random() < COLOURLESS:
        colour[:] = rng.choice((0, 255))
    if rng.random() < BORDERS:
        edge = max(1, round(height * rng.uniform(*BORDER)))
        board = np.empty((height + 2 * edge, width + 2 * edge, 3), dtype=np.uint8)
        board[:] = colour
        board[edge:-edge, edge:-edge] = photo
        return board
    high = max(1, round(height * rng.uniform(*BANNER)))
    beside = 0 if rng.random() < LAID_ON else high
    above = rng.random() < ABOVE
    board = np.empty((height + beside, width, 3), dtype=np.uint8)
    start = beside if above else 0
    board[start : start + height] = photo
    if above:
        board[:high] = colour
    else:
        board[-high:] = colour
    return board
