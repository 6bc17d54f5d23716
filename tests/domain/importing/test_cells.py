"""No spreadsheet runs a cell of ours, and every cell is read as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain.importing.cells import bare, neutral


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "'="])
def test_a_cell_that_would_be_run_begins_with_an_apostrophe(begins: str) -> None:
    assert neutral(f"{begins}cmd()") == f"'{begins}cmd()"


@given(st.text(st.sampled_from("'=+-@\t\rax")) | st.text())
def test_a_cell_is_read_as_it_was(cell: str) -> None:
    assert bare(neutral(cell)) == cell


def test_a_name_that_begins_with_an_apostrophe_stays() -> None:
    assert neutral("'t Hart") == bare("'t Hart") == "'t Hart"
