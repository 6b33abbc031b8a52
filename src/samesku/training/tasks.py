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
from samesku.training.batches import ProductBatches
from samesku.training.losses import Contrastive, MetricLoss, margin_at
from samesku.training.photo_shelf import PhotoShelf
from samesku.training.settings import TrainingSettings
from samesku.training.validation import Retrieval, retrieval

Codes = NDArray[np.int64]

# Photos per batch when nothing is learned.
AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class Postings:
    """Labelled postings, to train on or held out.

    `labels`, int64 ``(n,)``, are product codes, of those that train from 0 without gaps; `titles`
    normal titles, `photos` None where the network looks at none; `hard_negatives` those of each
    product.
    """

    labels: Codes
    titles: Sequence[str]
    photos: PhotoShelf | None = None
    hard_negatives: Sequence[Sequence[int]] = ()

    @property
    def shelf(self) -> PhotoShelf:
        """The photos, where there are any."""
        if self.photos is None:
            raise ValueError("these postings were read without photos")
        return self.photos


class ProductTask(ABC):
    """Trains a network so that the postings of one product lie together; see its three kinds.

    Without `held` postings nothing is held out, and the last epoch is kept.
    """

    threads = 1

    def __init__(
        self,
        backbone: Backbone,
        trained: Postings,
        held: Postings | None,
        settings: TrainingSettings,
    ) -> None:
        self.backbone, self.trained, self.held, self.settings = backbone, trained, held, settings
        self.loss_of = self._loss()
        self.module = nn.ModuleDict({"backbone": backbone, "loss": self.loss_of})
        self.dealt = ProductBatches(
            trained.labels,
            trained.hard_negatives,
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
        return self.dealt.epoch(epoch)

    @abstractmethod
    def prepare(self, rows: Codes, rng: np.random.Generator) -> Any:
        """Read and augment a batch."""

    @abstractmethod
    def loss(self, batch: Any, done: float) -> torch.Tensor:
        """Mean loss of a batch."""

    @abstractmethod
    def embed(self, held: Postings) -> Floats:
        """Unit rows of some postings."""

    def validate(self) -> dict[str, float]:
        """F1 at the best threshold and mean average precision among the held-out products."""
        found = self.found()
        if found is None:
            return {}
        precision = float(np.nanmean(found.precision)) if found.precision.size else 0.0
        return {"f1": float(found.f1.mean()), "mAP": precision, "threshold": found.threshold}

    def found(self) -> Retrieval | None:
        """Every held-out posting searched among all of them, by the network as it is."""
        if self.held is None:
            return None
        rows = self.embed(self.held)
        return retrieval(Vectors.of(rows, np.ones(len(rows), dtype=bool)), self.held.labels)

    def _loss(self) -> nn.Module:
        sizes = np.bincount(self.trained.labels).tolist()
        return MetricLoss(self.backbone.dimension, sizes, self.settings)

    def _codes(self, rows: Codes) -> torch.Tensor:
        return torch.from_numpy(self.trained.labels[rows])

    def _titles(self, rows: Codes, rng: np.random.Generator) -> list[str]:
        share = self.settings.words_dropped
        return [drop_words(self.trained.titles[row], share, rng) for row in rows.tolist()]

    def _photos(self, rows: Codes, rng: np.random.Generator) -> list[NDArray[np.uint8]]:
        photos = self.trained.shelf
        return [augment_photo(photos[row], self.settings, rng) for row in rows.tolist()]

    def _features(self, inputs: Inputs) -> torch.Tensor:
        """Features of what was prepared, float32 ``(n, dimension)``."""
        device = next(self.backbone.parameters()).device
        return self.backbone({name: each.to(device) for name, each in inputs.items()}).float()

    def _embed_titles(self, titles: Sequence[str]) -> Floats:
        """Unit rows float32 ``(n, dimension)`` of titles that are not empty."""
        prepare = self.backbone.prepare

        def features(some: Sequence[str]) -> Floats:
            return self._features(prepare(some)).cpu().numpy()

        rows: Floats = embed_titles(titles, features, lambda done: None).rows
        return rows

    def _embed_photos(self, photos: PhotoShelf) -> Floats:
        """Unit rows float32 ``(n, dimension)`` of photos."""

        def prepare(start: int) -> Inputs:
            places = range(start, min(start + AT_ONCE, len(photos)))
            return _colours_last(self.backbone.prepare([photos[place] for place in places]))

        batches = map_in_order(prepare, range(0, len(photos), AT_ONCE))
        rows = [functional.normalize(self._features(inputs)).cpu().numpy() for inputs in batches]
        return np.concatenate(rows)


class TitleTask(ProductTask):
    """A text network on titles. Tokenisers are not made for threads: one batch ahead."""

    def prepare(self, rows: Codes, rng: np.random.Generator) -> tuple[Inputs, torch.Tensor]:
        """Tokens and labels; some words are left out."""
        return self.backbone.prepare(self._titles(rows, rng)), self._codes(rows)

    def loss(self, batch: tuple[Inputs, torch.Tensor], done: float) -> torch.Tensor:
        inputs, labels = batch
        self.loss_of.margin = margin_at(done, self.settings)
        return self.loss_of(self.backbone(inputs), labels)

    def embed(self, held: Postings) -> Floats:
        return self._embed_titles(held.titles)


class PhotoTask(ProductTask):
    """An image network on photos."""

    threads = usable_cores()

    def prepare(self, rows: Codes, rng: np.random.Generator) -> tuple[Any, ...]:
        """Pixels, labels, and with cutmix the labels of the patches and the share of the own."""
        inputs = _colours_last(self.backbone.prepare(self._photos(rows, rng)))
        labels = self._codes(rows)
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

    def embed(self, held: Postings) -> Floats:
        return self._embed_photos(held.shelf)


class ClipTask(ProductTask):
    """Titles and photos of one space, by contrast. What is compared is the mean of both cosines."""

    def prepare(self, rows: Codes, rng: np.random.Generator) -> tuple[Inputs, Inputs, torch.Tensor]:
        """Tokens, pixels and labels."""
        titles = self.backbone.prepare(self._titles(rows, rng))
        return titles, self.backbone.prepare(self._photos(rows, rng)), self._codes(rows)

    def loss(self, batch: tuple[Inputs, Inputs, torch.Tensor], done: float) -> torch.Tensor:
        titles, photos, labels = batch
        return self.loss_of(self.backbone(titles), self.backbone(photos), labels)

    def embed(self, held: Postings) -> Floats:
        """Unit rows: title and photo one after the other."""
        parts = [self._embed_titles(held.titles), self._embed_photos(held.shelf)]
        return np.concatenate(parts, axis=1) / np.float32(np.sqrt(2))

    def _loss(self) -> nn.Module:
        return Contrastive()


def _colours_last(inputs: Inputs) -> Inputs:
    """The same numbers in the order in which convolutions go through them twice as fast."""
    last = torch.channels_last
    return {name: each.contiguous(memory_format=last) for name, each in inputs.items()}
