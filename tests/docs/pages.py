"""README and docs, and what stands in them: commands, blocks of Python, links."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[2]
BESIDE = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md"]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *(ROOT / name for name in BESIDE)])
FENCE = re.compile(r"^( *)```+(.*)\n((?:.*\n)*?)\1```+ *$", re.MULTILINE)
INDENTED = re.compile(r"(?:^ {4}\S.*\n(?: {4}.*\n)*)", re.MULTILINE)
# `code`, also over the end of a line; a blank line ends it.
INLINE = re.compile(r"(?<!`)`((?:[^`\n]|\n(?!\n))+)`(?!`)")
SHELL = {"", "sh", "bash", "console"}
SEPARATORS = {"&&", "||", "|", ";", "&"}


@dataclass(frozen=True)
class Block:
    """What stands between fences, or is indented by four."""

    page: str
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """One command of a page, as words."""

    page: str
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {shlex.join(self.words)}"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path) -> list[Block]:
    """Fenced blocks and, as shell, those that are indented."""
    text = path.read_text("utf-8")
    page = name_of(path)
    found = [
        Block(page, _line(text, match.start()) + 1, match[2].strip(), match[3])
        for match in FENCE.finditer(text)
    ]
    return found + [
        Block(page, _line(text, match.start()), "", re.sub(r"^ {4}", "", match[0], flags=re.M))
        for match in INDENTED.finditer(_prose(text))
        if "\n- " not in "\n" + match[0] and not match[0].lstrip().startswith(("|", "-"))
    ]


def commands(path: Path) -> list[Command]:
    """The commands of the shell blocks, comments and continuations apart."""
    found = []
    for block in blocks(path):
        if block.language not in SHELL:
            continue
        line, waiting = block.line, ""
        for row in block.text.splitlines():
            waiting += row.removesuffix("\\") + " "
            if not row.endswith("\\"):
                found += [Command(block.page, line, words) for words in split(waiting)]
                waiting = ""
            line += 1
    return found


def split(line: str) -> list[tuple[str, ...]]:
    """The commands of a line: `A=1 a b && c | d > e` is a b and c and d."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # No shell: a sentence with an apostrophe.
        return []
    found: list[list[str]] = [[]]
    for word in words:
        if word in SEPARATORS:
            found.append([])
        else:
            found[-1].append(word)
    return [tuple(_own(command)) for command in found if _own(command)]


def inline(path: Path) -> list[Command]:
    """What is set as code within the sentences, as words."""
    text = _prose(path.read_text("utf-8"))
    found = []
    for match in INLINE.finditer(text):
        words = tuple(match[1].split())
        if words:
            found.append(Command(name_of(path), _line(text, match.start()), words))
    return found


def links(path: Path) -> list[str]:
    """Targets of links and pictures."""
    return re.findall(r"\]\(([^)\s]+)\)", _prose(path.read_text("utf-8")))


def anchors(path: Path) -> set[str]:
    """What the headings of a page, and of the files shown in it, are linked by."""
    text = _prose(path.read_text("utf-8"))
    for shown in re.findall(r'^--8<-- "([^":]+)', text, re.MULTILINE):
        text += _prose((ROOT / shown).read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _own(words: list[str]) -> list[str]:
    kept = list(takewhile(lambda word: word not in {">", ">>", "<"}, words))
    while kept and re.fullmatch(r"[A-Z_]+=.*", kept[0]):
        kept.pop(0)
    return kept


def _prose(text: str) -> str:
    """The page with its fenced blocks blank, lines kept."""
    return FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
