import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from samesku.runtime.files import Staged, check_folder, digest, read_json, write_json


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def write(staging, *names):
    with staging as staged:
        for name in names:
            staged.path(name).write_text("new")


def test_files_appear_when_all_are_complete(tmp_path):
    out = tmp_path / "deep" / "out"
    with Staged(out) as staged:
        staged.path("a.txt").write_text("1")
        staged.path("b.txt").write_text("2")
        assert not (out / "a.txt").exists()
    assert contents(out) == {"a.txt": "1", "b.txt": "2"}
    assert staged.written == [out / "a.txt", out / "b.txt"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, ValueError, OSError])
def test_an_interruption_leaves_what_was_there(tmp_path, fault):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "other.txt").write_text("kept")

    def interrupted():
        with Staged(tmp_path) as staged:
            staged.path("a.txt").write_text("new")
            raise fault

    with pytest.raises(fault):
        interrupted()
    assert contents(tmp_path) == {"a.txt": "old", "other.txt": "kept"}


def test_a_folder_in_the_place_of_a_file_changes_nothing(tmp_path):
    (tmp_path / "b.txt").mkdir()
    staging = Staged(tmp_path)
    with pytest.raises(IsADirectoryError, match=r"b\.txt is a folder"):
        write(staging, "a.txt", "b.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(NotADirectoryError, match="out is a file; name a folder"):
        check_folder(tmp_path / "out")
    with pytest.raises(OSError, match="out"):
        check_folder(tmp_path / "out" / "deeper")
    with pytest.raises(OSError, match="no name in UTF-8"):
        check_folder(tmp_path / "d\udcedr")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_is_checked_without_leaving_a_trace(tmp_path):
    check_folder(tmp_path / "deep" / "out")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    check_folder(tmp_path / "mine")
    assert list(tmp_path.iterdir()) == [tmp_path / "mine"]


@pytest.mark.parametrize("also", [[], ["other.txt"]], ids=["alone", "beside another"])
def test_what_fails_leaves_no_folder_but_what_others_put_there(tmp_path, also):
    def fail():
        with Staged(tmp_path / "deep" / "out") as staged:
            staged.path("a.txt").write_text("1")
            for name in also:
                (tmp_path / "deep" / name).touch()
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    left = [tmp_path / "deep" / name for name in also]
    assert [place for place in tmp_path.rglob("*") if place.is_file()] == left
    assert (tmp_path / "deep").exists() == bool(also)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("write", ["write_csv", "write_parquet"])
def test_a_full_disk_is_told_with_the_file(tmp_path, write):
    table = pl.DataFrame({"a": range(100_000)})

    def fill():
        with Staged(tmp_path) as staged:
            staged.path("pairs").symlink_to("/dev/full")
            getattr(table, write)(staged.path("pairs"))

    with pytest.raises(OSError, match="pairs cannot be written: No space left"):
        fill()
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from samesku.runtime.files import Staged

replace, left = os.replace, int(sys.argv[2])

def counted(*places):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    replace(*places)

os.replace = counted
with Staged(Path(sys.argv[1])) as staged:
    for name in ("a", "b"):
        staged.path(name).write_text("new")
    staged.seal("run.json", {})
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing kills so here")
@pytest.mark.parametrize("moved", [0, 1, 2, 3])
def test_a_killed_writer_leaves_no_seal_on_a_mixture(tmp_path, moved):
    with Staged(tmp_path) as staged:
        for name in ("a", "b"):
            staged.path(name).write_text("old")
        staged.seal("run.json", {})
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(moved)], check=False)
    assert (tmp_path / "run.json").exists() == (moved == 3)
    (stage,) = [place for place in tmp_path.iterdir() if place.is_dir()] or [None]
    assert (stage is not None) == (moved < 3)
    if stage is None:
        digests = json.loads((tmp_path / "run.json").read_text())["digests"]
        assert digests == {name: digest(tmp_path / name) for name in ("a", "b")}
        return
    os.utime(stage, (1e9, 1e9))
    check_folder(tmp_path)
    assert not stage.exists()


def test_the_stage_of_a_writer_that_lives_is_not_swept(tmp_path):
    with Staged(tmp_path) as staged:
        place = staged.path("a.txt")
        place.write_text("mine")
        os.utime(place.parent, (1e9, 1e9))
        check_folder(tmp_path)
    assert contents(tmp_path) == {"a.txt": "mine"}


def test_json_holds_file_names_of_no_encoding(tmp_path):
    record = {"path": "caf\udce9 é", "emoji": "😀"}
    write_json(tmp_path / "a.json", record)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == record
    assert "é" in text
    assert "😀" in text


FIELDS = {
    "name": str, "line": int | float, "count": int, "photos": str | None, "notes": [str],
    "seconds": {"*": float}, "source": {"path": str, "left": {"path": str}},
}  # fmt: skip


def written(tmp_path, content):
    path = tmp_path / "run.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_json_is_read_as_it_is_where_its_types_are_right(tmp_path):
    record = {
        "name": "x", "line": 1, "photos": None, "notes": ["a"], "seconds": {"read": 0.5},
        "source": {"path": "p", "left": {"path": "q"}, "more": 3}, "unknown": [1],
    }  # fmt: skip
    assert read_json(written(tmp_path, record), FIELDS, needed=("name",), fix="") == record


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        ([], "does not hold an object"),
        ({}, "has no name"),
        ({"name": 3}, "its name cannot be '3'"),
        ({"name": "x", "count": True}, "its count cannot be 'True'"),
        ({"name": "x", "count": 1.5}, "its count cannot be"),
        ({"name": "x", "notes": "text"}, "its notes cannot be 'text'"),
        ({"name": "x", "notes": ["a", 3]}, "its notes cannot be '3'"),
        ({"name": "x", "seconds": {"read": "1"}}, r"its seconds\.read cannot be '1'"),
        ({"name": "x", "source": 3}, "its source cannot be '3'"),
        ({"name": "x", "source": {"left": {"path": 3}}}, r"its source\.left\.path cannot be"),
    ],
)
def test_json_of_another_kind_is_an_error_that_says_what_to_do(tmp_path, content, said):
    path = written(tmp_path, content)
    with pytest.raises(ValueError, match=said) as refused:
        read_json(path, FIELDS, needed=("name",), fix="make it anew")
    assert str(refused.value).startswith(str(path))
    assert str(refused.value).endswith("; make it anew")
