"""Models that see, built here from configs: the whole way, with photos. What they say is noise."""

import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

from samesku import read_catalog
from samesku.catalog.answers import VERDICTS
from samesku.cli import app
from samesku.judges.llava import LlavaJudge
from samesku.judges.wire import collage, question_of
from samesku.runtime.cache import Cache

pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

TEMPLATE = (
    "{% for message in messages %}<user>{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endfor %}<model>"
)
SMALL = {
    "vocab_size": 300, "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 8192,
}  # fmt: skip


def tokenizer(*special):
    """Bytes, and the given marks."""
    made = tokenizers.Tokenizer(tokenizers.models.BPE(
        vocab={each: n for n, each in enumerate(sorted(
            tokenizers.pre_tokenizers.ByteLevel.alphabet()))}, merges=[]
    ))  # fmt: skip
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens([*special, "<end>"])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<end>", extra_special_tokens=list(special)
    )


def llava(folder):
    words = tokenizer("<image>")
    vision = transformers.CLIPVisionConfig(
        hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
        image_size=32, patch_size=8,
    )  # fmt: skip
    config = transformers.LlavaConfig(
        vision_config=vision, text_config=transformers.LlamaConfig(**SMALL),
        vision_feature_layer=-1,
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    side = {"height": 32, "width": 32}
    shrink = transformers.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=side)
    processor = transformers.LlavaProcessor(
        shrink, words, patch_size=8, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=TEMPLATE.replace("IMAGE", "<image>\n"),
    )  # fmt: skip
    return saved(folder, transformers.LlavaForConditionalGeneration(config), processor)


def qwen(folder):
    marks = "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"
    words = tokenizer(*marks)
    start, end, image, video = words.convert_tokens_to_ids(list(marks))
    config = transformers.Qwen2VLConfig(
        text_config={**SMALL, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0,
                                                  "mrope_section": [1, 1, 2]}},
        vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 4,
                       "mlp_ratio": 2, "patch_size": 14},
        image_token_id=image, video_token_id=video, vision_start_token_id=start,
        vision_end_token_id=end,
    )  # fmt: skip
    template = TEMPLATE.replace("IMAGE", f"{marks[0]}{marks[2]}{marks[1]}")
    shrink = transformers.Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=56 * 56)

    class Photos(transformers.Qwen2VLProcessor):
        """Without the part for videos, which needs torchvision."""

        def __init__(self, image_processor=None, tokenizer=None, chat_template=None, **more):
            self.image_token, self.video_token = marks[2], marks[3]
            self.image_token_id, self.video_token_id = image, video
            transformers.ProcessorMixin.__init__(
                self, image_processor, tokenizer, chat_template=chat_template
            )

    transformers.AutoProcessor.register(transformers.Qwen2VLConfig, Photos, exist_ok=True)
    processor = Photos(shrink, words, chat_template=template)
    return saved(folder, transformers.Qwen2VLForConditionalGeneration(config), processor)


def saved(folder, model, processor):
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=[llava, qwen], ids=["llava", "qwen2-vl"])
def model(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Offers of which some have a photo."""
    folder = tmp_path_factory.mktemp("shop")
    rows = []
    for product in range(12):
        for turn, colour in enumerate(("black", "white")):
            name = f"{product}-{turn}.png"
            Image.new("RGB", (40, 30), (20 * product, 90 * turn, 50)).save(folder / name)
            title = f"Kanon kettle K{100 + 7 * product} {colour}"
            rows.append((f"p{product}-{turn}", title, name if product < 8 else None))
    table = pl.DataFrame(rows, schema=["posting_id", "title", "image"], orient="row")
    table.write_csv(folder / "offers.csv")
    return folder


def questions(shop):
    catalog = read_catalog(shop / "offers.csv", photos=shop)
    return [question_of(catalog, 2 * n, 2 * n + 1) for n in (0, 1, 9)]


def test_pairs_with_and_without_photos_are_judged_in_batches(model, shop):
    asked = questions(shop)
    assert [all(each.photos) for each in asked] == [True, True, False]
    told = LlavaJudge(str(model), "rules", at_once=2).judge(asked)
    assert [each in VERDICTS for each in told] == [True] * 3


def test_the_photos_reach_the_model(model, shop, tmp_path, monkeypatch):
    judge, asked = LlavaJudge(str(model), "rules"), questions(shop)[:2]
    for colour in ("red", "blue"):
        Image.new("RGB", (40, 30), colour).save(tmp_path / f"{colour}.png")
    photos = [collage(*[tmp_path / f"{colour}.png"] * 2) for colour in ("red", "blue")]
    seen, generate = [], judge._loaded[1].generate
    monkeypatch.setattr(
        judge._loaded[1], "generate", lambda **inputs: seen.append(inputs) or generate(**inputs)
    )
    assert len(judge._written(asked, photos)) == 2
    red, blue = seen[0]["pixel_values"].chunk(2)
    assert (red - blue).abs().max() > 1


def test_a_second_run_asks_nothing(model, shop, tmp_path, monkeypatch):
    asked = questions(shop)
    first = LlavaJudge(str(model), "rules", Cache(tmp_path)).judge(asked)
    again = LlavaJudge(str(model), "rules", Cache(tmp_path))
    monkeypatch.setattr(again, "_written", None)
    assert again.judge(asked) == first


def test_the_whole_way_from_a_catalogue(model, shop, tmp_path):
    done = CliRunner().invoke(
        app,
        ["match", str(shop / "offers.csv"), "--photos", str(shop), "--judge", f"llava:{model}",
         "--judge-budget", "6", "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "c")],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "answered 6 of 6 questions" in done.stderr.replace("\n", " ")
