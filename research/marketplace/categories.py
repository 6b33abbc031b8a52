"""The category templates from which the catalogue's products are generated."""

from __future__ import annotations

from dataclasses import dataclass

from research.marketplace.traits import Trait, width
from research.marketplace.values import (
    COLOURS,
    FLAVOURS,
    MODELS,
    SCENTS,
    SHADES,
    SWEETS,
    counts,
    lengths,
    masses,
    volumes,
    wears,
)


@dataclass(frozen=True)
class Category:
    """A template: what products of one category are called, look like and come in.

    Attributes
    ----------
    name
        The category in plain English.
    shapes
        Names of drawing functions in :mod:`research.marketplace.shapes`.
    nouns
        One tuple per type of product: its names in both languages.
    lines
        What brands call their lines.
    traits
        One tuple per property: its values. A family of look-alikes differs in one of them.
    tags
        Words that sellers add because buyers search for them.
    price
        Lowest and highest catalogue price in rupiah.
    """

    name: str
    shapes: tuple[str, ...]
    nouns: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...]
    traits: tuple[tuple[Trait, ...], ...]
    tags: tuple[str, ...]
    price: tuple[int, int]


CATEGORIES = (
    Category(
        "skincare",
        ("tube", "jar", "bottle"),
        (
            ("sabun muka", "facial wash", "face cleanser"),
            ("pelembab wajah", "moisturizer", "moisturizing cream"),
            ("tabir surya", "sunscreen", "sunblock gel"),
            ("masker wajah", "clay mask", "face mask"),
        ),
        (
            "Acne Care",
            "Bright White",
            "Hydra Boost",
            "Aqua Calm",
            "Age Renew",
            "Pore Clear",
            "Daily",
        ),
        (masses(30, 50, 60, 100), SCENTS),
        ("skincare", "perawatan wajah", "kulit berminyak", "glowing", "BPOM"),
        (25_000, 160_000),
    ),
    Category(
        "serum",
        ("dropper",),
        (
            ("serum wajah", "face serum", "facial serum"),
            ("essence", "essence wajah", "ampoule"),
        ),
        (
            "Niacin 10",
            "Retinol B5",
            "Vitamin C",
            "Snail Repair",
            "Peptide",
            "Salicyl",
            "Hyaluron",
        ),
        (volumes(10, 20, 30, 50),),
        ("skincare", "anti aging", "jerawat", "flek hitam", "BPOM"),
        (40_000, 250_000),
    ),
    Category(
        "make-up",
        ("jar", "tube"),
        (
            ("bedak padat", "compact powder", "two way cake"),
            ("alas bedak", "foundation", "bb cream"),
        ),
        ("Matte Fit", "Velvet Skin", "Flawless", "Nude Touch", "Satin Glow"),
        (SHADES, masses(12, 20, 30)),
        ("makeup", "kosmetik", "tahan lama", "cantik", "BPOM"),
        (30_000, 180_000),
    ),
    Category(
        "shampoo",
        ("bottle",),
        (
            ("shampo", "shampoo", "sampo rambut"),
            ("kondisioner", "conditioner", "hair conditioner"),
            ("sabun mandi cair", "body wash", "shower gel"),
        ),
        (
            "Hair Fall",
            "Anti Ketombe",
            "Smooth Silk",
            "Herbal",
            "Total Fresh",
            "Keratin",
            "Men Cool",
        ),
        (volumes(90, 170, 340, 650), SCENTS),
        ("perawatan rambut", "hair care", "rambut rontok", "keluarga"),
        (12_000, 75_000),
    ),
    Category(
        "instant noodles",
        ("pouch",),
        (
            ("mie instan", "instant noodle", "mi instan"),
            ("bihun instan", "rice vermicelli", "bihun"),
        ),
        ("Goreng", "Kuah", "Jumbo", "Nusantara", "Spesial", "Ramen", "Cup Mie"),
        (FLAVOURS, masses(65, 85, 120), counts("pcs", 5, 10, 40)),
        ("makanan", "mie", "halal", "kardus", "sembako"),
        (3_000, 110_000),
    ),
    Category(
        "snacks",
        ("pouch", "box"),
        (
            ("keripik kentang", "potato chips", "kripik kentang"),
            ("keripik singkong", "cassava chips", "kripik singkong"),
            ("kacang panggang", "roasted peanuts", "kacang oven"),
            ("biskuit", "biscuit", "cookies"),
        ),
        (
            "Crunchy",
            "Original",
            "Krezz",
            "Balado",
            "Family Pack",
            "Kampung",
            "Mini Bites",
        ),
        (masses(60, 75, 150, 250, 500), FLAVOURS),
        ("snack", "cemilan", "camilan", "halal", "oleh oleh"),
        (6_000, 45_000),
    ),
    Category(
        "milk powder",
        ("can", "box"),
        (
            ("susu bubuk", "milk powder", "susu formula"),
            ("susu pertumbuhan", "growing up milk", "susu anak"),
        ),
        ("Gold 1+", "Gold 3+", "Junior", "Smart", "Soya", "Platinum", "Mama"),
        (masses(200, 400, 800, 1600), SWEETS),
        ("bayi", "balita", "nutrisi", "exp lama"),
        (35_000, 330_000),
    ),
    Category(
        "coffee",
        ("box", "pouch", "jar"),
        (
            ("kopi bubuk", "ground coffee", "kopi"),
            ("kopi susu", "milk coffee", "white coffee"),
        ),
        ("Toraja", "Gayo", "Robusta", "Arabika", "Tubruk", "Mocca", "Gula Aren"),
        (counts("sachet", 5, 10, 20), masses(100, 165, 250, 500)),
        ("minuman", "kopi asli", "sachet", "halal"),
        (9_000, 120_000),
    ),
    Category(
        "diapers",
        ("pack",),
        (("popok bayi", "baby diaper", "popok celana", "pampers celana"),),
        ("Dry Soft", "Comfort Pants", "Night Guard", "Premium", "Slim", "Newborn Care"),
        (counts("pcs", 10, 20, 30, 44, 60), wears("S M L XL XXL")),
        ("bayi", "newborn", "perlengkapan bayi", "balita"),
        (18_000, 150_000),
    ),
    Category(
        "phone cases",
        ("phone_case",),
        (
            ("casing hp", "phone case", "case"),
            ("softcase", "soft case", "silikon case", "kondom hp"),
            ("hardcase", "hard case", "armor case"),
        ),
        ("Carbon", "Candy", "Matte Slide", "Glitter", "Anti Crack", "Fuze", "Marble"),
        (MODELS, COLOURS),
        ("aksesoris hp", "pelindung", "camera protect", "handphone"),
        (9_000, 65_000),
    ),
    Category(
        "cables and chargers",
        ("cable", "charger"),
        (
            ("kabel data", "data cable", "usb cable"),
            ("charger hp", "charger set", "kepala charger + kabel"),
        ),
        ("Fast 2A", "Quick 3A", "Nylon", "Turbo", "Flexi", "Magnet"),
        (lengths(30, 100, 150, 200, 300), COLOURS),
        ("type c", "micro usb", "fast charging", "garansi", "aksesoris hp"),
        (10_000, 90_000),
    ),
    Category(
        "hijab",
        ("hijab",),
        (
            (
                "hijab segi empat",
                "square hijab",
                "kerudung segiempat",
                "jilbab segi empat",
            ),
            ("pashmina", "hijab pashmina", "shawl"),
            ("bergo", "hijab instan", "jilbab instan"),
        ),
        ("Voal", "Ceruty", "Bella", "Diamond", "Jersey", "Maryam", "Plisket"),
        (COLOURS, wears("S M L")),
        ("kerudung", "muslimah", "fashion muslim", "bahan adem"),
        (12_000, 85_000),
    ),
    Category(
        "shirts",
        ("shirt",),
        (
            ("kaos distro", "t-shirt", "tshirt pria", "baju kaos"),
            ("kaos wanita", "women tee", "atasan wanita"),
            ("kemeja pria", "mens shirt", "kemeja"),
        ),
        ("Basic", "Oversize", "Vintage", "Wave", "Sport Dry", "Kanji", "Street"),
        (wears("S M L XL XXL"), COLOURS),
        ("cotton combed 30s", "pria wanita", "fashion", "lengan pendek"),
        (28_000, 140_000),
    ),
    Category(
        "shoes",
        ("shoe",),
        (
            ("sepatu sneakers", "sneakers", "sepatu kets"),
            ("sepatu lari", "running shoes", "sepatu olahraga"),
        ),
        ("Runner", "Street Low", "Airwalkz", "Casual", "Canvas", "Flex"),
        (wears("37 38 39 40 41 42 43"), COLOURS),
        ("pria", "wanita", "sekolah", "import", "fashion"),
        (70_000, 380_000),
    ),
    Category(
        "toys",
        ("toy_car", "plush", "box"),
        (
            ("mainan mobil", "toy car", "mobil mobilan"),
            ("boneka beruang", "teddy bear", "boneka"),
            ("mainan balok", "building blocks", "puzzle balok"),
        ),
        ("Speedy", "Happy Zoo", "City", "Edukasi", "Mini", "Jumbo", "Turbo"),
        (COLOURS, lengths(15, 25, 40, 60)),
        ("mainan anak", "kado", "hadiah", "edukatif", "SNI"),
        (15_000, 150_000),
    ),
    Category(
        "pans",
        ("pan",),
        (("wajan anti lengket", "frying pan", "penggorengan", "teflon"),),
        ("Granite", "Chef", "Marble", "Sakura", "Stainless", "Eco", "Classic"),
        (lengths(16, 20, 24, 28), COLOURS),
        ("peralatan dapur", "alat masak", "rumah tangga", "anti karat"),
        (30_000, 230_000),
    ),
    Category(
        "drinking bottles",
        ("tumbler",),
        (
            ("botol minum", "drinking bottle", "tumbler"),
            ("termos", "vacuum flask", "thermos"),
        ),
        ("Sport", "Pastel", "Adventure", "Kantor", "Stainless", "Eco", "Classic"),
        (volumes(350, 500, 750, 1000), COLOURS),
        ("peralatan dapur", "bpa free", "tahan panas", "anti bocor"),
        (25_000, 180_000),
    ),
    Category(
        "tape",
        ("tape",),
        (
            ("lakban", "packing tape", "isolasi"),
            ("double tape", "doubletape", "perekat bolak balik"),
        ),
        ("Extra Strong", "Office", "Clear", "Super", "Kraft", "Pro"),
        (
            tuple(width(w) for w in (12, 24, 36, 48)),
            counts("pcs", 1, 3, 6, 12),
            COLOURS,
        ),
        ("alat tulis", "ATK", "perekat", "packing"),
        (5_000, 60_000),
    ),
    Category(
        "stationery",
        ("pens", "notebook"),
        (
            ("pulpen gel", "gel pen", "bolpoin"),
            ("buku tulis", "notebook", "buku catatan"),
        ),
        ("Smooth", "Office", "Exam", "Kawaii", "Student", "Pro"),
        (counts("pcs", 3, 6, 10, 12), COLOURS),
        ("alat tulis", "ATK", "kantor", "sekolah"),
        (8_000, 70_000),
    ),
    Category(
        "motor oil",
        ("jerrycan",),
        (
            ("oli motor", "motor oil", "pelumas mesin"),
            ("oli mesin matic", "scooter oil", "oli matic"),
        ),
        ("10W-30", "10W-40", "20W-50", "Matic", "Racing", "Full Synthetic"),
        (volumes(650, 800, 1000, 4000),),
        ("oli", "4T", "mesin", "sparepart"),
        (35_000, 320_000),
    ),
)
