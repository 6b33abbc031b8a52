"""A small shop with photos, and networks small enough to be trained in seconds."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

from samesku import read_catalog

BRANDS = ["bebelac", "dancow", "sgm", "milo", "filma", "kapal", "indomie", "sasa"]
THINGS = ["susu", "kopi", "teh", "gula", "mie", "saus"]
NOISE = ["promo", "murah", "original", "ready", "stock", "cod", "terlaris", "diskon", "gratis"]
COLOURS = [
    *((220, 30, 30), (30, 200, 30), (40, 60, 230), (230, 220, 40), (220, 40, 220), (40, 220, 220)),
    *((250, 140, 20), (120, 70, 30)),
]
SIDE = 32


def _photo(rng, product):
    """A box in two colours, which tell the product, before a ground of any colour."""
    ground = np.full((SIDE, SIDE, 3), rng.integers(0, 256, 3), dtype=np.float64)
    top, left = rng.integers(4, 9, 2)
    ground[top : top + 20, left : left + 10] = COLOURS[product % len(COLOURS)]
    ground[top : top + 20, left + 10 : left + 20] = COLOURS[product // len(COLOURS)]
    return np.clip(ground + rng.normal(0, 8, ground.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """160 offers of 40 products: what tells is brand and thing, or the colours of the box."""
    folder, rng = tmp_path_factory.mktemp("shop"), np.random.default_rng(0)
    (folder / "images").mkdir()
    rows = []
    for product in range(40):
        own = [BRANDS[product % 8], THINGS[product // 8]]
        for offer in range(4):
            words = [*own, *rng.choice(NOISE, rng.integers(2, 5), replace=False)]
            name = f"{product}-{offer}.png"
            Image.fromarray(_photo(rng, product)).save(folder / "images" / name)
            rows.append((name[:-4], " ".join(rng.permutation(words)), name, f"product {product}"))
    columns = ["posting_id", "title", "image", "label_group"]
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(folder / "shop.csv")
    return folder / "shop.csv"


@pytest.fixture(scope="session")
def catalog(shop):
    return read_catalog(shop)


@pytest.fixture(scope="session")
def small_bert(tmp_path_factory, catalog):
    """A folder of transformers with a BERT of one layer that has learned nothing."""
    torch = pytest.importorskip("torch", reason="needs the extra train")
    transformers = pytest.importorskip("transformers", reason="needs the extra train")
    from research.from_nothing import train_tokenizer

    tokenizer = train_tokenizer(catalog.normal_titles, 200)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
    )
    return _saved(tmp_path_factory.mktemp("bert"), transformers.BertModel(config), tokenizer)


@pytest.fixture(scope="session")
def small_vit(tmp_path_factory):
    """A folder of transformers with a vision transformer of one layer for photos of 32 pixels."""
    torch = pytest.importorskip("torch", reason="needs the extra train")
    transformers = pytest.importorskip("transformers", reason="needs the extra train")
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=SIDE,
        patch_size=8,
    )
    processor = transformers.ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
    return _saved(tmp_path_factory.mktemp("vit"), transformers.ViTModel(config), processor)


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory, catalog):
    """A folder of transformers with two towers of one layer and one space of 16 numbers."""
    torch = pytest.importorskip("torch", reason="needs the extra train")
    transformers = pytest.importorskip("transformers", reason="needs the extra train")
    from research.from_nothing import train_tokenizer

    tokenizer = train_tokenizer(catalog.normal_titles, 200)
    torch.manual_seed(0)
    tower = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    }
    config = transformers.CLIPConfig(
        text_config={
            **tower,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 32,
            "eos_token_id": tokenizer.sep_token_id,
            "bos_token_id": tokenizer.cls_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={**tower, "image_size": SIDE, "patch_size": 8},
        projection_dim=16,
    )
    size = {"height": SIDE, "width": SIDE}
    processor = transformers.CLIPImageProcessorPil(size=size, crop_size=size)
    model = transformers.CLIPModel(config)
    return _saved(tmp_path_factory.mktemp("clip"), model, tokenizer, processor)


def _saved(folder, *parts):
    from transformers.utils import logging

    logging.disable_progress_bar()
    for part in parts:
        part.save_pretrained(folder)
    return folder
