"""The training loop, which can be interrupted anywhere and then ends with the same weights."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import update_bn
from transformers.optimization import get_cosine_with_min_lr_schedule_with_warmup_lr_rate

from samesku.encoders.backbones import best_precision
from samesku.runtime.arrays import Ints
from samesku.runtime.cores import map_in_order
from samesku.runtime.files import Staged
from samesku.runtime.progress import Progress
from samesku.training.settings import TrainingSettings

CHECKPOINT, BEST = "checkpoint.pt", "best.pt"
# Batches over which normalisations are measured before the network is evaluated.
SETTLED = 30
# Share of the largest learning rate at the end.
LAST_RATE = 0.01
NO_ROOM = (
    "the GPU's memory does not hold a batch: ask for a smaller --batch with --accumulate, for "
    "--checkpointing, or for a smaller --photo-size"
)


class Task(nn.Module, ABC):
    """What is trained, and on what; holds everything that learns, the loss's own numbers included.

    `threads` batches are prepared at a time.
    """

    threads = 1

    @abstractmethod
    def groups(self) -> list[tuple[list[nn.Parameter], float]]:
        """Parameters and the largest learning rate of each part."""

    @abstractmethod
    def batches(self, epoch: int) -> list[Ints]:
        """Positions of the postings of each batch; the same for the same epoch."""

    @abstractmethod
    def prepare(self, rows: Ints, rng: np.random.Generator) -> Any:
        """Read and augment a batch; runs in a thread. Equal generators, equal batches."""

    @abstractmethod
    def forward(self, batch: Any, done: float = 1.0) -> torch.Tensor:
        """Mean loss of a batch when the share `done` of the training lies behind."""

    def validate(self) -> dict[str, float]:
        """Figures on held-out products, ``"f1"`` among them; empty where none are held out."""
        return {}


@dataclass(frozen=True)
class Epoch:
    """One epoch: its number from 1, mean loss, and what :meth:`Task.validate` returned after it."""

    number: int
    loss: float
    figures: dict[str, float]


def best_of(history: Sequence[Epoch]) -> Epoch:
    """The epoch with the highest F1 on held-out products, or the last where none are."""
    return max(history, key=lambda epoch: epoch.figures.get("f1", epoch.number))


def fit(
    task: Task,
    settings: TrainingSettings,
    folder: Path,
    plan: str,
    *,
    progress: Progress | None = None,
) -> list[Epoch]:
    """Train to the end, from the checkpoint in `folder` where there is one.

    Returns all epochs; the task holds the weights of the best. Every random draw is a function of
    the seed, the epoch and the batch, so there is no state of a generator to lose: a training
    killed at any time ends with the same weights as an unbroken one (on a processor to the last
    bit, with the same number of threads).

    `plan` hashes data and settings. Raises ValueError where the checkpoint is of another training,
    or the loss is no longer a number.
    """
    with torch.random.fork_rng():
        run = _Run(task, settings, folder, plan, progress or Progress())
        run.resume()
        while len(run.history) < settings.epochs:
            run.epoch()
        task.load_state_dict(_read(folder / BEST, run.device)["task"])
    task.eval()
    return run.history


def training_device() -> torch.device:
    """A CUDA GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass
