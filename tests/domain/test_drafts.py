"""What staff hand in is checked field by field, and refused with the field's name."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from feedsvc.domain.drafts import CampaignDraft, UpdateDraft, key_from
from feedsvc.errors import Invalid

UPDATE: dict[str, Any] = {"title": "The minister answers", "body": "She said **yes**."}
PETITION: dict[str, Any] = {
    "slug": "river",
    "kind": "petition",
    "title": "Save the river",
    "letter": {"addressees": [{"name": "The Minister"}], "body": "Dear Minister"},
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", " \u200b "),
        ("title", "x" * 201),
        ("title", "two\nlines"),
        ("title", "a bell \x07"),
        ("title", "a slot \ufdd0name\ufdd1"),
        ("title", "turned \u202eround"),
        ("body", ""),
        ("body", "a null \x00"),
        ("body", "ä" * 20_001),
        ("occurred_on", "10/04/2017"),
        ("occurred_on", "2017-02-30"),
        ("occurred_on", "yesterday"),
        ("publish_at", "2026-03-02T09:00:00"),
        ("publish_at", "tomorrow"),
        ("language", "english please"),
    ],
)
def test_a_poisoned_field_is_refused_by_name(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        UpdateDraft.model_validate(UPDATE | {field: value})
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


@pytest.mark.parametrize("unknown", [{"colour": "red"}, {"texts": {"ar": {"titel": "x"}}}])
def test_an_unknown_field_is_refused(unknown: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        UpdateDraft.model_validate(UPDATE | unknown)


@given(st.text())
def test_no_title_breaks_anything_but_itself(title: str) -> None:
    try:
        kept = UpdateDraft.model_validate(UPDATE | {"title": title}).title
    except ValidationError:
        return
    assert kept.strip() == kept != ""
    assert not {"\x00", "\n", "\ufdd0"} & set(kept)


def test_an_instant_is_read_in_its_zone() -> None:
    draft = UpdateDraft.model_validate(UPDATE | {"publish_at": "2017-12-07T09:00:00+11:00"})
    assert draft.publish_at == datetime(2017, 12, 6, 22, tzinfo=UTC)


def test_the_first_text_is_in_the_campaigns_language_unless_it_says_otherwise() -> None:
    texts = {"ar": {"title": "خبر", "body": "نص"}}
    draft = UpdateDraft.model_validate(UPDATE | {"texts": texts})
    assert list(draft.by_language("en")) == ["en", "ar"]


def test_two_texts_in_one_language_are_refused() -> None:
    draft = UpdateDraft.model_validate(UPDATE | {"texts": {"en": UPDATE}})
    with pytest.raises(Invalid, match="two texts"):
        draft.by_language("en")


@pytest.mark.parametrize("draft", [UPDATE, PETITION])
def test_two_codes_of_one_language_are_refused(draft: dict[str, Any]) -> None:
    kind = CampaignDraft if draft is PETITION else UpdateDraft
    with pytest.raises(ValidationError, match="in one language"):
        kind.model_validate(draft | {"texts": {"ar": UPDATE, "AR": UPDATE}})


def test_a_statement_has_no_letter_and_a_petition_no_signatories() -> None:
    for wrong in ({"kind": "statement"}, {"signatories": ["Somebody"]}):
        with pytest.raises(ValidationError):
            CampaignDraft.model_validate(PETITION | wrong)


@pytest.mark.parametrize("slug", ["", "Up", "a.b", "a/b", "a--b", "-a", "ä", "x" * 81])
def test_a_slug_that_would_break_an_address_is_refused(slug: str) -> None:
    with pytest.raises(ValidationError):
        CampaignDraft.model_validate(PETITION | {"slug": slug})


def test_a_key_is_made_from_day_and_title() -> None:
    assert key_from("Le café: c'est fini!", "2017-12-07", []) == "2017-12-07-le-caf-c-est-fini"


def test_a_key_that_is_taken_gets_a_number() -> None:
    taken = ["2017-12-07-news", "2017-12-07-news-2"]
    assert key_from("News", "2017-12-07", taken) == "2017-12-07-news-3"


@given(st.text(), st.lists(st.text(), max_size=3))
def test_every_title_has_a_key_of_its_own(title: str, taken: list[str]) -> None:
    key = key_from(title, "2017-12-07", taken)
    assert key not in taken
    UpdateDraft.model_validate(UPDATE | {"key": key})


@pytest.mark.parametrize(
    "url",
    [
        "http://give.example.org",
        "give.example.org",
        "https://",
        "https:///path",
        "javascript:alert(1)",
        "https://give.example.org/ a",
        'https://give.example.org/"><b>',
        "https://give.example.org\\@evil.example",
        "https://bank@evil.example/",
        "https://give.example.org:99999/",
        "https://[half/",
        "https://give.example.org/\n",
        "https://give.example.org/" + "x" * 500,
        "",
    ],
)
def test_a_place_to_give_is_a_whole_https_address(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CampaignDraft.model_validate(PETITION | {"donate_url": url})
    assert [error["loc"] for error in refused.value.errors()] == [("donate_url",)]


@pytest.mark.parametrize("related", [["A b"], ["a", "a"], list("abcdefg")])
def test_campaigns_put_forward_are_a_few_slugs_each_once(related: list[str]) -> None:
    with pytest.raises(ValidationError, match="related"):
        CampaignDraft.model_validate(PETITION | {"related": related})
