"""Photo encoders side by side: speed, finding the same product, finding altered copies.

    python -m research.photo_network.compare --data FOLDER... [--onnx FILE...]
        [--copies 300] [--seed 0]

Each FOLDER holds one catalogue (a CSV with the columns `image` and `label_group`) and `images/`.
"""

from __future__ import annotations

import argparse
import csv
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from rich.console import Console
from rich.table import Table

from samesku.catalog.photos import PhotoError, load_photo, read_photos
from samesku.encoders.base import PhotoEncoder
from samesku.encoders.onnx import Onnx
from samesku.encoders.phash import PHash
from samesku.encoders.photo import Photo
from samesku.encoders.signature import SAME_PHOTO, Signature
from samesku.runtime.cores import usable_cores

Pixels = NDArray[np.uint8]
Rows = NDArray[np.float32]
Rng = np.random.Generator
BATCH = 16
KEPT_SIDE = 640


def main() -> None:
    """Read the arguments, measure, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--onnx", type=Path, nargs="*", default=[], metavar="FILE")
    parser.add_argument("--copies", type=int, default=300, help="photos that get altered copies")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()

    pools = {folder.name: read_pool(folder) for folder in given.data}
    paths = [path for found, _ in pools.values() for path in found]
    encoders = [PHash(), Signature(), *(Onnx(file) for file in given.onnx), Photo()]
    chosen, companions, copies = make_copies(paths, given.copies, given.seed)

    measures = [f"mAP {name}" for name in pools] + [f"{change} first" for change in CHANGES]
    table = Table("encoder", "numbers", "photos/s", *measures)
    for encoder in encoders:
        begun = time.perf_counter()
        rows = encode(encoder, paths)
        speed = len(paths) / (time.perf_counter() - begun)
        cells = [retrieval(encoder, rows, paths, pool, given.seed) for pool in pools.values()]
        for change, altered in copies.items():
            similar = similarity(encoder, rows_of(encoder, altered), rows)
            if change == "collage":  # its other half is an original too, and rightly found
                similar[np.arange(len(chosen)), companions] = -1
            cells.append(f"{(similar.argmax(axis=1) == chosen).mean():.3f}")
            if isinstance(encoder, Signature):
                own = similar[np.arange(len(chosen)), chosen]
                cells[-1] += f" ({(own >= SAME_PHOTO).mean():.2f})"
        table.add_row(encoder.name, str(rows.shape[1] * rows.shape[2]), f"{speed:.0f}", *cells)
        if isinstance(encoder, Signature):
            precision = [precision_line(name, rows, paths, pool) for name, pool in pools.items()]
    console = Console(width=200)
    console.print(table)
    console.print(f"{len(paths)} photos, {usable_cores()} cores; in brackets: share >= SAME_PHOTO")
    console.print("\n".join(precision))


def read_pool(folder: Path) -> tuple[list[Path], NDArray[np.str_]]:
    """Photos of a catalogue that are there, each once, and their labels."""
    (table,) = [file for file in sorted(folder.glob("*.csv")) if "image" in file.open().readline()]
    with table.open(encoding="utf-8", newline="") as file:
        labels = {row["image"]: row["label_group"] for row in csv.DictReader(file)}
    there = [name for name in labels if (folder / "images" / name).is_file()]
    return [folder / "images" / name for name in there], np.array([labels[n] for n in there])


def encode(encoder: PhotoEncoder, paths: list[Path]) -> Rows:
    """Decode and encode: float32 `(n, views, d)`, bits as -1 and 1 over their root."""
    parts, looks = [], []
    for _, look in read_photos(paths, encoder.look):
        if isinstance(look, PhotoError):
            raise look
        looks.append(look)
        if len(looks) == BATCH:
            parts.append(encoder.embed(looks))
            looks = []
    if looks:
        parts.append(encoder.embed(looks))
    return as_floats(np.concatenate(parts))


def rows_of(encoder: PhotoEncoder, photos: list[Pixels]) -> Rows:
    """As :func:`encode` for photos already decoded."""
    looks = [encoder.look(photo) for photo in photos]
    batches = [looks[start : start + BATCH] for start in range(0, len(looks), BATCH)]
    return as_floats(np.concatenate([encoder.embed(batch) for batch in batches]))


def as_floats(rows: NDArray[np.generic]) -> Rows:
    """Bits become -1 and 1 over the root of their number, so that a cosine ranks like Hamming."""
    if rows.dtype == np.uint8:
        bits = np.unpackbits(rows.astype(np.uint8, copy=False), axis=-1).astype(np.float32)
        return np.asarray((2 * bits - 1) / np.sqrt(bits.shape[-1]), dtype=np.float32)
    return rows.astype(np.float32, copy=False)


def similarity(encoder: PhotoEncoder, queries: Rows, pool: Rows) -> Rows:
    """Largest cosine of any row of one photo with a row of the other that can be found."""
    found = ~encoder.probes

    def largest(left: Rows, right: Rows) -> Rows:
        flat = left.reshape(-1, left.shape[-1]) @ right.reshape(-1, right.shape[-1]).T
        return np.asarray(flat.reshape(*left.shape[:2], *right.shape[:2]).max(axis=(1, 3)))

    return np.maximum(largest(queries, pool[:, found]), largest(queries[:, found], pool))


def retrieval(
    encoder: PhotoEncoder,
    rows: Rows,
    paths: list[Path],
    pool: tuple[list[Path], NDArray[np.str_]],
    seed: int,
) -> str:
    """Mean average precision within one catalogue, with its 95% bootstrap interval over queries."""
    members, labels = pool
    start = paths.index(members[0])
    own = rows[start : start + len(members)]
    similar = similarity(encoder, own, own)
    np.fill_diagonal(similar, -np.inf)
    order = np.argsort(-similar, axis=1, kind="stable")[:, :-1]
    relevant = labels[order] == labels[:, None]
    asking = relevant.any(axis=1)
    hits = relevant[asking].cumsum(axis=1) * relevant[asking]
    ranks = np.arange(1, relevant.shape[1] + 1)
    precision = (hits / ranks).sum(axis=1) / relevant[asking].sum(axis=1)
    rng = np.random.default_rng(seed)
    drawn = rng.choice(precision, (2000, len(precision))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{precision.mean():.3f} [{low:.3f}, {high:.3f}]"


def precision_line(
    name: str, rows: Rows, paths: list[Path], pool: tuple[list[Path], NDArray[np.str_]]
) -> str:
    """How many pairs the threshold takes for one photo, and how many share their label."""
    members, labels = pool
    start = paths.index(members[0])
    own = rows[start : start + len(members)]
    left, right = np.triu_indices(len(members), 1)
    similar = similarity(Signature(), own, own)[left, right]
    same = labels[left] == labels[right]
    shares = [
        f"{level:.2f}: {same[similar >= level].mean():.3f} of {(similar >= level).sum()}"
        for level in (0.80, 0.85, SAME_PHOTO, 0.92, 0.95)
    ]
    return f"{name}, share of pairs above a similarity with one label: {'; '.join(shares)}"


def make_copies(
    paths: list[Path], count: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[str, list[Pixels]]]:
    """Draw photos, a companion for each one's collage, and alter a copy of each in every way."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(paths), min(count, len(paths)), replace=False)
    companions = (chosen + rng.integers(1, len(paths), len(chosen))) % len(paths)
    copies: dict[str, list[Pixels]] = {change: [] for change in CHANGES}
    for photo, companion in zip(chosen, companions, strict=True):
        image, other = thumbnail(paths[photo]), thumbnail(paths[companion])
        for change, alter in CHANGES.items():
            quality = 30 if change == "relit" else 75
            copies[change].append(recompressed(alter(image, other, rng), quality))
    return chosen, companions, copies


