"""The journal keeps whole lines, in order, for their owner only."""

from pathlib import Path

import pytest

from feedsvc.gateways.journal import Journal


def test_lines_are_added_at_the_end(tmp_path: Path) -> None:
    for lines in (["one", "two"], [], ["three"]):
        journal = Journal(tmp_path / "a.journal")
        journal.write(lines)
        journal.close()
    assert (tmp_path / "a.journal").read_text() == "one\ntwo\nthree\n"


def test_a_line_is_in_the_file_before_it_is_closed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.journal")
    journal.write(["one"])
    assert (tmp_path / "a.journal").read_text() == "one\n"
    journal.close()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    Journal(tmp_path / "a.journal").close()
    assert (tmp_path / "a.journal").stat().st_mode & 0o777 == 0o600


def test_a_name_in_clear_letters_does_not_get_in_unseen(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.journal")
    with pytest.raises(UnicodeEncodeError):
        journal.write(["Zoë"])
    journal.close()
