"""The demo marketplace as a folder: a table of postings, their photos, the truth behind them."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from random import Random

from PIL import Image

from research.marketplace.copies import collage, edit_copy
from research.marketplace.products import Product, draw_families
from research.marketplace.readme import FIRST_LINE, describe
from research.marketplace.scenes import catalogue_photo, own_shot
from research.marketplace.sellers import Seller, draw_seller
from research.marketplace.shapes import draw_product
from research.marketplace.titles import COPIED, copy_title, write_title

POSTING_COLUMNS = (
    "posting_id",
    "image",
    "title",
    "label_group",
    "price",
    "brand",
    "source",
)
TRUTH_COLUMNS = (
    *(
        "posting_id",
        "label_group",
        "product",
        "category",
        "family",
        "variant_of",
        "differs_in",
    ),
    *("value", "photo", "title_omits"),
)
WRITTEN = frozenset({"README.txt", "train.csv", "train_images", "truth.csv"})

SIBLING_PHOTOS = 0.05
"""Share of copied photos that show a look-alike of the product instead of the product."""

NO_PHOTO, BROKEN_PHOTO = 0.006, 0.004
"""Shares of postings whose photo is missing, and whose photo file cannot be decoded."""

MISSING_KINDS = ("none named", "named, but the file is missing")
BROKEN_KINDS = ("truncated", "not a photo", "empty file")


@dataclass
class Posting:
    """One posting on its way to the folder; ``photo`` says how its photo came about."""

    product: Product
    seller: Seller
    number: int
    posting_id: str
    image: str
    title: str
    omitted: tuple[str, ...]
    price: int
    brand: str
    photo: str = ""


def draw_marketplace(
    folder: Path,
    *,
    postings: int = 3000,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Draw a marketplace of invented products, with photos, labels and look-alikes.

    Writes ``train.csv`` (in the columns of the Shopee competition, with ``price``, ``brand`` and
    ``source``, without ``image_phash``), ``train_images/``, ``truth.csv`` and ``README.txt``.
    The same seed gives the same bytes, whatever the number of threads.

    Parameters
    ----------
    folder
        Where to write; may be missing, empty, or an earlier demo, which is replaced as a whole.
    postings
        How many postings, at least 2.
    seed
        Chooses the marketplace.
    threads
        How many photos are drawn at a time; by default one per processor core.
    progress
        Called in the calling thread with the number of postings drawn and of all postings.

    Returns
    -------
    Path
        ``folder``.

    Raises
    ------
    ValueError
        If ``postings`` is below 2 or ``threads`` below 1.
    FileExistsError
        If ``folder`` holds anything that an earlier demo did not write.
    """
    if postings < 2:
        raise ValueError(f"a marketplace needs at least 2 postings, not {postings}")
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1, not {threads}")
    target = folder.resolve()
    _refuse_foreign(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.with_name(f".{target.name}.building-{os.getpid()}")
    shutil.rmtree(building, ignore_errors=True)
    try:
        (building / "train_images").mkdir(parents=True)
        _write_marketplace(building, postings, seed, threads, progress)
        _replace(target, building)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def _refuse_foreign(target: Path) -> None:
    if not target.exists():
        return
    fix = "choose another folder, or delete this one first"
    if not target.is_dir():
        raise FileExistsError(f"{target} is a file, not a folder; {fix}")
    names = {entry.name for entry in target.iterdir()}
    if not names:
        return
    readme = target / "README.txt"
    if not readme.is_file() or not readme.read_text("utf-8", "replace").startswith(FIRST_LINE):
        raise FileExistsError(f"{target} is not empty and not an earlier demo; {fix}")
    if strangers := sorted(names - WRITTEN):
        raise FileExistsError(f"{target} holds {strangers[0]!r} beside an earlier demo; {fix}")


def _replace(target: Path, building: Path) -> None:
    """Put the finished folder in its place; an earlier demo stands until that moment."""
    if not target.exists():
        building.rename(target)
        return
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    target.rename(old)
    try:
        building.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)


def _write_marketplace(
    folder: Path,
    count: int,
    seed: int,
    threads: int | None,
    progress: Callable[[int, int], None] | None,
) -> None:
    families = _plan(draw_families(count, seed), count, seed)
    everything = [posting for family in families for posting in family]
    faults = _faults(everything, seed)
    images = folder / "train_images"
    done = 0
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        drawn = [pool.submit(_draw_family, family, faults, images, seed) for family in families]
        try:
            for future in as_completed(drawn):
                done += future.result()
                if progress is not None:
                    progress(done, count)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    shelf = sorted(everything, key=lambda posting: posting.posting_id)
    labels = _labels(everything, seed)
    _write_table(folder / "train.csv", POSTING_COLUMNS, (_row(p, labels) for p in shelf))
    firsts = {family[0].product.family: family[0].product for family in families}
    truth = (_truth_row(p, labels, firsts[p.product.family]) for p in shelf)
    _write_table(folder / "truth.csv", TRUTH_COLUMNS, truth)
    products = list({posting.product.number: posting.product for posting in everything}.values())
    photos = [posting.photo for posting in everything]
    text = describe(products, photos, count, seed)
    (folder / "README.txt").write_text(text, encoding="utf-8", newline="\n")


