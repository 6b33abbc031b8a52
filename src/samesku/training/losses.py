"""Losses that pull postings of one product together: ArcFace, and the contrast of CLIP."""

from __future__ import annotations

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


class MetricLoss(nn.Module):
    """ArcFace on embeddings and class codes, with one margin per class, `sizes` postings each.

    J. Deng et al., "ArcFace: additive angular margin loss for deep face recognition", CVPR 2019.
    """

    def __init__(self, dimension: int, sizes: Sequence[int], settings: TrainingSettings) -> None:
        super().__init__()
        self.register_buffer("shares", class_margins(sizes, settings.adaptive))
        self.margin = settings.margin[0]
        self.inner = losses.ArcFaceLoss(
            num_classes=len(sizes), embedding_size=dimension, scale=settings.scale
        )

    def forward(self, embeddings: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Mean loss of a batch; `labels` are class codes from 0."""
        # Margins of a tenth of a radian drown in half precision.
        embeddings = embeddings.float()
        cosine = self.inner.get_cosine(embeddings)
        return _softmax(cosine, labels, self.margin * self.shares[labels], self.inner.scale)


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
        scale = self.sharpness.exp().clamp(max=100)
        same = (labels[:, None] == labels[None, :]).float()
        target = same / same.sum(dim=1, keepdim=True)
        across = scale * titles @ photos.T
        return (
            functional.cross_entropy(across, target) + functional.cross_entropy(across.T, target)
        ) / 2


def _softmax(
    cosine: torch.Tensor, labels: torch.Tensor, margins: torch.Tensor, scale: float
) -> torch.Tensor:
    """ArcFace's cross entropy on the library's cosines: it knows one margin, classes have many."""
    own = cosine.gather(1, labels[:, None])
    logits = cosine.scatter(1, labels[:, None], _widened(own, margins[:, None]))
    return functional.cross_entropy(scale * logits, labels)


def _widened(cosine: torch.Tensor, margins: torch.Tensor) -> torch.Tensor:
    """Cosine of the angle and the margin; past 180 degrees a straight line that still falls."""
    cosine = cosine.clamp(-1 + 1e-6, 1 - 1e-6)
    sine = torch.sqrt(1 - cosine**2)
    wider = cosine * torch.cos(margins) - sine * torch.sin(margins)
    return torch.where(
        cosine > torch.cos(math.pi - margins), wider, cosine - margins * torch.sin(margins)
    )
