"""The templates of the report, filled in: everything escaped that is not markup itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["Table", "asset", "render"]


class Table(NamedTuple):
    """Rows under a head; the first column names them, with `numbers` the others stand right."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: bool = True


def render(template: str, **values: Any) -> Markup:
    """One of the files in `templates`, filled in."""
    return Markup(_environment().get_template(template).render(values))


def asset(name: str) -> str:
    """The text of one of the files in `assets`."""
    return files("samesku.report").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("samesku.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"count": "{:,}".format, "percent": _percent, "many": _many}
    # JSON inside a page: short, in its own letters; what could end its element is escaped anyway.
    made.policies["json.dumps_kwargs"] = {
        "ensure_ascii": False, "separators": (",", ":"), "allow_nan": False,
    }  # fmt: skip
    return made


def _percent(share: float | None, digits: int = 0) -> str:
    return "–" if share is None else f"{share:.{digits}%}"


def _many(number: int, one: str) -> str:
    """A number of things, one or several."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"
