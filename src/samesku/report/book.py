"""What the page holds of postings and explanations, each once and by number."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from samesku.catalog.currencies import rates
from samesku.catalog.photos import PhotoError, opened_photo
from samesku.report.titles import shown_title
from samesku.results.runs import Run
from samesku.results.steps import split_reason
from samesku.runtime.cores import map_in_order

# Photos inside the page: about 3 kB each.
MOST_PHOTOS = 2_500
# Pixels of the longer side.
THUMBNAIL = 112
QUALITY = 62


class Book:
    """Numbers the postings, phrases and photos that a page refers to."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._place: dict[int, int] = {}
        self._number: dict[str, int] = {}
        self._pairs: list[list[Any]] = []
        frame = run.catalog.frame
        none = [None] * len(frame)
        self.prices = frame["price"].to_list() if "price" in frame.columns else none
        self.currencies = frame["currency"].to_list() if "currency" in frame.columns else none
        self.rates = rates(frame)

    def posting(self, row: int) -> int:
        return self._place.setdefault(row, len(self._place))

    def phrase(self, text: str) -> int:
        return self._number.setdefault(text, len(self._number))

    def pair(self, left: int, right: int, score: float | None, reasons: str | None) -> int:
        steps = [] if reasons is None else [self._step(part) for part in reasons.split("; ")]
        thousandths = None if score is None else round(1000 * score)
        self._pairs.append([self.posting(left), self.posting(right), thousandths, steps])
        return len(self._pairs) - 1

    def content(self) -> dict[str, Any]:
        """Everything that was referred to, for the page: photos of those first that came first."""
        photos = (self.run.catalog.photos[row] for row in self._place)
        wanted = list(dict.fromkeys(filter(None, photos)))
        made = thumbnails(wanted[:MOST_PHOTOS])
        number: dict[Path | None, int] = {path: place for place, path in enumerate(made)}
        return {
            "photos": list(made.values()),
            "photosWanted": len(wanted),
            "postings": [self._posting(row, number) for row in self._place],
            "pairs": self._pairs,
            "phrases": list(self._number),
        }

    def _posting(self, row: int, number: Mapping[Path | None, int]) -> list[Any]:
        """Id, title, marks, photo, hidden, price, label, side, currency: to the last one known."""
        run = self.run
        shown = shown_title(run.catalog.titles[row])
        marks = [
            [mark.start, mark.stop, self.phrase(mark.kind), self.phrase(mark.value)]
            for mark in shown.marks
        ]
        label = None if run.labels is None or run.labels[row] < 0 else int(run.labels[row])
        price, side = self.prices[row], None if run.lefts is None else int(row >= run.lefts)
        place = number.get(run.catalog.photos[row], -1)
        known = run.ids[row], shown.text, marks, place, shown.hidden
        fields = [*known, price, label, side, None if price is None else self.currencies[row]]
        while fields[-1] is None:
            fields.pop()
        return fields

    def _step(self, part: str) -> list[int]:
        """`[phrase, hundredths of log-odds]`; only the phrase where nothing is added."""
        reason, added = split_reason(part)
        step = [self.phrase(reason)]
        return step if added is None else [*step, round(100 * added)]


def sampled(rows: Iterable[int], most: int) -> list[int]:
    """At most so many, drawn evenly and in their order."""
    known = np.fromiter(rows, dtype=np.int64)
    if len(known) <= most:
        return [int(row) for row in known]
    drawn = np.random.default_rng(0).choice(known, most, replace=False)
    return [int(row) for row in np.sort(drawn)]


def thumbnails(photos: Sequence[Path]) -> dict[Path, str]:
    """Each photo as a data URI; those that cannot be decoded are left out."""
    made = zip(photos, map_in_order(_thumbnail, photos), strict=True)
    return {path: uri for path, uri in made if uri is not None}


def _thumbnail(path: Path) -> str | None:
    try:
        # A JPEG decoded at a fraction of its size takes a fraction of the time.
        with opened_photo(path, about=2 * THUMBNAIL) as photo:
            small = Image.fromarray(photo)
            small.thumbnail((THUMBNAIL, THUMBNAIL))
    except PhotoError:
        return None
    file = io.BytesIO()
    small.save(file, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")
