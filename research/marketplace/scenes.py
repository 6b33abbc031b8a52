"""Photos of a product: the maker's catalogue photo and the shots that sellers take themselves."""

from __future__ import annotations

import math
from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from research.marketplace.packaging import font, mix
from research.marketplace.products import Product
from research.marketplace.sellers import BANNER_COLOURS, Seller
from research.marketplace.traits import RGB

PHOTO_SIDE = 400
"""Side of a photo in pixels, before a seller rescales it."""

OWN_LAYOUTS = 0.6
"""Share of families whose look-alikes are photographed one by one rather than in one layout."""

WOODS: tuple[RGB, ...] = ((176, 128, 84), (122, 84, 56), (206, 170, 126), (94, 72, 60))
CLOTHS: tuple[RGB, ...] = (
    (206, 196, 186),
    (120, 140, 160),
    (178, 132, 128),
    (90, 100, 84),
)
WALLS: tuple[RGB, ...] = (
    (226, 220, 208),
    (190, 204, 210),
    (214, 196, 190),
    (160, 168, 172),
)


def catalogue_photo(product: Product, cutout: Image.Image) -> Image.Image:
    """Return the maker's photo: the product on a designed page, the same layout every time.

    Parameters
    ----------
    product
        The product.
    cutout
        Its drawing on a transparent background (RGBA).

    Returns
    -------
    Image.Image
        RGB, ``PHOTO_SIDE`` pixels square.
    """
    subject = f"{product.brand} {product.line} {product.nouns[0]} page"
    if Random(subject).random() < OWN_LAYOUTS:
        subject = f"{subject} {product.name}"
    rng = Random(subject)
    page = _backdrop(rng)
    side = rng.randrange(220, 350)
    tilt = rng.uniform(-20, 20) if rng.random() < 0.4 else 0.0
    shot = _fitted(cutout, side)
    if tilt:
        shot = shot.rotate(tilt, Image.Resampling.BILINEAR, expand=True)
    # A small product leaves room to stand left or right, high or low.
    free = (PHOTO_SIDE - side) // 3
    x, y = (PHOTO_SIDE // 2 + rng.randint(-free, free) for _ in range(2))
    draw = ImageDraw.Draw(page)
    if rng.random() < 0.4:
        draw.text((12, 8), product.brand, (90, 90, 96), font(20))
        draw.text((12, 32), product.category.name, (150, 150, 156), font(12))
    if shot.width < 240 and rng.random() < 0.6:
        x = rng.choice((132, PHOTO_SIDE - 132))
        _write_claims(draw, product, x < PHOTO_SIDE // 2, rng)
    _place(page, shot, (x, y), soft=True)
    return page


def _write_claims(draw: ImageDraw.ImageDraw, product: Product, right: bool, rng: Random) -> None:
    """Print what the maker claims on the page, beside the product."""
    claims = [
        product.line,
        *rng.sample(product.category.tags, 2),
        product.traits[0].printed,
    ]
    margin, anchor = (PHOTO_SIDE - 12, "rm") if right else (12, "lm")
    top = rng.randrange(80, 260)
    for index, claim in enumerate(claims):
        draw.text((margin, top + 30 * index), claim, (70, 70, 80), font(16), anchor=anchor)


def _backdrop(rng: Random) -> Image.Image:
    """Return the page before the product stands on it: white, or with a large flat shape."""
    side = PHOTO_SIDE
    page = Image.new("RGB", (side, side), (255, 255, 255))
    draw = ImageDraw.Draw(page)
    tint = mix(
        (255, 255, 255),
        rng.choice((*WALLS, *CLOTHS, *BANNER_COLOURS)),
        rng.uniform(0.3, 0.9),
    )
    shape = rng.choice(("none", "none", "full", "disc", "slope", "floor", "side", "frame", "drops"))
    if shape == "full":
        draw.rectangle((0, 0, side, side), tint)
    elif shape == "disc":
        x, y, radius = (
            rng.randrange(80, 320),
            rng.randrange(80, 320),
            rng.randrange(90, 220),
        )
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), tint)
    elif shape == "slope":
        left, right = rng.randrange(side), rng.randrange(side)
        draw.polygon(((0, left), (side, right), (side, side), (0, side)), tint)
    elif shape == "floor":
        draw.rectangle((0, rng.randrange(180, 340), side, side), tint)
    elif shape == "side":
        edge = rng.randrange(60, 240)
        draw.rectangle(
            (0, 0, edge, side) if rng.random() < 0.5 else (side - edge, 0, side, side),
            tint,
        )
    elif shape == "frame":
        draw.rectangle((0, 0, side - 1, side - 1), outline=tint, width=rng.randrange(14, 44))
    elif shape == "drops":
        for _ in range(rng.randrange(5, 14)):
            x, y, radius = (
                rng.randrange(side),
                rng.randrange(side),
                rng.randrange(10, 70),
            )
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), tint)
    return page


