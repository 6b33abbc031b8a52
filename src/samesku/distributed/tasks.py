"""Ray, and a stage as its tasks: bounded in flight, done once, resumed where a run was killed."""

import os
import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib.metadata import version
from typing import Any, TypeAlias, TypeVar
from uuid import uuid4

import ray

from samesku.distributed.shelf import Shelf
from samesku.runtime.cores import threads
from samesku.runtime.memory import within
from samesku.runtime.progress import Progress

Result = dict[str, Any]
Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Work: TypeAlias = Callable[..., Result | None]
# The arguments of each task by its name; small.
Tasks: TypeAlias = Mapping[str, Sequence[object]]
# How often a task is begun again when its worker is lost, and tasks at once per core.
RETRIES, PER_CORE = 5, 2
# On a busy machine the processes of Ray may come up too late.
TRIES = 3


def start(address: str | None, **options: object) -> None:
    """Connect to a cluster, or start Ray on this machine; nothing where it runs already.

    `options` are further ones of ``ray.init``.
    """
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    threads = {"env_vars": {"SAMESKU_THREADS": "1", "OMP_NUM_THREADS": "1"}}
    given: dict[str, Any] = {"runtime_env": threads, "log_to_driver": False, **options}
    if address is not None:
        ray.init(address=address, **given)
        return
    for attempt in range(TRIES):
        try:
            ray.init("local", include_dashboard=False, **given)
            return
        except Exception as error:  # Ray has no kind of its own for it
            ray.shutdown()
            if attempt == TRIES - 1:
                raise RuntimeError(
                    f"Ray did not start on this machine in {TRIES} attempts, often as it is busy "
                    f"or short of memory: try again, or use the local engine ({error})"
                ) from error


def digest_of(*parts: object) -> str:
    """A short name of what a stage reads and how."""
    return blake2b(repr(parts).encode(), digest_size=12).hexdigest()


@dataclass
class Stages:
    """Runs stages one after the other; each knows all that came before by its hash."""

    shelf: Shelf
    progress: Progress
    # bytes that a worker may take, from which follows how much is searched and scored at once
    memory: int | None = None
    postings: int = 0  # that a task holds at most
    # of each stage: `tasks`, `seconds` and `cpu_seconds` of all workers, `peak_mb` of the largest
    records: dict[str, Result] = field(default_factory=dict)
    input: str = version("samesku")  # hash of all that the last stage depends on

    def each(
        self, stage: str, work: Work, count: int, *arguments: object, reads: Sequence[object] = ()
    ) -> list[Result]:
        """Run a stage of so many tasks, which get their number and then the same arguments."""
        return self.run(stage, work, {str(n): (n, *arguments) for n in range(count)}, *reads)

    def anew(self, stage: str, work: Work, count: int, *arguments: object) -> list[Result]:
        """Run a stage also where it is done; what comes later does not depend on that it was."""
        before, now = self.input, uuid4().hex
        found = self.each(stage, work, count, *arguments, reads=[now])
        self.input = before
        return found

    def run(
        self, stage: str, work: Work, tasks: Tasks, *reads: object, shared: object = None
    ) -> list[Result]:
        """Do the tasks of a stage that are not done yet.

        ``work(shelf, *arguments)`` writes its tables, and may return a small record. `reads` are
        settings that the result depends on, beside what came before. `shared` is put into Ray's
        store once, and given to each task after the shelf; None: nothing.
        """
        self.input = digest_of(self.input, stage, reads)
        results: dict[str, Result] = {}
        with self.progress.stage(stage, len(tasks)) as advance:
            if done := self._known(f"{stage}/DONE"):
                results = done["results"]
                advance(len(tasks))
            else:
                for name, record in self._done(stage, work, tasks, shared):
                    results[name] = record
                    advance(1)
                self.shelf.write_json(f"{stage}/DONE", {"input": self.input, "results": results})
        found = list(results.values())
        record = self.records.setdefault(stage, {"tasks": 0, "peak_mb": 0})
        record["tasks"] += len(found)
        for name in ("seconds", "cpu_seconds"):
            taken = sum(each[name] for each in found)
            record[name] = round(record.get(name, 0.0) + taken, 3)
        record["peak_mb"] = max([record["peak_mb"], *(each["peak_mb"] for each in found)])
        return [results[name] for name in tasks]

    def _known(self, name: str) -> Result | None:
        """A record of what is done, if it was of the same input; else it is removed.

        Or a run that is killed now would leave tables of its own under that record.
        """
        record = self.shelf.read_json(name)
        if record is None or record["input"] == self.input:
            return record
        self.shelf.remove_file(name)
        return None

    def _done(
        self, stage: str, work: Work, tasks: Tasks, shared: object
    ) -> Iterator[tuple[str, Result]]:
        """The record of each task, as it is done."""
        given = [] if shared is None else [[ray.put(shared)]]
        most = max(2, PER_CORE * int(ray.cluster_resources().get("CPU", 1)))
        flying: dict[Any, str] = {}
        for name, arguments in tasks.items():
            if record := self._known(f"{stage}/{name}.done"):
                yield name, record
                continue
            if len(flying) >= most:
                yield from _landed(stage, flying)
            reference = _REMOTE.options(
                name=f"{stage} {name}", max_retries=RETRIES, num_cpus=1
            ).remote(
                self.shelf, stage, name, self.input, work, [*given, *arguments],
                (self.memory, self.postings),
            )  # fmt: skip
            flying[reference] = name
        while flying:
            yield from _landed(stage, flying)


def _landed(stage: str, flying: dict[Any, str]) -> Iterator[tuple[str, Result]]:
    """The records of the tasks that are done by now, at least one."""
    ready, _ = ray.wait(list(flying), num_returns=1)
    for reference in ready:
        name = flying.pop(reference)
        try:
            yield name, ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except ray.exceptions.RayError as error:
            raise RuntimeError(
                f"the task {stage} {name} lost its worker {RETRIES + 1} times, often for want of "
                "memory: take more shards; the same command goes on from here"
            ) from error


# What the tasks of one stage share within a worker, by its kind and name.
_held: dict[tuple[str, object], Any] = {}
_input = ""


def held(kind: str, wanted: Sequence[Item], load: Callable[[Item], Loaded]) -> list[Loaded]:
    """What is wanted, loaded where the task before did not; the rest of its kind is let go."""
    for key in [key for key in _held if key[0] == kind and key[1] not in wanted]:
        del _held[key]
    for each in wanted:
        if (kind, each) not in _held:
            _held[kind, each] = load(each)
    return [_held[kind, each] for each in wanted]


def _task(
    shelf: Shelf, stage: str, name: str, given: str, work: Work,
    arguments: Sequence[object], room: tuple[int | None, int],
) -> Result:  # fmt: skip
    global _input
    if given != _input:
        _held.clear()
        _input = given
    start, busy = time.perf_counter(), time.process_time()
    with threads(1), within(*room):
        result = work(shelf, *arguments)
    record = {
        **(result or {}),
        "input": given,
        "seconds": round(time.perf_counter() - start, 3),
        "cpu_seconds": round(time.process_time() - busy, 3),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    shelf.write_json(f"{stage}/{name}.done", record)
    return record


# Made once: Ray keeps a queue for each function that it is shown.
_REMOTE = ray.remote(_task)
