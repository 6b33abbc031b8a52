"""The training loop, which can be interrupted anywhere and then ends with the same weights."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from samesku.encoders.running import best_precision
from samesku.runtime.cores import map_in_order
from samesku.runtime.progress import Progress
from samesku.training.settings import TrainingSettings

CHECKPOINT, BEST = "checkpoint.pt", "best.pt"
# Batches over which normalisations are measured before the network is evaluated.
SETTLED = 30
# What has no direction to shrink: offsets and the gains of normalisations.
UNDECAYED = 1


class Task(Protocol):
    """What is trained, and on what.

    `module` holds everything that learns, the loss's own numbers included; `threads` batches are
    prepared at a time.
    """

    module: nn.Module
    threads: int

    def groups(self) -> list[tuple[list[nn.Parameter], float]]:
        """Parameters and the largest learning rate of each part."""

    def batches(self, epoch: int) -> list[NDArray[np.int64]]:
        """Positions of the postings of each batch; the same for the same epoch."""

    def prepare(self, rows: NDArray[np.int64], rng: np.random.Generator) -> Any:
        """Read and augment a batch; runs in a thread. Equal generators, equal batches."""

    def loss(self, batch: Any, done: float) -> torch.Tensor:
        """Mean loss of a batch when the share `done` of the training lies behind."""

    def validate(self) -> dict[str, float]:
        """Figures on held-out products, ``"f1"`` among them; empty where none are held out."""


@dataclass(frozen=True)
class Epoch:
    """One epoch: its number from 1, mean loss, and what :meth:`Task.validate` returned after it."""

    number: int
    loss: float
    figures: dict[str, float]


@dataclass(frozen=True)
class Outcome:
    """A finished training; the module holds the weights of the best epoch.

    `best` is the epoch with the highest F1 on held-out products, or the last where none are.
    """

    best: int
    history: tuple[Epoch, ...]


@dataclass
class _Place:
    """Where the training is; with the weights and the optimiser, its whole state."""

    epoch: int = 0
    batch: int = 0
    updates: int = 0
    total: float = 0.0
    best: int = 0
    best_f1: float = -math.inf
    history: list[dict[str, Any]] = field(default_factory=list)


def fit(
    task: Task,
    settings: TrainingSettings,
    folder: Path,
    plan: str,
    *,
    progress: Progress | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train to the end, from the checkpoint in `folder` where there is one.

    Every random draw is a function of the seed, the epoch and the batch, so there is no state of a
    generator to lose: a training killed at any time ends with the same weights as an unbroken one
    (on a processor to the last bit, with the same number of threads).

    `plan` hashes data and settings; a checkpoint of another plan is refused. `stopped` is asked
    after each save; true breaks off with KeyboardInterrupt. Raises ValueError where the checkpoint
    is of another training, or the loss is no longer a number.
    """
    progress = progress or Progress()
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        run = _Run(task, settings, folder, plan, progress, stopped)
        run.resume()
        while run.place.epoch < settings.epochs:
            run.epoch()
        return run.finish()