def own_shot(cutout: Image.Image, seller: Seller, rng: Random) -> tuple[Image.Image, str]:
    """Return a seller's own photo of the product and a few words about it.

    The product lies or stands, turned and seen from an angle, once or several times, in the
    place where this seller takes photos, under the light of that moment.
    """
    scene = _background(seller.background, rng)
    units = rng.choices((1, 2, 3), (66, 24, 10))[0]
    side = int(PHOTO_SIDE * (0.62 + 0.3 * rng.random()) * (1.0, 0.66, 0.56)[units - 1])
    tilt = rng.uniform(-28, 28)
    for index in range(units):
        shot = _turned(_fitted(cutout, side), tilt + rng.uniform(-6, 6), rng)
        spread = PHOTO_SIDE * (index + 1) / (units + 1)
        x = int(spread + rng.uniform(-30, 30))
        y = int(PHOTO_SIDE * rng.uniform(0.46, 0.58))
        _place(scene, shot, (x, y), soft=False)
    return _developed(scene, rng), f"{units} unit{'s' if units > 1 else ''} on {seller.background}"


def _fitted(cutout: Image.Image, side: int) -> Image.Image:
    """Return a cut-out whose longer side is ``side`` pixels."""
    share = side / max(cutout.size)
    size = (max(1, round(cutout.width * share)), max(1, round(cutout.height * share)))
    return cutout.resize(size, Image.Resampling.BILINEAR)


