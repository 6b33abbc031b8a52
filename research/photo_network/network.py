"""A compact photo network: MobileNetV2, taught by larger networks what looks alike."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from research.photo_network.views import altered
from samesku.runtime.cores import map_in_order

__all__ = [
    "MEAN",
    "STAGES",
    "STD",
    "Lessons",
    "PhotoNetwork",
    "Settings",
    "embed_photos",
    "fit_head",
    "head_weight",
    "teach",
]

Floats = NDArray[np.float32]
Photos = NDArray[np.uint8]

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Expansion, channels, repeats, first stride: table 2 of the paper.
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
WIDTH = 1280
BATCH = 64


class Bottleneck(nn.Module):
    """Widen, look around, narrow; added to what came in where the shapes allow it."""

    def __init__(self, inner: int, out: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = inner * expansion
        widen = [_conv(inner, wide, 1)] if expansion > 1 else []
        look = _conv(wide, wide, 3, stride=stride, groups=wide)
        narrow = nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out)
        self.conv = nn.Sequential(*widen, look, *narrow)
        self.residual = stride == 1 and inner == out

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(n, out, h / stride, w / stride)``."""
        return x + self.conv(x) if self.residual else self.conv(x)


class PhotoNetwork(nn.Module):
    """MobileNetV2 [1]_ with mean pooling and a linear head; the names are torchvision's.

    Parameters
    ----------
    dimension : int
        Numbers per photo.

    References
    ----------
    .. [1] M. Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv(3, 32, 3, stride=2)]
        channels = 32
        for expansion, out, repeats, stride in STAGES:
            for repeat in range(repeats):
                first = stride if repeat == 0 else 1
                layers.append(Bottleneck(channels, out, expansion, first))
                channels = out
        self.features = nn.Sequential(*layers, _conv(channels, WIDTH, 1))
        self.head = nn.Linear(WIDTH, dimension)

    def forward(self, photos: Tensor) -> Tensor:
        """Rows ``(n, dimension)``, not of unit length, of photos ``(n, 3, h, w)``."""
        return self.head(self.pooled(photos))

    def pooled(self, photos: Tensor) -> Tensor:
        """What the head sees of photos, ``(n, WIDTH)``."""
        return self.features(photos).mean((2, 3))

    def train(self, mode: bool = True) -> PhotoNetwork:
        """Normalisation keeps the statistics it came with: ours are too few for new ones."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


@dataclass(frozen=True, eq=False)
class Lessons:
    """What there is to learn from.

    Attributes
    ----------
    photos : uint8 (n, h, w, 3)
    targets : float32 (n, dimension)
        What the teachers make of each, unit rows.
    labels : int64 (n,)
        The product on each photo, negative where it is unknown.
    """

    photos: Photos
    targets: Floats
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Settings:
    """How to learn.

    Attributes
    ----------
    steps, batch : int
    size : int
        Side of the photos in pixels.
    rate, head_rate : float
        Largest step of the trunk and of the head.
    frozen : int
        Layers, from the first, that stay as they came.
    likeness, ranking, products : float
        Weights of the three losses of :func:`teach`.
    sharpness : float
        Similarities are multiplied by it before they become probabilities.
    decay : float
        Of the weights.
    average : float
        Of the moving average of the weights.
    kept : float
        Share of the weights before teaching in those after it.
    seed : int
    """

    steps: int = 450
    batch: int = 48
    size: int = 128
    rate: float = 3e-4
    head_rate: float = 3e-4
    frozen: int = 7
    likeness: float = 4.0
    ranking: float = 1.0
    products: float = 0.3
    sharpness: float = 20.0
    decay: float = 0.0
    average: float = 0.995
    kept: float = 0.5
    seed: int = 0


def embed_photos(network: PhotoNetwork, photos: Photos, *, head: bool = True) -> Floats:
    """Rows of photos ``(n, h, w, 3)`` as the network, or all of it below the head, gives them."""
    network.eval()
    parts = []
    with torch.no_grad():
        for start in range(0, len(photos), BATCH):
            batch = as_input(photos[start : start + BATCH])
            parts.append((network(batch) if head else network.pooled(batch)).numpy())
    return np.concatenate(parts)


def as_input(photos: Photos) -> Tensor:
    """Scaled as ImageNet's networks want it, ``(n, 3, h, w)``."""
    pixels = torch.from_numpy(np.ascontiguousarray(photos)).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(each)[:, None, None] for each in (MEAN, STD))
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)


def fit_head(network: PhotoNetwork, pooled: Floats, targets: Floats, pull: float = 1.0) -> None:
    """Set the head to :func:`head_weight` of what it sees."""
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(head_weight(pooled, targets, pull).T))
        network.head.bias.zero_()


