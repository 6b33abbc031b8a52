"""The shapes of products: a bottle, a box, a shoe ... drawn with lines, polygons and ellipses."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops

from research.marketplace.packaging import Artwork, mix, readable_on
from research.marketplace.products import Product

GREY = (150, 152, 158)
DARK = (46, 46, 52)
SKIN = (226, 182, 148)


def draw_product(product: Product) -> Image.Image:
    """Draw one product on a transparent background.

    Returns
    -------
    Image.Image
        RGBA, cropped to the product, at most 300 pixels wide and high.
    """
    art = Artwork(product)
    SHAPES[product.shape](art)
    small = art.image.reduce(2)
    small = small.crop(small.getbbox())
    light = _light(product.shape in ROUND).resize(small.size, Image.Resampling.BILINEAR)
    lit = ImageChops.multiply(small.convert("RGB"), light).convert("RGBA")
    lit.putalpha(small.getchannel("A"))
    return lit


@lru_cache(maxsize=2)
def _light(round_body: bool) -> Image.Image:
    """Return the light that falls on a body, as an image to multiply with."""
    across = np.linspace(-1.0, 1.0, 128)
    if round_body:
        level = 1.0 - 0.42 * np.abs(across + 0.15) ** 2.4
        level = level + 0.05 * np.exp(-(((across + 0.5) / 0.12) ** 2))
        shade = np.tile(level, (128, 1))
    else:
        shade = 0.98 - 0.07 * (across[:, None] + across[None, :])
    grey = (np.clip(shade, 0.0, 1.0) * 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _bottle(art: Artwork) -> None:
    cap = art.design.accent
    half = 120 + 50 * art.design.option
    left, right = 300 - half, 300 + half
    if art.design.option > 0.5:
        art.draw.rectangle((288, 20, 312, 110), cap)
        art.draw.rounded_rectangle((220, 14, 330, 46), 12, cap)
        art.draw.rectangle((262, 96, 338, 130), cap)
    else:
        art.draw.rounded_rectangle((248, 40, 352, 140), 12, cap)
    art.draw.rectangle((268, 126, 332, 160), mix(art.design.body, (0, 0, 0), 0.15))
    art.body(lambda d: d.rounded_rectangle((left, 145, right, 590), 60, 255))
    art.label((left + 20, 240, right - 20, 540))


def _tube(art: Artwork) -> None:
    art.body(lambda d: d.polygon(((150, 20), (450, 20), (400, 500), (200, 500)), 255))
    art.draw.rectangle((150, 14, 450, 50), mix(art.design.body, (255, 255, 255), 0.4))
    for x in range(156, 450, 12):
        art.draw.line((x, 16, x, 48), GREY, 2)
    art.draw.rounded_rectangle((206, 496, 394, 590), 14, art.design.accent)
    art.label((198, 110, 402, 440))


def _jar(art: Artwork) -> None:
    art.body(lambda d: d.rounded_rectangle((60, 240, 540, 520), 60, 255))
    art.draw.rounded_rectangle((50, 130, 550, 250), 24, art.design.accent)
    art.draw.line((60, 190, 540, 190), mix(art.design.accent, (0, 0, 0), 0.2), 4)
    art.label((150, 262, 450, 506))


def _dropper(art: Artwork) -> None:
    art.draw.ellipse((258, 10, 342, 130), DARK)
    art.draw.rectangle((246, 104, 354, 196), art.design.accent)
    art.draw.rectangle((270, 190, 330, 230), mix(art.design.body, (0, 0, 0), 0.3))
    art.body(lambda d: d.rounded_rectangle((170, 220, 430, 590), 44, 255))
    art.label((186, 292, 414, 556))


def _pouch(art: Artwork) -> None:
    teeth_top = [(x, 40 if i % 2 else 20) for i, x in enumerate(range(80, 521, 20))]
    teeth_bottom = [(x, 560 if i % 2 else 580) for i, x in enumerate(range(520, 79, -20))]
    outline = [
        *teeth_top,
        (500, 110),
        (512, 300),
        (500, 490),
        *teeth_bottom,
        (100, 490),
        (88, 300),
        (100, 110),
    ]
    art.body(lambda d: d.polygon(outline, 255))
    edge = mix(art.design.body, (255, 255, 255), 0.45)
    art.draw.line((92, 64, 508, 64), edge, 6)
    art.draw.line((92, 536, 508, 536), edge, 6)
    art.label((130, 96, 470, 360))
    _bowl(art)


def _bowl(art: Artwork) -> None:
    """Draw the serving suggestion on a pouch: a bowl full of what is inside."""
    food = mix(art.design.accent, (250, 214, 120), 0.45)
    art.draw.ellipse((180, 380, 420, 470), (250, 248, 240), (200, 196, 188), 3)
    noodles = art.product.category.name == "instant noodles"
    for x in range(200, 380, 22):
        if noodles:
            art.draw.arc((x, 366, x + 48, 446), 150, 390, food, 9)
        else:
            art.draw.ellipse((x, 376 + x % 4 * 8, x + 44, 440), food, (120, 84, 50), 3)
    art.draw.chord((180, 350, 420, 528), 0, 180, readable_on(art.design.body))


def _can(art: Artwork) -> None:
    art.body(lambda d: d.rectangle((120, 80, 480, 540), 255))
    art.body(lambda d: d.ellipse((120, 500, 480, 580), 255))
    art.draw.ellipse((116, 40, 484, 124), GREY)
    art.draw.ellipse((136, 52, 464, 112), (206, 208, 214))
    art.label((146, 160, 454, 500))


def _box(art: Artwork) -> None:
    side = mix(art.design.body, (0, 0, 0), 0.28)
    top = mix(art.design.body, (255, 255, 255), 0.35)
    high = 90 + 120 * art.design.option
    art.draw.polygon(((460, high + 60), (560, high), (560, 520), (460, 580)), side)
    art.draw.polygon(((60, high + 60), (160, high), (560, high), (460, high + 60)), top)
    art.body(lambda d: d.rectangle((60, high + 60, 460, 580), 255))
    art.label((90, high + 84, 430, 552))


def _pack(art: Artwork) -> None:
    art.draw.arc((180, 10, 420, 150), 180, 360, art.design.accent, 26)
    art.body(lambda d: d.rounded_rectangle((60, 70, 540, 580), 70, 255))
    art.label((110, 110, 490, 370))
    face = mix(SKIN, (255, 240, 224), 0.4)
    art.draw.ellipse((220, 390, 380, 550), face)
    for x in (268, 326):
        art.draw.ellipse((x, 450, x + 12, 466), DARK)
    art.draw.arc((266, 460, 334, 514), 20, 160, (190, 80, 80), 6)
    art.draw.arc((284, 372, 330, 418), 90, 300, (110, 76, 50), 8)


def _phone_case(art: Artwork) -> None:
    art.body(lambda d: d.rounded_rectangle((160, 10, 440, 590), 48, 255))
    art.draw.rounded_rectangle((160, 10, 440, 590), 48, outline=art.design.accent, width=10)
    wide = 110 if art.design.option < 0.5 else 200
    art.draw.rounded_rectangle((190, 40, 190 + wide, 150), 28, DARK)
    for index in range(2 if wide < 150 else 3):
        x = 204 + 62 * index if wide > 150 else 224
        y = 70 if wide > 150 else 52 + 48 * index
        art.draw.ellipse((x, y, x + 44, y + 44), (90, 96, 120), (20, 20, 26), 6)
    art.ornament((210, 220, 390, 390))
    plate = art.design.paper
    art.draw.rounded_rectangle((196, 430, 404, 540), 12, plate)
    art.text(art.product.brand, (300, 454), 190, 34, art.design.ink)
    art.text(art.product.line, (300, 486), 190, 26, art.design.ink)
    art.text(art.product.traits[0].printed, (300, 516), 190, 28, art.design.ink)


def _cable(art: Artwork) -> None:
    body = art.design.body
    for index in range(4):
        inset = 26 * index
        circle = (110 + inset, 90 + inset, 490 - inset, 470 - inset)
        art.draw.ellipse(circle, outline=mix(body, (0, 0, 0), 0.08 * index), width=18)
    for x, tilt in ((150, -30), (420, 30)):
        art.draw.line((x + 10, 420, x + 10 + tilt, 520), body, 18)
        art.draw.rounded_rectangle(
            (x - 22 + tilt, 500, x + 44 + tilt, 560), 10, body, art.design.accent, 4
        )
        art.draw.rectangle((x - 8 + tilt, 560, x + 30 + tilt, 594), GREY)
    art.tag((300, 290))


def _charger(art: Artwork) -> None:
    for x in (240, 330):
        art.draw.rounded_rectangle((x, 10, x + 26, 110), 10, GREY)
    art.body(lambda d: d.rounded_rectangle((150, 90, 450, 440), 46, 255))
    art.draw.rectangle((262, 396, 338, 424), DARK)
    art.draw.line((300, 424, 300, 510, 420, 560, 560, 520), art.design.body, 18, joint="curve")
    art.draw.rectangle((540, 500, 590, 540), GREY)
    art.label((178, 130, 422, 380))


def _shirt(art: Artwork) -> None:
    outline = (
        *((210, 40), (390, 40), (470, 80), (590, 220), (500, 290), (450, 230)),
        *((450, 580), (150, 580), (150, 230), (100, 290), (10, 220), (130, 80)),
    )
    art.body(lambda d: d.polygon(outline, 255))
    art.draw.chord((220, -10, 380, 90), 0, 180, mix(art.design.body, (0, 0, 0), 0.35))
    art.ornament((220, 180, 380, 340))
    art.text(art.product.line, (300, 380), 250, 52, readable_on(art.design.body))
    art.tag((500, 470))


def _hijab(art: Artwork) -> None:
    cloth, fold = art.design.body, mix(art.design.body, (0, 0, 0), 0.22)
    art.body(
        lambda d: d.polygon(
            (
                (300, 10),
                (430, 80),
                (460, 260),
                (560, 590),
                (40, 590),
                (140, 260),
                (170, 80),
            ),
            255,
        )
    )
    art.draw.ellipse((160, 14, 440, 340), cloth)
    art.draw.ellipse((214, 80, 386, 310), SKIN)
    art.draw.chord((206, 60, 394, 190), 180, 360, fold)
    for start, end in ((210, 90), (270, 210), (330, 400), (390, 520)):
        art.draw.line((start, 320, end, 586), fold, 7)
    art.draw.polygon(
        ((190, 290), (410, 290), (330, 420), (260, 410)),
        mix(cloth, (255, 255, 255), 0.12),
    )
    art.tag((470, 500))


def _shoe(art: Artwork) -> None:
    upper = (
        (40, 430),
        (60, 200),
        (190, 180),
        (240, 250),
        (370, 340),
        (520, 380),
        (570, 430),
    )
    art.body(lambda d: d.polygon(upper, 255))
    art.draw.rounded_rectangle((26, 420, 584, 490), 30, (246, 246, 242), (170, 170, 170), 3)
    art.draw.line((30, 466, 580, 466), art.design.accent, 10)
    art.draw.polygon(((110, 410), (190, 290), (240, 310), (170, 410)), art.design.accent)
    if art.design.option > 0.5:
        art.draw.polygon(((200, 410), (270, 320), (300, 336), (240, 410)), art.design.accent)
    for index in range(5):
        x, y = 244 + 34 * index, 246 + 24 * index
        art.draw.line((x - 26, y + 34, x + 22, y), (250, 250, 250), 9)
    art.draw.ellipse((60, 176, 196, 220), DARK)
    art.tag((130, 130))


def _toy_car(art: Artwork) -> None:
    roof = ((150, 250), (220, 130), (420, 130), (490, 250))
    art.body(lambda d: d.polygon(roof, 255))
    art.body(lambda d: d.rounded_rectangle((30, 240, 570, 410), 50, 255))
    for window in (
        ((180, 244), (232, 156), (306, 156), (306, 244)),
        ((326, 244), (326, 156), (408, 156), (456, 244)),
    ):
        art.draw.polygon(window, (196, 226, 244))
    for x in (150, 440):
        art.draw.ellipse((x - 70, 340, x + 70, 480), DARK)
        art.draw.ellipse((x - 32, 378, x + 32, 442), art.design.accent)
    art.draw.ellipse((536, 276, 574, 316), (250, 226, 120))
    art.ornament((240, 264, 340, 330))
    art.text(art.product.brand, (295, 360), 130, 40, readable_on(art.design.body))
    art.tag((300, 530))


def _plush(art: Artwork) -> None:
    fur, belly = art.design.body, mix(art.design.body, (255, 255, 255), 0.5)
    for x in (150, 350):
        art.draw.ellipse((x, 20, x + 100, 120), fur)
        art.draw.ellipse((x + 24, 44, x + 76, 96), art.design.accent)
    for box in (
        (70, 320, 200, 470),
        (400, 320, 530, 470),
        (130, 480, 270, 590),
        (330, 480, 470, 590),
    ):
        art.draw.ellipse(box, mix(fur, (0, 0, 0), 0.12))
    art.body(lambda d: d.ellipse((140, 280, 460, 570), 255))
    art.draw.ellipse((200, 330, 400, 530), belly)
    art.draw.ellipse((140, 40, 460, 320), fur)
    art.draw.ellipse((220, 190, 380, 300), belly)
    for x in (222, 352):
        art.draw.ellipse((x, 140, x + 28, 172), DARK)
    art.draw.ellipse((278, 200, 322, 232), DARK)
    art.ornament((250, 350, 350, 430))
    art.tag((300, 496))


def _pan(art: Artwork) -> None:
    art.draw.line((400, 400, 580, 580), DARK, 44)
    art.draw.ellipse((20, 20, 480, 480), mix(art.design.body, (0, 0, 0), 0.3))
    art.body(lambda d: d.ellipse((50, 50, 450, 450), 255))
    art.draw.ellipse((50, 50, 450, 450), outline=art.design.accent, width=8)
    art.label((150, 130, 350, 370))


def _tumbler(art: Artwork) -> None:
    art.body(lambda d: d.polygon(((160, 130), (440, 130), (404, 590), (196, 590)), 255))
    art.draw.rounded_rectangle((146, 60, 454, 144), 22, art.design.accent)
    if art.design.option > 0.5:
        art.draw.line((330, 66, 372, 4), GREY, 18)
    else:
        art.draw.arc((230, 6, 370, 110), 180, 360, art.design.accent, 20)
    art.label((204, 210, 396, 500))


def _tape(art: Artwork) -> None:
    art.body(lambda d: d.ellipse((90, 60, 570, 540), 255))
    art.draw.ellipse((60, 60, 520, 540), mix(art.design.body, (0, 0, 0), 0.2))
    art.draw.ellipse((64, 64, 512, 536), mix(art.design.body, (255, 255, 255), 0.15))
    art.draw.ellipse((140, 140, 436, 460), (206, 170, 120))
    art.draw.ellipse((156, 156, 420, 444), art.design.paper, art.design.accent, 8)
    art.label((206, 200, 370, 404))


def _notebook(art: Artwork) -> None:
    art.draw.rounded_rectangle((120, 30, 520, 590), 14, (244, 244, 240), GREY, 3)
    art.body(lambda d: d.rounded_rectangle((100, 20, 504, 580), 14, 255))
    for y in range(44, 570, 34):
        art.draw.ellipse((84, y, 124, y + 16), outline=DARK, width=5)
    art.label((160, 150, 460, 420))


def _pens(art: Artwork) -> None:
    body, accent = art.design.body, art.design.accent
    for index in range(5):
        x = 70 + 96 * index
        art.draw.rounded_rectangle(
            (x, 40, x + 44, 500), 14, mix(body, (255, 255, 255), 0.08 * index)
        )
        art.draw.rectangle((x, 40, x + 44, 190), accent)
        art.draw.rectangle((x + 32, 60, x + 42, 220), GREY)
        art.draw.polygon(((x + 4, 500), (x + 40, 500), (x + 22, 570)), GREY)
    art.label((60, 250, 510, 450))


def _jerrycan(art: Artwork) -> None:
    art.draw.rectangle((130, 20, 240, 100), art.design.accent)
    outline = (
        (110, 90),
        (260, 90),
        (330, 40),
        (480, 60),
        (500, 140),
        (500, 590),
        (100, 590),
        (100, 130),
    )
    art.body(lambda d: d.polygon(outline, 255))
    art.draw.polygon(((350, 90), (440, 100), (450, 190), (330, 150)), (0, 0, 0, 0))
    art.label((130, 230, 470, 560))


SHAPES: dict[str, Callable[[Artwork], None]] = {
    "bottle": _bottle,
    "tube": _tube,
    "jar": _jar,
    "dropper": _dropper,
    "pouch": _pouch,
    "can": _can,
    "box": _box,
    "pack": _pack,
    "phone_case": _phone_case,
    "cable": _cable,
    "charger": _charger,
    "shirt": _shirt,
    "hijab": _hijab,
    "shoe": _shoe,
    "toy_car": _toy_car,
    "plush": _plush,
    "pan": _pan,
    "tumbler": _tumbler,
    "tape": _tape,
    "notebook": _notebook,
    "pens": _pens,
    "jerrycan": _jerrycan,
}
ROUND = frozenset({"bottle", "tube", "jar", "dropper", "can", "tumbler"})
