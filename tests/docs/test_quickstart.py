"""The quickstart is run as a reader would run it, and blocks of Python as far as they can be."""

import ast
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from samesku import Matches
from samesku.cli import app
from tests.docs.pages import PAGES, ROOT, Block, blocks, commands

QUICKSTART = ROOT / "docs/quickstart.md"
PYTHON = [block for page in PAGES for block in blocks(page) if block.language == "python"]
# They read what the quickstart leaves; the others read files that only their reader has.
RUN = [
    block
    for block in PYTHON
    if "samesku-demo" in block.text or block.page == QUICKSTART.relative_to(ROOT).as_posix()
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Iterator[Path]:
    """Where every shell block of the quickstart was run, in turn, with a part of the sample.

    A shell runs the last one, by the command that is installed; commands alone run faster here.
    """
    folder = tmp_path_factory.mktemp("quickstart")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("samesku.cli.demo.MARKETPLACE", sample)
        patch.setenv("SAMESKU_CACHE", str(folder / "cache"))
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        for block in blocks(QUICKSTART):
            if block.language == "sh":
                run(block)
        yield folder


def run(block: Block) -> None:
    lines = [shlex.split(line) for line in block.text.splitlines()]
    if {words[0] for words in lines} == {"samesku"}:
        for _, *words in lines:
            done = CliRunner().invoke(app, words)
            assert done.exit_code == 0, done.output
    else:
        shell = subprocess.run(["sh", "-ec", block.text], capture_output=True, text=True)
        assert shell.returncode == 0, shell.stdout + shell.stderr


def test_the_quickstart_leaves_what_it_promises(folder: Path) -> None:
    assert (folder / "samesku-demo/marketplace/train.csv").is_file()
    assert "<html" in (folder / "result/report.html").read_text("utf-8")
    assert (folder / "score/evaluation.json").is_file()
    groups = pl.read_csv(folder / "mine/groups.csv", infer_schema=False)
    group_of = dict(groups.select("posting_id", "group_id").rows())
    assert group_of["1"] == group_of["2"] != group_of["3"]


def test_the_five_commands_of_the_readme_are_those_of_the_quickstart() -> None:
    (shown,) = [
        block for block in blocks(ROOT / "README.md") if "samesku match samesku-demo" in block.text
    ]
    lines = shown.text.splitlines()
    assert len(lines) == 5
    assert {tuple(line.split()) for line in lines} <= {each.words for each in commands(QUICKSTART)}


@pytest.mark.parametrize("block", RUN, ids=lambda block: f"{block.page}:{block.line}")
def test_python_that_reads_the_sample_runs(block: Block, folder: Path) -> None:
    exec(compile(block.text, block.page, "exec"), {})


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: f"{block.page}:{block.line}")
def test_python_is_python_and_imports_what_there_is(block: Block) -> None:
    tree = ast.parse(block.text)
    imports = [each for each in tree.body if isinstance(each, ast.Import | ast.ImportFrom)]
    exec(compile(ast.Module(imports, []), block.page, "exec"), {})
    used = {
        each.attr
        for each in ast.walk(tree)
        if isinstance(each, ast.Attribute)
        and isinstance(each.value, ast.Name)
        and each.value.id == "matches"
    }
    assert used <= {*dir(Matches), *(each.name for each in fields(Matches))}
