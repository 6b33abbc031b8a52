"""Wall time, CPU time and peak memory of a command, from a process that holds nothing itself.

Linux hands a process the memory peak of the one that started it. So the command is started by this
file run as a program of its own, with the standard library alone: a floor of about 10 MB.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Cost", "last_line", "measure"]


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Attributes
    ----------
    wall, cpu : float
        Seconds; `cpu` is user and system time of the command and the children it waited for.
    peak_mb : float
        Largest resident memory, in MB, of any one process among these.
    status : int
        Exit status; negative is the signal that ended it.
    timed_out : bool
        It was stopped, with all its children.
    """

    wall: float
    cpu: float
    peak_mb: float
    status: int
    timed_out: bool


def measure(command: Sequence[str], *, timeout: float, log: Path) -> Cost:
    """Run a command to its end or to the timeout; what it prints goes to `log`."""
    launcher = [sys.executable, "-I", "-S", __file__, str(timeout), str(log), *command]
    done = subprocess.run(launcher, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def last_line(log: Path) -> str:
    """What a command that failed said last, to be shown in its row."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    last = next((line for line in reversed(lines) if line), "")
    missing = last.startswith("ModuleNotFoundError")
    return last[:160] + (" (uv sync --group bench)" if missing else "")


def _run(command: Sequence[str], timeout: float, log: Path) -> Cost:
    timed_out = threading.Event()
    with log.open("wb") as printed:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True
        )

        def stop() -> None:
            timed_out.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(timeout, stop)
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        timer.cancel()
    kilobyte = 1024 if sys.platform == "linux" else 1  # macOS counts bytes
    return Cost(
        wall,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss * kilobyte / 1e6,
        os.waitstatus_to_exitcode(status),
        timed_out.is_set(),
    )


if __name__ == "__main__":
    print(json.dumps(asdict(_run(sys.argv[3:], float(sys.argv[1]), Path(sys.argv[2])))))
