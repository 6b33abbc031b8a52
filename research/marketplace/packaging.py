"""How a product's packaging is designed: colours, pattern, label and printed text."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import cast

from PIL import Image, ImageDraw, ImageFont

from research.marketplace.products import Product
from research.marketplace.traits import RGB

SIDE = 600
"""Side of the square on which products are drawn, in pixels; shapes use these coordinates."""

Box = tuple[float, float, float, float]

PALETTES: tuple[tuple[RGB, RGB, RGB], ...] = (
    # body, accent, label paper
    ((228, 240, 246), (24, 116, 176), (255, 255, 255)),
    ((250, 232, 214), (214, 92, 40), (255, 250, 240)),
    ((212, 234, 214), (32, 112, 62), (250, 255, 246)),
    ((246, 216, 226), (190, 44, 104), (255, 248, 250)),
    ((60, 66, 84), (226, 182, 76), (244, 240, 228)),
    ((250, 224, 120), (192, 38, 34), (255, 252, 230)),
    ((190, 30, 44), (250, 214, 90), (255, 246, 236)),
    ((40, 96, 168), (250, 176, 40), (244, 250, 255)),
    ((232, 226, 244), (104, 66, 160), (252, 250, 255)),
    ((120, 190, 186), (14, 84, 96), (246, 255, 254)),
    ((244, 238, 226), (134, 92, 54), (255, 253, 248)),
    ((34, 120, 84), (244, 224, 120), (250, 252, 238)),
)
PATTERNS = (
    "plain",
    "stripes",
    "diagonal",
    "dots",
    "waves",
    "half",
    "rays",
    "band",
    "checks",
)
ORNAMENTS = ("leaf", "drop", "star", "sun", "ring", "hearts", "bubbles", "mountain")
LABELS = ("panel", "oval", "bare", "ribbon")


@dataclass(frozen=True)
class Design:
    """The look of one product; look-alikes of a family share all but what differs."""

    body: RGB
    accent: RGB
    paper: RGB
    ink: RGB
    pattern: str
    ornament: str
    label: str
    scale: float
    option: float


@lru_cache(maxsize=256)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's bundled font in a size in pixels."""
    # With a size, Pillow never falls back to its bitmap font: it raises ImportError instead.
    return cast("ImageFont.FreeTypeFont", ImageFont.load_default(size))


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """Return ``first`` with ``share`` (0 to 1) of ``second`` mixed in."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def readable_on(paper: RGB) -> RGB:
    """Return an ink that can be read on a paper colour."""
    return (250, 250, 250) if sum(paper) < 380 else (36, 34, 40)


def design_of(product: Product) -> Design:
    """Design a product: a brand has a taste, a family an own design, a variant its colour."""
    brand = Random(f"samesku demo design {product.brand} {product.category.name}")
    family = Random(f"{product.brand} {product.line} {product.nouns[0]}")
    palette = brand.randrange(len(PALETTES))
    if family.random() < 0.65:
        palette = family.randrange(len(PALETTES))
    body, accent, paper = PALETTES[palette]
    body = mix(body, PALETTES[family.randrange(len(PALETTES))][0], 0.35 * family.random())
    for trait in product.traits:
        if trait.kind == "colour" and trait.rgb:
            body = trait.rgb
            accent = accent if _distance(accent, body) > 120 else readable_on(body)
        elif trait.kind == "flavour" and trait.rgb:
            accent = trait.rgb
    return Design(
        body=body,
        accent=accent,
        paper=paper,
        ink=readable_on(paper),
        pattern=family.choice(PATTERNS),
        ornament=family.choice(ORNAMENTS),
        label=brand.choice(LABELS) if family.random() < 0.5 else family.choice(LABELS),
        scale=0.85 + 0.3 * family.random(),
        option=family.random(),
    )


def _distance(first: RGB, second: RGB) -> int:
    return sum(abs(a - b) for a, b in zip(first, second, strict=True))


class Artwork:
    """A transparent square on which one product is drawn.

    Parameters
    ----------
    product
        The product whose packaging is drawn.
    """

    def __init__(self, product: Product) -> None:
        self.product = product
        self.design = design_of(product)
        self.image = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def body(
        self, outline: Callable[[ImageDraw.ImageDraw], None], colour: RGB | None = None
    ) -> None:
        """Fill what ``outline`` draws (in ink 255) with the design's pattern."""
        mask = Image.new("L", (SIDE, SIDE), 0)
        outline(ImageDraw.Draw(mask))
        box = mask.getbbox()
        if box is not None:
            paint = self._pattern(box, colour or self.design.body)
            self.image.paste(paint.convert("RGBA"), box[:2], mask.crop(box))

    def _pattern(self, box: tuple[int, int, int, int], base: RGB) -> Image.Image:
        wide, high = box[2] - box[0], box[3] - box[1]
        image = Image.new("RGB", (wide, high), base)
        draw = ImageDraw.Draw(image)
        design = self.design
        ink = mix(base, design.accent, 0.55)
        step = int(52 * design.scale)
        if design.pattern == "stripes":
            for x in range(step // 2, wide, step):
                draw.rectangle((x, 0, x + step // 3, high), ink)
        elif design.pattern == "diagonal":
            for x in range(-high, wide, step):
                draw.line((x, high, x + high, 0), ink, step // 3)
        elif design.pattern == "dots":
            for row, y in enumerate(range(0, high + step, step)):
                for x in range(-(row % 2) * step // 2, wide + step, step):
                    draw.ellipse((x, y, x + step // 3, y + step // 3), ink)
        elif design.pattern == "waves":
            for y in range(0, high, step):
                points = [
                    (x, y + step / 4 * math.sin(x / step * 3)) for x in range(0, wide + 12, 12)
                ]
                draw.line(points, ink, step // 4)
        elif design.pattern == "half":
            draw.polygon(
                ((0, high * 0.62), (wide, high * 0.4), (wide, high), (0, high)),
                design.accent,
            )
        elif design.pattern == "rays":
            for angle in range(0, 360, 30):
                draw.pieslice((-wide, -high, 2 * wide, 2 * high), angle, angle + 15, ink)
        elif design.pattern == "band":
            draw.rectangle((0, high * 0.72, wide, high * 0.9), design.accent)
            draw.rectangle((0, high * 0.06, wide, high * 0.12), design.accent)
        elif design.pattern == "checks":
            for row, y in enumerate(range(0, high, step)):
                for x in range((row % 2) * step, wide, 2 * step):
                    draw.rectangle((x, y, x + step, y + step), mix(base, design.accent, 0.25))
        return image

    def text(
        self, text: str, centre: tuple[float, float], wide: float, size: int, ink: RGB
    ) -> None:
        """Print one line around ``centre``, made smaller until it is ``wide`` pixels at most."""
        width = font(size).getlength(text)
        fitted = max(12, min(size, int(size * wide / max(width, 1.0))))
        bold = fitted // 22
        self.draw.text(
            centre,
            text,
            ink,
            font(fitted),
            anchor="mm",
            stroke_width=bold,
            stroke_fill=ink,
        )

    def label(self, box: Box) -> None:
        """Print the label: brand, line, noun, ornament and what comes in it."""
        design, product = self.design, self.product
        left, top, right, bottom = box
        wide, high, middle = right - left, bottom - top, (left + right) / 2
        ink, brand_ink = design.ink, design.accent
        if design.label == "panel":
            self.draw.rounded_rectangle(box, 14, design.paper, design.accent, 4)
        elif design.label == "oval":
            self.draw.ellipse(
                (left - 8, top - 8, right + 8, bottom + 8),
                design.paper,
                design.accent,
                5,
            )
        elif design.label == "ribbon":
            self.draw.rectangle((left - 4, top, right + 4, top + high * 0.34), design.accent)
            self.draw.rectangle((left, top + high * 0.34, right, bottom), design.paper)
            brand_ink = readable_on(design.accent)
        else:
            self.draw.rectangle((left, top + high * 0.06, right, bottom), design.paper)
        if sum(brand_ink) > 560 and design.label != "ribbon":
            brand_ink = ink
        fit = wide * (0.72 if design.label == "oval" else 0.9)
        self.text(product.brand, (middle, top + high * 0.2), fit, int(high * 0.22), brand_ink)
        self.text(product.line, (middle, top + high * 0.43), fit, int(high * 0.13), ink)
        self.text(product.nouns[0], (middle, top + high * 0.57), fit, int(high * 0.1), ink)
        self.ornament(
            (
                middle - high * 0.12,
                top + high * 0.63,
                middle + high * 0.12,
                top + high * 0.81,
            )
        )
        printed = "  ".join(trait.printed for trait in product.traits)
        self.text(printed, (middle, top + high * 0.89), fit, int(high * 0.12), ink)

    def ornament(self, box: Box) -> None:
        """Draw the design's emblem inside a box."""
        left, top, right, bottom = box
        middle, centre = (left + right) / 2, (top + bottom) / 2
        radius = min(right - left, bottom - top) / 2
        ink, draw = self.design.accent, self.draw
        kind = self.design.ornament
        if kind == "leaf":
            draw.chord(
                (middle - radius, top, middle + radius * 1.4, bottom + radius),
                180,
                300,
                ink,
            )
            draw.chord(
                (middle - radius * 1.4, top, middle + radius, bottom + radius),
                240,
                360,
                ink,
            )
        elif kind == "drop":
            draw.polygon(
                ((middle, top), (middle + radius, centre), (middle - radius, centre)),
                ink,
            )
            draw.pieslice((middle - radius, centre - radius, middle + radius, bottom), 0, 180, ink)
        elif kind in ("star", "sun"):
            spikes, inner = (5, 0.42) if kind == "star" else (12, 0.7)
            points = []
            for spike in range(2 * spikes):
                angle = math.pi * spike / spikes - math.pi / 2
                reach = radius * (inner if spike % 2 else 1.0)
                points.append((middle + reach * math.cos(angle), centre + reach * math.sin(angle)))
            draw.polygon(points, ink)
        elif kind == "ring":
            circle = (
                middle - radius,
                centre - radius,
                middle + radius,
                centre + radius,
            )
            draw.ellipse(circle, outline=ink, width=max(2, int(radius / 3)))
        elif kind == "hearts":
            half = radius / 2
            for x in (middle - half, middle + half):
                draw.ellipse((x - half, centre - radius, x + half, centre), ink)
            below = centre - half * 0.7
            draw.polygon(
                ((middle - radius, below), (middle + radius, below), (middle, bottom)),
                ink,
            )
        elif kind == "bubbles":
            for x, y, part in ((-0.5, 0.2, 0.6), (0.5, -0.3, 0.45), (0.4, 0.6, 0.3)):
                x, y, part = middle + x * radius, centre + y * radius, part * radius
                draw.ellipse((x - part, y - part, x + part, y + part), ink)
        else:
            draw.polygon(
                (
                    (left, bottom),
                    (middle - radius * 0.2, top),
                    (middle + radius, bottom),
                ),
                ink,
            )

    def tag(self, centre: tuple[float, float]) -> None:
        """Hang a paper tag with brand and traits on goods that carry no label."""
        x, y = centre
        wide = 92
        self.draw.line((x, y - 60, x, y - 120), (120, 110, 100), 4)
        self.draw.rounded_rectangle(
            (x - wide, y - 64, x + wide, y + 64), 12, (252, 250, 244), (90, 86, 80), 3
        )
        self.text(self.product.brand, (x, y - 36), 2 * wide - 20, 40, (40, 38, 44))
        self.text(self.product.line, (x, y - 2), 2 * wide - 24, 28, (70, 66, 70))
        printed = "  ".join(trait.printed for trait in self.product.traits)
        self.text(printed, (x, y + 34), 2 * wide - 24, 32, (40, 38, 44))
