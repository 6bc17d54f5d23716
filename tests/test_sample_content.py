"""What real pages demand of the service, on the two real campaigns that ship with it."""

import re
from pathlib import Path

import pytest

from feedsvc.domain import dates, languages, markup
from feedsvc.domain.content import Folder
from feedsvc.domain.tables.content import CampaignKind, Notify
from feedsvc.errors import Invalid
from feedsvc.gateways import files

FOLDERS = {one.campaign.slug: one for one in files.read(files.shipped("updates")).folders}
PETITION = FOLDERS["khan-sheikhoun"]
STATEMENT = FOLDERS["attribute-responsibility"]
BODIES = [
    pytest.param(text.language, text.body, id=f"{one.campaign.slug}-{name}-{text.language}")
    for one in FOLDERS.values()
    for name, texts in [
        ("page", one.campaign.texts),
        *((update.key, update.texts) for update in one.updates),
    ]
    for text in texts
]
NAMES = [
    "Adopt a Revolution",
    "American Relief Coalition for Syria (ARCS)",
    "Amnesty International",
    "ASML/Syria",
    "Basmet Amal",
    "Baytna Syria",
    "Bridge of Peace Syria",
    "CCFD-Terre Solidaire",
    "CAFOD (Catholic Agency For Overseas Development)",
    "CARE International",
    "Christian Aid",
    "CIHRS (Cairo Institute for Human Rights Studies)",
    "FIDH (International Federation for Human Rights)",
    "Ghiras Alnahda",
    "Global Centre for the Responsibility to Protect",
    "GOAL",
    "Hand in Hand for Syria",
    "HelpAge International",
    "Human Appeal",
    "Human Rights Watch",
    "Humans of Syria",
    "IDA",
    "Islamic Relief UK",
    "Just Foreign Policy",
    "Karam Foundation",
    "Montreal Institute for Genocide and Human Rights Studies (Concordia University)",
    "Nonviolent Peaceforce",
    "PAX for Peace",
    "Physicians for Human Rights",
    "Protection Approaches",
    "Relief & Reconciliation International AISBL",
    "Rethink Rebuild Society",
    "SCM (The Syrian Center for Media and Freedom of Expression)",
    "Society for Threatened Peoples",
    "STAND (The Student-Led Movement to End Mass Atrocities)",
    "Syria Charity",
    "Syria Relief",
    "Syrian American Medical Society – SAMS",
    "Syrian Forum USA",
    "Syrian Network for Human Rights (SNHR)",
    "Syrians for Truth and Justice-STJ سوريايون من أجل الحقيقة والعدالة",
    "Trocaire",
    "Vision GRAM-International",
    "War Child UK",
    "World Federalist Movement-Institute for Global Policy (WFM-IGP)",
    "11.11.11",
]


def test_each_campaign_is_of_its_kind() -> None:
    assert PETITION.campaign.kind is CampaignKind.PETITION
    assert STATEMENT.campaign.kind is CampaignKind.STATEMENT
    assert STATEMENT.campaign.short_link == "en/501"
    assert str(STATEMENT.campaign.occurred_on) == "2018-04-15"


def test_the_petition_has_its_two_updates_as_history_that_mails_nobody() -> None:
    assert [(str(one.occurred_on), one.notify) for one in PETITION.updates] == [
        ("2017-04-10", Notify.NONE),
        ("2017-12-07", Notify.NONE),
    ]


@pytest.mark.parametrize("mark", ["10/04/2017", "April 15,  \n2018", "28 January 2017"])
def test_a_date_as_it_stood_in_a_pasted_update_is_not_guessed(mark: str) -> None:
    with pytest.raises(Invalid, match=r"occurred_on: .* Write"):
        dates.EventDate.parse(mark)


def test_a_bare_date_is_the_same_day_everywhere() -> None:
    update = PETITION.updates[0]
    assert update.occurred_on is not None
    assert "Thursday in Washington and already Friday in Syria" in update.texts[0].body
    assert dates.in_words(update.occurred_on, "en-AU") == "10 April 2017"


def test_a_figure_that_was_corrected_stands_beside_the_first_one() -> None:
    body = PETITION.updates[0].texts[0].body
    assert "More than 80 of them" in body
    assert "more than 70\u00a0people" in body


def test_a_summary_is_a_field_and_not_the_first_words_of_the_page() -> None:
    for folder in FOLDERS.values():
        for text in folder.campaign.texts:
            assert text.summary
            assert markup.first_words(text.body, 5).rstrip("…") not in text.summary


def test_the_signatories_stand_verbatim_in_their_order() -> None:
    assert list(STATEMENT.signatories) == NAMES
    lengths = [len(name) for name in STATEMENT.signatories]
    assert (len(lengths), max(lengths), min(lengths)) == (46, 79, 3)


def test_no_break_spaces_dashes_and_curly_quotes_reach_html_and_text() -> None:
    body = STATEMENT.campaign.texts[0].body
    for kept in ("7\u00a0April\u00a02018", "mechanism – the", "“who did this?”"):
        assert kept in body
        assert kept in markup.to_html(body)
        assert kept in markup.to_text(body)


def test_the_letter_has_its_parts_and_two_addressees() -> None:
    letter = PETITION.letter
    assert letter is not None
    for text in letter.texts:
        assert text.salutation
        assert text.closing
        assert len(text.addressees) == 2
        assert all(one.name and one.office for one in text.addressees)
    assert letter.texts[0].addressees[0].name == "Julie Bishop"


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_each_campaign_can_be_read_in_arabic_from_right_to_left(folder: Folder) -> None:
    assert [text.language for text in folder.campaign.texts] == ["en", "ar"]
    assert languages.direction("ar") == "rtl"
    assert re.search("[\u0621-\u064a]", folder.campaign.texts[1].title)


def test_an_arabic_reader_gets_the_fallback_where_there_is_no_arabic() -> None:
    offered = [[text.language for text in update.texts] for update in PETITION.updates]
    assert [languages.pick(one, "ar-SY", "en") for one in offered] == ["en", "ar"]


@pytest.mark.parametrize(("language", "body"), BODIES)
def test_each_text_says_that_it_is_a_summary_written_for_this_project(
    language: str, body: str
) -> None:
    marks = {"en": "summary of public facts, written for this project", "ar": "ملخص لوقائع منشورة"}
    assert marks[language] in body


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(files.shipped("updates").rglob("*")) if path.is_file()],
    ids=lambda path: path.name,
)
def test_each_file_says_where_its_words_are_from(path: Path) -> None:
    assert re.search(r"public fact|وقائع منشورة", path.read_text())
