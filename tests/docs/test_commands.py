"""Every command in README and docs is one that there is, with options that it has."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from samesku.cli.app import app
from samesku.cli.reading import comma_list
from samesku.titles.attributes import KINDS
from tests.docs.pages import PAGES, ROOT, Command, commands, inline, name_of, split

GROUP: Any = typer.main.get_command(app)
OPTION = re.compile(r"--?[a-zA-Z][\w-]*")
# What stands for any command, option or value.
PLACEHOLDER = re.compile(r"[A-Z_]+|\.\.\.")


def options_of(command: Any) -> set[str]:
    return {name for each in command.params for name in (*each.opts, *each.secondary_opts)}


GLOBAL = options_of(GROUP) | {"--help"}
ANY = GLOBAL.union(*(options_of(command) for command in GROUP.commands.values()))


def of_samesku(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """What follows `samesku`, also under `uv run` or docker; None for another program."""
    if words[0] == "samesku":
        return words[1:]
    if words[:1] in {("uv",), ("docker",)} and "samesku" in words:
        return words[words.index("samesku") + 1 :]
    return None


def fault_of(words: tuple[str, ...]) -> str | None:
    """What the command line interface says against a whole command; None where it takes it."""
    while words and words[0] in GLOBAL:
        words = words[1:]
    if not words:
        return None
    name, *rest = words
    if name not in GROUP.commands:
        return f"there is no command {name!r}"
    command = GROUP.commands[name]
    try:
        parsed = command.make_context(name, list(rest)).params
    except Exception as error:  # Its classes are private to typer.
        if type(error).__name__ == "Exit":
            return None
        return str(error)
    unknown = set(comma_list(parsed.get("same"))) - {*KINDS}
    return f"no attributes: {', '.join(sorted(unknown))}" if unknown else None


def fault_within(words: tuple[str, ...]) -> str | None:
    """The same of code within a sentence, where arguments are often left out."""
    words = tuple(word for word in words if not PLACEHOLDER.fullmatch(word))
    known = ANY
    if words and words[0] == "samesku":
        rest = [word for word in words[1:] if word not in GLOBAL]
        if rest and not rest[0].startswith("-"):
            if rest[0] not in GROUP.commands:
                return f"there is no command {rest[0]!r}"
            known = options_of(GROUP.commands[rest[0]]) | GLOBAL
    elif words and words[0] in GROUP.commands:
        known = options_of(GROUP.commands[words[0]]) | GLOBAL
    elif not words or not words[0].startswith("-"):
        return None
    unknown = [word for word in words if OPTION.fullmatch(word) and word not in known]
    return f"no such option: {', '.join(unknown)}" if unknown else None


def fault_of_script(words: tuple[str, ...]) -> str | None:
    """What is wrong with `python FILE` or `python -m MODULE` of this repository."""
    if "python" not in words:
        return None
    words = words[words.index("python") + 1 :]
    if not words or words[0] == "-c":
        return None
    module = words[0] == "-m"
    path = ROOT / (words[1].replace(".", "/") + ".py" if module else words[0])
    if not path.is_file():
        return f"there is no {path.relative_to(ROOT)}"
    source = path.read_text("utf-8")
    unknown = [
        word for word in words[1 + module :] if OPTION.fullmatch(word) and f'"{word}"' not in source
    ]
    return f"no option of it: {', '.join(unknown)}" if unknown else None


def faults(found: list[Command], check: Any) -> list[str]:
    return [f"{command}\n    {fault}" for command in found if (fault := check(command.words))]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_are_taken(page: Path) -> None:
    def check(words: tuple[str, ...]) -> str | None:
        own = of_samesku(words)
        if own is None:
            return fault_of_script(words)
        # Part of what is given in a container is in its environment.
        return fault_within(("samesku", *own)) if words[0] == "docker" else fault_of(own)

    assert not faults(commands(page), check)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_code_in_sentences_names_options_that_there_are(page: Path) -> None:
    found = inline(page)
    assert not faults(found, fault_of_script)
    # That page is about options of scripts.
    if page.parent.name != "benchmarks" or page.parent.parent != ROOT:
        assert not faults(found, fault_within)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("samesku match a.csv --out r --tresh 0.5", "--tresh"),
        ("samesku macth a.csv --out r", "macth"),
        ("samesku match a.csv", "Missing parameter: out"),
        ("samesku match a.csv --out r --fusion onion", "onion"),
        ("samesku match a.csv --out r --same color", "color"),
        ("samesku match a.csv --out r && samesku report r --webb", "--webb"),
    ],
)
def test_a_broken_command_is_noticed(line: str, said: str) -> None:
    found = [fault for words in split(line) if (fault := fault_of(words[1:]))]
    assert said in str(found)


def test_the_readme_and_the_guides_hold_commands() -> None:
    found = [str(command) for page in PAGES for command in commands(page)]
    assert sum("samesku match" in command for command in found) >= 10
    named = {
        words[0]
        for page in PAGES
        for command in [*commands(page), *inline(page)]
        if (words := of_samesku(command.words))
    }
    assert named >= set(GROUP.commands)
