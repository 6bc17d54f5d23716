"""The checker of the drill, against logs that were made up."""

from pathlib import Path

import pytest

from feedsvc.commands.drill.checker import Verdict, verdict


def judged(folder: Path, log: str, events: str = "") -> Verdict:
    """Judge a log of mails to a and b; fields and lines are parted by blanks and slashes."""
    texts = {"log": log, "expected": "a/b", "events": events}
    for name, text in texts.items():
        (folder / name).write_text("".join(f"{line}\n" for line in text.split("/") if line))
    return verdict(*(folder / name for name in texts))


def test_it_is_content_with_one_mail_for_each(tmp_path: Path) -> None:
    assert judged(tmp_path, "1 a <1> 11/2 b <2> 22").clean


def test_it_misses_what_never_arrived(tmp_path: Path) -> None:
    found = judged(tmp_path, "1 a <1> 11")
    assert (found.lost, found.clean) == (1, False)


def test_it_sees_mail_to_somebody_else(tmp_path: Path) -> None:
    found = judged(tmp_path, "1 a <1> 11/2 b <2> 22/3 c <3> 33")
    assert (found.strangers, found.clean) == (1, False)


@pytest.mark.parametrize("copy", ["<9> 11", "<1> 99"])
def test_it_sees_a_copy_that_differs(tmp_path: Path, copy: str) -> None:
    found = judged(tmp_path, f"1 a <1> 11/2 b <2> 22/9 a {copy}", "5 kill")
    assert (found.changed, found.clean) == (1, False)


def test_a_crash_excuses_one_more_copy(tmp_path: Path) -> None:
    found = judged(tmp_path, "1 a <1> 11/2 b <2> 22/9 a <1> 11", "5 kill")
    assert (found.repeats["kill"], found.most_copies, found.clean) == (1, 2, True)


def test_a_crash_excuses_no_more_than_one(tmp_path: Path) -> None:
    found = judged(tmp_path, "1 a <1> 11/2 b <2> 22/8 a <1> 11/9 a <1> 11", "5 kill")
    assert (found.unexcused, found.clean) == (1, False)


def test_two_crashes_excuse_two(tmp_path: Path) -> None:
    found = judged(tmp_path, "1 a <1> 11/2 b <2> 22/5 a <1> 11/9 a <1> 11", "4 kill/8 outage")
    assert (found.repeats, found.most_copies) == ({"kill": 1, "outage": 1}, 3)
    assert found.clean


def test_a_repeat_before_any_crash_has_no_excuse(tmp_path: Path) -> None:
    found = judged(tmp_path, "1 a <1> 11/2 b <2> 22/3 a <1> 11", "5 kill")
    assert (found.repeats[""], found.clean) == (1, False)


def test_a_clean_stop_excuses_nothing(tmp_path: Path) -> None:
    found = judged(tmp_path, "1 a <1> 11/2 b <2> 22/9 a <1> 11", "5 sigterm")
    assert (found.repeats["sigterm"], found.clean) == (1, False)


def test_it_tells_how_much_one_crash_repeated(tmp_path: Path) -> None:
    log = "1 a <1> 11/1 b <2> 22/5 a <1> 11/5 b <2> 22/9 a <1> 11"
    found = judged(tmp_path, log, "4 kill/8 kill")
    assert (found.repeats["kill"], found.most_at_once["kill"]) == (3, 2)


def test_a_mail_that_was_under_way_when_its_sender_died_arrives_a_moment_later(
    tmp_path: Path,
) -> None:
    assert judged(tmp_path, "5.1 a <1> 11/2 b <2> 22/9 a <1> 11", "5 kill").clean


def test_it_passes_by_a_line_that_was_not_finished(tmp_path: Path) -> None:
    judged(tmp_path, "1 a <1> 11/2 b <2> 22")
    with (tmp_path / "log").open("a") as log:
        log.write("3 a <1>")
    assert verdict(*(tmp_path / name for name in ("log", "expected", "events"))).clean


def test_two_crashes_that_come_close_share_what_either_may_have_caused(tmp_path: Path) -> None:
    found = judged(tmp_path, "1 a <1> 11/1 b <2> 22/9 a <1> 11/9 b <2> 22", "4 kill/5 kill")
    assert (found.repeats["kill"], found.most_at_once["kill"]) == (2, 1)


def test_a_repeat_is_not_the_work_of_a_crash_that_came_after_it(tmp_path: Path) -> None:
    found = judged(tmp_path, "1 a <1> 11/1 b <2> 22/4.5 a <1> 11/4.5 b <2> 22", "4 kill/5 kill")
    assert (found.repeats["kill"], found.most_at_once["kill"]) == (2, 2)
