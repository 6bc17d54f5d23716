"""The journal keeps whole lines, in order, for their owner only."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.gateways import journal as journals
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


NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OLD, NEW = (NOW - timedelta(days=91)).isoformat(), NOW.isoformat()


def verbs(journal: Journal, mark: bytes) -> list[str]:
    return [line.verb for line in journal.after(mark)]


def test_the_lines_after_a_mark_are_found_and_all_when_it_is_not_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.journal")
    journal.write([f"{NEW} never ab", f"{NEW} mark 01", f"{NEW} erased cd"])
    assert verbs(journal, b"\x01") == ["erased"]
    assert verbs(journal, b"\x02") == ["never", "mark", "erased"]
    journal.close()


def test_a_mark_is_found_far_from_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "BLOCK", 64)
    journal = Journal(tmp_path / "a.journal")
    journal.write(
        [f"{NEW} erased ab", f"{NEW} mark 01", *[f"{NEW} never {n:04x}" for n in range(9)]]
    )
    assert verbs(journal, b"\x01") == ["never"] * 9
    journal.close()


def test_a_torn_line_spoils_no_other(tmp_path: Path) -> None:
    file = tmp_path / "a.journal"
    file.write_text(f"{NEW} erased ab\n{NEW} ne")
    journal = Journal(file)
    journal.write([f"{NEW} never cd"])
    assert verbs(journal, b"") == ["erased", "never"]
    journal.close()


def test_it_is_marked_when_nothing_was_written_since(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.journal")
    assert journal.marked()
    journal.write([f"{NEW} erased ab"])
    assert not journal.marked()
    journal.write([f"{NEW} mark 01"])
    assert journal.marked()
    journal.close()


def test_old_lines_are_trimmed_but_never_who_was_erased(tmp_path: Path) -> None:
    journal, other = Journal(tmp_path / "a.journal"), Journal(tmp_path / "a.journal")
    old = [f"{OLD} {verb} ab" for verb in ("sent", "left", "erased", "never", "lifted")]
    journal.write([*old, f"{NEW} left cd river"])
    trimmer = journal.trimmer(NOW)
    assert trimmer
    other.write([f"{NEW} erased ef"])  # while the copy is being made
    trimmer.swap()
    other.write([f"{NEW} never 01"])
    assert verbs(journal, b"") == ["erased", "never", "lifted", "left", "erased", "never"]
    assert (tmp_path / "a.journal").stat().st_mode & 0o777 == 0o600
    assert journal.trimmer(NOW) is None
    journal.close()
    other.close()


def test_the_newest_mark_stays_however_old_it_is(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.journal")
    journal.write(
        [f"{OLD} {line}" for line in ("erased ab", "mark 01", "left cd river", "mark 02")]
    )
    trimmer = journal.trimmer(NOW)
    assert trimmer
    trimmer.swap()
    assert verbs(journal, b"") == ["erased", "mark"]
    assert verbs(journal, b"\x02") == []
    journal.close()


def test_who_was_erased_after_an_old_mark_stays_behind_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.journal")
    journal.write([f"{OLD} {line}" for line in ("mark 01", "left ab river", "erased cd")])
    trimmer = journal.trimmer(NOW)
    assert trimmer
    trimmer.swap()
    assert verbs(journal, b"\x01") == ["erased"]
    journal.close()


def test_a_line_that_is_half_written_when_it_is_trimmed_is_kept_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.journal")
    journal.write([f"{NEW} left ab river"])
    with (tmp_path / "a.journal").open("ab", buffering=0) as writing:
        writing.write(f"{NEW} erased ".encode())
        trimmer = journal.trimmer(NOW)
        assert trimmer
        writing.write(b"cd\n")
    trimmer.swap()
    assert verbs(journal, b"") == ["left", "erased"]
    journal.close()
