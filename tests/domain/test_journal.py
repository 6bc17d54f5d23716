"""Lines of the journal are read, torn ones are not, and a leave that was taken back has not happened."""

import pytest

from feedsvc.domain.journal import Verb, read, settled

AT = "2026-03-02T09:00:00+00:00"


def lines(*texts: str) -> list[str]:
    """Settle these lines and write them again."""
    found = [line for text in texts if (line := read(f"{AT} {text}"))]
    return [
        " ".join([line.verb, line.person.hex(), ",".join(line.about)]).strip()
        for line in settled(lambda: found)
    ]


def test_a_line_is_read() -> None:
    line = read(f"{AT} left ab01 river,forest\n")
    assert line
    assert (line.at.isoformat(), line.verb, line.person) == (AT, Verb.LEFT, b"\xab\x01")
    assert line.about == ("river", "forest")


@pytest.mark.parametrize(
    "torn",
    [
        "",
        "2026",
        f"{AT}",
        f"{AT} left",
        f"{AT} left ab0",
        f"{AT} did ab01",
        "x left ab01",
        f"{AT} sent ab01 a/news/0,b/news",
        f"{AT} sent ab01",
        f"{AT} moved ab01 c",
    ],
)
def test_a_torn_line_is_none(torn: str) -> None:
    assert read(torn) is None


def test_a_leave_that_was_taken_back_has_not_happened() -> None:
    assert lines("left ab river", "erased cd", "undone ab river") == ["erased cd"]


def test_what_was_taken_back_for_one_campaign_stands_for_the_other() -> None:
    assert lines("left ab river,forest", "undone ab river") == ["left ab forest"]


def test_who_leaves_again_has_left() -> None:
    before = ("left ab river", "undone ab river", "left ab river")
    assert lines(*before) == ["left ab river"]


def test_a_leave_from_before_that_was_taken_back_stands() -> None:
    assert lines("undone ab river", "left cd river") == ["undone ab river", "left cd river"]


def test_who_left_and_came_back_did_both() -> None:
    assert lines("left ab river", "returned ab river") == ["left ab river", "returned ab river"]
