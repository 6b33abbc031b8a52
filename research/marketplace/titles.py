"""Titles as sellers write them: two languages, any order, promotion, typing errors, omissions."""

from __future__ import annotations

from random import Random

from research.marketplace.products import Product
from research.marketplace.sellers import Seller

COPIED = 0.1
"""Share of titles that are copied from another seller of the same product."""

USUAL = 0.65
"""Share of sellers who call a thing what most others call it."""


def write_title(product: Product, seller: Seller, rng: Random) -> tuple[str, tuple[str, ...]]:
    r"""Write one seller's title.

    Returns
    -------
    title
        The title, possibly with literal byte escapes such as ``\xe2\x9d\xa4``.
    omitted
        Kinds of traits that the title leaves out, although they are part of the product.
    """
    omitted: list[str] = []
    traits: list[str] = []
    for trait in product.traits:
        # A seller forgets what does not set the product apart more often than what does.
        if rng.random() < (0.12 if trait.kind == product.differs else 0.3):
            omitted.append(trait.kind)
        else:
            traits.append(_usual(trait.ways, f"{product.number} {trait.kind}", rng))
    if rng.random() < 0.4:
        rng.shuffle(traits)
    words = [*_core(product, rng), *traits]
    if rng.random() < 0.3:
        words += rng.sample(product.category.tags, rng.randint(1, 2))
    if rng.random() < 0.2:
        words.insert(
            rng.randrange(1, len(words) + 1),
            rng.choice(("/", "-", "|", "//", "•", "»")),
        )
    title = _case(" ".join(words), seller, rng)
    if rng.random() < 0.12:
        title = _mistype(title, rng)
    return _decorate(title, seller, rng), tuple(omitted)


def copy_title(title: str, seller: Seller, rng: Random) -> str:
    """Return another seller's title, copied as it stands or with one's own promotion added."""
    if seller.promotions and rng.random() < 0.5:
        return f"{title} {rng.choice(seller.promotions)}"
    return title


def _usual(ways: tuple[str, ...], subject: str, rng: Random) -> str:
    """Choose a way to say something: most sellers follow what is usual for that product."""
    if rng.random() < USUAL:
        return Random(f"samesku demo usual {subject}").choice(ways)
    return rng.choice(ways)


def _core(product: Product, rng: Random) -> list[str]:
    """Return brand, line and noun in one seller's order, one of them at most left out."""
    noun = _usual(product.nouns, f"{product.family} noun", rng)
    other = rng.choice(product.nouns)
    forgotten = rng.random()
    brand = "" if forgotten < 0.06 else product.brand
    line = "" if 0.06 <= forgotten < 0.12 else product.line
    noun = "" if 0.12 <= forgotten < 0.2 else noun
    orders = ((brand, line, noun), (noun, brand, line), (brand, noun, line))
    core = [word for word in rng.choice(orders) if word]
    if other != noun and rng.random() < 0.3:
        core.append(f"/ {other}" if rng.random() < 0.4 else other)
    if rng.random() < 0.06:
        core.append(f"({product.brand})")
    return core


def _case(text: str, seller: Seller, rng: Random) -> str:
    style = seller.case
    if style == "mixed":
        style = rng.choice(("title", "upper", "lower"))
    if style == "upper":
        return text.upper()
    if style == "lower":
        return text.lower()
    return " ".join(
        word if word[:1].isdigit() else word[:1].upper() + word[1:] for word in text.split()
    )


def _mistype(text: str, rng: Random) -> str:
    """Drop, double or swap one letter inside a word."""
    words = text.split(" ")
    long_words = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if not long_words:
        return text
    index = rng.choice(long_words)
    word = words[index]
    at = rng.randrange(1, len(word) - 2)
    words[index] = rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )
    return " ".join(words)


def _decorate(title: str, seller: Seller, rng: Random) -> str:
    """Add what is about the shop and not about the product."""
    for promotion in seller.promotions:
        if rng.random() < 0.5:
            framed = rng.choice((promotion, promotion, f"[{promotion}]", f"({promotion})"))
            title = f"{framed} {title}" if rng.random() < 0.4 else f"{title} {framed}"
            if rng.random() < 0.1:
                title += "!!"
    if seller.code and rng.random() < 0.7:
        title = f"{title} {seller.code}{rng.randint(10, 999)}"
    if seller.emoji and rng.random() < 0.7:
        title = f"{seller.emoji} {title} {seller.emoji if rng.random() < 0.5 else ''}".strip()
    if seller.escapes and not title.isascii():
        return _escape(title, rng)
    return title


def _escape(title: str, rng: Random) -> str:
    """Spell non-ASCII letters as a listing tool's byte escapes, now and then as a whole literal."""
    literal = repr(title.encode())
    return literal if rng.random() < 0.3 else literal[2:-1]
