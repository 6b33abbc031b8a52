"""LLaVA and other models that read text and see photos, by transformers, as judge."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from PIL import Image

from samesku.catalog.answers import UNSURE
from samesku.judges.wire import LARGEST, SIDES, Question, collage, instructions, parsed
from samesku.runtime.cache import Cache, content_key
from samesku.runtime.extras import need_extra

# Tokens of an answer in a line of text.
LONGEST = 64


@dataclass(eq=False)
class LlavaJudge:
    """Asks an image-text-to-text model of transformers, several pairs at once.

    Every pair comes with a picture, as not every such model reads text alone: a pair of which a
    photo cannot be read comes with a white one and the note to decide by its text.
    """

    model: str  # name on the hub, or folder
    rules: str  # what is the same product
    cache: Cache = field(default_factory=lambda: Cache(None))
    at_once: int = 4  # pairs of a batch
    unread: int = 0  # answers without a verdict

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        need_extra("LLaVA as judge", "judge,train", "torch", "transformers")
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        device = "cuda" if torch.cuda.is_available() else "cpu"
        processor = AutoProcessor.from_pretrained(self.model)
        kind = torch.float16 if device == "cuda" else torch.float32
        model = AutoModelForImageTextToText.from_pretrained(self.model, dtype=kind).to(device)
        processor.tokenizer.padding_side = "left"  # a batch is continued at its right end
        if processor.tokenizer.pad_token is None:
            processor.tokenizer.pad_token = processor.tokenizer.eos_token
        return processor, model.eval()

    def judge(self, questions: Sequence[Question]) -> list[str | None]:
        """An answer to each question; `unsure` where the model writes none."""
        photos = [collage(*each.photos) for each in questions]
        keys = [
            content_key("llava-1", self.model, self.rules, each.text,
                        "" if photo is None else sha256(photo).hexdigest())
            for each, photo in zip(questions, photos, strict=True)
        ]  # fmt: skip
        kept = [self.cache.load("judges", key) for key in keys]
        texts = [None if each is None else str(each["text"][0]) for each in kept]
        open_ = [place for place, text in enumerate(texts) if text is None]
        for start in range(0, len(open_), self.at_once):
            some = open_[start : start + self.at_once]
            written = self._written([questions[p] for p in some], [photos[p] for p in some])
            for place, text in zip(some, written, strict=True):
                texts[place] = text
                self.cache.store("judges", keys[place], {"text": np.array([text])})
        verdicts = [
            parsed(text or "", each.mark) for text, each in zip(texts, questions, strict=True)
        ]
        self.unread += verdicts.count(None)
        return [each or UNSURE for each in verdicts]

    def _written(self, questions: Sequence[Question], photos: Sequence[bytes | None]) -> list[str]:
        processor, model = self._loaded
        prompts = [
            processor.apply_chat_template(
                _conversation(each, self.rules, seen=photo is not None), add_generation_prompt=True
            )
            for each, photo in zip(questions, photos, strict=True)
        ]
        blank = Image.new("RGB", (LARGEST, LARGEST // 2), "white")
        pictures = [
            [blank if photo is None else Image.open(io.BytesIO(photo)).convert("RGB")]
            for photo in photos
        ]
        inputs = processor(text=prompts, images=pictures, return_tensors="pt", padding=True)
        inputs = inputs.to(model.device, dtype=model.dtype)
        written = model.generate(**inputs, max_new_tokens=LONGEST, do_sample=False)
        fresh = written[:, inputs["input_ids"].shape[1] :]
        return list(processor.batch_decode(fresh, skip_special_tokens=True))


def _conversation(question: Question, rules: str, *, seen: bool) -> list[dict[str, Any]]:
    """One turn of the user: not every template has a place for a system."""
    note = SIDES if seen else "There is no photo: judge by the text."
    text = f"{instructions(rules, mark=question.mark)}\n\n{note}\n\n{question.text}"
    return [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}]