def head_weight(pooled: Floats, targets: Floats, pull: float = 1.0) -> Floats:
    """A regression of the targets on what a trunk sees, both as unit rows, ``(width, dimension)``.

    Few photos are no reason to forget what the trunk knows: the regression is drawn not to zero but
    to the turn that brings the rows nearest to the targets and keeps their similarities.

    Parameters
    ----------
    pooled : float32 (n, width)
    targets : float32 (n, dimension)
    pull : float
        How strongly, relative to the mean variance of what the head sees.
    """
    rows = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype(np.float64)
    crossed = rows.T @ targets
    left, _, right = np.linalg.svd(crossed, full_matrices=False)
    gram = rows.T @ rows
    strength = pull * np.trace(gram) / len(gram)
    gram[np.diag_indices(len(gram))] += strength
    weight = np.linalg.solve(gram, crossed + strength * left @ right)
    return np.asarray(weight, dtype=np.float32)


def teach(network: PhotoNetwork, lessons: Lessons, settings: Settings) -> Iterator[float]:
    """Teach a network, and leave it between what it was and what it became.

    Each photo is shown as sellers alter it, but its target is what the teachers made of it
    unaltered. Three losses: the squared distance to the target; the divergence of its similarities
    to all targets from the teachers' [1]_, as probabilities; and, where its product is known, how
    improbable the targets of the product's other photos are. The weights of before and the moving
    average of those of the teaching are mixed [2]_: what few photos teach well costs little of what
    the network knew of all others.

    Parameters
    ----------
    network : PhotoNetwork
    lessons : Lessons
    settings : Settings

    Yields
    ------
    float
        The loss of each step.

    References
    ----------
    .. [1] Z. Fang et al., "SEED: self-supervised distillation for visual representation", 2021.
    .. [2] M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022.
    """
    torch.manual_seed(settings.seed)
    bank = torch.from_numpy(lessons.targets)
    labels = torch.from_numpy(lessons.labels)
    for parameter in network.features[: settings.frozen].parameters():
        parameter.requires_grad_(False)
    groups = [
        {"params": [p for p in network.features.parameters() if p.requires_grad]},
        {"params": network.head.parameters()},
    ]
    optimiser = torch.optim.AdamW(groups, lr=settings.rate, weight_decay=settings.decay)
    largest = settings.rate, settings.head_rate
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, largest, total_steps=settings.steps, pct_start=0.1
    )
    network.to(memory_format=torch.channels_last).train()
    before, average = copy.deepcopy(network), copy.deepcopy(network)
    for step, (chosen, photos) in enumerate(_batches(lessons.photos, settings)):
        rows = nn.functional.normalize(network(as_input(photos)), dim=1)
        loss = _loss(rows, torch.from_numpy(chosen), bank, labels, settings)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        _drift(average, network, min(settings.average, (1 + step) / (10 + step)))
        yield loss.item()
    _drift(average, before, 1 - settings.kept)
    network.load_state_dict(average.state_dict())
    network.eval()


def _loss(rows: Tensor, chosen: Tensor, bank: Tensor, labels: Tensor, settings: Settings) -> Tensor:
    """The three losses of :func:`teach`, weighted."""
    target = bank[chosen]
    distance = (rows - target).square().sum(1).mean()
    ours = (settings.sharpness * rows @ bank.T).log_softmax(1)
    theirs = (settings.sharpness * target @ bank.T).softmax(1)
    ranking = nn.functional.kl_div(ours, theirs, reduction="batchmean")
    # Of one product, but not the photo itself.
    same = (labels[chosen][:, None] == labels) & (labels[chosen][:, None] >= 0)
    same[torch.arange(len(chosen)), chosen] = False
    known = same.any(1)
    loss = settings.likeness * distance + settings.ranking * ranking
    if settings.products and known.any():
        chance = torch.where(same[known], ours[known], 0).sum(1) / same[known].sum(1)
        loss = loss - settings.products * chance.mean() * known.float().mean()
    return loss


def _batches(
    photos: Photos, settings: Settings
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Which photos, and the photos altered; made ahead in another thread."""
    rng = np.random.default_rng(settings.seed)
    rounds = -(-settings.steps * settings.batch // len(photos))
    order = np.concatenate([rng.permutation(len(photos)) for _ in range(rounds)])

    def make(step: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        start = step * settings.batch
        chosen = order[start : start + settings.batch]
        made = [
            altered(photos[each], settings.size, Random(f"{settings.seed} {start + at}"))
            for at, each in enumerate(chosen)
        ]
        return chosen, np.stack(made)

    yield from map_in_order(make, range(settings.steps), threads=1)


def _drift(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Move the weights of `average` to those of `network`, but for a share to keep."""
    with torch.no_grad():
        pairs = zip(average.parameters(), network.parameters(), strict=True)
        for ours, theirs in pairs:
            ours.lerp_(theirs, 1 - keep)


def _conv(inner: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inner, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU6())