def training_device() -> torch.device:
    """A CUDA GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class _Run:
    """One training: the task, its optimiser and where they are."""

    def __init__(
        self,
        task: Task,
        settings: TrainingSettings,
        folder: Path,
        plan: str,
        progress: Progress,
        stopped: Callable[[], bool],
    ) -> None:
        self.task, self.settings, self.folder, self.plan = task, settings, folder, plan
        self.progress, self.stopped = progress, stopped
        self.place = _Place()
        self.device = training_device()
        wanted = settings.precision
        self.precision = best_precision(self.device) if wanted == "auto" else getattr(torch, wanted)
        task.module.to(self.device)
        self.optimiser = torch.optim.AdamW(_decayed(task.groups(), settings.weight_decay))
        self.scaler = torch.amp.GradScaler(
            self.device.type, enabled=self.precision == torch.float16
        )
        counts = [len(task.batches(epoch)) for epoch in range(settings.epochs)]
        self.updates = sum(math.ceil(count / settings.accumulate) for count in counts)
        self.saved = time.monotonic()

    def epoch(self) -> None:
        """One time through the data, from the batch where it is."""
        task, place = self.task, self.place
        batches = task.batches(place.epoch)
        name = f"epoch {place.epoch + 1} of {self.settings.epochs}"
        task.module.train()
        with self.progress.stage(name, len(batches)) as advance:
            advance(place.batch)
            for batch in self._prepared(batches):
                with _fitting():
                    self._step(batch, len(batches))
                advance(1)
                due = time.monotonic() - self.saved >= 60 * self.settings.save_minutes
                if due and self._between_updates and place.batch < len(batches):
                    self.save()
        with self.progress.stage("validate"):
            self._settle(batches[:SETTLED])
            task.module.eval()
            with torch.inference_mode(), self.autocast():
                figures = task.validate()
        self._note(Epoch(place.epoch + 1, place.total / max(len(batches), 1), figures))
        place.epoch, place.batch, place.total = place.epoch + 1, 0, 0.0
        self.save()

    @contextmanager
    def autocast(self) -> Iterator[None]:
        """Large products in the chosen precision."""
        enabled = self.precision != torch.float32
        with torch.autocast(self.device.type, self.precision, enabled=enabled):
            yield

    def save(self) -> None:
        """Write the state of the training, whole or not at all."""
        _write(
            {
                "plan": self.plan,
                "place": asdict(self.place),
                "module": self.task.module.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "scaler": self.scaler.state_dict(),
            },
            self.folder / CHECKPOINT,
        )
        self.saved = time.monotonic()
        if self.stopped():
            raise KeyboardInterrupt

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
        self.place = _Place(**stored["place"])
        self.task.module.load_state_dict(stored["module"])
        self.optimiser.load_state_dict(stored["optimiser"])
        self.scaler.load_state_dict(stored["scaler"])
        self.progress.note(
            f"continuing with epoch {self.place.epoch + 1}, batch {self.place.batch + 1}"
        )

    def finish(self) -> Outcome:
        """Take the weights of the best epoch."""
        self.task.module.load_state_dict(_read(self.folder / BEST, self.device)["module"])
        self.task.module.eval()
        return Outcome(self.place.best, tuple(Epoch(**each) for each in self.place.history))

    @property
    def _between_updates(self) -> bool:
        return self.place.batch % self.settings.accumulate == 0

    def _prepared(
        self, batches: Sequence[NDArray[np.int64]], *, anew: bool = False
    ) -> Iterator[Any]:
        """The batches still to come, or all anew, prepared ahead in threads, on the device."""
        seed, epoch = self.settings.seed, self.place.epoch

        def prepare(number: int) -> Any:
            rng = np.random.default_rng([seed, epoch, number, 2 if anew else 1])
            return self.task.prepare(batches[number], rng)

        rest = range(0 if anew else self.place.batch, len(batches))
        for batch in map_in_order(prepare, rest, threads=self.task.threads):
            yield _moved(batch, self.device)

    def _settle(self, batches: Sequence[NDArray[np.int64]]) -> None:
        """Measure the means that batch normalisations will use, by the weights as they now are.

        The running ones lag behind weights that still move fast, and more so the deeper the
        network: with them, it looks worse than it is, or as if it saw no difference at all
        (Wu & Johnson, "Rethinking Batch in BatchNorm", 2021).
        """
        parts = self.task.module.modules()
        norms = [part for part in parts if isinstance(part, nn.modules.batchnorm._BatchNorm)]
        if not norms:
            return
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over all that follows
        torch.manual_seed(_seed(self.settings.seed, self.place.epoch, len(batches), 1))
        with torch.no_grad(), self.autocast():
            for batch in self._prepared(batches, anew=True):
                self.task.loss(batch, self.place.updates / max(self.updates, 1))
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum

    def _step(self, batch: Any, batches: int) -> None:
        place, settings = self.place, self.settings
        torch.manual_seed(_seed(settings.seed, place.epoch, place.batch))
        with self.autocast():
            loss = self.task.loss(batch, place.updates / max(self.updates, 1))
        if not torch.isfinite(loss):
            raise ValueError(
                f"the loss is no longer a number in epoch {place.epoch + 1}: ask for a lower "
                "--rate, or --precision float32"
            )
        begin = place.batch // settings.accumulate * settings.accumulate
        together = min(settings.accumulate, batches - begin)
        self.scaler.scale(loss / together).backward()
        place.batch += 1
        place.total += float(loss.detach())
        if self._between_updates or place.batch == batches:
            self._update()

    def _update(self) -> None:
        share = _rate(self.place.updates, self.updates, self.settings.warm_up)
        for group in self.optimiser.param_groups:
            group["lr"] = group["largest"] * share
        self.scaler.unscale_(self.optimiser)
        nn.utils.clip_grad_norm_(self.task.module.parameters(), self.settings.clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        self.place.updates += 1

    def _note(self, epoch: Epoch) -> None:
        """Remember an epoch, and its weights if it is the best so far."""
        self.place.history.append(asdict(epoch))
        f1 = epoch.figures.get("f1", math.inf)
        if f1 > self.place.best_f1 or not epoch.figures:
            self.place.best, self.place.best_f1 = epoch.number, f1
            _write({"module": self.task.module.state_dict()}, self.folder / BEST)
        figures = "".join(f", {name} {value:.4f}" for name, value in epoch.figures.items())
        self.progress.note(f"epoch {epoch.number}: loss {epoch.loss:.4f}{figures}")


@contextmanager
def _fitting() -> Iterator[None]:
    """Turn a GPU's lack of memory into a ValueError that says what to ask for."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ValueError(
            "the GPU's memory does not hold a batch: ask for a smaller --batch with --accumulate, "
            "for --checkpointing, or for a smaller --photo-size"
        ) from error


def _decayed(
    groups: Sequence[tuple[list[nn.Parameter], float]], decay: float
) -> list[dict[str, Any]]:
    """Groups for the optimiser: offsets and gains apart, as they are not to shrink."""
    made: list[dict[str, Any]] = []
    for parameters, rate in groups:
        learning = [each for each in parameters if each.requires_grad]
        for shrinks in (True, False):
            chosen = [each for each in learning if (each.ndim > UNDECAYED) == shrinks]
            if chosen:
                weight = decay if shrinks else 0.0
                made.append({"params": chosen, "lr": rate, "largest": rate, "weight_decay": weight})
    return made


def _rate(update: int, updates: int, warm_up: float) -> float:
    """Share of the largest rate: a straight rise, then half a cosine down to a hundredth."""
    rise = max(1, round(updates * warm_up))
    if update < rise:
        return (update + 1) / rise
    done = (update - rise) / max(1, updates - rise)
    return 0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2


def _seed(*place: int) -> int:
    return int(np.random.SeedSequence(place).generate_state(1)[0])


def _moved(batch: Any, device: torch.device) -> Any:
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, Mapping):
        return {name: _moved(each, device) for name, each in batch.items()}
    if isinstance(batch, tuple):
        return tuple(_moved(each, device) for each in batch)
    return batch


def _write(stored: dict[str, Any], path: Path) -> None:
    unfinished = path.with_name(f".unfinished-{path.name}")
    torch.save(stored, unfinished)
    unfinished.replace(path)


def _read(path: Path, device: torch.device) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:
        raise ValueError(f"{path} is damaged: delete it to begin anew ({error})") from error
    return stored
