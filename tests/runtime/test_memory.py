import math
import tempfile
from pathlib import Path

import numpy as np
import pytest

from samesku.runtime import memory
from samesku.runtime.memory import (
    CEILING,
    LEAST,
    SHARE,
    WORK,
    Kept,
    at_once,
    bytes_of,
    kept,
    needed,
    released,
    within,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4 * 2**30),
        ("512 mb", 2**29),
        ("1.5GiB", 3 * 2**29),
        ("100", 100),
        ("2g", 2**31),
        (7, 7),
    ],
)
def test_reads_sizes(text, size):
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "much", "-4GB", "0", "4 GB RAM", "GB"])
def test_refuses_what_is_no_size(text):
    with pytest.raises(ValueError, match="size like 4GB"):
        bytes_of(text)


def test_work_at_once_follows_from_what_the_postings_leave():
    most, room = 10**12, 2**30
    with within(needed(70_000) + room, 70_000):
        assert at_once(1000, most) == int((room + WORK) * SHARE) // 1000
        assert at_once(1000, 5000) == 5000
        assert at_once(2**40, most) == LEAST
    with within(None, 10**6):  # more than the default: the least that there is
        assert at_once(1000, most) == int(WORK * SHARE) // 1000
    assert at_once(1, most) == CEILING * SHARE


def test_a_ceiling_that_is_too_low_is_refused_with_what_is_needed():
    enough = math.ceil(needed(70_000) / 2**20)
    with within(enough * 2**20, 70_000):
        pass
    refused = pytest.raises(ValueError, match=rf"70,000 postings need about {enough:,}MB")
    with refused, within(needed(70_000) - 1, 70_000):
        pass


def test_many_rows_lie_in_a_file_without_a_name(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "IN_MEMORY", 1000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    parts = [np.arange(12 * size, dtype=np.float32).reshape(-1, 3) for size in (0, 10, 40, 0, 7)]
    whole = Kept()
    for part in parts:
        whole.add(part)
    rows = whole.rows
    assert isinstance(rows, np.memmap)
    assert not list(tmp_path.iterdir())
    for _ in range(2):
        assert np.array_equal(rows, np.concatenate(parts))
        released(rows)
    assert not isinstance(kept(parts[1]), np.memmap)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no device that is always full")
def test_a_full_disk_says_where_the_files_can_lie_instead(monkeypatch):
    monkeypatch.setattr(memory, "IN_MEMORY", 1000)
    full = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: full)
    with pytest.raises(OSError, match="No space left on device; set TMPDIR"):
        kept(np.zeros(2000))
