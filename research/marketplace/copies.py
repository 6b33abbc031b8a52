"""What sellers do to a photo that is not theirs: crop, mirror, re-light, frame, advertise."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw, ImageOps

from research.marketplace.packaging import font, readable_on
from research.marketplace.sellers import Seller

SLOGANS = (
    "PROMO",
    "COD",
    "READY STOCK",
    "ORIGINAL 100%",
    "GROSIR",
    "TERMURAH",
    "GRATIS ONGKIR",
    "SALE",
)

Edit = Callable[[Image.Image, Seller, Random], Image.Image]


def edit_copy(photo: Image.Image, seller: Seller, rng: Random) -> tuple[Image.Image, list[str]]:
    """Return a copied photo after one seller's edits, and the names of the edits in order.

    About one copy in four stays as it is; most get one or two edits.
    """
    wanted = rng.choices((0, 1, 2, 3), (24, 40, 26, 10))[0]
    names: list[str] = []
    for name, (edit, weight) in EDITS.items():
        if len(names) < wanted and rng.random() < weight:
            photo = edit(photo, seller, rng)
            names.append(name)
    return photo, names


def collage(first: Image.Image, second: Image.Image, rng: Random) -> Image.Image:
    """Return two photos in one: side by side, one above the other, or one inside the other."""
    side = first.width
    layout = rng.choice(("row", "column", "inset"))
    if layout == "inset":
        board, small = first.copy(), second.resize((side // 3, side // 3))
        corner = (
            rng.choice((6, side - side // 3 - 6)),
            rng.choice((6, side - side // 3 - 6)),
        )
        board.paste(ImageOps.expand(small, 3, (255, 255, 255)), corner)
        return board
    board = Image.new("RGB", (side, side), (255, 255, 255))
    half = (side // 2 - 2, side) if layout == "row" else (side, side // 2 - 2)
    board.paste(ImageOps.fit(first, half), (0, 0))
    board.paste(ImageOps.fit(second, half), (side - half[0], side - half[1]))
    return board


def _mirror(photo: Image.Image, seller: Seller, rng: Random) -> Image.Image:
    return ImageOps.mirror(photo)


def _crop(photo: Image.Image, seller: Seller, rng: Random) -> Image.Image:
    share = rng.uniform(0.8, 0.97)
    wide, high = (
        int(photo.width * share),
        int(photo.height * share * rng.uniform(0.9, 1.0)),
    )
    x, y = rng.randrange(photo.width - wide + 1), rng.randrange(photo.height - high + 1)
    return photo.crop((x, y, x + wide, y + high))


def _relight(photo: Image.Image, seller: Seller, rng: Random) -> Image.Image:
    gamma, gain = rng.uniform(0.65, 1.5), rng.uniform(0.85, 1.12)
    curve: list[int] = []
    for _ in range(3):
        cast = gain * rng.uniform(0.9, 1.06)
        curve += [min(255, int(255 * cast * (level / 255) ** gamma)) for level in range(256)]
    return photo.point(curve)


def _border(photo: Image.Image, seller: Seller, rng: Random) -> Image.Image:
    colour = rng.choice((seller.banner, (255, 255, 255), (20, 20, 24)))
    return ImageOps.expand(photo, rng.randrange(8, 40), colour)


def _banner(photo: Image.Image, seller: Seller, rng: Random) -> Image.Image:
    """Lay a strip with a slogan and the shop's name over the photo, or put it below."""
    high = int(photo.height * rng.uniform(0.1, 0.2))
    below = rng.random() < 0.4
    board = Image.new("RGB", (photo.width, photo.height + high * below), seller.banner)
    board.paste(photo, (0, 0))
    top = 0 if not below and rng.random() < 0.4 else board.height - high
    draw = ImageDraw.Draw(board)
    draw.rectangle((0, top, board.width, top + high), seller.banner)
    text = f"{rng.choice(SLOGANS)} - {seller.name}"
    size = min(high * 2 // 3, int(1.7 * board.width / len(text)))
    middle = (board.width / 2, top + high / 2)
    draw.text(middle, text, readable_on(seller.banner), font(max(size, 8)), anchor="mm")
    return board


def _sticker(photo: Image.Image, seller: Seller, rng: Random) -> Image.Image:
    board, radius = photo.copy(), int(photo.width * rng.uniform(0.1, 0.17))
    x = rng.choice((radius + 4, photo.width - radius - 4))
    y = rng.choice((radius + 4, photo.height - radius - 4))
    draw = ImageDraw.Draw(board)
    draw.ellipse(
        (x - radius, y - radius, x + radius, y + radius),
        seller.banner,
        (255, 255, 255),
        3,
    )
    slogan = rng.choice(SLOGANS).split()[0]
    size = font(max(8, int(3 * radius / len(slogan))))
    draw.text((x, y), slogan, readable_on(seller.banner), size, anchor="mm")
    return board


def _watermark(photo: Image.Image, seller: Seller, rng: Random) -> Image.Image:
    ink = Image.new("L", photo.size, 0)
    place = (photo.width / 2, photo.height * rng.uniform(0.35, 0.7))
    ImageDraw.Draw(ink).text(place, seller.name, 110, font(photo.width // 12), anchor="mm")
    board = photo.copy()
    board.paste((255, 255, 255) if rng.random() < 0.3 else (70, 70, 80), (0, 0), ink)
    return board


def _rescale(photo: Image.Image, seller: Seller, rng: Random) -> Image.Image:
    share = rng.uniform(0.4, 0.9)
    stretch = rng.uniform(0.85, 1.15) if rng.random() < 0.3 else 1.0
    return photo.resize((int(photo.width * share), int(photo.height * share * stretch)))


EDITS: dict[str, tuple[Edit, float]] = {
    # In the order in which a person would do them, with how often each is tried.
    "mirrored": (_mirror, 0.12),
    "cropped": (_crop, 0.28),
    "re-lit": (_relight, 0.4),
    "watermarked": (_watermark, 0.2),
    "sticker": (_sticker, 0.25),
    "bannered": (_banner, 0.4),
    "bordered": (_border, 0.3),
    "rescaled": (_rescale, 0.5),
}
