import pytest

from samesku.runtime.memory import CEILING, LEAST, SHARE, at_once, bytes_of, within


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


def test_work_at_once_follows_from_the_ceiling_and_its_bounds():
    most = 10**12
    assert at_once(1, most) == CEILING * SHARE
    with within(2**30):
        assert at_once(1000, most) == int(2**30 * SHARE) // 1000
        assert at_once(1000, 5000) == 5000
        assert at_once(2**40, most) == LEAST
    assert at_once(1, most) == CEILING * SHARE
