"""HTML out of Python values, everything escaped that is not markup itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, TypeAlias

__all__ = ["Child", "Markup", "data_script", "element", "joined", "table"]

VOID = frozenset(("input", "meta", "br", "img"))


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = str | Markup | int | float | None


def element(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """An element; text in it is escaped.

    Parameters
    ----------
    name : str
    *children
        Text or :class:`Markup`; None is left out.
    **attributes
        ``class_`` is `class`, ``aria_label`` is `aria-label`; True stands alone, None and False
        are left out.

    Examples
    --------
    >>> element("a", "x < y", class_="b", href='"')
    '<a class="b" href="&quot;">x &lt; y</a>'
    """
    told = "".join(
        f" {key.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Markup(f"<{name}{told}>")
    return Markup(f"<{name}{told}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Markup:
    """Several, one after the other."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else escape(str(child))
            for child in children
            if child is not None
        )
    )


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[Child]], *, numbers: bool = True
) -> Markup:
    """A table whose first column names its rows; with `numbers` the others stand to the right."""
    number = "number" if numbers else None
    ends = [
        element("th", name, scope="col", class_=number if place else None)
        for place, name in enumerate(head)
    ]
    lines = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell, class_=number) for cell in row[1:]),
        )
        for row in rows
    ]
    inner = element("table", element("caption", caption), element("thead", element("tr", *ends)),
                    element("tbody", *lines))  # fmt: skip
    # Wide tables scroll by themselves; who has no mouse can scroll what can be focused.
    return element("div", inner, class_="scroll", tabindex=0, role="region", aria_label=caption)


def data_script(name: str, value: Any) -> Markup:
    """JSON that the page's script reads; nothing in it can end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(f'<script type="application/json" id="{escape(name)}">{text}</script>')
