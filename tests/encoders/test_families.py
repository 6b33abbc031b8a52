"""How a model is read, by what lies in its folder."""

import json

import pytest

from samesku.encoders.families import FAMILIES, POOLINGS, family_of, reading_of


def model(folder, config, **files):
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


BERT = {"model_type": "bert", "max_position_embeddings": 512}
XLM = {"model_type": "xlm-roberta", "max_position_embeddings": 514}


def modules(*kinds):
    paths = {"Pooling": "1_Pooling", "Dense": "2_Dense"}
    return [{"type": f"sentence_transformers.models.{kind}", "path": paths.get(kind, "")}
            for kind in kinds]  # fmt: skip


def test_every_family_pools_in_a_way_that_there_is():
    for name, family in FAMILIES.items():
        assert any(family.pooling in POOLINGS[kind] for kind in family.kinds), name


def test_a_family_says_how_to_pool_and_how_many_tokens_fit(tmp_path):
    reading = reading_of(model(tmp_path / "some", BERT), "title")
    assert (reading.pooling, reading.prefix, reading.max_tokens) == ("mean", "", 512)
    short = model(tmp_path / "short", {"model_type": "roberta", "max_position_embeddings": 130})
    assert reading_of(short, "title").max_tokens == 128  # two positions are its own
    told = model(tmp_path / "told", XLM, tokenizer_config={"model_max_length": 100})
    assert reading_of(told, "title").max_tokens == 100


@pytest.mark.parametrize("name", ["intfloat/multilingual-e5-base", "me/e5-small-v2", "x_E5"])
def test_e5_wants_its_prefix_and_tells_so_by_its_name_only(tmp_path, name):
    assert reading_of(model(tmp_path / "some", XLM), "title", name=name).prefix == "query: "
    assert reading_of(model(tmp_path / "some", XLM), "title", name="me/size500").prefix == ""


def test_a_folder_may_bear_the_name(tmp_path):
    assert reading_of(model(tmp_path / "multilingual-e5-base", XLM), "title").prefix == "query: "
    assert reading_of(model(tmp_path / "bge-small-en-v1.5", BERT), "title").pooling == "cls"


def test_sentence_transformers_say_how_they_pool(tmp_path):
    folder = model(
        tmp_path / "bge-like",
        BERT,
        modules=modules("Transformer", "Pooling", "Normalize"),
        sentence_bert_config={"max_seq_length": 64},
        config_sentence_transformers={
            "prompts": {"same": "same product: "}, "default_prompt_name": "same",
        },
    )  # fmt: skip
    model(folder / "1_Pooling", {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False})
    reading = reading_of(folder, "title")
    assert (reading.pooling, reading.max_tokens) == ("mean", 64)
    assert reading.prefix == "same product: "
    assert reading_of(folder, "title", pooling="last").pooling == "last"


def test_layers_that_would_be_left_out_are_refused(tmp_path):
    folder = model(tmp_path / "some", BERT, modules=modules("Transformer", "Pooling", "Dense"))
    with pytest.raises(ValueError, match="'Dense', which is not supported"):
        reading_of(folder, "title")
    both = {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True,
            "pooling_mode_cls_token": True}  # fmt: skip
    model(folder / "1_Pooling", both)
    (folder / "modules.json").write_text(json.dumps(modules("Transformer", "Pooling")))
    with pytest.raises(ValueError, match="a pooling that is not supported"):
        reading_of(folder, "title")


def test_clip_titles_end_where_the_model_ends(tmp_path):
    towers = {"text_config": {}, "vision_config": {}}
    clip = model(tmp_path / "clip", {"model_type": "clip", **towers})
    assert reading_of(clip, "clip").max_tokens == 77
    folder = model(tmp_path / "siglip", {"model_type": "siglip", **towers})
    siglip, photo = (reading_of(folder, kind) for kind in ("clip", "photo"))
    assert (siglip.max_tokens, siglip.pad_to_limit) == (64, True)
    assert (photo.max_tokens, photo.pad_to_limit) == (0, False)  # it reads no titles


def test_a_card_comes_first(tmp_path):
    card = {"kind": "title", "pooling": "last", "dimension": 8, "prefix": "x: ", "max_tokens": 9}
    folder = model(tmp_path / "e5", XLM, samesku_encoder=card)
    reading = reading_of(folder, "title")
    assert (reading.pooling, reading.prefix, reading.max_tokens) == ("last", "x: ", 9)


@pytest.mark.parametrize(
    ("config", "kind", "said"),
    [
        ({"model_type": "bert"}, "photo", "of kind title, not photo"),
        ({"model_type": "dinov2"}, "title", "of kind photo, not title"),
        ({"model_type": "whisper"}, "title", "'whisper' are not known here; known: bert"),
        ({"model_type": "siglip2"}, "clip", "one of fixed size"),
        ({}, "title", "type 'None' are not known"),
    ],
)
def test_other_models_are_refused_in_words(tmp_path, config, kind, said):
    with pytest.raises(ValueError, match=said):
        reading_of(model(tmp_path / "some", config), kind)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"has no config\.json"):
        reading_of(tmp_path, "title")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config\.json is no JSON"):
        reading_of(tmp_path, "title")
    with pytest.raises(ValueError, match="one of mean, gem, cls, pooler"):
        reading_of(model(tmp_path, {"model_type": "vit"}), "photo", pooling="last")


def test_families_are_known_by_type():
    assert family_of("bert") is FAMILIES["bert"]
