"""What mkdocs adds to the pages: the reference of the commands, from their own help."""

import posixpath
import re
from typing import Any

import typer

from samesku.cli.app import app

PLACE = "<!-- commands -->"
# A link from a page to a file of the repository: [label](../../src/file.py).
LINK = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#\s]+)\)")
# What docstrings mark for another tool: :func:`samesku.score`.
ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):(?=<code)")


def on_page_content(html: str, **_: Any) -> str:
    """Show of a name in a docstring the name alone."""
    return ROLE.sub("", html)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill in the commands, and leave of links to files beside the site their label."""

    def kept(link: re.Match[str]) -> str:
        folder = posixpath.dirname(page.file.src_uri)
        inside = not posixpath.normpath(posixpath.join(folder, link[2])).startswith("..")
        return link[0] if inside else link[1]

    return LINK.sub(kept, markdown).replace(PLACE, _commands() if PLACE in markdown else "")


def _commands() -> str:
    group: Any = typer.main.get_command(app)
    parts = []
    for name, command in group.commands.items():
        if command.hidden:
            continue
        context = typer.Context(command, info_name=f"samesku {name}", terminal_width=100)
        parts.append(f"## samesku {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)
