"""The quickstart is run as a reader would run it, and blocks of Python as far as they can be."""

import ast
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import polars as pl
import pytest

from samesku import Matches
from tests.docs.pages import PAGES, ROOT, Block, blocks, commands

QUICKSTART = ROOT / "docs/quickstart.md"
PYTHON = [block for page in PAGES for block in blocks(page) if block.language == "python"]
# They read what the quickstart leaves; the others read files that only their reader has.
RUN = [
    block
    for block in PYTHON
    if "samesku-demo" in block.text or block.page == QUICKSTART.relative_to(ROOT).as_posix()
]


def run(command: list[str], folder: Path) -> str:
    scripts = str(Path(sys.executable).parent)
    known = {
        **os.environ,
        "PATH": scripts + os.pathsep + os.environ["PATH"],
        "SAMESKU_CACHE": str(folder / "cache"),
    }
    done = subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where every shell block of the quickstart was run, in turn."""
    folder = tmp_path_factory.mktemp("quickstart")
    for block in blocks(QUICKSTART):
        if block.language == "sh":
            run(["sh", "-ec", block.text], folder)
    return folder


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
    run([sys.executable, "-W", "error", "-c", block.text], folder)


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
