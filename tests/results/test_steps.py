import pytest

from samesku.results.steps import split_reason, steps


def test_steps_begin_at_the_start_and_end_at_the_sum():
    told = steps('rare word "a; +1.00 b" in both +0.84; titles alike 0.86 +3.09; start -4.38')
    # A reason that holds the separator has no number in its first half.
    assert told == []
    told = steps("titles alike 0.86 +3.09; photos differ 0.50 -0.51; start -4.38")
    assert [step.reason for step in told][1:] == ["titles alike 0.86", "photos differ 0.50"]
    assert told[0].before == 0
    assert told[0].after == told[1].before == -4.38
    assert told[-1].after == pytest.approx(-1.80)


def test_reasons_without_numbers_are_no_steps():
    assert steps("text match and photo match") == []
    assert steps(None) == []
    assert split_reason("text match") == ("text match", None)
