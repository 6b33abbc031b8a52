"""A small Ray, and a catalogue that has something of everything."""

import random
import warnings

import polars as pl
import pytest

import samesku.distributed  # noqa: F401  (before Ray, whose settings it makes)

ray = pytest.importorskip("ray", reason="the extra ray is not installed")


@pytest.fixture(scope="module")
def cluster():
    """Of one file: to start it takes seconds, and while it runs it takes some of each second."""
    from samesku.distributed.tasks import start

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            start(None, num_cpus=2, object_store_memory=150 * 2**20, logging_level="ERROR")
        except RuntimeError as error:
            pytest.skip(str(error))
        yield ray
        ray.shutdown()


@pytest.fixture(scope="session")
def offers():
    """Offers of drawn products with columns of all kinds, identical and odd ones."""
    draw = random.Random(4)
    kinds = ["mug", "lamp", "kettle", "phone case", "charger", "shirt", "tea", "notebook"]
    rows = []
    for _ in range(110):
        brand = draw.choice(["acme", "bolt", "cora", "delo", "efes"])
        kind, size = draw.choice(kinds), draw.choice([100, 250, 400, 500, 1000])
        code = f"{draw.choice('xyzk')}{draw.choice('abc')}{draw.randint(100, 999)}"
        number = f"40063813{size + ord(code[1]):04}"
        check = -sum(int(digit) * (1, 3)[at % 2] for at, digit in enumerate(number)) % 10
        price, photo = draw.uniform(2, 90), f"{draw.getrandbits(64):016x}"
        for _seller in range(draw.randint(1, 5)):
            words = [brand, kind, code, f"{size} g", draw.choice(["red", "blue", "new", "sale"])]
            draw.shuffle(words)
            rows.append(
                {
                    "posting_id": f"{draw.getrandbits(40):x}",
                    "title": " ".join(words),
                    "image_phash": photo if draw.random() < 0.7 else None,
                    "price": round(price * draw.uniform(0.9, 1.1), 2),
                    "currency": (None, "EUR", "USD", "£")[len(rows) % 4],
                    "brand": brand if draw.random() < 0.6 else None,
                    "description": f"{kind} by {brand}, {size} g" if draw.random() < 0.5 else None,
                    "ean": f"{number}{check}" if len(rows) % 3 else "does not apply",
                    "memory": f"{2 * size} GB" if len(rows) % 5 else None,
                }
            )
    rows += [{**row, "posting_id": f"twin {row['posting_id']}"} for row in rows[:20]]
    for number, title in enumerate(["", "!!!", "=1+1 mug", "Ünï çødé 茶 mug"]):
        rows.append({**dict.fromkeys(rows[0]), "posting_id": f"odd{number}", "title": title})
    draw.shuffle(rows)
    return pl.DataFrame(rows)
