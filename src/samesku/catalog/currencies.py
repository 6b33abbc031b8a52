"""Currencies as shops write them, and what they are worth."""

import re
import unicodedata
from functools import lru_cache

import numpy as np
import polars as pl

from samesku.runtime.arrays import Doubles
from samesku.runtime.files import packaged_table

_DATA = packaged_table("samesku.catalog", "currencies.toml")
_RATES = {code: float(rate) for code, rate in _DATA["rates"].items()}
_SIGNS = {sign: code for code, signs in _DATA["signs"].items() for sign in signs}
_SEVERAL: dict[str, list[str]] = _DATA["several"]
# The decimal mark that a currency is written with, "" of one without decimals.
DECIMAL_MARKS = {
    code: "" if mark == "none" else mark
    for mark, codes in _DATA["decimals"].items()
    for code in codes
}
_WORD = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*[$¥/]?|[^\w\s]")
_LONGEST = 50


@lru_cache(maxsize=1_000)
def currency_of(text: str) -> str | None:
    """The ISO code of the currency that a text names by code or sign; None where there is none.

    >>> currency_of("Kč"), currency_of("US $"), currency_of("kr")
    ('CZK', 'USD', None)
    """
    words = _words(text)
    codes = (word.upper() for word in words if word.upper() in _RATES)
    return next(codes, next((_SIGNS[word] for word in words if word in _SIGNS), None))


def written_currency(text: str) -> str | None:
    """The code of a currency, else a sign of several such as "kr"; None where there is neither."""
    several = (word for word in _words(text) if word in _SEVERAL)
    return currency_of(text) or next(several, None)


def codes_of(sign: str) -> list[str]:
    """The codes of the currencies that may be meant by a sign of several, or by any other text."""
    return _SEVERAL.get(sign, ["EUR", "USD", "PLN"])


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text[:_LONGEST]).casefold())


def rates(frame: pl.DataFrame) -> Doubles:
    """What a euro is worth in the currency of each row, float64 ``(n,)``; NaN where unknown."""
    if "currency" not in frame.columns:
        return np.full(frame.height, np.nan)
    named = frame["currency"].cast(pl.String).to_list()
    codes = {text: currency_of(text or "") for text in set(named)}
    worth = {text: _RATES[code] if code else np.nan for text, code in codes.items()}
    return np.array([worth[text] for text in named], dtype=np.float64)
