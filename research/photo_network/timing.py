"""What a photo costs each encoder on one core, in milliseconds of processor time.

    taskset -c 0 python -m research.photo_network.timing --data FOLDER [--photos 100] [--repeats 5]

FOLDER holds one catalogue (a CSV with the columns `image` and `label_group`) and `images/`. The
least of the repeats counts: others on the machine only ever add to it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from research.photo_network.compare import BATCH, read_pool
from samesku.catalog.photos import load_photo
from samesku.encoders.base import PhotoEncoder
from samesku.encoders.phash import PHash
from samesku.encoders.photo import Photo
from samesku.encoders.signature import Signature

Given = TypeVar("Given")


def main() -> None:
    """Read the arguments, time, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    paths = read_pool(given.data)[0][: given.photos]
    photos = [load_photo(path) for path in paths]

    def each(work: Callable[[], object]) -> float:
        """Milliseconds per photo."""
        taken = []
        for _ in range(given.repeats):
            begun = time.process_time()
            work()
            taken.append(time.process_time() - begun)
        return 1000 * min(taken) / len(photos)

    table = Table("encoder", "look", "embed", "both")
    encoders: list[PhotoEncoder] = [PHash(), Signature(), Photo()]
    for encoder in encoders:
        looks = [encoder.look(photo) for photo in photos]
        batches = [looks[start : start + BATCH] for start in range(0, len(looks), BATCH)]
        look = each(partial(all_of, encoder.look, photos))
        embed = each(partial(all_of, encoder.embed, batches))
        table.add_row(encoder.name, f"{look:.1f}", f"{embed:.1f}", f"{look + embed:.1f}")
        if isinstance(encoder, Photo):
            runs = sum(int(view.any()) for views in looks for view in views) / len(looks)
            each_run = f"photo: {runs:.2f} runs of the network a photo, {embed / runs:.1f} ms each"
    height, width = (sum(photo.shape[axis] for photo in photos) / len(photos) for axis in (0, 1))
    load = each(partial(all_of, load_photo, paths))
    console = Console()
    console.print(table, each_run)
    console.print(
        f"{len(photos)} photos, {width:.0f} x {height:.0f} on average; decoding {load:.1f} ms"
    )


def all_of(work: Callable[[Given], object], items: Sequence[Given]) -> None:
    """Do the work for each."""
    for item in items:
        work(item)


if __name__ == "__main__":
    main()
