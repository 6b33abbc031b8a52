"""Products of the demo catalogue, generated in families of look-alikes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from research.marketplace.categories import CATEGORIES, Category
from research.marketplace.traits import Trait

FAMILY_SIZES = {1: 64, 2: 20, 3: 9, 4: 5, 5: 2}
"""How many variants a family has, and how often (per cent)."""

SINGLETON_SHARE = 0.26
"""Share of products that one seller alone offers: about 10% of all postings."""

GROUP_SIZES = {2: 62, 3: 17, 4: 8, 5: 4.5}
"""How many postings a product with matches has, and how often (per cent); the rest is the tail."""

LARGEST_GROUP = 50

MODEL_NUMBERS = 0.4
"""Share of families whose line name carries a model number."""

BRAND_STARTS = (
    *(
        "Kiro",
        "Velu",
        "Saba",
        "Mory",
        "Tiko",
        "Lune",
        "Zari",
        "Nuvo",
        "Pado",
        "Wira",
        "Beno",
    ),
    *(
        "Fali",
        "Gima",
        "Jova",
        "Raso",
        "Ondu",
        "Hevi",
        "Celo",
        "Dory",
        "Yumi",
        "Brisa",
        "Tarra",
    ),
)
BRAND_ENDS = (
    *(
        "nela",
        "zenta",
        "lux",
        "dara",
        "mika",
        "vora",
        "tani",
        "qua",
        "sari",
        "ren",
        "belle",
    ),
    *(
        "max",
        "tiva",
        "dent",
        "mint",
        "noa",
        "ko",
        "prima",
        "fera",
        "way",
        "lindo",
        "zo",
    ),
)


@dataclass(frozen=True)
class Product:
    """One product: every posting of it offers the same thing.

    ``differs`` names the kind of trait in which it differs from the other products of its
    family (empty when it has no look-alikes); ``line`` and ``brand`` are invented.
    """

    number: int
    family: int
    category: Category
    shape: str
    brand: str
    line: str
    nouns: tuple[str, ...]
    traits: tuple[Trait, ...]
    differs: str
    price: int
    postings: int

    @property
    def name(self) -> str:
        """The full name, as the maker would write it."""
        words = [
            self.brand,
            self.line,
            self.nouns[0],
            *(trait.printed for trait in self.traits),
        ]
        return " ".join(words)


def draw_families(postings: int, seed: int) -> list[list[Product]]:
    """Return families of products which together have exactly ``postings`` postings.

    Parameters
    ----------
    postings
        How many postings the marketplace has; at least 2.
    seed
        Same seed, same products. A family depends on the seed and the families before it only
        through the number of products and the names already taken.
    """
    families: list[list[Product]] = []
    taken: set[tuple[str, str, str]] = set()
    left, number = postings, 0
    largest = min(LARGEST_GROUP, max(2, postings // 4))
    brands = max(4, postings // 300)
    while left:
        rng = Random(f"samesku demo {seed} family {len(families)}")
        sizes = _group_sizes(rng, left, largest)
        family = _draw_family(rng, number, len(families), sizes, taken, brands)
        families.append(family)
        number += len(family)
        left -= sum(product.postings for product in family)
    return families


def _group_sizes(rng: Random, left: int, largest: int) -> list[int]:
    """Draw how many postings each product of a family has, ``left`` at most in sum."""
    sizes: list[int] = []
    variants = rng.choices(list(FAMILY_SIZES), list(FAMILY_SIZES.values()))[0]
    while len(sizes) < variants and left:
        size = min(left, 1 if rng.random() < SINGLETON_SHARE else _group_size(rng, largest))
        sizes.append(size)
        left -= size
    return sizes


def _group_size(rng: Random, largest: int) -> int:
    """Draw a group size of 2 or more: mostly 2 to 4, with a tail like a power law's."""
    tail = 100.0 - sum(GROUP_SIZES.values())
    size = rng.choices([*GROUP_SIZES, 0], [*GROUP_SIZES.values(), tail])[0]
    return min(largest, size or int(6 * (1 - rng.random()) ** -0.75))


def _draw_family(
    rng: Random,
    number: int,
    family: int,
    sizes: list[int],
    taken: set[tuple[str, str, str]],
    brands: int,
) -> list[Product]:
    while True:
        category = rng.choice(CATEGORIES)
        type_index = rng.randrange(len(category.nouns))
        nouns = category.nouns[type_index]
        brand = _brand(category, rng.randrange(brands))
        line = rng.choice(category.lines)
        if rng.random() < MODEL_NUMBERS:
            line += f" {rng.choice('ABDEGKRTX')}{rng.randrange(2, 99)}"
        if (brand, line, nouns[0]) not in taken:
            taken.add((brand, line, nouns[0]))
            break
        brands += 1
    # One type of a brand's products keeps one shape: every line of it looks related.
    shape = category.shapes[type_index % len(category.shapes)]
    differing = rng.randrange(len(category.traits))
    values = category.traits[differing]
    # Neighbouring values (400 g and 800 g) are likelier in one family than distant ones.
    first = rng.randrange(len(values))
    rotated = values[first:] + values[:first]
    shared = [rng.choice(other) for other in category.traits]
    low, high = category.price
    price = round(low * (high / low) ** rng.random())
    kind = values[0].kind if min(len(sizes), len(rotated)) > 1 else ""
    return [
        Product(
            number=number + index,
            family=family,
            category=category,
            shape=shape,
            brand=brand,
            line=line,
            nouns=nouns,
            traits=(*shared[:differing], trait, *shared[differing + 1 :]),
            differs=kind,
            price=round(price * (1 + 0.25 * index)),
            postings=size,
        )
        for index, (trait, size) in enumerate(zip(rotated, sizes, strict=False))
    ]


def _brand(category: Category, index: int) -> str:
    """Return the ``index``-th brand of a category; the same in every marketplace."""
    rng = Random(f"samesku demo brand {category.name} {index}")
    return rng.choice(BRAND_STARTS) + rng.choice(BRAND_ENDS)
