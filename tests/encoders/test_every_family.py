"""Every family that is offered loads, and answers in ONNX as in torch."""

import pytest

pytest.importorskip("torch", reason="needs the extra train")

from samesku.encoders.backbones import load_backbone
from samesku.encoders.export import export_encoder
from samesku.encoders.families import FAMILIES

TEXT = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24,
    "max_position_embeddings": 42, "pad_token_id": 0,
}  # fmt: skip
PATCHES = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24,
    "image_size": 32, "patch_size": 8,
}  # fmt: skip
STAGES = {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1]}
SQUARE = {"height": 32, "width": 32}
SHORTER = {"size": {"shortest_edge": 40}, "crop_size": SQUARE}
# What differs from the settings above, by family: configuration, and image processor for photos.
TITLES = {
    "distilbert": {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 24},
    "albert": {"embedding_size": 8},
    "electra": {"embedding_size": 8},
    "mpnet": {"pad_token_id": 1},
    "roberta": {},
    "camembert": {},
    "deberta-v2": {
        "relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"],
        "share_att_key": True, "norm_rel_ebd": "layer_norm", "position_biased_input": False,
    },
    "modernbert": {
        "cls_token_id": 2, "bos_token_id": 2, "sep_token_id": 3, "eos_token_id": 3,
        "local_attention": 8,
    },
    "qwen3": {"num_key_value_heads": 1, "head_dim": 8},
}  # fmt: skip
PHOTOS = {
    "convnextv2": (STAGES, "ConvNext", {"size": {"shortest_edge": 32}}),
    "resnet": (STAGES | {"embedding_size": 8}, "ConvNext", {"size": {"shortest_edge": 32}}),
    "regnet": (
        STAGES | {"embedding_size": 8, "groups_width": 4},
        "ConvNext",
        {"size": {"shortest_edge": 384}},
    ),
    "swin": (
        {"image_size": 32, "patch_size": 2, "embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2],
         "window_size": 4},
        "ViT",
        {"size": SQUARE},
    ),
    "vit": (PATCHES, "ViT", {"size": SQUARE}),
    "dinov2_with_registers": (PATCHES | {"image_size": 64, "mlp_ratio": 2}, "Bit", SHORTER),
    "dinov3_vit": (PATCHES | {"num_register_tokens": 2}, "ViT", {"size": SQUARE}),
    "dinov3_convnext": (STAGES, "ViT", {"size": SQUARE}),
}  # fmt: skip
# What other tests try with more than this, and the halves of those.
ELSEWHERE = {
    "bert", "xlm-roberta", "efficientnet", "convnext", "dinov2", "clip", "siglip",
    "clip_vision_model", "siglip_vision_model",
}  # fmt: skip


def test_none_is_forgotten():
    assert {*TITLES, *PHOTOS, *ELSEWHERE} == set(FAMILIES)


def export(folder, kind, unspread, config, **compared):
    import transformers

    unspread(transformers.AutoModel.from_config(config)).save_pretrained(folder)
    backbone = load_backbone(folder, kind)
    (parity,) = export_encoder(backbone, folder / "small", **compared)
    assert parity.least > 0.9999
    assert parity.compared > 4


@pytest.mark.parametrize("family", TITLES)
def test_titles(tmp_path, tokenizer, unspread, titles, long_title, family):
    import transformers

    settings = {"max_position_embeddings": 42} if family == "distilbert" else TEXT
    config = transformers.CONFIG_MAPPING[family](
        **{"vocab_size": len(tokenizer), **settings, **TITLES[family]}
    )
    tokenizer.save_pretrained(tmp_path)
    export(tmp_path, "title", unspread, config, titles=[*titles, long_title])


@pytest.mark.parametrize("family", PHOTOS)
def test_photos(tmp_path, unspread, photos, family):
    import transformers

    settings, processor, sizes = PHOTOS[family]
    getattr(transformers, f"{processor}ImageProcessorPil")(**sizes).save_pretrained(tmp_path)
    config = transformers.CONFIG_MAPPING[family](**settings)
    export(tmp_path, "photo", unspread, config, photos=photos)
