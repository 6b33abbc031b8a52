"""What there is to train: title, photo and clip networks on labelled postings."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from samesku.encoders.backbones import Backbone, Inputs
from samesku.encoders.base import Vectors
from samesku.encoders.title_batches import embed_titles, unit_rows
from samesku.runtime.arrays import Floats, Ints
from samesku.runtime.cores import map_in_order, usable_cores
from samesku.training.augment import Photo, augment_photo, cutmix, drop_words
from samesku.training.batches import product_batches
from samesku.training.encoder_loop import Task
from samesku.training.losses import Contrastive, MetricLoss, margin_at
from samesku.training.photo_shelf import PhotoShelf
from samesku.training.settings import TrainingSettings
from samesku.training.validation import Retrieval, retrieval

# Photos per batch when nothing is learned.
AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class Postings:
    """Labelled postings, to train on or held out.

    `labels`, int64 ``(n,)``, are product codes, of those that train from 0 without gaps; `titles`
    normal titles, `photos` empty where the network looks at none; `hard_negatives` those of each
    product.
    """

    labels: Ints
    titles: Sequence[str]
    photos: PhotoShelf | Sequence[Photo] = ()
    hard_negatives: Sequence[Sequence[int]] = ()


class ProductTask(Task):
    """Trains a network so that the postings of one product lie together; see its three kinds.

    Without `held` postings nothing is held out, and the last epoch is kept.
    """

    def __init__(
        self,
        backbone: Backbone,
        trained: Postings,
        held: Postings | None,
        settings: TrainingSettings,
    ) -> None:
        super().__init__()
        self.backbone, self.trained, self.held, self.settings = backbone, trained, held, settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.loss_of = self._loss()

    def groups(self) -> list[tuple[list[nn.Parameter], float]]:
        """The network with its neck at the lower rate, what the loss learns at the higher one.

        The neck begins as it should stay, nearly: at the rate of the class centres, which begin as
        noise, it forgets all but one direction.
        """
        return [
            (list(self.backbone.parameters()), self.settings.rate),
            (list(self.loss_of.parameters()), self.settings.head_rate),
        ]

    def batches(self, epoch: int) -> list[Ints]:
        trained = self.trained
        return product_batches(trained.labels, trained.hard_negatives, self.settings, epoch)

    def forward(self, batch: tuple[Any, ...], done: float = 1.0) -> torch.Tensor:
        """Mean loss of inputs, labels, the labels of patches on photos, and the own share."""
        inputs, labels, others, share = batch
        self.loss_of.margin = margin_at(done, self.settings)
        features = self.backbone(inputs)
        own = self.loss_of(features, labels.to(features.device))
        if share == 1.0:
            return own
        return share * own + (1 - share) * self.loss_of(features, others.to(features.device))

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

    def _codes(self, rows: Ints) -> torch.Tensor:
        return torch.from_numpy(self.trained.labels[rows])

    def _titles(self, rows: Ints, rng: np.random.Generator) -> Inputs:
        titles, share = self.trained.titles, self.settings.words_dropped
        return self.backbone.prepare([drop_words(titles[row], share, rng) for row in rows])

    def _photos(self, rows: Ints, rng: np.random.Generator) -> Inputs:
        photos = self.trained.photos
        return _pixels(self.backbone, [self._augmented(photos[row], rng) for row in rows])

    def _augmented(self, photo: Photo, rng: np.random.Generator) -> Photo:
        return augment_photo(photo, self.settings, rng)

    def _embed_titles(self, titles: Sequence[str]) -> Floats:
        """Unit rows float32 ``(n, dimension)`` of titles that are not empty."""
        network, none = self.backbone, lambda done: None
        found = embed_titles(titles, lambda some: network.rows(network.prepare(some)), none)
        return np.asarray(found.rows)

    def _embed_photos(self, photos: PhotoShelf | Sequence[Photo]) -> Floats:
        """Unit rows float32 ``(n, dimension)`` of photos."""

        def prepare(start: int) -> Inputs:
            places = range(start, min(start + AT_ONCE, len(photos)))
            return _pixels(self.backbone, [photos[place] for place in places])

        batches = map_in_order(prepare, range(0, len(photos), AT_ONCE))
        return unit_rows(np.concatenate([self.backbone.rows(inputs) for inputs in batches]))


class TitleTask(ProductTask):
    """A text network on titles. Tokenisers are not made for threads: one batch ahead."""

    def prepare(self, rows: Ints, rng: np.random.Generator) -> tuple[Any, ...]:
        """Tokens and labels; some words are left out."""
        labels = self._codes(rows)
        return self._titles(rows, rng), labels, labels, 1.0

    def embed(self, held: Postings) -> Floats:
        return self._embed_titles(held.titles)


class PhotoTask(ProductTask):
    """An image network on photos."""

    threads = usable_cores()

    def prepare(self, rows: Ints, rng: np.random.Generator) -> tuple[Any, ...]:
        """Pixels, labels, and with cutmix the labels of the patches and the share of the own."""
        inputs, labels = self._photos(rows, rng), self._codes(rows)
        if rng.random() >= self.settings.cutmix:
            return inputs, labels, labels, 1.0
        partner, share = cutmix(inputs["pixel_values"], rng)
        return inputs, labels, labels[partner], share

    def embed(self, held: Postings) -> Floats:
        return self._embed_photos(held.photos)


class ClipTask(ProductTask):
    """Titles and photos of one space, by contrast. What is compared is the mean of both cosines."""

    def prepare(self, rows: Ints, rng: np.random.Generator) -> tuple[Inputs, Inputs, torch.Tensor]:
        return self._titles(rows, rng), self._photos(rows, rng), self._codes(rows)

    def forward(self, batch: tuple[Any, ...], done: float = 1.0) -> torch.Tensor:
        titles, photos, labels = batch
        features = self.backbone(titles)
        return self.loss_of(features, self.backbone(photos), labels.to(features.device))

    def embed(self, held: Postings) -> Floats:
        """Unit rows: title and photo one after the other."""
        parts = [self._embed_titles(held.titles), self._embed_photos(held.photos)]
        return np.concatenate(parts, axis=1) / np.float32(np.sqrt(2))

    def _loss(self) -> nn.Module:
        return Contrastive()


def _pixels(backbone: Backbone, photos: Sequence[Photo]) -> Inputs:
    """The pixels, in the order in which convolutions go through them twice as fast."""
    inputs, last = backbone.prepare(photos), torch.channels_last
    return {name: each.contiguous(memory_format=last) for name, each in inputs.items()}