def thumbnail(path: Path) -> Image.Image:
    """A photo, made smaller when it is large: copies on the web rarely keep their full size."""
    image = Image.fromarray(load_photo(path))
    image.thumbnail((KEPT_SIDE, KEPT_SIDE))
    return image


def recompressed(image: Image.Image, quality: int) -> Pixels:
    """Through a JPEG."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return load_photo(file.getvalue())


def crop(image: Image.Image, _: Image.Image, rng: Rng) -> Image.Image:
    """Keep 70 to 80% of the area, anywhere, nearly in the old shape."""
    side, slant = np.sqrt(rng.uniform(0.7, 0.8)), rng.uniform(0.93, 1.07)
    width, height = image.width * min(1, side * slant), image.height * min(1, side / slant)
    x, y = rng.uniform(0, image.width - width), rng.uniform(0, image.height - height)
    return image.crop((int(x), int(y), int(x + width), int(y + height)))


def banner(image: Image.Image, _: Image.Image, rng: Rng) -> Image.Image:
    """A border of 3 to 10% all round and a banner with words of 10 to 20% on one side."""
    border, strip = (
        int(rng.uniform(0.03, 0.1) * image.width),
        int(rng.uniform(0.1, 0.2) * image.height),
    )
    ground = (255, 255, 255) if rng.random() < 0.5 else colour(rng)
    side = int(rng.integers(4))
    lying = side < 2
    width = image.width + 2 * border + (0 if lying else strip)
    height = image.height + 2 * border + (strip if lying else 0)
    out = Image.new("RGB", (width, height), ground)
    out.paste(image, (border + (strip if side == 2 else 0), border + (strip if side == 0 else 0)))
    boxes = (
        (0, 0, width, strip),
        (0, height - strip, width, height),
        (0, 0, strip, height),
        (width - strip, 0, width, height),
    )
    box, fill = boxes[side], colour(rng)
    draw = ImageDraw.Draw(out)
    draw.rectangle(box, fill=fill)
    ink = tuple(255 - level for level in fill)
    words = "PROMO 50% ORI" if lying else "HOT\n50%"
    place = (box[0] + 0.1 * strip, box[1] + (0.2 * strip if lying else 0.3 * height))
    draw.multiline_text(
        place, words, fill=ink, font_size=max(8, int((0.55 if lying else 0.4) * strip))
    )
    return out


def mirror(image: Image.Image, _: Image.Image, __: Rng) -> Image.Image:
    """Left to right."""
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def relit(image: Image.Image, _: Image.Image, rng: Rng) -> Image.Image:
    """Other gamma, brightness and colour cast, 40 to 80% of the size (then JPEG quality 30)."""
    light = (np.asarray(image) / 255) ** rng.uniform(0.6, 1.7)
    light = light * rng.uniform(0.75, 1.2) * rng.uniform(0.85, 1.15, 3)
    share = rng.uniform(0.4, 0.8)
    size = max(32, int(image.width * share)), max(32, int(image.height * share))
    return Image.fromarray((255 * light.clip(0, 1)).astype(np.uint8)).resize(size)


def collage(image: Image.Image, other: Image.Image, rng: Rng) -> Image.Image:
    """Beside, or above, another photo brought to the same height, or width."""
    pair = [image, other] if rng.random() < 0.5 else [other, image]
    if rng.random() < 0.5:
        pair = [
            part.resize((max(1, part.width * image.height // part.height), image.height))
            for part in pair
        ]
        out = Image.new("RGB", (pair[0].width + pair[1].width, image.height))
        out.paste(pair[1], (pair[0].width, 0))
    else:
        pair = [
            part.resize((image.width, max(1, part.height * image.width // part.width)))
            for part in pair
        ]
        out = Image.new("RGB", (image.width, pair[0].height + pair[1].height))
        out.paste(pair[1], (0, pair[0].height))
    out.paste(pair[0], (0, 0))
    return out


def colour(rng: Rng) -> tuple[int, int, int]:
    """Any colour."""
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


CHANGES: dict[str, Callable[[Image.Image, Image.Image, Rng], Image.Image]] = {
    "crop": crop,
    "banner": banner,
    "mirror": mirror,
    "relit": relit,
    "collage": collage,
}

if __name__ == "__main__":
    main()
