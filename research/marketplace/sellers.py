"""The sellers of the demo marketplace: each has habits that show in every posting."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from research.marketplace.traits import RGB

SHOP_WORDS = (
    "toko",
    "jaya",
    "grosir",
    "store",
    "shop",
    "mart",
    "official",
    "jkt",
    "olshop",
    "id",
)
SHOP_NAMES = (
    *(
        "berkah",
        "mulia",
        "sinar",
        "cahaya",
        "rezeki",
        "makmur",
        "anugrah",
        "melati",
        "kencana",
    ),
    *(
        "bintang",
        "pelangi",
        "mutiara",
        "lestari",
        "sentosa",
        "harapan",
        "permata",
        "amanah",
    ),
)
PROMOTIONS = (
    *(
        "READY STOCK",
        "ORIGINAL",
        "PROMO",
        "COD",
        "murah",
        "grosir",
        "TERMURAH",
        "best seller",
    ),
    *(
        "ori 100%",
        "bisa COD",
        "GRATIS ONGKIR",
        "sale",
        "terlaris",
        "asli",
        "DISKON",
        "new",
        "viral",
    ),
    *(
        "garansi",
        "FLASH SALE",
        "harga grosir",
        "ready",
        "bayar di tempat",
        "import",
        "termurah",
    ),
)
EMOJI = ("❤", "⭐", "🔥", "✅", "💯", "🎁", "✨", "🇮🇩")
BANNER_COLOURS: tuple[RGB, ...] = (
    *((214, 32, 40), (240, 110, 30), (24, 92, 180), (18, 132, 78), (250, 208, 30)),
    *((120, 40, 140), (24, 24, 28), (236, 80, 140)),
)
BACKGROUNDS = ("paper", "wood", "cloth", "tiles", "table", "gradient")


@dataclass(frozen=True)
class Seller:
    """One shop and its habits.

    Attributes
    ----------
    name
        The shop's name, also its watermark and the posting's ``source``.
    case
        ``"title"``, ``"upper"``, ``"lower"`` or ``"mixed"``.
    promotions
        Promotional words that this shop adds; may be empty.
    code
        Prefix of the shop's own article numbers, or empty.
    emoji
        Its favourite pictograph, or empty.
    escapes
        Its listing tool writes non-ASCII text as literal byte escapes.
    steals
        Share of its photos that are the catalogue's rather than its own.
    background
        Where it takes its own photos.
    banner
        Colour of its promotional banners.
    price
        Its prices, relative to the catalogue's.
    """

    name: str
    case: str
    promotions: tuple[str, ...]
    code: str
    emoji: str
    escapes: bool
    steals: float
    background: str
    banner: RGB
    price: float


def draw_seller(number: int, seed: int) -> Seller:
    """Return seller ``number`` of the marketplace with this seed."""
    rng = Random(f"samesku demo {seed} seller {number}")
    words = (rng.choice(SHOP_NAMES), rng.choice(SHOP_WORDS))
    name = "".join(words if rng.random() < 0.5 else reversed(words)) + str(number)
    habits = rng.choices((0, 1, 2, 3, 4), (45, 27, 16, 8, 4))[0]
    return Seller(
        name=name,
        case=rng.choices(("title", "upper", "lower", "mixed"), (50, 18, 16, 16))[0],
        promotions=tuple(rng.sample(PROMOTIONS, habits)),
        code=rng.choice(("SKU", "MG", "AX", "BR", "KD")) if rng.random() < 0.1 else "",
        emoji=rng.choice(EMOJI) if rng.random() < 0.1 else "",
        escapes=rng.random() < 0.35,
        steals=rng.choice((0.0, 0.5, 0.7, 0.9, 1.0, 1.0)),
        background=rng.choice(BACKGROUNDS),
        banner=rng.choice(BANNER_COLOURS),
        price=0.85 + 0.35 * rng.random(),
    )
