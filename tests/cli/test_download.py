import importlib.util
import sys

import pytest
from typer.testing import CliRunner

from samesku.cli import app

# Stands for the kaggle package, which needs an account and the network.
PACKAGE = """
import pathlib, sys, zipfile
{on_import}
class KaggleApi:
    def authenticate(self):
        {on_authenticate}
    def competition_download_files(self, competition, path, quiet):
        {on_download}
        archive = pathlib.Path(path, competition + ".zip")
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("train.csv", "posting_id,title\\na,tea\\n")
        {after_download}
"""


@pytest.fixture
def kaggle(tmp_path, monkeypatch):
    """Put a kaggle package in reach that does what it is told."""

    def install(on_import="", on_authenticate="pass", on_download="", after_download=""):
        api = tmp_path / "packages" / "kaggle" / "api"
        api.mkdir(parents=True)
        (api.parent / "__init__.py").touch()
        (api / "__init__.py").touch()
        source = PACKAGE.format(
            on_import=on_import, on_authenticate=on_authenticate, on_download=on_download,
            after_download=after_download,
        )  # fmt: skip
        (api / "kaggle_api_extended.py").write_text(source)
        for name in [name for name in sys.modules if name.split(".")[0] == "kaggle"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.syspath_prepend(api.parent.parent)

    yield install
    for name in [name for name in sys.modules if name.split(".")[0] == "kaggle"]:
        del sys.modules[name]


def download(folder):
    return CliRunner().invoke(app, ["download", "shopee", "--out", str(folder / "shopee")])


@pytest.mark.skipif(importlib.util.find_spec("kaggle") is not None, reason="kaggle is installed")
def test_a_missing_package_is_one_line_that_says_what_to_install(tmp_path):
    result = download(tmp_path)
    assert result.exit_code == 4
    assert result.output.splitlines() == [
        "Error: download needs the extra download (kaggle is missing): uv add 'samesku[download]'"
    ]
    assert not (tmp_path / "shopee").exists()


@pytest.mark.parametrize(
    "fault",
    [
        {"on_import": "print('a page of advice'); sys.exit(1)"},
        {"on_import": "raise OSError('Could not find kaggle.json')"},
        {"on_authenticate": "print('a page of advice'); sys.exit(1)"},
        {"on_authenticate": "raise ValueError('no token')"},
    ],
)
def test_missing_credentials_are_one_line_that_says_where_to_get_them(kaggle, tmp_path, fault):
    kaggle(**fault)
    result = download(tmp_path)
    assert result.exit_code == 3
    (line,) = result.output.splitlines()
    assert "no Kaggle credentials" in line
    assert "KAGGLE_USERNAME and KAGGLE_KEY" in line
    assert "/rules" in line


def test_rules_not_accepted_are_told_with_their_address(kaggle, tmp_path):
    kaggle(on_download="raise RuntimeError('403 Client Error: Forbidden')")
    result = download(tmp_path)
    assert result.exit_code == 3
    assert "accept the competition's rules at https://www.kaggle.com" in result.stderr


def test_a_lost_connection_is_told(kaggle, tmp_path):
    kaggle(on_download="raise RuntimeError('name resolution')")
    result = download(tmp_path)
    assert result.exit_code == 3
    assert "Kaggle could not be reached or refused: name resolution" in result.stderr


def test_a_damaged_archive_is_told(kaggle, tmp_path):
    kaggle(after_download="archive.write_bytes(b'half')")
    result = download(tmp_path)
    assert result.exit_code == 3
    assert "shopee-product-matching.zip is damaged; delete it" in result.stderr


def test_the_archive_is_unpacked_and_removed(kaggle, tmp_path):
    kaggle()
    result = download(tmp_path)
    assert result.exit_code == 0, result.output
    assert [path.name for path in (tmp_path / "shopee").iterdir()] == ["train.csv"]
    assert "Ready: samesku evaluate" in result.stdout
    assert "Took" in result.stdout
    assert f"Written to {tmp_path}: shopee (" in result.stdout