def _place(page: Image.Image, cutout: Image.Image, centre: tuple[int, int], *, soft: bool) -> None:
    """Paste a cut-out with the shadow that it throws."""
    x, y = centre[0] - cutout.width // 2, centre[1] - cutout.height // 2
    alpha = cutout.getchannel("A")
    small = alpha.resize((max(1, cutout.width // 6), max(1, cutout.height // 6)))
    shadow = Image.new("L", (small.width + 8, small.height + 8), 0)
    shadow.paste(
        small.point([int(level * (0.3 if soft else 0.55)) for level in range(256)]),
        (4, 4),
    )
    shadow = shadow.filter(ImageFilter.GaussianBlur(2))
    shadow = shadow.resize((shadow.width * 6, shadow.height * 6), Image.Resampling.BILINEAR)
    page.paste((20, 18, 24), (x - 24 + (0 if soft else 12), y - 24 + 10), shadow)
    page.paste(cutout, (x, y), alpha)


def _turned(cutout: Image.Image, degrees: float, rng: Random) -> Image.Image:
    """Return a cut-out turned on the table and seen by a camera off its axis."""
    wide, high = cutout.size
    narrow, low = rng.uniform(0.84, 1.0), rng.uniform(0.9, 1.0)
    across, down = rng.uniform(-0.12, 0.12), rng.uniform(-0.12, 0.12)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    half_wide = (abs(wide * narrow * cos) + abs(high * low * sin)) / 2
    half_high = (abs(wide * narrow * sin) + abs(high * low * cos)) / 2
    corners: list[float] = []
    # Where the corners of the output lie in the source, counter-clockwise from the upper left.
    for x, y in ((-1, -1), (-1, 1), (1, 1), (1, -1)):
        u = (x * half_wide * cos + y * half_high * sin) / narrow / wide
        v = (y * half_high * cos - x * half_wide * sin) / low / high
        corners += [
            (0.5 + u * (1 + across * v)) * wide,
            (0.5 + v * (1 + down * u)) * high,
        ]
    size = (math.ceil(2 * half_wide), math.ceil(2 * half_high))
    return cutout.transform(size, Image.Transform.QUAD, corners, Image.Resampling.BILINEAR)


def _background(kind: str, rng: Random) -> Image.Image:
    wall, floor = rng.choice(WALLS), rng.choice(WOODS)
    if kind == "wood":
        return _wood(floor, rng)
    if kind == "cloth":
        return _cloth(rng.choice(CLOTHS), rng)
    if kind == "tiles":
        return _tiles(mix(wall, (255, 255, 255), 0.4), rng)
    scene = Image.new("RGB", (PHOTO_SIDE, PHOTO_SIDE), wall)
    draw = ImageDraw.Draw(scene)
    if kind == "table":
        draw.rectangle((0, rng.randrange(200, 290), PHOTO_SIDE, PHOTO_SIDE), floor)
    elif kind == "gradient":
        far = mix(rng.choice(CLOTHS), (255, 120, 160), 0.5 * rng.random())
        for y in range(PHOTO_SIDE):
            draw.line((0, y, PHOTO_SIDE, y), mix(far, wall, y / PHOTO_SIDE))
    else:
        draw.rectangle(
            (0, 0, PHOTO_SIDE, PHOTO_SIDE),
            mix(wall, (255, 255, 255), 0.5 * rng.random()),
        )
    return scene


def _wood(colour: RGB, rng: Random) -> Image.Image:
    scene = Image.new("RGB", (PHOTO_SIDE, PHOTO_SIDE), colour)
    draw = ImageDraw.Draw(scene)
    plank = rng.randrange(50, 110)
    for index, y in enumerate(range(-rng.randrange(plank), PHOTO_SIDE, plank)):
        draw.rectangle((0, y, PHOTO_SIDE, y + plank), mix(colour, (30, 20, 10), 0.08 * (index % 3)))
        draw.line((0, y, PHOTO_SIDE, y), mix(colour, (0, 0, 0), 0.5), 2)
        for _ in range(5):
            grain = y + rng.randrange(plank)
            ink = mix(colour, (0, 0, 0), 0.18)
            draw.line((0, grain, PHOTO_SIDE, grain + rng.randrange(-8, 9)), ink)
    return scene


def _cloth(colour: RGB, rng: Random) -> Image.Image:
    # Folds are soft: draw them at half the size.
    side = PHOTO_SIDE // 2
    scene = Image.new("RGB", (side, side), colour)
    draw = ImageDraw.Draw(scene)
    for _ in range(9):
        start, end = rng.randrange(-40, side), rng.randrange(0, side + 40)
        draw.line((start, 0, end, side), mix(colour, (0, 0, 0), 0.2), rng.randrange(3, 12))
        draw.line((start + 8, 0, end + 8, side), mix(colour, (255, 255, 255), 0.25), 4)
    soft = scene.filter(ImageFilter.BoxBlur(4))
    return soft.resize((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BILINEAR)


def _tiles(colour: RGB, rng: Random) -> Image.Image:
    scene = Image.new("RGB", (PHOTO_SIDE, PHOTO_SIDE), colour)
    draw = ImageDraw.Draw(scene)
    step, shift = rng.randrange(70, 150), rng.randrange(60)
    joint = mix(colour, (80, 80, 80), 0.5)
    for line in range(-shift, PHOTO_SIDE, step):
        draw.line((line, 0, line, PHOTO_SIDE), joint, 3)
        draw.line((0, line, PHOTO_SIDE, line), joint, 3)
    return scene


def _developed(scene: Image.Image, rng: Random) -> Image.Image:
    """Return a scene under lamp light, slightly out of focus, with the camera's grain."""
    if rng.random() < 0.3:
        scene = scene.filter(ImageFilter.BoxBlur(rng.uniform(0.4, 1.3)))
    dark, warm = rng.randrange(130, 226), rng.randrange(-24, 25)
    lamp = Image.new("RGB", (2, 2), (255, 252, 246))
    shaded = (min(255, dark + warm), dark, max(0, min(255, dark - warm)))
    lamp.putpixel((rng.randrange(2), rng.randrange(2)), shaded)
    light = lamp.resize(scene.size, Image.Resampling.BILINEAR)
    offset = (rng.randrange(PHOTO_SIDE), rng.randrange(PHOTO_SIDE))
    return ImageChops.add(
        ImageChops.multiply(scene, light), ImageChops.offset(_grain(), *offset), 1, -8
    )


@lru_cache(maxsize=1)
def _grain() -> Image.Image:
    """Return camera grain as grey levels around 8."""
    levels = np.random.default_rng(7).normal(8, 4, (PHOTO_SIDE, PHOTO_SIDE)).clip(0, 32)
    return Image.fromarray(levels.astype(np.uint8)).convert("RGB")
