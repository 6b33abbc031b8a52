"""What there is to train: title, photo and clip networks on labelled postings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from samesku.encoders.backbones import Backbone, Inputs
from samesku.encoders.base import Vectors
from samesku.encoders.title_batches import Floats, embed_titles
from samesku.runtime.cores import map_in_order, usable_cores
from samesku.training.augment import augment_photo, draw_cutmix, drop_words
from samesku.training.batches import LookAlikes, ProductBatches
from samesku.training.losses import Contrastive, MetricLoss, margin_at
from samesku.training.photo_shelf import PhotoShelf
from samesku.training.settings import TrainingSettings
from samesku.training.validation import Retrieval, retrieval

Codes = NDArray[np.int64]

# Photos per batch when nothing is learned.
AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class Trained:
    """The postings that train.

    `labels`, int64 ``(n,)``, are product codes from 0 without gaps; `titles` normal titles, empty
    where the network does not read any.
    """

    labels: Codes
    titles: Sequence[str]
    photos: PhotoShelf | None
    look_alikes: LookAlikes


@dataclass(frozen=True, eq=False)
class Held:
    """The postings that are searched after each epoch; as :class:`Trained`, any labels."""

    labels: Codes
    titles: Sequence[str]
    photos: PhotoShelf | None


class ProductTask(ABC):
    """Trains a network so that the postings of one product lie together; see its three kinds.

    Without `held` postings nothing is held out, and the last epoch is kept.
    """

    threads = 1

    def __init__(
        self, backbone: Backbone, trained: Trained, held: Held | None, settings: TrainingSettings
    ) -> None:
        self.backbone, self.trained, self.held, self.settings = backbone, trained, held, settings
        self.loss_of = self._loss()
        self.module = nn.ModuleDict({"backbone": backbone, "loss": self.loss_of})
        self.dealt = ProductBatches(
            trained.labels,
            trained.look_alikes,
            settings.batch,
            settings.per_group,
            settings.hard,
            settings.seed,
        )

    def groups(self) -> list[tuple[list[nn.Parameter], float]]:
        """The network with its neck at the lower rate, what the loss learns at the higher one.

        The neck begins as it should stay, nearly: at the rate of the class centres, which begin as
        noise, it forgets all but one direction.
        """
        return [
            (list(self.backbone.parameters()), self.settings.rate),
            (list(self.loss_of.parameters()), self.settings.head_rate),
        ]

    def batches(self, epoch: int) -> list[Codes]:
        """The deal of one epoch."""
        return self.dealt.epoch(epoch)

    @abstractmethod
    def prepare(self, rows: Codes, rng: np.random.Generator) -> Any:
        """Read and augment a batch."""

    @abstractmethod
    def loss(self, batch: Any, done: float) -> torch.Tensor:
        """Mean loss of a batch."""

    @abstractmethod
    def embed(self, held: Held) -> Floats:
        """Unit rows of some postings."""

    def validate(self) -> dict[str, float]:
        """F1 at the best threshold and mean average precision among the held-out products."""
        found = self.found()
        if found is None:
            return {}
        precision = float(np.nanmean(found.precision)) if found.precision.size else 0.0
        return {"f1": float(found.f1.mean()), "mAP": precision, "threshold": found.threshold}

    def found(self) -> Retrieval | None:
        """Every held-out posting searched among all of them, by the network as it stands."""
        if self.held is None:
            return None
        rows = self.embed(self.held)
        everyone = np.ones(len(rows), dtype=bool)
        return retrieval(Vectors.of(rows, everyone), self.held.labels)

    def _loss(self) -> nn.Module:
        sizes = np.bincount(self.trained.labels).tolist()
        return MetricLoss(self.backbone.dimension, sizes, self.settings)

    def _codes(self, rows: Codes) -> torch.Tensor:
        return torch.from_numpy(self.trained.labels[rows])

    def _device(self) -> torch.device:
        return next(self.backbone.parameters()).device


class TitleTask(ProductTask):
    """A text network on titles. Tokenisers are not made for threads: one batch ahead."""

    def prepare(self, rows: Codes, rng: np.random.Generator) -> tuple[Inputs, torch.Tensor]:
        """Tokens and labels; some words are left out."""
        share = self.settings.words_dropped
        titles = [drop_words(self.trained.titles[row], share, rng) for row in rows.tolist()]
        return self.backbone.prepare(titles), self._codes(rows)

    def loss(self, batch: tuple[Inputs, torch.Tensor], done: float) -> torch.Tensor:
        """Mean loss of a batch."""
        inputs, labels = batch
        self.loss_of.margin = margin_at(done, self.settings)
        return self.loss_of(self.backbone(inputs), labels)

    def embed(self, held: Held) -> Floats:
        """Unit rows of titles."""
        return _embed_titles(self.backbone, held.titles, self._device())


class PhotoTask(ProductTask):
    """An image network on photos."""

    threads = usable_cores()

    def prepare(self, rows: Codes, rng: np.random.Generator) -> tuple[Any, ...]:
        """Pixels, labels, and with cutmix the labels of the patches and the share of the own."""
        photos, rows = _shelf(self.trained.photos), np.tile(rows, self.settings.views)
        shown = [augment_photo(photos[row], self.settings, rng) for row in rows.tolist()]
        inputs, labels = _colours_last(self.backbone.prepare(shown)), self._codes(rows)
        if rng.random() >= self.settings.cutmix:
            return inputs, labels, labels, 1.0
        mix = draw_cutmix(len(rows), rng)
        pixels = inputs["pixel_values"]
        height, width = pixels.shape[-2:]
        top, bottom = (round(height * edge) for edge in mix.box[:2])
        left, right = (round(width * edge) for edge in mix.box[2:])
        partner = torch.from_numpy(mix.partner)
        patch = pixels[partner][..., top:bottom, left:right]
        pixels[..., top:bottom, left:right] = patch
        return inputs, labels, labels[partner], mix.share

    def loss(self, batch: tuple[Any, ...], done: float) -> torch.Tensor:
        """Mean loss of a batch, shared between the two products of a mixed photo."""
        inputs, labels, others, share = batch
        self.loss_of.margin = margin_at(done, self.settings)
        features = self.backbone(inputs)
        own = self.loss_of(features, labels)
        if share == 1.0:
            return own
        return share * own + (1 - share) * self.loss_of(features, others)

    def embed(self, held: Held) -> Floats:
        """Unit rows of photos."""
        return _embed_photos(self.backbone, self.backbone, _shelf(held.photos), self._device())


class ClipTask(ProductTask):
    """Titles and photos of one space, by contrast. What is compared is the mean of both cosines."""

    threads = 1

    def prepare(self, rows: Codes, rng: np.random.Generator) -> tuple[Inputs, Inputs, torch.Tensor]:
        """Tokens, pixels and labels."""
        share, photos = self.settings.words_dropped, _shelf(self.trained.photos)
        titles = [drop_words(self.trained.titles[row], share, rng) for row in rows.tolist()]
        shown = [augment_photo(photos[row], self.settings, rng) for row in rows.tolist()]
        told, seen = self.backbone.prepare_titles(titles), self.backbone.prepare_photos(shown)
        return told, seen, self._codes(rows)

    def loss(self, batch: tuple[Inputs, Inputs, torch.Tensor], done: float) -> torch.Tensor:
        """Mean loss of a batch."""
        told, seen, labels = batch
        titles, photos = self.backbone.title_features(told), self.backbone.photo_features(seen)
        return self.loss_of(titles, photos, labels)

    def embed(self, held: Held) -> Floats:
        """Unit rows: title and photo one after the other."""
        device = self._device()
        titles = _embed_titles(self.backbone, held.titles, device)
        photos = _embed_photos(
            self.backbone, self.backbone.photo_features, _shelf(held.photos), device
        )
        both = np.concatenate([titles, photos], axis=1)
        both /= np.float32(np.sqrt(2))
        return both

    def _loss(self) -> nn.Module:
        return Contrastive()


def _embed_titles(backbone: Backbone, titles: Sequence[str], device: torch.device) -> Floats:
    """Unit rows float32 ``(n, dimension)`` of titles that are not empty."""

    def features(some: Sequence[str]) -> Floats:
        inputs = backbone.prepare(some)
        moved = {name: each.to(device) for name, each in inputs.items()}
        return backbone(moved).float().cpu().numpy()

    rows: Floats = embed_titles(titles, features, lambda done: None).rows
    return rows


def _embed_photos(
    backbone: Backbone, features_of: Any, photos: PhotoShelf, device: torch.device
) -> Floats:
    places = np.arange(len(photos.paths))

    def prepare(start: int) -> Inputs:
        chosen = places[start : start + AT_ONCE].tolist()
        inputs = backbone.prepare([photos[place] for place in chosen])
        return _colours_last({"pixel_values": inputs["pixel_values"]})

    rows = []
    for inputs in map_in_order(prepare, range(0, len(places), AT_ONCE)):
        seen = {name: each.to(device) for name, each in inputs.items()}
        rows.append(functional.normalize(features_of(seen).float()).cpu().numpy())
    return np.concatenate(rows)


def _colours_last(inputs: Inputs) -> Inputs:
    """The same numbers in the order in which convolutions go through them twice as fast."""
    last = torch.channels_last
    return {name: each.contiguous(memory_format=last) for name, each in inputs.items()}


def _shelf(photos: PhotoShelf | None) -> PhotoShelf:
    if photos is None:
        raise ValueError("a photo network is trained on photos; these postings were read without")
    return photos