def _plan(families: Sequence[Sequence[Product]], count: int, seed: int) -> list[list[Posting]]:
    """Decide who sells what under which title, at which price."""
    naming = Random(f"samesku demo {seed} names")
    numbers = naming.sample(range(10**8, 42 * 10**8), count)
    sellers = [draw_seller(number, seed) for number in range(max(4, count // 10))]
    plan: list[list[Posting]] = []
    for family in families:
        planned: list[Posting] = []
        for product in family:
            mine: list[Posting] = []
            for number in range(product.postings):
                rng = Random(f"samesku demo {seed} posting {product.number} {number}")
                seller = rng.choice(sellers)
                if mine and rng.random() < COPIED:
                    source = rng.choice(mine)
                    title, omitted = (
                        copy_title(source.title, seller, rng),
                        source.omitted,
                    )
                else:
                    title, omitted = write_title(product, seller, rng)
                posting = Posting(
                    product=product,
                    seller=seller,
                    number=number,
                    posting_id=f"train_{numbers.pop()}",
                    image=f"{rng.getrandbits(128):032x}.jpg",
                    title=title,
                    omitted=omitted,
                    price=round(product.price * seller.price / 100) * 100,
                    brand=product.brand if rng.random() < 0.7 else "",
                )
                mine.append(posting)
            planned += mine
        plan.append(planned)
    return plan


def _faults(postings: Sequence[Posting], seed: int) -> dict[str, str]:
    """Choose the postings without a photo, and those whose photo file is broken."""
    if len(postings) < 20:
        return {}
    missing = max(2, round(NO_PHOTO * len(postings)))
    broken = max(1, round(BROKEN_PHOTO * len(postings)))
    chosen = Random(f"samesku demo {seed} faults").sample(range(len(postings)), missing + broken)
    kinds = [
        *islice(cycle(MISSING_KINDS), missing),
        *islice(cycle(BROKEN_KINDS), broken),
    ]
    return {postings[i].posting_id: kind for i, kind in zip(chosen, kinds, strict=True)}


def _draw_family(family: Sequence[Posting], faults: dict[str, str], images: Path, seed: int) -> int:
    """Draw and write the photos of one family's postings; return how many postings it has."""
    products = {posting.product.number: posting.product for posting in family}
    cutouts = {number: draw_product(product) for number, product in products.items()}
    pages = {
        number: catalogue_photo(product, cutouts[number]) for number, product in products.items()
    }
    for posting in family:
        fault = faults.get(posting.posting_id, "")
        if fault == MISSING_KINDS[0]:
            posting.image = ""
        if fault in MISSING_KINDS:
            posting.photo = fault
            continue
        rng = Random(f"samesku demo {seed} photo {posting.product.number} {posting.number}")
        photo, posting.photo = _take_photo(posting, cutouts, pages, rng)
        encoded = io.BytesIO()
        photo.save(encoded, "JPEG", quality=rng.randrange(38, 93))
        content = encoded.getvalue()
        if fault:
            posting.photo = f"broken: {fault}"
            content = _broken(content, fault)
        (images / posting.image).write_bytes(content)
    return len(family)


def _take_photo(
    posting: Posting,
    cutouts: dict[int, Image.Image],
    pages: dict[int, Image.Image],
    rng: Random,
) -> tuple[Image.Image, str]:
    """Return a posting's photo and how it came about."""
    number = posting.product.number
    if rng.random() >= posting.seller.steals:
        photo, words = own_shot(cutouts[number], posting.seller, rng)
        return photo, f"own shot: {words}"
    siblings = [other for other in pages if other != number]
    if siblings and rng.random() < SIBLING_PHOTOS:
        photo, kind = pages[rng.choice(siblings)], "catalogue photo of a look-alike"
    else:
        photo, kind = pages[number], "catalogue photo"
    edits: list[str] = []
    if rng.random() < 0.06:
        photo = collage(photo, own_shot(cutouts[number], posting.seller, rng)[0], rng)
        edits.append("collage")
    photo, more = edit_copy(photo, posting.seller, rng)
    edits += more
    return photo, f"{kind}: {', '.join(edits)}" if edits else kind


def _broken(content: bytes, fault: str) -> bytes:
    if fault == "truncated":
        return content[: len(content) // 2]
    if fault == "not a photo":
        return b"<html><body><h1>404 Not Found</h1></body></html>\n"
    return b""


def _labels(postings: Sequence[Posting], seed: int) -> dict[int, int]:
    numbers = sorted({posting.product.number for posting in postings})
    drawn = Random(f"samesku demo {seed} labels").sample(range(10**6, 4_300_000_000), len(numbers))
    return dict(zip(numbers, drawn, strict=True))


def _row(posting: Posting, labels: dict[int, int]) -> tuple[object, ...]:
    return (
        *(
            posting.posting_id,
            posting.image,
            posting.title,
            labels[posting.product.number],
        ),
        *(posting.price, posting.brand, posting.seller.name),
    )


def _truth_row(posting: Posting, labels: dict[int, int], first: Product) -> tuple[object, ...]:
    product = posting.product
    value = [trait.printed for trait in product.traits if trait.kind == product.differs]
    return (
        *(
            posting.posting_id,
            labels[product.number],
            product.name,
            product.category.name,
        ),
        *(
            f"family_{product.family:05d}",
            labels[first.number] if product.differs else "",
        ),
        *(product.differs, "".join(value), posting.photo, " ".join(posting.omitted)),
    )


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
