"""Prices as shops write them: one number, its decimal mark decided by the whole column."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from samesku.catalog.currencies import DECIMAL_MARKS, currency_of

# Digits in groups by spaces or apostrophes, else by marks, or a mark before the first digit; not
# the dot of "Rs." and "S/.".
_NUMBER = re.compile(
    r"(?:\d{1,3}(?:[ ']\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*|(?<![^\W_])(?<!/)[.,]\d+)"
    r"(?:e[+-]?\d+(?!\w))?"
)
# "5k" are thousands, "100 K" are kwacha.
_TIMES = re.compile(
    r"^(?: ?(ribu|rb|juta|jt|lakh|lac|crore|mio|тыс|tys|triệu|tr)(?!\w)|(k)(?!\w)| ?([万萬만千천]))"
)
_FACTORS = {
    **dict.fromkeys(("ribu", "rb", "k", "тыс", "tys", "千", "천"), 1e3),
    **dict.fromkeys(("juta", "jt", "mio", "triệu", "tr"), 1e6),
    **dict.fromkeys("万萬만", 1e4), "lakh": 1e5, "lac": 1e5, "crore": 1e7,
}  # fmt: skip
_GROUPED = r"\d{{1,3}}(?:{0}\d{{3}})+|\d{{1,2}}(?:{0}\d{{2}})+{0}\d{{3}}"  # the second is India's
# Arabic decimal and thousands marks, apostrophes, minus signs.
_SIGNS = str.maketrans(
    {"٫": ".", "٬": ",", "،": ",", "’": "'", "‘": "'", "−": "-", "–": "-", "—": "-"}
)
_AGREE = 2 / 3


def read_prices(texts: Sequence[str]) -> list[float | None]:
    """Read a column of prices as written, with currency and all.

    A mark before three digits, as in ``1.299``, stands for thousands unless other prices of the
    column, first those of the same currency, show that it is their decimal mark. None where the
    text is not one positive finite number, or its mark can be read in two ways that differ by a
    thousand and the column shows both.
    """
    cells = {text: _Cell(text) for text in set(texts)}
    votes: dict[str, Counter[str]] = {}
    for cell in cells.values():
        if mark := cell.decimal_mark():
            for kind in (cell.around, ""):
                votes.setdefault(kind, Counter())[mark] += 1
    read = {text: cell.value(_decided(cell, votes)) for text, cell in cells.items()}
    return [read[text] for text in texts]


def _decided(cell: _Cell, votes: dict[str, Counter[str]]) -> str | None:
    """The decimal mark of a cell by its neighbours: ``""`` where none shows it, None where both."""
    if (currency := currency_of(cell.around)) in DECIMAL_MARKS:
        return DECIMAL_MARKS[currency]
    seen = Counter[str]()
    for kind in (cell.around, ""):
        seen = votes.get(kind, Counter())
        for mark, count in seen.items():
            if count >= _AGREE * seen.total():
                return mark
    return None if seen else ""


class _Cell:
    """One price as written, taken apart."""

    def __init__(self, text: str) -> None:
        plain = unicodedata.normalize("NFKC", text).casefold().translate(_SIGNS)
        plain = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in plain)
        # What is in brackets is a price per unit, or a tax.
        plain = re.sub(r"\([^()]*\)", " ", plain)
        plain = re.sub(r"\s+", " ", plain).strip()
        mark = "," if "." in plain else "."
        plain = re.sub(r"(?<=\d) ?€ ?(\d\d)$", rf"{mark}\1 €", plain)  # "59€90", "1.299€00"
        found = list(_NUMBER.finditer(plain))
        self.number, self.around, self.factor = "", plain, 1.0
        self.mark = ""
        if len(found) != 1:
            return
        before, after = plain[: found[0].start()], plain[found[0].end() :]
        times = _TIMES.match(after)
        if times:
            self.factor = _FACTORS[times[times.lastindex or 0]]
        self.around = f"{before.strip()} {after.strip(' .,-')}".strip()
        if "-" not in before and not after.startswith("%"):
            self.number = re.sub("[ ']", "", found[0][0])
            # "12,-", or thousands marked by other signs: then a mark is the decimal one.
            if round_price := re.match(r"([.,]) ?-", after):
                self.mark = round_price[1]
            elif self.number != found[0][0]:
                self.mark = next((sign for sign in self.number if sign in ".,"), "")

    def decimal_mark(self) -> str | None:
        """The decimal mark that this price shows by itself: None where it shows none."""
        digits, _, exponent = self.number.partition("e")
        marks = [sign for sign in digits if sign in ".,"]
        if self.mark or not marks:
            return self.mark or None
        last, other = marks[-1], "," if marks[-1] == "." else "."
        if len(set(marks)) == 2:
            return last
        if len(marks) > 1:
            return other
        whole, decimals = digits.split(last)
        sure = exponent or len(decimals) != 3 or len(whole) > 3 or whole in ("", "0", "00")
        return last if sure else None

    def value(self, decided: str | None) -> float | None:
        """The number, by its own decimal mark or else by the one that was `decided`."""
        digits, _, exponent = self.number.partition("e")
        mark = self.decimal_mark()
        if mark is None:
            if decided is None and not digits.isdigit():
                return None
            mark = decided or next((other for other in ".," if other not in digits), "")
        grouping = "," if mark == "." else "."
        whole, _, decimals = digits.partition(mark) if mark else (digits, "", "")
        grouped = re.fullmatch(_GROUPED.format(re.escape(grouping)), whole)
        whole = whole.replace(grouping, "") if grouped else whole
        written = f"{whole or 0}.{decimals or 0}"
        if not self.number or not re.fullmatch(r"\d+\.\d+", written):
            return None
        number = float(f"{written}e{exponent or 0}") * self.factor
        return number if math.isfinite(number) and number > 0 else None
