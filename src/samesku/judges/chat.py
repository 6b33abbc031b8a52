"""A chat model as judge, over any server that speaks as OpenAI's does."""

import base64
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from samesku.catalog.answers import UNSURE
from samesku.judges.wire import SCHEMA, SIDES, Question, collage, instructions, parsed
from samesku.runtime.cache import Cache, content_key
from samesku.runtime.cores import map_in_order
from samesku.runtime.extras import need_extra

# The environment variables that may hold a key, the first one first.
KEY = ("SAMESKU_JUDGE_KEY", "OPENAI_API_KEY")
# How an answer is asked for, the strictest first, with photos and then without: what a server
# refuses is not asked of it again.
FORMS = ("schema", "json", "text")
# Questions in a row without an answer after which no more are asked.
GIVES_UP = 5
# What a server says that may answer later, and what one that never will, with what that means.
BUSY = (408, 409, 429)
FOR_GOOD = {
    401: "refuses the key", 403: "refuses the key", 404: "knows no such model or address",
}  # fmt: skip


@dataclass(eq=False)
class ChatJudge:
    """Asks a chat model, once per pair and content."""

    url: str  # of the server, as http://localhost:8000/v1
    model: str
    rules: str  # what is the same product
    # where answers are kept: a second run asks nothing again
    cache: Cache = field(default_factory=lambda: Cache(None))
    at_once: int = 4  # questions under way at a time
    retries: int = 4  # where the server is down, slow or busy
    timeout: float = 60.0  # seconds an answer may take
    trouble: str = ""  # why no more is asked; empty while all is well
    unread: int = 0  # answers without a verdict
    _way: int = 0
    _failed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def _client(self) -> Any:
        need_extra("a chat model as judge", "judge", "openai")
        from openai import OpenAI

        key = next((os.environ[name] for name in KEY if os.environ.get(name)), "none")
        return OpenAI(
            base_url=self.url, api_key=key, timeout=self.timeout, max_retries=self.retries
        )

    def judge(self, questions: Sequence[Question]) -> list[str | None]:
        """An answer to each question; None where the server gave none."""
        self._client  # noqa: B018  (made before several threads ask for it)
        return list(map_in_order(self._answer, questions, threads=self.at_once))

    def _answer(self, question: Question) -> str | None:
        photo = collage(*question.photos)
        seen = "" if photo is None else sha256(photo).hexdigest()
        key = content_key("judge-1", self.url, self.model, self.rules, question.text, seen)
        kept = self.cache.load("judges", key)
        if kept is not None:
            text, form = str(kept["text"][0]), str(kept["form"][0])
        elif answer := self._asked(question, photo):
            text, form = answer
            self.cache.store("judges", key, {"text": np.array([text]), "form": np.array([form])})
        else:
            return None
        verdict = _read(text, form, question)
        if verdict is None:
            with self._lock:
                self.unread += 1
        return verdict or UNSURE

    def _asked(self, question: Question, photo: bytes | None) -> tuple[str, str] | None:
        """What the server says, and in which form; None where it does not."""
        import openai

        plain = False
        while not self.trouble:
            way = self._way
            form = "text" if plain else FORMS[way % len(FORMS)]
            seen = photo if way < len(FORMS) else None
            try:
                text = self._once(question, seen, form)
            except openai.APIStatusError as error:
                status = error.status_code
                busy, for_good = status in BUSY or status >= 500, status in FOR_GOOD
                if not (busy or for_good or plain) and self._asks_less(way, form, seen):
                    continue
                what = "is busy or broken" if busy else FOR_GOOD.get(status, "refuses")
                self._fails(f"the server {what} (status {status})", for_good)
            except openai.APITimeoutError:
                self._fails(f"the server takes longer than {self.timeout:.0f} s")
            except openai.APIConnectionError:
                self._fails("the server cannot be reached")
            except (openai.OpenAIError, ValueError, LookupError, TypeError, AttributeError):
                self._fails("the server answers in no form that is known")
            else:
                with self._lock:
                    self._failed = 0
                if form == "text" or _read(text, form, question):
                    return text, form
                plain = True  # it took no notice of the form: asked once more for plain text
                continue
            return None
        return None

    def _once(self, question: Question, photo: bytes | None, form: str) -> str:
        content: str | list[dict[str, Any]] = question.text
        if photo is not None:
            image = f"data:image/jpeg;base64,{base64.b64encode(photo).decode()}"
            content = [
                {"type": "text", "text": question.text},
                {"type": "text", "text": SIDES},
                {"type": "image_url", "image_url": {"url": image}},
            ]
        more: dict[str, Any] = {}
        if form == "schema":
            schema = {"name": "verdict", "strict": True, "schema": dict(SCHEMA)}
            more["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif form == "json":
            more["response_format"] = {"type": "json_object"}
        mark = question.mark if form == "text" else None
        answer = self._client.chat.completions.create(
            model=self.model,
            temperature=0,
            max_tokens=300,
            messages=[
                {"role": "system", "content": instructions(self.rules, mark=mark)},
                {"role": "user", "content": content},
            ],
            **more,
        )
        return str(answer.choices[0].message.content or "")

    def _asks_less(self, way: int, form: str, seen: bytes | None) -> bool:
        """Go on without what the server may not support; False where nothing is left."""
        with self._lock:
            # Another question may have found out already.
            if way == self._way and (form != "text" or seen is not None):
                self._way += 1
            return way != self._way

    def _fails(self, reason: str, for_good: bool = False) -> None:
        with self._lock:
            self._failed += 1
            if for_good:
                self.trouble = self.trouble or reason
            elif self._failed >= GIVES_UP and not self.trouble:
                self.trouble = f"{reason}, {self._failed} questions in a row"


def _read(text: str, form: str, question: Question) -> str | None:
    return parsed(text, question.mark if form == "text" else None)
