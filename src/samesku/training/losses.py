"""Losses that pull postings of one product together: ArcFace, and the contrast of CLIP."""

import math
from collections.abc import Sequence

import torch
from pytorch_metric_learning import losses
from torch import nn
from torch.nn import functional

from samesku.training.settings import TrainingSettings

FIRST_TEMPERATURE = 0.07


def margin_at(share: float, settings: TrainingSettings) -> float:
    """The margin, in radians, when `share` of the training is done.

    It rises linearly over the first `margin_rise` of the training: a wide margin from the first
    step on keeps an untrained network from learning at all.
    """
    first, last = settings.margin
    risen = min(share / settings.margin_rise, 1.0) if settings.margin_rise > 0 else 1.0
    return round(first + (last - first) * risen, 6)


def class_margins(sizes: Sequence[int], power: float) -> torch.Tensor:
    """Share of the margin that each class gets, 1 for the smallest: ``(size / smallest)^-power``.

    Small classes are the harder to generalise from and get the wider margin (Q. Ha et al., "Google
    landmark recognition 2020 competition third place solution", 2020; power 1/4).
    """
    counts = torch.tensor(sizes, dtype=torch.float32)
    return (counts / counts.min()) ** -power


class MetricLoss(losses.ArcFaceLoss):
    """The library's ArcFace with one margin per class, of `sizes` postings each.

    J. Deng et al., "ArcFace: additive angular margin loss for deep face recognition", CVPR 2019.
    """

    def __init__(self, dimension: int, sizes: Sequence[int], settings: TrainingSettings) -> None:
        super().__init__(len(sizes), dimension, scale=settings.scale)
        self.register_buffer("shares", class_margins(sizes, settings.adaptive))
        self.margin = settings.margin[0]

    def forward(self, embeddings: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Mean loss of a batch; `labels` are class codes from 0."""
        self.margins = self.margin * self.shares[labels]
        # Margins of a tenth of a radian drown in half precision.
        with torch.autocast(embeddings.device.type, enabled=False):
            return super().forward(embeddings.float(), labels)

    def modify_cosine_of_target_classes(self, cosine: torch.Tensor) -> torch.Tensor:
        """Widen the angles; past 180 degrees a straight line that still falls."""
        cosine = cosine.clamp(-1 + 1e-6, 1 - 1e-6)
        angle = torch.acos(cosine)
        fallen = cosine - self.margins * torch.sin(self.margins)
        return torch.where(angle <= math.pi - self.margins, torch.cos(angle + self.margins), fallen)


class Contrastive(nn.Module):
    """Titles and photos of one space: each title finds the photos of its product, and back.

    The contrast of CLIP (A. Radford et al., "Learning transferable visual models from natural
    language supervision", 2021), in which every posting of the same product in the batch is right.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sharpness = nn.Parameter(torch.tensor(math.log(1 / FIRST_TEMPERATURE)))

    def forward(
        self, titles: torch.Tensor, photos: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        """Mean over both directions: titles ask for photos, and photos for titles."""
        titles = functional.normalize(titles.float())
        photos = functional.normalize(photos.float())
        same = (labels[:, None] == labels[None, :]).float()
        target = same / same.sum(dim=1, keepdim=True)
        across = self.sharpness.exp().clamp(max=100) * titles @ photos.T
        ways = (across, across.T)
        return sum(functional.cross_entropy(way, target) for way in ways) / 2
