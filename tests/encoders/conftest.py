"""Tiny pretrained models of every family, each saved as its makers would save it."""

import json

import numpy as np
import pytest

TITLES = [
    "susu bebelo 400 gram rasa madu",
    "bebelo susu 0,4 kg",
    "lampu led 12 watt putih",
    "tas ransel sekolah anak",
    "sabun mandi cair 250 ml",
]
LONG = "kopi hitam " * 60
WORDS = sorted({word for title in [*TITLES, LONG] for word in title.split()})
SIDE = 32


def _unspread(model):
    """Weights as wide as learned ones: at their start all answers of a network are alike."""
    import torch

    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and "logit" not in name:
                fan_in = weight[0].numel()
                weight.copy_(torch.randn(weight.shape, generator=generator) * fan_in**-0.5)
        for name, kept in model.named_buffers():
            if name.endswith("running_mean"):
                kept.copy_(torch.randn(kept.shape, generator=generator) * 0.1)
    return model.eval()


def _wordpiece(limit=None):
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = sorted({letter for word in WORDS for letter in word})
    entries = [*special, *WORDS, *letters, *(f"##{letter}" for letter in letters), ",", ":"]
    vocabulary = {entry: place for place, entry in enumerate(dict.fromkeys(entries))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", **({"model_max_length": limit} if limit else {}),
    )  # fmt: skip


TOWER = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48,
}  # fmt: skip
PATCHES = {**TOWER, "image_size": SIDE, "patch_size": 8}
SQUARE = {"height": SIDE, "width": SIDE}
# Name of the architecture in transformers, its configuration, and its image processor.
MODELS = {
    "bert": ("Bert", {**TOWER, "max_position_embeddings": 40}, None),
    "xlm-roberta": (
        "XLMRoberta", {**TOWER, "max_position_embeddings": 42, "pad_token_id": 0}, None
    ),
    "efficientnet": (
        "EfficientNet",
        {
            "image_size": SIDE, "width_coefficient": 0.25, "depth_coefficient": 0.2,
            "hidden_dim": 320, "dropout_rate": 0.0,
        },
        ("EfficientNet", {"size": SQUARE}),
    ),
    "convnext": (
        "ConvNext",
        {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]},
        ("ConvNext", {"size": {"shortest_edge": SIDE}}),
    ),
    "dinov2": (
        "Dinov2",
        {**PATCHES, "mlp_ratio": 2, "image_size": 2 * SIDE},  # as published: larger than photos
        ("Bit", {"size": {"shortest_edge": 40}, "crop_size": SQUARE}),
    ),
    "siglip": (
        "Siglip",
        {
            "text_config": {**TOWER, "max_position_embeddings": 16, "projection_size": 32},
            "vision_config": PATCHES,
        },
        ("Siglip", {"size": SQUARE}),
    ),
    "naflex": (
        "Siglip2",
        {
            "text_config": {**TOWER, "projection_size": 32},
            "vision_config": {**TOWER, "num_patches": 16, "patch_size": 8},
        },
        ("Siglip2", {"patch_size": 8, "max_num_patches": 16}),
    ),
    "clip": (
        "CLIP",
        {
            "text_config": {
                **TOWER, "max_position_embeddings": 20,
                "eos_token_id": 3, "bos_token_id": 2, "pad_token_id": 0,
            },
            "vision_config": PATCHES,
            "projection_dim": 24,
        },
        ("CLIP", {"size": {"shortest_edge": SIDE}, "crop_size": SQUARE}),
    ),
}  # fmt: skip
# How many tokens the tokenizers of those that read titles say they take, if they do.
TOKENS = {"bert": None, "xlm-roberta": None, "siglip": 16, "naflex": 16, "clip": 20}


