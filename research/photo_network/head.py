"""The last head of the photo network: fitted on half of the products, judged on the other half.

    python -m research.photo_network.head --shopee FOLDER --grocery FOLDER
        --start FILE.pth --work WORK

WORK is that of a finished `research/photo_network/train.py`: the teachers' vectors and the taught
trunk are there. Photos of the training only; the taught trunk has seen both halves, the plain one,
which is MobileNetV2 with ImageNet's weights, neither. One row per photo, the mean of the whole and
its inner part; mean of four draws.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from research.photo_network import train as training
from research.photo_network.export import write_network
from research.photo_network.held_out import above_line, precision
from research.photo_network.network import head_weight
from research.photo_network.split import read_labelled
from research.photo_network.views import altered_all
from samesku.catalog.photos import load_photo
from samesku.encoders.photo import Photo
from samesku.runtime.progress import Progress

Floats = NDArray[np.float32]
DRAWS = 4
# Power of what the trunk sees, share of the mean taken away, pull towards a turn.
VARIANTS = (
    (1.0, 0.0, 3.0),
    (1.0, 0.5, 3.0),
    (1.0, 0.5, 10.0),
    (0.5, 0.5, 10.0),
    (0.5, training.CENTRED, training.PULL),
    (0.5, 0.8, 10.0),
)


@dataclass(frozen=True, eq=False)
class Seen:
    """What a trunk sees.

    Attributes
    ----------
    lessons : float32 (photos * (1 + scenes), width)
        Of altered photos, then of altered scenes, those of the first photo first.
    whole, inner : float32 (photos, width)
        Of the photos as the encoder looks at them.
    """

    lessons: Floats
    whole: Floats
    inner: Floats


def main() -> None:
    """Read the arguments, measure, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shopee", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--grocery", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--start", type=Path, required=True, metavar="FILE.pth")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    folders = [given.shopee, given.grocery]
    photos, labels = training.gather(folders, given.work, Progress())
    real = int((labels >= 0).sum())
    learned = real * (1 + training.SCENES)
    targets = training.targets(kept(given.work))[:learned]
    views = altered_all(photos[:learned], training.INPUT["size"][0], seed=0)
    pools = [read_labelled(folder) for folder in folders]
    shopee = np.arange(real) < len(pools[0].taught)
    places = [path for pool in pools for path in pool.taught]
    encoder = Photo()
    looks = np.stack([encoder.look(load_photo(path)) for path in places])

    table = Table("trunk", "power", "mean taken away", "pull", "Shopee", "grocery")
    plain = plain_trunk(given.start, given.work, photos[:real])
    for name, trunk in (("plain", plain), ("taught", given.work / "trunk.onnx")):
        shown = views, looks[:, 0], looks[:, 1]
        seen = Seen(*(training.pooled(trunk, each) for each in shown))
        for variant in VARIANTS:
            draws = [
                judged(seen, targets, labels[:real], shopee, draw, *variant)
                for draw in range(DRAWS)
            ]
            found = np.mean(draws, axis=0)
            cells = [f"mAP {score:.3f}, recall {share:.3f}" for score, share in found]
            table.add_row(name, *(f"{each:g}" for each in variant), *cells)
    Console(width=140).print(table)


def kept(work: Path) -> dict[str, Floats]:
    """The teachers' vectors that the training left."""
    return {file.name.split("-")[0]: np.load(file) for file in sorted(work.glob("*.npy"))}


def plain_trunk(start: Path, work: Path, photos: NDArray[np.uint8]) -> Path:
    """The trunk that the training starts from, in whole numbers."""
    exact, trunk = work / "plain.onnx", work / "plain-trunk.onnx"
    write_network(training.started(start).eval(), exact)
    training.write_trunk(exact, trunk, photos)
    return trunk


def judged(
    seen: Seen,
    targets: Floats,
    labels: NDArray[np.int64],
    shopee: NDArray[np.bool_],
    draw: int,
    power: float,
    centred: float,
    pull: float,
) -> list[tuple[float, float]]:
    """Mean average precision and recall among Shopee's and the groceries of the other half."""
    count = labels.max() + 1
    fitted = (np.random.default_rng(draw).permutation(count) < count // 2)[labels]
    owner = np.concatenate(
        [np.arange(len(labels)), np.repeat(np.arange(len(labels)), training.SCENES)]
    )
    mine = fitted[owner]
    lessons = unit(seen.lessons[mine] ** power)
    centre = centred * lessons.mean(axis=0)
    weight = head_weight(lessons - centre, targets[mine], pull)
    looks = [unit((unit(each**power) - centre) @ weight) for each in (seen.whole, seen.inner)]
    rows = unit(looks[0] + looks[1])
    similar, names = rows @ rows.T, labels.astype(str)
    parts = (~fitted & shopee, ~fitted & ~shopee)
    return [
        (
            float(precision(similar, names, part, part).mean()),
            float(above_line(similar, names, part)[1].mean()),
        )
        for part in parts
    ]


def unit(rows: Floats) -> Floats:
    """Rows of length one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-9), dtype=np.float32)


if __name__ == "__main__":
    main()
