"""A small marketplace with photos, prices and hostile titles, matched and reported once."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

from samesku import Matcher, read_catalog
from samesku.encoders import PHash, Tfidf
from samesku.evaluation import evaluate, group_folds

HOSTILE = [
    "<script>window.hacked = 1</script> tas ransel hitam",
    '"><img src=x onerror="window.hacked=1"> tas ransel hitam',
    "</script><script>window.hacked = 1</script> tas ransel merah",
    "\u202etas ransel \u2066gnp.exe\u2069 hitam",
    "kopi 😀🧋👩‍👩‍👧‍👦 arabika 250 gr " + "panjang " * 1_250,
    "kopi arabika 0,25kg " + "panjang " * 1_250 + "& <b>robusta</b> {{7*7}} ${1+1} ' OR 1=1 --",
    "@photos@ susu\x00bubuk \u2028 vanila 400g",
    "susu bubuk coklat 800 gram",
    "",
    # Two that surely match, though their labels differ.
    "<script>window.hacked = 1</script> tas ransel kulit coklat",
    "<script>window.hacked = 1</script> tas ransel kulit coklat",
]


def _photo(path, rng):
    small = rng.integers(0, 255, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(small).resize((160, 120)).save(path, "JPEG")


@pytest.fixture(scope="session")
def shop(tmp_path_factory, offers):
    """A folder with offers.csv and images: 40 products of 4 offers, and hostile titles."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "images").mkdir()
    rng = np.random.default_rng(3)
    table = (
        offers(40, seed=4).drop("image_phash").with_columns(pl.col("posting_id").cast(pl.String))
    )
    table = table.with_columns(price=pl.Series(rng.integers(10, 99, table.height) * 1000))
    names = []
    for place, label in enumerate(table["label_group"]):
        name = f"{label.split()[1]}.jpg" if place % 3 else None
        if name is not None and not (folder / "images" / name).exists():
            _photo(folder / "images" / name, rng)
        names.append(name)
    hostile = pl.DataFrame(
        {
            "posting_id": [f"h{place}" for place in range(len(HOSTILE))],
            "title": HOSTILE,
            "label_group": ["a", "a", "b", "a", "c", "c", "d", "e", "f", "g", "h"],
            "price": list(range(len(HOSTILE))),
            "image": ["absent.jpg"] + [None] * (len(HOSTILE) - 1),
        }
    )
    everything = pl.concat([table.with_columns(image=pl.Series(names)), hostile], how="diagonal")
    everything.write_csv(folder / "offers.csv")
    return folder


@pytest.fixture(scope="session")
def matches(shop):
    """The offers matched by the shipped model."""
    return Matcher([Tfidf(), PHash()]).match(read_catalog(shop / "offers.csv"))


@pytest.fixture(scope="session")
def folder(shop, matches):
    """What `samesku match` would have written."""
    out = shop / "result"
    matches.write(out)
    return out


@pytest.fixture(scope="session")
def evaluated(shop):
    """What `samesku evaluate --fusion union --fusion concat --out` would have written."""
    from samesku.scoring.fusion import Concat, Union

    catalog = read_catalog(shop / "offers.csv")
    matcher = Matcher([Tfidf(), PHash()], "union")
    splits = group_folds(catalog, 2, 0)
    found = evaluate(
        catalog, matcher, fusions=[Union(), Concat()], splits=splits, tuned=False, keep_pairs=True
    )
    found.write(shop / "score")
    return shop / "score"


@pytest.fixture(scope="session")
def labelled_score(shop):
    """What `samesku evaluate --shipped --fusion ... --defaults --out` would have written."""
    from samesku.scoring.fusion import Union
    from samesku.scoring.learned import Learned, shipped_model

    found = evaluate(
        read_catalog(shop / "offers.csv"),
        Matcher([Tfidf(), PHash()]),
        fusions=[Union()],
        models={"shipped": Learned(shipped_model())},
        folds=2,
        tuned=False,
        keep_pairs=True,
    )
    found.write(shop / "shipped-score")
    return shop / "shipped-score"


def write_links(paths, folder, **options):
    """Match two catalogues across and write it down, as `samesku link` does."""
    found = Matcher([Tfidf(), PHash()], **options).match(*(read_catalog(path) for path in paths))
    found.write(folder)


@pytest.fixture(scope="session")
def link_run():
    """Writes a run of links of two catalogues."""
    return write_links


@pytest.fixture(scope="session")
def linked(shop):
    """What `samesku link` would have written."""
    table = pl.read_csv(shop / "offers.csv", infer_schema=False).head(120)
    halves = table.with_row_index().with_columns(half=pl.col("index") % 2).partition_by("half")
    paths = [shop / "ours.csv", shop / "theirs.csv"]
    for half, path in zip(halves, paths, strict=True):
        half.drop("index", "half").write_csv(path)
    write_links(paths, shop / "links")
    return shop / "links"
