"""A range that is asked for is the one that is sent, or all of it, or none."""

import pytest

from feedsvc.web.ranges import wanted

TAG = '"abc"'


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (None, (0, 100)),
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-9", (0, 10)),
        ("bytes=90-200", (90, 100)),
        ("bytes=99-", (99, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-500", (0, 100)),
        ("Bytes=1-2", (1, 3)),
        ("bytes= 1-2 ", (1, 3)),
        ("bytes=100-", None),
        ("bytes=100-200", None),
        ("bytes=-0", None),
        ("bytes=9-1", (0, 100)),
        ("bytes=-", (0, 100)),
        ("bytes=a-b", (0, 100)),
        ("bytes=0-1,5-6", (0, 100)),
        ("items=0-1", (0, 100)),
        ("bytes=٣-٤", (0, 100)),
        ("bytes=0-" + "9" * 5000, (0, 100)),
        ("", (0, 100)),
    ],
)
def test_one_range_in_bytes_is_understood(value: str | None, part: tuple[int, int] | None) -> None:
    assert wanted(value, None, TAG, 100) == part


@pytest.mark.parametrize(
    ("if_range", "part"),
    [(TAG, (1, 3)), ('"other"', (0, 100)), ('W/"abc"', (0, 100)), ("Mon, 02 Mar 2026", (0, 100))],
)
def test_range_of_another_version_is_all_of_it(if_range: str, part: tuple[int, int]) -> None:
    assert wanted("bytes=1-2", if_range, TAG, 100) == part
