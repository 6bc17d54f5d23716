import pytest

from feedsvc.domain import edits
from feedsvc.domain.content import Text
from feedsvc.domain.edits import Difference
from feedsvc.domain.tables.content import EditClass
from feedsvc.errors import Conflict, Invalid

ONE, TWO, THREE = (Text("en", title) for title in ("One", "Two", "Three"))
ARABIC = Text("ar", "Other")


def test_equal_texts_are_no_difference_whatever_the_file_is_based_on() -> None:
    assert not edits.difference({1: [ONE], 2: [TWO, ARABIC]}, [TWO, ARABIC], 1, "u.md")


def test_a_changed_and_an_added_language_are_told_apart() -> None:
    found = edits.difference({1: [ONE]}, [TWO, ARABIC], None, "u.md")
    assert found == Difference(changed=("en",), added=("ar",))


@pytest.mark.parametrize("based_on", [None, 1])
def test_a_file_that_is_as_it_was_is_behind_a_later_edit(based_on: int | None) -> None:
    assert edits.difference({1: [ONE], 2: [TWO]}, [ONE], based_on, "u.md").behind


def test_a_file_may_go_back_to_an_earlier_text_on_purpose() -> None:
    assert edits.difference({1: [ONE], 2: [TWO]}, [ONE], 2, "u.md").changed == ("en",)


@pytest.mark.parametrize("based_on", [None, 1, 3])
def test_a_change_that_starts_from_another_revision_is_refused(based_on: int | None) -> None:
    with pytest.raises(Conflict, match=r"^u\.md: .*revision 2 is stored\. .*based_on = 2"):
        edits.difference({1: [ONE], 2: [TWO]}, [THREE], based_on, "u.md")


def test_no_language_is_taken_away() -> None:
    with pytest.raises(Invalid, match=r"^c/u\.ar\.md: is missing.*Put the file back"):
        edits.difference({1: [ONE, ARABIC]}, [ONE], None, "c/u.md")


def test_the_first_language_stays() -> None:
    with pytest.raises(Invalid, match=r"^c/u\.md, language: is 'ar'; what is stored is in 'en'"):
        edits.difference({1: [ONE]}, [ARABIC, ONE], None, "c/u.md")


def test_a_language_that_is_only_added_is_a_translation() -> None:
    added = Difference(added=("ar",))
    assert edits.allowed(added, EditClass.SILENT, "u.md", told=True) is EditClass.TRANSLATION


def test_what_nobody_was_mailed_may_be_corrected() -> None:
    changed = Difference(changed=("en",))
    asked = EditClass.CORRECTION
    assert edits.allowed(changed, asked, "u.md", told=False) is EditClass.CORRECTION


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        (EditClass.TRANSLATION, "Load that change first"),
        (EditClass.CORRECTION, 'Write edit_class = "amended"'),
        (EditClass.WITHDRAWAL, 'write status = "withdrawn"'),
        (EditClass.REDACTION, 'Write edit_class = "amended"'),
    ],
)
def test_what_load_cannot_do_is_refused_with_what_to_do(asked: EditClass, remedy: str) -> None:
    with pytest.raises(Invalid, match=rf"^u\.md, edit_class: .*{remedy}"):
        edits.allowed(Difference(changed=("en",)), asked, "u.md", told=True)
