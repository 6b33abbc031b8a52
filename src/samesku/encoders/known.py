"""Pretrained models that suit offers, and what their makers say of them."""

from __future__ import annotations

from dataclasses import dataclass

from samesku.encoders.card import EncoderKind


@dataclass(frozen=True)
class KnownModel:
    """A model on the hub: size of its float32 weights, licence as its card said when written."""

    name: str
    kind: EncoderKind
    dimension: int
    megabytes: int
    licence: str
    good_for: str

    @property
    def encoder(self) -> str:
        """What to give to ``--encoder``."""
        return f"clip:{self.name}" if self.kind == "clip" else f"hf:{self.name}"


KNOWN = (
    KnownModel(
        "intfloat/multilingual-e5-small", "title", 384, 471, "MIT",
        "titles in about 100 languages; the quickest of these",
    ),
    KnownModel(
        "intfloat/multilingual-e5-base", "title", 768, 1112, "MIT",
        "titles in about 100 languages",
    ),
    KnownModel(
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "title", 384, 471,
        "Apache-2.0", "titles in about 50 languages, paraphrases",
    ),
    KnownModel("BAAI/bge-base-en-v1.5", "title", 768, 438, "MIT", "English titles"),
    KnownModel(
        "indobenchmark/indobert-base-p1", "title", 768, 498, "MIT",
        "Indonesian titles, as the base of train-encoder; not as it is",
    ),
    KnownModel(
        "google/efficientnet-b0", "photo", 1280, 21, "Apache-2.0",
        "photos on a processor, and as the base of train-encoder",
    ),
    KnownModel(
        "facebook/convnext-tiny-224", "photo", 768, 114, "Apache-2.0",
        "photos, as the base of train-encoder",
    ),
    KnownModel(
        "facebook/dinov2-small", "photo", 384, 88, "Apache-2.0",
        "photos of the same thing, without training",
    ),
    KnownModel("facebook/dinov2-base", "photo", 768, 346, "Apache-2.0", "the same, larger"),
    KnownModel(
        "google/siglip2-base-patch16-224", "clip", 768, 1500, "Apache-2.0",
        "photos, and titles in many languages",
    ),
    KnownModel(
        "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "clip", 512, 605, "MIT",
        "photos and English titles",
    ),
    KnownModel(
        "patrickjohncyh/fashion-clip", "clip", 512, 605, "MIT", "clothing: photos, English titles"
    ),
)  # fmt: skip
