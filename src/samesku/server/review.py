"""The page where people decide about pairs in doubt, one after the other."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Response
from fastapi.responses import HTMLResponse

from samesku.report.titles import Shown, phrases, shown_title
from samesku.store.index import Index
from samesku.store.postings import normal_title
from samesku.titles import normal_tokens

PAGE = Path(__file__).parent / "review.html"
# Seconds that a pair is kept for who has it before them.
CLAIMED = 180
LOOKED_AT = 200
_PARTS = {"js": "text/javascript", "css": "text/css"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src blob:; connect-src 'self'"
)


class Claims:
    """Which pairs somebody has before them, so that two people do not get the same one."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[str, float]] = {}
        self._lock = threading.Lock()

    def claim(self, pair: tuple[str, str], who: str) -> bool:
        now = time.monotonic()
        with self._lock:
            self._held = {each: own for each, own in self._held.items() if own[1] > now}
            if pair in self._held and self._held[pair][0] != who:
                return False
            self._held[pair] = (who, now + CLAIMED)
            return True


def review_routes(app: FastAPI, index: Index, check: Callable[..., str]) -> None:
    """Add the page and what it asks for."""
    claims = Claims()

    @app.get("/review", tags=["review"], response_class=HTMLResponse)
    def page() -> Response:
        """The page; it holds nothing of the store, and asks for a token where one is needed."""
        headers = {"content-security-policy": _POLICY}
        return HTMLResponse(PAGE.read_text(encoding="utf-8"), headers=headers)

    @app.get("/review/{name}.{kind}", include_in_schema=False)
    def part(name: str, kind: str) -> Response:
        """The script and the style of the page."""
        if name != "review" or kind not in _PARTS:
            raise HTTPException(404, "there is no such file")
        return Response(PAGE.with_suffix(f".{kind}").read_bytes(), media_type=_PARTS[kind])

    @app.get("/review/next", tags=["review"])
    def following(
        who: Annotated[str, Depends(check)],
        after: Annotated[list[str] | None, Query(max_length=200)] = None,
        tab: Annotated[str, Query(max_length=40)] = "",
    ) -> dict[str, Any]:
        """The pair nearest to the threshold that is neither decided nor shown to someone else.

        One in four is a random one, for the audit, which measures how good the scores are.
        `after` names pairs to pass over, as ``left_id|right_id``; `tab` distinguishes two windows
        of one person.
        """
        passed, decided = set(after or []), index.decided()
        doubts = index.in_doubt(LOOKED_AT, audited=False)
        drawn = index.drawn(LOOKED_AT)
        random_first = (decided + len(passed)) % 4 == 3
        for pair in [*drawn, *doubts] if random_first else [*doubts, *drawn]:
            named = (pair.left_id, pair.right_id)
            if "|".join(named) not in passed and claims.claim(named, f"{who} {tab}"):
                shown = _shown(index, *named)
                break
        else:
            shown = {"pair": None}
        return {**shown, "decided": decided, "audit": index.audit()}


def _shown(index: Index, left: str, right: str) -> dict[str, Any]:
    why = index.why(left, right)
    sides = [index.get(each) for each in (left, right)]
    titles = [shown_title(str(side["posting"]["title"])) for side in sides]
    said = [_said(title) for title in titles]
    for side, title, own, others in zip(sides, titles, said, reversed(said), strict=True):
        there = set[str]().union(*others)
        side["title"] = [
            {"text": word, "shared": not there.isdisjoint(says)}
            for word, says in zip(title.text.split(), own, strict=True)
        ]
        side["hidden"] = title.hidden
    return {
        "pair": [left, right],
        "probability": why["probability"],
        "reasons": why["reasons"][:8],
        "sides": sides,
    }


def _said(title: Shown) -> list[set[str]]:
    """What each word of a title says: the quantity or phrase that it is part of, else itself."""
    said = [set(normal_tokens(normal_title(word))) for word in title.text.split()]
    for start, stop in phrases(title):  # "Disque dur" is a hard drive
        words = " ".join(title.text.split()[start:stop])
        said[start:stop] = [set(normal_tokens(normal_title(words)))] * (stop - start)
    for mark in title.marks:
        said[mark.start : mark.stop] = [{mark.value}] * (mark.stop - mark.start)
    return said
