"""Lists are read line by line, whatever writes them; a broken line names itself and stops no other."""

import io
from pathlib import Path
from typing import Any

import pytest

from feedsvc.errors import Invalid, Misconfigured
from feedsvc.gateways.lists import records
from feedsvc.gateways.lists.records import Form, Record, Source
from feedsvc.gateways.lists.refused import Refused
from feedsvc.gateways.lists.writing import writing


def read(content: bytes, form: Form = Form.CSV) -> Source:
    stream: Any = io.BufferedReader(io.BytesIO(content))
    return records.read(stream, form, {})


def good(content: bytes) -> list[list[str]]:
    return [list(record.cells) for record in read(content) if not record.problem]


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_however_it_is_written(coding: str, delimiter: str) -> None:
    content = f"email{delimiter}name\r\na@b.org{delimiter}Zoë سلمى\r\n".encode(coding)
    assert good(content) == [["a@b.org", "Zoë سلمى"]]


def test_a_cell_in_quotation_marks_may_have_line_breaks() -> None:
    content = b'email,note\na@b.org,"one\ntwo, ""three"""\nb@b.org,\n'
    found = list(read(content))
    assert found == [
        Record(2, ["a@b.org", 'one\ntwo, "three"']),
        Record(4, ["b@b.org", ""]),
    ]


def test_an_open_quotation_mark_names_each_line_that_it_swallows() -> None:
    content = b'email,name\na@b.org,"Anna\nb@b.org,Bea\nc@b.org,"Carl"\nd@b.org,Dan\n'
    found = list(read(content))
    assert [record.line for record in found if record.problem] == [2, 3, 4]
    assert [record.cells for record in found if not record.problem] == [["d@b.org", "Dan"]]


def test_bytes_that_cannot_be_decoded_spoil_their_own_line_only() -> None:
    content = b"email,name\na@b.org,M\xfcller\nb@b.org,Bea\n"
    found = list(read(content))
    assert [list(record.cells)[1] for record in found] == ["M\udcfcller", "Bea"]
    assert ["UTF-8" in record.problem for record in found] == [True, False]


def test_a_line_that_is_too_long_is_passed_over() -> None:
    content = b"email\n" + b"x" * 1_000_000 + b"\nb@b.org\n"
    found = list(read(content))
    assert [(record.line, bool(record.problem)) for record in found] == [(2, True), (3, False)]


def test_a_row_has_as_many_cells_as_the_header() -> None:
    content = b"email,name\na@b.org\nb@b.org,Bea,more\nc@b.org,Carl,\n\n"
    found = list(read(content))
    assert [bool(record.problem) for record in found] == [True, True, False]


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\0\0", b"PK\x03\x04\x14\x00\x06\x00"])
def test_what_is_no_list_is_refused_with_the_remedy(content: bytes) -> None:
    with pytest.raises(Invalid):
        read(content)


@pytest.mark.parametrize("coding", ["utf-8", "utf-16"])
def test_reading_goes_on_behind_any_line(coding: str) -> None:
    content = 'email,name\na@b.org,"ä\nö"\nb@b.org,Bea\n'.encode(coding)
    first = read(content)
    next(iter(first))
    again = read(content)
    again.lines.go_on(first.lines.number, first.lines.place)
    assert list(again) == [Record(4, ["b@b.org", "Bea"])]


def test_objects_are_read_line_by_line() -> None:
    content = b'{"email":"a@b.org","name":null}\n[]\n{"email":"b@b.org"}\n{"email":"c","x":1}\n{'
    found = list(read(content, Form.NDJSON))
    assert [(record.line, bool(record.problem)) for record in found] == [
        (1, False),
        (2, True),
        (3, False),
        (4, True),
        (5, True),
    ]


def test_what_was_refused_after_the_last_chunk_is_not_there_twice(tmp_path: Path) -> None:
    refused = Refused(tmp_path / "refused.csv", ["email"])
    settled = refused.add([(2, "bad", ["x"])])
    refused.size = settled
    refused.add([(3, "bad", ["y"])])
    refused.close()
    again = Refused(tmp_path / "refused.csv", ["email"], settled)
    again.add([(3, "bad", ["=y"])])
    again.close()
    assert (tmp_path / "refused.csv").read_text().splitlines() == [
        "line,reason,email",
        "2,bad,x",
        "3,bad,'=y",
    ]


def test_a_folder_where_nobody_may_write_is_said_so(tmp_path: Path) -> None:
    refused = Refused(tmp_path / "missing" / "refused.csv", ["email"])
    with pytest.raises(Misconfigured, match="Make its folder writable"):
        refused.add([(2, "bad", ["x"])])


def test_a_list_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> None:
        with writing(tmp_path / "out.csv", Form.CSV, ["email"]) as write:
            write([["a@b.org"]])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert list(tmp_path.iterdir()) == []