class _Run:
    """One training: the task, its optimiser and where they are."""

    task: Task
    settings: TrainingSettings
    folder: Path
    plan: str
    progress: Progress

    def __post_init__(self) -> None:
        task, settings = self.task, self.settings
        self.device = training_device()
        wanted = settings.precision
        self.precision = best_precision(self.device) if wanted == "auto" else getattr(torch, wanted)
        task.to(self.device)
        counts = [len(task.batches(epoch)) for epoch in range(settings.epochs)]
        self.updates = sum(math.ceil(count / settings.accumulate) for count in counts)
        self.optimiser = torch.optim.AdamW(_decayed(task.groups(), settings.weight_decay))
        rise = max(1, round(self.updates * settings.warm_up))
        self.schedule = get_cosine_with_min_lr_schedule_with_warmup_lr_rate(
            self.optimiser, rise, self.updates, min_lr_rate=LAST_RATE
        )
        half = self.precision == torch.float16
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=half)
        self.parts = {"task": task, "optimiser": self.optimiser}
        self.parts |= {"schedule": self.schedule, "scaler": self.scaler}
        self.history: list[Epoch] = []
        self.batch, self.total = 0, 0.0
        self.saved = time.monotonic()

    def epoch(self) -> None:
        """One time through the data, from the batch where it is."""
        number = len(self.history)
        batches = self.task.batches(number)
        self.task.train()
        stage = f"epoch {number + 1} of {self.settings.epochs}"
        with self.progress.stage(stage, len(batches)) as advance:
            advance(self.batch)
            for batch in self._prepared(batches, self.batch):
                try:
                    self._step(batch, len(batches))
                except torch.OutOfMemoryError as error:
                    raise ValueError(NO_ROOM) from error
                advance(1)
                due = time.monotonic() - self.saved >= 60 * self.settings.save_minutes
                if due and self._between_updates and self.batch < len(batches):
                    self.save()
        with self.progress.stage("validate"):
            self._settle(batches[:SETTLED])
            self.task.eval()
            with torch.inference_mode(), self._autocast():
                figures = self.task.validate()
        epoch = Epoch(number + 1, self.total / max(len(batches), 1), figures)
        self.history.append(epoch)
        self.batch, self.total = 0, 0.0
        if best_of(self.history) is epoch:
            self._write({"task": self.task.state_dict()}, BEST)
        found = "".join(f", {name} {value:.4f}" for name, value in figures.items())
        self.progress.note(f"epoch {epoch.number}: loss {epoch.loss:.4f}{found}")
        self.save()

    def save(self) -> None:
        stored = {name: part.state_dict() for name, part in self.parts.items()}
        stored |= {"plan": self.plan, "batch": self.batch, "total": self.total}
        stored["history"] = [asdict(epoch) for epoch in self.history]
        self._write(stored, CHECKPOINT)
        self.saved = time.monotonic()

    def resume(self) -> None:
        """Go back to the last save, if there is one."""
        path = self.folder / CHECKPOINT
        if not path.is_file():
            return
        stored = _read(path, self.device)
        if stored["plan"] != self.plan:
            raise ValueError(
                f"{self.folder} holds an unfinished training with other data or settings: finish "
                "it as it was begun, name another --out, or delete that folder"
            )
        self.batch, self.total = stored["batch"], stored["total"]
        self.history = [Epoch(**each) for each in stored["history"]]
        for name, part in self.parts.items():
            part.load_state_dict(stored[name])
        self.progress.note(f"continuing with epoch {len(self.history) + 1}, batch {self.batch + 1}")

    def _write(self, stored: dict[str, Any], name: str) -> None:
        with Staged(self.folder) as staged:
            torch.save(stored, staged.path(name))

    @property
    def _between_updates(self) -> bool:
        return self.batch % self.settings.accumulate == 0

    def _autocast(self) -> torch.autocast:
        enabled = self.precision != torch.float32
        return torch.autocast(self.device.type, self.precision, enabled=enabled)

    def _prepared(self, batches: Sequence[Ints], start: int, *, use: int = 1) -> Iterator[Any]:
        """The batches from `start` on, prepared ahead in threads; another `use`, other draws."""

        def prepare(number: int) -> Any:
            place = [self.settings.seed, len(self.history), number, use]
            return self.task.prepare(batches[number], np.random.default_rng(place))

        rest = range(start, len(batches))
        yield from map_in_order(prepare, rest, threads=self.task.threads)

    def _settle(self, batches: Sequence[Ints]) -> None:
        """Measure the means that batch normalisations will use, by the weights as they now are.

        The running ones lag behind weights that still move fast, and more so the deeper the
        network: with them, it looks worse than it is, or as if it saw no difference at all
        (Wu & Johnson, "Rethinking Batch in BatchNorm", 2021).
        """
        torch.manual_seed(_seed(self.settings.seed, len(self.history), len(batches), 1))
        with torch.no_grad(), self._autocast():
            # Of a list, the first is what the library hands on.
            update_bn(([batch] for batch in self._prepared(batches, 0, use=2)), self.task)

    def _step(self, batch: Any, batches: int) -> None:
        settings, epoch = self.settings, len(self.history)
        torch.manual_seed(_seed(settings.seed, epoch, self.batch))
        begin = self.batch // settings.accumulate * settings.accumulate
        together = min(settings.accumulate, batches - begin)
        with self._autocast():
            loss = self.task(batch, self.schedule.last_epoch / max(self.updates, 1))
        if not torch.isfinite(loss):
            raise ValueError(
                f"the loss is no longer a number in epoch {epoch + 1}: ask for a lower --rate, or "
                "--precision float32"
            )
        self.scaler.scale(loss / together).backward()
        self.batch += 1
        self.total += float(loss.detach())
        if self._between_updates or self.batch == batches:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.task.parameters(), settings.clip)
            self.scaler.step(self.optimiser)
            self.scaler.update()
            self.schedule.step()
            self.optimiser.zero_grad()


def _decayed(
    groups: Sequence[tuple[list[nn.Parameter], float]], decay: float
) -> list[dict[str, Any]]:
    """Groups for the optimiser: offsets and gains of normalisations apart, which do not shrink."""
    return [
        {
            "params": [each for each in parameters if (each.ndim > 1) == shrinks],
            "lr": rate,
            "weight_decay": decay if shrinks else 0.0,
        }
        for parameters, rate in groups
        for shrinks in (True, False)
    ]


def _seed(*place: int) -> int:
    return int(np.random.SeedSequence(place).generate_state(1)[0])


def _read(path: Path, device: torch.device) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:
        raise ValueError(f"{path} is damaged: delete it to begin anew ({error})") from error
    return stored
