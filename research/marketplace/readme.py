"""The ``README.txt`` that explains a drawn marketplace to the person who opens its folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from research.marketplace.products import Product

FIRST_LINE = "A marketplace drawn by samesku"

TEXT = """\
{first_line}
{underline}

Nothing here is real: {postings} postings of {products} invented products by simulated sellers,
drawn with seed {seed}. The same seed draws the same marketplace again, byte for byte.

What lies here
  train.csv      one line per posting: posting_id, image, title, label_group, price, brand, source
                 (the seller). Postings with one label_group offer the same product.
  train_images/  the photos that train.csv names.
  truth.csv      what a matcher must not see, one line per posting: the product's full name, its
                 category, its family of look-alikes and what it differs in, how the photo came
                 about, and which properties the title leaves out.

Groups
  {groups} products have 2 to {largest} postings; {singletons} products have one posting
  and no match at all, as real catalogues do.

Look-alikes
  {lookalikes} products belong to families whose members differ in one property only. Their
  packaging is drawn alike except for what is printed on it or the colour, and sellers now and then
  leave that very property out of the title, or show a look-alike's photo.
{kinds}
  truth.csv: `family` is shared by look-alikes, `variant_of` names the label_group of the family's
  first product, `differs_in` and `value` say what sets this one apart.

Photos
{photos}
  The files that cannot be read, and the images that are named but missing, are meant to be there:
  real catalogues have them. Find them by the column `photo` of truth.csv.
"""


def describe(products: Sequence[Product], photos: Sequence[str], postings: int, seed: int) -> str:
    """Return the text of a marketplace's ``README.txt``.

    Parameters
    ----------
    products
        All products.
    photos
        How each posting's photo came about, such as ``"own shot: 1 unit on wood"``.
    postings, seed
        What the marketplace was drawn with.
    """
    kinds = Counter(product.differs for product in products if product.differs)
    sources = Counter(photo.partition(":")[0].partition(",")[0] for photo in photos)
    names = {
        "none named": "no photo at all",
        "named": "an image named, but no such file",
    }
    return TEXT.format(
        first_line=FIRST_LINE,
        underline="=" * len(FIRST_LINE),
        postings=postings,
        products=len(products),
        seed=seed,
        groups=sum(product.postings > 1 for product in products),
        largest=max(product.postings for product in products),
        singletons=sum(product.postings == 1 for product in products),
        lookalikes=sum(kinds.values()),
        kinds=_table({f"differ in {kind}": number for kind, number in kinds.items()}),
        photos=_table({names.get(kind, kind): number for kind, number in sources.items()}),
    )


def _table(numbers: dict[str, int]) -> str:
    ordered = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(f"    {number:6d}  {name}" for name, number in ordered)
