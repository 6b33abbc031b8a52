"""Is the word after a number a unit here? Rules for units that are also brands, phones, sizes.

The rules are data, in `words/unit_rules.toml`.
"""

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

from samesku.titles.scripts import word_lists
from samesku.titles.units import DESCRIBED, DOSE_AFTER, UNITS, pack_before

CONTEXT = 1000  # characters; longer texts are no titles, and must not take quadratic time
_BEFORE = 16  # characters before a number that are looked at
_MEMORY_UNITS = frozenset(spelling for spelling, unit in UNITS.items() if unit.base == "gb")
_SIZES_OF_MEMORY = frozenset(
    (*(2**n for n in range(11)), 1.5, 3, 6, 10, 12, 14, 18, 20, 22, 24, 48, 96, 120, 240, 250)
) | {480, 500, 960, 1000, 2000, 4000}
# `150mb/s` and `150 МБ/с` are speeds, in `8gb/ssd` is a memory.
_PER_SECOND = re.compile(r" ?/ ?(?:(?:s|d|sec|seg|sek|det|detik|с|сек|saniye)(?![^\W\d_])|[秒초ث])")
_RANGE_BEFORE = re.compile(r"([0-9]+(?:[.,][0-9]+)?) ?(?:-|~|s/d|sd|sampai|to) ?$")
_CODE_BEFORE = re.compile(r"(?<![a-z0-9])[a-z]{1,3}-$")
_LONG_CODE = re.compile(r"[a-z][a-z0-9]{0,9}-$")
_QUOTE = re.compile(r'(?<![0-9])"')

# Of the title, a number in it with the word behind it, and the value of the number.
Test: TypeAlias = Callable[[str, re.Match[str], float], object]


def meant_unit(text: str, match: re.Match[str], word: str) -> str | None:
    """Decide which spelling in `units.UNITS`, if any, the word after a number means.

    `match` starts at the number; its groups are `gap` (what is between the two) and `word`. The
    spelling is not always `word` itself: "6-12m" on baby clothes means months.
    """
    meant = "floz" if word.startswith("fl") and word.endswith("oz") else word
    if meant in DESCRIBED and DOSE_AFTER.match(text, match.end()):
        return "pcs"
    if cases := _RULES.get(word):
        value = _value(match)
        for tests, means in cases:
            for test in tests:  # a loop takes half the time of `all`
                if not test(text, match, value):
                    break
            else:
                meant = means
                break
    is_speed = meant in _MEMORY_UNITS and _PER_SECOND.match(text, match.end())
    return meant if meant in UNITS and not is_speed else None


def _value(match: re.Match[str]) -> float:
    """Value of a plain or decimal number, of the last in a list such as "1,2,3"."""
    head, *tail = _written(match).replace(",", ".").split(".")
    return float(f"{head}.{tail[0]}") if len(tail) == 1 else float((tail or [head])[-1])


def _written(match: re.Match[str]) -> str:
    return match.string[match.start() : match.end("rest")]


def _low_end(text: str, match: re.Match[str]) -> float | None:
    """Give the number a range starts with that ends at a number."""
    before = _RANGE_BEFORE.search(text, max(0, match.start() - 14), match.start())
    return float(before[1].replace(",", ".")) if before else None


def _is_range(text: str, match: re.Match[str], value: float) -> bool:
    low = _low_end(text, match)
    return low is not None and low < value


def _is_months(text: str, match: re.Match[str], value: float) -> bool:
    """`0-3m` and `6-12m`."""
    low = _low_end(text, match)
    return low is not None and low < value <= 36 and low % 3 == 0 == value % 3


def _is_code(text: str, match: re.Match[str], value: float) -> bool:
    """Distinguish "sc-23m" and "no.10-1m", article codes, from "1-2m", a range."""
    start = match.start()
    if match["gap"] == "-":
        return True
    if text[max(0, start - 1) : start] != "-" or start < 2 or not text[start - 2].isalnum():
        return False
    return not _is_range(text, match, value)


def _is_article(text: str, match: re.Match[str], value: float) -> bool:
    """`cli-8pc`, `sdsqxaf-032g` are article codes; `eksplor-400gr` is a name and a weight."""
    start = match.start()
    before = _LONG_CODE if text[start] == "0" else _CODE_BEFORE
    return value % 1 == 0 and before.search(text, max(0, start - 12), start) is not None


def _is_quoted(text: str, match: re.Match[str], value: float) -> bool:
    """Whether a quotation is open before the number."""
    opened = _QUOTE.findall(text, max(0, match.start() - CONTEXT), match.start())
    return len(opened) % 2 == 1


_TESTS: dict[str, Test] = {
    "article": _is_article,
    "code": _is_code,
    "fraction": lambda text, match, value: value % 1,
    "memory": lambda text, match, value: value in _SIZES_OF_MEMORY,
    "months": _is_months,
    "pack": lambda text, match, value: pack_before(text, match.start()) is not None,
    "quoted": _is_quoted,
    "range": _is_range,
}
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "above": operator.gt,
    "from": operator.ge,
    "to": operator.le,
    "below": operator.lt,
    "of": lambda value, numbers: value in numbers,
}


def _test(key: str, given: Any) -> Test:
    """The test that a key of a case in `unit_rules.toml` stands for."""
    if key in _COMPARED:
        compared = _COMPARED[key]
        return lambda text, match, value: compared(value, given)
    match key:
        case "test":
            return _TESTS[given]
        case "word":
            return lambda text, match, value: match["word"] in given
        case "gap":
            gaps = frozenset(given) or {""}
            return lambda text, match, value: match["gap"] in gaps
        case "about":
            about = re.compile("|".join(_PATTERNS[name] for name in given.split()))
            is_about = lru_cache(maxsize=8)(lambda text: about.search(text, 0, CONTEXT) is not None)
            return lambda text, match, value: is_about(text)  # each number of a title asks again
        case "number":
            number = re.compile(given)
            return lambda text, match, value: number.search(_written(match))
        case "after":
            after = re.compile(given)
            return lambda text, match, value: after.match(text, match.end())
        case "before":
            before = re.compile(f"(?:{given})$")
            return lambda text, match, value: before.search(
                text, max(0, match.start() - _BEFORE), match.start()
            )
    raise ValueError(f"unit_rules.toml: there is no test {key!r}")


_DATA = word_lists("unit_rules.toml")
_PATTERNS = {name: pattern.replace("\n", "") for name, pattern in _DATA["patterns"].items()}
# Of each word its cases: what it means, "" for no unit, where all tests hold.
_RULES: dict[str, list[tuple[list[Test], str]]] = {
    word: [
        ([_test(*each) for each in case.items() if each[0] != "means"], case.get("means", word))
        for case in cases
    ]
    for words, cases in _DATA["rules"].items()
    for word in words.split()
}
