"""Invented offers, one classifier trained on them, and a browser, for all tests that need one."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

# Kept where containers keep none: compiling the libraries takes each process of the tests longer
# than most tests.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # before LightGBM, as samesku.training does
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.pop("COLUMNS", None)  # the console would keep it
    # There is a process per core: threads of one would wait for those of another.
    os.environ.setdefault("SAMESKU_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy, as samesku.__main__ does

import numpy as np
import polars as pl
import pytest

from samesku import Matcher, read_catalog
from samesku.demo import MARKETPLACE
from samesku.encoders import PHash, Tfidf
from samesku.scoring.adaptation import Adaptation
from samesku.scoring.learned import shipped_model

# The longest files, which are begun first: no process is left with one of them at the end.
LONGEST = ("test_engine.py", "test_index.py", "test_marketplace.py", "test_quickstart.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONGEST)


NOISE = ["promo", "murah", "original", "ready", "stock", "cod", "termurah", "grosir", "terlaris"]


def _offers(products, seed, sellers=4):
    rng = np.random.default_rng(seed)

    def word():
        return "".join(rng.choice(list("bdgkmnrst")) + rng.choice(list("aeiou")) for _ in range(3))

    brands, things = [word() for _ in range(8)], [word() for _ in range(8)]
    rows = []
    for product in range(products):
        own = [rng.choice(brands), *rng.choice(things, 2), f"{rng.choice([1, 2, 4, 8])}00g", word()]
        photo = int(rng.integers(2**63))
        for _ in range(sellers):
            kept = [part for part in own if rng.random() < 0.85] or own
            shouted = list(rng.choice(NOISE, rng.integers(0, 4), replace=False))
            shown = photo ^ (1 << int(rng.integers(63))) if rng.random() < 0.5 else None
            code = None if shown is None else f"{shown:016x}"
            rows.append((" ".join(rng.permutation(kept + shouted)), code, f"product {product}"))
    rows = [rows[place] for place in rng.permutation(len(rows))]
    table = pl.DataFrame(rows, schema=["title", "image_phash", "label_group"], orient="row")
    return table.with_row_index("posting_id")


def _search(table, *, encoders=(Tfidf, PHash)):
    catalog = read_catalog(table)
    return catalog, Matcher([encoder() for encoder in encoders], "union", k=20).candidates(catalog)


def _truth(catalog, candidates):
    return catalog.labels[candidates.left] == catalog.labels[candidates.right]


def _area_under_curve(probability, same):
    from scipy.stats import rankdata

    count = np.count_nonzero(same)
    above = rankdata(probability)[same].sum() - count * (count + 1) / 2
    return above / (count * np.count_nonzero(~same))


@pytest.fixture(scope="session")
def offers():
    """Invents a table: sellers drop words, shout, and copy each other's photo."""
    return _offers


@pytest.fixture(scope="session")
def search():
    """Reads a table and finds its candidates."""
    return _search


@pytest.fixture(scope="session")
def truth():
    """Tells which candidates are one product."""
    return _truth


@pytest.fixture(scope="session")
def area_under_curve():
    """Chance that a pair of one product is told to be likelier than a pair of two."""
    return _area_under_curve


def _crowded(weight, usual):
    nothing = np.empty(0)
    learned = Adaptation((), nothing, nothing, nothing, crowding=(weight, usual))
    return replace(shipped_model(), adaptation=learned, threshold_rule="fixed")


@pytest.fixture(scope="session")
def crowded():
    """Makes the shipped model one that answers taught nothing but how crowds count."""
    return _crowded


@pytest.fixture(scope="session")
def market():
    """240 offers of 60 products, and their candidates."""
    return _search(_offers(60, seed=0))


@pytest.fixture(scope="session")
def unseen():
    """Offers of 30 products that no model has seen, and their candidates."""
    return _search(_offers(30, seed=1))


@pytest.fixture(scope="session")
def steps():
    """What the training told of its progress."""
    return []


@pytest.fixture(scope="session")
def training(market, steps):
    """A classifier trained on the market, and its honest probabilities."""
    # Only who asks for it waits for the trees to load.
    from samesku.training.classifier.fitting import fit_classifier
    from samesku.training.classifier.labelled import Labelled

    model, held_out = fit_classifier([Labelled.of(*market)], advance=steps.append)
    return model, held_out[0]


@pytest.fixture(scope="session")
def model(training):
    return training[0]


def _drawn(seed, rows=300):
    """Features with gaps, and an answer that needs several of them."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, 5)).astype(np.float32)
    answer = values[:, 0] + values[:, 1] * values[:, 2] + rng.normal(size=rows) / 2 > 0
    values[rng.random(values.shape) < 0.2] = np.nan
    return values, answer.astype(np.float32)


def _boosted(values, answer, rounds=12, start=None, **settings):
    settings = {
        "objective": "binary",
        "num_leaves": 7,
        "min_data_in_leaf": 10,
        "learning_rate": 0.3,
        "deterministic": True,
        "num_threads": 1,
        "verbose": -1,
        **settings,
    }
    import lightgbm as lgb

    return lgb.train(settings, lgb.Dataset(values, answer, init_score=start), rounds)


@pytest.fixture(scope="session")
def drawn():
    """Draws five features with gaps, and an answer that needs several of them."""
    return _drawn


@pytest.fixture(scope="session")
def boosted():
    """Grows trees on features and answers."""
    return _boosted


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """A quarter of the marketplace that ships; the docs name two postings of it."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copy(MARKETPLACE / "README.txt", folder)
    for name in ("train.csv", "truth.csv"):
        table = pl.read_csv(MARKETPLACE / name, infer_schema=False)
        table.sort("label_group", "posting_id").slice(575, 200).write_csv(folder / name)
    (folder / "train_images").mkdir()
    for name in pl.read_csv(folder / "train.csv")["image"].drop_nulls().unique():
        if (photo := MARKETPLACE / "train_images" / name).is_file():
            shutil.copy(photo, folder / "train_images")
    return folder


@pytest.fixture(scope="module")
def browser():
    """Chromium; says what is missing where there is none."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright: uv run --group test --group browser pytest"
    )
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with playwright.sync_playwright() as started:
        if found is None and not Path(started.chromium.executable_path).exists():
            pytest.skip("no Chromium here: apt install chromium, or playwright install chromium")
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = started.chromium.launch(executable_path=found, args=arguments)
        yield chromium
        chromium.close()