def _parts(family):
    """Model, tokenizer and image processor."""
    import transformers

    name, settings, seeing = MODELS[family]
    tokenizer = processor = None
    if family in TOKENS:
        tokenizer = _wordpiece(TOKENS[family])
        words = {"vocab_size": len(tokenizer)}
        if "text_config" in settings:
            words = {"text_config": settings["text_config"] | words}
        settings = settings | words
    if seeing is not None:
        processor = getattr(transformers, f"{seeing[0]}ImageProcessorPil")(**seeing[1])
    config = getattr(transformers, f"{name}Config")(**settings)
    return _unspread(getattr(transformers, f"{name}Model")(config)), tokenizer, processor


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Makes (once) the folder of a tiny model of a family."""
    folders = {}

    def make(family):
        if family not in folders:
            folder = tmp_path_factory.mktemp("models") / f"tiny-{family}"
            for part in _parts(family):
                if part is not None:
                    part.save_pretrained(folder)
            folders[family] = folder
        return folders[family]

    return make


@pytest.fixture(scope="session")
def unspread():
    """Gives a network weights as wide as learned ones."""
    return _unspread


@pytest.fixture(scope="session")
def tokenizer():
    """The tokenizer of the tiny models."""
    return _wordpiece()


@pytest.fixture(scope="session")
def sentence_transformer(tiny, tmp_path_factory):
    """Lays a BERT out as sentence-transformers does, to pool its first token."""
    import shutil

    folder = tmp_path_factory.mktemp("models") / "sentences"
    shutil.copytree(tiny("bert"), folder)
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    listed = [
        {"idx": place, "path": path, "type": f"sentence_transformers.models.{kind}"}
        for place, (path, kind) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 32, "pooling_mode_cls_token": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 12}))
    return folder


@pytest.fixture
def text_folder(tmp_path):
    """Makes the folder of a text network without torch: a title is the mean of its words."""
    pytest.importorskip("tokenizers", reason="needs the extra text")
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer, models, pre_tokenizers

    from samesku.encoders.card import CARD, EncoderCard, write_card

    def make(**card):
        folder = tmp_path / "words"
        folder.mkdir()
        vocabulary = {word: place for place, word in enumerate(["[PAD]", "[UNK]", *WORDS])}
        tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        tokenizer.save(str(folder / "tokenizer.json"))
        rows = np.random.default_rng(0).normal(size=(len(vocabulary), 8)).astype(np.float32)
        node = helper.make_node
        nodes = [
            node("Gather", ["rows", "input_ids"], ["words"]),
            node("Cast", ["attention_mask"], ["counted"], to=TensorProto.FLOAT),
            node("Unsqueeze", ["counted", "last"], ["weights"]),
            node("Mul", ["words", "weights"], ["weighted"]),
            node("ReduceSum", ["weighted", "along"], ["sums"], keepdims=0),
            node("ReduceSum", ["weights", "along"], ["count"], keepdims=0),
            node("Div", ["sums", "count"], ["features"]),
        ]
        takes = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "length"])
            for name in ("input_ids", "attention_mask")
        ]
        gives = [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 8])]
        constants = {"rows": rows, "last": np.array([2]), "along": np.array([1])}
        stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
        graph = helper.make_graph(nodes, "words", takes, gives, stored)
        opset = [helper.make_opsetid("", 17)]
        onnx.save(
            helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "model.onnx"
        )
        files = {name: folder / name for name in ("model.onnx", "tokenizer.json")}
        told = {"kind": "title", "pooling": "mean", "dimension": 8, "max_tokens": 16, **card}
        write_card(folder / CARD, EncoderCard(**told), files)
        return folder

    return make


@pytest.fixture(scope="session")
def titles():
    return TITLES


@pytest.fixture(scope="session")
def long_title():
    return LONG


@pytest.fixture(scope="session")
def photos():
    """Photos of several shapes: soft blobs, as real ones are smooth."""
    rng = np.random.default_rng(0)
    drawn = []
    for height, width in [(48, 64), (64, 48), (200, 31), (33, 33), (90, 150), (40, 40)]:
        coarse = rng.random((5, 5, 3))
        rows = np.linspace(0, 4, height).round().astype(int)
        columns = np.linspace(0, 4, width).round().astype(int)
        drawn.append((coarse[rows][:, columns] * 255).astype(np.uint8))
    return drawn
