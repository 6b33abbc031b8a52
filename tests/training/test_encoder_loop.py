"""The loop: broken off anywhere it ends as if it was not; it learns, and keeps the best epoch."""

import os
import runpy
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from samesku.encoders.backbones import best_precision  # noqa: E402
from samesku.runtime.progress import Progress  # noqa: E402
from samesku.training.encoder_loop import best_of, fit  # noqa: E402
from samesku.training.settings import TrainingSettings  # noqa: E402

SETTINGS = TrainingSettings(epochs=3, batch=8, rate=0.02)
OFTEN = replace(SETTINGS, save_minutes=0)
# A small regression with dropout, normalisation and noise in its batches: all that a resumed
# training could get wrong. Run as a program it kills itself at the save after so many.
TASK = """
import os, signal, sys
from pathlib import Path
import numpy as np
import torch
from torch import nn
from samesku.training.encoder_loop import Task, fit
from samesku.training.settings import TrainingSettings

class Regression(Task):
    threads = 2
    def __init__(self, figures=()):
        super().__init__()
        torch.manual_seed(5)
        self.module = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1)
        )
        self.figures = list(figures)
        rows = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
        self.rows, self.truth = rows, rows.sum(axis=1, keepdims=True)
    def groups(self):
        return [(list(self.parameters()), 0.02)]
    def batches(self, epoch):
        return list(np.random.default_rng(epoch).permutation(40).reshape(5, 8))
    def prepare(self, rows, rng):
        noise = rng.normal(0, 0.1, (len(rows), 4)).astype(np.float32)
        return torch.from_numpy(self.rows[rows] + noise), torch.from_numpy(self.truth[rows])
    def forward(self, batch, done=1.0):
        return (self.module(batch[0]) - batch[1]).square().mean()
    def validate(self):
        if self.figures:
            return {"f1": self.figures.pop(0)}
        found = self.module(torch.from_numpy(self.rows)) - torch.from_numpy(self.truth)
        return {"f1": -float(found.square().mean())}

if __name__ == "__main__":
    left, save = int(sys.argv[2]), torch.save
    def kill_or_save(stored, place):
        global left
        left -= "checkpoint" in place.name
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        save(stored, place)
    torch.save = kill_or_save
    settings = TrainingSettings(epochs=3, batch=8, rate=0.02, save_minutes=0)
    fit(Regression(), settings, Path(sys.argv[1]), "plan")
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    place = tmp_path_factory.mktemp("program") / "task.py"
    place.write_text(TASK)
    return place


@pytest.fixture(scope="module")
def task_of(program):
    return runpy.run_path(str(program))["Regression"]


class Stopped(Progress):
    """Ctrl-C when a stage begins."""

    def __init__(self, stage):
        super().__init__()
        self.last = stage

    def stage(self, name, total=None):
        if name == self.last:
            raise KeyboardInterrupt
        return super().stage(name, total)


def weights(task):
    return {name: value.clone() for name, value in task.state_dict().items()}


def trained(task, folder, settings=SETTINGS, plan="plan", **options):
    epochs = fit(task, settings, folder, plan, **options)
    return epochs, weights(task)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_killed_it_goes_on_as_if_nothing_was(program, task_of, tmp_path):
    # The seventh save is within the second epoch.
    arguments = [sys.executable, str(program), str(tmp_path / "broken"), "7"]
    killed = subprocess.run(arguments, check=False, timeout=120, env={**os.environ})
    assert killed.returncode == -signal.SIGKILL
    progress = Progress()
    resumed, ours = trained(task_of(), tmp_path / "broken", OFTEN, progress=progress)
    whole, theirs = trained(task_of(), tmp_path / "whole")
    assert "continuing with epoch 2, batch 3" in progress.notes
    assert resumed == whole
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name


def test_stopped_between_epochs_it_goes_on_too(task_of, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        trained(task_of(), tmp_path / "broken", progress=Stopped("epoch 2 of 3"))
    _, ours = trained(task_of(), tmp_path / "broken")
    _, theirs = trained(task_of(), tmp_path / "whole")
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name


def test_it_learns_and_tells(task_of, tmp_path):
    settings = TrainingSettings(epochs=12, batch=8, rate=0.02)
    progress = Progress()
    epochs, _ = trained(task_of(), tmp_path, settings, progress=progress)
    f1 = [epoch.figures["f1"] for epoch in epochs]
    assert best_of(epochs).figures["f1"] == max(f1)
    assert -max(f1) < -f1[0] / 3
    assert any(note.startswith("epoch 12: loss") for note in progress.notes)


def test_the_best_epoch_is_kept(task_of, tmp_path):
    epochs, best = trained(task_of([0.2, 0.9, 0.4]), tmp_path / "three")
    assert best_of(epochs).number == 2
    cut = task_of([0.2, 0.9])
    with pytest.raises(KeyboardInterrupt):
        fit(cut, SETTINGS, tmp_path / "two", "plan", progress=Stopped("epoch 3 of 3"))
    for name, value in weights(cut).items():
        assert torch.equal(value, best[name]), name


def test_without_held_out_products_the_last_epoch_is_kept(task_of, tmp_path):
    task = task_of()
    task.validate = dict
    assert best_of(fit(task, SETTINGS, tmp_path, "plan")).number == 3


def test_gathered_gradients_are_those_of_a_larger_batch(task_of, tmp_path):
    def learned(folder, size, accumulate):
        task = task_of()
        task.module = torch.nn.Linear(4, 1)
        torch.nn.init.zeros_(task.module.weight)
        torch.nn.init.zeros_(task.module.bias)
        task.prepare = lambda rows, rng: (
            torch.from_numpy(task.rows[rows]),
            torch.from_numpy(task.truth[rows]),
        )
        task.batches = lambda epoch: list(np.arange(40).reshape(-1, size))
        settings = TrainingSettings(epochs=2, batch=size, accumulate=accumulate, clip=100)
        return trained(task, folder, settings)[1]

    small, large = learned(tmp_path / "a", 4, 5), learned(tmp_path / "b", 20, 1)
    for name, value in small.items():
        torch.testing.assert_close(value, large[name])


def test_half_precision_learns(task_of, tmp_path):
    settings = TrainingSettings(epochs=8, batch=8, precision="bfloat16")
    epochs, _ = trained(task_of(), tmp_path, settings)
    assert epochs[-1].loss < epochs[0].loss


def test_precision_follows_the_device():
    assert best_precision(torch.device("cpu")) == torch.float32


def test_another_training_is_not_gone_on_with(task_of, tmp_path):
    trained(task_of(), tmp_path)
    with pytest.raises(ValueError, match="other data or settings"):
        trained(task_of(), tmp_path, plan="another")


def test_a_damaged_checkpoint_is_told(task_of, tmp_path):
    trained(task_of(), tmp_path)
    (tmp_path / "checkpoint.pt").write_bytes(b"half of it")
    with pytest.raises(ValueError, match="damaged: delete it"):
        trained(task_of(), tmp_path)


def test_a_loss_that_is_no_number_is_told(task_of, tmp_path):
    task = task_of()
    task.truth = np.full_like(task.truth, np.nan)
    with pytest.raises(ValueError, match="lower --rate"):
        fit(task, SETTINGS, tmp_path, "plan")


def test_the_callers_random_numbers_are_left_alone(task_of, tmp_path):
    task = task_of()
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    fit(task, SETTINGS, tmp_path, "plan")
    assert torch.equal(torch.rand(3), expected)


def test_normalisations_use_the_means_of_the_weights_as_they_are(task_of, tmp_path):
    task = task_of()
    # The running mean would be that of the last batch, nearly.
    task.module = torch.nn.Sequential(torch.nn.BatchNorm1d(4, momentum=0.99), torch.nn.Linear(4, 1))
    fit(task, SETTINGS, tmp_path, "plan")
    np.testing.assert_allclose(task.module[0].running_mean, task.rows.mean(axis=0), atol=0.06)


def test_a_training_of_one_step_takes_it_at_the_whole_rate(task_of, tmp_path):
    task, settings = task_of(), replace(SETTINGS, epochs=1)
    task.batches = lambda epoch: [np.arange(8)]
    before, _ = weights(task), fit(task, settings, tmp_path, "plan")
    moved = (weights(task)["module.0.weight"] - before["module.0.weight"]).abs().max()
    assert float(moved) == pytest.approx(0.02, rel=0.1)  # Adam's first step is the rate
