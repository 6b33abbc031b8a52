"""Kill `match`, `train` and `report` at random moments: outputs are whole or absent.

    uv run --group test python benchmarks/kill.py [COUNT] [--seed N] [--only match]

COUNT kills (SIGKILL) of each command on a small labelled catalogue, half of them in the last fifth
of its time, where it writes; the run after them must be right. Each starts on what the one before
left, over the results of another threshold and with one cache for all, so that a mixture of two
runs would show.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from samesku.results.runs import read_run
from samesku.scoring.classifier import PairClassifier

WORDS = "susu bubuk coklat kopi arabika tas ransel hitam lampu led sepatu kaos merah botol".split()


@dataclass
class Command:
    """What is killed, what it writes, and how that is looked at."""

    arguments: tuple[str, *tuple[object, ...]]
    seal: Path
    whole: Callable[[], object]


def main() -> None:
    """Kill, look, run to the end, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="the one command to kill")
    asked = parser.parse_args()
    random = np.random.default_rng(asked.seed)
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        for command in _commands(Path(name), random):
            if asked.only not in command.arguments[0]:
                _run(command.arguments)
                continue
            bad += _killed(command, asked.count, random)
    sys.exit(1 if bad else 0)


def _commands(folder: Path, random: np.random.Generator) -> list[Command]:
    offers, out, model = folder / "offers.csv", folder / "out", folder / "model"
    _catalogue(random).write_csv(offers)
    cache = ("--cache", folder / "cache")
    page = out / "report.html"

    def page_is_whole() -> bool:
        return page.read_text(encoding="utf-8").rstrip().endswith("</html>")

    match = Command(
        ("match", offers, "--out", out, *cache), out / "run.json", lambda: read_run(out)
    )
    train = Command(
        ("train", offers, "--out", model, *cache),
        model / "model.json",
        lambda: PairClassifier.load(model),
    )
    _run(("match", offers, "--out", out, "--threshold", "0.9", *cache))
    return [match, train, Command(("report", out), page, page_is_whole)]


def _catalogue(random: np.random.Generator) -> pl.DataFrame:
    rows: list[tuple[str, str, int]] = []
    for product in range(40):
        title = [*random.choice(WORDS, 3), f"{product}00 gr"]
        for _ in range(3):
            rows.append((f"p{len(rows)}", " ".join(random.permutation(title)), product))
    return pl.DataFrame(rows, schema=["posting_id", "title", "label_group"], orient="row")


def _killed(command: Command, count: int, random: np.random.Generator) -> int:
    """Tell how many of the kills left something wrong."""
    start = time.perf_counter()
    _run(command.arguments)
    taken = time.perf_counter() - start
    good = _contents(command.seal.parent)
    whole = absent = finished = wrong = 0
    for _ in range(count):
        process = _started(command.arguments)
        late = random.random() < 0.5
        time.sleep(taken * random.uniform(0.8 if late else 0.0, 1.05))
        process.send_signal(signal.SIGKILL)
        finished += process.wait() == 0
        if not command.seal.exists():
            absent += 1
            continue
        try:
            assert command.whole()
            whole += 1
        except (ValueError, OSError, AssertionError) as error:
            wrong += 1
            print(f"{command.arguments[0]}: {error}", flush=True)
    # What was left behind is swept once it is a little old.
    for stage in command.seal.parent.glob(".unfinished-*"):
        with suppress(OSError):
            os.utime(stage, (1e9, 1e9))
    _run(command.arguments)
    if _contents(command.seal.parent) != good:
        wrong += 1
        print(f"{command.arguments[0]}: the next run wrote something else", flush=True)
    print(
        f"{command.arguments[0]}: {count} kills, {whole} whole ({finished} already done), "
        f"{absent} absent, {wrong} wrong"
    )
    return wrong


def _contents(folder: Path) -> dict[str, bytes]:
    """The files but those that tell times."""
    timed = ("run.json", "model.json", "report.html")
    return {
        path.name: b"" if path.name in timed else path.read_bytes() if path.is_file() else b"folder"
        for path in sorted(folder.iterdir())
    }


def _started(arguments: Sequence[object]) -> subprocess.Popen[bytes]:
    told = [sys.executable, "-m", "samesku", *map(str, arguments)]
    return subprocess.Popen(told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _run(arguments: Sequence[object]) -> None:
    if code := _started(arguments).wait():
        raise SystemExit(f"{arguments[0]} ended with {code}")


if __name__ == "__main__":
    main()
