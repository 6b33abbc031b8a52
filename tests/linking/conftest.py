"""Two small shops that word their offers differently."""

import polars as pl
import pytest

from samesku import read_catalog

BRANDS = ("Sony", "Denon", "Bose", "Canon", "Philips", "Sharp")
KINDS = ("turntable", "receiver", "camera", "microwave", "headphones", "projector")


def offers(count=48):
    """Products with a brand, a kind and a model code each."""
    return [
        (BRANDS[row % 6], KINDS[row // 6 % 6], f"{'abcdef'[row % 6]}x{row * 37 + 100}r")
        for row in range(count)
    ]


@pytest.fixture
def shops():
    """36 products of ours, of which the other shop has 24 under the same ids but in another order.

    Its other 12 offers are look-alikes: the same brands and kinds with other codes.
    """
    ours = pl.DataFrame(
        [
            {
                "posting_id": str(row),
                "title": f"{brand} {kind} - {code.upper()}",
                "price": 100.0 + row,
                "label_group": f"product {row}",
            }
            for row, (brand, kind, code) in enumerate(offers()[:36])
        ]
    )
    theirs = pl.DataFrame(
        [
            {
                "posting_id": str(place),
                "title": f"{code} {brand} {kind} new",
                "price": 15_000 * (101.0 + row),
                "label_group": "wrong on purpose",
                "truth": str(row),
            }
            for place, (row, (brand, kind, code)) in enumerate(
                reversed([*enumerate(offers())][12:])
            )
        ]
    )
    return ours, theirs


@pytest.fixture
def truth(shops):
    """The true links."""
    ours, theirs = shops
    have = set(ours["posting_id"])
    return {(row["truth"], row["posting_id"]) for row in theirs.to_dicts() if row["truth"] in have}


@pytest.fixture
def catalog():
    """300 products of three offers each, to cut pseudo-shops from."""
    rows = range(900)
    return read_catalog(
        pl.DataFrame(
            {
                "posting_id": [f"p{row}" for row in rows],
                "title": [f"maker{row // 30} word{row} of product{row // 3}" for row in rows],
                "label_group": [f"g{row // 3}" for row in rows],
            }
        )
    )
