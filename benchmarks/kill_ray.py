"""Kill workers and drivers of `match --engine ray` at random moments: the same files come out.

    uv run --group test python benchmarks/kill_ray.py [--workers 20] [--drivers 5] [--seed N]

A small catalogue is matched by the local engine and by Ray undisturbed. Then workers that do a task
are killed (SIGKILL), ten in a run, and in a run of their own the drivers, with the Ray that they
started, where the same command is given again until it is done. Every run must leave the
`groups.csv` of the local engine, and the tables of the undisturbed run, byte for byte.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

EACH = 10  # workers killed in a run
WORDS = "susu bubuk coklat kopi arabika tas ransel hitam lampu led sepatu kaos merah botol".split()


def main() -> None:
    """Run undisturbed, kill, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=20)
    parser.add_argument("--drivers", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    random = np.random.default_rng(given.seed)
    with tempfile.TemporaryDirectory() as name:
        run = Run(Path(name), random)
        wrong = 0
        while run.killed < given.workers:
            wrong += run.with_workers_killed(min(EACH, given.workers - run.killed))
        wrong += given.drivers > 0 and run.with_drivers_killed(given.drivers)
    print(f"{run.killed} workers and {given.drivers} drivers killed: {wrong} runs went wrong")
    sys.exit(1 if wrong else 0)


class Run:
    """One command, how long it takes, and what it writes."""

    def __init__(self, folder: Path, random: np.random.Generator) -> None:
        self.folder, self.random, self.killed = folder, random, 0
        offers, out = folder / "offers.csv", folder / "out"
        _catalogue(random).write_csv(offers)
        match = [sys.executable, "-m", "samesku", "match", str(offers), "--out", str(out)]
        subprocess.run([*match, "--quiet"], check=True, capture_output=True)
        known = (out / "groups.csv").read_bytes()
        self.command = [
            *match, "--engine", "ray", "--work", str(folder / "work"), "--shards", "2",
        ]  # fmt: skip
        start, process = time.perf_counter(), self._begun()
        assert process.wait() == 0
        self.tasks = self._done()
        self.good = self._contents()
        assert self.good["out/groups.csv"] == known
        taken = time.perf_counter() - start
        print(f"undisturbed: {self.tasks} tasks in {taken:.0f} s", flush=True)

    def _begun(self) -> subprocess.Popen[bytes]:
        """A run from nothing whose first stage began: Ray is up."""
        for each in ("work", "out"):
            shutil.rmtree(self.folder / each, ignore_errors=True)
        process = self._started()
        while process.poll() is None and not (self.folder / "work").exists():
            time.sleep(0.05)
        return process

    def _done(self) -> int:
        return len(list((self.folder / "work").rglob("*.done")))

    def _wait(self, process: subprocess.Popen[bytes], moment: int) -> None:
        """Until so many tasks are done, and the next ones are begun."""
        while process.poll() is None and self._done() < moment:
            time.sleep(0.05)
        time.sleep(self.random.uniform(0, 0.3))

    def _started(self) -> subprocess.Popen[bytes]:
        self.log = self.folder / "log"
        with self.log.open("ab") as log:
            return subprocess.Popen(self.command, stdout=log, stderr=log)

    def _contents(self) -> dict[str, bytes]:
        out = self.folder / "out"
        # The folders are named by the run, and a driver may be killed when all is written.
        return {
            f"{path.parent.name.split('-')[0]}/{path.name}": path.read_bytes()
            for path in sorted(out.rglob("*"))
            if path.is_file() and path.name != "run.json"
        }

    def with_workers_killed(self, count: int) -> bool:
        """Kill so many workers at random moments of one run; tell whether it went wrong."""
        start, process, told = time.perf_counter(), self._begun(), list[str]()
        for moment in sorted(self.random.integers(self.tasks, size=count).tolist()):
            self._wait(process, moment)
            while process.poll() is None and not (workers := _workers(process.pid)):
                time.sleep(0.01)
            if process.poll() is not None:
                break
            worker, title = workers[self.random.integers(len(workers))]
            os.kill(worker, signal.SIGKILL)
            told.append(title.removeprefix("ray::"))
            self.killed += 1
        return self._judged(process.wait(), start, f"workers killed: {', '.join(told)}")

    def with_drivers_killed(self, count: int) -> bool:
        """Kill drivers of one run at random moments, and give the command again after each."""
        start, process, told = time.perf_counter(), self._begun(), list[str]()
        for moment in sorted(self.random.integers(self.tasks, size=count).tolist()):
            self._wait(process, moment)
            process.send_signal(signal.SIGKILL)
            process.wait()
            told.append(f"{self._done()}")
            process = self._started()
        return self._judged(process.wait(), start, f"drivers killed after {', '.join(told)} tasks")

    def _judged(self, code: int, start: float, told: str) -> bool:
        wrong = code != 0 or self._contents() != self.good
        said = f"WRONG, it ended with {code}" if wrong else "same files"
        print(f"{told}: {said}, {time.perf_counter() - start:.0f} s", flush=True)
        if wrong:
            print(self.log.read_text(errors="replace")[-3000:], flush=True)
        return wrong


def _workers(driver: int) -> list[tuple[int, str]]:
    """The workers below a driver that do a task, with its name."""
    parents, titles = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
                titles[int(entry.name)] = (entry / "cmdline").read_text().strip("\0 ")
            except OSError:
                continue
    below = {driver}
    for _ in range(4):
        below |= {each for each, parent in parents.items() if parent in below}
    named = [(each, titles.get(each, "")) for each in sorted(below)]
    others = ("ray::IDLE", "ray::DashboardAgent", "ray::RuntimeEnvAgent")
    return [each for each in named if each[1].startswith("ray::") and each[1] not in others]


def _catalogue(random: np.random.Generator) -> pl.DataFrame:
    rows: list[tuple[str, str, float]] = []
    for product in range(150):
        title = [*random.choice(WORDS, 3), f"{product}00 gr"]
        for _ in range(3):
            price = round(float(random.uniform(5, 50)), 2)
            rows.append((f"p{len(rows)}", " ".join(random.permutation(title)), price))
    return pl.DataFrame(rows, schema=["posting_id", "title", "price"], orient="row")


if __name__ == "__main__":
    main()
