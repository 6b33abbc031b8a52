"""A question as a model reads it, and its answer as it comes back. Titles are untrusted data."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Template
from PIL import Image

from samesku.catalog.answers import VERDICTS
from samesku.catalog.catalog import Catalog
from samesku.catalog.photos import PhotoError, load_photo
from samesku.runtime.cache import content_key
from samesku.titles.attributes.columns import column_kind

# Characters of a field that a model is shown.
LONGEST = {"title": 300, "description": 600}
REST = 120
# Pixels of the longer side of a collage.
LARGEST = 512
# Control characters and those that change the direction of text.
STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
# How often a judge said `same` and how often not: of what is the same, and of what is not.
Counts = tuple[tuple[int, int], ...]
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    # In this order: what was compared stands before what follows from it.
    "properties": {
        "differs": {"type": "string", "description": "what differs, in a few words"},
        "verdict": {"type": "string", "enum": list(VERDICTS)},
    },
    "required": ["differs", "verdict"],
    "additionalProperties": False,
}
SIDES = "The photo of offer 1 is left, that of offer 2 right."


def rules() -> str:
    """What is the same product, for people and models."""
    return files(__package__).joinpath("rules.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Question:
    """A pair of postings as records of `title` and other known fields, without ids."""

    left: Mapping[str, str]
    right: Mapping[str, str]
    photos: tuple[Path | None, Path | None] = (None, None)

    @property
    def text(self) -> str:
        """The two records between delimiters that nothing within them can write."""
        return "\n".join(
            f"<offer_{side}>\n{_harmless(record)}\n</offer_{side}>"
            for side, record in (("1", self.left), ("2", self.right))
        )

    @property
    def mark(self) -> str:
        """A word that the author of a title cannot know."""
        return content_key("mark of a verdict", self.text)[:8]


class Judge(Protocol):
    """A model that answers "same product?"."""

    model: str  # what it is called in answers

    def judge(self, questions: Sequence[Question]) -> list[str | None]:
        """`same`, `different` or `unsure` to each question; None where there was no answer."""


def question_of(catalog: Catalog, left: int, right: int) -> Question:
    return Question(
        _record(catalog, left),
        _record(catalog, right),
        (catalog.photos[left], catalog.photos[right]),
    )


def _record(catalog: Catalog, row: int) -> dict[str, str]:
    frame = catalog.frame
    named = ["title", "brand", "price", "currency", "description"]
    named += [name for name in frame.columns if column_kind(name) and name not in named]
    fields = {name: frame[name][row] for name in named if name in frame.columns}
    return {name: str(value) for name, value in fields.items() if value is not None}


def _harmless(record: Mapping[str, str]) -> str:
    """JSON in one line: no field can end the record, and no delimiter be written in one."""
    fields = {
        name: STEERING.sub(" ", value)[: LONGEST.get(name, REST)] for name, value in record.items()
    }
    text = json.dumps(fields, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("`", "\\u0060")


def instructions(rules: str, *, mark: str | None = None) -> str:
    """The system prompt: rules and form of the answer.

    With a `mark` the answer is to be a line of text that begins so, else JSON.
    """
    text = files(__package__).joinpath("instructions.md.j2").read_text(encoding="utf-8")
    return str(Template(text).render(rules=rules, mark=mark))


def parsed(text: str, mark: str | None = None) -> str | None:
    """The verdict of an answer; None where it has none, or several.

    With a `mark` it is the line that begins so, else JSON.
    """
    text = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL).strip()
    if mark is not None:
        found = re.findall(rf"^\W*{mark}\W+(\w+)\W*$", text, flags=re.MULTILINE | re.IGNORECASE)
        said = {each.lower() for each in found}
        return said.pop() if len(said) == 1 and said <= set(VERDICTS) else None
    fenced = re.fullmatch(r"```(?:json)?\s*(\{.*\})\s*```", text, flags=re.DOTALL)
    try:
        answer = json.loads(fenced[1] if fenced else text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    verdict = answer.get("verdict") if isinstance(answer, dict) else None
    word = verdict.strip().lower() if isinstance(verdict, str) else None
    return word if word in VERDICTS else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a field stands twice")
    return dict(pairs)


def collage(left: Path | None, right: Path | None) -> bytes | None:
    """The photos of a pair side by side, the left one left; None unless both can be read."""
    if left is None or right is None:
        return None
    half = LARGEST // 2
    page = Image.new("RGB", (LARGEST, half), "white")
    for place, path in ((0, left), (half, right)):
        try:
            photo = Image.fromarray(load_photo(path))
        except (PhotoError, OSError):
            return None
        photo.thumbnail((half, half))
        page.paste(photo, (place + (half - photo.width) // 2, (half - photo.height) // 2))
    kept = io.BytesIO()
    page.save(kept, "JPEG", quality=85)
    return kept.getvalue()
