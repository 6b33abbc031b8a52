"""`Progress`: stages, their time, and notes."""

import time

import pytest

from samesku.runtime.progress import Progress


def test_keeps_the_time_of_each_stage_in_order():
    progress = Progress()
    with progress.stage("read"):
        time.sleep(0.02)
    with progress.stage("encode", total=3) as advance:
        for _ in range(3):
            advance(1)
    assert list(progress.seconds) == ["read", "encode"]
    assert 0.02 <= progress.seconds["read"] < 1
    assert progress.seconds["encode"] < progress.seconds["read"]


def test_a_stage_met_again_adds_up():
    progress = Progress()
    for _ in range(2):
        with progress.stage("read"):
            time.sleep(0.01)
    assert list(progress.seconds) == ["read"]
    assert progress.seconds["read"] >= 0.02


def test_a_stage_that_fails_is_timed_and_fails():
    progress = Progress()
    with pytest.raises(KeyError), progress.stage("read"):
        raise KeyError
    assert "read" in progress.seconds


def test_stages_within_stages():
    progress = Progress()
    with progress.stage("outer"), progress.stage("inner"):
        time.sleep(0.01)
    assert progress.seconds["outer"] >= progress.seconds["inner"] >= 0.01


def test_notes_are_kept_once():
    progress = Progress()
    for text in ("two photos refused", "cache full", "two photos refused"):
        progress.note(text)
    assert progress.notes == ["two photos refused", "cache full"]


def test_a_photo_that_is_met_again_is_refused_once():
    progress = Progress()
    for _ in range(2):
        progress.refuse("a", "a.jpg", "empty file")
    progress.refuse("b", "a.jpg", "empty file")
    assert list(progress.refused) == [("a", "a.jpg"), ("b", "a.jpg")]


def test_time_passes_between_stages_too():
    progress = Progress()
    time.sleep(0.01)
    with progress.stage("read"):
        pass
    assert progress.elapsed > 0.01 > progress.seconds["read"]
